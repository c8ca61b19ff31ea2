r"""Text from strangers, made fit for a terminal; and how wide text is.

Names, notes, locators and explanations come from other parties. A terminal obeys what
it prints: escape sequences move the cursor, rename the window or answer as if typed;
direction characters make `fdp.exe` look like `exe.pdf`; a line break forges a line of
ours. So whatever is not a visible character is shown as an escape (`\x1b`, `\u202e`).
"""

import re
import unicodedata
from collections.abc import Iterator

_JOINERS = "\u200c\u200d"  # Persian, Hindi and emoji need them, and they move nothing
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_SUSPECT = re.compile(r"[^ -~]")
_ZERO_WIDTH = frozenset({"Mn", "Me", "Cf"})
_JAMO = ((0x1160, 0x11FF), (0xD7B0, 0xD7FF))  # vowels and finals join the consonant
_ELLIPSIS = "…"


def safe_line(text: str) -> str:
    """Return the text on one line, with everything invisible as an escape."""
    return _SUSPECT.sub(_escape, text)


def safe_block(text: str) -> str:
    """Return the text with its line breaks and tabs kept, all else as in a line."""
    lines = text.replace("\r\n", "\n").replace("\t", "    ").split("\n")
    return "\n".join(map(safe_line, lines))


def safe_json(text: str) -> str:
    r"""Escape what JSON may leave raw and a terminal obeys, as `\uXXXX`."""
    return "".join(_json_escape(char) for char in text)


def width(text: str) -> int:
    """Return how many columns a terminal gives the text."""
    return sum(map(_char_width, text))


def fit(text: str, columns: int) -> str:
    """Cut the text to so many columns, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    kept, used = "", 0
    for char in text:
        used += _char_width(char)
        if used > columns - 1:
            break
        kept += char
    return kept + _ELLIPSIS


def pad(text: str, columns: int, *, right: bool = False) -> str:
    """Fill the text with spaces to so many columns."""
    filling = " " * max(0, columns - width(text))
    return filling + text if right else text + filling


def wrap(text: str, columns: int) -> Iterator[str]:
    """Yield the lines of a text, broken at spaces where they are too long."""
    for line in text.split("\n"):
        current = ""
        for word in line.split(" "):
            longer = f"{current} {word}" if current else word
            if current and width(longer) > columns:
                yield current
                longer = word
            current = longer
        yield current


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    if char in _JOINERS or unicodedata.category(char) not in _HIDDEN:
        return char
    return _escaped(char)


def _escaped(char: str) -> str:
    names = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    if char in names:
        return names[char]
    code = ord(char)
    if code <= 0xFF:  # noqa: PLR2004 the range of \x
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004


def _json_escape(char: str) -> str:
    if char.isascii() and char != "\x7f":
        return char
    if char in _JOINERS or unicodedata.category(char) not in _HIDDEN:
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(
        f"\\u{int.from_bytes(units[at : at + 2], 'big'):04x}"
        for at in range(0, len(units), 2)
    )


def _char_width(char: str) -> int:
    if " " <= char <= "~":
        return 1
    code = ord(char)
    if any(first <= code <= last for first, last in _JAMO):
        return 0
    if unicodedata.category(char) in _ZERO_WIDTH:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
