"""Encrypting and decrypting by pyrage, with file objects that hash what passes.

pyrage's `encrypt_file` and `decrypt_file` hold the GIL for the whole file; `encrypt_io`
and `decrypt_io` do not, but treat an exception of a file object badly: it becomes text
in an error of pyrage's own, and is dropped altogether for the last block that
`encrypt_io` writes. So the file objects keep their first failure, and the length of
what was written is compared with what age prescribes.
"""

import contextlib
import errno
import hashlib
import hmac
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pyrage

from rogatory.errors import BlobMismatch, FieldInvalid
from rogatory.evidence._names import safe_file_name, verify_file_name
from rogatory.evidence._part import BUFFER, PartFile
from rogatory.v1 import disclosure_pb2

# https://age-encryption.org/v1, "Payload": a nonce, then chunks with a tag each.
_CHUNK, _TAG, _NONCE = 64 << 10, 16, 16
_HEADER_END = re.compile(rb"\n--- [A-Za-z0-9+/]{43}\n")
_MAX_HEADER = 64 << 10
"""An age header with one recipient has about 200 bytes, and some grease."""

_IDENTITY = "AGE-SECRET-KEY-1"
_MEDIA_TYPE = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}"
    r"(; ?[a-z0-9-]{1,64}=[A-Za-z0-9!#$&^_.+-]{1,127}){0,4}",
    re.ASCII,
)
_PROGRESS_STEP = 1 << 20

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class EncryptedFile:
    """A file that is ready for upload, and what its receiver needs to open it."""

    path: Path
    sha256: bytes
    size: int
    manifest: disclosure_pb2.ManifestFile = field(repr=False)  # has the identity


def encrypt_file(
    source: Path,
    spool_dir: Path,
    *,
    name: str,
    media_type: str,
    task_ids: Sequence[str],
    progress: Progress | None = None,
) -> EncryptedFile:
    """Encrypt a file to the spool, for an identity of its own.

    Args:
        source: What to encrypt; read once.
        spool_dir: Where `<sha256 of the ciphertext>.age` is put.
        name: The file's name for its receiver; a path, and what is unsafe in a name,
            is taken off (`safe_file_name`).
        media_type: IANA media type, such as `application/pdf`.
        task_ids: The tasks that the file answers.
        progress: Called with the bytes of plaintext done so far, about every MiB and
            at the end. What it raises ends the work and comes out unchanged.

    Raises:
        FieldInvalid: The media type is not one.
        OSError: Source or spool cannot be read or written.
    """
    if _MEDIA_TYPE.fullmatch(media_type) is None:
        raise FieldInvalid({"manifest.media_type": "must be type/subtype, lower case"})
    identity = pyrage.x25519.Identity.generate()
    with source.open("rb", buffering=BUFFER) as file, PartFile(spool_dir) as part:
        plain, sealed = _Tap(file, progress), _Tap(part.file)
        with _own_errors(plain, sealed):
            pyrage.encrypt_io(plain, sealed, [identity.to_public()])
        _verify_written(plain, sealed)
        plain.report()
        path = part.publish(f"{sealed.sha256.hexdigest()}.age")
    manifest = disclosure_pb2.ManifestFile(
        sha256=sealed.sha256.digest(),
        age_identity=str(identity),
        name=safe_file_name(name),
        media_type=media_type,
        plaintext_sha256=plain.sha256.digest(),
        plaintext_size=plain.size,
        task_ids=task_ids,
    )
    return EncryptedFile(path, sealed.sha256.digest(), sealed.size, manifest)


def decrypt_file(
    source: Path,
    manifest: disclosure_pb2.ManifestFile,
    target_dir: Path,
    *,
    size: int | None = None,
    name: str | None = None,
    progress: Progress | None = None,
) -> Path:
    """Verify and decrypt an evidence file, all or nothing.

    Args:
        source: The downloaded ciphertext; it stays where it is.
        manifest: From the opened section `manifest`.
        target_dir: The folder for the plaintext, on a disk that may hold it.
        size: Length of the ciphertext as in the visible part, if at hand.
        name: A file name to use instead of the manifest's, when that one is refused.
        progress: Called with the bytes of plaintext done so far, about every MiB and
            at the end. What it raises ends the work and comes out unchanged.

    Returns:
        Where the plaintext is: the manifest's name, or that name with ` (2)`, ` (3)` …

    Raises:
        FieldInvalid: The name or the identity in the manifest cannot be used.
        BlobMismatch: The ciphertext is not the one announced (the gateway's or the
            way's fault: download it again), it does not decrypt, or it decrypts to
            other bytes than announced (the sender's fault).
        OSError: Source or target cannot be read or written.
    """
    name = verify_file_name(manifest.name if name is None else name)
    identity = _parse_identity(manifest.age_identity)
    with source.open("rb", buffering=BUFFER) as file:
        _verify_ciphertext(file, manifest, size)
        file.seek(0)
        with PartFile(target_dir) as part:
            sealed, plain = _Tap(file), _Tap(part.file, progress)
            try:
                with _own_errors(sealed, plain):
                    pyrage.decrypt_io(sealed, plain, [identity])
            except (pyrage.DecryptError, OSError) as e:
                if e in (sealed.failure, plain.failure):
                    raise  # this machine's trouble, not the file's
                raise BlobMismatch(
                    "evidence file",
                    expected="an age v1 file for the manifest's identity",
                    got="it does not decrypt",
                ) from e
            _verify_plaintext(plain, manifest)
            plain.report()
            return part.publish(name)


