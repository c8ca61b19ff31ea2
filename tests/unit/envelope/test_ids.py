"""Message and exchange ids are UUIDv7 in one text form."""

import uuid

import pytest

from rogatory.envelope import new_id, parse_id
from rogatory.errors import Malformed

RFC_9562 = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_the_example_of_rfc_9562() -> None:
    """RFC 9562 appendix A.6: that time and those random bits give that id."""
    time_ms = 0x017F22E279B0
    random = bytes.fromhex("0cc3 18c4dc0c0c07398f")

    assert new_id(time_ms, random) == RFC_9562


def test_it_is_what_other_libraries_read_as_version_7() -> None:
    """Version and variant are where everybody looks for them."""
    made = uuid.UUID(new_id(1_700_000_000_000, b"\xff" * 10))

    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == 1_700_000_000_000


def test_ids_sort_by_time() -> None:
    """A later id is a greater text."""
    early = new_id(1_700_000_000_000, b"\xff" * 10)
    late = new_id(1_700_000_000_001, b"\0" * 10)

    assert early < late


@pytest.mark.parametrize("length", [0, 9, 11])
def test_randomness_of_another_length_is_our_mistake(length: int) -> None:
    """Ten random bytes, no other number."""
    with pytest.raises(ValueError, match="expected 10 B"):
        new_id(0, b"\0" * length)


@pytest.mark.parametrize(
    "text",
    [
        "",
        RFC_9562.upper(),
        RFC_9562 + "\n",
        " " + RFC_9562,
        RFC_9562.replace("-", ""),
        "{" + RFC_9562 + "}",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",  # version 4
        "017f22e2-79b0-7cc3-58c4-dc0c0c07398f",  # another variant
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "٠17f22e2-79b0-7cc3-98c4-dc0c0c07398f",  # an Arabic zero
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    """Two texts for one id would be two ids."""
    with pytest.raises(Malformed) as caught:
        parse_id(text, thing="header.message_id")

    assert caught.value.thing == "header.message_id"


def test_an_id_is_returned_as_it_is() -> None:
    """Parsing changes nothing."""
    assert parse_id(RFC_9562, thing="id") == RFC_9562
