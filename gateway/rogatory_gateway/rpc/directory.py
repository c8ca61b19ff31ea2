"""DirectoryService: the logged statements."""

from typing import Any

from rogatory.v1 import directory_service_pb2 as pb
from rogatory_gateway.rpc.calls import ENROLLED, Call, Method
from rogatory_gateway.store import Reader

SERVICE = "rogatory.v1.DirectoryService"
_PAGE = 15
"""Statements of at most 256 KiB each stay under the 4 MiB of an answer."""


class DirectoryStatements:
    """Handlers of DirectoryService."""

    def __init__(self, reader: Reader) -> None:
        """Read from a store."""
        self._reader = reader

    def methods(self) -> list[Method[Any]]:
        """Return the service's methods."""
        return [
            Method(
                SERVICE,
                "ListStatements",
                pb.ListStatementsRequest,
                self.list_statements,
                ENROLLED,
            )
        ]

    def list_statements(
        self, request: pb.ListStatementsRequest, _call: Call
    ) -> pb.ListStatementsResponse:
        """Return statements after a log index."""
        rows = self._reader.statements(request.after_index, _PAGE)
        return pb.ListStatementsResponse(
            statements=[
                pb.LoggedStatement(index=index, envelope=envelope, entry=entry)
                for index, _, envelope, entry in rows
            ]
        )
