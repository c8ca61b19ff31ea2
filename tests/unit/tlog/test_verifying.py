"""Verifying a whole log: what is wrong is named, whatever it is."""

import tracemalloc
from dataclasses import replace

import pytest

from rogatory.errors import LogDamaged, NoteUnverified, RootMismatch, VerificationError
from rogatory.tlog import (
    Checkpoint,
    encode_bundle,
    encode_entry,
    encode_signature,
    leaf_hash,
    parse_note,
    root_of_hashes,
    sign_checkpoint,
    verify_log,
)
from tests.unit.tlog.model import (
    ENTRIES,
    LOG_KEYS,
    LOG_SIGNERS,
    NOW,
    ORIGIN,
    ServedLog,
    served_log,
    with_full_tiles_only,
)


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 600])
def test_an_honest_log_verifies(size: int) -> None:
    """Checkpoint, entries and tiles of any size agree."""
    log = served_log(size)
    verified = verify_log(log.fetch, LOG_KEYS)
    assert verified.entries == size
    assert verified.checkpoint.size == size


def test_three_levels_verify() -> None:
    """A log of more than 65,536 entries has tiles of hashes of tiles of hashes."""
    log = served_log(65_800)
    assert "tile/2/000.p/1" in log.files
    assert verify_log(log.fetch, LOG_KEYS).entries == 65_800


def test_every_entry_is_handed_over_in_order() -> None:
    """Whoever verifies a log can look at each entry on the way."""
    log, seen = served_log(300), []
    verify_log(log.fetch, LOG_KEYS, on_entry=lambda at, raw: seen.append((at, raw)))
    assert seen == list(enumerate(log.entries))


def test_progress_is_told_after_each_bundle() -> None:
    """Entries done, of entries in all."""
    told: list[tuple[int, int]] = []
    log = served_log(600)
    verify_log(log.fetch, LOG_KEYS, progress=lambda *done: told.append(done))
    assert told == [(256, 600), (512, 600), (600, 600)]


def test_each_file_is_read_once() -> None:
    """Verifying costs one pass over what is served, and reads all of it."""
    log, read = served_log(700), []

    def fetch(path: str) -> bytes:
        read.append(path)
        return log.fetch(path)

    verify_log(fetch, LOG_KEYS)
    assert sorted(read) == sorted(log.files)


def test_full_tiles_stand_in_for_partial_ones() -> None:
    """A log may drop partial tiles once the full one is there."""
    log = with_full_tiles_only(served_log(300), served_log(70_000))
    with pytest.raises(LogDamaged, match=r"tile/1/000\.p/1: expected a file, got none"):
        verify_log(with_full_tiles_only(log, served_log(600)).fetch, LOG_KEYS)
    assert verify_log(log.fetch, LOG_KEYS).entries == 300


def test_the_origin_is_checked() -> None:
    """Another log than the one asked for is refused, however sound."""
    log = served_log(3)
    assert verify_log(log.fetch, LOG_KEYS, origin=ORIGIN).entries == 3
    with pytest.raises(NoteUnverified, match="checkpoint origin"):
        verify_log(log.fetch, LOG_KEYS, origin="other.example")


def test_every_single_flip_in_a_small_log_is_found() -> None:
    """One bit in any byte of any file that is signed, hashed or a hash."""
    honest = served_log(3)
    for path, raw in honest.files.items():
        signed = raw.index(b"\n\n") if path == "checkpoint" else len(raw)
        for at in range(signed):
            log = ServedLog(honest.entries, dict(honest.files))
            log.flip(path, at)
            with pytest.raises(VerificationError):
                verify_log(log.fetch, LOG_KEYS)


