"""An exchange as its messages tell it: state, items with their outcomes, files.

Derived from verified messages alone. The gateway's own view is a claim: `verify_claim`
compares it with what the messages say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.message import Message as AnyMessage

from rogatory.errors import (
    Malformed,
    MessageUnverified,
    NotPermitted,
    RogatoryError,
    SectionUnreadable,
    UnknownField,
    VerificationError,
)
from rogatory.lifecycle import PENDING, ExchangeState, advance
from rogatory.received import Received
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    exchange_service_pb2,
    removal_pb2,
)

_M = TypeVar("_M", bound=AnyMessage)


@dataclass(frozen=True, slots=True)
class PartView:
    """An item or task: what was asked, and what became of it.

    Attributes:
        id: Its id in the exchange.
        state: `pending`, `clarification` or the outcome.
        act_time: When the platform acted; None while open.
        logged: When the log had the message that brought this state.
        category: Classification of an item or data category of a task, in lower case.
        item: What is to be removed, as last corrected; None where we cannot read it.
        target: Whose data is asked for, likewise.
        detail: The platform's words on an item, where we can read them.
        ground: What the platform asked about it last; empty if nothing.
    """

    id: str
    state: str
    act_time: datetime | None
    logged: datetime | None
    category: str
    item: removal_pb2.ContentItem | None = None
    target: disclosure_pb2.DisclosureTarget | None = None
    detail: removal_pb2.ItemDetail | None = None
    ground: str = ""


@dataclass(frozen=True, slots=True)
class FileView:
    """An evidence file of an answer.

    Attributes:
        sha256: SHA-256 of the encrypted file.
        size: Its length.
        status: `announced`, `integrity_ok` or `integrity_failed`.
        index: Log index of the message that announced it.
        manifest: What opens it, where we can read that; it holds a secret.
    """

    sha256: bytes
    size: int
    status: str
    index: int
    manifest: disclosure_pb2.ManifestFile | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A section that is for us and that we could not read.

    Attributes:
        index: Log index of the message.
        section: The section's name.
        error: Why.
    """

    index: int
    section: str
    error: RogatoryError


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """An exchange, verified.

    Attributes:
        exchange_id: Its id.
        requester: The authority that asked.
        addressee: The platform asked.
        kind: Kind of the first message; empty where we have not got it.
        profile: Id of the legal basis.
        test: Flagged as a test.
        emergency: Flagged as an emergency.
        state: The state; the gateway's word where `lifecycle` is None.
        lifecycle: What the messages say; None where we are not shown all of them.
        messages: What we sent or received of it, oldest first.
        parts: Items or tasks in the request's order.
        files: Evidence files in order of their messages.
        reasons: Why it was asked, where we can read that.
        questions: (logged, words) of each clarification and answer, oldest first.
        unreadable: Sections for us that we could not read.
        created: When the first message was logged.
        updated: When the newest was.
    """

    exchange_id: str
    requester: str
    addressee: str
    kind: str
    profile: str
    test: bool
    emergency: bool
    state: exchange_service_pb2.ExchangeState.ValueType
    lifecycle: ExchangeState | None
    messages: tuple[Received, ...]
    parts: tuple[PartView, ...]
    files: tuple[FileView, ...]
    reasons: removal_pb2.Reasons | None
    questions: tuple[tuple[datetime, str], ...]
    unreadable: tuple[Unreadable, ...]
    created: datetime
    updated: datetime

    @property
    def state_name(self) -> str:
        """The state in lower case without prefix."""
        name = exchange_service_pb2.ExchangeState.Name(self.state)
        return name.removeprefix("EXCHANGE_STATE_").lower()

    @property
    def newest(self) -> bytes:
        """Digest of the newest message that we have seen."""
        return self.messages[-1].digest

    @property
    def request(self) -> Received:
        """The message that opened it.

        Raises:
            NotPermitted: We were not shown it.
        """
        if not self.kind:
            raise NotPermitted("request", expected="a party that received it")
        return self.messages[0]

    def require_state(self) -> ExchangeState:
        """Return what all messages say together.

        Raises:
            NotPermitted: We were not shown all of them, so we cannot go on from them.
        """
        if self.lifecycle is None:
            raise NotPermitted(
                f"exchange {self.exchange_id}",
                expected="a party that is shown all of its messages",
            )
        return self.lifecycle

    def part(self, part_id: str) -> PartView | None:
        """Return an item or task."""
        return next((part for part in self.parts if part.id == part_id), None)

    def ids_in(self, state: str) -> list[str]:
        """Return the ids of items or tasks in a state."""
        return [part.id for part in self.parts if part.state == state]


