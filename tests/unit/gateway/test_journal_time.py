"""A log's time and size only ever grow, whatever clock and disk do."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rogatory.errors import LogStopped
from rogatory.tlog import (
    parse_entry,
)
from rogatory_gateway.dev.workspace import ORIGIN
from rogatory_gateway.journal import make_log_keys
from rogatory_gateway.journal.planning import Logged
from tests.support.logroom import LogRoom
from tests.unit.gateway.conftest import MakeRoom
from tests.unit.gateway.journals import GENESIS, grow


class Clock:
    """A clock that says what it is told to say, then stands still."""

    def __init__(self) -> None:
        self.times = [datetime.now(UTC).replace(microsecond=0)]

    def __call__(self) -> datetime:
        return self.times.pop(0) if len(self.times) > 1 else self.times[0]


def _time(logged: Logged) -> datetime:
    return parse_entry(logged.entry).time


def test_the_time_of_an_entry_never_goes_back(make_room: MakeRoom) -> None:
    """A clock that was set back leaves the log's time standing until it catches up."""
    clock = Clock()
    room = make_room(clock)
    start = clock.times[0]
    times = []
    for offset in (60, 30, -3600, 61):
        ticket = room.admit(room.office.removal_request())
        clock.times = [start + timedelta(seconds=offset)]
        result = room.journal.append(ticket)
        assert isinstance(result, tuple)
        times.append((_time(result[0]) - start).seconds)
        clock.times = [start]

    assert times == [60, 60, 60, 61]


def test_a_clock_that_goes_back_between_two_looks(make_room: MakeRoom) -> None:
    """The head has its newest entry's time, however often the clock is read."""
    clock = Clock()
    room = make_room(clock)
    start = clock.times[0]
    first = room.admit(room.office.removal_request())
    second = room.admit(room.office.removal_request())
    clock.times = [start + timedelta(seconds=50), start]
    one = room.journal.append(first)
    clock.times = [start + timedelta(seconds=10)]

    other = room.journal.append(second)

    assert isinstance(one, tuple)
    assert isinstance(other, tuple)
    assert _time(one[0]) == start + timedelta(seconds=50)
    assert _time(other[0]) == _time(one[0])


def _copy(source: Path, target: Path) -> None:
    """Copy a database as a backup does, whole at one moment."""
    with (
        closing(sqlite3.connect(source)) as one,
        closing(sqlite3.connect(target)) as two,
    ):
        one.backup(two)


def test_a_store_that_was_set_back_under_a_running_gateway(room: LogRoom) -> None:
    """A backup restored over a live store must not be signed a second future."""
    backup = room.folder / "backup.db"
    _copy(room.config.database, backup)
    room.log(room.office.removal_request())
    _copy(backup, room.config.database)
    ticket = room.admit(room.office.removal_request())

    for _ in range(2):
        with pytest.raises(LogStopped, match=f"size {GENESIS + 1} or more"):
            room.journal.append(ticket)
    assert room.size() == GENESIS


def test_another_history_of_the_same_size(room: LogRoom) -> None:
    """The same number of entries with another root is a fork, not a continuation."""
    backup = room.folder / "backup.db"
    _copy(room.config.database, backup)
    room.log(room.office.removal_request())
    kept = room.folder / "kept.db"
    _copy(room.config.database, kept)
    _copy(backup, room.config.database)
    room.close()
    room.open()
    room.log(room.office.removal_request())
    ticket = room.admit(room.office.removal_request())
    _copy(kept, room.config.database)

    with pytest.raises(LogStopped, match=f"the root released at size {GENESIS + 1}"):
        room.journal.append(ticket)


# --- start-up ------------------------------------------------------------------------


def _change(room: LogRoom, statement: str, *values: object) -> None:
    """Change the store behind everybody's back."""
    with closing(sqlite3.connect(room.config.database)) as connection:
        connection.execute(statement, values)
        connection.commit()


def _other_checkpoint(room: LogRoom) -> bytes:
    """Return a checkpoint of the right size and root, signed by other keys."""
    other = make_log_keys(room.folder / "other-keys", ORIGIN)
    head = room.store.read.head()
    assert head is not None
    return other.sign(head.size, head.root, head.time)


def _older_checkpoint(room: LogRoom) -> bytes:
    """Return a true checkpoint of the log, of another size."""
    head = room.store.read.head()
    assert head is not None
    return room.keys.sign(head.size - 1, head.root, head.time)


TAMPERING: dict[str, Callable[[LogRoom], None]] = {
    "no head": lambda room: _change(room, "DELETE FROM head"),
    "a smaller size": lambda room: _change(room, "UPDATE head SET size = size - 1"),
    "a greater size": lambda room: _change(room, "UPDATE head SET size = size + 1"),
    "another root": lambda room: _change(room, "UPDATE head SET root = ?", b"\1" * 32),
    "a checkpoint that is none": lambda room: _change(
        room, "UPDATE head SET checkpoint = ?", b"nothing"
    ),
    "a checkpoint by other keys": lambda room: _change(
        room, "UPDATE head SET checkpoint = ?", _other_checkpoint(room)
    ),
    "a checkpoint of another size": lambda room: _change(
        room, "UPDATE head SET checkpoint = ?", _older_checkpoint(room)
    ),
    "another hash in a tile": lambda room: _change(
        room,
        "UPDATE tile SET hashes = CAST(? || substr(hashes, 33) AS BLOB)",
        b"\1" * 32,
    ),
    "a shorter tile": lambda room: _change(
        room, "UPDATE tile SET hashes = substr(hashes, 1, 32) WHERE level = 0"
    ),
    "no tile": lambda room: _change(room, "DELETE FROM tile"),
}


@pytest.mark.parametrize("name", TAMPERING)
def test_a_log_that_does_not_hold_is_not_opened(room: LogRoom, name: str) -> None:
    """A head, its signatures and the tiles agree, or the log signs nothing more."""
    room.log(room.office.removal_request())
    TAMPERING[name](room)
    room.close()

    with pytest.raises(LogStopped) as caught:
        room.open()

    assert caught.value.code == "UNAVAILABLE"


def test_a_log_that_holds_goes_on_where_it_was(room: LogRoom) -> None:
    """After a restart the next entry is the next index, and the whole log verifies."""
    room.log(room.office.removal_request())
    room.close()
    room.open()

    logged = room.log(room.office.removal_request())

    assert logged.index == GENESIS + 1
    assert room.verify().entries == GENESIS + 2


@pytest.mark.parametrize("size", [255, 256, 257, 300])
def test_a_log_of_any_size_is_opened(room: LogRoom, size: int) -> None:
    """Also when its last tile is full, or just begun."""
    grow(room, size)
    room.close()

    room.open()

    assert room.log(room.office.removal_request()).index == size
