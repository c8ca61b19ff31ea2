"""Envelopes and the messages in them: parse, rules of form, sign, verify.

Pure: bytes in, values out. An `Envelope` is unverified; only `verify_message` makes a
`VerifiedMessage`, and whatever acts on a message takes that type.
"""

from rogatory.envelope._codec import (
    DIRECTORY_TYPE,
    MAX_ENVELOPE_BYTES,
    MESSAGE_TYPE,
    PROFILES_TYPE,
    Envelope,
    encode_envelope,
    pae,
    parse_envelope,
)
from rogatory.envelope._fields import NAME_PATTERN, verify_fields
from rogatory.envelope._ids import ID_PATTERN, new_id, parse_id
from rogatory.envelope._keys import (
    SigningKey,
    VerificationKey,
    encode_signing_key,
    key_id_of,
    parse_signing_key,
    possession_statement,
)
from rogatory.envelope._payload import (
    BODY_KINDS,
    body_of,
    kind_of,
    parse_payload,
)
from rogatory.envelope._verify import (
    KeyLookup,
    VerifiedMessage,
    sign_payload,
    verify_message,
    verify_signatories,
)

__all__ = [
    "BODY_KINDS",
    "DIRECTORY_TYPE",
    "ID_PATTERN",
    "MAX_ENVELOPE_BYTES",
    "MESSAGE_TYPE",
    "NAME_PATTERN",
    "PROFILES_TYPE",
    "Envelope",
    "KeyLookup",
    "SigningKey",
    "VerificationKey",
    "VerifiedMessage",
    "body_of",
    "encode_envelope",
    "encode_signing_key",
    "key_id_of",
    "kind_of",
    "new_id",
    "pae",
    "parse_envelope",
    "parse_id",
    "parse_payload",
    "parse_signing_key",
    "possession_statement",
    "sign_payload",
    "verify_fields",
    "verify_message",
    "verify_signatories",
]
