"""Joining the messages of an exchange into one view.

Sections that we cannot read leave gaps, listed in `unreadable`; a section that opens to
other content than was signed is evidence and ends the joining.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from google.protobuf.message import Message as AnyMessage

from rogatory.errors import Malformed, SectionUnreadable, UnknownField
from rogatory.exchanges import ExchangeView, FileView, PartView, Unreadable
from rogatory.lifecycle import PENDING, ExchangeState
from rogatory.received import Received
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    exchange_service_pb2,
    removal_pb2,
)

_M = TypeVar("_M", bound=AnyMessage)


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
