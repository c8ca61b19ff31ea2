"""The log's entries: each kind as text, and everything that is not one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rogatory.errors import LimitExceeded, Malformed, NotCanonical, UnknownField
from rogatory.tlog import (
    Delivery,
    DirectoryEntry,
    EndEntry,
    Entry,
    ErasureEntry,
    IndexRange,
    MessageEntry,
    PreviousLog,
    StartEntry,
    encode_entry,
    parse_entry,
)
from tests.unit.tlog.model import ENTRIES, ORIGIN, TIME, fill, vkey_of

MESSAGE = b"""\
rogatory-entry/v1
kind message
time 2026-11-23T01:02:03Z
directory 1041
digest ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ=
sealed c3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3M=
from ZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmY=
to dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHR0dHQ=
inbox aWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWk=
to dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXV1dXU=
inbox ampqampqampqampqampqampqampqampqampqampqamo=
"""
DIGEST_LINE = b"digest ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGQ=\n"
ERASURE = (
    b"""\
rogatory-entry/v1
kind erasure
time 2026-11-23T01:02:03Z
directory 7
"""
    + DIGEST_LINE
    + b"""\
indices 0-0
indices 2-40
indices 41-1099511627776
class content
rule XX.TEST.2
due 2026-01-31T23:59:59Z
"""
)


@pytest.mark.parametrize("name", ENTRIES)
def test_each_kind_reads_as_written(name: str) -> None:
    """Value to bytes and back is the same value, and the same bytes."""
    raw = encode_entry(ENTRIES[name])
    assert parse_entry(raw) == ENTRIES[name]
    assert encode_entry(parse_entry(raw)) == raw
    assert len(raw) <= 4096


@pytest.mark.parametrize(("name", "raw"), [("message", MESSAGE), ("erasure", ERASURE)])
def test_an_entry_is_these_lines(name: str, raw: bytes) -> None:
    """The text of docs/protocol.md, to the byte."""
    assert encode_entry(ENTRIES[name]) == raw


def test_a_start_entry_names_keys_and_previous_log() -> None:
    """It has no directory line, and at its end the log that it continues."""
    raw = encode_entry(ENTRIES["start-successor"]).decode().splitlines()
    assert raw[1] == "kind start"
    assert raw[3] == "origin next.example/log"
    assert [line.split()[0] for line in raw[4:]] == ["vkey", "vkey", "previous"]
    assert raw[-1].startswith(f"previous {ORIGIN} 12 cnJy")
    assert ENTRIES["start"].directory is None


def test_an_end_entry_names_its_successor() -> None:
    """Its origin and its keys, so that readers can go on."""
    raw = encode_entry(ENTRIES["end"]).decode().splitlines()
    assert raw[4] == "successor next.example/log"
    assert [line.split()[0] for line in raw[5:]] == ["vkey", "vkey"]


def test_two_mldsa_keys_fit_into_a_start_entry() -> None:
    """The real keys of a log and of its predecessor's form need 2 to 4 kB."""
    assert len(encode_entry(ENTRIES["start"])) > 1800


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"rogatory-entry/v1", b"rogatory-entry/v2", "rogatory-entry/v1"),
        (b"rogatory-entry/v1\n", b"", "rogatory-entry/v1"),
        (b"kind message\n", b"", "the line 'kind'"),
        (b"time 2026", b"time  2026", "YYYY-MM-DDThh:mm:ssZ"),
        (b"time ", b"Time ", "the line 'time'"),
        (b"2026-11-23T", b"2026-11-31T", "a date and time that exist"),
        (b"01:02:03Z", b"01:02:60Z", "a date and time that exist"),
        (b"01:02:03Z", b"24:00:00Z", "a date and time that exist|canonical"),
        (b"01:02:03Z", b"01:02:03.0Z", "YYYY-MM-DDThh:mm:ssZ"),
        (b"01:02:03Z", b"01:02:03+00:00", "YYYY-MM-DDThh:mm:ssZ"),
        (b"01:02:03Z", b"01:02:03z", "YYYY-MM-DDThh:mm:ssZ"),
        (b"directory 1041", b"directory 01041", "no leading zeros"),
        (b"directory 1041", b"directory  1041", "a decimal number"),
        (b"directory 1041", b"directory", "the line 'digest'"),
        (b"digest ZGRk", b"digest ZGR", "padded standard base64"),
        (b"digest ZGRk", b"digest ", "expected 32 bytes, got 29"),
        (b"ZGRkZGQ=\n", b"ZGRkZGR=\n", "zero padding bits"),
        (b"ZGRkZGQ=\n", b"ZGRkZGQ= \n", "padded standard base64"),
        (DIGEST_LINE, b"", "the line 'digest'"),
        (DIGEST_LINE, DIGEST_LINE * 2, "the line 'from'"),
        (b"from ", b"From ", "the line 'from'"),
        (b"\nto ", b"\nTo ", "the line 'to'"),
        (b"inbox aWlp", b"outbox aWlp", "the line 'inbox'"),
        (b"\n", b"\r\n", "rogatory-entry/v1"),
        (b"\n", b"", "a newline at its end"),
        (b"kind message", "kind méssage".encode(), "ASCII"),
    ],
)
def test_what_is_no_entry_is_refused(old: bytes, new: bytes, reason: str) -> None:
    """Each deviation from the lines is named."""
    assert old in MESSAGE
    with pytest.raises(Malformed, match=reason):
        parse_entry(MESSAGE.replace(old, new))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (MESSAGE.replace(b"kind message", b"kind rumour"), "one of message"),
        (MESSAGE + b"note hello\n", "expected its end, got further lines"),
        (MESSAGE + b"\n", "expected its end"),
        (encode_entry(ENTRIES["start"]) + b"directory 1\n", "expected its end"),
    ],
)
def test_unknown_kinds_and_lines_are_refused(raw: bytes, reason: str) -> None:
    """A verifier does not skip what it cannot judge."""
    with pytest.raises(UnknownField, match=reason):
        parse_entry(raw)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"indices 2-40", b"indices 2", "<first>-<last>"),
        (b"indices 2-40", b"indices 2-040", "no leading zeros"),
        (b"indices 2-40", b"indices -2-40", "a decimal number"),
        (b"indices 2-40", b"indices 0-40", "ascending, no entry twice"),
        (b"indices 2-40", b"indices 2-41", "ascending, no entry twice"),
        (b"class content", b"class contents", "content or record"),
        (b"rule XX.TEST.2", b"rule xx.test.2", "capital letters"),
        (b"rule XX.TEST.2", b"rule ", "capital letters"),
        (b"due 2026", b"due 26", "YYYY-MM-DD"),
        (b"indices 0-0\nindices 2-40\nindices 41-1099511627776\n", b"", "'indices'"),
    ],
)
def test_what_is_no_erasure_is_refused(old: bytes, new: bytes, reason: str) -> None:
    """Ranges, class, rule and date each have one form."""
    assert old in ERASURE
    with pytest.raises(Malformed, match=reason):
        parse_entry(ERASURE.replace(old, new))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"x" * 4097, "entry: expected at most 4096 bytes"),
        (MESSAGE.replace(b"time 2026", b"time 1999"), "expected 2000 to 2999"),
        (MESSAGE.replace(b"time 2026", b"time 3000"), "expected 2000 to 2999"),
        (MESSAGE.replace(b"y 1041", b"y 9223372036854775807"), "entry directory"),
        (MESSAGE + b"".join(MESSAGE.splitlines(keepends=True)[-2:]) * 7, "deliveries"),
        (ERASURE.replace(b"2-40", b"2-1"), "entry indices"),
        (ERASURE.replace(b"XX.TEST.2", b"X" * 65), "entry rule"),
    ],
)
def test_limits_are_kept(raw: bytes, reason: str) -> None:
    """Size, years, indices, recipients: each limit is named."""
    with pytest.raises(LimitExceeded, match=reason):
        parse_entry(raw)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("previous log.example/rogatory 12", "previous log.example/rogatory", "<size>"),
        ("previous log.example/rogatory 12", "previous a b 12", "<origin> <size>"),
        ("rogatory 12 ", "rogatory 012 ", "no leading zeros"),
        ("origin next.example/log", "origin next+log", "without spaces and plus"),
        ("origin next.example/log", "origin next log", "without spaces and plus"),
        ("origin next.example/log", "origin next\x7flog", "printable ASCII"),
        ("origin next.example/log", "origin ", "one line that is not empty"),
        ("vkey next.example/log+", "vkey next.example/lag+", "key id"),
    ],
)
def test_what_is_no_start_is_refused(old: str, new: str, reason: str) -> None:
    """Origins, keys and the previous log each have one form."""
    text = encode_entry(ENTRIES["start-successor"]).decode()
    assert old in text
    with pytest.raises(Malformed, match=reason):
        parse_entry(text.replace(old, new, 1).encode())