@pytest.mark.parametrize("index", [0, 1, 100, 255, 256, 299])
def test_an_altered_entry_is_named(index: int) -> None:
    """Also when its length changed and the rest of its bundle has moved."""
    for altered in (b"another\n", b"entry %d" % index, b"entry %d\n\n" % index):
        log = served_log(300)
        replace_entry(log, index, altered)
        with pytest.raises(RootMismatch, match=rf"^entry {index}: expected hash"):
            verify_log(log.fetch, LOG_KEYS)


@pytest.mark.parametrize("index", [0, 1, 100, 254, 256, 298])
def test_a_dropped_entry_is_named(index: int) -> None:
    """The place where the next entry now stands."""
    log = served_log(300)
    replace_entry(log, index)
    with pytest.raises(RootMismatch, match=rf"^entry {index}: expected hash"):
        verify_log(log.fetch, LOG_KEYS)


@pytest.mark.parametrize("index", [255, 299])
def test_a_dropped_last_entry_of_a_bundle_is_named_with_its_file(index: int) -> None:
    """All others are in their places: what is wrong is the bundle."""
    log = served_log(300)
    replace_entry(log, index)
    name = "tile/entries/000" if index == 255 else r"tile/entries/001\.p/44"
    with pytest.raises(LogDamaged, match=rf"^{name}: expected .* entries, got"):
        verify_log(log.fetch, LOG_KEYS)


@pytest.mark.parametrize("index", [0, 100, 255, 256, 299])
def test_two_swapped_entries_are_named(index: int) -> None:
    """The first of the two is the first that is wrong."""
    log = served_log(300)
    other = index - 1 if index in {255, 299} else index + 1
    first = min(index, other)
    replace_entry(log, first, log.entries[first + 1], log.entries[first])
    with pytest.raises(RootMismatch, match=rf"^entry {first}: "):
        verify_log(log.fetch, LOG_KEYS)


def replace_entry(log: ServedLog, index: int, *instead: bytes) -> None:
    """Serve other entries in the place of as many (of one, if there are none)."""
    bundle, place = divmod(index, 256)
    entries = log.entries[256 * bundle : 256 * bundle + 256]
    entries[place : place + (len(instead) or 1)] = instead
    path = next(
        each for each in log.files if each.startswith(f"tile/entries/00{bundle}")
    )
    log.files[path] = encode_bundle(entries)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("tile/0/000", 0),
        ("tile/0/000", 255),
        ("tile/0/001.p/44", 43),
        ("tile/1/000.p/1", 0),
    ],
)
def test_an_altered_tile_is_named(path: str, place: int) -> None:
    """When the entries prove to be the signed ones, it is the tile that is wrong."""
    log = served_log(300)
    log.flip(path, 32 * place + 5)
    name = path.replace(".", r"\.")
    with pytest.raises(LogDamaged, match=rf"^{name}: expected the hash"):
        verify_log(log.fetch, LOG_KEYS)


def test_an_altered_tile_of_a_higher_level_is_named_with_its_entries() -> None:
    """The hash of the second full tile below stands for these."""
    log = served_log(1000)
    log.flip("tile/1/000.p/3", 32 + 1)
    with pytest.raises(
        LogDamaged, match=r"^tile/1/000\.p/3: expected the hash of entries 256 to 511"
    ):
        verify_log(log.fetch, LOG_KEYS)


@pytest.mark.parametrize("path", sorted(served_log(300).files))
def test_a_missing_file_is_named(path: str) -> None:
    """Each file that the checkpoint calls for must be there."""
    log = served_log(300)
    del log.files[path]
    with pytest.raises(LogDamaged, match=rf"^{path}: expected a file, got none"):
        verify_log(log.fetch, LOG_KEYS)


@pytest.mark.parametrize(
    "path", [path for path in served_log(300).files if "/" in path]
)
def test_a_file_of_another_length_is_named(path: str) -> None:
    """A byte too many or too few is found before anything is compared."""
    honest = served_log(300)
    for other in (honest.files[path] + b"\0", honest.files[path][:-1]):
        log = ServedLog(honest.entries, {**honest.files, path: other})
        with pytest.raises(VerificationError, match=rf"^({path}|entry )"):
            verify_log(log.fetch, LOG_KEYS)


