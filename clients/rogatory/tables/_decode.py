"""From the bytes of a file to text: UTF-8, or UTF-16 with a byte-order mark.

Anything else is refused with the place of the first byte that does not fit: guessing an
encoding would send wrong names and links without anybody seeing it.
"""

import codecs
from collections.abc import Sequence

from rogatory.errors import TableInvalid
from rogatory.tables._grid import Column, column_at_end

MAX_TABLE_BYTES = 4 * 1024 * 1024
"""1,000 rows of 4 KiB: more than a message can carry (docs/protocol.md)."""

_ADVICE = 'save the file as "CSV UTF-8" and run the command again'
_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"


def decode_table(raw: bytes, *, name: str, columns: Sequence[Column]) -> str:
    """Return the text of a table file, without byte-order mark.

    Raises:
        TableInvalid: It is too large, another kind of file or in another encoding.
    """
    if len(raw) > MAX_TABLE_BYTES:
        rule = f"the file has {len(raw):,} bytes, the limit is {MAX_TABLE_BYTES:,}"
        raise TableInvalid([(1, "", f"{rule}: split it")], name=name)
    if raw.startswith((_ZIP, _OLE)):
        rule = f"this is a spreadsheet file, not CSV: {_ADVICE}"
        raise TableInvalid([(1, "", rule)], name=name)
    encoding = _encoding(raw)
    if not encoding:
        rule = f"this is a form of UTF-16 or UTF-32 that we do not read: {_ADVICE}"
        raise TableInvalid([(1, "", rule)], name=name)
    try:
        return raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode(encoding).removeprefix("\ufeff")
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    rule = (
        f"character {len(lines[-1]) + 1} of this line is not "
        f"{encoding[:6].strip('-').upper()} text: {_ADVICE}"
    )
    problem = (len(lines), column_at_end(before, columns), rule)
    raise TableInvalid([problem], name=name)


def _encoding(raw: bytes) -> str:
    """Give the encoding that the first bytes announce; empty if it is none of ours."""
    if raw.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return ""
    if raw.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le"
    if raw.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be"
    # No mark, but every second byte of plain letters is zero.
    return "" if b"\0" in raw[:4] else "utf-8"
