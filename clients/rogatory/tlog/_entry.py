r"""The log's entries as values: what is logged, and when (docs/protocol.md).

An entry is ASCII lines, each ending in `\n`, at most 4,096 bytes, in this order only:

    rogatory-entry/v1
    kind <kind>
    time YYYY-MM-DDThh:mm:ssZ
    directory <index>                 absent while there is no directory entry
    ...                               the lines of the kind, below

| kind | lines |
|---|---|
| message | `digest`, `sealed`?, `from`, then 1 to 8 pairs of `to` and `inbox` |
| directory, profiles | `digest` |
| access | `digest`, `from` |
| erasure | `digest`, `indices <first>-<last>`..., `class`, `rule`, `due` |
| start | `origin`, 2 to 8 `vkey`, `previous <origin> <size> <root>`?; no `directory` |
| end | `successor`, 2 to 8 `vkey` |

Digests, commitments and roots are base64 of 32 bytes. A value that exists can be
written, and what is written is read back as the same value (`parse_entry`).
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import ClassVar, Literal, TypeAlias, assert_never

from rogatory.errors import LimitExceeded, Malformed
from rogatory.tlog._codec import (
    HASH_SIZE,
    MAX_SIZE,
    encode_base64,
    refuse_bad_name,
    refuse_longer,
    refuse_other_size,
    refuse_outside,
)
from rogatory.tlog._keys import VerifierKey

HEADER = "rogatory-entry/v1"

MAX_ENTRY = 4096
"""A page of 4 KiB: every verifier of the log reads every entry."""

MAX_DELIVERIES = 8
"""An addressee and up to seven parties in copy."""

MAX_VKEYS = 8
MIN_VKEYS = 2
"""A log signs with two keys."""

MAX_RULE = 64
"""Profile ids are a country, a law and an article."""

FIRST_YEAR, LAST_YEAR = 2000, 2999
"""No log is older; four digits and a wide margin for due dates."""

_RULE = re.compile(r"[A-Z0-9.-]+")
_ASCII_NAME = re.compile(r"[!-*,-~]+")  # printable, without space and plus

ContentClass: TypeAlias = Literal["content", "record"]
CONTENT_CLASSES: tuple[ContentClass, ...] = ("content", "record")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One recipient: who, and as which of its entries; both as commitments."""

    to: bytes
    inbox: bytes

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        refuse_other_size(self.to, HASH_SIZE, "entry to")
        refuse_other_size(self.inbox, HASH_SIZE, "entry inbox")


@dataclass(frozen=True, slots=True)
class IndexRange:
    """Entries `first` to `last`, both included."""

    first: int
    last: int

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        refuse_outside(self.last, 0, MAX_SIZE - 1, "entry indices")
        refuse_outside(self.first, 0, self.last, "entry indices")


