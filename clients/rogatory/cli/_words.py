"""Messages and exchanges in plain words: what a line of an inbox says."""

import calendar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rogatory.cli.output import count, due, rfc3339

if TYPE_CHECKING:
    from rogatory.cli.output import Json
    from rogatory.exchanges import ExchangeView
    from rogatory.profiles import Deadline, Period
    from rogatory.received import Received

PARTS = {"removal_request": "item", "disclosure_request": "task"}
_ANSWERS = {
    "removal_request": "removal_report",
    "disclosure_request": "disclosure_report",
}
_MONTHS = 12


def says(received: "Received") -> str:  # noqa: PLR0911 one a kind
    """Say what a message says, as far as its visible part tells it."""
    message = received.message
    match received.kind:
        case "removal_request":
            number = count(len(message.removal_request.items), "item")
            return f"asks for the removal of {number}"
        case "removal_report":
            number = count(len(message.removal_report.results), "item")
            return f"reports what became of {number}"
        case "disclosure_request":
            number = count(len(message.disclosure_request.tasks), "task")
            return f"asks for data in {number}"
        case "disclosure_report":
            report = message.disclosure_report
            files = count(len(report.files), "file")
            return f"answers {count(len(report.results), 'task')} with {files}"
        case "clarification_request":
            points = message.clarification_request.points
            return f"asks back about {count(len(points), 'point')}"
        case "clarification_response":
            ids = message.clarification_response.ids
            return f"answers about {count(len(ids), 'point')}"
        case "delivery_receipt":
            receipts = message.delivery_receipt.files
            return f"confirms {count(len(receipts), 'file')}"
        case "submission_refusal":
            return f"refused a message: {message.submission_refusal.reason}"
        case _:
            return received.kind


def notes(view: "ExchangeView") -> "list[tuple[Received, str]]":
    """Return the platform's words on the whole, by message, where we can read them."""
    from rogatory.errors import RogatoryError
    from rogatory.v1 import disclosure_pb2, removal_pb2

    found = []
    for message in view.messages:
        try:
            if message.kind == "removal_report" and "report" in message.sections:
                note = message.open_as("report", removal_pb2.RemovalDetails).note
            elif message.kind == "disclosure_report" and "manifest" in message.sections:
                note = message.open_as("manifest", disclosure_pb2.Manifest).note
            else:
                continue
        except RogatoryError:
            continue  # the view names what cannot be read
        if note:
            found.append((message, note))
    return found


def flags(*, test: bool, emergency: bool) -> str:
    """Name the flags of an exchange."""
    words = [*(["EMERGENCY"] if emergency else []), *(["test"] if test else [])]
    return ", ".join(words)


def state_words(view: "ExchangeView") -> str:
    """Say where an exchange stands and who has to act."""
    noun = PARTS.get(view.kind, "part")
    whole = count(len(view.parts), noun)
    waiting = len(view.ids_in("pending"))
    asked = len(view.ids_in("clarification"))
    words = view.state_name.replace("_", " ")
    if view.lifecycle is None:
        return f"{words}, the gateway says; not every message was sent to you"
    if not view.parts:
        return words
    if waiting or asked:
        for number, who in ((waiting, view.addressee), (asked, view.requester)):
            if number:
                words += f", {number:,} of {whole} {'waits' if number == 1 else 'wait'}"
                words += f" for {who}"
        return words
    return f"{words}: all of {whole}"


def due_words(view: "ExchangeView", now: datetime) -> str:
    """Say by when the platform must answer; empty if it has, or nothing says it."""
    deadline = _deadline(view)
    if deadline is None:
        return ""
    if deadline.period is None:
        return f"without delay ({view.profile} states no number)"
    moment = _moment(view, deadline)
    if moment is not None:
        return f"{due(moment, now)} ({deadline.period.words()} from receipt)"
    start = deadline.counted_from.replace("_", " ") or "a moment that is not stated"
    return f"{deadline.period.words()} from {start}"


def due_json(view: "ExchangeView") -> "Json":
    """Return by when the platform must answer, for programs."""
    deadline = _deadline(view)
    if deadline is None:
        return None
    moment = _moment(view, deadline)
    return {
        "kind": deadline.kind,
        "period": deadline.period.text if deadline.period else None,
        "counted_from": deadline.counted_from or None,
        "time": rfc3339(moment) if moment else None,
    }


def _deadline(view: "ExchangeView") -> "Deadline | None":
    if view.lifecycle is None or view.kind not in _ANSWERS:
        return None  # what is still open is not known
    if not view.ids_in("pending"):
        return None  # answered, or the authority's turn
    profile = view.request.profile
    return profile.deadline_for(_ANSWERS[view.kind]) if profile else None


def _moment(view: "ExchangeView", deadline: "Deadline") -> datetime | None:
    if deadline.period is None or deadline.counted_from != "received":
        return None
    return _after(view.request.time, deadline.period)


def _after(start: datetime, period: "Period") -> datetime:
    """Add a period: months by the calendar, days and seconds in UTC."""
    months = start.year * _MONTHS + start.month - 1 + period.months
    year, month = divmod(months, _MONTHS)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    moved = start.replace(year=year, month=month + 1, day=day)
    return moved + timedelta(days=period.days, seconds=period.seconds)
