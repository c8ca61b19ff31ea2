"""Waiting for messages over a stream that may break at any time.

The stream is opened again from the number of the last message that was handed over, for
as long as nobody closes the watch; the gateway's restart is a pause, not an error. A
stream on which nothing moves, not even a sign of life, is taken for dead.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol, Self

import grpc

from rogatory.errors import RogatoryError, Unavailable
from rogatory.transport._errors import facts_of
from rogatory.transport._patience import Patience
from rogatory.v1 import exchange_service_pb2, receipt_pb2

_log = logging.getLogger("rogatory")

SILENCE_S = 75.0
"""The gateway gives a sign of life every 30 s: two of them are missing."""

_PATROL_S = 5.0


class Stream(Protocol):
    """What a stream is to a watch; gRPC's own types leave most of it out."""

    def __next__(self) -> exchange_service_pb2.WatchInboxResponse:
        """Wait for the next answer."""
        ...

    def cancel(self) -> object:
        """End it."""
        ...


class Watch:
    """An iterator over what a party receives; `close` ends it from any thread."""

    def __init__(
        self,
        open_stream: Callable[[int], Stream],
        error_of: Callable[[grpc.RpcError], RogatoryError],
        *,
        party: str,
        after: int,
        patience: Patience,
    ) -> None:
        """Start behind a number.

        Args:
            open_stream: Opens a stream behind a number.
            error_of: Says what a broken stream stands for.
            party: Whose inbox it is.
            after: The number of the last message that was handled.
            patience: How long to pause before another attempt.
        """
        self._open = open_stream
        self._error_of = error_of
        self._party = party
        self._after = after
        self._patience = patience
        self._failed = 0
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._stream: Stream | None = None
        self._moved = time.monotonic()
        self._waits = False
        self._patrol = threading.Thread(target=self._watch_silence, daemon=True)
        self._patrol.start()

    def __iter__(self) -> Self:
        """Return itself."""
        return self

    def __next__(self) -> receipt_pb2.DeliveredMessage:
        """Wait for the next message.

        Raises:
            StopIteration: The watch was closed.
            RogatoryError: The gateway refuses the watch.
        """
        while not self._closed.is_set():
            try:
                message = self._next()
            except grpc.RpcError as broken:
                self._pause(self._error_of(broken), broken)
                continue
            if message is not None:
                return message
        raise StopIteration

    def close(self) -> None:
        """End the iteration."""
        with self._lock:
            self._closed.set()
            if self._stream is not None:
                self._stream.cancel()

    def _next(self) -> receipt_pb2.DeliveredMessage | None:
        """Wait for a message; None for a sign of life, or a stream that ended."""
        with self._lock:  # a stream that is opened after `close` would wait for ever
            if self._closed.is_set():
                return None
            if self._stream is None:
                self._stream = self._open(self._after)
            stream = self._stream
        self._moved = time.monotonic()
        self._waits = True
        try:
            answer = next(stream)
        except StopIteration:  # the gateway ended the stream in good order
            self._stream = None
            self._closed.wait(self._patience.spread(1))
            return None
        finally:
            self._waits = False
        self._failed = 0
        if not answer.HasField("message"):
            return None
        self._after = _number(answer.message, self._party) or self._after
        return answer.message

    def _pause(self, error: RogatoryError, broken: grpc.RpcError) -> None:
        """Wait before the next attempt, or raise what does not pass."""
        self._stream = None
        if self._closed.is_set():
            return
        call = facts_of(broken)
        cancelled = call is not None and call.code() is grpc.StatusCode.CANCELLED
        if not cancelled and not isinstance(error, Unavailable):
            raise error from broken
        self._failed += 1
        pause = self._patience.spread(self._failed)
        _log.info("watch: %s; trying again in %.1f s", error.reason, pause)
        self._closed.wait(pause)

    def _watch_silence(self) -> None:
        """Cancel a stream on which nothing moves while somebody waits for it."""
        while not self._closed.wait(_PATROL_S):
            stream = self._stream
            silent = time.monotonic() - self._moved > SILENCE_S
            if stream is not None and self._waits and silent:
                _log.info("watch: no sign of life; connecting again")
                stream.cancel()


def _number(message: receipt_pb2.DeliveredMessage, party: str) -> int | None:
    """Return the number under which the party received it, as the gateway says."""
    for opening in message.receipt.openings:
        inbox = opening.kind == receipt_pb2.OPENING_KIND_INBOX
        if inbox and opening.party == party:
            return opening.number
    return None
