"""Ids of messages and exchanges: UUIDv7 (RFC 9562) in lower-case text form."""

import re

from rogatory.errors import Malformed

ID_PATTERN = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
)

_RANDOM_BYTES = 10


def new_id(time_ms: int, random: bytes) -> str:
    """Return a UUIDv7.

    Args:
        time_ms: Unix time in milliseconds.
        random: 10 random bytes.
    """
    if len(random) != _RANDOM_BYTES:
        msg = f"random: expected {_RANDOM_BYTES} B, got {len(random)} B"
        raise ValueError(msg)
    raw = bytearray(time_ms.to_bytes(6, "big") + random)
    raw[6] = raw[6] & 0x0F | 0x70
    raw[8] = raw[8] & 0x3F | 0x80
    text = raw.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def parse_id(text: str, *, thing: str) -> str:
    """Return `text` if it is an id.

    Raises:
        Malformed: It is not a lower-case UUIDv7.
    """
    if not ID_PATTERN.fullmatch(text):
        raise Malformed(thing, expected="a UUIDv7 in lower-case text form")
    return text
