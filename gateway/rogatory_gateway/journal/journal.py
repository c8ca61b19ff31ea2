"""The journal: whatever waits is one batch, written by whoever comes first.

Order of safety: verify (admission, before) → append durably → answer → deliver. The
thread that finds nobody writing leads: it takes what waits, appends it in one
transaction under the head's lock, signs the new checkpoint in that transaction, and
after the commit hands each waiting thread its receipt; then the first that came in the
meantime leads. No timer, no thread of its own.

A commit that fails may have happened. Nothing of it is released then: every waiting
thread gets `LogUnavailable`, and the next batch reloads the head. The callers send the
same messages again, and the message id decides.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from rogatory.errors import (
    LogDamaged,
    LogStopped,
    LogUnavailable,
    Overloaded,
    RogatoryError,
)
from rogatory.tlog import (
    Edge,
    Growth,
    StartEntry,
    TlogProof,
    edge_of,
    encode_entry,
    encode_proof,
    leaf_hash,
    verify_checkpoint,
)
from rogatory_gateway.journal.keys import LogKeys
from rogatory_gateway.journal.planning import (
    SALT_BYTES,
    AlreadyLogged,
    Changed,
    Found,
    Logged,
    Plan,
    Planner,
    Statement,
    Submission,
    entry_time,
    salts_needed,
)
from rogatory_gateway.store import Appending, Head, Rows, Store

MAX_BATCH = 256
"""Entries of one transaction: bounds its time, and it is one tile."""

MAX_WAITING = 4_096
"""Beyond this, submissions are refused with RESOURCE_EXHAUSTED."""

_RETRY_S = "1"

Ticket: TypeAlias = Submission | Statement
Listener: TypeAlias = Callable[[frozenset[str]], None]


class Readmit(Exception):
    """Directory, profiles or exchange changed: admit the message again."""


@dataclass(slots=True)
class _Waiting:
    ticket: Ticket
    wake: threading.Event = field(default_factory=threading.Event)
    result: tuple[Logged, bytes] | AlreadyLogged | Changed | RogatoryError | None = None


class Journal:
    """Appends to one log."""

    def __init__(
        self, store: Store, keys: LogKeys, clock: Callable[[], datetime]
    ) -> None:
        """Verify the store's head against its keys and tiles, and take it over.

        Raises:
            LogStopped: There is no log, or its head does not hold.
        """
        self._store = store
        self._keys = keys
        self._clock = clock
        self._mutex = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._writing = False
        self._edge: Edge | None = None
        self._released = (0, b"")
        self._stopped: LogStopped | None = None
        self._listeners: list[Listener] = []
        with store.appending() as tx:
            self._load(tx)

    def on_commit(self, listener: Listener) -> None:
        """Have a function called, after each commit, with who received something.

        It runs in a submitting thread and must return at once.
        """
        self._listeners.append(listener)

    def append(self, ticket: Ticket) -> tuple[Logged, bytes] | AlreadyLogged:
        """Log one ticket durably.

        Returns:
            Its place and its tlog-proof; or where the same message id was logged.

        Raises:
            Readmit: What admission relied on has changed.
            Overloaded: Too much is waiting.
            LogUnavailable: The store cannot be written; the outcome may be unknown.
            LogStopped: The log refuses to sign.
        """
        waiting = _Waiting(ticket)
        with self._mutex:
            if len(self._waiting) >= MAX_WAITING:
                raise Overloaded(
                    "log queue",
                    expected=f"at most {MAX_WAITING} waiting",
                    metadata={"retry_after_s": _RETRY_S},
                )
            self._waiting.append(waiting)
            leads = not self._writing
            self._writing = True
        if not leads:
            waiting.wake.wait()
        if waiting.result is None:
            self._lead()
        result = waiting.result
        if isinstance(result, RogatoryError):
            raise result.with_traceback(None)
        if isinstance(result, Changed):
            raise Readmit
        if result is None:
            raise AssertionError("a ticket whose batch was written has its outcome")
        return result

    def _lead(self) -> None:
        """Write one batch, answer it, and promote whoever waits next."""
        with self._mutex:
            count = min(MAX_BATCH, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(count)]
        try:
            parties = self._write(batch)
        except RogatoryError as error:
            parties = frozenset[str]()
            for waiting in batch:
                waiting.result = error
        except BaseException:
            # Our own mistake: this thread reports it; no other may wait for ever.
            for waiting in batch:
                waiting.result = LogUnavailable("log", got="an internal failure")
            raise
        finally:
            with self._mutex:
                successor = self._waiting[0] if self._waiting else None
                self._writing = successor is not None
            for waiting in batch:
                waiting.wake.set()
            if successor is not None:
                successor.wake.set()
        if parties:
            for listener in self._listeners:
                listener(parties)

    def _write(self, batch: list[_Waiting]) -> frozenset[str]:
        if self._stopped is not None:
            raise self._stopped
        edge, self._edge = self._edge, None  # unknown until the commit is certain
        with self._store.appending() as tx:
            head = self._head(tx)
            if edge is None or edge.size != head.size:
                edge = self._load(tx)
            plan = self._plan(tx, head, [waiting.ticket for waiting in batch])
            growth = edge.extend([leaf_hash(entry) for entry in plan.entries])
            if plan.entries:
                head = self._sign(head, growth, plan)
                tx.write(head, plan.rows, growth.tiles)
            # A crash here leaves the head as it was; the callers will send again.
        self._edge, self._released = growth.edge, (head.size, head.root)
        for waiting, outcome in zip(batch, plan.outcomes, strict=True):
            if isinstance(outcome, Logged):
                path = growth.inclusion_path(outcome.index)
                proof = TlogProof(outcome.index, tuple(path), head.checkpoint)
                waiting.result = (outcome, encode_proof(proof))
            else:
                waiting.result = outcome
        return frozenset(plan.parties)

    def _head(self, tx: Appending) -> Head:
        """Return the head under the lock, which never falls behind what was released.

        Raises:
            LogStopped: There is none, an older one (a restored backup, say), or
                another one of that size.
        """
        head = tx.head()
        if head is None:
            raise self._stop("log", expected="a log made by `init`", got="no head")
        size, root = self._released
        if head.size < size:
            got = f"size {head.size}"
            raise self._stop("head", expected=f"size {size} or more", got=got)
        if head.size == size and head.root != root:
            raise self._stop("head", expected=f"the root released at size {size}")
        return head

    def _plan(self, tx: Appending, head: Head, tickets: list[Ticket]) -> Plan:
        headers = [t.message.header for t in tickets if isinstance(t, Submission)]
        parties = {h.sender for h in headers}
        parties |= {r.party for h in headers for r in h.recipients}
        found = Found(
            tx.known_messages({h.message_id for h in headers}),
            tx.exchange_versions({h.exchange_id for h in headers}),
            tx.counters(parties),
        )
        salts = os.urandom(SALT_BYTES * sum(salts_needed(t) for t in tickets))
        time = entry_time(self._clock(), head.time)
        planner = Planner(head, found, time, salts)
        for ticket in tickets:
            planner.add(ticket)
        return planner.finish()

    def _sign(self, head: Head, growth: Growth, plan: Plan) -> Head:
        size = head.size + len(plan.entries)
        return Head(
            size,
            growth.root,
            plan.time,
            self._keys.sign(size, growth.root, plan.time),
            plan.directory_index,
            plan.profiles_index,
        )

    def _load(self, tx: Appending) -> Edge:
        """Read the tree's right edge and verify it against the signed head."""
        head = self._head(tx)
        try:
            signed = verify_checkpoint(
                head.checkpoint, self._keys.verifier_keys, origin=self._keys.origin
            )
        except RogatoryError as error:
            raise self._stop("head", expected="signed by this log's keys") from error
        if (signed.size, signed.root) != (head.size, head.root):
            raise self._stop("head", expected="the size and root that it signed")

        def read(level: int, index: int, width: int) -> bytes:
            return tx.tile(level, index)[: 32 * width]

        try:
            edge = edge_of(read, head.size)
        except LogDamaged as error:
            raise self._stop("tiles", expected="those of the signed head") from error
        if edge.root() != head.root:
            raise self._stop("tiles", expected="the root of the signed head")
        self._edge, self._released = edge, (head.size, head.root)
        return edge

    def _stop(self, thing: str, *, expected: str, got: str = "") -> LogStopped:
        self._stopped = LogStopped(thing, expected=expected, got=got)
        return self._stopped


def begin_log(store: Store, keys: LogKeys, time: datetime) -> None:
    """Write entry 0, `start`, into an empty store.

    Raises:
        LogDamaged: The store has a log already.
    """
    when = datetime.fromtimestamp(int(time.timestamp()), UTC)
    vkeys = tuple(keys.verifier_keys)
    entry = encode_entry(
        StartEntry(time=when, origin=keys.origin, vkeys=vkeys, previous=None)
    )
    growth = Edge.empty().extend([leaf_hash(entry)])
    unix = int(when.timestamp())
    with store.appending() as tx:
        if tx.head() is not None:
            raise LogDamaged("store", expected="no log yet")
        checkpoint = keys.sign(1, growth.root, unix)
        head = Head(1, growth.root, unix, checkpoint, None, None)
        tx.write(head, Rows(entry=[{"idx": 0, "body": entry}]), growth.tiles)


def append_all(journal: Journal, statements: Iterable[Statement]) -> list[int]:
    """Log statements one after the other; return their indices."""
    indices = []
    for statement in statements:
        result = journal.append(statement)
        if isinstance(result, AlreadyLogged):
            raise AssertionError("statements have no message id")  # noqa: TRY004
        indices.append(result[0].index)
    return indices
