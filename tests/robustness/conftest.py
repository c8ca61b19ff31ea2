"""Rooms with a log in them, and a gateway log that goes into a list."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.logroom import LogRoom
from tests.support.logs import captured_logs
from tests.support.messages import Office


@pytest.fixture
def room(tmp_path: Path) -> Iterator[LogRoom]:
    """Give a room with a fresh log."""
    with captured_logs():
        made = LogRoom(Office(), tmp_path / "room")
        yield made
        made.close()
