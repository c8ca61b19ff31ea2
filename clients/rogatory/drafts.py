"""Drafts: messages on their way to being signed, by one person or by several.

A draft is a message's exact bytes, the sections sealed for it and the signatures given
so far. The bytes never change after `build_draft`: what everybody signs is
`PAE(payload type, payload)`, and `Draft.digest` is the SHA-256 of that.

    draft = build_draft(body, header=…, sections=…, …)
    file  = encode_draft(draft)          for the second person
    draft = parse_draft(file)            strict: one encoding, nothing unknown
    envelope = draft.envelope()          when all have signed
"""

import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from google.protobuf.message import DecodeError
from google.protobuf.message import Message as AnyMessage

from rogatory.directory import Directory
from rogatory.envelope import (
    MAX_ENVELOPE_BYTES,
    MESSAGE_TYPE,
    Envelope,
    SigningKey,
    VerifiedMessage,
    encode_envelope,
    kind_of,
    new_id,
    pae,
    parse_payload,
    verify_fields,
)
from rogatory.errors import (
    FieldInvalid,
    LimitExceeded,
    Malformed,
    NotCanonical,
    SignatoriesMismatch,
    UnknownField,
    UnknownSigner,
)
from rogatory.sealing import SectionContext, seal_section
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    draft_pb2,
    envelope_pb2,
    message_pb2,
    removal_pb2,
    section_pb2,
)

MAX_DRAFT_BYTES = MAX_ENVELOPE_BYTES + (5 << 20)
"""An envelope and 4 MiB of ciphertext with their labels."""

_NONCE_BYTES = 16
_SALT_BYTES = 32
_ID_RANDOM_BYTES = 10
_KEY_ID_BYTES = 32
_MAX_SIGNATURES = 8

Body: TypeAlias = (
    removal_pb2.RemovalRequest
    | removal_pb2.RemovalReport
    | clarification_pb2.ClarificationRequest
    | clarification_pb2.ClarificationResponse
    | disclosure_pb2.DisclosureRequest
    | disclosure_pb2.DisclosureReport
    | disclosure_pb2.DeliveryReceipt
)
"""What a party can say."""

_KINDS: Mapping[str, str] = {
    field.message_type.full_name: field.name
    for field in message_pb2.Message.DESCRIPTOR.oneofs_by_name["body"].fields
    if field.message_type is not None
}


Section: TypeAlias = tuple[bytes, Collection[str]]
"""Content of a section, and the parties that can open it; the sender is added."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message that not everybody has signed yet.

    Attributes:
        payload: The message's exact bytes.
        message: The same, parsed; never changed.
        signatures: Signature by key id.
        sealed: Its sealed sections, in their order.
    """

    payload: bytes
    message: message_pb2.Message
    signatures: Mapping[bytes, bytes]
    sealed: tuple[section_pb2.SealedSection, ...]

    @property
    def header(self) -> message_pb2.Header:
        """The message's header."""
        return self.message.header

    @property
    def kind(self) -> str:
        """The message's kind."""
        return kind_of(self.message)

    @property
    def message_id(self) -> str:
        """The message's id."""
        return self.header.message_id

    @property
    def exchange_id(self) -> str:
        """The exchange's id."""
        return self.header.exchange_id

    @property
    def digest(self) -> bytes:
        """SHA-256 of what is signed: `PAE(payload type, payload)`."""
        return hashlib.sha256(pae(MESSAGE_TYPE, self.payload)).digest()

    def proposed(self) -> VerifiedMessage:
        """Return the message as if everybody named had signed, for the rules only.

        Nothing may act on it: it is for asking profile and lifecycle, before somebody
        signs, whether they would let it pass.
        """
        blank = Envelope(b"", self.digest, self.payload, MESSAGE_TYPE, ())
        return VerifiedMessage(blank, self.message, self.kind)

    def envelope(self) -> bytes:
        """Return the envelope's bytes with the signatures there are."""
        return encode_envelope(self.payload, MESSAGE_TYPE, dict(self.signatures))

    def missing(self, directory: Directory) -> list[message_pb2.Signatory]:
        """Return who is named and has not signed.

        Raises:
            UnknownSigner: Somebody named is not enrolled in that capacity.
        """
        return [
            signatory
            for signatory in self.header.signatories
            if not set(directory.keys_of(signatory)) & set(self.signatures)
        ]


