"""What people and programs read: lines, tables, JSON, times, progress.

Data goes to stdout (`out`, `print_json`, `print_table`, `print_facts`), talk to stderr
(`say`, `Progress`). Every string that is printed passes through `_text`, so that no
caller has to think of it.

JSON: one document, UTF-8, two spaces of indent; times RFC 3339 in UTC with `Z`, ids as
strings, digests in lower-case hex.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import IO, Self

import click

from rogatory.cli._text import fit, pad, safe_block, safe_json, safe_line, width

Json = (
    str | int | float | bool | None | Mapping[str, "Json"] | Sequence["Json"]
)  # fmt: skip

QUIET = "rogatory.quiet"
"""Key of click's `Context.meta`: nobody is talked to."""

_GAP = 2
_MIN_COLUMN = 8
_QUIET_SECONDS = 1.0
_REDRAW_SECONDS = 0.1
_BAR = 30
_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


# --- lines ---------------------------------------------------------------------------


def out(text: str = "") -> None:
    """Print data."""
    click.echo(safe_block(text))


def say(text: str = "", *, always: bool = False) -> None:
    """Talk to the person in front of the screen.

    A program that asked for JSON finds nothing on stderr but an error, so it is not
    talked to, unless always is given.
    """
    context = click.get_current_context(silent=True)
    if always or context is None or not context.meta.get(QUIET):
        click.echo(safe_block(text), err=True)


def print_json(value: Json, *, err: bool = False) -> None:
    """Print one JSON document."""
    click.echo(encode_json(value), err=err)


def print_json_line(value: Json) -> None:
    """Print one JSON document on one line, at once: for streams."""
    click.echo(safe_json(json.dumps(value, ensure_ascii=False)))


def encode_json(value: Json) -> str:
    """Return the JSON document as it is printed."""
    return safe_json(json.dumps(value, ensure_ascii=False, indent=2))


def print_facts(facts: Sequence[tuple[str, str]], *, indent: str = "  ") -> None:
    """Print names and values, aligned; without those that have no value."""
    out(facts_text(facts, indent=indent))


def facts_text(facts: Sequence[tuple[str, str]], *, indent: str = "  ") -> str:
    """Return names and values, aligned; without those that have no value."""
    shown = [(name, value) for name, value in facts if value]
    columns = max((width(name) for name, _ in shown), default=0)
    lines = []
    for name, value in shown:
        first, *rest = safe_block(value).split("\n")
        lines.append(f"{indent}{pad(name, columns)}  {first}")
        lines += [f"{indent}{'':{columns}}  {line}" for line in rest]
    return "\n".join(lines)


# --- tables --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table on the screen.

    Attributes:
        title: Its head.
        right: Aligned to the right: numbers.
        shrinks: May be cut where the screen is too narrow; a file gets all of it.
    """

    title: str
    right: bool = False
    shrinks: bool = False


def print_table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, whole: bool = False
) -> None:
    """Print a table, aligned also where characters are two columns wide.

    Args:
        columns: Its columns.
        rows: As many cells each.
        whole: Where the screen is too narrow, put the cells of a row behind each
            other, unaligned, rather than cut them.
    """
    room = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
    lines = table_lines(columns, rows, room=None if whole else room)
    if whole and room is not None and max(map(width, lines)) > room:
        gap = " " * _GAP
        lines = [gap.join(safe_line(cell) for cell in row if cell) for row in rows]
    for line in lines:
        click.echo(line)


def table_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], *, room: int | None
) -> list[str]:
    """Return the lines of a table.

    Args:
        columns: Its columns.
        rows: As many cells each.
        room: Columns of the screen; None: as wide as need be.
    """
    cells = [[safe_line(cell) for cell in row] for row in rows]
    titles = [column.title for column in columns]
    widths = [
        max(width(cell) for cell in column)
        for column in zip(titles, *cells, strict=True)
    ]
    if room is not None:
        _shrink(columns, widths, room)
    lines = []
    for row in [titles, *cells]:
        parts = [
            pad(fit(cell, size), size, right=column.right)
            for cell, size, column in zip(row, widths, columns, strict=True)
        ]
        lines.append((" " * _GAP).join(parts).rstrip())
    return lines


def _shrink(columns: Sequence[Column], widths: list[int], room: int) -> None:
    """Take from the widest of the columns that may shrink, until it fits."""
    flexible = [at for at, column in enumerate(columns) if column.shrinks]
    while sum(widths) + _GAP * (len(widths) - 1) > room:
        widest = max(flexible, key=lambda at: widths[at], default=None)
        if widest is None or widths[widest] <= _MIN_COLUMN:
            return
        widths[widest] -= 1


def is_terminal(stream: IO[str]) -> bool:
    """Tell whether a person looks at the stream."""
    return stream.isatty()


# --- times ---------------------------------------------------------------------------


def utc(seconds: float) -> datetime:
    """Return Unix seconds as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def rfc3339(moment: datetime) -> str:
    """Write a time for programs: UTC, whole seconds, `Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(moment: datetime) -> str:
    """Write a time for people, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def clock_and_distance(moment: datetime, now: datetime) -> str:
    """Write a time for people, and how far away it is."""
    return f"{clock(moment)} ({distance(moment, now)})"


