"""Commitment, info and showing a section in the open."""

import hashlib

import pytest

from rogatory.errors import CommitmentMismatch, LimitExceeded, Malformed
from rogatory.sealing import (
    SectionContext,
    commitment_of,
    pad,
    section_info,
    verify_opening,
)
from tests.unit.sealing.builders import SALT, seal


def test_commitment_is_the_digest_of_prefix_salt_and_padded_content() -> None:
    """The commitment is the formula of the design."""
    padded = pad(b"x")

    assert (
        commitment_of(SALT, padded)
        == hashlib.sha256(b"rogatory/v1/section\n" + SALT + padded).digest()
    )


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_salt_has_32_bytes(size: int) -> None:
    """Another length would let salt and content be divided in two ways."""
    with pytest.raises(Malformed, match="section salt"):
        commitment_of(bytes(size), pad(b""))


def test_info_is_prefix_and_fields_with_lengths() -> None:
    """The info is the formula of the design, in UTF-8."""
    context = SectionContext("o", "é", "")

    info = section_info(context, "s", "p", b"\xff\0")

    assert info == (
        b"rogatory/v1/section\n\0\x01o\0\x02\xc3\xa9\0\0\0\x01s\0\x01p\0\x02\xff\0"
    )


def test_info_differs_when_a_byte_moves_between_fields() -> None:
    """Lengths keep the fields apart."""
    one = section_info(SectionContext("ab", "c", "d"), "e", "f", b"g")
    two = section_info(SectionContext("a", "bc", "d"), "e", "f", b"g")

    assert one != two


def test_info_takes_fields_up_to_65535_bytes() -> None:
    """The u16 length never wraps."""
    section_info(SectionContext("o" * 0xFFFF, "e", "m"), "s", "p", b"k")

    with pytest.raises(LimitExceeded, match="origin: expected at most 65535 bytes"):
        section_info(SectionContext("o" * 0x10000, "e", "m"), "s", "p", b"k")


def test_a_court_verifies_what_it_is_shown() -> None:
    """Salt and content are enough; no key is needed."""
    commitment = seal(content=b"shown").commitment

    opened = verify_opening(commitment, SALT, b"shown")

    assert (opened.name, opened.content, opened.salt) == ("targets", b"shown", SALT)


@pytest.mark.parametrize(
    ("salt", "content"),
    [
        (SALT, b"shown "),
        (SALT, b"show"),
        (SALT, b""),
        (SALT, b"shown" + bytes(2000)),
        (SALT, bytes(1 << 20)),
        (bytes(32), b"shown"),
        (SALT[:31] + b"\xff", b"shown"),
    ],
)
def test_a_court_refuses_anything_else(salt: bytes, content: bytes) -> None:
    """Another content or salt is not what was signed."""
    commitment = seal(content=b"shown").commitment

    with pytest.raises(CommitmentMismatch, match="section targets"):
        verify_opening(commitment, salt, content)


def test_an_opened_section_shows_its_name_only() -> None:
    """Content and salt stay out of logs and tracebacks."""
    opened = verify_opening(seal(content=b"shown").commitment, SALT, b"shown")

    assert repr(opened) == "OpenedSection(name='targets')"