@pytest.mark.parametrize("count", [0, 1, 9])
def test_a_log_has_2_to_8_keys(count: int) -> None:
    """One key is not enough, nine are not read."""
    vkeys = tuple(vkey_of(seed) for seed in range(count))
    with pytest.raises(LimitExceeded, match="entry vkeys: expected 2 to 8"):
        StartEntry(TIME, ORIGIN, vkeys)


def test_eight_keys_fit() -> None:
    """Ed25519 keys are short enough for the most that are allowed."""
    vkeys = tuple(vkey_of(seed) for seed in range(8))
    entry = EndEntry(TIME, 1, "next.example/log", vkeys)
    assert parse_entry(encode_entry(entry)) == entry


def test_no_key_is_named_twice() -> None:
    """Two mentions would pass for two keys."""
    with pytest.raises(Malformed, match="no key twice"):
        StartEntry(TIME, ORIGIN, (vkey_of(1), vkey_of(1)))


def test_key_names_in_entries_are_ascii() -> None:
    """An entry is ASCII, whatever a note allows."""
    with pytest.raises(Malformed, match="entry vkey name: expected printable ASCII"):
        StartEntry(TIME, ORIGIN, (vkey_of(1), vkey_of(2, "é.example")))


def test_an_entry_too_long_is_not_written() -> None:
    """What could not be read again is refused in writing."""
    ranges = tuple(IndexRange(10**9 + n, 10**9 + n) for n in range(200))
    entry = ErasureEntry(TIME, 1, fill("d"), ranges, "record", "X", TIME)
    with pytest.raises(LimitExceeded, match="entry: expected at most 4096 bytes"):
        encode_entry(entry)


