"""LogService: the log in the formats of C2SP."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from rogatory.errors import NotFound
from rogatory.tlog import consistency_path, encode_bundle
from rogatory.v1 import log_service_pb2 as pb
from rogatory_gateway.journal import Receipts
from rogatory_gateway.rpc.calls import ENROLLED, Call, Method
from rogatory_gateway.store import Reader

SERVICE = "rogatory.v1.LogService"
_TILE = 256
_MAX_LEVEL = 5


def _method(
    name: str, request: type[Message], run: Callable[[Any, Call], Message]
) -> Method[Any]:
    return Method(SERVICE, name, request, run, ENROLLED)


class LogReads:
    """Handlers of LogService."""

    def __init__(self, reader: Reader, receipts: Receipts) -> None:
        """Read from a store."""
        self._reader = reader
        self._receipts = receipts

    def methods(self) -> list[Method[Any]]:
        """Return the service's methods."""
        return [
            _method("GetCheckpoint", pb.GetCheckpointRequest, self.checkpoint),
            _method("GetTile", pb.GetTileRequest, self.tile),
            _method("GetEntryBundle", pb.GetEntryBundleRequest, self.bundle),
            _method("GetInclusionProof", pb.GetInclusionProofRequest, self.inclusion),
            _method(
                "GetConsistencyProof", pb.GetConsistencyProofRequest, self.consistency
            ),
        ]

    def checkpoint(
        self, _request: pb.GetCheckpointRequest, _call: Call
    ) -> pb.GetCheckpointResponse:
        """Return the newest checkpoint."""
        return pb.GetCheckpointResponse(checkpoint=self._receipts.head().checkpoint)

    def tile(self, request: pb.GetTileRequest, _call: Call) -> pb.GetTileResponse:
        """Return a tile, or its first hashes."""
        if request.level > _MAX_LEVEL or not 1 <= request.width <= _TILE:
            raise NotFound("tile", expected=f"level 0 to {_MAX_LEVEL}, width 1 to 256")
        covered = self._receipts.head().size >> (8 * request.level)
        if request.index * _TILE + request.width > covered:
            raise NotFound("tile", expected="one that the newest checkpoint covers")
        hashes = self._receipts.read_tile(request.level, request.index, request.width)
        return pb.GetTileResponse(tile=hashes)

    def bundle(
        self, request: pb.GetEntryBundleRequest, _call: Call
    ) -> pb.GetEntryBundleResponse:
        """Return a bundle of entries, or its first ones."""
        start = request.index * _TILE
        if not 1 <= request.width <= _TILE:
            raise NotFound("bundle", expected="width 1 to 256")
        if start + request.width > self._receipts.head().size:
            raise NotFound("bundle", expected="one that the newest checkpoint covers")
        entries = self._reader.entries(start, start + request.width)
        return pb.GetEntryBundleResponse(bundle=encode_bundle(entries))

    def inclusion(
        self, request: pb.GetInclusionProofRequest, _call: Call
    ) -> pb.GetInclusionProofResponse:
        """Return the proof of an entry against the newest checkpoint."""
        head = self._receipts.head()
        if request.index >= head.size:
            raise NotFound("entry", expected=f"an index below {head.size}")
        proof = self._receipts.proof(request.index, head)
        return pb.GetInclusionProofResponse(proof=proof)

    def consistency(
        self, request: pb.GetConsistencyProofRequest, _call: Call
    ) -> pb.GetConsistencyProofResponse:
        """Return the proof that the newest checkpoint extends an older tree."""
        head = self._receipts.head()
        if not 1 <= request.old_size <= head.size:
            raise NotFound("old_size", expected=f"1 to {head.size}")
        path = consistency_path(self._receipts.read_tile, request.old_size, head.size)
        return pb.GetConsistencyProofResponse(path=path, checkpoint=head.checkpoint)
