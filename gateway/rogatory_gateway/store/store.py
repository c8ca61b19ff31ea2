"""Opening and creating a store.

A store is created once, explicitly; opening one that does not exist, or whose schema is
not the one of this version, is refused.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, insert, select
from sqlalchemy.exc import DBAPIError

from rogatory.errors import (
    ConfigInvalid,
    DevelopmentOnly,
    StoreExists,
)
from rogatory_gateway.store.appending import Appending
from rogatory_gateway.store.engine import (
    failures_named,
    reading_engine,
    sqlite_url,
    writing_engine,
)
from rogatory_gateway.store.reading import Reader, Upload
from rogatory_gateway.store.tables import setting

_MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(slots=True)
class Store:
    """An open store.

    Attributes:
        origin: Origin of the log in it.
        dev: Made for development, with throw-away keys.
        read: Reads; safe in any thread.
    """

    origin: str
    dev: bool
    read: Reader
    _writer: Engine
    _reader: Engine

    @contextmanager
    def appending(self) -> Iterator[Appending]:
        """Hold the head's lock and append; leaving the block commits durably.

        Raises:
            LogUnavailable: The database cannot be written (disk full, lock held by
                another process, file gone). Whether a commit that was under way
                happened is unknown then: reload before answering anything.
        """
        with (
            failures_named("log", expected="a writable store"),
            self._writer.begin() as connection,
        ):
            yield Appending(connection)

    def upload(self, party: str, sha256: bytes) -> Upload | None:
        """Return an upload of a party."""
        return self.read.upload(party, sha256)

    def announce_upload(self, party: str, sha256: bytes, size: int) -> Upload:
        """Note an upload, unless it is known; return what is known of it."""
        known = self.read.upload(party, sha256)
        if known is not None:
            return known
        with self.appending() as tx:
            tx.announce_upload(party, sha256, size)
        announced = self.read.upload(party, sha256)
        if announced is None:
            raise AssertionError("an upload that was committed can be read")
        return announced

    def complete_upload(self, party: str, sha256: bytes) -> None:
        """Note that an upload is whole and durable."""
        with self.appending() as tx:
            tx.complete_upload(party, sha256)

    def close(self) -> None:
        """Close every connection."""
        self._writer.dispose()
        self._reader.dispose()


def create_store(path: Path, *, origin: str, dev: bool) -> Store:
    """Create an empty store for a log.

    Args:
        path: The database file; must not exist.
        origin: Origin of the log.
        dev: Only for development, with throw-away keys.

    Raises:
        StoreExists: There is one already.
    """
    if path.exists():
        raise StoreExists(f"store {path}", expected="no file there")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    except OSError as error:
        got = error.strerror or ""
        raise ConfigInvalid(
            f"store {path}", expected="a place to write", got=got
        ) from None
    writer = writing_engine(sqlite_url(path))
    try:
        with writer.begin() as connection:
            config = _alembic()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.execute(
                insert(setting),
                [
                    {"name": "origin", "value": origin},
                    {"name": "dev", "value": "yes" if dev else "no"},
                ],
            )
    finally:
        writer.dispose()
    return open_store(path, dev=dev)


def open_store(path: Path, *, dev: bool) -> Store:
    """Open a store.

    Args:
        path: The database file.
        dev: Whether the gateway runs in development mode; must fit the store.

    Raises:
        ConfigInvalid: There is no store, or with another version's schema.
        DevelopmentOnly: A development store outside development mode, or the reverse.
    """
    if not path.exists():
        expected = "a store made by `rogatory-gateway init`"
        raise ConfigInvalid(f"store {path}", expected=expected)
    reader = reading_engine(sqlite_url(path))
    try:
        settings = _settings(reader, path)
        is_dev = settings["dev"] == "yes"
        _require_mode(path, is_dev=is_dev, dev=dev)
    except BaseException:
        reader.dispose()
        raise
    writer = writing_engine(sqlite_url(path))
    return Store(settings["origin"], is_dev, Reader(reader), writer, reader)


def _require_mode(path: Path, *, is_dev: bool, dev: bool) -> None:
    if is_dev != dev:
        made = "with" if dev else "without"
        raise DevelopmentOnly(f"store {path}", expected=f"a store made {made} --dev")


def _settings(reader: Engine, path: Path) -> dict[str, str]:
    """Return what was fixed at creation, once the schema is known to be ours."""
    try:
        with reader.connect() as connection:
            found = MigrationContext.configure(connection).get_current_revision()
            newest = ScriptDirectory.from_config(_alembic()).get_current_head()
            if found == newest:
                rows = connection.execute(select(setting.c.name, setting.c.value))
                return {row.name: row.value for row in rows}
    except (DBAPIError, sqlite3.Error) as error:
        # A file that is no database fails in the connection's first pragma already,
        # before SQLAlchemy wraps what the driver says.
        raise ConfigInvalid(f"store {path}", expected="a readable store") from error
    raise ConfigInvalid(
        f"store {path}", expected=f"schema {newest}", got=f"schema {found}"
    )


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config
