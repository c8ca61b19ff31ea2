"""Padding: one form for each content, and nothing hidden in it."""

import pytest

from rogatory.errors import LimitExceeded, Malformed
from rogatory.sealing import pad, padded_size, unpad

KIB = 1024
SIZES = [KIB << power for power in range(11)]


@pytest.mark.parametrize("size", SIZES)
def test_each_size_takes_content_up_to_four_bytes_less(size: int) -> None:
    """The size grows with the first byte that does not fit behind the length."""
    assert padded_size(size - 4) == size
    if size < SIZES[-1]:
        assert padded_size(size - 3) == size * 2


def test_no_content_takes_one_kibibyte() -> None:
    """The smallest section is 1 KiB: emptiness does not show."""
    assert padded_size(0) == KIB
    assert pad(b"") == bytes(KIB)


def test_too_large_a_content_names_limit_and_size() -> None:
    """Content that needs more than 1 MiB is refused, with both numbers."""
    with pytest.raises(LimitExceeded, match=r"at most 1048572 bytes, got 1048573 byt"):
        padded_size(1048573)


def test_a_negative_length_is_our_own_mistake() -> None:
    """It is no domain error: no input can cause it."""
    with pytest.raises(ValueError, match="negative"):
        padded_size(-1)


def test_padded_form() -> None:
    """The form is a big-endian length, the content, zeros."""
    assert pad(b"abc") == b"\0\0\0\x03abc" + bytes(KIB - 7)


@pytest.mark.parametrize("length", [0, 1, 1020, 1021, 5000, 1048572])
def test_round_trip(length: int) -> None:
    """What was padded is found again, also when it ends in zeros."""
    content = bytes(length)

    assert unpad(pad(content)) == content


def test_every_changed_byte_of_the_padding_is_refused() -> None:
    """No byte behind the content may carry anything."""
    padded = bytearray(pad(b"abc"))
    for position in range(7, len(padded)):
        padded[position] = 1
        with pytest.raises(Malformed, match="zeros behind the content"):
            unpad(bytes(padded))
        padded[position] = 0


@pytest.mark.parametrize("size", [0, 3, 1023, 1025, 1536, 3 * KIB])
def test_other_sizes_are_refused(size: int) -> None:
    """Only 1 KiB times a power of two is a section."""
    with pytest.raises(Malformed, match="power of two"):
        unpad(bytes(size))


def test_more_than_the_largest_size_is_refused() -> None:
    """The limit holds before anything is looked at."""
    with pytest.raises(LimitExceeded, match=r"at most 1048576 bytes, got 2097152"):
        unpad(bytes(2048 * KIB))


@pytest.mark.parametrize("length", [1021, 1024, 0xFFFFFFFF])
def test_a_length_beyond_the_end_is_refused(length: int) -> None:
    """The content must be inside."""
    with pytest.raises(Malformed, match="a length inside"):
        unpad(length.to_bytes(4, "big") + bytes(KIB - 4))


def test_a_larger_size_than_needed_is_refused() -> None:
    """There is one padded form: the next size, not any size."""
    with pytest.raises(Malformed, match="a length inside"):
        unpad(pad(b"abc") + bytes(KIB))
