"""Receipts held to everything they promise, with the primitives of the log alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from rogatory.tlog import (
    FromOpening,
    InboxOpening,
    MessageEntry,
    ToOpening,
    VerifierKey,
    parse_entry,
    verify_delivery_opening,
    verify_from_opening,
    verify_proof,
    verify_sealed,
    verify_to_opening,
)
from rogatory.v1 import receipt_pb2
from tests.support.messages import Signed

FROM = receipt_pb2.OPENING_KIND_FROM
TO = receipt_pb2.OPENING_KIND_TO
INBOX = receipt_pb2.OPENING_KIND_INBOX


@dataclass(frozen=True, slots=True)
class Proven:
    """What a receipt proves.

    Attributes:
        index: Place in the log.
        size: Size of the log that the proof speaks of.
        number: As which of its entries the party sent or received it.
        entry: The entry.
    """

    index: int
    size: int
    number: int
    entry: MessageEntry


def prove_sent(
    receipt: receipt_pb2.Receipt, signed: Signed, keys: Sequence[VerifierKey]
) -> Proven:
    """Verify a sender's receipt: proof, digest, ciphertexts, every opening."""
    index, size, entry = _prove(receipt, signed.envelope, keys)
    verify_sealed(entry, [box.ciphertext for box in signed.sealed])
    own, *others = receipt.openings
    assert own.kind == FROM
    header = signed.message.header
    opening = FromOpening(own.salt, own.party, own.number)
    sent = verify_from_opening(entry, opening)
    assert sent.party == header.sender
    assert [o.kind for o in others] == [TO] * len(header.recipients)
    for position, other in enumerate(others):
        to = verify_to_opening(entry, position, ToOpening(other.salt, other.party))
        assert to.party == header.recipients[position].party
    return Proven(index, size, sent.n, entry)


def prove_received(
    delivered: receipt_pb2.DeliveredMessage,
    signed: Signed,
    party: str,
    keys: Sequence[VerifierKey],
) -> Proven:
    """Verify what a recipient got of a message: all of its own, nothing of others."""
    assert delivered.envelope == signed.envelope
    receipt = delivered.receipt
    index, size, entry = _prove(receipt, delivered.envelope, keys)
    digests = [hashlib.sha256(box.ciphertext).digest() for box in signed.sealed]
    assert list(delivered.sealed_digests) == digests
    own = [box for box in signed.sealed if box.party == party]
    assert list(delivered.sealed_sections) == own
    to, inbox = receipt.openings
    assert (to.kind, inbox.kind) == (TO, INBOX)
    recipients = [r.party for r in signed.message.header.recipients]
    opened = verify_delivery_opening(
        entry,
        recipients.index(party),
        ToOpening(to.salt, to.party),
        InboxOpening(inbox.salt, inbox.party, inbox.number),
    )
    assert opened.party == party
    assert opened.m is not None
    return Proven(index, size, opened.m, entry)


def inbox_number(delivered: receipt_pb2.DeliveredMessage) -> int:
    """Return the number under which the recipient received a message."""
    (number,) = [o.number for o in delivered.receipt.openings if o.kind == INBOX]
    return number


def _prove(
    receipt: receipt_pb2.Receipt, envelope: bytes, keys: Sequence[VerifierKey]
) -> tuple[int, int, MessageEntry]:
    proof = verify_proof(receipt.proof, receipt.entry, keys)
    entry = parse_entry(receipt.entry)
    assert isinstance(entry, MessageEntry)
    assert entry.digest == hashlib.sha256(envelope).digest()
    return proof.index, proof.checkpoint.size, entry
