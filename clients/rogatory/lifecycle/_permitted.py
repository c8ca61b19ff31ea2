"""Whether profile, directory and clock permit a message: the same for every side."""

from datetime import datetime, timedelta
from typing import Any

from rogatory.directory import Directory, ProfileSet
from rogatory.envelope import VerifiedMessage
from rogatory.errors import (
    ClockSkew,
    Expired,
    FieldInvalid,
    KindNotAllowed,
    NotPermitted,
    PartyKindNotAllowed,
    WrongOrigin,
)
from rogatory.profiles import Approval, Profile, verify_allowed
from rogatory.v1 import (
    directory_pb2,
    disclosure_pb2,
    message_pb2,
    removal_pb2,
)

MAX_AHEAD = timedelta(minutes=2)
"""How far a message's clock may be ahead of ours."""

_SENDER_KINDS = {
    directory_pb2.PARTY_KIND_AUTHORITY: "authority",
    directory_pb2.PARTY_KIND_PLATFORM: "platform",
}

_PARTS_FIELD = {
    "removal_request": "items",
    "removal_report": "results",
    "clarification_request": "points",
    "clarification_response": "ids",
    "disclosure_request": "tasks",
    "disclosure_report": "results",
    "delivery_receipt": "files",
}
"""Where each kind that a party may send lists what it speaks of."""


def verify_timely(message: VerifiedMessage, *, origin: str, now: datetime) -> None:
    """Verify that a message is for this log and for now, or raise.

    Raises:
        WrongOrigin: It is bound to another log.
        ClockSkew: It was created more than 2 minutes ahead.
        Expired: Its time to be submitted has passed.
        FieldInvalid: An act is dated in the future.
    """
    header = message.header
    if header.origin != origin:
        raise WrongOrigin("header.origin", expected=origin, got=header.origin)
    ahead = int((now + MAX_AHEAD).timestamp())
    if header.create_time.seconds > ahead:
        raise ClockSkew("header.create_time", expected="at most 2 minutes ahead")
    if header.expire_time.seconds <= int(now.timestamp()):
        raise Expired("header.expire_time", expected="a time to come")
    body: Any = message.body
    if message.kind in ("removal_report", "disclosure_report"):
        late = {
            f"{message.kind}.results[{i}].act_time": "not in the future"
            for i, result in enumerate(body.results)
            if result.act_time.seconds > ahead
        }
        if late:
            raise FieldInvalid(late)


def verify_permitted(
    message: VerifiedMessage,
    directory: Directory,
    profiles: ProfileSet,
    *,
    at: datetime,
) -> Profile:
    """Verify that the message's profile lets these signatories say this, or raise.

    Returns:
        The profile.

    Raises:
        PartyKindNotAllowed: Only the gateway itself says this.
        ProfileUnknown: Not in force, or another version.
        ProfileUnverified: Only for tests.
        KindNotAllowed: Not this kind from this sender.
        CategoryNotAllowed: Not these categories.
        ApprovalMissing: Signatures of people are missing.
        LimitExceeded: Too many items or tasks for the profile.
        FieldInvalid: A section that it demands is missing.
        NotPermitted: The mandate named does not cover it.
    """
    header = message.header
    if message.kind not in _PARTS_FIELD:
        raise PartyKindNotAllowed(message.kind, expected="the gateway itself")
    profile = profiles.get(header.profile)
    if header.HasField("on_behalf_of"):
        _require_mandate(header, directory, at)
    party = directory.party(header.sender)
    if party is None or party.kind not in _SENDER_KINDS:
        raise KindNotAllowed(
            message.kind, expected="an authority or platform as sender"
        )
    parts, categories = _parts_of(message)
    verify_allowed(
        profile,
        kind=message.kind,
        sender=header.sender,
        sender_kind=_SENDER_KINDS[party.kind],
        sender_authority_type=_authority_type(party),
        sender_competences=party.competences,
        approvals=[_approval(s, directory) for s in header.signatories],
        categories=categories,
        sections=[section.name for section in header.sections],
        parts=parts,
        test=header.test,
        emergency=header.emergency,
        at=at,
    )
    return profile


def _require_mandate(
    header: message_pb2.Header, directory: Directory, at: datetime
) -> None:
    mandate = directory.mandate(
        header.on_behalf_of.party, header.on_behalf_of.mandate_id
    )
    covers = (
        mandate is not None
        and mandate.mandatary == header.sender
        and header.profile.id in mandate.profiles
        and mandate.start_time.seconds <= at.timestamp() < mandate.end_time.seconds
    )
    if not covers:
        raise NotPermitted("header.on_behalf_of", expected="a mandate that covers it")


def _authority_type(party: directory_pb2.PartyRecord) -> str:
    if not party.authority_type:
        return ""
    name = directory_pb2.AuthorityType.Name(party.authority_type)
    return name.removeprefix("AUTHORITY_TYPE_").lower()


def _approval(signatory: message_pb2.Signatory, directory: Directory) -> Approval:
    signer = directory.signer(signatory.party, signatory.signer_id)
    party = directory.party(signatory.party)
    if signer is None or party is None:
        raise AssertionError("its key was found in this directory")
    name = message_pb2.Capacity.Name(signatory.capacity)
    return Approval(
        (signatory.party, signatory.signer_id),
        name.removeprefix("CAPACITY_").lower(),
        _authority_type(party),
        signer.unit,
    )


def _parts_of(message: VerifiedMessage) -> tuple[int, set[str]]:
    """Return the number of parts and the categories that a body names."""
    parts = getattr(message.body, _PARTS_FIELD[message.kind])
    categories: set[str] = set()
    if message.kind == "removal_request":
        names = {removal_pb2.Classification.Name(i.classification) for i in parts}
        categories = {_short(n, "CLASSIFICATION_") for n in names}
    if message.kind == "disclosure_request":
        names = {disclosure_pb2.DataCategory.Name(t.category) for t in parts}
        categories = {_short(n, "DATA_CATEGORY_") for n in names}
    return len(parts), categories


def _short(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()
