"""Files that get their name only when they are whole.

A file is written as `.rogatory-….part` in the folder where it is to stay, mode 0600,
and `publish` gives it its name: flush, fsync, a name that is free, fsync of the folder.
Whatever else happens to the block, the file is gone at its end.
"""

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

from rogatory.evidence._names import shortened_name

BUFFER = 1 << 20
"""Bytes between our small writes and the disk."""

_MAX_NUMBER = 10_000
_NO_LINKS = frozenset(
    {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
)
"""What a file system says that has no hard links."""


class PartFile:
    """A new file without a name; gone at the end of the block if it got none."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def __enter__(self) -> Self:
        """Create the file: mode 0600, never one that exists (mkstemp)."""
        handle, path = tempfile.mkstemp(".part", ".rogatory-", self._directory)
        self._path = Path(path)
        self.file: IO[bytes] = os.fdopen(handle, "wb", buffering=BUFFER)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Remove what was not published."""
        with contextlib.suppress(OSError):  # `publish` has flushed what is to stay
            self.file.close()
        self._path.unlink(missing_ok=True)

    def publish(self, name: str) -> Path:
        """Give the file that name, or the first free one with ` (2)`, ` (3)` and on.

        A crash before the link leaves the `.part` file; right after it, both names.

        Raises:
            OSError: The file or folder cannot be written; nothing is left of it.
        """
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        for path in self._names(name):
            try:
                self._move(path)
            except FileExistsError:
                continue
            try:
                self._path.unlink(missing_ok=True)
                _sync_directory(self._directory)
            except BaseException:
                path.unlink(missing_ok=True)
                raise
            return path
        raise FileExistsError(errno.EEXIST, "no free name", str(self._directory / name))

    def _names(self, name: str) -> Iterator[Path]:
        yield self._directory / name
        for number in range(2, _MAX_NUMBER):
            yield self._directory / shortened_name(name, f" ({number})")

    def _move(self, path: Path) -> None:
        """Take a name that no file has, without a moment in between."""
        try:
            path.hardlink_to(self._path)
        except OSError as e:
            if e.errno not in _NO_LINKS:
                raise
            # FAT and some network disks: take the name first, then replace our own
            # empty file. A crash in between leaves an empty file under the name.
            path.open("xb").close()
            try:
                self._path.replace(path)
            except BaseException:
                path.unlink(missing_ok=True)
                raise


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as e:
        if e.errno != errno.EINVAL:  # a file system that has no such thing
            raise
    finally:
        os.close(handle)
