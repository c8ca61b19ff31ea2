"""What strangers wrote reaches a terminal as visible characters and nothing else."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rogatory.cli._text import fit, pad, safe_block, safe_json, safe_line, width, wrap

_OBEYED = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"),
        ("a\nerror: forged", "a\\nerror: forged"),
        ("x\u202efdp.exe", "x\\u202efdp.exe"),
        ("\x9b31m", "\\x9b31m"),
        ("a\u2028b", "a\\u2028b"),
        ("\U000e0041", "\\U000e0041"),
        ("한국어 텍스트 é ✓", "한국어 텍스트 é ✓"),
    ],
)
def test_what_a_terminal_obeys_is_shown_as_an_escape(text: str, shown: str) -> None:
    """Escape sequences, direction marks and line breaks cannot act."""
    assert safe_line(text) == shown


@given(st.text())
def test_a_line_has_no_character_that_acts(text: str) -> None:
    """Whatever comes in, nothing invisible but the joiners of scripts comes out."""
    line = safe_line(text)
    acting = {c for c in line if unicodedata.category(c) in _OBEYED}
    assert acting <= {"\u200c", "\u200d"}


def test_a_block_keeps_its_lines() -> None:
    """Texts of several lines stay readable, and every line is safe."""
    assert safe_block("a\r\nb\x1b\tc") == "a\nb\\x1b    c"


@given(st.text())
def test_json_stays_the_same_document(text: str) -> None:
    """Escaping for the terminal changes the spelling and never the value."""
    raw = json.dumps({"text": text}, ensure_ascii=False)
    shown = safe_json(raw)
    assert json.loads(shown) == {"text": text}
    assert "\x9b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("한글", 4), ("e\u0301", 1), ("\u1112\u1161\u11ab", 2), ("가a", 3)],
)
def test_width_counts_columns(text: str, columns: int) -> None:
    """Korean takes two columns, also in the form in which a Mac writes file names."""
    assert width(text) == columns


def test_fitting_cuts_whole_characters() -> None:
    """A wide character that does not fit goes, and something says so."""
    assert fit("한글텍스트", 6) == "한글…"
    assert fit("abc", 3) == "abc"


def test_padding_reaches_the_column() -> None:
    """Cells are aligned by columns and not by characters."""
    assert pad("한", 4) == "한  "
    assert pad("7", 3, right=True) == "  7"


def test_wrapping_keeps_words() -> None:
    """Lines break at spaces only."""
    assert list(wrap("one two three", 7)) == ["one two", "three"]
