"""Connections: SQLite in WAL mode with full durability.

One engine reads, in as many threads as needed, and never waits for the other, which
writes with `BEGIN IMMEDIATE`: the write lock is the head's lock.
"""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

_WAL_PAGES = 4_000
"""Checkpoint of the WAL about every 16 MB: rare, and short enough not to be felt."""

_BUSY_S = 30.0
"""How long a writer waits for another process' write lock before it gives up."""

_READERS = 16


def sqlite_url(path: Path) -> URL:
    """Return the URL of a database file."""
    return URL.create("sqlite", database=str(path))


def reading_engine(url: URL) -> Engine:
    """Return an engine whose transactions read one snapshot each."""
    engine = create_engine(
        url,
        pool_size=_READERS,
        max_overflow=2 * _READERS,
        connect_args={"timeout": _BUSY_S},
    )
    _configure(engine, begin="BEGIN")
    return engine


def writing_engine(url: URL) -> Engine:
    """Return an engine whose transactions hold the write lock from their start."""
    engine = create_engine(
        url, pool_size=1, max_overflow=0, connect_args={"timeout": _BUSY_S}
    )
    _configure(engine, begin="BEGIN IMMEDIATE")
    return engine


def _configure(engine: Engine, *, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:
        # The driver's own transaction handling would begin late and without the lock.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # An answered message must survive a power cut: fsync at every commit.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA trusted_schema=OFF")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql(begin)
