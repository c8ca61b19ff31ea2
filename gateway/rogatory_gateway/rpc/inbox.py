"""WatchInbox: waiting for what one's party receives.

Runs on the event loop: a waiting client costs no thread. Delivery reads
committed rows only, so nothing is delivered that is not logged. The client's cursor is
the number of the last message it handled; a client that comes back gets what followed.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from rogatory.v1 import exchange_service_pb2 as pb
from rogatory.v1 import receipt_pb2
from rogatory_gateway.journal import Receipts
from rogatory_gateway.rpc.calls import AUDITOR, EXCHANGING, Call, Method
from rogatory_gateway.rpc.exchanges import SERVICE
from rogatory_gateway.store import Reader

_PAGE = 20
SIGN_OF_LIFE_S = 30.0


class Waiters:
    """Who waits for which party's messages; lives on one event loop."""

    def __init__(self) -> None:
        """Start without waiters."""
        self._events: dict[str, set[asyncio.Event]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def bind(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop on which waiters live."""
        self._loop = loop

    def wake(self, parties: frozenset[str]) -> None:
        """Wake the waiters of parties; callable from any thread."""
        if self._loop is not None:
            # Closed when the gateway stops: nobody waits then, and what was just
            # committed must still be answered.
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake, parties)

    def _wake(self, parties: frozenset[str]) -> None:
        for party in parties:
            for event in self._events.get(party, ()):
                event.set()

    @contextmanager
    def waiting(self, party: str) -> Iterator[asyncio.Event]:
        """Register a waiter."""
        event = asyncio.Event()
        self._events.setdefault(party, set()).add(event)
        try:
            yield event
        finally:
            waiters = self._events[party]
            waiters.discard(event)
            if not waiters:
                del self._events[party]


class Inboxes:
    """Handler of ExchangeService.WatchInbox."""

    def __init__(self, reader: Reader, receipts: Receipts, waiters: Waiters) -> None:
        """Read from a store, wait with others."""
        self._reader = reader
        self._receipts = receipts
        self._waiters = waiters

    def method(self) -> Method[Any]:
        """Return the method."""
        kinds = EXCHANGING | {AUDITOR}
        return Method(SERVICE, "WatchInbox", pb.WatchInboxRequest, self.watch, kinds)

    async def watch(
        self, request: pb.WatchInboxRequest, call: Call
    ) -> AsyncIterator[pb.WatchInboxResponse]:
        """Give what is there, then what comes, for as long as the caller listens."""
        party = call.peer.party
        cursor = request.after
        call.facts["delivered"] = 0
        with self._waiters.waiting(party) as event:
            while True:
                event.clear()  # before reading: what comes after the read sets it again
                page = await asyncio.to_thread(self._page, party, cursor)
                for message in page:
                    cursor = _number(message, party)
                    call.facts["delivered"] += 1
                    yield pb.WatchInboxResponse(message=message)
                if page:
                    continue
                try:
                    await asyncio.wait_for(event.wait(), SIGN_OF_LIFE_S)
                except TimeoutError:
                    yield pb.WatchInboxResponse()

    def _page(self, party: str, after: int) -> list[receipt_pb2.DeliveredMessage]:
        stored = self._reader.inbox(party, after, _PAGE)
        return self._receipts.deliveries(stored, party)


def _number(message: receipt_pb2.DeliveredMessage, party: str) -> int:
    for opening in message.receipt.openings:
        inbox = opening.kind == receipt_pb2.OPENING_KIND_INBOX
        if inbox and opening.party == party:
            return opening.number
    raise RuntimeError("a delivered message has an inbox number")
