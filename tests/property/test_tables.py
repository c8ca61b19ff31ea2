"""Tables: what we write we read back, and no bytes make the parser fail otherwise."""

import contextlib
import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypeVar

from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rogatory.errors import TableInvalid
from rogatory.tables import (
    ItemRow,
    ResultRow,
    TargetRow,
    parse_items,
    parse_results,
    parse_targets,
    write_items,
    write_results,
    write_table,
    write_targets,
)
from rogatory.tables._guard import encode_cell, parse_cell
from rogatory.tables._rows import MANGLED
from rogatory.v1 import clarification_pb2, disclosure_pb2, removal_pb2

N = TypeVar("N", bound=int)
FAST = settings(max_examples=40, deadline=None)
PRINTABLE = st.characters(exclude_categories=("Cc", "Cs"))
EVIL = st.sampled_from(list("='+-@＝＋－＠\"; ,\t\r\n\ufeff\u200b\u3000\xa0a가1"))
WORD = st.text(PRINTABLE, min_size=1, max_size=40).filter(
    lambda text: not MANGLED.fullmatch(text) and not text.startswith("#")
)
PROSE = st.text(st.one_of(PRINTABLE, EVIL), max_size=80).filter(
    lambda text: not text.startswith("#")
)
IDS = st.from_regex(r"[A-Za-z][A-Za-z0-9._-]{0,63}", fullmatch=True).filter(
    lambda text: not MANGLED.fullmatch(text)
)
OFFSETS = st.integers(-1439, 1439)


def enum(values: Sequence[N]) -> st.SearchStrategy[N]:
    """Draw a value of an enum other than UNSPECIFIED, its first."""
    return st.sampled_from(values[1:])


@st.composite
def times(draw: st.DrawFn) -> Timestamp:
    """Draw a time that the protocol accepts."""
    first = datetime(2000, 1, 2, tzinfo=UTC).timestamp()
    last = datetime(2999, 12, 30, tzinfo=UTC).timestamp()
    return Timestamp(
        seconds=draw(st.integers(int(first), int(last))),
        nanos=draw(st.sampled_from([0, 1, 500_000_000, 999_999_999])),
    )


@st.composite
def hashes(draw: st.DrawFn) -> list[removal_pb2.ContentHash]:
    """Draw hashes in their forms."""
    found = []
    if draw(st.booleans()):
        value = draw(st.binary(min_size=32, max_size=32)).hex()
        algorithm = removal_pb2.HASH_ALGORITHM_SHA256
        found.append(removal_pb2.ContentHash(algorithm=algorithm, value=value))
    if draw(st.booleans()):
        value = draw(WORD.map(str.strip).filter(bool))
        algorithm = removal_pb2.HASH_ALGORITHM_PHOTODNA
        found.append(removal_pb2.ContentHash(algorithm=algorithm, value=value))
    return draw(st.permutations(found))


@st.composite
def items(draw: st.DrawFn) -> ItemRow:
    """Draw an item that the protocol allows."""
    locator_type = draw(enum(removal_pb2.LocatorType.values()))
    found = draw(hashes())
    locator = draw(WORD)
    if locator_type == removal_pb2.LOCATOR_TYPE_URL:
        locator = "https://messenger.example/" + "".join(locator.split())
    if locator_type == removal_pb2.LOCATOR_TYPE_HASH_ONLY:
        locator = ""
        found = found or [
            removal_pb2.ContentHash(
                algorithm=removal_pb2.HASH_ALGORITHM_MD5, value="0" * 32
            )
        ]
    item = removal_pb2.ContentItem(
        item_id=draw(IDS),
        locator_type=locator_type,
        locator=locator,
        hashes=found,
        media_type=draw(st.sampled_from(["", "video/mp4", "image/svg+xml"])),
        observe_time=draw(times()),
        observe_offset_minutes=draw(OFFSETS),
        reason=draw(PROSE),
        legal_provision=draw(PROSE),
    )
    return ItemRow(0, item, draw(enum(removal_pb2.Classification.values())))


@st.composite
def results(draw: st.DrawFn) -> ResultRow:
    """Draw an answer to an item."""
    item_id, words = draw(IDS), draw(PROSE)
    if draw(st.booleans()):
        return ResultRow(
            line=0,
            item_id=item_id,
            outcome=removal_pb2.ITEM_OUTCOME_UNSPECIFIED,
            ground=draw(enum(clarification_pb2.ClarificationGround.values())),
            act_time=None,
            act_offset_minutes=0,
            explanation=words,
            copies_found=0,
            copies_removed=0,
        )
    found = draw(st.integers(0, 2**32 - 1))
    return ResultRow(
        line=0,
        item_id=item_id,
        outcome=draw(enum(removal_pb2.ItemOutcome.values())),
        ground=clarification_pb2.CLARIFICATION_GROUND_UNSPECIFIED,
        act_time=draw(times()),
        act_offset_minutes=draw(OFFSETS),
        explanation=words,
        copies_found=found,
        copies_removed=draw(st.integers(0, found)),
    )


