"""Connections: SQLite in WAL mode with full durability.

One engine reads, in as many threads as needed, and never waits for the other, which
writes with `BEGIN IMMEDIATE`: the write lock is the head's lock.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from rogatory.errors import LogUnavailable

_WAL_PAGES = 4_000
"""Checkpoint of the WAL about every 16 MB: rare, and short enough not to be felt."""

_BUSY_S = 30.0
"""How long a writer waits for another process' write lock before it gives up."""

_READERS = 16


def sqlite_url(path: Path) -> URL:
    """Return the URL of a database file."""
    return URL.create("sqlite", database=str(path))


@contextmanager
def failures_named(thing: str, *, expected: str) -> Iterator[None]:
    """Turn whatever the database cannot do into the one error for it.

    Raises:
        LogUnavailable: Disk full or broken, file gone, lock or connections held by
            others for too long.
    """
    try:
        yield
    except DBAPIError as error:
        got = f"the database's {type(error.orig).__name__}"
        raise LogUnavailable(thing, expected=expected, got=got) from error
    except PoolTimeout as error:
        raise LogUnavailable(thing, expected=expected, got="no connection") from error


def reading_engine(url: URL) -> Engine:
    """Return an engine whose transactions read one snapshot each."""
    engine = create_engine(
        url,
        pool_size=_READERS,
        max_overflow=2 * _READERS,
        connect_args={"timeout": _BUSY_S},
        hide_parameters=True,  # never in a text, where a log could catch them
    )
    _configure(engine, begin="BEGIN")
    return engine


def writing_engine(url: URL) -> Engine:
    """Return an engine whose transactions hold the write lock from their start."""
    engine = create_engine(
        url,
        pool_size=1,
        max_overflow=0,
        connect_args={"timeout": _BUSY_S},
        hide_parameters=True,
    )
    _configure(engine, begin="BEGIN IMMEDIATE")
    return engine


def _configure(engine: Engine, *, begin: str) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: sqlite3.Connection, _record: object) -> None:
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
    def _on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)
