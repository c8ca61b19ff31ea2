"""What a message does to an exchange, or why it may not.

Rules (`previous` is causal history and no lock):

* A request opens an exchange; nothing else does, and nothing opens one twice.
* Answers come from the addressee, requests' follow-ups from the requester.
* A message is stale only if, after what its author had seen, a message changed a part
  that it speaks of.
* An outcome stands; only an open part takes one.
* Nothing here ends silently: whatever is not allowed raises with its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from rogatory.directory import Directory
from rogatory.envelope import VerifiedMessage
from rogatory.errors import (
    ExchangeUnknown,
    FieldInvalid,
    ItemUnknown,
    NotAParticipant,
    PartyKindNotAllowed,
    PreviousUnknown,
    RecipientInvalid,
    Stale,
    TransitionNotAllowed,
)
from rogatory.lifecycle._state import (
    CLARIFICATION,
    FILE_ANNOUNCED,
    PENDING,
    ExchangeState,
    Part,
)
from rogatory.v1 import directory_pb2, disclosure_pb2, message_pb2, removal_pb2

REQUEST_KINDS = frozenset({"removal_request", "disclosure_request"})
"""Kinds that open an exchange."""

_FAMILY = {
    "removal_report": "removal_request",
    "disclosure_report": "disclosure_request",
    "delivery_receipt": "disclosure_request",
}
_BY_ADDRESSEE = frozenset(
    {"removal_report", "clarification_request", "disclosure_report"}
)
_MAX_NAMED = 10


def advance(
    state: ExchangeState | None, message: VerifiedMessage, directory: Directory
) -> ExchangeState:
    """Return the exchange after the message, or raise.

    Args:
        state: The exchange before; None if the log has no message of it.
        message: The message, form and signatures verified.
        directory: The directory in force.

    Raises:
        ExchangeUnknown: A follow-up to an exchange that does not exist.
        NotAParticipant: The sender has no part in the exchange.
        PartyKindNotAllowed: A party of this kind does not send this.
        RecipientInvalid: A recipient is unknown or not the one to be addressed.
        PreviousUnknown: `previous` names no message of the exchange.
        Stale: Something that bears on it came between.
        ItemUnknown: It speaks of parts that the request does not have.
        TransitionNotAllowed: The state does not allow it.
        FieldInvalid: It contradicts the exchange's flags or profile.
    """
    _require_known_recipients(message, directory)
    if message.kind == "submission_refusal":
        raise PartyKindNotAllowed("submission_refusal", expected="the gateway itself")
    if message.kind in REQUEST_KINDS:
        return _open(state, message, directory)
    if state is None:
        raise ExchangeUnknown("header.exchange_id")
    return _follow(state, message)


def _open(
    state: ExchangeState | None, message: VerifiedMessage, directory: Directory
) -> ExchangeState:
    header = message.header
    if state is not None:
        raise TransitionNotAllowed(
            message.kind, expected="a new exchange id", got="one that is in use"
        )
    if header.previous:
        raise PreviousUnknown("header.previous", expected="empty in a first message")
    sender = directory.party(header.sender)
    if sender is None or sender.kind != directory_pb2.PARTY_KIND_AUTHORITY:
        raise PartyKindNotAllowed(message.kind, expected="an authority as sender")
    _require_addressee(header.recipients[0], directory)
    body: Any = message.body
    removal = message.kind == "removal_request"
    ids = (
        [p.item_id for p in body.items] if removal else [t.task_id for t in body.tasks]
    )
    return ExchangeState(
        exchange_id=header.exchange_id,
        requester=header.sender,
        addressee=header.recipients[0].party,
        kind=message.kind,
        profile_id=header.profile.id,
        profile_digest=header.profile.digest,
        test=header.test,
        emergency=header.emergency,
        participants=_participants(message),
        parts={part_id: Part(PENDING, None, 0) for part_id in ids},
        digests=(message.digest,),
    )


def _require_addressee(recipient: message_pb2.Recipient, directory: Directory) -> None:
    party = directory.party(recipient.party)
    if party is None:
        raise AssertionError("every recipient is known by now")
    if party.kind != directory_pb2.PARTY_KIND_PLATFORM:
        raise RecipientInvalid("header.recipients[0]", expected="a platform")
    if not recipient.legal_entity:
        return
    entities = {entity.id: entity for entity in party.legal_entities}
    entity = entities.get(recipient.legal_entity)
    if entity is None:
        raise RecipientInvalid(
            "header.recipients[0].legal_entity", expected="an entity of that platform"
        )
    if recipient.service and recipient.service not in entity.services:
        raise RecipientInvalid(
            "header.recipients[0].service", expected="a service of that entity"
        )


def _require_known_recipients(message: VerifiedMessage, directory: Directory) -> None:
    for i, recipient in enumerate(message.header.recipients):
        if directory.party(recipient.party) is None:
            raise RecipientInvalid(
                f"header.recipients[{i}]", expected="an active party of the directory"
            )


def _participants(message: VerifiedMessage) -> frozenset[str]:
    header = message.header
    return frozenset({header.sender, *(r.party for r in header.recipients)})


def _follow(state: ExchangeState, message: VerifiedMessage) -> ExchangeState:
    header = message.header
    if header.sender not in state.participants:
        raise NotAParticipant("header.sender", expected="a party of the exchange")
    _require_same_terms(state, message)
    by_addressee = message.kind in _BY_ADDRESSEE
    sender, answered = (
        (state.addressee, state.requester)
        if by_addressee
        else (state.requester, state.addressee)
    )
    if header.sender != sender:
        role = "the platform that was asked" if by_addressee else "the requester"
        raise PartyKindNotAllowed(message.kind, expected=f"{role} as sender")
    if header.recipients[0].party != answered:
        raise RecipientInvalid(
            "header.recipients[0]", expected="the other side of the exchange"
        )
    family = _FAMILY.get(message.kind)
    if family and family != state.kind:
        raise TransitionNotAllowed(
            message.kind, expected=f"an exchange opened by a {family}", got=state.kind
        )
    position = _position(state, header.previous)
    parts, files = _EFFECTS[message.kind](state, message, position)
    return replace(
        state,
        participants=state.participants | _participants(message),
        parts={**state.parts, **parts},
        files={**state.files, **files},
        digests=(*state.digests, message.digest),
    )


def _require_same_terms(state: ExchangeState, message: VerifiedMessage) -> None:
    header = message.header
    rule = "as in the exchange's first message"
    found = {}
    if header.test != state.test:
        found["header.test"] = rule
    if header.emergency != state.emergency:
        found["header.emergency"] = rule
    terms = (header.profile.id, header.profile.digest)
    if terms != (state.profile_id, state.profile_digest):
        found["header.profile"] = rule
    if found:
        raise FieldInvalid(found)


def _position(state: ExchangeState, previous: bytes) -> int:
    try:
        return state.digests.index(previous)
    except ValueError:
        raise PreviousUnknown(
            "header.previous", expected="the digest of a message of this exchange"
        ) from None


_Effect = tuple[Mapping[str, Part], Mapping[bytes, str]]


def _require_parts(
    state: ExchangeState, ids: Sequence[str], position: int, *, allowed: set[str]
) -> None:
    unknown = [part_id for part_id in ids if part_id not in state.parts]
    if unknown:
        raise ItemUnknown(_named("items or tasks", unknown))
    missed = state.missed_since(position, list(ids))
    if missed:
        raise Stale(
            "header.previous",
            expected="the newest message that bears on these items or tasks",
            metadata={"missed": ",".join(d.hex() for d in missed[-_MAX_NAMED:])},
        )
    wrong = [part_id for part_id in ids if state.parts[part_id].state not in allowed]
    if wrong:
        raise TransitionNotAllowed(
            _named("items or tasks", wrong), expected=" or ".join(sorted(allowed))
        )


def _named(what: str, ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _MAX_NAMED} more" if len(ids) > _MAX_NAMED else ""
    return f"{what} {', '.join(ids[:_MAX_NAMED])}{more}"


def _removal_report(
    state: ExchangeState, message: VerifiedMessage, position: int
) -> _Effect:
    results = message.message.removal_report.results
    _require_parts(
        state,
        [r.item_id for r in results],
        position,
        allowed={PENDING, CLARIFICATION},
    )
    return {
        r.item_id: _answered(state, removal_pb2.ItemOutcome.Name(r.outcome), r.act_time)
        for r in results
    }, {}


def _answered(state: ExchangeState, outcome: str, act_time: Timestamp) -> Part:
    """Return a part with its outcome, of which the enum's name is given."""
    word = outcome.partition("_OUTCOME_")[2].lower()
    return Part(word, act_time.seconds, state.version)


