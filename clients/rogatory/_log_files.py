"""The files of a log's folder: read within limits, and kept when they do not hold.

A folder is hostile until what was read from it is verified: no file is read whole that
is longer than a log's file can be, and an absent one is a `LogDamaged`.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from rogatory._evidence_folder import KEPT, keep_evidence
from rogatory.errors import InputError, LogDamaged, VerificationError
from rogatory.tlog import (
    TileReader,
    VerifierKey,
    entries_path,
    parse_bundle,
    tile_path,
)

MAX_FILE_BYTES = 16 * 1024 * 1024 + 64 * 1024
"""The longest file of a log: a bundle of 256 entries of 65,535 bytes."""

CHECKPOINT = "checkpoint"
_HASH_SIZE = 32
_TILE_WIDTH = 256


class LogFiles:
    """A log's folder in the static layout (C2SP tlog-tiles)."""

    def __init__(self, folder: Path) -> None:
        """Read from a folder."""
        self.folder = folder
        self.seen: dict[str, bytes] = {}
        """The checkpoint and the tiles that were read, by their path in the folder.

        Without those that are links to the outside: evidence is shown to others."""

    def checkpoint(self) -> bytes:
        """Return the signed note, of which nothing is verified.

        Raises:
            LogDamaged: There is none.
        """
        try:
            raw = read_file(self.folder / CHECKPOINT)
        except FileNotFoundError:
            raise LogDamaged(CHECKPOINT, expected="a file", got="none") from None
        self._note(CHECKPOINT, raw)
        return raw

    def tile(self, level: int, index: int, width: int, /) -> bytes:
        """Return the first hashes of a tile (a `TileReader`); a full one will do.

        Raises:
            LogDamaged: There is none, or it is too short.
        """
        name, raw, _ = self._first(
            [(tile_path(level, index, w), w) for w in _widths(width)]
        )
        self._note(name, raw)
        if len(raw) < _HASH_SIZE * width:
            expected, got = f"{_HASH_SIZE * width} bytes", f"{len(raw)} bytes"
            raise LogDamaged(name, expected=expected, got=got)
        return raw[: _HASH_SIZE * width]

    def tiles_of(self, size: int) -> TileReader:
        """Return what reads tiles for smaller trees, too, from those of this size."""

        def read(level: int, index: int, width: int, /) -> bytes:
            there = min(_TILE_WIDTH, (size >> 8 * level) - _TILE_WIDTH * index)
            return self.tile(level, index, max(width, there))[: _HASH_SIZE * width]

        return read

    def entry(self, index: int, size: int) -> bytes:
        """Return an entry of a log of this size.

        Raises:
            LogDamaged: Its bundle is absent or is none.
        """
        bundle, place = divmod(index, _TILE_WIDTH)
        width = min(_TILE_WIDTH, size - bundle * _TILE_WIDTH)
        name, raw, found = self._first(
            [(entries_path(bundle, w), w) for w in _widths(width)]
        )
        try:
            return parse_bundle(raw, found)[place]
        except InputError as error:
            raise LogDamaged(name, expected=error.expected, got=error.got) from error

    def _note(self, name: str, raw: bytes) -> None:
        if (self.folder / name).resolve().is_relative_to(self.folder.resolve()):
            self.seen[name] = raw

    def _first(self, names: Sequence[tuple[str, int]]) -> tuple[str, bytes, int]:
        """Return name, bytes and width of the first of these files that is there."""
        for name, width in names:
            with suppress(FileNotFoundError):
                return name, read_file(self.folder / name), width
        raise LogDamaged(names[0][0], expected="a file", got="none")


def _widths(width: int) -> tuple[int, ...]:
    """Return the widths to look for: a full file may have replaced a partial one."""
    return (width,) if width == _TILE_WIDTH else (width, _TILE_WIDTH)


def read_file(path: Path) -> bytes:
    """Read a file of a log.

    Raises:
        LogDamaged: It is longer than any file of a log.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        got = f"more than {MAX_FILE_BYTES}"
        raise LogDamaged(path.name, expected="a file of a log", got=got)
    return raw


def keep(
    error: VerificationError,
    evidence: Path | None,
    original: Path,
    files: Mapping[str, bytes],
) -> None:
    """Keep the evidence of a failure, or name the place where it lies already."""
    kept = original if evidence is None else keep_evidence(evidence, error, files)
    error.metadata[KEPT] = str(kept)


def damage(folder: Path, error: VerificationError) -> dict[str, bytes]:
    """Collect the checkpoint and the files that the error speaks of."""
    names = [CHECKPOINT, error.thing.partition(",")[0]]
    word, _, number = error.thing.partition(" ")
    if word == "entry" and number.isdecimal():
        bundle, place = divmod(int(number), _TILE_WIDTH)
        for width in range(_TILE_WIDTH, place, -1):
            names += [entries_path(bundle, width), tile_path(0, bundle, width)]
    found = {}
    for name in names:
        path = folder / name
        with suppress(OSError, ValueError):
            if path.resolve().is_relative_to(folder.resolve()) and path.is_file():
                found[name] = read_file(path)
    return found


def with_keys(
    files: Mapping[str, bytes], keys: Sequence[VerifierKey]
) -> dict[str, bytes]:
    """Add the keys that were verified with."""
    vkeys = "".join(f"{key.encode()}\n" for key in keys)
    return {**files, "log.vkeys": vkeys.encode()}
