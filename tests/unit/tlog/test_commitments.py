"""Commitments of entries: their bytes, and opening them."""

import hashlib

import pytest

from rogatory.errors import (
    LimitExceeded,
    Malformed,
    OpeningMismatch,
    SealedMismatch,
)
from rogatory.tlog import (
    AccessEntry,
    Delivery,
    FromOpening,
    InboxOpening,
    MessageEntry,
    OpenedDelivery,
    ToOpening,
    from_commitment,
    inbox_commitment,
    sealed_digest,
    to_commitment,
    verify_delivery_opening,
    verify_from_opening,
    verify_inbox_opening,
    verify_sealed,
    verify_to_opening,
)
from tests.unit.tlog.model import TIME, fill

SALT = bytes(range(32))
FROM = FromOpening(fill("1"), "xx-police", 17)
TO = (ToOpening(fill("2"), "yy-platform"), ToOpening(fill("3"), "zz-ngo"))
INBOX = (
    InboxOpening(fill("4"), "yy-platform", 5),
    InboxOpening(fill("5"), "zz-ngo", 0),
)
CIPHERTEXTS = [b"first", b"second"]
ENTRY = MessageEntry(
    TIME,
    1,
    fill("d"),
    sealed_digest(CIPHERTEXTS),
    FROM.commitment(),
    tuple(
        Delivery(to.commitment(), inbox.commitment())
        for to, inbox in zip(TO, INBOX, strict=True)
    ),
)


def test_from_commits_to_party_and_count() -> None:
    """Label, salt, length, party, 64-bit count."""
    message = b"rogatory/v1/from\n" + SALT + b"\x09xx-police" + (17).to_bytes(8, "big")
    assert from_commitment(SALT, "xx-police", 17) == hashlib.sha256(message).digest()


def test_to_commits_to_the_party() -> None:
    """Label, salt, length, party."""
    message = b"rogatory/v1/to\n" + SALT + b"\x09xx-police"
    assert to_commitment(SALT, "xx-police") == hashlib.sha256(message).digest()


def test_inbox_commits_to_party_and_count() -> None:
    """Label, salt, length, party, 64-bit count."""
    message = b"rogatory/v1/inbox\n" + SALT + b"\x01p" + b"\xff" * 8
    assert inbox_commitment(SALT, "p", 2**64 - 1) == hashlib.sha256(message).digest()


def test_sealed_commits_to_ciphertexts_in_order() -> None:
    """Label, then the hash of each."""
    hashes = b"".join(hashlib.sha256(value).digest() for value in CIPHERTEXTS)
    expected = hashlib.sha256(b"rogatory/v1/sealed\n" + hashes).digest()
    assert sealed_digest(iter(CIPHERTEXTS)) == expected
    assert sealed_digest(CIPHERTEXTS[::-1]) != expected


def test_no_ciphertexts_have_no_digest() -> None:
    """Such an entry has no `sealed` line."""
    with pytest.raises(Malformed, match="sealed: expected at least one ciphertext"):
        sealed_digest([])


@pytest.mark.parametrize("salt", [b"", bytes(31), bytes(33)])
def test_a_salt_has_32_bytes(salt: bytes) -> None:
    """Fewer would be guessed, more would shift the party."""
    with pytest.raises(Malformed, match="salt: expected 32 bytes"):
        to_commitment(salt, "p")
    with pytest.raises(Malformed, match="salt: expected 32 bytes"):
        FromOpening(salt, "p", 0)


@pytest.mark.parametrize("party", ["", "two\nlines", "tab\t", "\ud800"])
def test_a_party_is_one_line(party: str) -> None:
    """What cannot be a party's name cannot be committed to."""
    with pytest.raises(Malformed):
        to_commitment(SALT, party)
    with pytest.raises(Malformed):
        ToOpening(SALT, party)