def derive_state(messages: Sequence[Received]) -> ExchangeState:
    """Return what all messages of an exchange make of it, or raise.

    Raises:
        MessageUnverified: The gateway logged a message that the state did not allow.
    """
    state: ExchangeState | None = None
    for received in messages:
        try:
            state = advance(state, received.verified, received.directory)
        except RogatoryError as error:
            raise MessageUnverified(
                f"message at entry {received.index}",
                expected="one that the exchange's state allows",
                got=str(error),
                metadata={"cause": error.reason},
            ) from error
    if state is None:
        raise VerificationError("exchange", expected="at least one message", got="none")
    return state


def verify_claim(claim: exchange_service_pb2.Exchange, state: ExchangeState) -> None:
    """Verify that the gateway says of an exchange what its messages say, or raise.

    Raises:
        VerificationError: They differ; the first difference is named.
    """
    claimed = {part.id: (part.state, part.act_time.seconds) for part in claim.parts}
    derived = {i: (part.state, part.act_time or 0) for i, part in state.parts.items()}
    rows: Sequence[tuple[str, object, object]] = (
        ("requester", state.requester, claim.requester),
        ("addressee", state.addressee, claim.addressee),
        ("profile", state.profile_id, claim.profile.id),
        ("newest message", state.digests[-1].hex(), claim.newest_digest.hex()),
        ("test flag", state.test, claim.test),
        ("emergency flag", state.emergency, claim.emergency),
        ("state", int(state.state), int(claim.state)),
        ("items", sorted(derived), sorted(claimed)),
        *((f"item {i}", derived[i], claimed.get(i)) for i in derived),
    )
    for name, ours, theirs in rows:
        if ours != theirs:
            raise VerificationError(
                f"exchange {state.exchange_id}, {name}",
                expected=f"{ours}, as its messages say",
                got=str(theirs),
            )


def build_view(
    claim: exchange_service_pb2.Exchange,
    messages: Sequence[Received],
    state: ExchangeState | None,
) -> ExchangeView:
    """Join the messages of an exchange.

    Args:
        claim: The gateway's view, compared with `state` where there is one.
        messages: What we sent or received, oldest first, at least one.
        state: What they say together; None if they are not all.
    """
    joined = _Joined()
    for received in messages:
        joined.add(received)
    parts = joined.parts
    files = joined.files
    if state is not None:
        files = {
            digest: replace(file, status=state.files.get(digest, file.status))
            for digest, file in files.items()
        }
    return ExchangeView(
        exchange_id=claim.exchange_id,
        requester=claim.requester,
        addressee=claim.addressee,
        kind=joined.kind,
        profile=claim.profile.id,
        test=claim.test,
        emergency=claim.emergency,
        state=claim.state if state is None else state.state,
        lifecycle=state,
        messages=tuple(messages),
        parts=tuple(parts.values()),
        files=tuple(files.values()),
        reasons=joined.reasons,
        questions=tuple(joined.questions),
        unreadable=tuple(joined.unreadable),
        created=messages[0].time,
        updated=messages[-1].time,
    )


