"""Evidence files: a spool for uploads under way, an object store for whole ones.

The gateway holds ciphertext only. An upload grows in the spool, durable up to the
offset that was answered, and moves to the object store when its SHA-256 is that of its
name; a crash in between leaves the spool file, and the next call goes on from there.
"""

import errno
import hashlib
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
import obstore.exceptions
from obstore.store import LocalStore

from rogatory.errors import (
    ConfigInvalid,
    FieldInvalid,
    LimitExceeded,
    Unavailable,
)

MAX_FILE_BYTES = 64 << 30
"""Of one encrypted file."""

_CHUNK = 1 << 20
_DOWNLOAD_CHUNK = 512 << 10


class Blobs:
    """Evidence files of one gateway."""

    def __init__(self, folder: Path) -> None:
        """Keep files under a folder, which is made if missing.

        Raises:
            ConfigInvalid: It cannot be made.
        """
        self._spool = folder / "spool"
        self._root = folder / "files"
        try:
            for path in (self._spool, self._root):
                path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigInvalid(
                f"blobs {folder}", expected="a folder", got=error.strerror or ""
            ) from None
        self._store = LocalStore(prefix=self._root)

    def offset(self, party: str, sha256: bytes) -> int:
        """Return how many bytes of an upload are durable."""
        path = self._part(party, sha256)
        return path.stat().st_size if path.exists() else 0

    def append(
        self, party: str, sha256: bytes, offset: int, data: bytes, limit: int
    ) -> int:
        """Write bytes at an offset and return the next one; not yet durable.

        Raises:
            FieldInvalid: The offset is not where the upload stands.
            LimitExceeded: More than was announced.
            Unavailable: The disk does not take it.
        """
        path = self._part(party, sha256)
        with _disk():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Unbuffered: what a full disk did not take is not tried again when closing.
        with _disk(), path.open("ab", buffering=0) as file:
            if file.tell() != offset:
                raise FieldInvalid({"offset": f"{file.tell()}, where the upload is"})
            if offset + len(data) > limit:
                raise LimitExceeded("upload", expected=f"{limit} B as announced")
            if file.write(data) != len(data):
                # The part that was taken stays; the caller asks where to go on.
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return offset + len(data)

    def make_durable(self, party: str, sha256: bytes) -> None:
        """Flush an upload's bytes to the disk.

        Raises:
            Unavailable: The disk does not take them.
        """
        path = self._part(party, sha256)
        with _disk():
            if path.exists():
                _fsync(path)
                _fsync(path.parent)

    def finish(self, party: str, sha256: bytes) -> None:
        """Move a whole upload to the object store.

        Raises:
            FieldInvalid: Its bytes have another SHA-256; they are dropped.
            Unavailable: The disk does not take it; the spool keeps it.
        """
        path = self._part(party, sha256)
        with _disk():
            digest = _sha256_of(path)
        if digest != sha256:
            path.unlink()
            # The uploader's mistake, no failed verification of ours.
            rule = f"that of the uploaded bytes, which is {digest.hex()}"
            raise FieldInvalid({"sha256": rule})
        key = self._key(party, sha256)
        with _disk():
            obstore.put(self._store, key, path)
            _fsync(self._root / key)
            _fsync((self._root / key).parent)
            # A crash here leaves the spool file beside the whole one; finishing again
            # is harmless.
            path.unlink()

    def is_whole(self, party: str, sha256: bytes) -> bool:
        """Tell whether the object store has the file."""
        return (self._root / self._key(party, sha256)).exists()

    async def read(
        self, party: str, sha256: bytes, start: int, size: int
    ) -> AsyncIterator[bytes]:
        """Yield a whole file's bytes from an offset on.

        Raises:
            Unavailable: The disk does not give them.
        """
        key = self._key(party, sha256)
        while start < size:
            length = min(_DOWNLOAD_CHUNK, size - start)
            with _disk():
                chunk = await obstore.get_range_async(
                    self._store, key, start=start, length=length
                )
            yield bytes(chunk)
            start += length

    def _part(self, party: str, sha256: bytes) -> Path:
        return self._spool / party / f"{sha256.hex()}.part"

    @staticmethod
    def _key(party: str, sha256: bytes) -> str:
        return f"{party}/{sha256.hex()}"


@contextmanager
def _disk() -> Iterator[None]:
    """Turn what a disk cannot do into our error for it.

    Raises:
        Unavailable: It is full or broken.
    """
    try:
        yield
    except (OSError, obstore.exceptions.BaseError) as error:
        raise Unavailable("evidence store", expected="a working disk") from error


def _sha256_of(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