@st.composite
def targets(draw: st.DrawFn) -> TargetRow:
    """Draw a task."""
    identifier_type = draw(enum(disclosure_pb2.IdentifierType.values()))
    identifier = draw(WORD)
    if identifier_type == disclosure_pb2.IDENTIFIER_TYPE_PHONE_E164:
        identifier = draw(st.from_regex(r"\+[1-9][0-9]{1,14}", fullmatch=True))
    start, end = draw(st.tuples(times(), times()))
    if (start.seconds, start.nanos) >= (end.seconds, end.nanos):
        start, end = end, start
    both = (start.seconds, start.nanos) != (end.seconds, end.nanos)
    first, last = both and draw(st.booleans()), both and draw(st.booleans())
    target = disclosure_pb2.DisclosureTarget(
        task_id=draw(IDS),
        identifier_type=identifier_type,
        identifier=identifier,
        service=draw(st.sampled_from(["", "chat"])),
        range_start_time=start if first else None,
        range_end_time=end if last else None,
        range_offset_minutes=draw(OFFSETS) if first or last else 0,
    )
    return TargetRow(0, target, draw(enum(disclosure_pb2.DataCategory.values())))


@given(st.text(st.one_of(EVIL, st.characters(exclude_categories=["Cs"]))))
@settings(max_examples=300, deadline=None)
@example("'=1")
@example("''")
@example("' ")
@example("x;'=1")
@example("\n\n=1")
@example("'\n'=1")
def test_every_text_survives_its_guard(text: str) -> None:
    """Guarding is undone exactly, whatever apostrophes a text has of its own."""
    assert parse_cell(encode_cell(text)) == text


@given(st.text(EVIL))
@settings(max_examples=300, deadline=None)
def test_no_cell_begins_a_formula_under_any_separator(text: str) -> None:
    """However a spreadsheet splits a line, no cell begins with a formula."""
    raw = write_table(["a", "b"], [["x", text]]).decode("utf-8-sig")

    for separator in ",;\t":
        rows = csv.reader(io.StringIO(raw, newline=""), delimiter=separator)
        if separator == ",":
            cells = [cell for row in rows for cell in row]
        else:
            cells = [cell for row in rows for cell in row if cell[:2] != "x,"]
        for cell in cells:
            start = cell.lstrip(' "\t\r\n\ufeff\u200b\u3000\xa0')
            assert not start or start[0] not in "=+-@＝＋－＠"


@given(
    st.lists(items(), min_size=1, max_size=4, unique_by=lambda row: row.item.item_id)
)
@FAST
def test_items_come_back(rows: list[ItemRow]) -> None:
    """Export then import is the identity for items."""
    found = parse_items(write_items(rows), name="items.csv")

    assert [(each.item, each.classification) for each in found] == [
        (each.item, each.classification) for each in rows
    ]


@given(st.lists(results(), min_size=1, max_size=4, unique_by=lambda row: row.item_id))
@FAST
def test_results_come_back(rows: list[ResultRow]) -> None:
    """Export then import is the identity for outcomes."""
    known = [row.item_id for row in rows]

    found = parse_results(write_results(rows), name="results.csv", known_ids=known)

    for old, new in zip(rows, found, strict=True):
        for name in ResultRow.__slots__:
            assert name == "line" or getattr(old, name) == getattr(new, name)


@given(
    st.lists(
        targets(), min_size=1, max_size=4, unique_by=lambda row: row.target.task_id
    )
)
@FAST
def test_targets_come_back(rows: list[TargetRow]) -> None:
    """Export then import is the identity for targets."""
    found = parse_targets(write_targets(rows), name="targets.csv")

    assert [(each.target, each.category) for each in found] == [
        (each.target, each.category) for each in rows
    ]


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_mangled_bytes_are_read_or_refused(data: st.DataObject) -> None:
    """No bytes make the parser raise anything but TableInvalid."""
    header = "item_id;locator;classification;observed;hashes;reason\n"
    row = 'a;https://x.example;ncii;2024-09-01T10:30:00Z;pdq:1;"a\nb"\n'
    raw = bytearray(
        (header + row).encode(data.draw(st.sampled_from(["utf-8", "utf-16"])))
    )
    for _ in range(data.draw(st.integers(0, 6))):
        place = data.draw(st.integers(0, len(raw)))
        raw[place : place + data.draw(st.integers(0, 3))] = data.draw(
            st.one_of(st.binary(max_size=3), st.sampled_from([b'"', b";", b"\n", b"'"]))
        )

    with contextlib.suppress(TableInvalid):
        assert parse_items(bytes(raw), name="items.csv")
