"""The table of outcomes that answers a removal request."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from google.protobuf.timestamp_pb2 import Timestamp

from rogatory.tables._grid import Column
from rogatory.tables._rows import Row, Table, refuse_unknown
from rogatory.tables._times import Moment, encode_moment
from rogatory.tables._vocabulary import GROUNDS, OUTCOMES, Words
from rogatory.tables._write import write_table
from rogatory.v1 import clarification_pb2, removal_pb2

NEEDS_CLARIFICATION = "needs_clarification"
_CLARIFY = -1
# What a platform can put into the column: an outcome, or a question.
_ANSWERS: Words[int] = Words(
    [*OUTCOMES.numbers.items(), (NEEDS_CLARIFICATION, _CLARIFY)], ""
)
COLUMNS = (
    Column("item_id", "an id of the request", required=True),
    Column("outcome", f"one of {', '.join(_ANSWERS.numbers)}", required=True),
    Column(
        "acted", "when you acted, with zone: 2026-11-23T10:00:00+09:00", required=True
    ),
    Column(
        "ground",
        f"for {NEEDS_CLARIFICATION}, what is missing: one of "
        f"{', '.join(GROUNDS.numbers)}",
    ),
    Column("explanation", "your words on the item, at most 4,096 bytes"),
    Column("copies_found", "copies found beyond the item itself"),
    Column("copies_removed", "of those, the ones acted on"),
)
_MAX_EXPLANATION = 4096
_ONLY_FOR_OUTCOMES = ("acted", "copies_found", "copies_removed")


@dataclass(frozen=True, slots=True)
class ResultRow:
    """The answer to one item.

    Attributes:
        line: Line of the file on which it begins; 0 if it comes from no file.
        item_id: An id of the request.
        outcome: The outcome; UNSPECIFIED if the item needs clarification.
        ground: What is missing; UNSPECIFIED if there is an outcome.
        act_time: When the platform acted; None if the item needs clarification.
        act_offset_minutes: Offset from UTC of the clock on which that was read.
        explanation: Words on the item; the question, if it needs clarification.
        copies_found: Copies found beyond the item itself.
        copies_removed: Of those, the ones acted on.
    """

    line: int
    item_id: str
    outcome: removal_pb2.ItemOutcome.ValueType
    ground: clarification_pb2.ClarificationGround.ValueType
    act_time: Timestamp | None
    act_offset_minutes: int
    explanation: str
    copies_found: int
    copies_removed: int

    @property
    def needs_clarification(self) -> bool:
        """Whether the row is a question and no outcome."""
        return self.outcome == removal_pb2.ITEM_OUTCOME_UNSPECIFIED


def parse_results(
    raw: bytes, *, name: str, known_ids: Collection[str]
) -> list[ResultRow]:
    """Read a table of outcomes.

    Args:
        raw: The file's bytes.
        name: Its name, for messages.
        known_ids: Ids of the exchange's items; any other is refused.

    Raises:
        TableInvalid: It names every cell that cannot be used, up to 50.
    """
    known = frozenset(known_ids)
    table = Table(raw, name=name, columns=COLUMNS, key="item_id")
    rows = [_parse_row(row, known) for row in table]
    table.close()
    return rows


def _parse_row(row: Row, known: frozenset[str]) -> ResultRow:
    item_id = row.id("item_id")
    refuse_unknown(row, "item_id", item_id, known)
    answer = row.word("outcome", _ANSWERS)
    moment: Moment | None = None
    ground = None
    if answer == _CLARIFY:
        ground = row.word("ground", GROUNDS)
        for column in _ONLY_FOR_OUTCOMES:
            if row.raw(column):
                row.refuse(column, f"leave this empty for {NEEDS_CLARIFICATION}")
    elif answer is not None:
        moment = row.moment("acted", required=True)
        if row.raw("ground"):
            row.refuse("ground", f"only for {NEEDS_CLARIFICATION}")
    found, removed = row.count("copies_found"), row.count("copies_removed")
    if removed > found:
        row.refuse("copies_removed", "more copies removed than found")
    outcome = OUTCOMES.numbers.get(row.raw("outcome").lower())
    return ResultRow(
        line=row.line,
        item_id=item_id,
        outcome=outcome or removal_pb2.ITEM_OUTCOME_UNSPECIFIED,
        ground=ground or clarification_pb2.CLARIFICATION_GROUND_UNSPECIFIED,
        act_time=moment.time if moment else None,
        act_offset_minutes=moment.offset_minutes if moment else 0,
        explanation=row.text("explanation", _MAX_EXPLANATION, prose=True),
        copies_found=found,
        copies_removed=removed,
    )


def write_results(rows: Iterable[ResultRow]) -> bytes:
    """Write a table of outcomes that `parse_results` reads back."""
    return write_table(
        [column.name for column in COLUMNS], [_cells(row) for row in rows]
    )


def _cells(row: ResultRow) -> list[str]:
    acted = ""
    if row.act_time is not None:
        acted = encode_moment(row.act_time, row.act_offset_minutes)
    return [
        row.item_id,
        OUTCOMES.name(row.outcome) or NEEDS_CLARIFICATION,
        acted,
        GROUNDS.name(row.ground),
        row.explanation,
        str(row.copies_found or ""),
        str(row.copies_removed or ""),
    ]
