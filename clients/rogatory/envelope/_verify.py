"""Verifying and signing envelopes.

The header names its signatories; the envelope carries exactly one valid signature by
each and no other, so none can be stripped, added, or counted in another capacity.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rogatory.envelope._codec import MESSAGE_TYPE, Envelope, encode_envelope, pae
from rogatory.envelope._fields import verify_fields
from rogatory.envelope._keys import SigningKey, VerificationKey
from rogatory.envelope._payload import Body, body_of, kind_of, parse_payload
from rogatory.errors import SignatoriesMismatch
from rogatory.v1 import message_pb2

KeyLookup: TypeAlias = Callable[
    [message_pb2.Signatory], Mapping[bytes, VerificationKey]
]
"""Gives the active keys, by key id, of a signatory who has the named capacity.

Raises UnknownSigner where the directory has no such signer, or not in that capacity.
"""


@dataclass(frozen=True, slots=True)
class VerifiedMessage:
    """A message whose form and signatures were verified.

    Only `verify_message` makes one. Whether its sender may say this, now, to these
    recipients, is for the directory, the profile and the lifecycle.
    """

    envelope: Envelope
    message: message_pb2.Message
    kind: str

    @property
    def header(self) -> message_pb2.Header:
        """The message's header."""
        return self.message.header

    @property
    def body(self) -> Body:
        """The message's body."""
        return body_of(self.message)

    @property
    def digest(self) -> bytes:
        """SHA-256 of the envelope's bytes."""
        return self.envelope.digest


def verify_message(envelope: Envelope, keys_of: KeyLookup) -> VerifiedMessage:
    """Verify form and signatures of a message's envelope, or raise.

    Args:
        envelope: As parsed from the received bytes.
        keys_of: The signers' keys.

    Raises:
        Malformed: The payload is no message, or holds something unknown.
        FieldInvalid: Fields break their rules.
        LimitExceeded: It has too many of something.
        UnknownSigner: A signatory is not enrolled in that capacity.
        SignatoriesMismatch: Signatures are missing, or there are others.
        SignatureInvalid: A signature does not verify.
        SignatureNotCanonical: A signature is not in its one form.
    """
    message = parse_payload(envelope.payload, message_pb2.Message, thing="message")
    verify_fields(message)
    verify_signatories(envelope, message.header.signatories, keys_of)
    return VerifiedMessage(envelope, message, kind_of(message))


def verify_signatories(
    envelope: Envelope,
    signatories: Iterable[message_pb2.Signatory],
    keys_of: KeyLookup,
) -> None:
    """Verify that exactly the named signatories signed, or raise.

    Raises:
        UnknownSigner: A signatory is not enrolled in that capacity.
        SignatoriesMismatch: Signatures are missing, or there are others.
        SignatureInvalid: A signature does not verify.
        SignatureNotCanonical: A signature is not in its one form.
    """
    signed = pae(envelope.payload_type, envelope.payload)
    remaining = dict(envelope.signatures)
    for i, signatory in enumerate(signatories):
        thing = f"signature of header.signatories[{i}]"
        keys = keys_of(signatory)
        found = [key_id for key_id in remaining if key_id in keys]
        if len(found) != 1:
            got = "none" if not found else f"{len(found)}"
            raise SignatoriesMismatch(thing, expected="exactly one", got=got)
        key_id = found[0]
        keys[key_id].verify(signed, remaining.pop(key_id), thing=thing)
    if remaining:
        raise SignatoriesMismatch(
            "envelope.signatures",
            expected="only those of the named signatories",
            got=f"{len(remaining)} more",
        )


def sign_payload(
    payload: bytes, keys: Iterable[SigningKey], *, payload_type: str = MESSAGE_TYPE
) -> bytes:
    """Sign a payload with each key and return the envelope's bytes."""
    signed = pae(payload_type, payload)
    signatures = {key.public.key_id: key.sign(signed) for key in keys}
    return encode_envelope(payload, payload_type, signatures)
