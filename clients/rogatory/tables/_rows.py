"""Read the cells of rows, collecting every broken rule.

Rules never repeat what a cell holds: it may be a person's name, number or link. Ids are
the exception, being opaque; they are how a clerk finds the row.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Sequence

from rogatory.errors import TableInvalid
from rogatory.tables._decode import decode_table
from rogatory.tables._grid import Cell, Column, Problem, parse_grid
from rogatory.tables._times import Moment, parse_moment
from rogatory.tables._vocabulary import N, Words

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""Ids of items and tasks, as `rogatory.envelope` accepts them."""

MANGLED = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+[eE][+-]?|[eE]\+)[0-9]+")
"""A long number as a spreadsheet shows it: 1.23E+17, or 1,23E+17."""
MAX_COUNT = 2**32 - 1
"""The greatest uint32 of the protos."""
MAX_HINTS = 10
"""Comparing words is slow: a thousand rows times a thousand ids would take minutes."""
_ERROR_VALUE = re.compile(r"#(?:NAME\?|REF!|VALUE!|DIV/0!|N/A|NUM!|NULL!|##+)")
_DIGITS = re.compile("[0-9]{1,64}")
_FEW = 3
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CONTROL_IN_PROSE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
AS_TEXT = "format the column as text and enter the value again"


class Row:
    """One row, and where its problems go."""

    def __init__(
        self, line: int, cells: dict[str, Cell], problems: list[Problem]
    ) -> None:
        """Take a row of a grid.

        Args:
            line: Its first line.
            cells: Its cells by column.
            problems: Shared by all rows of a table.
        """
        self.line = line
        self._cells = cells
        self._problems = problems

    def refuse(self, column: str, rule: str) -> None:
        """Note the rule that a cell breaks."""
        cell = self._cells.get(column)
        self._problems.append((cell.line if cell else self.line, column, rule))

    def closest(self, text: str, known: Collection[str], *, cutoff: float = 0.6) -> str:
        """Find what may be meant; empty if nothing, or behind the first problems."""
        if len(self._problems) >= MAX_HINTS:
            return ""
        text = text.replace(" ", "_")[:64]
        close = difflib.get_close_matches(text, list(known), n=1, cutoff=cutoff)
        return close[0] if close else ""

    def raw(self, column: str) -> str:
        """Return what the cell holds; empty if there is no such cell."""
        cell = self._cells.get(column)
        return cell.text if cell else ""

    def text(
        self, column: str, limit: int, *, required: bool = False, prose: bool = False
    ) -> str:
        """Return a text, or "" after noting why not.

        Args:
            column: Name of the column.
            limit: Most bytes in UTF-8.
            required: Whether it must not be empty.
            prose: Whether it is running text, which may have line breaks and tabs and
                is not read as a value.
        """
        text = self.raw(column)
        if not text:
            if required:
                self.refuse(column, "this cell is empty")
            return ""
        control = (_CONTROL_IN_PROSE if prose else _CONTROL).search(text)
        size = len(text.encode())
        if control:
            place = control.start() + 1
            self.refuse(column, f"character {place} of the cell is a control character")
        elif size > limit:
            self.refuse(column, f"the cell has {size:,} bytes, the limit is {limit:,}")
        elif _ERROR_VALUE.fullmatch(text):
            self.refuse(column, f"a spreadsheet's error value: {AS_TEXT}")
        elif not prose and MANGLED.fullmatch(text):
            self.refuse(
                column, f"a spreadsheet turned this into a rounded number: {AS_TEXT}"
            )
        else:
            return text
        return ""

    def id(self, column: str) -> str:
        """Return an id of the protocol, or "" after noting why not."""
        text = self.raw(column)
        if MANGLED.fullmatch(text) and len(text) <= 64:  # noqa: PLR2004 as in ID
            rule = f"a spreadsheet turned this id into the rounded number {text}"
            self.refuse(column, f"{rule}: {AS_TEXT}")
            return ""
        text = self.text(column, 1024, required=True)
        if text and not ID.fullmatch(text):
            self.refuse(column, "expected 1 to 64 of A-Z a-z 0-9 . _ -, first no sign")
            return ""
        return text

    def word(self, column: str, words: Words[N], *, required: bool = True) -> N | None:
        """Return the number of a word, or None: empty, or noted why not."""
        text = self.raw(column).lower()
        if not text:
            if required:
                self.refuse(column, "this cell is empty")
            return None
        number = words.numbers.get(text)
        if number is None:
            meant = self.closest(text, words.numbers)
            known = f"expected one of {', '.join(words.numbers)}"
            hint = f"is {meant} meant?" if meant else known
            self.refuse(column, f"unknown word: {hint}")
        return number

    def moment(self, column: str, *, required: bool) -> Moment | None:
        """Return a time with its zone, or None: empty, or noted why not."""
        text = self.text(column, 64, required=required)
        if not text:
            return None
        try:
            return parse_moment(text)
        except ValueError as error:
            self.refuse(column, str(error))
            return None

    def count(self, column: str) -> int:
        """Return a whole number, 0 if empty or after noting why not."""
        text = self.text(column, 64)
        if not text:
            return 0
        if not re.fullmatch("[0-9]{1,10}", text) or int(text) > MAX_COUNT:
            self.refuse(column, f"expected a whole number, at most {MAX_COUNT:,}")
            return 0
        return int(text)


