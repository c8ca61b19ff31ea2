"""The table of targets for a disclosure request."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from rogatory.tables._grid import Column
from rogatory.tables._rows import Row, Table
from rogatory.tables._times import encode_moment
from rogatory.tables._vocabulary import DATA_CATEGORIES, IDENTIFIER_TYPES
from rogatory.tables._write import write_table
from rogatory.v1 import disclosure_pb2

COLUMNS = (
    Column(
        "task_id", "your id of the task: 1 to 64 of A-Z a-z 0-9 . _ -", required=True
    ),
    Column("category", f"one of {', '.join(DATA_CATEGORIES.numbers)}", required=True),
    Column(
        "identifier_type",
        f"one of {', '.join(IDENTIFIER_TYPES.numbers)}",
        required=True,
    ),
    Column(
        "identifier",
        "exactly as the platform writes it, at most 512 bytes",
        required=True,
    ),
    Column("service", "the platform's service"),
    Column("from", "start of the range, with zone: 2026-11-23T10:00:00+09:00"),
    Column("until", "end of the range, exclusive, with zone"),
)
_MAX_IDENTIFIER = 512
_MAX_SERVICE = 256
_PHONE = re.compile(r"\+[1-9][0-9]{1,14}")


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One task of a table.

    Attributes:
        line: Line of the file on which it begins; 0 if it comes from no file.
        target: What is sealed.
        category: What stands in the visible part.
    """

    line: int
    target: disclosure_pb2.DisclosureTarget
    category: disclosure_pb2.DataCategory.ValueType


def parse_targets(raw: bytes, *, name: str) -> list[TargetRow]:
    """Read a table of targets.

    Args:
        raw: The file's bytes.
        name: Its name, for messages.

    Raises:
        TableInvalid: It names every cell that cannot be used, up to 50.
    """
    table = Table(raw, name=name, columns=COLUMNS, key="task_id")
    table.refuse_lost_zeros()
    rows = [_parse_row(row) for row in table]
    table.close()
    return rows


def _parse_row(row: Row) -> TargetRow:
    task_id = row.id("task_id")
    category = row.word("category", DATA_CATEGORIES)
    identifier_type = row.word("identifier_type", IDENTIFIER_TYPES)
    identifier = row.text("identifier", _MAX_IDENTIFIER, required=True)
    if identifier and identifier_type == disclosure_pb2.IDENTIFIER_TYPE_PHONE_E164:
        _refuse_phone(row, identifier)
    unknown = disclosure_pb2.IDENTIFIER_TYPE_UNSPECIFIED
    start = row.moment("from", required=False)
    end = row.moment("until", required=False)
    if start and end and _order(end.time) <= _order(start.time):
        row.refuse("until", "expected a time after the one in from")
    clock = start or end
    target = disclosure_pb2.DisclosureTarget(
        task_id=task_id,
        identifier_type=identifier_type or unknown,
        identifier=identifier,
        service=row.text("service", _MAX_SERVICE),
        range_start_time=start.time if start else None,
        range_end_time=end.time if end else None,
        range_offset_minutes=clock.offset_minutes if clock else 0,
    )
    unspecified = disclosure_pb2.DATA_CATEGORY_UNSPECIFIED
    return TargetRow(row.line, target, category or unspecified)


def _refuse_phone(row: Row, identifier: str) -> None:
    if not identifier.startswith("+"):
        row.refuse(
            "identifier",
            "a telephone number without its leading +: a spreadsheet may have taken "
            "it; format the column as text and write +82…",
        )
    elif not _PHONE.fullmatch(identifier):
        row.refuse("identifier", "expected + and 2 to 15 digits, without spaces")


def _order(time: Timestamp) -> tuple[int, int]:
    return time.seconds, time.nanos


def write_targets(rows: Iterable[TargetRow]) -> bytes:
    """Write a table of targets that `parse_targets` reads back."""
    return write_table(
        [column.name for column in COLUMNS], [_cells(row) for row in rows]
    )


def _cells(row: TargetRow) -> list[str]:
    target = row.target
    offset = target.range_offset_minutes
    start = end = ""
    if target.HasField("range_start_time"):
        start = encode_moment(target.range_start_time, offset)
    if target.HasField("range_end_time"):
        end = encode_moment(target.range_end_time, offset)
    return [
        target.task_id,
        DATA_CATEGORIES.name(row.category),
        IDENTIFIER_TYPES.name(target.identifier_type),
        target.identifier,
        target.service,
        start,
        end,
    ]
