"""Cells that cannot run as formulas, and the way back.

A spreadsheet runs a cell that begins with `=`, `+`, `-` or `@`, also after a space, a
byte-order mark or an invisible character, and in some languages also with the
full-width forms. Such a cell is written with an apostrophe before it. A spreadsheet
that splits the line at another separator than ours begins a cell behind each `;`, tab
or line break, so formulas are disarmed there too.

`parse_cell(encode_cell(x)) == x` for every text. What begins or ends with a space also
gets the apostrophe, because unguarded cells are trimmed.
"""

import re

SPACES = " \t\r\n\u00a0\u3000"
"""What is trimmed: a stray space of a clerk, also no-break and ideographic ones."""

_FORMULA = r"[=+\-@\uff1d\uff0b\uff0d\uff20]"
_SKIPPED = r" \"\u00a0\u3000\ufeff\u200b-\u200f\u2060"
_LEADING = re.compile(rf"[{_SKIPPED}\t\r\n]*{_FORMULA}")
_START = rf"(?='*[{_SKIPPED}]*{_FORMULA})"
_INNER = re.compile(rf"(?<=[;\t\r\n]){_START}")
_GUARDED_INNER = re.compile(rf"(?<=[;\t\r\n])'{_START}")


def encode_cell(text: str) -> str:
    """Return the text in a form that no spreadsheet runs."""
    disarmed = _INNER.sub("'", text)
    return f"'{disarmed}" if _needs_guard(disarmed) else disarmed


def parse_cell(cell: str) -> str:
    """Return the text of a cell: without the guard, otherwise trimmed."""
    if not _is_guarded(cell):
        cell = cell.strip(SPACES)
    if _is_guarded(cell):
        cell = cell[1:]
    return _GUARDED_INNER.sub("", cell)


def _is_guarded(cell: str) -> bool:
    return cell.startswith("'") and _needs_guard(cell[1:])


def _needs_guard(text: str) -> bool:
    """Tell whether a text needs the apostrophe, whatever apostrophes it begins with."""
    core = text.lstrip("'")
    if not core:
        return False
    return core[0] in SPACES or core[-1] in SPACES or bool(_LEADING.match(core))
