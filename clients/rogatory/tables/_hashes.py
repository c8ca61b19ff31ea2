"""Hashes in cells: `sha256:…;pdq:…`, and a column of its own for SHA-256.

Within a value `%`, `;`, spaces and what does not print are written as `%` and two hex
digits of their UTF-8 bytes; values of the functions in use have none of them.
"""

import re

from rogatory.tables._rows import AS_TEXT, Row
from rogatory.tables._vocabulary import HASH_ALGORITHMS
from rogatory.v1 import removal_pb2

MAX_HASHES = 8
MAX_HASH_BYTES = 8192
_HEX_DIGITS = {"md5": 32, "sha1": 40, "sha256": 64, "pdq": 64, "video_md5": 32}
_SHA256 = removal_pb2.HASH_ALGORITHM_SHA256
_ESCAPED = re.compile(r"[^\x21-\x24\x26-\x3a\x3c-\x7e]")
_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_MAX_CELL = 4 * MAX_HASHES * MAX_HASH_BYTES
_MANGLED = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+")


def parse_hashes(row: Row) -> list[removal_pb2.ContentHash]:
    """Read the columns `sha256` and `hashes` of a row, the first one first."""
    found: list[removal_pb2.ContentHash] = []
    value = row.raw("sha256").lower()
    if value and (rule := _broken_rule("sha256", value)):
        row.refuse("sha256", rule)
    elif value:
        found.append(removal_pb2.ContentHash(algorithm=_SHA256, value=value))
    text = row.text("hashes", _MAX_CELL)
    parts = [part.strip() for part in text.split(";") if part.strip()]
    for part in parts[:MAX_HASHES]:
        each = _parse_hash(row, part)
        if each is not None and each not in found:
            found.append(each)
    if max(len(parts), len(found)) > MAX_HASHES:
        count = max(len(parts), len(found))
        row.refuse("hashes", f"{count} hashes, the limit is {MAX_HASHES}")
    if len({each.value for each in found if each.algorithm == _SHA256}) > 1:
        row.refuse("hashes", "two different SHA-256 values for one item")
    return found


def encode_hashes(item: removal_pb2.ContentItem) -> tuple[str, str]:
    """Return the cells `sha256` and `hashes` of an item."""
    rest = list(item.hashes)
    first = ""
    if (
        rest
        and rest[0].algorithm == _SHA256
        and not _broken_rule("sha256", rest[0].value)
    ):
        first = rest.pop(0).value
    return first, ";".join(
        f"{HASH_ALGORITHMS.name(each.algorithm)}:{_ESCAPED.sub(_escape, each.value)}"
        for each in rest
    )


def _parse_hash(row: Row, part: str) -> removal_pb2.ContentHash | None:
    name, colon, value = part.partition(":")
    name = name.strip().lower()
    algorithm = HASH_ALGORITHMS.numbers.get(name)
    if not colon or algorithm is None:
        functions = ", ".join(HASH_ALGORITHMS.numbers)
        row.refuse("hashes", f"expected function:value, function one of {functions}")
        return None
    try:
        value = _ESCAPE.sub(_unescape, value.strip())
    except UnicodeDecodeError:
        row.refuse("hashes", f"{name}: a broken % escape")
        return None
    if name in _HEX_DIGITS:
        value = value.lower()
    rule = _broken_rule(name, value)
    if rule:
        row.refuse("hashes", rule)
        return None
    return removal_pb2.ContentHash(algorithm=algorithm, value=value)


def _broken_rule(name: str, value: str) -> str:
    """Name the rule that a value breaks; empty if none."""
    digits = _HEX_DIGITS.get(name)
    size = len(value.encode())
    rule = ""
    if not value:
        rule = "the value is empty"
    elif size > MAX_HASH_BYTES:
        rule = f"{size:,} bytes, the limit is {MAX_HASH_BYTES:,}"
    elif digits is not None and len(value) != digits:
        rule = f"expected {digits} hex digits, got {len(value):,} characters"
        if _MANGLED.fullmatch(value):
            rule = f"a spreadsheet turned this into a rounded number: {AS_TEXT}"
    elif digits is not None and not re.fullmatch("[0-9a-f]+", value):
        rule = "expected hex digits only"
    return f"{name}: {rule}" if rule else ""


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _unescape(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode()
