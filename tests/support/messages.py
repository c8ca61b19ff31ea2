"""Made-up parties and what they write, without a gateway.

Tests of bad input need what no client of ours would build: messages from plain values,
envelopes from keys. `change` spoils a message before it is signed.
"""

import hashlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache, cached_property
from typing import TypeAlias, TypedDict, Unpack

from cryptography.hazmat.primitives.asymmetric import ec, mldsa

from rogatory.directory import (
    Directory,
    ProfileSet,
    apply_profiles,
    apply_statement,
)
from rogatory.envelope import (
    MESSAGE_TYPE,
    SigningKey,
    VerifiedMessage,
    new_id,
    parse_envelope,
    sign_payload,
    verify_message,
)
from rogatory.profiles import parse_profile, shipped
from rogatory.sealing import SectionContext, seal_section
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    exchange_service_pb2,
    message_pb2,
    refusal_pb2,
    removal_pb2,
    section_pb2,
)
from rogatory_gateway.dev.parties import (
    MESSENGER,
    POLICE,
    PROSECUTOR,
    REGULATOR,
    ExampleParty,
    first_statements,
    make_parties,
)
from rogatory_gateway.dev.workspace import ORIGIN
from tests.support.platforms import VIDEO, second_platform

Who = tuple[str, str, message_pb2.Capacity.ValueType]

CLERK = (REGULATOR, "clerk-1", message_pb2.CAPACITY_ISSUER)
COUNSEL = (MESSENGER, "counsel-1", message_pb2.CAPACITY_COUNSEL)
OFFICER = (POLICE, "officer-1", message_pb2.CAPACITY_ISSUER)
VIDEO_COUNSEL = (VIDEO, "counsel-1", message_pb2.CAPACITY_COUNSEL)
VALIDATOR = (PROSECUTOR, "prosecutor-1", message_pb2.CAPACITY_VALIDATOR)

Body: TypeAlias = (
    removal_pb2.RemovalRequest
    | removal_pb2.RemovalReport
    | clarification_pb2.ClarificationRequest
    | clarification_pb2.ClarificationResponse
    | disclosure_pb2.DisclosureRequest
    | disclosure_pb2.DisclosureReport
    | disclosure_pb2.DeliveryReceipt
    | refusal_pb2.SubmissionRefusal
)
_BODIES = message_pb2.Message.DESCRIPTOR.oneofs_by_name["body"].fields
_KIND_OF = {field.message_type: field.name for field in _BODIES}


class Options(TypedDict, total=False):
    """What can differ from a message that is in order."""

    who: Sequence[Who]
    to: Sequence[str]
    profile: str
    exchange_id: str
    previous: bytes
    sections: Mapping[str, tuple[bytes, Sequence[str]]]
    change: Callable[[message_pb2.Message], None]


@dataclass(slots=True)
class Signed:
    """A message ready to be submitted, open to tampering."""

    message: message_pb2.Message
    envelope: bytes
    sealed: list[section_pb2.SealedSection] = field(default_factory=list)

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.envelope).digest()

    @property
    def exchange_id(self) -> str:
        return self.message.header.exchange_id

    def request(self) -> exchange_service_pb2.SubmitMessageRequest:
        return exchange_service_pb2.SubmitMessageRequest(
            envelope=self.envelope, sealed_sections=self.sealed
        )


