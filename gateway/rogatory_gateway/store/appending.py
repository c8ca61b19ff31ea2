"""One append: what is read and written while the head's lock is held."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from rogatory.tlog import Tile
from rogatory_gateway.store import tables

_Insert = TypeVar("_Insert", sqlite.Insert, postgresql.Insert)


@dataclass(frozen=True, slots=True)
class Head:
    """The log's head.

    Attributes:
        size: Number of entries.
        root: Their RFC 6962 root.
        time: Time of the newest entry, Unix seconds.
        checkpoint: The signed checkpoint of this size.
        directory_index: Index of the newest `directory` entry.
        profiles_index: Index of the newest `profiles` entry.
    """

    size: int
    root: bytes
    time: int
    checkpoint: bytes
    directory_index: int | None
    profiles_index: int | None


@dataclass(slots=True)
class Rows:
    """Rows to be written in one append, by table.

    `exchange` and `counter` hold whole new values and replace what is there.
    """

    entry: list[dict[str, Any]] = field(default_factory=list)
    statement: list[dict[str, Any]] = field(default_factory=list)
    message: list[dict[str, Any]] = field(default_factory=list)
    section: list[dict[str, Any]] = field(default_factory=list)
    delivery: list[dict[str, Any]] = field(default_factory=list)
    participation: list[dict[str, Any]] = field(default_factory=list)
    blob_grant: list[dict[str, Any]] = field(default_factory=list)
    exchange: dict[str, dict[str, Any]] = field(default_factory=dict)
    counter: dict[str, dict[str, Any]] = field(default_factory=dict)


class Appending:
    """Reads and writes under the head's lock."""

    def __init__(self, connection: Connection) -> None:
        """Use a connection whose transaction holds the lock."""
        self._connection = connection

    def head(self) -> Head | None:
        """Return the head; None while the log is empty."""
        row = self._connection.execute(HEAD_QUERY).one_or_none()
        return Head(*row) if row else None

    def known_messages(self, ids: Iterable[str]) -> dict[str, tuple[int, bytes]]:
        """Return (index, payload digest) of those message ids that are logged."""
        t = tables.message.c
        query = select(t.message_id, t.idx, t.payload_digest)
        rows = self._connection.execute(query.where(t.message_id.in_(list(ids))))
        return {message_id: (idx, digest) for message_id, idx, digest in rows}

    def exchange_versions(self, ids: Iterable[str]) -> dict[str, tuple[int, int, int]]:
        """Return (version, first index, create time) of those exchanges that exist."""
        t = tables.exchange.c
        query = select(t.exchange_id, t.version, t.first_idx, t.create_time)
        rows = self._connection.execute(query.where(t.exchange_id.in_(list(ids))))
        return {row[0]: (row[1], row[2], row[3]) for row in rows}

    def counters(self, parties: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Return (sent, received) of those parties that have any."""
        t = tables.counter.c
        query = select(t.party, t.sent, t.received)
        rows = self._connection.execute(query.where(t.party.in_(list(parties))))
        return {party: (sent, received) for party, sent, received in rows}

    def tile(self, level: int, index: int) -> bytes:
        """Return a tile's hashes; empty if there is none."""
        t = tables.tile.c
        query = select(t.hashes).where(t.level == level, t.idx == index)
        return self._connection.execute(query).scalar_one_or_none() or b""

    def write(self, head: Head, rows: Rows, tiles: Sequence[Tile]) -> None:
        """Write the new head and everything that it covers."""
        for name in ("entry", "statement", "message", "section", "delivery"):
            self._insert(tables.metadata.tables[name], getattr(rows, name))
        self._upsert(tables.participation, rows.participation)
        self._upsert(tables.grant, rows.blob_grant)
        self._upsert(
            tables.exchange,
            [{"exchange_id": key, **value} for key, value in rows.exchange.items()],
        )
        self._upsert(
            tables.counter,
            [{"party": party, **value} for party, value in rows.counter.items()],
        )
        self._upsert(
            tables.tile,
            [{"level": t.level, "idx": t.index, "hashes": t.hashes} for t in tiles],
        )
        self._upsert(tables.head, [_head_row(head)])

    def announce_upload(self, party: str, sha256: bytes, size: int) -> None:
        """Note an upload, unless it is known."""
        known = select(tables.upload.c.size).where(
            tables.upload.c.party == party, tables.upload.c.sha256 == sha256
        )
        if self._connection.execute(known).one_or_none() is None:
            row = {"party": party, "sha256": sha256, "size": size, "complete": 0}
            self._insert(tables.upload, [row])

    def complete_upload(self, party: str, sha256: bytes) -> None:
        """Note that an upload is whole."""
        t = tables.upload.c
        self._connection.execute(
            update(tables.upload)
            .where(t.party == party, t.sha256 == sha256)
            .values(complete=1)
        )

    def _insert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            self._connection.execute(insert(table), rows)

    def _upsert(self, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            statement = _UPSERTS[self._connection.dialect.name, table.name]
            self._connection.execute(statement, rows)


def _head_row(head: Head) -> dict[str, Any]:
    return {
        "id": 1,
        "size": head.size,
        "root": head.root,
        "time": head.time,
        "checkpoint": head.checkpoint,
        "directory_index": head.directory_index,
        "profiles_index": head.profiles_index,
    }


HEAD_QUERY = select(
    tables.head.c.size,
    tables.head.c.root,
    tables.head.c.time,
    tables.head.c.checkpoint,
    tables.head.c.directory_index,
    tables.head.c.profiles_index,
)


def _upsert_statement(statement: _Insert, table: Table) -> _Insert:
    values = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if not column.primary_key
    }
    keys = list(table.primary_key.columns)
    return statement.on_conflict_do_update(index_elements=keys, set_=values)


_UPSERTED = (
    tables.participation,
    tables.grant,
    tables.exchange,
    tables.counter,
    tables.tile,
    tables.head,
)
_UPSERTS: dict[tuple[str, str], sqlite.Insert | postgresql.Insert] = {}
for _table in _UPSERTED:
    _UPSERTS["sqlite", _table.name] = _upsert_statement(sqlite.insert(_table), _table)
    _UPSERTS["postgresql", _table.name] = _upsert_statement(
        postgresql.insert(_table), _table
    )
