"""The client that every party has: `Reader`, and composing, signing, sending.

The order of sending is: check by the same rules as the gateway → write the draft into
the outbox → submit → verify the receipt → keep it → empty the outbox. Whatever is
interrupted in between is sent again by `resend_outbox`: the same bytes give the same
entry.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeAlias

from rogatory.context import ContextSigner
from rogatory.describing import describe_draft
from rogatory.directory import Directory, ProfileSet
from rogatory.drafts import (
    Body,
    Draft,
    Section,
    Terms,
    build_draft,
    encode_draft,
    parse_draft,
    sign_draft,
    verify_signatures,
    with_signatories,
)
from rogatory.envelope import parse_envelope, verify_message
from rogatory.errors import (
    ApprovalMissing,
    ConfigInvalid,
    InputError,
    MessageIdReused,
    NotFound,
    NotPermitted,
    ProfileUnknown,
    RogatoryError,
    RuleError,
    SectionUnreadable,
    SignatoriesMismatch,
    SignatureError,
    Stale,
    UnknownSigner,
)
from rogatory.lifecycle import (
    REQUEST_KINDS,
    ExchangeState,
    advance,
    verify_permitted,
    verify_timely,
)
from rogatory.reading import Reader
from rogatory.received import Sent
from rogatory.sealing import (
    SectionContext,
    open_section,
    verify_sealed_set,
)
from rogatory.v1 import message_pb2

_log = logging.getLogger("rogatory")

LIFETIME = timedelta(days=7)
"""How long a message can be submitted unless its author says otherwise."""

_REFUSALS = (
    InputError,
    SignatureError,
    RuleError,
    NotPermitted,
    NotFound,
    Stale,
    MessageIdReused,
)
"""What the gateway says of a message that it will never take: sending again is vain."""

Party: TypeAlias = str | message_pb2.Recipient


class Client(Reader):
    """A party's client; `Authority`, `Platform` and `Auditor` add their verbs."""

    # --- composing -------------------------------------------------------------------

    def compose(
        self,
        body: Body,
        *,
        recipients: Sequence[Party],
        profile: str | message_pb2.ProfileReference,
        sections: Mapping[str, Section],
        exchange: ExchangeState | None = None,
        cosigners: Sequence[message_pb2.Signatory] = (),
        signer: str | None = None,
        test: bool | None = None,
        emergency: bool = False,
        lifetime: timedelta = LIFETIME,
    ) -> Draft:
        """Build a message, seal its sections, and verify that the rules permit it.

        Args:
            body: What is said.
            recipients: The addressee first, then those in copy.
            profile: The legal basis: an id, or one version of it.
            sections: By name; we are added to each audience.
            exchange: State of the exchange as far as we have seen it; None: a new one.
            cosigners: Who signs beside us.
            signer: Who of our context signs; None: the first whom the profile accepts.
            test: Flag as a test; None: as the exchange, or as the context says.
            emergency: Invoke the profile's emergency rules.
            lifetime: How long it can be submitted, at most 30 days.

        Returns:
            The draft, not yet signed.

        Raises:
            RogatoryError: What the gateway would refuse, with the same reasons.
        """
        directory, profiles = self.in_force()
        if exchange is not None:
            test, emergency = exchange.test, exchange.emergency
        terms = Terms(
            origin=self.context.origin,
            sender=self.party,
            unit=self.context.unit,
            language=self.context.language,
            test=self.context.test if test is None else test,
            emergency=emergency,
            profile=_reference(profile, exchange, profiles),
            exchange_id=exchange.exchange_id if exchange else "",
            previous=exchange.digests[-1] if exchange else b"",
            now=self.now(),
            lifetime=lifetime,
        )
        candidates = self._candidates(signer)
        draft = build_draft(
            body,
            terms,
            recipients=[_recipient(each) for each in recipients],
            signatories=[self._signatory(candidates[0]), *cosigners],
            sections=sections,
            directory=directory,
        )
        variants = [
            with_signatories(draft, [self._signatory(each), *cosigners])
            for each in candidates
        ]
        return self._first_permitted(variants, exchange, directory, profiles)

    def _first_permitted(
        self,
        variants: Sequence[Draft],
        exchange: ExchangeState | None,
        directory: Directory,
        profiles: ProfileSet,
    ) -> Draft:
        """Return the first variant whose signers the rules accept."""
        refusal: RogatoryError | None = None
        for variant in variants:
            try:
                self._verify_permitted(variant, directory, profiles)
            except (ApprovalMissing, UnknownSigner) as error:
                refusal = refusal or error
                continue
            advance(exchange, variant.proposed(), directory)
            return variant
        if refusal is None:
            raise AssertionError("there is at least one candidate")
        raise refusal

    def _verify_permitted(
        self, draft: Draft, directory: Directory, profiles: ProfileSet
    ) -> None:
        for signatory in draft.header.signatories:
            directory.keys_of(signatory)  # raises UnknownSigner
        now, proposed = self.now(), draft.proposed()
        verify_timely(proposed, origin=self.context.origin, now=now)
        verify_permitted(proposed, directory, profiles, at=now)

    def _candidates(self, signer: str | None) -> Sequence[ContextSigner]:
        if signer is not None:
            return [self.context.signer(signer)]
        if not self.context.signers:
            raise ConfigInvalid(
                f"{self.context.path}: signer", expected="at least one", got="none"
            )
        return self.context.signers

    def _signatory(self, signer: ContextSigner) -> message_pb2.Signatory:
        return message_pb2.Signatory(
            party=self.party, signer_id=signer.id, capacity=signer.capacity
        )

    # --- signing ---------------------------------------------------------------------

    def sign(self, draft: Draft, signer: str | None = None) -> Draft:
        """Sign a draft, after verifying what can be verified before.

        Verified are: that the rules permit the message, the signatures that it has, and
        that each section for us opens to exactly what is signed.

        Args:
            draft: What to sign.
            signer: Who of our context signs; None: everybody of it who is named.

        Raises:
            SignatoriesMismatch: The message names nobody of our context.
            RogatoryError: What the gateway would refuse; a section that does not open.
        """
        directory, profiles = self.in_force()
        self._verify_permitted(draft, directory, profiles)
        verify_signatures(draft, directory)
        verify_sealed_set(draft.header, draft.sealed, _key_ids(directory))
        self.open_draft(draft)
        named = [
            each
            for each in self._candidates(signer)
            if self._signatory(each) in draft.header.signatories
        ]
        if not named:
            raise SignatoriesMismatch(
                f"signer {signer or 'of this context'}",
                expected="one whom the message names, in that capacity",
            )
        for each in named:
            signatory = self._signatory(each)
            draft = sign_draft(draft, signatory, each.load_key(), directory)
        return draft

    def open_draft(self, draft: Draft) -> dict[str, bytes]:
        """Open the sections of a draft of whose audience we are.

        Raises:
            SectionUnreadable: One does not open with our keys.
            CommitmentMismatch: One opens to other content than is signed.
        """
        header = draft.header
        place = SectionContext(header.origin, header.exchange_id, header.message_id)
        return {
            section.name: open_section(
                section,
                draft.sealed,
                self.decryption(),
                party=self.party,
                context=place,
            ).content
            for section in header.sections
            if self.party in section.audience
        }

    def describe(self, draft: Draft) -> str:
        """Say in plain words what a draft says, who has signed, and its digest.

        Raises:
            VerificationError: A section opens to other content than is signed.
            SignatureError: A signature that it carries does not hold.
        """
        directory, profiles = self.in_force()
        verify_signatures(draft, directory)
        unreadable = ""
        try:
            opened = self.open_draft(draft)
        except SectionUnreadable as error:
            opened, unreadable = {}, str(error)
        return describe_draft(
            draft,
            opened,
            directory=directory,
            profile=profiles.profiles.get(draft.header.profile.id),
            unreadable=unreadable,
        )

    # --- sending ---------------------------------------------------------------------

    def submit(self, draft: Draft) -> Sent:
        """Submit a draft that everybody named has signed.

        Raises:
            SignatoriesMismatch: A signature is missing.
            RogatoryError: What is wrong with it, found here or by the gateway.
            VerificationError: The receipt does not hold; the draft stays in the outbox.
            Unavailable: Try `resend_outbox` later; the draft is in the outbox.
        """
        state = None
        if draft.kind not in REQUEST_KINDS:
            state = self.exchange(draft.exchange_id).lifecycle
        return self._send(draft, state)[0]

    def resend_outbox(self) -> list[Sent]:
        """Send again what was interrupted; what had arrived gives its first receipt.

        Raises:
            RogatoryError: As `submit`; the drafts not yet sent stay.
        """
        sent = []
        for path in self.state.outbox():
            draft = parse_draft(path.read_bytes())
            _log.info("sending message %s again", draft.message_id)
            sent.append(self._deliver(draft))
        return sent

    def _send(
        self, draft: Draft, exchange: ExchangeState | None
    ) -> tuple[Sent, ExchangeState]:
        """Verify a draft by the gateway's rules and send it.

        Returns:
            What was sent, and the exchange after it.
        """
        directory, profiles = self.in_force()
        if draft.header.sender != self.party:
            raise NotPermitted("header.sender", expected=self.party)
        message = verify_message(parse_envelope(draft.envelope()), directory.keys_of)
        verify_timely(message, origin=self.context.origin, now=self.now())
        verify_sealed_set(draft.header, draft.sealed, _key_ids(directory))
        verify_permitted(message, directory, profiles, at=self.now())
        after = exchange
        if after is None or message.digest not in after.digests:
            after = advance(exchange, message, directory)
        return self._deliver(draft), after

    def _deliver(self, draft: Draft) -> Sent:
        """Outbox, submission, receipt: the part that may be repeated."""
        # A crash after this line: `resend_outbox` sends the same bytes again.
        outgoing = self.state.save_outgoing(draft.message_id, encode_draft(draft))
        envelope = draft.envelope()
        try:
            receipt = self.gateway.submit(envelope, draft.sealed)
        except _REFUSALS:
            self.state.refuse_outgoing(outgoing)
            raise
        digests = [hashlib.sha256(box.ciphertext).digest() for box in draft.sealed]
        verified = self.verify_receipt(
            receipt, envelope=envelope, sealed_digests=digests, role="sender"
        )
        digest = hashlib.sha256(envelope).digest()
        with self._keeping({"message.bin": envelope, "message.entry": receipt.entry}):
            self.record(verified, digest)
        files = self.save(envelope, verified)
        self.state.remove_outgoing(outgoing)
        return Sent(
            draft.message_id,
            draft.exchange_id,
            draft.kind,
            verified.index,
            verified.time,
            verified.number,
            digest,
            files,
        )


def _recipient(party: Party) -> message_pb2.Recipient:
    return message_pb2.Recipient(party=party) if isinstance(party, str) else party


def _reference(
    profile: str | message_pb2.ProfileReference,
    exchange: ExchangeState | None,
    profiles: ProfileSet,
) -> message_pb2.ProfileReference:
    if exchange is not None:
        return message_pb2.ProfileReference(
            id=exchange.profile_id, digest=exchange.profile_digest
        )
    if not isinstance(profile, str):
        return profile
    found = profiles.profiles.get(profile)
    if found is None:
        known = ", ".join(profiles.profiles) or "none at all"
        raise ProfileUnknown(f"profile {profile}", expected=f"one of: {known}")
    return message_pb2.ProfileReference(id=found.id, digest=found.digest)


def _key_ids(directory: Directory) -> Callable[[str], Sequence[bytes]]:
    return lambda party: sorted(directory.encryption_keys(party))


__all__ = [
    "LIFETIME",
    "Body",
    "Client",
    "Draft",
    "Section",
    "Sent",
    "encode_draft",
    "parse_draft",
]