class Office:
    """Writes messages of made-up parties, in order unless told otherwise."""

    def __init__(self, now: datetime | None = None) -> None:
        self.founded = now or datetime.now(UTC)
        self.parties: dict[str, ExampleParty] = make_parties(self.founded)
        self.parties[VIDEO] = second_platform(self.founded)
        self._give_key(CLERK, ec.generate_private_key(ec.SECP256R1()))
        self._give_key(COUNSEL, mldsa.MLDSA65PrivateKey.generate())

    def now(self) -> datetime:
        return datetime.now(UTC)

    def _give_key(
        self, who: Who, key: ec.EllipticCurvePrivateKey | mldsa.MLDSA65PrivateKey
    ) -> None:
        """Give a signer another key, so that every algorithm is in use."""
        party = self.parties[who[0]]
        signers = tuple(
            replace(s, key=SigningKey.of(key)) if s.signer_id == who[1] else s
            for s in party.signers
        )
        self.parties[who[0]] = replace(party, signers=signers)

    @cached_property
    def statements(self) -> tuple[bytes, bytes]:
        """Envelopes of the first directory and profiles statements."""
        return first_statements(self.parties, ORIGIN, self.founded)

    @cached_property
    def directory(self) -> Directory:
        return apply_statement(Directory(ORIGIN), self.statements[0], 1)

    @cached_property
    def profiles(self) -> ProfileSet:
        return apply_profiles(ProfileSet(ORIGIN), self.directory, self.statements[1], 2)

    def key(self, who: Who) -> SigningKey:
        return self.parties[who[0]].signer(who[1]).key

    def verified(self, signed: Signed) -> VerifiedMessage:
        return verify_message(parse_envelope(signed.envelope), self.directory.keys_of)

    # --- any message -------------------------------------------------------------

    def message(self, body: Body, **options: Unpack[Options]) -> Signed:
        """Build, seal and sign; `change` may spoil the message before it is signed."""
        who = options["who"]
        header = self._header(options)
        sealed = self._seal(header, options.get("sections", {}))
        message = message_pb2.Message(header=header)
        getattr(message, _KIND_OF[body.DESCRIPTOR]).CopyFrom(body)
        change = options.get("change")
        if change is not None:
            change(message)
        return self.sign(message, [self.key(each) for each in who], sealed)

    def sign(
        self,
        message: message_pb2.Message,
        keys: Sequence[SigningKey],
        sealed: Sequence[section_pb2.SealedSection] = (),
    ) -> Signed:
        payload = message.SerializeToString(deterministic=True)
        envelope = sign_payload(payload, keys, payload_type=MESSAGE_TYPE)
        return Signed(message, envelope, list(sealed))

    def _header(self, options: Options) -> message_pb2.Header:
        who = options["who"]
        header = message_pb2.Header(
            origin=ORIGIN,
            message_id=fresh_id(),
            exchange_id=options.get("exchange_id") or fresh_id(),
            previous=options.get("previous", b""),
            sender=who[0][0],
            recipients=[message_pb2.Recipient(party=p) for p in options["to"]],
            signatories=[
                message_pb2.Signatory(party=p, signer_id=s, capacity=c)
                for p, s, c in who
            ],
            nonce=os.urandom(16),
            language="en",
            test=True,
            profile=profile_reference(options["profile"]),
        )
        now = int(self.now().timestamp())
        header.create_time.FromSeconds(now)
        header.expire_time.FromSeconds(now + 3600)
        return header

    def _seal(
        self,
        header: message_pb2.Header,
        sections: Mapping[str, tuple[bytes, Sequence[str]]],
    ) -> list[section_pb2.SealedSection]:
        context = SectionContext(ORIGIN, header.exchange_id, header.message_id)
        sealed: list[section_pb2.SealedSection] = []
        for name, (content, audience) in sorted(sections.items()):
            result = seal_section(
                name,
                content,
                audience={p: [self.parties[p].sealing.public_key] for p in audience},
                context=context,
                salt=os.urandom(32),
            )
            header.sections.append(result.commitment)
            sealed += result.sections
        return sealed

    # --- removal -----------------------------------------------------------------

    def removal_request(self, items: int = 2, **options: Unpack[Options]) -> Signed:
        """Return a request of the regulator to the platform that is in order."""
        ids = [f"item-{n}" for n in range(1, items + 1)]
        audience = [MESSENGER, REGULATOR]
        content = removal_pb2.RemovalItems(
            items=[removal_pb2.ContentItem(item_id=i) for i in ids]
        )
        request = removal_pb2.RemovalRequest(
            instrument=removal_pb2.REMOVAL_INSTRUMENT_REQUEST,
            items=[
                removal_pb2.RemovalItem(
                    item_id=i,
                    classification=removal_pb2.CLASSIFICATION_NCII_SYNTHETIC,
                )
                for i in ids
            ],
        )
        defaults: Options = {
            "who": [CLERK],
            "to": [MESSENGER],
            "profile": "KR.CORRECTION",
            "sections": {
                "items": (content.SerializeToString(), audience),
                "reasons": (
                    removal_pb2.Reasons(text="x").SerializeToString(),
                    audience,
                ),
            },
        }
        return self.message(request, **_merged(defaults, options))

    def removal_report(
        self, before: Signed, outcomes: Mapping[str, str], **options: Unpack[Options]
    ) -> Signed:
        """Return the platform's report on some items, written after seeing `before`."""
        report = removal_pb2.RemovalReport()
        for item_id, outcome in outcomes.items():
            result = report.results.add(
                item_id=item_id,
                outcome=removal_pb2.ItemOutcome.Value(f"ITEM_OUTCOME_{outcome}"),
            )
            result.act_time.FromSeconds(int(self.now().timestamp()))
        return self._answer(report, before, options)

    # --- clarification -----------------------------------------------------------

    def clarification_request(
        self, before: Signed, ids: Sequence[str], **options: Unpack[Options]
    ) -> Signed:
        """Return the platform's question about some items or tasks."""
        ground = clarification_pb2.CLARIFICATION_GROUND_OTHER
        request = clarification_pb2.ClarificationRequest(
            points=[
                clarification_pb2.ClarificationPoint(id=i, ground=ground) for i in ids
            ]
        )
        requester = _requester(before)
        question = clarification_pb2.Clarification(text="which?").SerializeToString()
        defaults: Options = {
            "sections": {"question": (question, [MESSENGER, requester])}
        }
        return self._answer(request, before, _merged(defaults, options))

    def clarification_response(
        self, before: Signed, ids: Sequence[str], **options: Unpack[Options]
    ) -> Signed:
        """Return the requester's answer."""
        body = clarification_pb2.ClarificationResponse(ids=ids)
        return self._follow_up(body, before, options)

    # --- disclosure --------------------------------------------------------------

    def disclosure_request(self, tasks: int = 2, **options: Unpack[Options]) -> Signed:
        """Return a request of the police, validated by the prosecutor."""
        ids = [f"task-{n}" for n in range(1, tasks + 1)]
        audience = [MESSENGER, POLICE]
        targets = disclosure_pb2.DisclosureTargets(
            targets=[disclosure_pb2.DisclosureTarget(task_id=i) for i in ids]
        )
        request = disclosure_pb2.DisclosureRequest(
            tasks=[
                disclosure_pb2.DisclosureTask(
                    task_id=i, category=disclosure_pb2.DATA_CATEGORY_SUBSCRIBER
                )
                for i in ids
            ]
        )
        defaults: Options = {
            "who": [OFFICER, VALIDATOR],
            "to": [MESSENGER],
            "profile": "XX.SUBSCRIBER",
            "sections": {
                "reasons": (
                    removal_pb2.Reasons(text="x").SerializeToString(),
                    audience,
                ),
                "targets": (targets.SerializeToString(), audience),
            },
        }
        return self.message(request, **_merged(defaults, options))

    def disclosure_report(
        self,
        before: Signed,
        outcomes: Mapping[str, str],
        files: Mapping[bytes, int] | None = None,
        **options: Unpack[Options],
    ) -> Signed:
        """Return the platform's answer; `files` maps SHA-256 to size."""
        report = disclosure_pb2.DisclosureReport(
            files=[
                disclosure_pb2.EvidenceFile(sha256=digest, size=size)
                for digest, size in (files or {}).items()
            ]
        )
        for task_id, outcome in outcomes.items():
            result = report.results.add(
                task_id=task_id,
                outcome=disclosure_pb2.TaskOutcome.Value(f"TASK_OUTCOME_{outcome}"),
            )
            result.act_time.FromSeconds(int(self.now().timestamp()))
        return self._answer(report, before, options)

    def delivery_receipt(
        self, before: Signed, files: Mapping[bytes, str], **options: Unpack[Options]
    ) -> Signed:
        """Return the police's confirmation; `files` maps SHA-256 to a status."""
        body = disclosure_pb2.DeliveryReceipt(
            files=[
                disclosure_pb2.FileReceipt(
                    sha256=digest,
                    status=disclosure_pb2.FileStatus.Value(f"FILE_STATUS_{status}"),
                )
                for digest, status in files.items()
            ]
        )
        return self._follow_up(body, before, options)

    # --- who answers whom --------------------------------------------------------

    def _answer(self, body: Body, before: Signed, options: Options) -> Signed:
        defaults: Options = {"who": [COUNSEL], "to": [_requester(before)]}
        return self._continue(body, before, _merged(defaults, options))

    def _follow_up(self, body: Body, before: Signed, options: Options) -> Signed:
        writer = CLERK if _requester(before) == REGULATOR else OFFICER
        defaults: Options = {"who": [writer], "to": [MESSENGER]}
        return self._continue(body, before, _merged(defaults, options))

    def _continue(self, body: Body, before: Signed, options: Options) -> Signed:
        defaults: Options = {
            "profile": before.message.header.profile.id,
            "exchange_id": before.exchange_id,
            "previous": before.digest,
        }
        return self.message(body, **_merged(defaults, options))


def _requester(before: Signed) -> str:
    header = before.message.header
    return header.sender if header.sender != MESSENGER else header.recipients[0].party


def _merged(defaults: Options, options: Options) -> Options:
    return {**defaults, **options}


def fresh_id() -> str:
    """Return an id that nothing has."""
    return new_id(time.time_ns() // 1_000_000, os.urandom(10))


@cache
def profile_reference(profile: str) -> message_pb2.ProfileReference:
    """Return a reference to a shipped profile as it stands."""
    return message_pb2.ProfileReference(
        id=profile, digest=parse_profile(shipped()[profile]).digest
    )