@dataclass(frozen=True, slots=True)
class Terms:
    """What stands in the header beside the parties.

    Attributes:
        origin: Origin of the log.
        sender: Our party.
        unit: Our unit; empty if none.
        language: BCP 47 tag.
        test: Flagged as a test.
        emergency: Invokes emergency rules.
        profile: The legal basis.
        exchange_id: The exchange; empty: a new one.
        previous: Digest of the newest message that we have seen; empty in a first one.
        now: When the message is made.
        lifetime: How long it can be submitted.
    """

    origin: str
    sender: str
    unit: str
    language: str
    test: bool
    emergency: bool
    profile: message_pb2.ProfileReference
    exchange_id: str
    previous: bytes
    now: datetime
    lifetime: timedelta


def build_draft(
    body: Body,
    terms: Terms,
    *,
    recipients: Sequence[message_pb2.Recipient],
    signatories: Sequence[message_pb2.Signatory],
    sections: Mapping[str, Section],
    directory: Directory,
) -> Draft:
    """Build a message and seal its sections to all keys of their audiences.

    Raises:
        FieldInvalid: Fields break their rules; an audience has a party without keys.
        LimitExceeded: It has too much of something.
    """
    milliseconds = int(terms.now.timestamp() * 1000)
    message_id = new_id(milliseconds, os.urandom(_ID_RANDOM_BYTES))
    exchange_id = terms.exchange_id or new_id(
        milliseconds, os.urandom(_ID_RANDOM_BYTES)
    )
    header = message_pb2.Header(
        origin=terms.origin,
        message_id=message_id,
        exchange_id=exchange_id,
        previous=terms.previous,
        sender=terms.sender,
        unit=terms.unit,
        recipients=recipients,
        signatories=signatories,
        nonce=os.urandom(_NONCE_BYTES),
        language=terms.language,
        test=terms.test,
        emergency=terms.emergency,
        profile=terms.profile,
    )
    seconds = int(terms.now.timestamp())
    header.create_time.FromSeconds(seconds)
    header.expire_time.FromSeconds(seconds + int(terms.lifetime.total_seconds()))
    place = SectionContext(terms.origin, exchange_id, message_id)
    sealed: list[section_pb2.SealedSection] = []
    for name in sorted(sections):
        content, audience = sections[name]
        result = seal_section(
            name,
            content,
            audience=_keys_of({terms.sender, *audience}, name, directory),
            context=place,
            salt=os.urandom(_SALT_BYTES),
        )
        header.sections.append(result.commitment)
        sealed.extend(result.sections)
    message = message_pb2.Message(header=header)
    getattr(message, kind_of_body(body)).CopyFrom(body)
    verify_fields(message)
    payload = message.SerializeToString(deterministic=True)
    return Draft(payload, message, {}, tuple(sealed))


def with_signatories(
    draft: Draft, signatories: Sequence[message_pb2.Signatory]
) -> Draft:
    """Return the draft with other signatories; only before anybody has signed."""
    if draft.signatures:
        raise AssertionError("a draft that is signed never changes")
    message = message_pb2.Message.FromString(draft.payload)
    del message.header.signatories[:]
    message.header.signatories.extend(signatories)
    payload = message.SerializeToString(deterministic=True)
    return Draft(payload, message, {}, draft.sealed)


def sign_draft(
    draft: Draft,
    signatory: message_pb2.Signatory,
    key: SigningKey,
    directory: Directory,
) -> Draft:
    """Add a signature.

    Raises:
        UnknownSigner: The directory has no such signer, or not with this key.
        SignatoriesMismatch: The message does not name this signatory.
    """
    who = f"signer {signatory.party}/{signatory.signer_id}"
    if signatory not in draft.header.signatories:
        raise SignatoriesMismatch(
            who, expected="one of those whom the message names, in that capacity"
        )
    key_id = key.public.key_id
    if key_id not in directory.keys_of(signatory):
        raise UnknownSigner(who, expected="the key that is enrolled for it")
    signature = key.sign(pae(MESSAGE_TYPE, draft.payload))
    return replace(draft, signatures={**draft.signatures, key_id: signature})


