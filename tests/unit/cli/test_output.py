"""Tables are aligned, times are plain, progress keeps quiet."""

import io
from datetime import UTC, datetime, timedelta

import pytest

from rogatory.cli._text import width
from rogatory.cli.output import (
    Column,
    Progress,
    clock,
    due,
    duration,
    encode_json,
    facts_text,
    print_table,
    rfc3339,
    table_lines,
)

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_columns_are_aligned_where_characters_are_wide() -> None:
    """A Korean cell does not push the next column."""
    columns = [Column("NAME"), Column("N", right=True), Column("STATE")]
    lines = table_lines(columns, [("한글", "7", "x"), ("abcde", "12", "y")], room=None)
    assert lines == [
        "NAME    N  STATE",
        "한글    7  x",
        "abcde  12  y",
    ]


def test_a_hostile_cell_stays_in_its_row() -> None:
    """A line break in a cell cannot forge a row."""
    lines = table_lines([Column("A")], [("x\nforged",)], room=None)
    assert lines == ["A", "x\\nforged"]


def test_a_narrow_screen_cuts_the_column_that_may_shrink() -> None:
    """Ids stay whole; what is long and says so gives way."""
    columns = [Column("ID"), Column("TEXT", shrinks=True)]
    lines = table_lines(columns, [("0123456789", "long " * 20)], room=40)
    assert lines[1].startswith("0123456789  long long")
    assert lines[1].endswith("…")
    assert width(lines[1]) <= 40


def test_a_file_gets_all_of_every_cell() -> None:
    """Without a screen nothing is cut."""
    columns = [Column("TEXT", shrinks=True)]
    assert table_lines(columns, [("x" * 300,)], room=None)[1] == "x" * 300


@pytest.mark.parametrize(
    ("columns", "lines"),
    [("30", ["AB  TEXT", "1   한글 텍스트"]), ("12", ["1  한글 텍스트"])],
)
def test_a_row_that_must_stay_whole_is_not_cut(
    monkeypatch: pytest.MonkeyPatch, columns: str, lines: list[str]
) -> None:
    """Where the screen is too narrow, cells follow each other."""
    screen = Screen()
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout", screen)

    print_table([Column("AB"), Column("TEXT")], [("1", "한글 텍스트")], whole=True)

    assert screen.getvalue().splitlines() == lines


def test_facts_leave_out_what_has_no_value() -> None:
    """Names are aligned, and further lines are indented below the first."""
    text = facts_text([("origin", "a"), ("none", ""), ("note", "b\nc")])
    assert text == "  origin  a\n  note    b\n          c"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (3600, "1 h"),
        (3660, "1 h 1 min"),
        (86_400 * 3 + 7200, "3 d 2 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds: int, text: str) -> None:
    """Nobody reads seconds behind days."""
    assert duration(timedelta(seconds=seconds)) == text


def test_what_is_overdue_says_so_in_words() -> None:
    """Relative first, absolute too."""
    assert due(NOW + timedelta(hours=5), NOW) == "in 5 h: 2026-11-23 06:02 UTC"
    text = due(NOW - timedelta(hours=2), NOW)
    assert text == "overdue by 2 h: 2026-11-22 23:02 UTC"


def test_times_are_in_utc() -> None:
    """A program gets RFC 3339 with Z, a person gets the zone in letters."""
    korea = datetime.fromisoformat("2026-11-23T10:02:03+09:00")
    assert rfc3339(korea) == "2026-11-23T01:02:03Z"
    assert clock(korea) == "2026-11-23 01:02 UTC"


def test_json_keeps_letters_and_escapes_what_acts() -> None:
    """Korean stays readable; a direction mark becomes an escape."""
    assert encode_json({"a": "한\u202e"}) == '{\n  "a": "한\\u202e"\n}'


def test_progress_is_silent_for_a_second() -> None:
    """What is quick shows no bar; what is slow shows one and takes it away."""
    at, screen = [0.0], Screen()
    with Progress("verifying", stream=screen, now=lambda: at[0]) as progress:
        progress.update(1, 10)
        assert screen.getvalue() == ""

        at[0] = 1.5
        progress.update(5, 10)
        bar = "[###############---------------]"
        assert f"verifying  {bar} 5 of 10" in screen.getvalue()
    assert screen.getvalue().endswith("\r")


def test_progress_says_nothing_into_a_file() -> None:
    """Nobody wants bars in a log file."""
    at, stream = [0.0], io.StringIO()
    with Progress("x", stream=stream, now=lambda: at[0]) as progress:
        at[0] = 9.0
        progress.update(5, 10)
    assert stream.getvalue() == ""