@dataclass(frozen=True, slots=True)
class PreviousLog:
    """The final state of the log that this one continues."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        _refuse_bad_origin(self.origin, "entry previous origin")
        refuse_outside(self.size, 0, MAX_SIZE, "entry previous size")
        refuse_other_size(self.root, HASH_SIZE, "entry previous root")


@dataclass(frozen=True, slots=True)
class MessageEntry:
    """An envelope was accepted and delivered."""

    kind: ClassVar[str] = "message"

    time: datetime
    directory: int | None
    """Index of the newest directory entry before this one, if there is one."""
    digest: bytes
    """SHA-256 of the envelope's bytes."""
    sealed: bytes | None
    """`sealed_digest` of the ciphertexts, if there are any."""
    sender: bytes
    """`from_commitment` of the sending party."""
    deliveries: tuple[Delivery, ...]

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        _refuse_bad_frame(self.time, self.directory)
        refuse_other_size(self.digest, HASH_SIZE, "entry digest")
        if self.sealed is not None:
            refuse_other_size(self.sealed, HASH_SIZE, "entry sealed")
        refuse_other_size(self.sender, HASH_SIZE, "entry from")
        refuse_outside(len(self.deliveries), 1, MAX_DELIVERIES, "entry deliveries")


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """The directory changed."""

    kind: ClassVar[str] = "directory"

    time: datetime
    directory: int | None
    """Index of the newest directory entry before this one, if there is one."""
    digest: bytes
    """SHA-256 of the directory message's bytes."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        _refuse_bad_frame(self.time, self.directory)
        refuse_other_size(self.digest, HASH_SIZE, "entry digest")


@dataclass(frozen=True, slots=True)
class ProfilesEntry:
    """A set of profiles came into force."""

    kind: ClassVar[str] = "profiles"

    time: datetime
    directory: int | None
    """Index of the newest directory entry before this one, if there is one."""
    digest: bytes
    """SHA-256 of the profiles message's bytes."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        _refuse_bad_frame(self.time, self.directory)
        refuse_other_size(self.digest, HASH_SIZE, "entry digest")


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """An auditor asked to read."""

    kind: ClassVar[str] = "access"

    time: datetime
    directory: int | None
    """Index of the newest directory entry before this one, if there is one."""
    digest: bytes
    """SHA-256 of the signed query's bytes."""
    sender: bytes
    """`from_commitment` of the auditor."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        _refuse_bad_frame(self.time, self.directory)
        refuse_other_size(self.digest, HASH_SIZE, "entry digest")
        refuse_other_size(self.sender, HASH_SIZE, "entry from")


@dataclass(frozen=True, slots=True)
class ErasureEntry:
    """What entries stand for was erased because its time was over."""

    kind: ClassVar[str] = "erasure"

    time: datetime
    directory: int | None
    """Index of the newest directory entry before this one, if there is one."""
    digest: bytes
    """SHA-256 of the erasure statement's bytes."""
    ranges: tuple[IndexRange, ...]
    """Which entries, ascending; no entry twice."""
    content_class: ContentClass
    """`content` (sections and files) or `record` (envelope and openings)."""
    rule: str
    """Id of the profile whose retention period ended."""
    due: datetime
    """When it ended."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        _refuse_bad_frame(self.time, self.directory)
        refuse_other_size(self.digest, HASH_SIZE, "entry digest")
        _refuse_bad_ranges(self.ranges)
        if self.content_class not in CONTENT_CLASSES:
            raise Malformed("entry class", expected="content or record")
        refuse_longer(self.rule, MAX_RULE, "entry rule")
        if not _RULE.fullmatch(self.rule):
            raise Malformed("entry rule", expected="capital letters, digits and dots")
        _refuse_bad_time(self.due, "entry due")


@dataclass(frozen=True, slots=True)
class StartEntry:
    """The log begins: entry 0, and nothing else is."""

    kind: ClassVar[str] = "start"
    directory: ClassVar[None] = None

    time: datetime
    origin: str
    vkeys: tuple[VerifierKey, ...]
    """The keys that sign this log's checkpoints."""
    previous: PreviousLog | None = None

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        _refuse_bad_frame(self.time, None)
        _refuse_bad_origin(self.origin, "entry origin")
        _refuse_bad_vkeys(self.vkeys)


