"""The platform's table of outcomes."""

import pytest

from rogatory.errors import TableInvalid
from rogatory.tables import ResultRow, parse_results
from rogatory.v1 import clarification_pb2, removal_pb2

HEADER = "item_id,outcome,acted,ground,explanation,copies_found,copies_removed"
KNOWN = ["0001", "0002", "item-3"]
ACTED = "2024-09-03T08:00:00+09:00"


def read(*rows: str, header: str = HEADER) -> list[ResultRow]:
    """Parse a table of rows."""
    raw = "\n".join([header, *rows]).encode()
    return parse_results(raw, name="results.csv", known_ids=KNOWN)


def only(*rows: str, header: str = HEADER) -> tuple[int, str, str]:
    """Return the one problem of a table that must be refused."""
    with pytest.raises(TableInvalid) as caught:
        read(*rows, header=header)
    assert len(caught.value.problems) == 1, caught.value.problems
    return caught.value.problems[0]


def test_an_outcome_has_its_time_and_details() -> None:
    """What the report and its sealed details need is there."""
    [row] = read(f"0001,removed,{ACTED},,삭제함,3,2")

    assert row.outcome == removal_pb2.ITEM_OUTCOME_REMOVED
    assert not row.needs_clarification
    assert row.act_time is not None
    assert row.act_time.ToJsonString() == "2024-09-02T23:00:00Z"
    assert row.act_offset_minutes == 540
    assert (row.explanation, row.copies_found, row.copies_removed) == ("삭제함", 3, 2)


@pytest.mark.parametrize("name", removal_pb2.ItemOutcome.keys()[1:])
def test_every_outcome_of_the_protocol_has_its_word(name: str) -> None:
    """No outcome can be left out of the table."""
    word = name.removeprefix("ITEM_OUTCOME_").lower()

    [row] = read(f"0001,{word},{ACTED},,,,")

    assert row.outcome == removal_pb2.ItemOutcome.Value(name)


@pytest.mark.parametrize("name", clarification_pb2.ClarificationGround.keys()[1:])
def test_an_item_can_be_sent_back_with_every_ground(name: str) -> None:
    """needs_clarification is a question and no outcome."""
    word = name.removeprefix("CLARIFICATION_GROUND_").lower()

    [row] = read(f"0001,needs_clarification,,{word},which of the two?,,")

    assert row.needs_clarification
    assert row.ground == clarification_pb2.ClarificationGround.Value(name)
    assert row.act_time is None
    assert row.explanation == "which of the two?"


def test_optional_columns_may_be_left_out() -> None:
    """The shortest table that answers is one of three columns."""
    assert read(f"0001,already_gone,{ACTED}", header="item_id,outcome,acted")


def test_an_id_that_the_exchange_does_not_have_is_refused_by_line() -> None:
    """An outcome for another request's item must not be signed."""
    found = only(f"0001,removed,{ACTED},,,,", f"x-9,removed,{ACTED},,,,")

    assert found == (3, "item_id", "the exchange has no id x-9")


def test_an_id_that_lost_its_zeros_is_refused_with_the_one_it_was() -> None:
    """0002 that became 2 is found again."""
    line, column, rule = only(f"2,removed,{ACTED},,,,")

    assert (line, column) == (2, "item_id")
    assert "it has 0002; a spreadsheet may have taken leading zeros" in rule


def test_a_short_id_that_the_exchange_has_is_no_lost_zero() -> None:
    """Here the exchange says which ids there are."""
    raw = "item_id,outcome,acted\n" + "".join(
        f"{each},removed,{ACTED}\n" for each in (1200, 1305, 7)
    )

    rows = parse_results(raw.encode(), name="x.csv", known_ids=["1200", "1305", "7"])

    assert len(rows) == 3


def test_an_id_nearly_right_is_refused_with_the_one_it_may_be() -> None:
    """A typing error is found at once."""
    assert "is item-3 meant?" in only(f"item_3,removed,{ACTED},,,,")[2]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("0001,removed,,,,,", "acted"),
        ("0001,removed,2024-09-03T08:00:00,,,,", "acted"),
        ("0001,deleted!,,,,,", "outcome"),
        ("0001,,,,,,", "outcome"),
        ("0001,unspecified,,,,,", "outcome"),
        ("0001,needs_clarification,,,,,", "ground"),
        ("0001,needs_clarification,,because,,,", "ground"),
        (f"0001,needs_clarification,{ACTED},time_zone,,,", "acted"),
        ("0001,needs_clarification,,time_zone,,1,", "copies_found"),
        (f"0001,removed,{ACTED},time_zone,,,", "ground"),
        (f"0001,removed,{ACTED},,,-1,", "copies_found"),
        (f"0001,removed,{ACTED},,,4294967296,", "copies_found"),
        (f"0001,removed,{ACTED},,,1.5,", "copies_found"),
        (f"0001,removed,{ACTED},,,2E+05,", "copies_found"),
        (f"0001,removed,{ACTED},,,1,2", "copies_removed"),
        (f"0001,removed,{ACTED},,{'x' * 4097},,", "explanation"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_refused_by_column(
    row: str, column: str
) -> None:
    """Each rule of the table names its column."""
    assert only(row)[:2] == (2, column)


def test_a_second_outcome_for_one_item_is_refused() -> None:
    """Which one stands cannot be guessed."""
    found = only(f"0001,removed,{ACTED},,,,", f"0001,not_found,{ACTED},,,,")

    assert found == (3, "item_id", "the id 0001 is on line 2 already")


def test_a_question_without_its_column_is_refused_by_name() -> None:
    """The column that is needed then is named."""
    found = only("0001,needs_clarification,", header="item_id,outcome,acted")

    assert found == (2, "ground", "this cell is empty")


def test_a_thousand_unknown_ids_are_refused_quickly() -> None:
    """Looking for what is meant is bounded."""
    known = [f"item-{n:06}" for n in range(1000)]
    rows = "\n".join(f"item-{n:05}x,removed,{ACTED}" for n in range(1000))
    raw = f"item_id,outcome,acted\n{rows}".encode()

    with pytest.raises(TableInvalid) as caught:
        parse_results(raw, name="results.csv", known_ids=known)

    assert len(caught.value.problems) == 50
