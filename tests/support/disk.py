"""A disk that is full, really: the kernel or SQLite refuses to write.

Two ways, because they fail at different places: a limit on the size of files (every
write of this process fails, as with a broken or full disk), and a limit on the pages of
the database (SQLite's own "database or disk is full").
"""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from tests.support.world import World


@contextmanager
def no_file_grows(_world: World) -> Iterator[None]:
    """Let every write to a file of this process fail with EFBIG."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextmanager
def no_page_left(world: World) -> Iterator[None]:
    """Let the database be as large as it may be."""
    writer: Engine = world.running._store._writer
    # The pool has one connection, so this is the one that appends.
    with writer.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        with writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 4294967294")


FULL_DISKS = {"no file grows": no_file_grows, "no page left": no_page_left}
