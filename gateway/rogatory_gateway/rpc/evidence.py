"""EvidenceService: encrypted files, up and down, resumable at any offset.

Runs on the event loop; what touches the disk runs in worker threads.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from weakref import WeakValueDictionary

from rogatory.envelope import parse_envelope, parse_payload
from rogatory.errors import BlobUnknown, FieldInvalid, LimitExceeded
from rogatory.v1 import evidence_service_pb2 as pb
from rogatory.v1 import message_pb2
from rogatory_gateway.rpc.calls import EXCHANGING, Call, Method
from rogatory_gateway.store import Store
from rogatory_gateway.store.blobs import MAX_FILE_BYTES, Blobs

SERVICE = "rogatory.v1.EvidenceService"
_DIGEST_BYTES = 32
_MAX_PIECE = 1 << 20
_OVERHEAD = 4096


class Evidence:
    """Handlers of EvidenceService."""

    def __init__(self, store: Store, blobs: Blobs) -> None:
        """Keep rows in a store and bytes among blobs."""
        self._store = store
        self._blobs = blobs
        self._locks: WeakValueDictionary[tuple[str, bytes], asyncio.Lock] = (
            WeakValueDictionary()
        )

    def open_upload_method(self) -> Method[Any]:
        """Return OpenUpload."""
        return Method(
            SERVICE, "OpenUpload", pb.OpenUploadRequest, self.open_upload, EXCHANGING
        )

    def upload_method(self) -> Method[Any]:
        """Return Upload."""
        return Method(
            SERVICE,
            "Upload",
            pb.UploadRequest,
            self.upload,
            EXCHANGING,
            _MAX_PIECE + _OVERHEAD,
        )

    def download_method(self) -> Method[Any]:
        """Return Download."""
        return Method(
            SERVICE, "Download", pb.DownloadRequest, self.download, EXCHANGING
        )

    async def open_upload(
        self, request: pb.OpenUploadRequest, call: Call
    ) -> pb.OpenUploadResponse:
        """Open an upload, or say how far it came."""
        party = call.peer.party
        _require_digest(request.sha256)
        if not 1 <= request.size <= MAX_FILE_BYTES:
            raise LimitExceeded(
                "size", expected=f"1 to {MAX_FILE_BYTES} B", got=str(request.size)
            )
        async with self._lock(party, request.sha256):
            offset = await asyncio.to_thread(self._open, party, request)
        return pb.OpenUploadResponse(offset=offset)

    def _open(self, party: str, request: pb.OpenUploadRequest) -> int:
        announced = self._store.announce_upload(party, request.sha256, request.size)
        if announced.size != request.size:
            raise FieldInvalid({"size": f"{announced.size}, as announced before"})
        if announced.complete:
            return announced.size
        if self._blobs.is_whole(party, request.sha256):
            # Killed when the file was in its place, but not yet noted to be.
            self._store.complete_upload(party, request.sha256)
            return request.size
        offset = self._blobs.offset(party, request.sha256)
        if offset == request.size:
            # Killed after the last byte: finish what the upload could not.
            self._finish(party, request.sha256)
        return offset

    async def upload(
        self, pieces: AsyncIterator[pb.UploadRequest], call: Call
    ) -> pb.UploadResponse:
        """Take pieces from where the upload stands."""
        party = call.peer.party
        first = await anext(pieces, None)
        if first is None:
            raise FieldInvalid({"sha256": "required in the first piece"})
        _require_digest(first.sha256)
        async with self._lock(party, first.sha256):
            offset = await self._take(party, first, pieces)
        call.facts["bytes"] = offset - first.offset
        return pb.UploadResponse(offset=offset)

    async def _take(
        self,
        party: str,
        first: pb.UploadRequest,
        pieces: AsyncIterator[pb.UploadRequest],
    ) -> int:
        sha256 = first.sha256
        announced = await asyncio.to_thread(self._store.upload, party, sha256)
        if announced is None:
            raise BlobUnknown("sha256", expected="an upload that was opened")
        if announced.complete:
            return announced.size
        size = announced.size
        offset = first.offset
        try:
            offset = await self._append(party, sha256, offset, first.data, size)
            async for piece in pieces:
                offset = await self._append(party, sha256, offset, piece.data, size)
        finally:
            # Also when the caller is gone: what was written counts when it comes back.
            await asyncio.shield(
                asyncio.to_thread(self._blobs.make_durable, party, sha256)
            )
        if offset == size:
            await asyncio.to_thread(self._finish, party, sha256)
        return offset

    async def _append(
        self, party: str, sha256: bytes, offset: int, data: bytes, size: int
    ) -> int:
        if len(data) > _MAX_PIECE:
            raise LimitExceeded("data", expected=f"at most {_MAX_PIECE} B a piece")
        return await asyncio.to_thread(
            self._blobs.append, party, sha256, offset, data, size
        )

    def _finish(self, party: str, sha256: bytes) -> None:
        self._blobs.finish(party, sha256)
        self._store.complete_upload(party, sha256)

    async def download(
        self, request: pb.DownloadRequest, call: Call
    ) -> AsyncIterator[pb.DownloadResponse]:
        """Give a file to those who sent or received the message that names it."""
        _require_digest(request.sha256)
        owner, size = await asyncio.to_thread(
            self._granted, request.exchange_id, request.sha256, call.peer.party
        )
        if request.offset > size:
            raise FieldInvalid({"offset": f"at most {size}"})
        call.facts["bytes"] = size - request.offset
        async for chunk in self._blobs.read(
            owner, request.sha256, request.offset, size
        ):
            yield pb.DownloadResponse(data=chunk)

    def _granted(self, exchange_id: str, sha256: bytes, party: str) -> tuple[str, int]:
        unknown = BlobUnknown(
            "sha256", expected="a file of a message that the caller sent or received"
        )
        grant = self._store.read.grant(exchange_id, sha256)
        if grant is None:
            raise unknown
        owner, index = grant
        stored = self._store.read.message_at(index)
        upload = self._store.upload(owner, sha256)
        if stored is None or upload is None or not upload.complete:
            raise unknown
        payload = parse_envelope(stored.envelope).payload
        header = parse_payload(payload, message_pb2.Message, thing="message").header
        if party not in {header.sender, *(r.party for r in header.recipients)}:
            raise unknown
        return owner, upload.size

    def _lock(self, party: str, sha256: bytes) -> asyncio.Lock:
        return self._locks.setdefault((party, sha256), asyncio.Lock())


def _require_digest(sha256: bytes) -> None:
    if len(sha256) != _DIGEST_BYTES:
        raise FieldInvalid({"sha256": "32 bytes"})
