"""What a receiver checks of the ciphertexts that were delivered."""

import hashlib

import pytest

from rogatory.errors import SealedMismatch
from rogatory.sealing import (
    SealedSlot,
    sealed_line_of,
    sealed_slots,
    verify_delivered,
    verify_sealed_set,
)
from rogatory.v1 import message_pb2, section_pb2
from tests.unit.sealing.builders import (
    COURT,
    PLATFORM,
    SENDER,
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


def _logged(
    submission: tuple[Header, Boxes],
) -> tuple[Header, Boxes, list[bytes], bytes | None]:
    """Return what the platform gets: its ciphertexts, all digests, the entry's line."""
    header, boxes = submission
    digests = list(verify_sealed_set(header, boxes, key_ids))
    ours = [box for box in boxes if box.party == PLATFORM]
    return header, ours, digests, sealed_line_of(digests)


def test_what_the_entry_covers_is_accepted(submission: tuple[Header, Boxes]) -> None:
    """A receiver holds some of the ciphertexts, and the digests of all."""
    header, ours, digests, line = _logged(submission)

    assert verify_delivered(ours, digests, line) == tuple(ours)
    assert verify_delivered([], digests, line) == ()
    slots = sealed_slots(header, key_ids)
    assert verify_delivered(ours, digests, line, slots=slots, party=PLATFORM) == tuple(
        ours
    )


def test_no_sections_and_no_line_belong_together() -> None:
    """A message without ciphertexts has no `sealed` line."""
    assert verify_delivered([], [], None) == ()
    assert verify_delivered([], [], None, slots=(), party=PLATFORM) == ()
    with pytest.raises(SealedMismatch):
        verify_delivered([], [], sealed_line_of([bytes(32)]))
    with pytest.raises(SealedMismatch, match="no sealed line"):
        verify_delivered([], [bytes(32)], None)
    # An empty list has a digest too; it is not a line.
    with pytest.raises(SealedMismatch):
        verify_delivered([], [], hashlib.sha256(b"rogatory/v1/sealed\n").digest())


def test_other_digests_than_the_entry_has_are_the_gateways_fault(
    submission: tuple[Header, Boxes],
) -> None:
    """Each digest, its place and the number of digests count."""
    _, ours, digests, line = _logged(submission)
    wrong = [digests[:-1], [*digests, bytes(32)], digests[::-1], []]
    for index in range(len(digests)):
        changed = list(digests)
        changed[index] = bytes([changed[index][0] ^ 1]) + changed[index][1:]
        wrong.append(changed)

    for changed in wrong:
        with pytest.raises(SealedMismatch, match="sealed digests"):
            verify_delivered(ours, changed, line)


def test_digests_cut_at_other_places_are_refused(
    submission: tuple[Header, Boxes],
) -> None:
    """The same bytes divided in another way hash to the same line."""
    _, ours, digests, line = _logged(submission)
    joined = b"".join(digests)

    with pytest.raises(SealedMismatch, match="32 bytes each"):
        verify_delivered(ours, [joined[:31], joined[31:]], line)


def test_a_ciphertext_that_the_entry_does_not_cover_is_the_gateways_fault(
    submission: tuple[Header, Boxes],
) -> None:
    """One flipped bit, and section and party are named."""
    header, ours, digests, line = _logged(submission)
    slots = sealed_slots(header, key_ids)
    ours[0].ciphertext = bytes([ours[0].ciphertext[0] ^ 1]) + ours[0].ciphertext[1:]

    for places in (None, slots):
        with pytest.raises(SealedMismatch, match=f"section reasons .*{PLATFORM}"):
            verify_delivered(ours, digests, line, slots=places)


@pytest.mark.parametrize(
    ("field", "value"),
    [("section", "targets"), ("party", COURT), ("key_id", key_ids(PLATFORM)[1])],
)
def test_a_relabelled_ciphertext_is_the_gateways_fault(
    submission: tuple[Header, Boxes], field: str, value: str
) -> None:
    """Without this check it would not open, and the sender would look at fault."""
    header, ours, digests, line = _logged(submission)
    slots = sealed_slots(header, key_ids)
    setattr(ours[0], field, value)
    verify_delivered(ours, digests, line)  # the line alone cannot tell

    with pytest.raises(SealedMismatch, match="at its place"):
        verify_delivered(ours, digests, line, slots=slots)


def test_a_withheld_ciphertext_is_the_gateways_fault(
    submission: tuple[Header, Boxes],
) -> None:
    """Without this check the sender would seem not to have sealed to us."""
    header, ours, digests, line = _logged(submission)
    slots = sealed_slots(header, key_ids)

    for index in range(len(ours)):
        rest = ours[:index] + ours[index + 1 :]
        with pytest.raises(SealedMismatch, match="the gateway withholds it"):
            verify_delivered(rest, digests, line, slots=slots, party=PLATFORM)


def test_a_number_of_digests_that_the_header_does_not_ask_for_is_refused(
    submission: tuple[Header, Boxes],
) -> None:
    """The gateway logged a set that it should not have accepted."""
    header, ours, digests, line = _logged(submission)
    slots = sealed_slots(header, lambda party: key_ids(party)[:1])

    with pytest.raises(SealedMismatch, match="expected 5, as header and directory"):
        verify_delivered(ours, digests, line, slots=slots)


def test_slots_are_sorted_by_section_party_and_key_id() -> None:
    """Whatever order header and directory have."""
    header, _ = message(seal("targets"), seal("reasons"))

    slots = sealed_slots(header, lambda party: key_ids(party)[::-1])

    assert list(slots) == [
        SealedSlot(section, party, key_id)
        for section in ("reasons", "targets")
        for party in (SENDER, PLATFORM)
        for key_id in key_ids(party)
    ]
