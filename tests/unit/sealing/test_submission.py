"""What the gateway checks of the ciphertexts of a submission."""

import hashlib
from collections.abc import Callable

import pytest

from rogatory.errors import FieldInvalid, LimitExceeded
from rogatory.sealing import (
    verify_sealed_set,
)
from rogatory.v1 import message_pb2, section_pb2
from tests.unit.sealing.builders import (
    COURT,
    PLATFORM,
    SENDER,
    key,
    key_ids,
    message,
    seal,
)

Header = message_pb2.Header
Boxes = list[section_pb2.SealedSection]


@pytest.fixture(name="submission")
def _submission() -> tuple[Header, Boxes]:
    """A message with two sections, for two and for three parties."""
    return message(
        seal("targets", b"account 17"),
        seal("reasons", b"r" * 3000, parties=(SENDER, PLATFORM, COURT)),
    )


def _violations(header: Header, boxes: Boxes) -> dict[str, str]:
    """Verify, expect FieldInvalid, and return what it names."""
    with pytest.raises(FieldInvalid) as caught:
        verify_sealed_set(header, boxes, key_ids)
    return caught.value.violations


def test_a_complete_set_gives_the_digests_in_order(
    submission: tuple[Header, Boxes],
) -> None:
    """The digests are those of the entry's `sealed` line."""
    header, boxes = submission
    assert [box.section for box in boxes] == ["reasons"] * 6 + ["targets"] * 4

    digests = verify_sealed_set(header, boxes, key_ids)

    assert digests == tuple(hashlib.sha256(b.ciphertext).digest() for b in boxes)


def test_a_message_without_sections_has_no_ciphertexts() -> None:
    """Nothing asked for, nothing there."""
    assert verify_sealed_set(Header(sender=SENDER), [], key_ids) == ()


def test_every_missing_ciphertext_is_named(submission: tuple[Header, Boxes]) -> None:
    """Section, party and key id tell the submitter what to seal."""
    header, boxes = submission
    for index, box in enumerate(boxes):
        rest = boxes[:index] + boxes[index + 1 :]

        assert _violations(header, rest) == {
            f"section {box.section}, party {box.party}, "
            f"key {box.key_id.hex()[:16]}": "ciphertext is missing"
        }


def test_every_doubled_ciphertext_is_named(submission: tuple[Header, Boxes]) -> None:
    """One place has one ciphertext."""
    header, boxes = submission
    for index, box in enumerate(boxes):
        found = _violations(header, [*boxes[:index], box, *boxes[index:]])

        assert list(found) == [f"sealed[{index + 1}]"]
        assert (
            f"section {box.section}, party {box.party}" in found[f"sealed[{index + 1}]"]
        )


def test_any_other_order_is_refused(submission: tuple[Header, Boxes]) -> None:
    """The entry covers one order."""
    header, boxes = submission
    for index in range(len(boxes) - 1):
        swapped = list(boxes)
        swapped[index], swapped[index + 1] = swapped[index + 1], swapped[index]

        assert list(_violations(header, swapped)) == ["sealed"]


@pytest.mark.parametrize("size", [0, 2191, 2193])
def test_a_ciphertext_of_another_length_is_refused(
    submission: tuple[Header, Boxes], size: int
) -> None:
    """The length follows from the signed size; nothing can be hidden behind."""
    header, boxes = submission
    boxes[-1].ciphertext = bytes(size)

    found = _violations(header, boxes)

    assert list(found) == ["sealed[9]"]
    assert found["sealed[9]"].endswith(f"must be 2192 bytes, got {size}")


@pytest.mark.parametrize(
    ("section", "party", "key_id", "why"),
    [
        ("other", SENDER, b"k", "its section is not in the header"),
        ("targets", COURT, b"k", "section targets: its party is not in the audience"),
        ("targets", SENDER, b"k" * 32, "sealed to a key that is not active"),
    ],
)
def test_a_ciphertext_that_nobody_asked_for_is_refused(
    submission: tuple[Header, Boxes], section: str, party: str, key_id: bytes, why: str
) -> None:
    """No ciphertext travels that the signed header does not ask for."""
    header, boxes = submission
    extra = section_pb2.SealedSection(
        section=section, party=party, key_id=key_id, ciphertext=bytes(2192)
    )

    found = _violations(header, [*boxes, extra])

    assert list(found) == ["sealed[10]"]
    assert why in found["sealed[10]"]


def test_a_key_that_has_ended_is_told_apart(submission: tuple[Header, Boxes]) -> None:
    """A sender with an old directory learns what to do."""
    header, boxes = submission
    newer = sorted([key(PLATFORM, 1).key_id, key(PLATFORM, 2).key_id])

    with pytest.raises(FieldInvalid) as caught:
        verify_sealed_set(
            header, boxes, lambda p: newer if p == PLATFORM else key_ids(p)
        )

    texts = list(caught.value.violations.values())
    assert sum("fetch the directory and seal again" in text for text in texts) == 2
    assert texts.count("ciphertext is missing") == 2


