"""Tables that we write: they open in a spreadsheet and run nothing."""

import csv
import io
from collections.abc import Callable, Sequence

import pytest

from rogatory import tables
from rogatory.errors import TableInvalid
from rogatory.tables import (
    ItemRow,
    describe,
    parse_items,
    parse_results,
    parse_targets,
    template,
    write_items,
    write_table,
)
from rogatory.v1 import removal_pb2

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1"]
FORMULAS += ["\ufeff=1", "\u200b=1", "\u3000=1", "＝1", "＋1", "－1", "＠x", '"=1']

PARSERS: dict[tables.TableName, Callable[[bytes], Sequence[object]]] = {
    "items": lambda raw: parse_items(raw, name="x.csv"),
    "results": lambda raw: parse_results(raw, name="x.csv", known_ids=[]),
    "targets": lambda raw: parse_targets(raw, name="x.csv"),
}


def cells(raw: bytes, separator: str = ",") -> list[list[str]]:
    """Read a table as a spreadsheet does."""
    text = raw.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))


def test_the_public_names_are_frozen() -> None:
    """A name that is added or lost is a change of the interface."""
    assert tables.__all__ == [
        "MAX_ROWS",
        "MAX_TABLE_BYTES",
        "ItemRow",
        "ResultRow",
        "TableName",
        "TargetRow",
        "describe",
        "parse_items",
        "parse_results",
        "parse_targets",
        "template",
        "write_items",
        "write_results",
        "write_table",
        "write_targets",
    ]


def test_tables_are_utf_8_with_mark_and_crlf() -> None:
    """Spreadsheets read Korean only behind a byte-order mark."""
    assert write_table(["a", "b"], [["가", "x"]]) == b"\xef\xbb\xbfa,b\r\n" + (
        "가,x\r\n".encode()
    )


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_that_could_run_gets_an_apostrophe(text: str) -> None:
    """A hostile locator or explanation must stay text on the clerk's machine."""
    raw = write_table(["a"], [[text]])

    assert cells(raw)[1][0].startswith("'")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_header_that_could_run_gets_an_apostrophe(text: str) -> None:
    """Headers are cells."""
    assert cells(write_table([text], []))[0][0].startswith("'")


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_cell_cannot_run_where_the_line_is_split_elsewhere(
    separator: str, quote: str
) -> None:
    """A spreadsheet set to `;` begins a cell behind each `;` of a text."""
    raw = write_table(["a", "b"], [["1", f"x{separator}{quote}=1+1"]])

    found = [cell for row in cells(raw, separator) for cell in row]

    assert not [cell for cell in found if cell.strip('" ').startswith("=")]


def test_a_cell_cannot_run_behind_a_line_break() -> None:
    """Split elsewhere, the rest of a quoted cell begins a row."""
    raw = write_table(["a", "b"], [["1", "x\n=1+1"]])

    assert not [row for row in cells(raw, ";") if row and row[0].startswith("=")]


@pytest.mark.parametrize("text", ["가나다", "a-b", "x = 1", "'t Hooft", "", "''"])
def test_harmless_cells_are_written_as_they_are(text: str) -> None:
    """People read these tables."""
    assert cells(write_table(["a", "b"], [["1", text]]))[1][1] == text


def test_control_characters_are_shown_as_unknown() -> None:
    """An escape sequence must not reach a terminal."""
    assert cells(write_table(["a"], [["x\x1b[2J\0"]]))[1] == ["x\ufffd[2J\ufffd"]


def test_a_row_of_another_length_is_our_own_mistake() -> None:
    """It would put values under wrong columns."""
    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        write_table(["a", "b"], [["1"]])


def test_what_another_sent_is_written_even_where_it_is_wrong() -> None:
    """A section can hold what our own parser refuses; people must see it."""
    item = removal_pb2.ContentItem(
        item_id="=x",
        locator_type=removal_pb2.LOCATOR_TYPE_URL,
        locator="\0",
        observe_offset_minutes=10**9,
    )
    item.observe_time.seconds = 10**15
    item.hashes.add(algorithm=removal_pb2.HASH_ALGORITHM_SHA256, value="; \n")
    item.hashes.add(algorithm=removal_pb2.HASH_ALGORITHM_UNSPECIFIED, value="x")
    row = ItemRow(0, item, removal_pb2.CLASSIFICATION_UNSPECIFIED)

    found = cells(write_items([row]))[1]

    assert found[:3] == ["'=x", "url", "\ufffd"]
    assert found[4] == "sha256:%3B%20%0A;:x"
    assert found[6] == ""


def test_a_clock_beyond_reason_is_written_in_utc() -> None:
    """An offset of years is no offset."""
    item = removal_pb2.ContentItem(observe_offset_minutes=5000)
    item.observe_time.FromJsonString("2024-09-01T10:30:00Z")
    row = ItemRow(0, item, removal_pb2.CLASSIFICATION_NCII)

    assert cells(write_items([row]))[1][6] == "2024-09-01T10:30:00+00:00"


@pytest.mark.parametrize("name", ["items", "results", "targets"])
def test_a_template_is_a_table_without_rows(name: tables.TableName) -> None:
    """It has every column, and an unfilled one sends nothing."""
    raw = template(name)

    for line in describe(name).splitlines():
        assert line.split()[0] in cells(raw)[0]
    with pytest.raises(TableInvalid, match="a header and no rows"):
        PARSERS[name](raw)


def test_a_description_says_which_columns_are_needed() -> None:
    """The clerk can fill a template without another document."""
    text = describe("items")

    assert "locator          needed" in text
    assert "reason           optional" in text
    assert "ncii_synthetic" in text
