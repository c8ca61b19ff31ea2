"""The table of targets for a disclosure request."""

import pytest

from rogatory.errors import TableInvalid
from rogatory.tables import TargetRow, parse_targets
from rogatory.v1 import disclosure_pb2

HEADER = "task_id,category,identifier_type,identifier,service,from,until"


def read(*rows: str) -> list[TargetRow]:
    """Parse a table of rows."""
    return parse_targets("\n".join([HEADER, *rows]).encode(), name="targets.csv")


def only(*rows: str) -> tuple[int, str, str]:
    """Return the one problem of a table that must be refused."""
    with pytest.raises(TableInvalid) as caught:
        read(*rows)
    assert len(caught.value.problems) == 1, caught.value.problems
    return caught.value.problems[0]


def test_a_row_becomes_a_target_with_its_range() -> None:
    """What is sealed, and the category that is visible."""
    [row] = read(
        "t1,subscriber,username,홍길동,chat,"
        "2024-09-01T00:00:00+09:00,2024-09-02T00:00:00+09:00"
    )

    assert row.category == disclosure_pb2.DATA_CATEGORY_SUBSCRIBER
    assert row.target.identifier_type == disclosure_pb2.IDENTIFIER_TYPE_USERNAME
    assert (row.target.identifier, row.target.service) == ("홍길동", "chat")
    assert row.target.range_start_time.ToJsonString() == "2024-08-31T15:00:00Z"
    assert row.target.range_end_time.ToJsonString() == "2024-09-01T15:00:00Z"
    assert row.target.range_offset_minutes == 540


def test_a_range_may_be_left_out() -> None:
    """Subscriber data needs none."""
    [row] = read("t1,subscriber,account_id,4711,,,")

    assert not row.target.HasField("range_start_time")
    assert not row.target.HasField("range_end_time")


def test_a_telephone_number_keeps_its_plus() -> None:
    """E.164 is read as it stands, also when a spreadsheet guarded it."""
    rows = read(
        "t1,subscriber,phone_e164,+821012345678,,,",
        "t2,subscriber,phone_e164,'+821012345678,,,",
    )

    assert {row.target.identifier for row in rows} == {"+821012345678"}


@pytest.mark.parametrize("value", ["821012345678", "1012345678", "010-1234-5678"])
def test_a_telephone_number_that_lost_its_plus_is_refused(value: str) -> None:
    """The number of somebody else, or of nobody; and never repeated."""
    line, column, rule = only(f"t1,subscriber,phone_e164,{value},,,")

    assert (line, column) == (2, "identifier")
    assert "leading +" in rule
    assert value not in rule


@pytest.mark.parametrize("value", ["8.21012E+11", '"8,21012E+11"'])
def test_a_mangled_identifier_is_refused_without_repeating_it(value: str) -> None:
    """Rounded numbers point at somebody else."""
    line, column, rule = only(f"t1,subscriber,phone_e164,{value},,,")

    assert (line, column) == (2, "identifier")
    assert "rounded number" in rule
    assert "8" not in rule


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("t1,subscriber,phone_e164,+82 10 1234,,,", "identifier"),
        ("t1,subscriber,phone_e164,+0101234,,,", "identifier"),
        ("t1,subscriber,username,,,,", "identifier"),
        (f"t1,subscriber,username,{'x' * 513},,,", "identifier"),
        ("t1,subscribers!,username,x,,,", "category"),
        ("t1,subscriber,passport,x,,,", "identifier_type"),
        (f"t1,subscriber,username,x,{'x' * 257},,", "service"),
        ("t1,subscriber,username,x,,2024-09-01T00:00:00,", "from"),
        ("t1,subscriber,username,x,,,2024-09-01", "until"),
        (
            "t1,traffic,username,x,,2024-09-01T00:00:00Z,2024-09-01T09:00:00+09:00",
            "until",
        ),
        ("t 1,subscriber,username,x,,,", "task_id"),
    ],
)
def test_a_cell_that_cannot_be_meant_is_refused_by_column(
    row: str, column: str
) -> None:
    """Each rule of the table names its column."""
    assert only(row)[:2] == (2, column)
