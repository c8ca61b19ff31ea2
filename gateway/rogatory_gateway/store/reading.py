"""Reading: every method is one snapshot of committed rows, in any thread."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, select

from rogatory.lifecycle import ExchangeState
from rogatory_gateway.store import tables
from rogatory_gateway.store.appending import HEAD_QUERY, Head
from rogatory_gateway.store.engine import failures_named
from rogatory_gateway.store.states import decode_state

_MAX_INTEGER = 2**63 - 1
"""The databases have no greater one; a caller's cursor (uint64) may be."""


@dataclass(frozen=True, slots=True)
class StoredMessage:
    """A logged message with what a receipt needs.

    Attributes:
        index: Log index.
        exchange_id: Its exchange.
        position: Its place in the exchange; -1 for the gateway's own words.
        sender: Party id.
        envelope: Exact bytes.
        entry: The log entry's bytes.
        openings: A Receipt's bytes that holds every opening.
        sealed_digests: Digests of all ciphertexts, 32 B each.
    """

    index: int
    exchange_id: str
    position: int
    sender: str
    envelope: bytes
    entry: bytes
    openings: bytes
    sealed_digests: bytes


@dataclass(frozen=True, slots=True)
class StoredExchange:
    """An exchange's state with its place in the log."""

    first_index: int
    create_time: int
    update_time: int
    state: ExchangeState


@dataclass(frozen=True, slots=True)
class Upload:
    """An evidence file on its way, or wholly there."""

    size: int
    complete: bool