def due(moment: datetime, now: datetime) -> str:
    """Write by when something must be done: relative first, overdue in words."""
    if moment < now:
        return f"overdue by {duration(now - moment)}: {clock(moment)}"
    return f"in {duration(moment - now)}: {clock(moment)}"


def distance(moment: datetime, now: datetime) -> str:
    """Say how far a time is from now."""
    if moment > now:
        return f"in {duration(moment - now)}"
    return f"{duration(now - moment)} ago"


def duration(length: timedelta) -> str:
    """Write a length of time in its two greatest units at most."""
    seconds = int(length.total_seconds())
    for at, (unit, size) in enumerate(_UNITS):
        if seconds >= size:
            whole, rest = divmod(seconds, size)
            text = f"{whole} {unit}"
            if at + 1 < len(_UNITS):
                small, small_size = _UNITS[at + 1]
                if part := rest // small_size:
                    text += f" {part} {small}"
            return text
    return "0 s"


def count(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural if need be."""
    if number != 1:
        noun = f"{noun[:-1]}ies" if noun.endswith(("ry", "ty")) else f"{noun}s"
    return f"{number:,} {noun}"


# --- progress ------------------------------------------------------------------------


class Progress:
    """A bar on stderr, on a terminal and after a second only; gone when it is done."""

    def __init__(
        self,
        what: str,
        *,
        stream: IO[str] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin.

        Args:
            what: What goes on, in a word or two.
            stream: Where the bar is drawn; stderr.
            now: Seconds, for tests.
        """
        self._what = what
        self._stream = stream or sys.stderr
        self._now = now
        self._begun = now()
        self._next = self._begun + _QUIET_SECONDS
        self._drawn = 0

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._draw("")

    def step(self, what: str, done: int, total: int) -> None:
        """Tell how much of one of several things is done."""
        self._what = what
        self.update(done, total)

    def update(self, done: int, total: int | None = None) -> None:
        """Tell how much is done, and of how much."""
        now = self._now()
        if now < self._next or not is_terminal(self._stream):
            return
        self._next = now + _REDRAW_SECONDS
        if not total:
            self._draw(f"{self._what}  {done:,}")
            return
        part = min(1.0, done / total)
        bar = "#" * int(_BAR * part)
        left = (now - self._begun) * (1 - part) / part if part else 0
        rest = f"  {duration(timedelta(seconds=left))} left" if left >= 1 else ""
        self._draw(f"{self._what}  [{bar:-<{_BAR}}] {done:,} of {total:,}{rest}")

    def _draw(self, text: str) -> None:
        line = fit(safe_line(text), shutil.get_terminal_size().columns - 1)
        if line or self._drawn:
            self._stream.write(f"\r{line}{' ' * (self._drawn - width(line))}")
            self._stream.write("" if line else "\r")
            self._stream.flush()
        self._drawn = width(line)
