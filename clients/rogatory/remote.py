"""The seam to a gateway: what clients need of it. The real one is `transport.Gateway`.

Everything that comes through here is hostile until the client has verified it. Every
method raises errors of `rogatory.errors` only, and is safe to repeat.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, Self, TypeAlias

from rogatory.v1 import (
    directory_service_pb2,
    exchange_service_pb2,
    receipt_pb2,
    section_pb2,
)

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the bytes done and the bytes in all."""


class InboxWatch(Protocol):
    """Messages as they arrive; ends only when it is closed."""

    def __iter__(self) -> Self:
        """Return itself."""
        ...

    def __next__(self) -> receipt_pb2.DeliveredMessage:
        """Wait for the next message."""
        ...

    def close(self) -> None:
        """End the iteration, also from another thread."""
        ...


class Remote(Protocol):
    """A gateway, reached as one party."""

    def submit(
        self, envelope: bytes, sealed: Sequence[section_pb2.SealedSection]
    ) -> receipt_pb2.Receipt:
        """Submit a message."""
        ...

    def get_exchange(self, exchange_id: str) -> exchange_service_pb2.Exchange:
        """Return the gateway's view of an exchange."""
        ...

    def list_exchanges(self) -> Iterator[exchange_service_pb2.Exchange]:
        """Yield our exchanges without parts, newest first."""
        ...

    def list_messages(self, exchange_id: str) -> Iterator[receipt_pb2.DeliveredMessage]:
        """Yield the messages of an exchange that we sent or received, oldest first."""
        ...

    def list_inbox(
        self, after: int, page_size: int = 10
    ) -> Sequence[receipt_pb2.DeliveredMessage]:
        """Return a page of what we received, oldest first."""
        ...

    def watch_inbox(self, after: int) -> InboxWatch:
        """Wait for what we receive; reconnects by itself."""
        ...

    def list_statements(
        self, after_index: int
    ) -> Sequence[directory_service_pb2.LoggedStatement]:
        """Return statements logged after an index; empty when there are no more."""
        ...

    def get_checkpoint(self) -> bytes:
        """Return the newest checkpoint."""
        ...

    def get_tile(self, level: int, index: int, width: int, /) -> bytes:
        """Return the first hashes of a tile."""
        ...

    def get_entry_bundle(self, index: int, width: int) -> bytes:
        """Return the first entries of a bundle."""
        ...

    def get_inclusion_proof(self, index: int) -> bytes:
        """Return the tlog-proof of an entry."""
        ...

    def get_consistency_proof(self, old_size: int) -> tuple[Sequence[bytes], bytes]:
        """Return the path from an older tree, and the newest checkpoint it leads to."""
        ...

    def upload(
        self, path: Path, sha256: bytes, size: int, progress: Progress | None = None
    ) -> None:
        """Upload an encrypted file, from where an earlier attempt came to."""
        ...

    def download(
        self,
        exchange_id: str,
        sha256: bytes,
        target: Path,
        *,
        size: int,
        progress: Progress | None = None,
    ) -> None:
        """Download an encrypted file; `target` appears when it is whole and right."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...
