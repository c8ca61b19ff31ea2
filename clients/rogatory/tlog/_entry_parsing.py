"""Reading the log's entries, strictly: one spelling of each, nothing unknown.

The grammar is in `_entry.py`. Lines come in one order only, so the reader asks for each
by its word; at the end nothing may be left, and the value must encode to the very bytes
that were read.
"""

import re
from collections.abc import Callable
from datetime import datetime

from rogatory.errors import Malformed, NotCanonical, UnknownField
from rogatory.tlog._codec import (
    HASH_SIZE,
    MAX_SIZE,
    parse_base64,
    parse_decimal,
    refuse_longer,
)
from rogatory.tlog._entry import (
    CONTENT_CLASSES,
    HEADER,
    MAX_ENTRY,
    AccessEntry,
    Delivery,
    DirectoryEntry,
    EndEntry,
    Entry,
    ErasureEntry,
    IndexRange,
    MessageEntry,
    PreviousLog,
    ProfilesEntry,
    StartEntry,
    encode_entry,
)
from rogatory.tlog._keys import VerifierKey

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_PREVIOUS_PARTS = 3


def parse_entry(raw: bytes) -> Entry:
    """Read an entry.

    Raises:
        Malformed: Not an entry in its one spelling.
        UnknownField: A kind or a line that this version does not know.
        LimitExceeded: Longer than 4,096 bytes, or a number out of its range.
    """
    refuse_longer(raw, MAX_ENTRY, "entry")
    lines = _Lines(raw)
    kind = lines.take("kind")
    reader = _READERS.get(kind)
    if reader is None:
        raise UnknownField("entry kind", expected="one of " + ", ".join(_READERS))
    entry = reader(lines, _parse_time(lines.take("time"), "entry time"))
    lines.refuse_rest()
    if encode_entry(entry) != raw:
        raise NotCanonical("entry", expected="its own canonical encoding")
    return entry


class _Lines:
    """The lines that are still to be read."""

    def __init__(self, raw: bytes) -> None:
        try:
            text = raw.decode("ascii")
        except UnicodeDecodeError:
            raise Malformed("entry", expected="ASCII") from None
        self._lines = text.split("\n")
        if self._lines.pop():
            raise Malformed("entry", expected="a newline at its end")
        if not self._lines or self._lines.pop(0) != HEADER:
            raise Malformed("entry", expected=HEADER)
        self._lines.reverse()

    def take(self, word: str) -> str:
        """Return what follows `word` on the next line, which must begin with it."""
        if not self.next_is(word):
            raise Malformed("entry", expected=f"the line {word!r}")
        return self._lines.pop().removeprefix(f"{word} ")

    def take_hash(self, word: str) -> bytes:
        """Return the 32 bytes that the next line must carry behind `word`."""
        return parse_base64(self.take(word), f"entry {word}", size=HASH_SIZE)

    def next_is(self, word: str) -> bool:
        """Tell whether the next line begins with `word`."""
        return bool(self._lines) and self._lines[-1].startswith(f"{word} ")

    def refuse_rest(self) -> None:
        """Refuse lines that nobody has asked for."""
        if self._lines:
            raise UnknownField("entry", expected="its end", got="further lines")


def _read_message(lines: _Lines, time: datetime) -> MessageEntry:
    directory = _read_directory_line(lines)
    digest = lines.take_hash("digest")
    sealed = lines.take_hash("sealed") if lines.next_is("sealed") else None
    sender = lines.take_hash("from")
    deliveries = [Delivery(lines.take_hash("to"), lines.take_hash("inbox"))]
    while lines.next_is("to"):
        deliveries.append(Delivery(lines.take_hash("to"), lines.take_hash("inbox")))
    return MessageEntry(time, directory, digest, sealed, sender, tuple(deliveries))


def _read_directory(lines: _Lines, time: datetime) -> DirectoryEntry:
    return DirectoryEntry(time, _read_directory_line(lines), lines.take_hash("digest"))


def _read_profiles(lines: _Lines, time: datetime) -> ProfilesEntry:
    return ProfilesEntry(time, _read_directory_line(lines), lines.take_hash("digest"))


def _read_access(lines: _Lines, time: datetime) -> AccessEntry:
    directory = _read_directory_line(lines)
    return AccessEntry(
        time, directory, lines.take_hash("digest"), lines.take_hash("from")
    )


def _read_erasure(lines: _Lines, time: datetime) -> ErasureEntry:
    directory = _read_directory_line(lines)
    digest = lines.take_hash("digest")
    ranges = [_parse_range(lines.take("indices"))]
    while lines.next_is("indices"):
        ranges.append(_parse_range(lines.take("indices")))
    word = lines.take("class")
    found = [each for each in CONTENT_CLASSES if each == word]
    if not found:
        raise Malformed("entry class", expected="content or record")
    rule = lines.take("rule")
    due = _parse_time(lines.take("due"), "entry due")
    return ErasureEntry(time, directory, digest, tuple(ranges), found[0], rule, due)


def _read_start(lines: _Lines, time: datetime) -> StartEntry:
    origin, vkeys = lines.take("origin"), _read_vkeys(lines)
    previous = None
    if lines.next_is("previous"):
        previous = _parse_previous(lines.take("previous"))
    return StartEntry(time, origin, vkeys, previous)


def _read_end(lines: _Lines, time: datetime) -> EndEntry:
    directory = _read_directory_line(lines)
    return EndEntry(time, directory, lines.take("successor"), _read_vkeys(lines))


_READERS: dict[str, Callable[[_Lines, datetime], Entry]] = {
    "message": _read_message,
    "directory": _read_directory,
    "profiles": _read_profiles,
    "erasure": _read_erasure,
    "access": _read_access,
    "start": _read_start,
    "end": _read_end,
}


def _read_directory_line(lines: _Lines) -> int | None:
    if not lines.next_is("directory"):
        return None
    most = MAX_SIZE - 1
    return parse_decimal(lines.take("directory"), "entry directory", most=most)


def _read_vkeys(lines: _Lines) -> tuple[VerifierKey, ...]:
    vkeys = []
    while lines.next_is("vkey"):
        vkeys.append(VerifierKey.parse(lines.take("vkey")))
    return tuple(vkeys)


def _parse_time(text: str, thing: str) -> datetime:
    if not _TIME.fullmatch(text):
        raise Malformed(thing, expected="YYYY-MM-DDThh:mm:ssZ")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise Malformed(thing, expected="a date and time that exist") from None


def _parse_range(text: str) -> IndexRange:
    first, dash, last = text.partition("-")
    if not dash:
        raise Malformed("entry indices", expected="<first>-<last>")
    thing, most = "entry indices", MAX_SIZE - 1
    return IndexRange(
        parse_decimal(first, thing, most=most), parse_decimal(last, thing, most=most)
    )


def _parse_previous(text: str) -> PreviousLog:
    parts = text.split(" ")
    if len(parts) != _PREVIOUS_PARTS:
        raise Malformed("entry previous", expected="<origin> <size> <root>")
    origin, size, root = parts
    return PreviousLog(
        origin,
        parse_decimal(size, "entry previous size"),
        parse_base64(root, "entry previous root", size=HASH_SIZE),
    )
