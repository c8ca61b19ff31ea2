"""Writes the log as C2SP tlog-tiles files: derived, and made anew from the store.

Full tiles and bundles never change, so each is written once; partial ones are written
for the sizes that are published, and go when the full one is there. The checkpoint is
renamed into place last: whoever reads it finds all that it covers.
"""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

import structlog

from rogatory.errors import (
    ConfigInvalid,
    LogStopped,
    LogUnavailable,
    RogatoryError,
)
from rogatory.tlog import (
    VerifierKey,
    encode_bundle,
    entries_path,
    root_of,
    tile_path,
    verify_checkpoint,
)
from rogatory_gateway.store import Head, Reader

_log = structlog.get_logger("rogatory_gateway")

_TILE = 256
_HASH = 32
_INTERVAL_S = 1.0


class Exporter:
    """Keeps a folder up to date with the log."""

    def __init__(self, reader: Reader, folder: Path) -> None:
        """Export into a folder, which is made if missing.

        Raises:
            ConfigInvalid: It cannot be made.
        """
        self._reader = reader
        self._folder = folder
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._exported = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigInvalid(
                f"export {folder}", expected="a folder", got=error.strerror or ""
            ) from None

    def verify_not_ahead(self, keys: Sequence[VerifierKey]) -> None:
        """Verify that the log contains what was published, or raise.

        Raises:
            ConfigInvalid: The folder has another log, whose files would be mixed in.
            LogStopped: More was published than the store has, or something else: it
                was restored from a backup, and must not sign a second history.
        """
        try:
            raw = (self._folder / "checkpoint").read_bytes()
        except FileNotFoundError:
            return
        try:
            published = verify_checkpoint(raw, keys)
        except RogatoryError:
            expected = "an empty folder, or this log's own"
            raise ConfigInvalid(f"export {self._folder}", expected=expected) from None
        head = self._reader.head()
        size = head.size if head else 0
        if published.size > size:
            raise LogStopped(
                "store", expected=f"size {published.size}, as published", got=str(size)
            )
        if root_of(self._tile, published.size) != published.root:
            expected = f"the root that was published at size {published.size}"
            raise LogStopped("store", expected=expected)

    def _tile(self, level: int, index: int, width: int, /) -> bytes:
        return self._reader.tile(level, index)[: width * _HASH]

    def start(self) -> None:
        """Export now, and then at most once a second while the log grows."""
        self._try()
        self._thread = threading.Thread(target=self._run, name="export", daemon=True)
        self._thread.start()

    def changed(self) -> None:
        """Note that the log has grown; returns at once."""
        self._changed.set()

    def stop(self) -> None:
        """Export what is left and end."""
        self._stopping.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait()
            self._changed.clear()
            self._try()
            self._stopping.wait(_INTERVAL_S)
        self._try()

    def _try(self) -> None:
        try:
            self.export()
        except (OSError, LogUnavailable) as error:
            # The export is derived: the log goes on, the next round makes up for it.
            _log.error("export_failed", error=type(error).__name__)
            self._changed.set()

    def export(self) -> int:
        """Write what is missing up to the newest checkpoint; return its size."""
        head = self._reader.head()
        if head is None or head.size == self._exported:
            return self._exported
        self._export_tiles(head)
        self._export_bundles(head)
        # A crash before this rename leaves the old checkpoint, which is still whole.
        _write(self._folder / "checkpoint", head.checkpoint)
        self._exported = head.size
        return head.size

    def _export_tiles(self, head: Head) -> None:
        level, hashes, before = 0, head.size, self._exported
        while hashes:
            for index in range(before // _TILE, -(-hashes // _TILE)):
                width = min(_TILE, hashes - index * _TILE)
                tile = self._tile(level, index, width)
                self._put(tile_path(level, index, width), tile, full=width == _TILE)
            level, hashes, before = level + 1, hashes // _TILE, before // _TILE

    def _export_bundles(self, head: Head) -> None:
        for index in range(self._exported // _TILE, -(-head.size // _TILE)):
            start = index * _TILE
            width = min(_TILE, head.size - start)
            entries = self._reader.entries(start, start + width)
            bundle = encode_bundle(entries)
            self._put(entries_path(index, width), bundle, full=width == _TILE)

    def _put(self, path: str, content: bytes, *, full: bool) -> None:
        target = self._folder / path
        if not target.exists():
            _write(target, content)
        if full:
            partials = target.with_name(target.name + ".p")
            if partials.is_dir():
                for partial in partials.iterdir():
                    partial.unlink()
                partials.rmdir()


def _write(target: Path, content: bytes) -> None:
    """Write a file so that it is whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    descriptor = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
