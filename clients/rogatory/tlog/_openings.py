"""Verifying what opens an entry's commitments, and what an entry says is sealed.

A party gets the openings that it is entitled to in its receipt; an auditor gets all in
scope. An opening that does not open means that the gateway showed somebody something
else than it logged: `OpeningMismatch` for names and counts, `SealedMismatch` for
ciphertexts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rogatory.errors import OpeningMismatch, SealedMismatch
from rogatory.tlog._codec import encode_base64
from rogatory.tlog._commitments import (
    FromOpening,
    InboxOpening,
    ToOpening,
    sealed_digest,
)
from rogatory.tlog._entry import AccessEntry, Delivery, MessageEntry


@dataclass(frozen=True, slots=True)
class OpenedDelivery:
    """One recipient of an entry, known; made by `verify_delivery_opening` only."""

    position: int
    """0 for the addressee, then those in copy."""
    party: str
    m: int | None
    """As which of its entries the party received it; None if that was not opened."""


def verify_from_opening(
    entry: MessageEntry | AccessEntry, opening: FromOpening
) -> FromOpening:
    """Verify who sent an entry, or raise.

    Raises:
        OpeningMismatch: The entry commits to somebody else, or to another count.
    """
    _refuse_other(entry.sender, opening.commitment(), "entry from")
    return opening


def verify_to_opening(
    entry: MessageEntry, position: int, opening: ToOpening
) -> ToOpening:
    """Verify who the recipient at `position` is, or raise.

    Raises:
        OpeningMismatch: The entry commits to somebody else there, or to nobody.
    """
    delivery = _delivery_at(entry, position)
    _refuse_other(delivery.to, opening.commitment(), f"entry to {position}")
    return opening


def verify_inbox_opening(
    entry: MessageEntry, position: int, opening: InboxOpening
) -> InboxOpening:
    """Verify as which of its entries a recipient received this one, or raise.

    Raises:
        OpeningMismatch: The entry commits to another party or count there.
    """
    delivery = _delivery_at(entry, position)
    _refuse_other(delivery.inbox, opening.commitment(), f"entry inbox {position}")
    return opening


def verify_delivery_opening(
    entry: MessageEntry,
    position: int,
    to: ToOpening,
    inbox: InboxOpening | None = None,
) -> OpenedDelivery:
    """Verify one recipient of an entry by all openings at hand, or raise.

    Args:
        entry: The entry.
        position: Which recipient: 0 for the addressee, then those in copy.
        to: Who it is.
        inbox: As which of its entries it received this one; the sender is not told.

    Raises:
        OpeningMismatch: The entry commits to something else there, or the two
            openings name two parties.
    """
    party = verify_to_opening(entry, position, to).party
    if inbox is None:
        return OpenedDelivery(position, party, None)
    if verify_inbox_opening(entry, position, inbox).party != party:
        raise OpeningMismatch(
            f"entry to and inbox {position}", expected="one party", got="two"
        )
    return OpenedDelivery(position, party, inbox.m)


def verify_sealed(entry: MessageEntry, ciphertexts: Sequence[bytes]) -> bytes | None:
    """Verify that these are the ciphertexts that an entry covers, or raise.

    Args:
        entry: The entry.
        ciphertexts: All of them, by section name, party and key id.

    Returns:
        Their digest; None for an entry without ciphertexts.

    Raises:
        SealedMismatch: One was changed, added, left out or moved.
    """
    found = sealed_digest(ciphertexts) if ciphertexts else None
    if found != entry.sealed:
        raise SealedMismatch(
            "entry sealed", expected=_shown(entry.sealed), got=_shown(found)
        )
    return found


def _delivery_at(entry: MessageEntry, position: int) -> Delivery:
    if not 0 <= position < len(entry.deliveries):
        raise OpeningMismatch(
            f"entry to {position}",
            expected=f"one of {len(entry.deliveries)} recipients",
        )
    return entry.deliveries[position]


def _refuse_other(logged: bytes, opened: bytes, thing: str) -> None:
    if logged != opened:
        raise OpeningMismatch(
            thing, expected=encode_base64(logged), got=encode_base64(opened)
        )


def _shown(digest: bytes | None) -> str:
    return "no ciphertexts" if digest is None else encode_base64(digest)