class _Joined:
    """Grows with each message."""

    def __init__(self) -> None:
        self.kind = ""
        self.parts: dict[str, PartView] = {}
        self.files: dict[bytes, FileView] = {}
        self.reasons: removal_pb2.Reasons | None = None
        self.questions: list[tuple[datetime, str]] = []
        self.unreadable: list[Unreadable] = []

    def add(self, received: Received) -> None:
        """Take in one message."""
        steps: Mapping[str, Any] = {
            "removal_request": self._removal_request,
            "disclosure_request": self._disclosure_request,
            "removal_report": self._removal_report,
            "disclosure_report": self._disclosure_report,
            "clarification_request": self._question,
            "clarification_response": self._answer,
            "delivery_receipt": self._delivery,
        }
        step = steps.get(received.kind)
        if step is not None:
            step(received)

    def _open(self, received: Received, section: str, kind: type[_M]) -> _M | None:
        """Open a section if there is one for us; note why if that fails."""
        if section not in received.sections:
            return None
        try:
            return received.open_as(section, kind)
        except (SectionUnreadable, Malformed, UnknownField) as error:
            self.unreadable.append(Unreadable(received.index, section, error))
            return None

    def _removal_request(self, received: Received) -> None:
        self.kind = received.kind
        sealed = self._open(received, "items", removal_pb2.RemovalItems)
        items = {item.item_id: item for item in sealed.items} if sealed else {}
        for part in received.message.removal_request.items:
            name = removal_pb2.Classification.Name(part.classification)
            category = name.removeprefix("CLASSIFICATION_").lower()
            self.parts[part.item_id] = PartView(
                part.item_id,
                PENDING,
                None,
                received.time,
                category,
                item=items.get(part.item_id),
            )
        self.reasons = self._open(received, "reasons", removal_pb2.Reasons)

    def _disclosure_request(self, received: Received) -> None:
        self.kind = received.kind
        sealed = self._open(received, "targets", disclosure_pb2.DisclosureTargets)
        targets = {each.task_id: each for each in sealed.targets} if sealed else {}
        for part in received.message.disclosure_request.tasks:
            name = disclosure_pb2.DataCategory.Name(part.category)
            category = name.removeprefix("DATA_CATEGORY_").lower()
            self.parts[part.task_id] = PartView(
                part.task_id,
                PENDING,
                None,
                received.time,
                category,
                target=targets.get(part.task_id),
            )
        self.reasons = self._open(received, "reasons", removal_pb2.Reasons)

    def _removal_report(self, received: Received) -> None:
        sealed = self._open(received, "report", removal_pb2.RemovalDetails)
        details = {each.item_id: each for each in sealed.items} if sealed else {}
        for result in received.message.removal_report.results:
            name = removal_pb2.ItemOutcome.Name(result.outcome)
            self._change(
                result.item_id,
                state=name.removeprefix("ITEM_OUTCOME_").lower(),
                act_time=result.act_time.ToDatetime(UTC),
                logged=received.time,
                detail=details.get(result.item_id),
            )

    def _disclosure_report(self, received: Received) -> None:
        report = received.message.disclosure_report
        for result in report.results:
            name = disclosure_pb2.TaskOutcome.Name(result.outcome)
            self._change(
                result.task_id,
                state=name.removeprefix("TASK_OUTCOME_").lower(),
                act_time=result.act_time.ToDatetime(UTC),
                logged=received.time,
            )
        sealed = self._open(received, "manifest", disclosure_pb2.Manifest)
        manifests = {each.sha256: each for each in sealed.files} if sealed else {}
        for file in report.files:
            self.files[file.sha256] = FileView(
                file.sha256,
                file.size,
                "announced",
                received.index,
                manifests.get(file.sha256),
            )

    def _question(self, received: Received) -> None:
        for point in received.message.clarification_request.points:
            name = clarification_pb2.ClarificationGround.Name(point.ground)
            self._change(
                point.id,
                state="clarification",
                logged=received.time,
                ground=name.removeprefix("CLARIFICATION_GROUND_").lower(),
            )
        self._words(received)

    def _answer(self, received: Received) -> None:
        for part_id in received.message.clarification_response.ids:
            self._change(part_id, state=PENDING, logged=received.time)
        self._words(received)
        if self.kind == "removal_request":
            items = self._open(received, "answer", removal_pb2.RemovalItems)
            for item in items.items if items else ():
                self._change(item.item_id, item=item)
        elif self.kind == "disclosure_request":
            targets = self._open(received, "answer", disclosure_pb2.DisclosureTargets)
            for target in targets.targets if targets else ():
                self._change(target.task_id, target=target)

    def _words(self, received: Received) -> None:
        words = self._open(received, "question", clarification_pb2.Clarification)
        if words is not None:
            self.questions.append((received.time, words.text))

    def _delivery(self, received: Received) -> None:
        for receipt in received.message.delivery_receipt.files:
            if receipt.sha256 in self.files:
                name = disclosure_pb2.FileStatus.Name(receipt.status)
                status = name.removeprefix("FILE_STATUS_").lower()
                file = replace(self.files[receipt.sha256], status=status)
                self.files[receipt.sha256] = file

    def _change(self, part_id: str, **changes: Any) -> None:  # noqa: ANN401
        if part_id in self.parts:
            self.parts[part_id] = replace(self.parts[part_id], **changes)