class _Tap(io.BufferedIOBase):
    """A file object for pyrage that hashes, counts, and keeps its first failure."""

    def __init__(self, file: IO[bytes], progress: Progress | None = None) -> None:
        self.sha256 = hashlib.sha256()
        self.size = 0
        self.head = b""
        self.failure: BaseException | None = None
        self._file = file
        self._progress = progress
        self._next_report = _PROGRESS_STEP

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and note what was read."""
        try:
            return self._note(self._file.read(-1 if size is None else size))
        except BaseException as e:
            self.failure = self.failure or e
            raise

    # pyrage passes bytes; the base class would allow any buffer.
    def write(self, data: bytes, /) -> int:  # type: ignore[override]
        """Write all of it, and note what was written."""
        try:
            self._file.write(data)
            return len(self._note(data))
        except BaseException as e:
            self.failure = self.failure or e
            raise

    def report(self) -> None:
        """Tell the progress callback where we are."""
        self._next_report = self.size + _PROGRESS_STEP
        if self._progress is not None:
            self._progress(self.size)

    def _note(self, data: bytes) -> bytes:
        self.sha256.update(data)
        self.size += len(data)
        if len(self.head) < _MAX_HEADER:
            self.head += data
        if self.size >= self._next_report:
            self.report()
        return data


@contextlib.contextmanager
def _own_errors(*taps: _Tap) -> Iterator[None]:
    """Raise what really went wrong in our file objects, whatever pyrage made of it."""
    try:
        yield
    except BaseException as e:
        for tap in taps:
            if tap.failure is not None:
                raise tap.failure from None
        # Ctrl-C is raised on entry to `read` or `write`, before their `try`.
        if str(e).startswith("KeyboardInterrupt"):
            raise KeyboardInterrupt from None
        raise
    for tap in taps:
        if tap.failure is not None:
            raise tap.failure


def _payload_size(plaintext_size: int) -> int:
    """Return the bytes that follow an age header."""
    chunks = max(1, -(-plaintext_size // _CHUNK))  # no plaintext is one empty chunk
    return _NONCE + plaintext_size + chunks * _TAG


def _verify_written(plain: _Tap, sealed: _Tap) -> None:
    """Refuse an encryption whose end was not written, and nobody said so."""
    end = _HEADER_END.search(sealed.head)
    if end is None or sealed.size != end.end() + _payload_size(plain.size):
        raise OSError(errno.EIO, "encryption was cut off")


def _parse_identity(text: str) -> pyrage.x25519.Identity:
    rule = f"must be one X25519 identity, {_IDENTITY}…"
    if not text.startswith(_IDENTITY):
        raise FieldInvalid({"manifest.age_identity": rule})
    try:
        return pyrage.x25519.Identity.from_str(text)
    except pyrage.IdentityError:
        # From nowhere on purpose: the cause could quote the secret.
        raise FieldInvalid({"manifest.age_identity": rule}) from None


def _verify_ciphertext(
    file: IO[bytes], manifest: disclosure_pb2.ManifestFile, size: int | None
) -> None:
    """Refuse a ciphertext of another length or digest, before it is decrypted."""
    actual = os.fstat(file.fileno()).st_size
    if size is not None and actual != size:
        raise BlobMismatch(
            "evidence file", expected=f"{size} bytes", got=f"{actual} bytes"
        )
    header = actual - _payload_size(manifest.plaintext_size)
    if not 0 < header <= _MAX_HEADER:
        raise BlobMismatch(
            "evidence file",
            expected=f"the length of {manifest.plaintext_size} bytes encrypted",
            got=f"{actual} bytes",
        )
    digest = hashlib.sha256()
    while data := file.read(BUFFER):
        digest.update(data)
    if digest.digest() != manifest.sha256:
        raise BlobMismatch(
            "evidence file", expected=manifest.sha256.hex(), got=digest.hexdigest()
        )


def _verify_plaintext(plain: _Tap, manifest: disclosure_pb2.ManifestFile) -> None:
    """Refuse a plaintext of another length or digest, before it gets a name."""
    if plain.size != manifest.plaintext_size:
        raise BlobMismatch(
            "decrypted evidence file",
            expected=f"{manifest.plaintext_size} bytes",
            got=f"{plain.size} bytes",
        )
    digest = plain.sha256.digest()
    if not hmac.compare_digest(digest, manifest.plaintext_sha256):
        # Neither digest is shown: they would name the content.
        raise BlobMismatch(
            "decrypted evidence file", expected="the digest in the manifest"
        )