def test_a_party_without_keys_is_named(submission: tuple[Header, Boxes]) -> None:
    """Nobody can be in an audience who cannot read."""
    header, boxes = submission

    with pytest.raises(FieldInvalid) as caught:
        verify_sealed_set(header, boxes, lambda p: [] if p == COURT else key_ids(p))

    assert caught.value.violations == {
        f"section reasons, party {COURT}": (
            "has no active encryption key in the directory"
        )
    }


@pytest.mark.parametrize(
    "ids", [[bytes([n] * 32) for n in range(5)], [bytes(32)] * 2, [bytes(31)]]
)
def test_a_directory_that_breaks_its_own_rules_stops_everything(
    submission: tuple[Header, Boxes], ids: list[bytes]
) -> None:
    """That is no submitter's fault, and must not look like one."""
    header, boxes = submission

    with pytest.raises(RuntimeError, match="directory has"):
        verify_sealed_set(header, boxes, lambda _: ids)


def _edit_name(header: Header) -> None:
    header.sections[0].name = "Targets"


def _edit_name_twice(header: Header) -> None:
    header.sections[0].name = header.sections[1].name


def _edit_unsorted(header: Header) -> None:
    header.sections[0].audience.reverse()


def _edit_doubled(header: Header) -> None:
    header.sections[0].audience.append(header.sections[0].audience[-1])


def _edit_no_sender(header: Header) -> None:
    header.sections[0].audience.remove(SENDER)


def _edit_stranger(header: Header) -> None:
    header.sections[0].audience.append("zz-stranger")


def _edit_no_audience(header: Header) -> None:
    del header.sections[0].audience[:]


def _edit_size_zero(header: Header) -> None:
    header.sections[0].size = 0


def _edit_size(header: Header) -> None:
    header.sections[0].size = 1536


def _edit_commitment(header: Header) -> None:
    header.sections[0].commitment = bytes(31)


@pytest.mark.parametrize(
    ("edit", "field", "rule"),
    [
        (_edit_name, "name", "must be 1 to 32 of [a-z0-9_]"),
        (_edit_unsorted, "audience", "must be sorted, no party twice"),
        (_edit_doubled, "audience", "must be sorted, no party twice"),
        (_edit_no_sender, "audience", "must contain the sender"),
        (_edit_no_audience, "audience", "must contain the sender"),
        (_edit_stranger, "audience", "only the sender and recipients may be in"),
        (_edit_size_zero, "size", "must be 1,024 times a power of two"),
        (_edit_size, "size", "must be 1,024 times a power of two"),
        (_edit_commitment, "commitment", "must be 32 bytes"),
    ],
)
def test_a_commitment_outside_the_rules_is_refused(
    submission: tuple[Header, Boxes],
    edit: Callable[[Header], None],
    field: str,
    rule: str,
) -> None:
    """The field of the header is named."""
    header, boxes = submission
    edit(header)

    found = _violations(header, boxes)

    assert list(found) == [f"header.sections[0].{field}"]
    assert found[f"header.sections[0].{field}"].startswith(rule)


def test_a_section_name_is_there_once(submission: tuple[Header, Boxes]) -> None:
    """Two sections of one name could not be told apart."""
    header, boxes = submission
    _edit_name_twice(header)

    assert _violations(header, boxes) == {
        "header.sections[1].name": "reasons is there twice"
    }


def test_at_most_16_sections() -> None:
    """The limit is named with the number."""
    sections = [seal(f"s{n:02}", keys=2, parties=(SENDER,)) for n in range(17)]
    verify_sealed_set(*message(*sections[:16]), key_ids)

    with pytest.raises(LimitExceeded, match="at most 16 sections, got 17 sections"):
        verify_sealed_set(*message(*sections), key_ids)


def test_at_most_one_mebibyte_of_content_in_all() -> None:
    """The signed sizes are summed up, before any ciphertext is looked at."""
    header = Header(
        sender=SENDER,
        sections=[
            message_pb2.SectionCommitment(name="a", size=1 << 20),
            message_pb2.SectionCommitment(name="b", size=1024),
        ],
    )

    with pytest.raises(LimitExceeded, match="at most 1048576 bytes, got 1049600"):
        verify_sealed_set(header, [], key_ids)


def test_at_most_four_mebibytes_of_ciphertext_in_all(
    submission: tuple[Header, Boxes],
) -> None:
    """The ciphertexts are summed up, before any is hashed."""
    header, boxes = submission
    used = sum(len(box.ciphertext) for box in boxes[1:])
    boxes[0].ciphertext = bytes((4 << 20) - used + 1)

    with pytest.raises(LimitExceeded, match="at most 4194304 bytes, got 4194305"):
        verify_sealed_set(header, boxes, key_ids)


def test_at_most_as_many_ciphertexts_as_a_header_can_ask_for() -> None:
    """16 sections for 9 parties with 4 keys."""
    boxes = [section_pb2.SealedSection()] * 577

    with pytest.raises(LimitExceeded, match="at most 576 ciphertexts, got 577"):
        verify_sealed_set(Header(sender=SENDER), boxes, key_ids)
