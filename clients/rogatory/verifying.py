"""What everybody verifies of a logged message, whoever delivered it.

The gateway had to refuse what breaks a rule; so a message in the log that breaks one is
the gateway's failure, whatever kind of error it would have been at submission:
`MessageUnverified`, with the reason in `metadata["cause"]`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from rogatory.directory import Directory, ProfileSet
from rogatory.envelope import (
    VerifiedMessage,
    parse_envelope,
    parse_payload,
    verify_fields,
    verify_message,
)
from rogatory.errors import (
    Expired,
    InputError,
    MessageUnverified,
    NotPermitted,
    RuleError,
    SignatureError,
)
from rogatory.lifecycle import verify_permitted, verify_timely
from rogatory.profiles import Profile
from rogatory.receipts import VerifiedReceipt
from rogatory.sealing import sealed_slots, verify_delivered
from rogatory.v1 import directory_pb2, message_pb2, receipt_pb2, section_pb2

_EXPIRY_SLACK = timedelta(minutes=5)
"""A message may be admitted in its last second and logged a little later."""


def header_of(envelope: bytes) -> message_pb2.Header:
    """Parse a logged envelope as far as its header; signatures are verified later.

    Raises:
        MessageUnverified: It is no envelope of a message.
    """
    with _logged("delivered message"):
        payload = parse_envelope(envelope).payload
        message = parse_payload(payload, message_pb2.Message, thing="message")
        verify_fields(message)
    return message.header


def verify_logged(
    envelope: bytes,
    receipt: VerifiedReceipt,
    *,
    directory: Directory,
    profiles: ProfileSet,
    origin: str,
) -> tuple[VerifiedMessage, Profile | None]:
    """Verify signers, profile and clock of a message at its place, or raise.

    Args:
        envelope: The exact bytes.
        receipt: Its place.
        directory: The directory in force there.
        profiles: The profiles in force there.
        origin: Origin of the log.

    Returns:
        The message, and its profile; None for what the gateway itself says.

    Raises:
        MessageUnverified: The gateway should have refused it.
    """
    with _logged(f"message at entry {receipt.index}"):
        message = verify_message(parse_envelope(envelope), directory.keys_of)
        _verify_time(message, origin, receipt.time)
        if message.kind != "submission_refusal":
            return message, verify_permitted(
                message, directory, profiles, at=receipt.time
            )
        sender = directory.party(message.header.sender)
        if sender is None or sender.kind != directory_pb2.PARTY_KIND_OPERATOR:
            raise NotPermitted("submission_refusal", expected="the gateway as sender")
    return message, None


def verify_ciphertexts(
    delivered: receipt_pb2.DeliveredMessage,
    message: VerifiedMessage,
    receipt: VerifiedReceipt,
    *,
    directory: Directory,
    party: str,
) -> tuple[section_pb2.SealedSection, ...]:
    """Verify that everything sealed to us was delivered as it was logged, or raise.

    Raises:
        SealedMismatch: A ciphertext is another one, or is withheld.
    """
    slots = sealed_slots(
        message.header, lambda name: sorted(directory.encryption_keys(name))
    )
    return verify_delivered(
        delivered.sealed_sections,
        delivered.sealed_digests,
        receipt.entry.sealed,
        slots=slots,
        party=party,
    )


def evidence_of(envelope: bytes, receipt: receipt_pb2.Receipt) -> dict[str, bytes]:
    """Return the files by which others can judge a message and its receipt."""
    openings = receipt_pb2.Receipt(openings=receipt.openings)
    return {
        "message.bin": envelope,
        "message.entry": receipt.entry,
        "message.tlog-proof": receipt.proof,
        "message.openings": openings.SerializeToString(deterministic=True),
    }


def _verify_time(message: VerifiedMessage, origin: str, time: datetime) -> None:
    try:
        verify_timely(message, origin=origin, now=time)
    except Expired:
        if message.header.expire_time.seconds < (time - _EXPIRY_SLACK).timestamp():
            raise


@contextmanager
def _logged(thing: str) -> Iterator[None]:
    """Turn what is wrong with a message into a failure of the log that has it."""
    try:
        yield
    except (InputError, SignatureError, RuleError, NotPermitted) as error:
        raise MessageUnverified(
            thing,
            expected="a message that its signers and the rules carry",
            got=str(error),
            metadata={"cause": error.reason},
        ) from error