class Table:
    """The rows of a table file, with one id each."""

    def __init__(
        self, raw: bytes, *, name: str, columns: Sequence[Column], key: str
    ) -> None:
        """Read the shape of a file.

        Args:
            raw: The file's bytes.
            name: Its name, for messages.
            columns: Its columns.
            key: The column of the ids, which must differ.

        Raises:
            TableInvalid: The file has no such shape.
        """
        text = decode_table(raw, name=name, columns=columns)
        grid = parse_grid(text, name=name, columns=columns)
        self._name = name
        self._order = {column.name: place for place, column in enumerate(columns)}
        self._problems = list(grid.problems)
        self._rows = [Row(line, cells, self._problems) for line, cells in grid.rows]
        self._key = key
        self._refuse_doubles()

    def __iter__(self) -> Iterator[Row]:
        """Yield the rows in order."""
        return iter(self._rows)

    def close(self) -> None:
        """End reading.

        Raises:
            TableInvalid: There were problems; it names them in the order of the file.
        """
        if self._problems:
            order = self._order
            self._problems.sort(key=lambda each: (each[0], order.get(each[1], -1)))
            raise TableInvalid(self._problems, name=self._name)

    def _refuse_doubles(self) -> None:
        first: dict[str, int] = {}
        for row in self._rows:
            text = row.raw(self._key)
            if text in first and ID.fullmatch(text):
                rule = f"the id {text} is on line {first[text]} already"
                row.refuse(self._key, rule)
            first.setdefault(text, row.line)

    def refuse_lost_zeros(self) -> None:
        """Refuse ids that are too short among numbers of one width.

        Where the others are padded with zeros, each shorter one has lost some. Where
        they are not, a single shorter one among two equals or more is suspicious too,
        unless the ids are a plain count (99, 100, 101).
        """
        ids = [row.raw(self._key) for row in self._rows]
        if not all(map(_DIGITS.fullmatch, ids)):
            return
        width = max(map(len, ids))
        short = [row for row in self._rows if len(row.raw(self._key)) < width]
        numbers = sorted({int(each) for each in ids})
        is_count = numbers[-1] - numbers[0] == len(numbers) - 1
        padded = any(each[0] == "0" for each in ids if len(each) == width)
        if not padded and (len(short) != 1 or is_count or len(ids) < _FEW):
            return
        for row in short:
            row.refuse(
                self._key,
                f"the id {row.raw(self._key)} is shorter than the others ({width} "
                f"digits): a spreadsheet may have taken its leading zeros; {AS_TEXT}",
            )


def refuse_unknown(row: Row, column: str, found: str, known: Collection[str]) -> None:
    """Note that the exchange does not have an id, with the one that may be meant."""
    if not found or found in known:
        return
    meant = row.closest(found, known, cutoff=0.8)
    # Digits alone that are too short: 7 for 0007, which is not similar enough.
    padded = found.isdecimal() and next(
        (each for each in known if each.lstrip("0") == found.lstrip("0")), ""
    )
    hint = f": is {meant} meant?" if meant else ""
    if padded:
        hint = f": it has {padded}; a spreadsheet may have taken leading zeros"
    row.refuse(column, f"the exchange has no id {found}{hint}")
