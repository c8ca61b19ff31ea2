"""`log follow`: a log that loses or changes what was seen of it is an alarm."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.static_log import StaticLog
from tests.support.witnessed import signers_of
from tests.unit.cli.terminal import Shown, Terminal
from tests.unit.cli.test_help import probe
from tests.unit.cli.test_json import EXAMPLES, differences

ORIGIN = "log.example/followed"
SIGNERS = signers_of(ORIGIN)
SEEN = Path("seen.checkpoint")
FOLLOW = "log follow log --vkeys log.vkeys --state seen.checkpoint"


def serve(entries: Sequence[bytes]) -> StaticLog:
    """Let the folder hold these entries, and nothing of before."""
    shutil.rmtree("log", ignore_errors=True)
    log = StaticLog(entries, SIGNERS, ORIGIN)
    log.write(Path("log"))
    keys = [signer.verifier_key.encode() for signer in SIGNERS]
    Path("log.vkeys").write_text("".join(f"{key}\n" for key in keys))
    return log


def entries(count: int, *, other_from: int | None = None) -> list[bytes]:
    """Return entries, of which those from a place on are those of a second history."""
    fork = count if other_from is None else other_from
    return [b"%s %d" % (b"b" if at >= fork else b"a", at) for at in range(count)]


def alarm(terminal: Terminal, line: str = FOLLOW) -> tuple[Shown, Path]:
    """Follow a log that must not be accepted; the memory stays what it was."""
    before = SEEN.read_bytes()
    shown = terminal.type(line)

    assert shown.code == 3
    assert shown.out == ""
    assert shown.err.startswith("VERIFICATION FAILED: ")
    assert SEEN.read_bytes() == before
    (kept,) = Path("seen.checkpoint.evidence").iterdir()
    assert f"kept      {kept}" in shown.err
    return shown, kept


def test_the_first_checkpoint_is_remembered(terminal: Terminal) -> None:
    """It is taken as it is, and said to be."""
    log = serve(entries(5))

    shown = terminal.ok(FOLLOW)

    assert shown.out == f"first seen with 5 entries: {ORIGIN}\n"
    assert "seen.checkpoint was made" in shown.err
    assert SEEN.read_bytes() == log.checkpoint


@pytest.mark.parametrize(
    ("old", "new"),
    [(1, 2), (3, 7), (4, 8), (255, 256), (256, 257), (200, 600), (512, 513), (0, 4)],
)
def test_growth_is_proved_and_remembered(
    terminal: Terminal, old: int, new: int
) -> None:
    """From powers of two and other sizes, over the edge of tiles, from nothing."""
    serve(entries(old))
    terminal.ok(FOLLOW)
    log = serve(entries(new))

    shown = terminal.ok(FOLLOW)

    assert shown.out == f"grown from {old} to {new} entries: {ORIGIN}\n"
    assert SEEN.read_bytes() == log.checkpoint
    assert terminal.ok(FOLLOW).out.startswith("unchanged at ")


def test_a_rollback_is_an_alarm(terminal: Terminal) -> None:
    """Fewer entries than were signed before; both checkpoints are kept."""
    long = serve(entries(9))
    terminal.ok(FOLLOW)
    short = serve(entries(8))

    shown, kept = alarm(terminal)

    assert "log, rolled back" in shown.err
    assert "at least 9 entries" in shown.err
    assert (kept / "remembered.checkpoint").read_bytes() == long.checkpoint
    assert (kept / "served/checkpoint").read_bytes() == short.checkpoint
    assert (kept / "log.vkeys").exists()


@pytest.mark.parametrize(
    ("old", "new", "fork"), [(9, 9, 8), (9, 12, 0), (8, 9, 7), (300, 700, 299)]
)
def test_a_fork_is_an_alarm(terminal: Terminal, old: int, new: int, fork: int) -> None:
    """Another history of the same length or a longer one, whole in itself."""
    serve(entries(old))
    terminal.ok(FOLLOW)
    serve(entries(new, other_from=fork))

    shown, kept = alarm(terminal)

    assert f"log, forked within its first {old} entries" in shown.err
    assert (kept / "remembered.checkpoint").exists()
    assert (kept / "served/checkpoint").exists()
    if new > old:
        assert (kept / "consistency.path").read_text().count("\n") > 0
        assert [*(kept / "served/tile").rglob("*")]


def test_damaged_tiles_are_an_alarm_but_no_fork(terminal: Terminal) -> None:
    """What is not of the signed tree accuses nobody of two histories."""
    serve(entries(9))
    terminal.ok(FOLLOW)
    serve(entries(12))
    tile = Path("log/tile/0/000.p/12")
    tile.write_bytes(bytes([tile.read_bytes()[0] ^ 1]) + tile.read_bytes()[1:])

    shown, kept = alarm(terminal)

    assert "forked" not in shown.err
    assert (kept / "served/tile/0/000.p/12").read_bytes() == tile.read_bytes()


@pytest.mark.parametrize("name", ["checkpoint", "tile/0/000.p/12"])
def test_a_missing_file_is_an_alarm(terminal: Terminal, name: str) -> None:
    """A log that serves nothing cannot be followed."""
    serve(entries(9))
    terminal.ok(FOLLOW)
    serve(entries(12))
    (Path("log") / name).unlink()

    shown, _ = alarm(terminal)

    assert f"FAILED: {name}: " in shown.err


def test_a_checkpoint_with_one_signature_is_an_alarm(terminal: Terminal) -> None:
    """Both keys of the log must have signed."""
    serve(entries(9))
    terminal.ok(FOLLOW)
    StaticLog(entries(12), SIGNERS[:1], ORIGIN).write(Path("log"))

    shown, _ = alarm(terminal)

    assert "NOTE_UNVERIFIED" in shown.err


def test_the_same_alarm_is_kept_once(terminal: Terminal) -> None:
    """Who looks every minute fills no disk; a second alarm is kept beside the first."""
    serve(entries(9))
    terminal.ok(FOLLOW)
    serve(entries(8))

    assert alarm(terminal)[1] == alarm(terminal)[1]
    serve(entries(7))
    assert terminal.type(FOLLOW).code == 3
    assert len([*Path("seen.checkpoint.evidence").iterdir()]) == 2


def test_evidence_can_go_elsewhere(terminal: Terminal) -> None:
    """Where the option says, and nowhere else."""
    serve(entries(9))
    terminal.ok(FOLLOW)
    serve(entries(8))

    assert terminal.type(f"{FOLLOW} --evidence elsewhere").code == 3
    assert len([*Path("elsewhere").iterdir()]) == 1
    assert not Path("seen.checkpoint.evidence").exists()


def test_an_alarm_stays_one_where_no_evidence_can_be_written(
    terminal: Terminal,
) -> None:
    """Exit 3, and the place that could not be written is named."""
    serve(entries(9))
    terminal.ok(FOLLOW)
    serve(entries(8))
    Path("seen.checkpoint.evidence").write_text("in the way")

    shown = terminal.type(FOLLOW)

    assert shown.code == 3
    assert "only the log's folder and the state: seen.checkpoint.evidence" in shown.err


def test_files_outside_of_the_log_are_no_evidence(terminal: Terminal) -> None:
    """A link in a hostile folder does not carry a private file to whoever reads it."""
    serve(entries(9))
    terminal.ok(FOLLOW)
    serve(entries(12))
    Path("private").write_bytes(b"x" * 32 * 12)
    Path("log/tile/0/000.p/12").unlink()
    Path("log/tile/0/000.p/12").symlink_to(Path("private").absolute())

    _, kept = alarm(terminal)

    assert not (kept / "served/tile").exists()


@pytest.mark.parametrize("content", [b"", b"\x1b[31m no checkpoint\n"])
def test_a_memory_that_is_none_accuses_nobody(
    terminal: Terminal, content: bytes
) -> None:
    """The file is ours: exit 1, and it is not replaced."""
    serve(entries(9))
    SEEN.write_bytes(content)

    shown = terminal.type(FOLLOW)

    assert shown.code == 1
    assert "state seen.checkpoint" in shown.err
    assert "\x1b" not in shown.err
    assert SEEN.read_bytes() == content


def test_the_memory_is_not_in_the_folder_that_is_watched(terminal: Terminal) -> None:
    """A log that is compared with itself is always unchanged."""
    serve(entries(9))

    shown = terminal.type("log follow log --vkeys log.vkeys --state log/checkpoint")

    assert shown.code == 1
    assert "outside of the log's folder" in shown.err


@pytest.mark.parametrize(
    "line",
    [
        "log follow nowhere --vkeys log.vkeys --state s",
        "log follow log --vkeys log.vkeys",
        "log follow log --vkeys nothing --state s",
    ],
)
def test_a_slip_is_usage(terminal: Terminal, line: str) -> None:
    """A slip of the keyboard is not an alarm."""
    serve(entries(2))

    assert terminal.type(line).code == 2


def test_documents_are_as_documented(terminal: Terminal) -> None:
    """docs/cli-json.md; what was before is null the first time."""
    serve(entries(9))
    first = terminal.ok(f"{FOLLOW} --json").json
    serve(entries(12))
    grown = terminal.ok(f"{FOLLOW} --json")

    assert first["change"] == "first"
    assert first["previous_size"] is None
    assert differences(first, EXAMPLES["log follow"]) == []
    assert differences(grown.json, EXAMPLES["log follow"]) == []
    assert (grown.json["previous_size"], grown.json["size"]) == (9, 12)
    assert grown.err == ""


def test_programs_are_told_of_an_alarm(terminal: Terminal) -> None:
    """The error names its reason and where the evidence is."""
    serve(entries(9))
    terminal.ok(FOLLOW)
    serve(entries(8))

    shown = terminal.type(f"{FOLLOW} --json")

    assert shown.code == 3
    assert '"CONSISTENCY_INVALID"' in shown.err
    assert "seen.checkpoint.evidence/" in shown.err


def test_following_loads_no_grpc(terminal: Terminal) -> None:
    """An auditor's machine needs no network stack of ours."""
    serve(entries(9))

    said = probe(FOLLOW.split())

    assert "first seen with 9 entries" in said
    assert "HEAVY [] CODE 0" in said
