"""A copy of the log and receipts in files, verified without anybody's help."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rogatory.auditor import (
    Auditor,
    load_vkeys,
    verify_log_folder,
    verify_receipt_files,
)
from rogatory.client import Sent
from rogatory.errors import (
    ConfigInvalid,
    ConsistencyInvalid,
    InclusionInvalid,
    LogDamaged,
    NoteUnverified,
    ReceiptMismatch,
    RogatoryError,
    RootMismatch,
    VerificationError,
)
from rogatory.offline import VerifiedFolder
from rogatory.tlog import encode_bundle, parse_bundle
from rogatory_gateway.dev.parties import AUDITOR
from tests.support.fake_gateway import FakeWorld
from tests.support.story import Story


@pytest.fixture
def auditor(story: Story, world: FakeWorld) -> Iterator[Auditor]:
    """Give an auditor."""
    with Auditor(world.context(AUDITOR), gateway=world.gateway(AUDITOR)) as auditor:
        yield auditor


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the place of the copy."""
    return tmp_path / "copy"


def grow(world: FakeWorld, count: int) -> None:
    """Log the newest entry many times more."""
    for _ in range(count):
        world.log.append(world.log.entries[-1])


def verify(world: FakeWorld, folder: Path) -> VerifiedFolder:
    """Verify a copy with the context's keys."""
    return verify_log_folder(folder, world.folder / "log.vkeys")


def test_a_copy_is_verified_whole(
    story: Story, world: FakeWorld, auditor: Auditor, folder: Path
) -> None:
    """Every entry is read; times and kinds are told."""
    story.ask_removal(1)
    told: list[tuple[int, int]] = []

    head = auditor.mirror_log(folder, lambda *facts: told.append(facts))
    verified = verify(world, folder)

    assert verified.checkpoint.raw == head.raw
    assert verified.entries == 4
    assert verified.kinds == {"start": 1, "directory": 1, "profiles": 1, "message": 1}
    assert verified.first_time == verified.last_time == world.time
    assert told == [(4, 4)]


def test_a_copy_grows_with_the_log(
    story: Story, world: FakeWorld, auditor: Auditor, folder: Path
) -> None:
    """Over the edge of tiles, fetching only what is new."""
    story.ask_removal(1)
    for count in (0, 1, 250, 1, 1, 300):
        grow(world, count)
        world.calls.clear()
        auditor.mirror_log(folder)
        assert world.calls.count("get_entry_bundle") <= 3
        assert verify(world, folder).entries == len(world.log.entries)
    world.calls.clear()
    auditor.mirror_log(folder)
    assert "get_entry_bundle" not in world.calls


def test_an_interrupted_copy_goes_on(
    story: Story, world: FakeWorld, auditor: Auditor, folder: Path
) -> None:
    """Full bundles are used again; the checkpoint came last."""
    story.ask_removal(1)
    grow(world, 600)

    def stop(done: int, size: int) -> None:
        if done > 256:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        auditor.mirror_log(folder, stop)
    assert not (folder / "checkpoint").exists()
    world.calls.clear()
    auditor.mirror_log(folder)

    assert world.calls.count("get_entry_bundle") == 1
    assert verify(world, folder).entries == 604


def test_old_bundles_that_are_wrong_are_fetched_again(
    story: Story, world: FakeWorld, auditor: Auditor, folder: Path
) -> None:
    """A bad disk is not blamed on the log."""
    story.ask_removal(1)
    grow(world, 600)
    path = folder / "tile" / "entries" / "000"
    path.parent.mkdir(parents=True)
    other = [*world.log.entries[:255], world.log.entries[3] + b"x"]
    path.write_bytes(encode_bundle(other))

    auditor.mirror_log(folder)

    assert verify(world, folder).entries == 604


def test_entries_other_than_signed_are_refused_and_the_copy_stays(
    story: Story, world: FakeWorld, auditor: Auditor, folder: Path
) -> None:
    """A gateway that serves other entries than it signed."""
    story.ask_removal(1)
    auditor.mirror_log(folder)
    before = (folder / "checkpoint").read_bytes()
    story.ask_removal(1)

    def lie(index: int, raw: bytes) -> bytes:
        entries = [*parse_bundle(raw, 5)]
        entries[4] = entries[4].replace(b"T10:", b"T11:", 1)
        return encode_bundle(entries)

    world.faults.on_bundle = lie
    with pytest.raises(RootMismatch) as failure:
        auditor.mirror_log(folder)

    assert (folder / "checkpoint").read_bytes() == before
    assert (Path(failure.value.metadata["kept"]) / "gateway.checkpoint").exists()


