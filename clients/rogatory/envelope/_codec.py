"""The envelope's one encoding (DSSE v1 in protobuf form) and its PAE.

Guarantees: `parse_envelope` accepts exactly the bytes that `encode_envelope` makes, so
an envelope has one digest. Refuses: more than 256 KiB, unknown fields, signatures that
are unsorted, doubled, or more than eight.
"""

import hashlib
from dataclasses import dataclass

from google.protobuf.message import DecodeError

from rogatory.envelope._payload import has_unknown_fields
from rogatory.errors import LimitExceeded, Malformed, NotCanonical, UnknownField
from rogatory.v1 import envelope_pb2

MESSAGE_TYPE = "application/vnd.rogatory.message.v1+protobuf"
DIRECTORY_TYPE = "application/vnd.rogatory.directory.v1+protobuf"
PROFILES_TYPE = "application/vnd.rogatory.profiles.v1+protobuf"
_PAYLOAD_TYPES = frozenset({MESSAGE_TYPE, DIRECTORY_TYPE, PROFILES_TYPE})

MAX_ENVELOPE_BYTES = 256 * 1024
"""Of one envelope; 1,000 items with their outcomes need about 60 KiB."""

MAX_SIGNATURES = 8
"""As many as there can be signatories."""

MAX_SIGNATURE_BYTES = 3_309
"""Of ML-DSA-65, the longest that is accepted."""

KEY_ID_BYTES = 32


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope that has the right form; nothing in it is verified.

    Attributes:
        raw: The exact bytes.
        digest: SHA-256 of them.
        payload: The statement's exact bytes.
        payload_type: Its media type.
        signatures: (key id, signature) pairs in order of key id.
    """

    raw: bytes
    digest: bytes
    payload: bytes
    payload_type: str
    signatures: tuple[tuple[bytes, bytes], ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return DSSE v1's pre-authentication encoding, lengths in UTF-8 bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def encode_envelope(
    payload: bytes, payload_type: str, signatures: dict[bytes, bytes]
) -> bytes:
    """Return the envelope's bytes.

    Args:
        payload: The statement's bytes.
        payload_type: Its media type.
        signatures: Key id → signature.
    """
    return envelope_pb2.Envelope(
        payload=payload,
        payload_type=payload_type,
        signatures=[
            envelope_pb2.Signature(key_id=key_id, signature=signatures[key_id])
            for key_id in sorted(signatures)
        ],
    ).SerializeToString(deterministic=True)


def parse_envelope(raw: bytes, *, payload_type: str = MESSAGE_TYPE) -> Envelope:
    """Parse an envelope's exact bytes.

    Args:
        raw: What was received.
        payload_type: The only media type that is acceptable here.

    Raises:
        LimitExceeded: It is larger than 256 KiB or has more than 8 signatures.
        Malformed: It is no envelope, or of another type.
        UnknownField: It has a field that this version does not know.
        NotCanonical: It is not in its one encoding.
    """
    if len(raw) > MAX_ENVELOPE_BYTES:
        raise LimitExceeded(
            "envelope", expected=f"at most {MAX_ENVELOPE_BYTES} B", got=f"{len(raw)} B"
        )
    parsed = envelope_pb2.Envelope()
    try:
        parsed.ParseFromString(raw)
    except DecodeError:
        raise Malformed("envelope", expected="a protobuf Envelope") from None
    if has_unknown_fields(parsed):
        raise UnknownField("envelope", expected="only the fields of the schema")
    if parsed.SerializeToString(deterministic=True) != raw:
        raise NotCanonical("envelope", expected="its one canonical encoding")
    if parsed.payload_type != payload_type:
        known = parsed.payload_type in _PAYLOAD_TYPES
        raise Malformed(
            "envelope.payload_type",
            expected=payload_type,
            got=parsed.payload_type if known else "another type",
        )
    return Envelope(
        raw=raw,
        digest=hashlib.sha256(raw).digest(),
        payload=parsed.payload,
        payload_type=parsed.payload_type,
        signatures=_signatures(parsed),
    )


def _signatures(parsed: envelope_pb2.Envelope) -> tuple[tuple[bytes, bytes], ...]:
    pairs = tuple((s.key_id, s.signature) for s in parsed.signatures)
    if not 1 <= len(pairs) <= MAX_SIGNATURES:
        raise LimitExceeded(
            "envelope.signatures",
            expected=f"1 to {MAX_SIGNATURES}",
            got=str(len(pairs)),
        )
    for key_id, signature in pairs:
        if len(key_id) != KEY_ID_BYTES or not signature:
            raise Malformed("envelope.signatures", expected="a 32-byte key id each")
        if len(signature) > MAX_SIGNATURE_BYTES:
            raise LimitExceeded(
                "envelope.signatures.signature",
                expected=f"at most {MAX_SIGNATURE_BYTES} B",
                got=f"{len(signature)} B",
            )
    ids = [key_id for key_id, _ in pairs]
    if ids != sorted(set(ids)):
        raise NotCanonical(
            "envelope.signatures", expected="key ids ascending, each once"
        )
    return pairs
