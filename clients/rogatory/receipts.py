"""What a receipt proves: pure checks, for clients and offline auditors alike.

A receipt is an entry, its tlog-proof and the openings that a party is entitled to. It
holds if all of this does:

* the proof leads from the entry to a checkpoint that both keys of the log signed;
* the entry is that of this very envelope, and covers these ciphertexts;
* the entry has as many recipients as the signed header, and what is opened is what the
  header says: to the sender its own `from` and every `to`; to a recipient its own `to`
  and `inbox`, each at its place.

A gateway that cannot open an entry to somebody who is entitled has not delivered, so a
missing opening is a failure like a wrong one.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from rogatory.errors import (
    OpeningMismatch,
    ReceiptMismatch,
    RogatoryError,
    SealedMismatch,
    VerificationError,
)
from rogatory.sealing import sealed_line_of
from rogatory.tlog import (
    FromOpening,
    InboxOpening,
    MessageEntry,
    ToOpening,
    VerifiedCheckpoint,
    VerifierKey,
    parse_entry,
    verify_delivery_opening,
    verify_from_opening,
    verify_proof,
    verify_to_opening,
)
from rogatory.v1 import message_pb2, receipt_pb2

Role: TypeAlias = Literal["sender", "recipient"]

_FROM = receipt_pb2.OPENING_KIND_FROM
_TO = receipt_pb2.OPENING_KIND_TO
_INBOX = receipt_pb2.OPENING_KIND_INBOX


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """A receipt that holds; only `verify_receipt` makes one.

    Attributes:
        index: Log index.
        entry: The entry.
        checkpoint: The checkpoint that the proof leads to.
        role: As what our party has part in the message.
        number: n of the sender, m of a recipient: as which of its own it counts.
        receipt: As received.
    """

    index: int
    entry: MessageEntry
    checkpoint: VerifiedCheckpoint
    role: Role
    number: int
    receipt: receipt_pb2.Receipt

    @property
    def time(self) -> datetime:
        """When the message was logged."""
        return self.entry.time


def verify_receipt(
    receipt: receipt_pb2.Receipt,
    *,
    envelope: bytes,
    header: message_pb2.Header,
    sealed_digests: Sequence[bytes],
    party: str,
    role: Role,
    keys: Sequence[VerifierKey],
    origin: str,
) -> VerifiedReceipt:
    """Verify a receipt against the message it is for, or raise.

    Args:
        receipt: As received.
        envelope: The envelope's exact bytes.
        header: The header in it.
        sealed_digests: SHA-256 of every ciphertext, in order.
        party: Our party id.
        role: As what we have part in the message.
        keys: The log's keys, each of which must have signed.
        origin: Origin of the log.

    Raises:
        NoteUnverified: The checkpoint is not signed by both keys.
        InclusionInvalid: The entry is not in the log.
        ReceiptMismatch: It is of another message, or lacks an opening.
        SealedMismatch: The entry covers other ciphertexts.
        OpeningMismatch: An opening does not open the entry.
    """
    proof = verify_proof(receipt.proof, receipt.entry, keys, origin=origin)
    entry = verify_entry(
        receipt.entry, envelope=envelope, sealed_digests=sealed_digests
    )
    recipients = [recipient.party for recipient in header.recipients]
    if len(entry.deliveries) != len(recipients):
        raise ReceiptMismatch(
            "receipt.entry",
            expected=f"{len(recipients)} recipients",
            got=str(len(entry.deliveries)),
        )
    openings = _Openings(receipt.openings)
    try:
        if role == "sender":
            number = _verify_sender(entry, openings, party, header.sender, recipients)
        else:
            number = _verify_recipient(entry, openings, party, recipients)
    except VerificationError:
        raise
    except RogatoryError as error:
        # A salt of another length, a party that is no name: nothing can open so.
        raise OpeningMismatch(
            "receipt.openings", expected=error.expected, got=error.got
        ) from error
    return VerifiedReceipt(proof.index, entry, proof.checkpoint, role, number, receipt)


def verify_entry(
    raw: bytes, *, envelope: bytes, sealed_digests: Sequence[bytes] | None
) -> MessageEntry:
    """Verify that an entry is that of a message, or raise.

    Args:
        raw: The entry.
        envelope: The envelope's exact bytes.
        sealed_digests: SHA-256 of every ciphertext in order; None: not at hand.

    Raises:
        ReceiptMismatch: It is no message entry, or that of another envelope.
        SealedMismatch: It covers other ciphertexts.
    """
    try:
        entry = parse_entry(raw)
    except RogatoryError as error:
        raise ReceiptMismatch(
            "receipt.entry", expected=error.expected or "an entry", got=error.got
        ) from error
    if not isinstance(entry, MessageEntry):
        raise ReceiptMismatch(
            "receipt.entry", expected="kind message", got=f"kind {entry.kind}"
        )
    digest = hashlib.sha256(envelope).digest()
    if entry.digest != digest:
        raise ReceiptMismatch(
            "receipt.entry",
            expected=f"digest {digest.hex()}",
            got=entry.digest.hex(),
        )
    if sealed_digests is not None and sealed_line_of(sealed_digests) != entry.sealed:
        raise SealedMismatch(
            "receipt.entry", expected="to cover the ciphertexts of this message"
        )
    return entry


class _Openings:
    """The openings of a receipt, each taken once."""

    def __init__(self, openings: Iterable[receipt_pb2.Opening]) -> None:
        self._left = list(openings)

    def take(
        self, kind: receipt_pb2.OpeningKind.ValueType, party: str
    ) -> receipt_pb2.Opening:
        """Return the one opening of a kind for a party."""
        found = [o for o in self._left if (o.kind, o.party) == (kind, party)]
        if len(found) != 1:
            name = receipt_pb2.OpeningKind.Name(kind)
            name = name.removeprefix("OPENING_KIND_").lower()
            raise ReceiptMismatch(
                f"receipt.openings, {name}",
                expected=f"one for {party}",
                got=f"{len(found)}: the gateway does not show what it logged",
            )
        return found[0]


def _verify_sender(
    entry: MessageEntry,
    openings: _Openings,
    party: str,
    sender: str,
    recipients: Sequence[str],
) -> int:
    if sender != party:
        raise ReceiptMismatch("header.sender", expected=party, got=sender)
    own = openings.take(_FROM, party)
    opened = verify_from_opening(entry, FromOpening(own.salt, party, own.number))
    for position, recipient in enumerate(recipients):
        to = openings.take(_TO, recipient)
        verify_to_opening(entry, position, ToOpening(to.salt, recipient))
    return opened.n


def _verify_recipient(
    entry: MessageEntry, openings: _Openings, party: str, recipients: Sequence[str]
) -> int:
    if party not in recipients:
        raise ReceiptMismatch("header.recipients", expected=f"{party} among them")
    position = recipients.index(party)
    to, inbox = openings.take(_TO, party), openings.take(_INBOX, party)
    opened = verify_delivery_opening(
        entry,
        position,
        ToOpening(to.salt, party),
        InboxOpening(inbox.salt, party, inbox.number),
    )
    if opened.m is None:
        raise AssertionError("an inbox opening was passed")
    return opened.m
