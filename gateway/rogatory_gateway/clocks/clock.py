"""Clocks are functions without arguments that return the time in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

from rogatory.errors import ConfigInvalid

Clock: TypeAlias = Callable[[], datetime]

_MAX_OFFSET_S = 10 * 366 * 24 * 3600


def system_clock() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


def offset_clock(path: Path) -> Clock:
    """Return a clock that is ahead of the machine's by the seconds in a file.

    For development only: a story of days plays in seconds, without sleeping. The file
    is read at each call; TLS keeps the machine's time.

    Raises:
        ConfigInvalid: (when called) The file holds no whole number of seconds.
    """

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=read_offset(path))

    return now


def read_offset(path: Path) -> int:
    """Return the seconds in a clock-offset file; 0 if there is no file.

    Raises:
        ConfigInvalid: It holds no whole number of seconds up to ten years.
    """
    try:
        text = path.read_text(encoding="ascii").strip() or "0"
        offset = int(text)
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        raise ConfigInvalid(str(path), expected="a whole number of seconds") from None
    if not 0 <= offset <= _MAX_OFFSET_S:
        raise ConfigInvalid(str(path), expected=f"0 to {_MAX_OFFSET_S} seconds")
    return offset
