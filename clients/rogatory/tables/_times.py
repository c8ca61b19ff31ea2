"""Times in cells: RFC 3339, or ISO 8601 in the same order, always with a zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.protobuf.timestamp_pb2 import Timestamp

EXAMPLE = "2026-11-23T10:00:00+09:00"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = 946_684_800
_LAST = 32_503_679_999
"""Years 2000 to 2999, as `rogatory.envelope` accepts them: beyond is a typing error."""
_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<clock>(?:[01][0-9]|2[0-3]):[0-9]{2})(?P<second>:[0-9]{2})?"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))? ?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_MAX_HOUR = 23
_MAX_MINUTE = 59


@dataclass(frozen=True, slots=True)
class Moment:
    """A time and the offset of the clock on which it was read, in minutes."""

    time: Timestamp
    offset_minutes: int


def parse_moment(text: str) -> Moment:
    """Read a time with a zone.

    Raises:
        ValueError: It is none; the message is the rule it breaks, without the text.
    """
    match = _TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"not a time: write it as {EXAMPLE}")
    if match["clock"] is None:
        raise ValueError(f"a date without a time of day: write it as {EXAMPLE}")
    if match["zone"] is None:
        raise ValueError(f"a time without a zone: write it as {EXAMPLE}")
    offset = _offset(match["zone"])
    try:
        local = datetime.fromisoformat(
            f"{match['date']}T{match['clock']}{match['second'] or ':00'}+00:00"
        )
    except ValueError:
        raise ValueError("there is no such time") from None
    seconds = (local - _EPOCH) // timedelta(seconds=1) - offset * 60
    if not _FIRST <= seconds <= _LAST:
        raise ValueError("expected a year from 2000 to 2999")
    nanos = int((match["fraction"] or "").ljust(9, "0"))
    return Moment(Timestamp(seconds=seconds, nanos=nanos), offset)


def _offset(zone: str) -> int:
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > _MAX_HOUR or minutes > _MAX_MINUTE:
        raise ValueError("there is no such zone")
    return (hours * 60 + minutes) * (-1 if zone[0] == "-" else 1)


def encode_moment(time: Timestamp, offset_minutes: int) -> str:
    """Write a time on its own clock; in UTC where that clock is beyond reason.

    A time that `parse_moment` would not accept is written as nothing: others sent it,
    and people shall be able to look at the rest.
    """
    if not (_FIRST <= time.seconds <= _LAST and 0 <= time.nanos < 10**9):
        return ""
    if abs(offset_minutes) > _MAX_HOUR * 60 + _MAX_MINUTE:
        offset_minutes = 0
    local = _EPOCH + timedelta(seconds=time.seconds, minutes=offset_minutes)
    text = local.isoformat().removesuffix("+00:00")
    if time.nanos:
        text += f".{time.nanos:09}".rstrip("0")
    hours, minutes = divmod(abs(offset_minutes), 60)
    return f"{text}{'-' if offset_minutes < 0 else '+'}{hours:02}:{minutes:02}"