@dataclass(frozen=True, slots=True)
class EndEntry:
    """The log ends; another one goes on."""

    kind: ClassVar[str] = "end"

    time: datetime
    directory: int | None
    """Index of the newest directory entry before this one, if there is one."""
    successor: str
    """Origin of the log that goes on."""
    vkeys: tuple[VerifierKey, ...]
    """The keys that sign the successor's checkpoints."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        _refuse_bad_frame(self.time, self.directory)
        _refuse_bad_origin(self.successor, "entry successor")
        _refuse_bad_vkeys(self.vkeys)


Entry: TypeAlias = (
    MessageEntry
    | DirectoryEntry
    | ProfilesEntry
    | AccessEntry
    | ErasureEntry
    | StartEntry
    | EndEntry
)


def encode_entry(entry: Entry) -> bytes:
    """Write an entry.

    Raises:
        LimitExceeded: It would be longer than 4,096 bytes.
    """
    lines = [HEADER, f"kind {entry.kind}", f"time {encode_time(entry.time)}"]
    if entry.directory is not None:
        lines.append(f"directory {entry.directory}")
    lines += _body_lines(entry)
    raw = "".join(f"{line}\n" for line in lines).encode("ascii")
    refuse_longer(raw, MAX_ENTRY, "entry")
    return raw


def encode_time(time: datetime) -> str:
    """Write a time of whole seconds in UTC."""
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _body_lines(entry: Entry) -> list[str]:
    match entry:
        case MessageEntry():
            return _message_lines(entry)
        case DirectoryEntry() | ProfilesEntry():
            return [_hash_line("digest", entry.digest)]
        case AccessEntry():
            return [
                _hash_line("digest", entry.digest),
                _hash_line("from", entry.sender),
            ]
        case ErasureEntry():
            return _erasure_lines(entry)
        case StartEntry():
            return _start_lines(entry)
        case EndEntry():
            return [f"successor {entry.successor}", *_vkey_lines(entry.vkeys)]
        case _:
            assert_never(entry)


def _message_lines(entry: MessageEntry) -> list[str]:
    lines = [_hash_line("digest", entry.digest)]
    if entry.sealed is not None:
        lines.append(_hash_line("sealed", entry.sealed))
    lines.append(_hash_line("from", entry.sender))
    for delivery in entry.deliveries:
        lines += [_hash_line("to", delivery.to), _hash_line("inbox", delivery.inbox)]
    return lines


def _erasure_lines(entry: ErasureEntry) -> list[str]:
    return [
        _hash_line("digest", entry.digest),
        *(f"indices {each.first}-{each.last}" for each in entry.ranges),
        f"class {entry.content_class}",
        f"rule {entry.rule}",
        f"due {encode_time(entry.due)}",
    ]


def _start_lines(entry: StartEntry) -> list[str]:
    lines = [f"origin {entry.origin}", *_vkey_lines(entry.vkeys)]
    if previous := entry.previous:
        root = encode_base64(previous.root)
        lines.append(f"previous {previous.origin} {previous.size} {root}")
    return lines


def _vkey_lines(vkeys: tuple[VerifierKey, ...]) -> list[str]:
    return [f"vkey {key.encode()}" for key in vkeys]


def _hash_line(word: str, value: bytes) -> str:
    return f"{word} {encode_base64(value)}"


def _refuse_bad_frame(time: datetime, directory: int | None) -> None:
    _refuse_bad_time(time, "entry time")
    if directory is not None:
        refuse_outside(directory, 0, MAX_SIZE - 1, "entry directory")


def _refuse_bad_time(time: datetime, thing: str) -> None:
    if time.utcoffset() != timedelta(0) or time.microsecond:
        raise Malformed(thing, expected="a time in UTC of whole seconds")
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise LimitExceeded(
            thing, expected=f"{FIRST_YEAR} to {LAST_YEAR}", got=str(time.year)
        )


def _refuse_bad_ranges(ranges: tuple[IndexRange, ...]) -> None:
    if not ranges:
        raise Malformed("entry indices", expected="at least one range", got="none")
    for before, after in pairwise(ranges):
        if after.first <= before.last:
            raise Malformed("entry indices", expected="ascending, no entry twice")


def _refuse_bad_origin(origin: str, thing: str) -> None:
    refuse_bad_name(origin, thing)
    if not _ASCII_NAME.fullmatch(origin):
        raise Malformed(thing, expected="printable ASCII without space and plus")


def _refuse_bad_vkeys(vkeys: tuple[VerifierKey, ...]) -> None:
    refuse_outside(len(vkeys), MIN_VKEYS, MAX_VKEYS, "entry vkeys")
    for key in vkeys:
        _refuse_bad_origin(key.name, "entry vkey name")
    if len({key.label for key in vkeys}) != len(vkeys):
        raise Malformed("entry vkeys", expected="no key twice")
