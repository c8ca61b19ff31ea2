"""The migrations make exactly the tables that the code uses, forwards and back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect

from rogatory_gateway.store import create_store
from rogatory_gateway.store import store as store_module
from rogatory_gateway.store.engine import sqlite_url, writing_engine
from rogatory_gateway.store.tables import metadata


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """Give an engine on an empty database."""
    return writing_engine(sqlite_url(tmp_path / "store.db"))


def _run(engine: Engine, direction: str, revision: str) -> None:
    with engine.begin() as connection:
        config: Config = store_module._alembic()
        config.attributes["connection"] = connection
        getattr(command, direction)(config, revision)


def test_the_migrated_schema_is_the_metadata(engine: Engine) -> None:
    """No table, column, key or index differs from what the code expects."""
    _run(engine, "upgrade", "head")

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        differences = compare_metadata(context, metadata)

    assert differences == []
    engine.dispose()


def _definitions(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'alembic%' "
            "AND sql IS NOT NULL ORDER BY name"
        ).fetchall()
    # The order of a table's constraints and the layout of the text do not matter.
    return [(name, "".join(sorted("".join(sql.split())))) for name, sql in rows]


def test_the_migrated_database_is_the_one_that_the_metadata_makes(
    tmp_path: Path,
) -> None:
    """Also what the comparison above does not see: STRICT, and names of constraints."""
    migrated, made = tmp_path / "migrated.db", tmp_path / "made.db"
    create_store(migrated, origin="a.example/log", dev=True).close()
    engine = create_engine(sqlite_url(made))
    metadata.create_all(engine)
    engine.dispose()

    assert _definitions(migrated) == _definitions(made)


def test_downgrading_leaves_nothing_and_upgrading_again_works(engine: Engine) -> None:
    """Every step can be taken back."""
    _run(engine, "upgrade", "head")
    _run(engine, "downgrade", "base")

    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["alembic_version"]
    _run(engine, "upgrade", "head")
    with engine.connect() as connection:
        tables = set(inspect(connection).get_table_names())
    assert tables == {*metadata.tables, "alembic_version"}
    engine.dispose()


def test_every_table_is_strict(engine: Engine) -> None:
    """A number in a column of bytes is refused, not converted."""
    _run(engine, "upgrade", "head")

    with engine.connect() as connection:
        rows = connection.exec_driver_sql("PRAGMA table_list").all()
    strict = {row[1]: row[5] for row in rows if row[1] in metadata.tables}

    assert strict == dict.fromkeys(metadata.tables, 1)
    engine.dispose()
