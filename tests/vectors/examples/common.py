"""What the worked examples share: names, times, and chance that is none.

Made-up parties of the made-up country XX; keys come from public seeds.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from typing import Any, TypeAlias

from rogatory.errors import RogatoryError

Json: TypeAlias = Any

ORIGIN = "gateway.example/log"
OPERATOR, ASKS, ANSWERS = "example-operator", "example-regulator", "example-messenger"
NOW = dt.datetime(2026, 11, 23, 1, 2, 3, tzinfo=dt.UTC)
UNIX = int(NOW.timestamp())


def chance(label: str, length: int = 32) -> bytes:
    """Return bytes that look random and are the same on every run."""
    stream = hashlib.shake_256(b"rogatory protocol example " + label.encode())
    return stream.digest(length)


def sha256(raw: bytes) -> str:
    """Return the hex SHA-256."""
    return hashlib.sha256(raw).hexdigest()


def holds(check: Callable[[], object]) -> bool:
    """Tell whether something kept from before is still right."""
    try:
        check()
    except (RogatoryError, ValueError):
        return False
    return True


def field(number: int, value: bytes) -> bytes:
    """Return one length-delimited protobuf field with a length below 128."""
    return bytes([number << 3 | 2, len(value)]) + value
