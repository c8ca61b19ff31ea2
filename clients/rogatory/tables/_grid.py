"""From text to rows of cells, each with its physical line.

RFC 4180 with `,` `;` or tab, whichever makes most of the header line; quoted cells may
hold separators and line breaks. The header is the first line that is not empty. Lines
are counted as an editor shows them, from 1, also behind cells of several lines.
"""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rogatory.errors import TableInvalid
from rogatory.tables._guard import SPACES, parse_cell

MAX_ROWS = 1000
"""Items or tasks of one message (docs/protocol.md)."""
MAX_COLUMNS = 64
"""No table has more than a dozen; spreadsheets add empty ones."""
SEPARATORS = ",;\t"
Problem = tuple[int, str, str]
"""Line, column, rule broken: as in `TableInvalid`."""

_MAX_HEADER = 8192
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_SHOWN_NAME = re.compile(r"[^\W_][\w .-]{0,39}")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: As in the header line.
        help: What goes into it.
        required: Whether the header must have it.
    """

    name: str
    help: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text without guard, and the line on which it begins."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows of a table.

    Attributes:
        columns: Names of the columns that are there.
        rows: Line and cells by column; at most `MAX_ROWS`.
        problems: What is wrong with the shape of rows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, Cell]], ...]
    problems: tuple[Problem, ...]


def parse_grid(text: str, *, name: str, columns: Sequence[Column]) -> Grid:
    """Split a text into rows.

    Raises:
        TableInvalid: There is no usable header, or there are no rows.
    """
    separator = _separator(text, columns)
    records = _records(text, separator)
    problems: list[Problem] = []
    header: tuple[str, ...] | None = None
    rows: list[tuple[int, dict[str, Cell]]] = []
    for line, cells, broken in records:
        if broken:
            problems.append((line, "", broken))
        elif not any(cell.strip(SPACES) for cell in cells):
            continue
        elif header is None:
            header = _header(cells, line, name, columns)
        elif len(rows) == MAX_ROWS:
            rule = f"more than {MAX_ROWS:,} rows: split the table"
            problems.append((line, "", rule))
            break
        else:
            rows.append((line, _row(header, cells, line, problems)))
    if header is None:
        problems.append((1, "", f"the file is empty: {_expected(columns)}"))
    elif not rows and not problems:
        problems.append((1, "", "the table has a header and no rows"))
    if header is None or not rows:
        raise TableInvalid(problems, name=name)
    return Grid(header, tuple(rows), tuple(problems))


def column_at_end(text: str, columns: Sequence[Column]) -> str:
    """Name the column in which a text breaks off; empty if that cannot be told."""
    header: list[str] = []
    last: list[str] = []
    # The mark keeps an empty last cell, and a line that has just begun.
    for _, cells, _ in _records(text + "x", _separator(text, columns), strict=False):
        header = header or [_name(cell) for cell in cells[:MAX_COLUMNS]]
        last = cells
    if not last or len(last) > len(header):
        return ""
    known = {column.name for column in columns}
    found = header[len(last) - 1]
    return found if found in known else ""


def _records(
    text: str, separator: str, *, strict: bool = True
) -> Iterator[tuple[int, list[str], str]]:
    """Yield line, cells and what is broken, for each record."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=separator, strict=strict
    )
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader), ""
        except StopIteration:
            return
        except csv.Error as error:
            yield line, [], _broken(str(error))
            return


def _broken(message: str) -> str:
    if "field limit" in message:
        return "a cell is longer than any limit: does a quote not end?"
    if "end of data" in message:
        return "a quote begins here or below and never ends"
    return "after the quote that ends a cell only the separator may follow"


def _separator(text: str, columns: Sequence[Column]) -> str:
    """Choose the separator under which the header line has most known names."""
    known = {column.name for column in columns}
    lines = io.StringIO(text, newline="")
    header = next((line for line in lines if line.strip(SPACES + SEPARATORS)), "")

    def score(separator: str) -> int:
        cells = next(csv.reader([header[:_MAX_HEADER]], delimiter=separator), [])
        return len(known.intersection(map(_name, cells)))

    return max(SEPARATORS, key=score)


def _name(cell: str) -> str:
    return parse_cell(cell).lower()


def _expected(columns: Sequence[Column]) -> str:
    names = ", ".join(column.name for column in columns if column.required)
    return f"expected a header line with {names}, separated by , or ; or tab"


def _header(
    cells: Sequence[str], line: int, name: str, columns: Sequence[Column]
) -> tuple[str, ...]:
    """Read the header, or raise with everything that is wrong with it."""
    known = [column.name for column in columns]
    found = tuple(map(_name, cells[:MAX_COLUMNS]))
    if not set(known).intersection(found):
        # Perhaps this is no header but a row: nothing of it is shown.
        rule = f"no header line: {_expected(columns)}"
        raise TableInvalid([(line, "", rule)], name=name)
    problems: list[Problem] = []
    if len(cells) > MAX_COLUMNS:
        rule = f"{len(cells):,} columns, the limit is {MAX_COLUMNS}"
        problems.append((line, "", rule))
    for column in columns:
        if column.required and column.name not in found:
            problems.append((line, column.name, "this column is missing"))
        if found.count(column.name) > 1:
            problems.append((line, column.name, "this column is there twice"))
    for each in found:
        if each and each not in known:
            shown = each if _SHOWN_NAME.fullmatch(each) else ""
            problems.append((line, shown, f"unknown column{_meant(each, known)}"))
    if problems:
        raise TableInvalid(problems, name=name)
    return found


def _meant(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name.replace(" ", "_")[:64], known, n=1)
    if close:
        return f": is {close[0]} meant?"
    return f"; known are {', '.join(known)}"


def _row(
    header: Sequence[str], cells: Sequence[str], line: int, problems: list[Problem]
) -> dict[str, Cell]:
    row: dict[str, Cell] = {}
    at = line
    for number, cell in enumerate(cells):
        text = parse_cell(cell)
        if number < len(header) and header[number]:
            row[header[number]] = Cell(at, text)
        elif text:
            rule = (
                "a cell under a column without a name"
                if number < len(header)
                else "more cells than columns: put quotes around a cell that holds "
                "the separator"
            )
            problems.append((at, "", rule))
            break
        at += len(_LINE_BREAK.findall(cell))
    return row
