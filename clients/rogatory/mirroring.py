"""A copy of the log on disk in the static layout, kept up to date.

    <folder>/checkpoint
    <folder>/tile/entries/<N>[.p/<W>]
    <folder>/tile/<L>/<N>[.p/<W>]

Only entries are fetched. Tiles are computed from them, and the root over all of it must
be the signed one before `checkpoint` is replaced; until then the copy is what it was.
Full bundles that an interrupted run left behind are used again. Should the root then be
another one, everything new is fetched once more before the log is blamed.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from rogatory.errors import LogDamaged, RogatoryError, RootMismatch
from rogatory.remote import Remote
from rogatory.tlog import (
    Edge,
    VerifiedCheckpoint,
    VerifierKey,
    edge_of,
    encode_bundle,
    entries_path,
    leaf_hash,
    parse_bundle,
    tile_path,
    verify_checkpoint,
)

_WIDTH = 256


class Mirror:
    """One copy."""

    def __init__(
        self, folder: Path, remote: Remote, keys: Sequence[VerifierKey], origin: str
    ) -> None:
        """Keep a copy of a gateway's log in a folder."""
        self._folder = folder
        self._remote = remote
        self._keys = keys
        self._origin = origin

    def checkpoint(self) -> VerifiedCheckpoint | None:
        """Return the checkpoint of the copy; None if there is no copy yet.

        Raises:
            NoteUnverified: It is not signed by this log's keys.
        """
        try:
            raw = (self._folder / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None
        return verify_checkpoint(raw, self._keys, origin=self._origin)

    def bring_to(
        self,
        head: VerifiedCheckpoint,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Add what is missing up to a checkpoint.

        Raises:
            RootMismatch: The entries are not those that were signed.
            LogDamaged: The copy contradicts its own checkpoint.
            Unavailable: The gateway cannot be asked now.
        """
        before = self.checkpoint()
        start = before.size if before else 0
        if before is not None and head.size <= before.size:
            return
        reused = self._grow(start, head, progress, reuse=True)
        if reused is not None:
            self._grow(start, head, progress, reuse=False)
        # A crash before this line leaves tiles that the next run computes again.
        self._write("checkpoint", head.raw)

    def _grow(
        self,
        start: int,
        head: VerifiedCheckpoint,
        progress: Callable[[int, int], None] | None,
        *,
        reuse: bool,
    ) -> RootMismatch | None:
        """Write entries and tiles; return why it must be done without old bundles.

        Raises:
            RootMismatch: The gateway's own entries are not those that were signed.
        """
        edge = edge_of(self._tile, start)
        used_old = False
        for index in range(start // _WIDTH, -(-head.size // _WIDTH)):
            first = index * _WIDTH
            width = min(_WIDTH, head.size - first)
            raw, old = self._bundle(index, width, reuse=reuse)
            used_old |= old
            entries = parse_bundle(raw, width)
            known = edge.size - first
            _refuse_other(entries[:known], edge, first)
            edge = self._append(edge, entries[known:])
            self._write(entries_path(index, width), raw)
            if progress:
                progress(edge.size, head.size)
        root = edge.root()
        if root == head.root:
            self._write_edge(edge)
            return None
        mismatch = RootMismatch(
            f"entries up to {head.size}",
            expected=f"root {head.root.hex()}, which was signed",
            got=root.hex(),
        )
        if used_old:
            return mismatch
        raise mismatch

    def _append(self, edge: Edge, entries: Sequence[bytes]) -> Edge:
        growth = edge.extend([leaf_hash(entry) for entry in entries])
        for tile in growth.tiles:
            if tile.width == _WIDTH:
                self._write(tile_path(tile.level, tile.index, _WIDTH), tile.hashes)
        return growth.edge

    def _write_edge(self, edge: Edge) -> None:
        """Write the partial tiles of a size."""
        for level, hashes in enumerate(edge.tiles):
            if hashes:
                index = edge.size >> 8 * (level + 1)
                self._write(tile_path(level, index, len(hashes) // 32), hashes)

    def _bundle(self, index: int, width: int, *, reuse: bool) -> tuple[bytes, bool]:
        """Return a bundle, and whether it is an old one."""
        path = self._folder / entries_path(index, width)
        if reuse and width == _WIDTH and path.exists():
            raw = path.read_bytes()
            try:
                parse_bundle(raw, width)
            except RogatoryError:
                pass  # cut off by a crash: fetched again
            else:
                return raw, True
        raw = self._remote.get_entry_bundle(index, width)
        try:
            return encode_bundle(parse_bundle(raw, width)), False
        except RogatoryError as error:
            raise LogDamaged(
                entries_path(index, width), expected=error.expected, got=error.got
            ) from error

    def _tile(self, level: int, index: int, width: int, /) -> bytes:
        """Read a tile of the copy, partial or full."""
        for wide in (width, _WIDTH):
            path = self._folder / tile_path(level, index, wide)
            if path.exists():
                return path.read_bytes()[: 32 * width]
        raise LogDamaged(tile_path(level, index, width), expected="a file", got="none")

    def _write(self, name: str, raw: bytes) -> None:
        path = self._folder / name
        if name != "checkpoint" and path.exists() and path.read_bytes() == raw:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(".part", ".rogatory-", path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            Path(part).chmod(0o644)  # the log is for everybody
            Path(part).replace(path)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise


def _refuse_other(entries: Sequence[bytes], edge: Edge, first: int) -> None:
    """Refuse entries that are not those that the copy's tiles have already."""
    for place, entry in enumerate(entries):
        if leaf_hash(entry) != edge.tiles[0][32 * place : 32 * (place + 1)]:
            raise RootMismatch(
                f"entry {first + place}", expected="what it was before", got="another"
            )
