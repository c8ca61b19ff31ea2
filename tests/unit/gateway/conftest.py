"""Rooms with a log in them, and a gateway log that goes into a list."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.support.logroom import LogRoom
from tests.support.logs import Lines, captured_logs
from tests.support.messages import Office

MakeRoom = Callable[..., LogRoom]


@pytest.fixture(autouse=True)
def lines() -> Iterator[Lines]:
    """Give the gateway's log lines, oldest first."""
    with captured_logs() as found:
        yield found


@pytest.fixture(scope="session")
def office() -> Office:
    """Give made-up parties; no test changes them."""
    return Office()


@pytest.fixture
def make_room(office: Office, tmp_path: Path) -> Iterator[MakeRoom]:
    """Give a maker of rooms, which are closed in the end."""
    rooms: list[LogRoom] = []

    def make(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> LogRoom:
        rooms.append(LogRoom(office, tmp_path / f"room-{len(rooms)}", clock))
        return rooms[-1]

    yield make
    for room in rooms:
        room.close()


@pytest.fixture
def room(make_room: MakeRoom) -> LogRoom:
    """Give a room with a fresh log."""
    return make_room()
