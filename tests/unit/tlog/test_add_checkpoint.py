"""add-checkpoint of tlog-witness: requests, cosignatures, sizes."""

import base64

import pytest

from rogatory.errors import LimitExceeded, Malformed
from rogatory.tlog import (
    AddCheckpoint,
    Checkpoint,
    Signature,
    encode_add_checkpoint,
    encode_cosignatures,
    encode_size_body,
    parse_add_checkpoint,
    parse_cosignatures,
    parse_note,
    parse_size_body,
    sign_checkpoint,
)
from tests.unit.tlog.model import LOG_SIGNERS, NOW, ORIGIN, WITNESS, fill

EXAMPLE = """\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa \
Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/\
Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— example.com/behind-the-sofa \
opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+\
49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=
""".encode()
"""The request of the specification."""

ANSWER = """\
— witness.example/w1 CMp+6LWBU0anHGH5aNDTJkH/gj79sG+T6+iP2ThYN5krrDJbR1HDnucjL39QsZTSvV\
jyQLrdk3DXDqI5G2HgLatVs0pWh6Up69HVOw==
— witness.example/w1 I7rEps0pvK2UqkS2gSpVUDhrhVtQV9lgF6pRrWAvjJHjyWpW7VcE3SiOlVlbQNt64v\
WhO+DlkL0+UfzuOBMh9ChdMkP1vi/lCAsmlw==
— witness.example/w2 AWui8Sk55XjYLOijihBjhqEH6nS1ndDymE0a+6idX7pLcnoB+dhnz0854aLZgrrKbY\
KA7nC3HNJhm/kWl7oJlqU3rXXvpysAdyP3wQ==
""".encode()
"""The answer of the specification."""

HEAD = sign_checkpoint(Checkpoint(ORIGIN, 9, fill("r")), LOG_SIGNERS, NOW)


def test_the_request_of_the_specification_is_read() -> None:
    """Old size, four hashes, the checkpoint verbatim."""
    found = parse_add_checkpoint(EXAMPLE)

    assert (found.old_size, len(found.proof)) == (20_852_014, 4)
    assert found.proof[0] == base64.b64decode(EXAMPLE.split(b"\n")[1])
    assert found.checkpoint == EXAMPLE.partition(b"\n\n")[2]
    assert encode_add_checkpoint(found) == EXAMPLE


def test_the_answer_of_the_specification_is_read() -> None:
    """Three lines of two witnesses."""
    found = parse_cosignatures(ANSWER)

    names = [line.name for line in found]
    assert names == ["witness.example/w1", "witness.example/w1", "witness.example/w2"]
    assert encode_cosignatures(found) == ANSWER


@pytest.mark.parametrize("count", [0, 1, 63])
def test_requests_are_read_as_written(count: int) -> None:
    """With no hash, and with as many as there may be."""
    request = AddCheckpoint(count, tuple(fill("h") for _ in range(count)), HEAD)

    assert parse_add_checkpoint(encode_add_checkpoint(request)) == request


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "an empty line"),
        (b"old 0\n" + HEAD, "expected|padded"),
        (b"old 0\n\n", "an empty line between"),
        (b"\n\n" + HEAD, "old <size>"),
        (b"Old 0\n\n" + HEAD, "old <size>"),
        (b"old  0\n\n" + HEAD, "a decimal number"),
        (b"old 00\n\n" + HEAD, "no leading zeros"),
        (b"old -1\n\n" + HEAD, "a decimal number"),
        (b"old 1\r\n\n" + HEAD, "control"),
        (b"old 0\nAAAA\n\n" + HEAD, "expected 32 bytes, got 3"),
        (b"old 0\n" + b"A" * 42 + b"B=\n\n" + HEAD, "zero padding bits"),
        (b"old 0\n\n\n" + HEAD, "expected"),
        (b"old 0\n\n" + HEAD[:-1], "a newline at its end"),
    ],
)
def test_what_is_no_request_is_refused(raw: bytes, reason: str) -> None:
    """Each deviation is named."""
    with pytest.raises(Malformed, match=reason):
        parse_add_checkpoint(raw)


def test_a_request_has_limits() -> None:
    """63 hashes, 64 KiB, sizes below 2^63; the length is looked at first."""
    hashes = b"A" * 43 + b"=\n"
    with pytest.raises(LimitExceeded, match="at most 63 hashes"):
        parse_add_checkpoint(b"old 0\n" + 64 * hashes + b"\n" + HEAD)
    with pytest.raises(LimitExceeded, match="at most 65536 bytes"):
        parse_add_checkpoint(b"\xff" * 65_537)
    with pytest.raises(LimitExceeded, match="old size"):
        parse_add_checkpoint(b"old 9223372036854775808\n\n" + HEAD)
    with pytest.raises(LimitExceeded, match="at most 63 hashes"):
        AddCheckpoint(0, (fill("h"),) * 64, HEAD)
    with pytest.raises(Malformed, match="expected 32 bytes"):
        AddCheckpoint(0, (b"short",), HEAD)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        ANSWER[:-1],
        b"\n" + ANSWER,
        ANSWER + b"\n",
        ANSWER.replace("—".encode(), b"-"),
        b"<html>\n",
        "— w AAAAAA==\n".encode(),
    ],
)
def test_what_is_no_answer_is_refused(raw: bytes) -> None:
    """A page of a proxy is no cosignature."""
    with pytest.raises(Malformed):
        parse_cosignatures(raw)


def test_an_answer_has_limits() -> None:
    """64 lines, 64 KiB, and at least one line."""
    line = WITNESS.sign(parse_note(HEAD).text, NOW)
    with pytest.raises(LimitExceeded, match="at most 64 lines"):
        parse_cosignatures(encode_cosignatures([line]) * 65)
    with pytest.raises(LimitExceeded, match="at most 64 lines"):
        encode_cosignatures([line] * 65)
    with pytest.raises(LimitExceeded, match="65536 bytes"):
        parse_cosignatures(bytes(70_000))
    with pytest.raises(LimitExceeded, match="65536 bytes"):
        encode_cosignatures([Signature("w", 1, bytes(60_000))])
    with pytest.raises(Malformed, match="at least one"):
        encode_cosignatures([])


@pytest.mark.parametrize("size", [0, 1, 20_852_014, 2**63 - 1])
def test_sizes_are_read_as_written(size: int) -> None:
    """The body of 409."""
    assert parse_size_body(encode_size_body(size)) == size


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"7", b"07\n", b"7\n\n", b" 7\n", b"+7\n", b"7\r\n", b"x\n"]
)
def test_what_is_no_size_is_refused(raw: bytes) -> None:
    """One number and its newline."""
    with pytest.raises(Malformed):
        parse_size_body(raw)


def test_a_size_has_limits() -> None:
    """Below 2^63, and no longer than that needs."""
    with pytest.raises(LimitExceeded):
        parse_size_body(b"9223372036854775808\n")
    with pytest.raises(LimitExceeded):
        parse_size_body(b"1" * 100)
    with pytest.raises(LimitExceeded):
        encode_size_body(-1)