def test_old_entries_that_changed_are_named(
    story: Story, world: FakeWorld, auditor: Auditor, folder: Path
) -> None:
    """What the copy has cannot be replaced by a later bundle."""
    story.ask_removal(1)
    auditor.mirror_log(folder)
    story.ask_removal(1)

    def lie(index: int, raw: bytes) -> bytes:
        entries = [*parse_bundle(raw, 5)]
        entries[3] = entries[3].replace(b"T10:", b"T11:", 1)
        return encode_bundle(entries)

    world.faults.on_bundle = lie
    with pytest.raises(RootMismatch, match="entry 3"):
        auditor.mirror_log(folder)


def test_a_bundle_that_is_none_is_refused(
    story: Story, world: FakeWorld, auditor: Auditor, folder: Path
) -> None:
    """Garbage instead of entries."""
    world.faults.on_bundle = lambda _, raw: raw[:-1]

    with pytest.raises(LogDamaged, match="tile/entries/000"):
        auditor.mirror_log(folder)


def test_a_log_that_was_rewritten_since_the_copy_is_noticed(
    story: Story, world: FakeWorld, auditor: Auditor, folder: Path
) -> None:
    """Also by a machine that has only the copy and no memory of its own."""
    story.ask_removal(1)
    auditor.mirror_log(folder)
    world.log.replace(3, world.log.entries[3].replace(b"T10:", b"T11:", 1))
    grow(world, 1)
    world.forget(AUDITOR)

    with pytest.raises(ConsistencyInvalid):
        auditor.mirror_log(folder)


# --- what is altered in a copy ------------------------------------------------------


@pytest.fixture
def copy(story: Story, world: FakeWorld, auditor: Auditor, folder: Path) -> Path:
    """Give a copy of a log of 400 entries."""
    story.ask_removal(1)
    grow(world, 396)
    auditor.mirror_log(folder)
    return folder


def _flip(path: Path, place: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(bytes(raw))


def _flipped_entry(copy: Path) -> None:
    _flip(copy / "tile/entries/001.p/144", 1000)


def _flipped_tile(copy: Path) -> None:
    _flip(copy / "tile/0/000", 100)


def _flipped_top(copy: Path) -> None:
    _flip(copy / "tile/1/000.p/1", 5)


def _dropped_entry(copy: Path) -> None:
    path = copy / "tile/entries/000"
    entries = parse_bundle(path.read_bytes(), 256)
    path.write_bytes(encode_bundle(entries[:7] + entries[8:]))


def _missing_file(copy: Path) -> None:
    (copy / "tile/0/001.p/144").unlink()


def _altered_signature(copy: Path) -> None:
    path = copy / "checkpoint"
    raw = path.read_bytes()
    at = raw.rindex(b"\n", 0, -1) - 30
    path.write_bytes(
        raw[:at] + (b"A" if raw[at : at + 1] != b"A" else b"B") + raw[at + 1 :]
    )


def _one_signature(copy: Path) -> None:
    path = copy / "checkpoint"
    head, _, _ = path.read_bytes().rpartition("— ".encode())
    path.write_bytes(head)


ALTERATIONS: dict[Callable[[Path], None], tuple[type[VerificationError], str]] = {
    _flipped_entry: (RootMismatch, "entry 2"),
    _flipped_tile: (LogDamaged, "tile/0/000"),
    _flipped_top: (LogDamaged, "tile/1/000"),
    _dropped_entry: (VerificationError, ""),
    _missing_file: (LogDamaged, "tile/0/001"),
    _altered_signature: (NoteUnverified, "signature"),
    _one_signature: (NoteUnverified, "signature"),
}


@pytest.mark.parametrize("alter", ALTERATIONS, ids=lambda alter: alter.__name__)
def test_what_is_altered_is_found_named_and_kept(
    world: FakeWorld, copy: Path, tmp_path: Path, alter: Callable[[Path], None]
) -> None:
    """One flipped byte, one dropped entry, one altered signature."""
    error, thing = ALTERATIONS[alter]
    altered = tmp_path / "altered"
    shutil.copytree(copy, altered)
    alter(altered)

    with pytest.raises(error) as failure:
        verify_log_folder(
            altered, world.folder / "log.vkeys", evidence=tmp_path / "evidence"
        )

    assert thing in str(failure.value)
    kept = Path(failure.value.metadata["kept"])
    assert kept.parent == tmp_path / "evidence"
    names = {str(path.relative_to(kept)) for path in kept.rglob("*")}
    assert {"checkpoint", "log.vkeys", "report.txt"} <= names


def test_without_a_place_for_evidence_the_copy_itself_is_named(
    world: FakeWorld, copy: Path
) -> None:
    """Nothing is written where nobody asked for it."""
    _flipped_tile(copy)

    with pytest.raises(LogDamaged) as failure:
        verify(world, copy)

    assert failure.value.metadata["kept"] == str(copy)


@pytest.mark.parametrize(
    ("place", "nonsense", "rule"),
    [
        (5, b"not an entry\n", "rogatory-entry/v1"),
        (5, 0, "kind start in entry 0"),
        (4, (b"T10:", b"T09:"), "not before"),
        (4, (b"directory 1", b"directory 2"), "directory 1"),
    ],
    ids=["form", "second-start", "time", "directory"],
)
def test_a_log_that_makes_no_sense_is_refused_though_its_hashes_hold(
    story: Story,
    auditor: Auditor,
    place: int,
    nonsense: bytes | int | tuple[bytes, bytes],
    rule: str,
) -> None:
    """Signed nonsense is the log's own fault."""
    world = story.world
    story.ask_removal(1)
    grow(world, 3)
    if isinstance(nonsense, bytes):
        world.log.replace(place, nonsense)
    elif isinstance(nonsense, int):
        world.log.replace(place, world.log.entries[nonsense])
    else:
        world.log.replace(place, world.log.entries[3].replace(*nonsense))
    auditor.mirror_log(world.folder / "copy")

    with pytest.raises(LogDamaged, match=f"entry {place}") as failure:
        verify(world, world.folder / "copy")

    assert rule in str(failure.value)


def test_keys_of_another_log_do_not_verify(copy: Path, tmp_path: Path) -> None:
    """Whoever made the log cannot choose the keys."""
    other = FakeWorld(tmp_path / "other")

    with pytest.raises(NoteUnverified):
        verify_log_folder(copy, other.folder / "log.vkeys")


# --- receipts in files --------------------------------------------------------------


def test_a_receipt_in_files_is_verified(story: Story, world: FakeWorld) -> None:
    """Entry, proof and envelope are enough, for ever."""
    sent = story.ask_removal(1)

    found = verify_receipt_files(
        sent.files.entry,
        sent.files.proof,
        sent.files.envelope,
        world.folder / "log.vkeys",
    )

    assert (found.index, found.time) == (sent.index, sent.time)
    assert found.envelope_digest == sent.digest


def test_without_the_envelope_the_entry_is_still_proved(
    story: Story, world: FakeWorld
) -> None:
    """Somebody who may not see the message can verify that it was logged."""
    sent = story.ask_removal(1)
    keys = load_vkeys(world.folder / "log.vkeys")

    found = verify_receipt_files(sent.files.entry, sent.files.proof, None, keys)

    assert found.envelope_digest is None


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("entry", InclusionInvalid),
        ("proof", VerificationError),
        ("envelope", ReceiptMismatch),
    ],
)
def test_an_altered_file_of_a_receipt_is_found_and_kept(
    story: Story, world: FakeWorld, name: str, error: type[RogatoryError]
) -> None:
    """Each of the three is covered."""
    sent: Sent = story.ask_removal(1)
    _flip(getattr(sent.files, name), 40)
    evidence = world.folder / "evidence"

    with pytest.raises(error) as failure:
        verify_receipt_files(
            sent.files.entry,
            sent.files.proof,
            sent.files.envelope,
            world.folder / "log.vkeys",
            evidence=evidence,
        )

    kept = Path(failure.value.metadata["kept"])
    assert (kept / sent.files.entry.name).exists()


