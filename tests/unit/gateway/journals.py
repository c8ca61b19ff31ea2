"""What the journal's tests share."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from rogatory.lifecycle import advance
from rogatory_gateway.journal import Basis, Submission
from rogatory_gateway.journal.journal import MAX_BATCH, _Waiting
from rogatory_gateway.journal.planning import AlreadyLogged, Logged
from tests.support.logroom import LogRoom
from tests.support.messages import Signed
from tests.support.waiting import until

GENESIS = 3
"""Entries of a fresh log: start, directory, profiles."""


@contextmanager
def held_lock(room: LogRoom) -> Iterator[None]:
    """Hold the head's lock, so that whoever appends waits."""
    with room.store._writer.begin():
        yield


def append_together(
    room: LogRoom, messages: list[Signed]
) -> list[tuple[Logged, bytes] | AlreadyLogged]:
    """Append from a thread each, so that all but the first wait for one batch."""
    tickets = [room.admit(signed) for signed in messages]
    with ThreadPoolExecutor(len(tickets)) as pool:
        with held_lock(room):
            futures = [pool.submit(room.journal.append, t) for t in tickets]
            waiting = room.journal._waiting
            until(lambda: len(waiting) == len(tickets) - 1, "all but the leader wait")
        return [future.result() for future in futures]


def grow(room: LogRoom, size: int) -> None:
    """Let a log grow to a size, quickly: by copies of one ticket under other ids."""
    while room.size() < size:
        count = min(MAX_BATCH, size - room.size())
        batch = [_Waiting(_fresh_ticket(room)) for _ in range(count)]
        room.journal._waiting.extend(batch)
        room.journal._writing = True
        room.journal._lead()


def _fresh_ticket(room: LogRoom) -> Submission:
    """Return an admitted message; its signature is not looked at again."""
    signed = room.office.removal_request(1, sections={})
    message = room.office.verified(signed)
    digest = hashlib.sha256(message.envelope.payload).digest()
    state = advance(None, message, room.office.directory)
    return Submission(message, digest, [], (), state, Basis(1, 2, 0))