def _clarification_request(
    state: ExchangeState, message: VerifiedMessage, position: int
) -> _Effect:
    ids = [point.id for point in message.message.clarification_request.points]
    _require_parts(state, ids, position, allowed={PENDING})
    return {i: Part(CLARIFICATION, None, state.version) for i in ids}, {}


def _clarification_response(
    state: ExchangeState, message: VerifiedMessage, position: int
) -> _Effect:
    ids = list(message.message.clarification_response.ids)
    _require_parts(state, ids, position, allowed={CLARIFICATION})
    return {i: Part(PENDING, None, state.version) for i in ids}, {}


def _disclosure_report(
    state: ExchangeState, message: VerifiedMessage, position: int
) -> _Effect:
    report = message.message.disclosure_report
    _require_parts(
        state,
        [r.task_id for r in report.results],
        position,
        allowed={PENDING, CLARIFICATION},
    )
    discloses = any(
        r.outcome
        in (disclosure_pb2.TASK_OUTCOME_DISCLOSED, disclosure_pb2.TASK_OUTCOME_PARTIAL)
        for r in report.results
    )
    if bool(report.files) != discloses:
        rule = "files exactly if a task is disclosed or partial"
        raise FieldInvalid({"disclosure_report.files": rule})
    if any(file.sha256 in state.files for file in report.files):
        # What was confirmed of a file must not be undone by announcing it again.
        rule = "files that no report of the exchange has announced before"
        raise FieldInvalid({"disclosure_report.files": rule})
    parts = {
        r.task_id: _answered(
            state, disclosure_pb2.TaskOutcome.Name(r.outcome), r.act_time
        )
        for r in report.results
    }
    return parts, {file.sha256: FILE_ANNOUNCED for file in report.files}


def _delivery_receipt(
    state: ExchangeState, message: VerifiedMessage, position: int
) -> _Effect:
    del position  # a receipt speaks of files, which nothing changes between
    files = message.message.delivery_receipt.files
    if any(file.sha256 not in state.files for file in files):
        raise ItemUnknown("delivery_receipt.files", expected="files of this exchange")
    return {}, {
        file.sha256: disclosure_pb2.FileStatus.Name(file.status)
        .removeprefix("FILE_STATUS_")
        .lower()
        for file in files
    }


_EFFECTS = {
    "removal_report": _removal_report,
    "clarification_request": _clarification_request,
    "clarification_response": _clarification_response,
    "disclosure_report": _disclosure_report,
    "delivery_receipt": _delivery_receipt,
}