def test_an_entry_of_another_kind_is_no_receipt(
    story: Story, world: FakeWorld, tmp_path: Path
) -> None:
    """A directory statement is no message."""
    (tmp_path / "e").write_bytes(world.log.entries[1])
    (tmp_path / "p").write_bytes(world.log.proof(1))
    (tmp_path / "b").write_bytes(world.statements[0].envelope)

    with pytest.raises(ReceiptMismatch):
        verify_receipt_files(
            tmp_path / "e", tmp_path / "p", tmp_path / "b", world.folder / "log.vkeys"
        )


@pytest.mark.parametrize("spoil", ["", "one", "other", "garbage", "binary"])
def test_vkeys_that_are_not_both_keys_of_one_log_are_refused(
    world: FakeWorld, tmp_path: Path, spoil: str
) -> None:
    """Half of the keys would verify half of the signatures."""
    path = tmp_path / "keys"
    lines = world.log.vkeys.splitlines(keepends=True)
    other = FakeWorld(tmp_path / "other").log.vkeys.replace(b"gateway", b"another")
    path.write_bytes(
        {
            "": b"",
            "one": lines[0],
            "other": lines[0] + other.splitlines()[1],
            "garbage": b"key\n",
            "binary": b"\xff",
        }[spoil]
    )

    with pytest.raises(ConfigInvalid):
        load_vkeys(path)


def test_offline_verification_never_imports_grpc() -> None:
    """An auditor's machine needs no network library."""
    code = (
        "import sys, rogatory.offline, rogatory.context, rogatory.drafts, "
        "rogatory.exchanges, rogatory.client, rogatory.auditor; "
        "sys.exit('grpc' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], check=False)

    assert done.returncode == 0