def test_a_party_has_at_most_255_bytes() -> None:
    """Its length is one byte; bytes of UTF-8 count, not characters."""
    assert to_commitment(SALT, "é" * 127)
    with pytest.raises(LimitExceeded, match="party: expected at most 255 bytes"):
        to_commitment(SALT, "é" * 128)


@pytest.mark.parametrize("count", [-1, 2**64])
def test_a_count_has_64_bits(count: int) -> None:
    """Other counts have no encoding."""
    with pytest.raises(LimitExceeded, match="count"):
        inbox_commitment(SALT, "p", count)
    with pytest.raises(LimitExceeded, match="count"):
        InboxOpening(SALT, "p", count)


def test_the_sender_opens() -> None:
    """The true opening is returned, for messages and for accesses."""
    assert verify_from_opening(ENTRY, FROM) is FROM
    access = AccessEntry(TIME, 1, fill("d"), FROM.commitment())
    assert verify_from_opening(access, FROM) is FROM


@pytest.mark.parametrize(
    "opening",
    [
        FromOpening(fill("1"), "xx-police", 18),
        FromOpening(fill("1"), "xx-polizei", 17),
        FromOpening(fill("2"), "xx-police", 17),
    ],
)
def test_another_sender_does_not_open(opening: FromOpening) -> None:
    """Salt, party and count are all bound."""
    with pytest.raises(OpeningMismatch, match="entry from"):
        verify_from_opening(ENTRY, opening)


@pytest.mark.parametrize("position", [0, 1])
def test_a_recipient_opens(position: int) -> None:
    """Who it is, and as which of its entries."""
    to, inbox = TO[position], INBOX[position]
    assert verify_to_opening(ENTRY, position, to) is to
    assert verify_inbox_opening(ENTRY, position, inbox) is inbox
    opened = verify_delivery_opening(ENTRY, position, to, inbox)
    assert opened == OpenedDelivery(position, to.party, inbox.m)


def test_the_sender_knows_recipients_without_their_counts() -> None:
    """It is given no inbox openings."""
    opened = verify_delivery_opening(ENTRY, 0, TO[0])
    assert opened == OpenedDelivery(0, "yy-platform", None)


@pytest.mark.parametrize("position", [1, 2, -1])
def test_a_recipient_opens_its_own_place_only(position: int) -> None:
    """The addressee cannot be shown as one in copy, nor beyond the recipients."""
    with pytest.raises(OpeningMismatch, match=f"entry to {position}"):
        verify_to_opening(ENTRY, position, TO[0])
    with pytest.raises(OpeningMismatch):
        verify_inbox_opening(ENTRY, position, INBOX[0])


def test_one_delivery_is_to_one_party() -> None:
    """A gateway that counts an entry in another party's inbox is found."""
    crossed = MessageEntry(
        TIME,
        1,
        fill("d"),
        None,
        FROM.commitment(),
        (Delivery(TO[0].commitment(), INBOX[1].commitment()),),
    )
    with pytest.raises(OpeningMismatch, match="expected one party, got two"):
        verify_delivery_opening(crossed, 0, TO[0], INBOX[1])


def test_the_sealed_ciphertexts_verify() -> None:
    """All of them, in their order; none for an entry without."""
    assert verify_sealed(ENTRY, CIPHERTEXTS) == ENTRY.sealed
    unsealed = MessageEntry(TIME, 1, fill("d"), None, ENTRY.sender, ENTRY.deliveries)
    assert verify_sealed(unsealed, []) is None
    with pytest.raises(SealedMismatch, match="expected no ciphertexts"):
        verify_sealed(unsealed, CIPHERTEXTS)


@pytest.mark.parametrize(
    "ciphertexts",
    [[], [b"first"], [b"second", b"first"], [b"first", b"second", b""], [b"f", b"s"]],
)
def test_other_ciphertexts_do_not_verify(ciphertexts: list[bytes]) -> None:
    """One changed, added, left out or moved is found."""
    with pytest.raises(SealedMismatch, match="entry sealed"):
        verify_sealed(ENTRY, ciphertexts)