def verify_signatures(draft: Draft, directory: Directory) -> None:
    """Verify the signatures that a draft carries so far, or raise.

    Raises:
        UnknownSigner: Somebody named is not enrolled in that capacity.
        SignatoriesMismatch: A signature is by nobody whom the message names.
        SignatureInvalid: A signature does not verify.
        SignatureNotCanonical: A signature is not in its one form.
    """
    signed = pae(MESSAGE_TYPE, draft.payload)
    left = dict(draft.signatures)
    for i, signatory in enumerate(draft.header.signatories):
        for key_id, key in directory.keys_of(signatory).items():
            if key_id in left:
                thing = f"signature of header.signatories[{i}]"
                key.verify(signed, left.pop(key_id), thing=thing)
                break
    if left:
        raise SignatoriesMismatch(
            "draft.signatures",
            expected="only those of the named signatories",
            got=f"{len(left)} more",
        )


def encode_draft(draft: Draft) -> bytes:
    """Return the draft as a file."""
    return draft_pb2.Draft(
        payload=draft.payload,
        payload_type=MESSAGE_TYPE,
        signatures=[
            envelope_pb2.Signature(key_id=key_id, signature=draft.signatures[key_id])
            for key_id in sorted(draft.signatures)
        ],
        sealed_sections=draft.sealed,
    ).SerializeToString(deterministic=True)


def parse_draft(raw: bytes) -> Draft:
    """Read a draft's file; signatures and sections are not verified.

    Raises:
        LimitExceeded: It is too large, or has too many signatures.
        Malformed: It is no draft of a message.
        UnknownField: It holds something that this version does not know.
        NotCanonical: It is not in its one encoding.
        FieldInvalid: The message's fields break their rules.
    """
    if len(raw) > MAX_DRAFT_BYTES:
        got = f"{len(raw)} bytes"
        raise LimitExceeded("draft", expected=f"at most {MAX_DRAFT_BYTES}", got=got)
    parsed = draft_pb2.Draft()
    try:
        parsed.ParseFromString(raw)
    except DecodeError:
        raise Malformed("draft", expected="a protobuf Draft") from None
    parsed.DiscardUnknownFields()
    encoded = parsed.SerializeToString(deterministic=True)
    if len(encoded) != len(raw):
        raise UnknownField("draft", expected="only the fields of the schema")
    if encoded != raw:
        raise NotCanonical("draft", expected="its one canonical encoding")
    if parsed.payload_type != MESSAGE_TYPE:
        raise Malformed("draft.payload_type", expected=MESSAGE_TYPE)
    message = parse_payload(parsed.payload, message_pb2.Message, thing="message")
    verify_fields(message)
    return Draft(
        parsed.payload,
        message,
        _signatures(parsed),
        tuple(parsed.sealed_sections),
    )


def kind_of_body(body: Body) -> str:
    """Return the kind of message that has this body."""
    return _KINDS[body.DESCRIPTOR.full_name]


def content_of(message: AnyMessage) -> bytes:
    """Return what is sealed in a section that holds a message."""
    return message.SerializeToString(deterministic=True)


def _signatures(parsed: draft_pb2.Draft) -> dict[bytes, bytes]:
    pairs = [(each.key_id, each.signature) for each in parsed.signatures]
    if len(pairs) > _MAX_SIGNATURES:
        expected = f"at most {_MAX_SIGNATURES}"
        raise LimitExceeded("draft.signatures", expected=expected, got=str(len(pairs)))
    ids = [key_id for key_id, _ in pairs]
    if ids != sorted(set(ids)) or any(len(each) != _KEY_ID_BYTES for each in ids):
        raise NotCanonical("draft.signatures", expected="key ids ascending, each once")
    return dict(pairs)


def _keys_of(
    parties: Collection[str], section: str, directory: Directory
) -> dict[str, list[bytes]]:
    keys = {party: list(directory.encryption_keys(party).values()) for party in parties}
    without = {
        f"section {section}, party {party}": "has no encryption key in the directory"
        for party, found in keys.items()
        if not found
    }
    if without:
        raise FieldInvalid(without)
    return keys