@pytest.mark.parametrize(
    "time",
    [
        datetime(2026, 1, 1),  # noqa: DTZ001
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(2026, 1, 1, microsecond=1, tzinfo=UTC),
    ],
)
def test_times_are_whole_seconds_in_utc(time: datetime) -> None:
    """A time without zone, in another zone or between seconds has no encoding."""
    with pytest.raises(Malformed, match="a time in UTC of whole seconds"):
        DirectoryEntry(time, None, fill("d"))


@pytest.mark.parametrize(
    "time",
    [
        datetime(2000, 1, 1, tzinfo=UTC),
        datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_times_from_2000_to_2999_are_kept(time: datetime) -> None:
    """Leap days and both ends included."""
    entry = DirectoryEntry(time, None, fill("d"))
    assert parse_entry(encode_entry(entry)) == entry


def test_hashes_have_32_bytes() -> None:
    """A value that could not be read again cannot be made."""
    message = ENTRIES["message"]
    assert isinstance(message, MessageEntry)
    with pytest.raises(Malformed, match="entry digest: expected 32 bytes, got 5"):
        replace(message, digest=b"short")
    with pytest.raises(Malformed, match="entry sealed: expected 32 bytes, got 5"):
        replace(message, sealed=b"short")
    with pytest.raises(Malformed, match="entry from: expected 32 bytes, got 5"):
        replace(message, sender=b"short")


def test_other_parts_of_entries_are_checked_when_made() -> None:
    """Deliveries, ranges, classes and previous logs without encoding are refused."""
    with pytest.raises(Malformed, match="entry to"):
        Delivery(b"", fill("i"))
    with pytest.raises(Malformed, match="entry inbox"):
        Delivery(fill("t"), b"")
    with pytest.raises(LimitExceeded, match="entry indices"):
        IndexRange(-1, 5)
    with pytest.raises(Malformed, match="entry previous root"):
        PreviousLog(ORIGIN, 1, b"")
    with pytest.raises(Malformed, match="at least one range"):
        ErasureEntry(TIME, 1, fill("d"), (), "record", "X", TIME)
    with pytest.raises(Malformed, match="content or record"):
        ErasureEntry(
            TIME,
            1,
            fill("d"),
            (IndexRange(0, 1),),
            "all",  # type: ignore[arg-type]
            "X",
            TIME,
        )


def test_the_last_check_is_the_bytes_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever a reader lets through, an entry that writes differently is refused."""

    def other(entry: Entry) -> bytes:
        return b"another"

    monkeypatch.setattr("rogatory.tlog._entry_parsing.encode_entry", other)
    with pytest.raises(NotCanonical, match="its own canonical encoding"):
        parse_entry(MESSAGE)