def test_an_entry_and_its_tile_altered_alike_are_found() -> None:
    """A tile made to fit a forged entry does not fit the tile above: 256 suspects."""
    log = served_log(600)
    replace_entry(log, 7, b"forged\n")
    forged = leaf_hash(b"forged\n")
    tile = log.files["tile/0/000"]
    log.files["tile/0/000"] = tile[: 32 * 7] + forged + tile[32 * 8 :]
    with pytest.raises(RootMismatch, match=r"^entries 0 to 255: expected hash [^ ]*,"):
        verify_log(log.fetch, LOG_KEYS)


def test_a_log_rewritten_as_a_whole_is_found() -> None:
    """Entries and tiles that agree, but not with what was signed."""
    log, forged = served_log(300), served_log(300, entry_of=lambda at: b"%d" % at)
    log.files = {**forged.files, "checkpoint": log.files["checkpoint"]}
    with pytest.raises(RootMismatch, match=r"^checkpoint of size 300: expected root"):
        verify_log(log.fetch, LOG_KEYS)


def test_an_entry_that_fits_neither_tile_nor_root_is_named() -> None:
    """When tiles are forged too, the entry is named, and that nothing is proven."""
    log = served_log(300)
    replace_entry(log, 9, b"forged\n")
    log.flip("tile/0/000", 0)
    log.flip("tile/0/000", 32 * 9)
    with pytest.raises(VerificationError, match=r"^entry 0: .*not proven"):
        verify_log(log.fetch, LOG_KEYS)


def test_a_damaged_tree_does_not_hide_an_altered_entry() -> None:
    """Blame is decided with tiles that may be broken themselves."""
    log = served_log(300)
    replace_entry(log, 9, b"forged\n")
    del log.files["tile/1/000.p/1"]
    del log.files["tile/0/001.p/44"]
    with pytest.raises(RootMismatch, match=r"^entry 9: .*not proven"):
        verify_log(log.fetch, LOG_KEYS)


@pytest.mark.parametrize("at", [0, 1])
def test_an_altered_signature_is_refused(at: int) -> None:
    """Each of the two signatures must verify."""
    log = served_log(3)
    note = parse_note(log.files["checkpoint"])
    old = note.signatures[at]
    new = replace(old, signature=old.signature[:-1] + bytes([old.signature[-1] ^ 1]))
    log.files["checkpoint"] = log.files["checkpoint"].replace(
        encode_signature(old).encode(), encode_signature(new).encode()
    )
    label = LOG_KEYS[at].label.replace("+", r"\+")
    with pytest.raises(NoteUnverified, match=rf"^signature of {label}"):
        verify_log(log.fetch, LOG_KEYS)


def test_a_checkpoint_of_a_later_size_asks_for_what_is_not_there() -> None:
    """A signed size that the files do not reach is damage, not an endless loop."""
    log = served_log(3)
    head = Checkpoint(ORIGIN, 2**62, root_of_hashes([]))
    log.files["checkpoint"] = sign_checkpoint(head, LOG_SIGNERS, NOW)
    with pytest.raises(LogDamaged, match=r"^tile/entries/000: expected a file"):
        verify_log(log.fetch, LOG_KEYS)


def test_a_log_of_real_entries_verifies() -> None:
    """One entry of each kind."""
    raws = [encode_entry(entry) for entry in ENTRIES.values()]
    log = served_log(len(raws), entry_of=lambda index: raws[index])
    assert verify_log(log.fetch, LOG_KEYS).entries == len(raws)


def test_memory_stays_flat() -> None:
    """Sixteen times the entries need no more memory at a time."""
    peaks = []
    for size in (2_560, 40_960):
        log = served_log(size)
        tracemalloc.start()
        verify_log(log.fetch, LOG_KEYS)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]
