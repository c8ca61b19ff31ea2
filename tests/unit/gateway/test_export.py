"""The static export equals the store, is whole at every moment, outlives trouble."""

import threading
from pathlib import Path

import pytest

from rogatory.errors import ConfigInvalid, LogStopped
from rogatory.tlog import (
    encode_bundle,
    entries_path,
    partial_tiles,
    tile_path,
    verify_checkpoint,
    verify_log,
)
from rogatory_gateway.publish import Exporter
from tests.support.logroom import LogRoom
from tests.support.logs import Lines
from tests.support.waiting import until
from tests.unit.gateway.conftest import MakeRoom
from tests.unit.gateway.journals import GENESIS, grow


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a place for an export."""
    return tmp_path / "public" / "log"


def _verify(room: LogRoom, folder: Path) -> int:
    entries: list[bytes] = []
    verified = verify_log(
        lambda path: (folder / path).read_bytes(),
        room.keys.verifier_keys,
        on_entry=lambda _, entry: entries.append(entry),
    )
    assert entries == room.store.read.entries(0, verified.entries)
    return verified.entries


@pytest.mark.parametrize("size", [GENESIS, 255, 256, 257, 511, 512, 513])
def test_an_export_of_any_size_verifies(room: LogRoom, folder: Path, size: int) -> None:
    """Around full tiles as anywhere: every byte is that of the signed tree."""
    grow(room, size)

    exported = Exporter(room.store.read, folder).export()

    assert exported == size == _verify(room, folder)


def test_an_export_that_follows_verifies_at_every_size(
    room: LogRoom, folder: Path
) -> None:
    """One exporter over many sizes gives at each what a fresh one would give."""
    exporter = Exporter(room.store.read, folder)

    for size in (GENESIS, 100, 255, 256, 257, 300, 511, 512, 520):
        grow(room, size)
        exporter.export()
        assert _verify(room, folder) == size


def _files(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("size", [GENESIS, 256, 300])
def test_a_fresh_export_is_exactly_what_tlog_tiles_asks_for(
    room: LogRoom, folder: Path, size: int
) -> None:
    """No file is missing and none is there that should not be."""
    grow(room, size)

    Exporter(room.store.read, folder).export()

    bundles = [(n, min(256, size - 256 * n)) for n in range(-(-size // 256))]
    full = [(0, n, 256) for n in range(size // 256)]
    tiles = full + list(partial_tiles(size))
    assert _files(folder) == {
        "checkpoint",
        *(entries_path(n, width) for n, width in bundles),
        *(tile_path(*tile) for tile in tiles),
    }


def test_partial_files_go_when_the_full_one_is_there(
    room: LogRoom, folder: Path
) -> None:
    """What was a part of a tile does not stay beside it."""
    exporter = Exporter(room.store.read, folder)
    grow(room, 200)
    exporter.export()
    assert (folder / tile_path(0, 0, 200)).exists()
    grow(room, 256)

    exporter.export()

    assert not (folder / tile_path(0, 0, 200)).exists()
    assert not (folder / entries_path(0, 200)).exists()
    assert (folder / tile_path(0, 0, 256)).exists()


def test_published_partial_files_stay_until_then(room: LogRoom, folder: Path) -> None:
    """Whoever holds an older checkpoint still finds what it covers."""
    exporter = Exporter(room.store.read, folder)
    exporter.export()
    grow(room, 10)

    exporter.export()

    assert (folder / tile_path(0, 0, GENESIS)).exists()
    assert (folder / tile_path(0, 0, 10)).exists()


def test_full_files_never_change(room: LogRoom, folder: Path) -> None:
    """Immutable: written once, and the same inode ever after."""
    exporter = Exporter(room.store.read, folder)
    grow(room, 256)
    exporter.export()
    before = (folder / tile_path(0, 0, 256)).stat()
    grow(room, 300)

    Exporter(room.store.read, folder).export()

    after = (folder / tile_path(0, 0, 256)).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_export_goes_on_where_another_process_stopped(
    room: LogRoom, folder: Path
) -> None:
    """A restart finds its files and adds what is missing."""
    grow(room, 100)
    Exporter(room.store.read, folder).export()
    grow(room, 270)

    Exporter(room.store.read, folder).export()

    assert _verify(room, folder) == 270


def test_a_crash_before_the_checkpoint_leaves_the_old_one_whole(
    room: LogRoom, folder: Path
) -> None:
    """The checkpoint comes last, so what it covers is always there."""
    grow(room, 100)
    exporter = Exporter(room.store.read, folder)
    exporter.export()
    old = (folder / "checkpoint").read_bytes()
    grow(room, 300)
    # A file where the last bundle's folder should be: all before it is written.
    (folder / "tile" / "entries" / "001.p").write_bytes(b"")

    with pytest.raises(OSError, match="001"):
        exporter.export()

    assert (folder / "checkpoint").read_bytes() == old
    assert _verify(room, folder) == 100


def test_nothing_temporary_is_left_behind(room: LogRoom, folder: Path) -> None:
    """Also not by a write that failed."""
    grow(room, 300)
    (folder / "tile" / "entries").mkdir(parents=True)
    (folder / "tile" / "entries" / "001.p").write_bytes(b"")
    exporter = Exporter(room.store.read, folder)
    with pytest.raises(OSError, match="001"):
        exporter.export()

    assert [name for name in _files(folder) if "tmp" in name] == []


# --- in the background ---------------------------------------------------------------


def test_the_background_follows_the_log(room: LogRoom, folder: Path) -> None:
    """Started, it exports what is there; told of a change, what came; stopped, all."""
    exporter = Exporter(room.store.read, folder)
    exporter.start()
    first = _verify(room, folder)
    grow(room, 20)
    exporter.changed()
    until(lambda: _published(room, folder) == 20, "the export of the change")
    grow(room, 25)

    exporter.stop()

    assert first == GENESIS
    assert _verify(room, folder) == 25


def _published(room: LogRoom, folder: Path) -> int:
    raw = (folder / "checkpoint").read_bytes()
    return verify_checkpoint(raw, room.keys.verifier_keys).size


def test_the_background_goes_on_after_trouble(
    room: LogRoom, folder: Path, lines: Lines
) -> None:
    """A disk that was full for a while costs nothing but time; the log says so."""
    exporter = Exporter(room.store.read, folder)
    exporter.start()
    kept = (folder / "tile").rename(folder / "kept")
    (folder / "tile").write_bytes(b"")  # in the way of every file
    grow(room, 10)
    exporter.changed()
    until(lambda: lines, "the failure in the log")
    (folder / "tile").unlink()
    kept.rename(folder / "tile")

    exporter.stop()

    assert lines[0]["event"] == "export_failed"
    assert _verify(room, folder) == 10
    assert "export" not in {thread.name for thread in threading.enumerate()}


def test_a_folder_that_cannot_be(room: LogRoom, folder: Path) -> None:
    """A folder that is a file is told as a mistake of the settings."""
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"")

    with pytest.raises(ConfigInvalid, match="a folder"):
        Exporter(room.store.read, folder)


# --- what was published is never taken back ------------------------------------------


def test_a_log_that_contains_what_was_published(room: LogRoom, folder: Path) -> None:
    """An export of today or of yesterday is the same log."""
    exporter = Exporter(room.store.read, folder)
    exporter.verify_not_ahead(room.keys.verifier_keys)  # nothing published yet
    grow(room, 10)
    exporter.export()
    exporter.verify_not_ahead(room.keys.verifier_keys)
    grow(room, 300)

    exporter.verify_not_ahead(room.keys.verifier_keys)


def test_a_store_behind_what_was_published_is_not_opened(
    room: LogRoom, folder: Path
) -> None:
    """A restored backup would sign a second history under the same names."""
    grow(room, 10)
    Exporter(room.store.read, folder).export()
    head = room.store.read.head()
    assert head is not None
    ahead = room.keys.sign(11, b"\1" * 32, head.time)
    (folder / "checkpoint").write_bytes(ahead)

    with pytest.raises(LogStopped, match="size 11, as published"):
        Exporter(room.store.read, folder).verify_not_ahead(room.keys.verifier_keys)


def test_a_store_beside_what_was_published_is_not_opened(
    room: LogRoom, folder: Path
) -> None:
    """The same size and another root: the fork is found before it grows."""
    grow(room, 10)
    Exporter(room.store.read, folder).export()
    head = room.store.read.head()
    assert head is not None
    for size in (5, 10):
        forked = room.keys.sign(size, b"\1" * 32, head.time)
        (folder / "checkpoint").write_bytes(forked)

        with pytest.raises(LogStopped, match=f"published at size {size}"):
            Exporter(room.store.read, folder).verify_not_ahead(room.keys.verifier_keys)


def test_a_folder_of_another_log_is_refused(make_room: MakeRoom, folder: Path) -> None:
    """Two logs in one folder would mix their files."""
    room, other = make_room(), make_room()
    Exporter(other.store.read, folder).export()

    with pytest.raises(ConfigInvalid, match="this log's own"):
        Exporter(room.store.read, folder).verify_not_ahead(room.keys.verifier_keys)


def test_bundles_are_the_entries_of_the_store(room: LogRoom, folder: Path) -> None:
    """What the export serves as entries is what was logged, byte for byte."""
    grow(room, 20)
    Exporter(room.store.read, folder).export()

    raw = (folder / entries_path(0, 20)).read_bytes()

    assert raw == encode_bundle(room.store.read.entries(0, 20))
