"""What a draft says, in plain words, for the person who is about to sign it."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC
from typing import TypeVar

from google.protobuf.message import Message as AnyMessage
from google.protobuf.timestamp_pb2 import Timestamp

from rogatory.directory import Directory
from rogatory.drafts import Draft
from rogatory.envelope import parse_payload
from rogatory.errors import RogatoryError
from rogatory.profiles import Profile
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    message_pb2,
    removal_pb2,
)

_M = TypeVar("_M", bound=AnyMessage)

_KINDS = {
    "removal_request": "a request to remove content",
    "removal_report": "a report of what became of content",
    "clarification_request": "a question",
    "clarification_response": "an answer to a question",
    "disclosure_request": "a request for data",
    "disclosure_report": "an answer with data, or why there is none",
    "delivery_receipt": "a confirmation of what arrived",
}


def describe_draft(
    draft: Draft,
    opened: Mapping[str, bytes],
    *,
    directory: Directory,
    profile: Profile | None,
    unreadable: str = "",
) -> str:
    """Say what a draft says.

    Args:
        draft: The draft; the signatures that it has were verified.
        opened: Content of the sections that we can read, by name.
        directory: The directory in force.
        profile: The legal basis; None if it is not in force.
        unreadable: Why sections for us could not be read, if so.
    """
    lines = [
        *_header(draft, directory, profile),
        "",
        *_BODIES[draft.kind](draft.message, opened),
        *_sections(draft, opened, unreadable),
        "",
        *_signatures(draft, directory),
        f"what is signed   SHA-256 {draft.digest.hex()}",
    ]
    return "\n".join(lines) + "\n"


def _header(
    draft: Draft, directory: Directory, profile: Profile | None
) -> Iterator[str]:
    header = draft.header
    yield f"{_KINDS[draft.kind]} ({draft.kind})"
    if header.test:
        yield "a test: it has no legal effect"
    if header.emergency:
        yield "it invokes emergency rules"
    unit = f", unit {header.unit}" if header.unit else ""
    yield f"from             {_party(header.sender, directory)}{unit}"
    if header.HasField("on_behalf_of"):
        yield f"on behalf of     {_party(header.on_behalf_of.party, directory)}"
    for i, recipient in enumerate(header.recipients):
        to = _party(recipient.party, directory)
        more = [recipient.legal_entity, recipient.service]
        detail = "".join(f", {each}" for each in more if each)
        yield f"{'in copy' if i else 'to':<17}{to}{detail}"
    title = profile.title.get("en", "") if profile else "NOT IN FORCE"
    yield f"legal basis      {header.profile.id}: {title}"
    yield f"exchange         {header.exchange_id}"
    yield f"message          {header.message_id}"
    yield f"made             {_time(header.create_time)}"
    yield f"to be sent by    {_time(header.expire_time)}"


def _removal_report(
    message: message_pb2.Message, opened: Mapping[str, bytes]
) -> Iterator[str]:
    del opened
    for result in message.removal_report.results:
        name = removal_pb2.ItemOutcome.Name(result.outcome)
        outcome = _short(name, "ITEM_OUTCOME_")
        yield f"item {result.item_id}: {outcome}, {_time(result.act_time)}"


def _question(
    message: message_pb2.Message, opened: Mapping[str, bytes]
) -> Iterator[str]:
    del opened
    for point in message.clarification_request.points:
        name = clarification_pb2.ClarificationGround.Name(point.ground)
        yield f"about {point.id}: {_short(name, 'CLARIFICATION_GROUND_')}"


def _answer(message: message_pb2.Message, opened: Mapping[str, bytes]) -> Iterator[str]:
    del opened
    yield f"about {', '.join(message.clarification_response.ids)}"


def _delivery(
    message: message_pb2.Message, opened: Mapping[str, bytes]
) -> Iterator[str]:
    del opened
    for file in message.delivery_receipt.files:
        name = disclosure_pb2.FileStatus.Name(file.status)
        yield f"file {file.sha256.hex()}: {_short(name, 'FILE_STATUS_')}"


def _removal_request(
    message: message_pb2.Message, opened: Mapping[str, bytes]
) -> Iterator[str]:
    request = message.removal_request
    name = removal_pb2.RemovalInstrument.Name(request.instrument)
    yield f"instrument       {_short(name, 'REMOVAL_INSTRUMENT_')}"
    if request.territorial_scope:
        yield f"territory        {', '.join(request.territorial_scope)}"
    sealed = _content(opened, "items", removal_pb2.RemovalItems)
    items = {item.item_id: item for item in sealed.items} if sealed else {}
    for part in request.items:
        name = removal_pb2.Classification.Name(part.classification)
        what = f"item {part.item_id}: {_short(name, 'CLASSIFICATION_')}"
        item = items.pop(part.item_id, None)
        if item is not None:
            what += f", {_one_line(item.locator) or 'known by its hashes only'}"
        elif sealed is not None:
            what += ", NOT IN THE SEALED LIST"
        yield what
    for item_id in items:
        yield f"item {item_id}: ONLY IN THE SEALED LIST"


def _disclosure_request(
    message: message_pb2.Message, opened: Mapping[str, bytes]
) -> Iterator[str]:
    request = message.disclosure_request
    sealed = _content(opened, "targets", disclosure_pb2.DisclosureTargets)
    targets = {each.task_id: each for each in sealed.targets} if sealed else {}
    for task in request.tasks:
        name = disclosure_pb2.DataCategory.Name(task.category)
        what = f"task {task.task_id}: {_short(name, 'DATA_CATEGORY_')} data"
        target = targets.pop(task.task_id, None)
        if target is not None:
            kind = disclosure_pb2.IdentifierType.Name(target.identifier_type)
            what += f" on {_short(kind, 'IDENTIFIER_TYPE_')} "
            what += _one_line(target.identifier)
            if target.service:
                what += f" of {_one_line(target.service)}"
            what += _range(target)
        elif sealed is not None:
            what += ", NOT IN THE SEALED LIST"
        yield what
    for task_id in targets:
        yield f"task {task_id}: ONLY IN THE SEALED LIST"
    if request.HasField("confidentiality"):
        secrecy = request.confidentiality
        name = disclosure_pb2.ConfidentialityMode.Name(secrecy.mode)
        mode = _short(name, "CONFIDENTIALITY_MODE_")
        yield f"secrecy          {mode}, until {_time(secrecy.expire_time)}"


def _disclosure_report(
    message: message_pb2.Message, opened: Mapping[str, bytes]
) -> Iterator[str]:
    report = message.disclosure_report
    for result in report.results:
        name = disclosure_pb2.TaskOutcome.Name(result.outcome)
        outcome = _short(name, "TASK_OUTCOME_")
        yield f"task {result.task_id}: {outcome}, {_time(result.act_time)}"
    sealed = _content(opened, "manifest", disclosure_pb2.Manifest)
    names = {each.sha256: each.name for each in sealed.files} if sealed else {}
    for file in report.files:
        named = _one_line(names.get(file.sha256, "")) or "a file"
        yield f"{named}: {file.size:,} bytes encrypted, SHA-256 {file.sha256.hex()}"


def _sections(
    draft: Draft, opened: Mapping[str, bytes], unreadable: str
) -> Iterator[str]:
    for section in draft.header.sections:
        yield f"section {section.name:<9}for {', '.join(section.audience)}"
    if unreadable:
        yield f"NOT READ         {_one_line(unreadable)}"
    reasons = _content(opened, "reasons", removal_pb2.Reasons)
    if reasons is not None:
        if reasons.file_number:
            yield f"file number      {_one_line(reasons.file_number)}"
        yield f"reasons          {_quoted(reasons.text)}"
        if reasons.redress:
            yield f"redress          {_quoted(reasons.redress)}"
    words = _content(opened, "question", clarification_pb2.Clarification)
    if words is not None:
        yield f"words            {_quoted(words.text)}"


def _signatures(draft: Draft, directory: Directory) -> Iterator[str]:
    missing = draft.missing(directory)
    for signatory in draft.header.signatories:
        name = message_pb2.Capacity.Name(signatory.capacity)
        who = f"{signatory.party}/{signatory.signer_id}"
        has = "has not signed yet" if signatory in missing else "has signed"
        yield f"{_short(name, 'CAPACITY_'):<17}{who} {has}"


def _content(opened: Mapping[str, bytes], name: str, kind: type[_M]) -> _M | None:
    """Parse a section's content; None if it is not there or has another form."""
    if name not in opened:
        return None
    try:
        return parse_payload(opened[name], kind, thing=f"section {name}")
    except RogatoryError:
        return None


def _party(party: str, directory: Directory) -> str:
    record = directory.party(party)
    return f"{party} ({_one_line(record.display_name)})" if record else party


def _range(target: disclosure_pb2.DisclosureTarget) -> str:
    text = ""
    if target.HasField("range_start_time"):
        text += f", from {_time(target.range_start_time)}"
    if target.HasField("range_end_time"):
        text += f", until {_time(target.range_end_time)}"
    return text


def _time(time: Timestamp) -> str:
    return f"{time.ToDatetime(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _quoted(text: str) -> str:
    """Mark every further line: words of others must not look like lines of ours."""
    return "\n".join(text.splitlines()).replace("\n", "\n                 | ")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _short(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower().replace("_", " ")


_BODIES: Mapping[
    str, Callable[[message_pb2.Message, Mapping[str, bytes]], Iterator[str]]
] = {
    "removal_request": _removal_request,
    "removal_report": _removal_report,
    "clarification_request": _question,
    "clarification_response": _answer,
    "disclosure_request": _disclosure_request,
    "disclosure_report": _disclosure_report,
    "delivery_receipt": _delivery,
}