class Reader:
    """Reads of one store; each raises `LogUnavailable` where that is not possible."""

    def __init__(self, engine: Engine) -> None:
        """Read through an engine."""
        self._engine = engine

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with (
            failures_named("store", expected="a readable store"),
            self._engine.connect() as connection,
        ):
            yield connection

    def head(self) -> Head | None:
        """Return the head; None while the log is empty."""
        with self._snapshot() as connection:
            row = connection.execute(HEAD_QUERY).one_or_none()
        return Head(*row) if row else None

    def tile(self, level: int, index: int) -> bytes:
        """Return a tile's hashes; empty if there is none."""
        t = tables.tile.c
        query = select(t.hashes).where(t.level == level, t.idx == index)
        with self._snapshot() as connection:
            return connection.execute(query).scalar_one_or_none() or b""

    def entries(self, start: int, end: int) -> list[bytes]:
        """Return the entries from `start` up to, not including, `end`."""
        t = tables.entry.c
        query = select(t.body).where(t.idx >= start, t.idx < end).order_by(t.idx)
        with self._snapshot() as connection:
            return list(connection.execute(query).scalars())

    def statements(self, after: int, limit: int) -> list[tuple[int, str, bytes, bytes]]:
        """Return (index, kind, envelope, entry) of statements after an index."""
        t = tables.statement.c
        query = (
            select(t.idx, t.kind, t.envelope, tables.entry.c.body)
            .join(tables.entry, tables.entry.c.idx == t.idx)
            .where(t.idx > min(after, _MAX_INTEGER))
            .order_by(t.idx)
            .limit(limit)
        )
        with self._snapshot() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def message_by_id(self, message_id: str) -> tuple[StoredMessage, bytes] | None:
        """Return a message and its payload digest, by message id."""
        t = tables.message.c
        query = _MESSAGE.add_columns(t.payload_digest).where(t.message_id == message_id)
        with self._snapshot() as connection:
            row = connection.execute(query).one_or_none()
        return (_message(row), row[-1]) if row else None

    def message_at(self, index: int) -> StoredMessage | None:
        """Return the message at a log index, if there is one."""
        query = _MESSAGE.where(tables.message.c.idx == index)
        with self._snapshot() as connection:
            row = connection.execute(query).one_or_none()
        return _message(row) if row else None

    def messages(self, exchange_id: str, after: int, limit: int) -> list[StoredMessage]:
        """Return messages of an exchange after a position, oldest first."""
        t = tables.message.c
        query = (
            _MESSAGE.where(t.exchange_id == exchange_id, t.position > after)
            .order_by(t.position)
            .limit(limit)
        )
        with self._snapshot() as connection:
            return [_message(row) for row in connection.execute(query)]

    def inbox(self, party: str, after: int, limit: int) -> list[StoredMessage]:
        """Return what a party received after its number `after`, oldest first."""
        t = tables.delivery.c
        query = (
            _MESSAGE.join(tables.delivery, t.idx == tables.message.c.idx)
            .where(t.party == party, t.number > min(after, _MAX_INTEGER))
            .order_by(t.number)
            .limit(limit)
        )
        with self._snapshot() as connection:
            return [_message(row) for row in connection.execute(query)]

    def sections(self, index: int, party: str) -> list[tuple[str, str, bytes, bytes]]:
        """Return (name, party, key id, ciphertext) of a message sealed to a party."""
        t = tables.section.c
        query = (
            select(t.name, t.party, t.key_id, t.ciphertext)
            .where(t.idx == index, t.party == party)
            .order_by(t.ordinal)
        )
        with self._snapshot() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def exchange(self, exchange_id: str) -> StoredExchange | None:
        """Return an exchange."""
        query = _EXCHANGE.where(tables.exchange.c.exchange_id == exchange_id)
        with self._snapshot() as connection:
            row = connection.execute(query).one_or_none()
        return _exchange(row) if row else None

    def exchanges(
        self, party: str, before: int | None, limit: int
    ) -> list[StoredExchange]:
        """Return a party's exchanges begun before a log index, newest first."""
        t = tables.participation.c
        query = (
            _EXCHANGE.join(
                tables.participation, t.exchange_id == tables.exchange.c.exchange_id
            )
            .where(t.party == party)
            .order_by(t.first_idx.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(t.first_idx < before)
        with self._snapshot() as connection:
            return [_exchange(row) for row in connection.execute(query)]

    def uploads(self, party: str, digests: list[bytes]) -> dict[bytes, int]:
        """Return sizes of those evidence files that the party uploaded wholly."""
        t = tables.upload.c
        query = select(t.sha256, t.size).where(
            t.party == party, t.sha256.in_(digests), t.complete == 1
        )
        with self._snapshot() as connection:
            return {row.sha256: row.size for row in connection.execute(query)}

    def upload(self, party: str, sha256: bytes) -> Upload | None:
        """Return an upload of a party."""
        t = tables.upload.c
        query = select(t.size, t.complete).where(t.party == party, t.sha256 == sha256)
        with self._snapshot() as connection:
            row = connection.execute(query).one_or_none()
        return Upload(row[0], bool(row[1])) if row else None

    def grant(self, exchange_id: str, sha256: bytes) -> tuple[str, int] | None:
        """Return who uploaded a file, and the index of the message that names it."""
        t = tables.grant.c
        query = select(t.owner, t.idx).where(
            t.exchange_id == exchange_id, t.sha256 == sha256
        )
        with self._snapshot() as connection:
            row = connection.execute(query).one_or_none()
        return (row[0], row[1]) if row else None


_MESSAGE: Select[Any] = select(
    tables.message.c.idx,
    tables.message.c.exchange_id,
    tables.message.c.position,
    tables.message.c.sender,
    tables.message.c.envelope,
    tables.entry.c.body,
    tables.message.c.openings,
    tables.message.c.sealed_digests,
).join(tables.entry, tables.entry.c.idx == tables.message.c.idx)

_EXCHANGE: Select[Any] = select(
    tables.exchange.c.first_idx,
    tables.exchange.c.create_time,
    tables.exchange.c.update_time,
    tables.exchange.c.state,
)


_MESSAGE_COLUMNS = 8


def _message(row: Row[Any]) -> StoredMessage:
    return StoredMessage(*row[:_MESSAGE_COLUMNS])


def _exchange(row: Row[Any]) -> StoredExchange:
    state = decode_state(row.state)
    return StoredExchange(row.first_idx, row.create_time, row.update_time, state)
