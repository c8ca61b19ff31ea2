"""Encrypted files to and from a gateway, going on where they stopped.

An upload asks how far the gateway has come and sends the rest. A download appends to
`<target>.part`, verifies the SHA-256 of the whole and takes the name. As long as a
failed attempt has moved something, the next one starts without counting.
"""

import hashlib
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self

import grpc

from rogatory.errors import BlobMismatch, RogatoryError
from rogatory.remote import Progress
from rogatory.transport._patience import Patience
from rogatory.v1 import evidence_service_pb2 as pb
from rogatory.v1 import evidence_service_pb2_grpc

_log = logging.getLogger("rogatory")

PIECE = 256 * 1024
"""Bytes of one piece of an upload."""

_SLOWEST = 64 * 1024
"""Bytes a second that an attempt is given time for; slower ones go on in the next."""

_BUFFER = 1 << 20


class Transfers:
    """Uploads and downloads over one stub."""

    def __init__(
        self,
        stub: evidence_service_pb2_grpc.EvidenceServiceStub,
        error_of: Callable[[grpc.RpcError, str], RogatoryError],
        patience: Patience,
    ) -> None:
        """Use a stub; `error_of` says what a failed method stands for."""
        self._stub = stub
        self._error_of = error_of
        self._patience = patience

    def upload(
        self, path: Path, sha256: bytes, size: int, progress: Progress | None
    ) -> None:
        """Upload a file.

        Raises:
            RogatoryError: The gateway refuses it, or cannot be reached.
            OSError: The file cannot be read.
        """
        failed, before = 0, -1
        while True:
            try:
                offset = self._opened(sha256, size)
                if progress:
                    progress(offset, size)
                if offset == size:
                    return
                if offset > before:
                    failed = 0
                before = offset
                self._send(path, sha256, offset, size, progress)
            except grpc.RpcError as broken:
                error = self._error_of(broken, "Upload")
                failed += 1
                self._wait(error, failed, broken)

    def download(
        self,
        exchange_id: str,
        sha256: bytes,
        target: Path,
        *,
        size: int,
        progress: Progress | None,
    ) -> None:
        """Download a file.

        Raises:
            BlobMismatch: It is not the one that was announced.
            RogatoryError: The gateway refuses it, or cannot be reached.
            OSError: The file cannot be written.
        """
        part = target.with_name(f"{target.name}.part")
        with part.open("ab") as file:
            self._fetch(exchange_id, sha256, file, size, progress)
            file.flush()
            os.fsync(file.fileno())
        digest = _digest_of(part)
        if digest != sha256 or part.stat().st_size != size:
            # Kept beside, so that the next attempt starts anew.
            part.replace(target.with_name(f"{target.name}.wrong"))
            raise BlobMismatch(
                "downloaded evidence file",
                expected=f"{size} bytes, SHA-256 {sha256.hex()}",
                got=digest.hex(),
                metadata={"kept": str(target.with_name(f"{target.name}.wrong"))},
            )
        part.replace(target)

    def _opened(self, sha256: bytes, size: int) -> int:
        request = pb.OpenUploadRequest(sha256=sha256, size=size)
        answer = self._stub.OpenUpload(request, timeout=self._patience.deadline_s)
        return answer.offset

    def _send(
        self,
        path: Path,
        sha256: bytes,
        offset: int,
        size: int,
        progress: Progress | None,
    ) -> None:
        """Send the rest of a file; a failure of the disk comes out as it is."""

        def tell(done: int) -> None:
            if progress is not None:
                progress(done, size)

        with path.open("rb") as file:
            file.seek(offset)
            pieces = _Pieces(file, sha256, offset, tell)
            try:
                self._stub.Upload(pieces, timeout=self._time_for(size - offset))
            except grpc.RpcError:
                if pieces.trouble is not None:
                    raise pieces.trouble from None
                raise

    def _fetch(
        self,
        exchange_id: str,
        sha256: bytes,
        file: IO[bytes],
        size: int,
        progress: Progress | None,
    ) -> None:
        failed = 0
        while (offset := file.tell()) < size:
            request = pb.DownloadRequest(
                exchange_id=exchange_id, sha256=sha256, offset=offset
            )
            try:
                answers = self._stub.Download(
                    request, timeout=self._time_for(size - offset)
                )
                for answer in answers:
                    file.write(answer.data)
                    if file.tell() > size:
                        return  # another file: its digest will tell
                    if progress:
                        progress(file.tell(), size)
                if file.tell() == offset:
                    raise BlobMismatch(
                        "downloaded evidence file",
                        expected=f"{size} bytes",
                        got=f"{offset} bytes and no more",
                    )
            except grpc.RpcError as broken:
                error = self._error_of(broken, "Download")
                failed = 1 if file.tell() > offset else failed + 1
                self._wait(error, failed, broken)

    def _wait(self, error: RogatoryError, failed: int, cause: Exception) -> None:
        """Pause before the next attempt, or raise what is final."""
        pause = self._patience.pause(error, failed)
        if pause is None:
            raise error from cause
        _log.info("transfer: %s; going on in %.1f s", error.reason, pause)
        time.sleep(pause)

    def _time_for(self, size: int) -> float:
        return self._patience.deadline_s + size / _SLOWEST


class _Pieces:
    """The rest of a file in pieces; keeps a failure, which gRPC would swallow."""

    def __init__(
        self, file: IO[bytes], sha256: bytes, offset: int, tell: Callable[[int], None]
    ) -> None:
        self._file = file
        self._sha256 = sha256
        self._offset = offset
        self._tell = tell
        self._first = True
        self.trouble: Exception | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pb.UploadRequest:
        try:
            data = self._file.read(PIECE)
            self._tell(self._offset + len(data))
        except Exception as error:
            self.trouble = error
            raise
        if not data:
            raise StopIteration
        piece = pb.UploadRequest(data=data)
        if self._first:
            piece.sha256, piece.offset = self._sha256, self._offset
        self._first = False
        self._offset += len(data)
        return piece


def _digest_of(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while data := file.read(_BUFFER):
            digest.update(data)
    return digest.digest()
