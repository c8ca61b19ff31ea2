"""What every kind of message does to every state of a part, and to the exchange."""

from collections.abc import Callable

import pytest

from rogatory.errors import FieldInvalid, ItemUnknown, TransitionNotAllowed
from rogatory.lifecycle import CLARIFICATION, PENDING, REQUEST_KINDS
from rogatory.v1 import disclosure_pb2, exchange_service_pb2, removal_pb2
from tests.support.messages import Signed
from tests.unit.lifecycle.exchanges import (
    FILE,
    OFFICE,
    OTHER_FILE,
    Exchange,
    answered,
    asked,
    disclosure,
    removal,
)

RECEIVED = exchange_service_pb2.EXCHANGE_STATE_RECEIVED
PARTIALLY = exchange_service_pb2.EXCHANGE_STATE_PARTIALLY_ANSWERED
IN_QUESTION = exchange_service_pb2.EXCHANGE_STATE_CLARIFICATION
ANSWERED = exchange_service_pb2.EXCHANGE_STATE_ANSWERED
CONFIRMED = exchange_service_pb2.EXCHANGE_STATE_DELIVERED_CONFIRMED


# --- how a part comes to each of its states ------------------------------------------


def _removed() -> Exchange:
    exchange = removal()
    exchange.says(OFFICE.removal_report(exchange.newest, {"item-1": "REMOVED"}))
    return exchange


def _no_data() -> Exchange:
    exchange = disclosure()
    exchange.says(OFFICE.disclosure_report(exchange.newest, {"task-1": "NO_DATA"}))
    return exchange


REMOVALS: dict[str, Callable[[], Exchange]] = {
    PENDING: removal,
    CLARIFICATION: lambda: asked(removal(), "item-1"),
    "answered, so pending": lambda: answered(asked(removal(), "item-1"), "item-1"),
    "removed": _removed,
}
DISCLOSURES: dict[str, Callable[[], Exchange]] = {
    PENDING: disclosure,
    CLARIFICATION: lambda: asked(disclosure(), "task-1"),
    "answered, so pending": lambda: answered(asked(disclosure(), "task-1"), "task-1"),
    "no_data": _no_data,
}

# --- what is said next ---------------------------------------------------------------

Say = Callable[[Exchange], Signed]
REMOVAL_SAYS: dict[str, Say] = {
    "report": lambda e: OFFICE.removal_report(e.newest, {"item-1": "NOT_FOUND"}),
    "question": lambda e: OFFICE.clarification_request(
        e.newest, ["item-1"], sections={}
    ),
    "answer": lambda e: OFFICE.clarification_response(e.newest, ["item-1"]),
}
DISCLOSURE_SAYS: dict[str, Say] = {
    "report": lambda e: OFFICE.disclosure_report(e.newest, {"task-1": "REFUSED"}),
    "question": lambda e: OFFICE.clarification_request(
        e.newest, ["task-1"], sections={}
    ),
    "answer": lambda e: OFFICE.clarification_response(e.newest, ["task-1"]),
}
REFUSED = "refused"

REMOVAL_TABLE = [
    # the part is             is said     and is then
    (PENDING, "report", "not_found"),
    (PENDING, "question", CLARIFICATION),
    (PENDING, "answer", REFUSED),
    (CLARIFICATION, "report", "not_found"),
    (CLARIFICATION, "question", REFUSED),
    (CLARIFICATION, "answer", PENDING),
    ("answered, so pending", "report", "not_found"),
    ("answered, so pending", "question", CLARIFICATION),
    ("answered, so pending", "answer", REFUSED),
    ("removed", "report", REFUSED),
    ("removed", "question", REFUSED),
    ("removed", "answer", REFUSED),
]
DISCLOSURE_TABLE = [
    (PENDING, "report", "refused by the platform"),
    (PENDING, "question", CLARIFICATION),
    (PENDING, "answer", REFUSED),
    (CLARIFICATION, "report", "refused by the platform"),
    (CLARIFICATION, "question", REFUSED),
    (CLARIFICATION, "answer", PENDING),
    ("answered, so pending", "report", "refused by the platform"),
    ("answered, so pending", "question", CLARIFICATION),
    ("answered, so pending", "answer", REFUSED),
    ("no_data", "report", REFUSED),
    ("no_data", "question", REFUSED),
    ("no_data", "answer", REFUSED),
]


def test_the_tables_are_complete() -> None:
    """Every state meets every kind."""
    for table, states, says in (
        (REMOVAL_TABLE, REMOVALS, REMOVAL_SAYS),
        (DISCLOSURE_TABLE, DISCLOSURES, DISCLOSURE_SAYS),
    ):
        assert [row[:2] for row in table] == [(s, k) for s in states for k in says]


@pytest.mark.parametrize(("state", "said", "then"), REMOVAL_TABLE)
def test_an_item(state: str, said: str, then: str) -> None:
    """Only an open item takes an outcome; a question opens, an answer closes it."""
    exchange = REMOVALS[state]()
    before = exchange.state

    if then == REFUSED:
        with pytest.raises(TransitionNotAllowed, match="item-1"):
            exchange.says(REMOVAL_SAYS[said](exchange))
        assert exchange.state is before
        return
    exchange.says(REMOVAL_SAYS[said](exchange))

    assert exchange.part("item-1") == then
    assert exchange.part("item-2") == PENDING


@pytest.mark.parametrize(("state", "said", "then"), DISCLOSURE_TABLE)
def test_a_task(state: str, said: str, then: str) -> None:
    """The same for the tasks of a disclosure."""
    exchange = DISCLOSURES[state]()

    if then == REFUSED:
        with pytest.raises(TransitionNotAllowed, match="task-1"):
            exchange.says(DISCLOSURE_SAYS[said](exchange))
        return
    exchange.says(DISCLOSURE_SAYS[said](exchange))

    assert exchange.part("task-1") == then.removesuffix(" by the platform")


@pytest.mark.parametrize(
    "outcome",
    [
        name.removeprefix("ITEM_OUTCOME_")
        for name, number in removal_pb2.ItemOutcome.items()
        if number
    ],
)
def test_every_outcome_of_an_item_stands(outcome: str) -> None:
    """The state is the outcome's name, its time the report's, and it is final."""
    exchange = removal()
    report = OFFICE.removal_report(exchange.newest, {"item-2": outcome})

    state = exchange.says(report)

    part = state.parts["item-2"]
    assert part.state == outcome.lower()
    act_time = report.message.removal_report.results[0].act_time
    assert (part.act_time, part.changed) == (act_time.seconds, 1)
    assert not state.is_open("item-2")
    assert state.is_open("item-1")


@pytest.mark.parametrize(
    ("outcome", "with_file"),
    [
        (name.removeprefix("TASK_OUTCOME_"), name.endswith(("DISCLOSED", "PARTIAL")))
        for name, number in disclosure_pb2.TaskOutcome.items()
        if number
    ],
)
def test_a_disclosure_has_files_exactly_if_something_is_disclosed(
    outcome: str, with_file: bool
) -> None:
    """Disclosed without a file is nothing; a file with a refusal is a leak."""
    exchange = disclosure()
    files = {FILE: 10}
    right = OFFICE.disclosure_report(
        exchange.newest, {"task-1": outcome}, files if with_file else {}
    )
    wrong = OFFICE.disclosure_report(
        exchange.newest, {"task-1": outcome}, {} if with_file else files
    )

    with pytest.raises(FieldInvalid) as caught:
        exchange.says(wrong)
    exchange.says(right)

    assert list(caught.value.violations) == ["disclosure_report.files"]
    assert exchange.part("task-1") == outcome.lower()


# --- the exchange as a whole ---------------------------------------------------------


def _state(exchange: Exchange) -> int:
    assert exchange.state is not None
    return exchange.state.state


def test_the_exchange_is_what_its_items_are() -> None:
    """Received, in question, partially answered, answered: derived, never stored."""
    exchange = removal(2)
    seen = [_state(exchange)]
    asked(exchange, "item-1")
    seen.append(_state(exchange))
    exchange.says(OFFICE.removal_report(exchange.newest, {"item-2": "REMOVED"}))
    seen.append(_state(exchange))
    answered(exchange, "item-1")
    seen.append(_state(exchange))
    exchange.says(OFFICE.removal_report(exchange.newest, {"item-1": "NOT_FOUND"}))
    seen.append(_state(exchange))

    assert seen == [RECEIVED, IN_QUESTION, IN_QUESTION, PARTIALLY, ANSWERED]


def _disclosed() -> Exchange:
    exchange = disclosure(2)
    files = {FILE: 10, OTHER_FILE: 20}
    outcomes = {"task-1": "DISCLOSED", "task-2": "PARTIAL"}
    exchange.says(OFFICE.disclosure_report(exchange.newest, outcomes, files))
    return exchange


def test_a_disclosure_is_confirmed_when_every_file_arrived() -> None:
    """One good file of two is not enough, a bad one neither."""
    exchange = _disclosed()
    seen = [_state(exchange)]
    for receipt in (
        {FILE: "INTEGRITY_OK"},
        {OTHER_FILE: "INTEGRITY_FAILED"},
        {OTHER_FILE: "INTEGRITY_OK"},
    ):
        exchange.says(OFFICE.delivery_receipt(exchange.newest, receipt))
        seen.append(_state(exchange))

    assert seen == [ANSWERED, ANSWERED, ANSWERED, CONFIRMED]


def test_files_that_arrived_do_not_confirm_what_is_still_open() -> None:
    """An exchange with a pending task is not done, whatever arrived."""
    exchange = disclosure(2)
    exchange.says(
        OFFICE.disclosure_report(exchange.newest, {"task-1": "DISCLOSED"}, {FILE: 10})
    )

    exchange.says(OFFICE.delivery_receipt(exchange.newest, {FILE: "INTEGRITY_OK"}))

    assert _state(exchange) == PARTIALLY


def test_a_receipt_for_a_file_that_was_not_announced() -> None:
    """Only files of this exchange are confirmed."""
    exchange = _disclosed()

    with pytest.raises(ItemUnknown, match="files"):
        exchange.says(
            OFFICE.delivery_receipt(exchange.newest, {b"\1" * 32: "INTEGRITY_OK"})
        )


def test_an_exchange_knows_its_messages_in_order() -> None:
    """Version and digests are those of the messages, oldest first."""
    exchange = answered(asked(removal(), "item-1"), "item-1")

    assert exchange.state is not None
    assert exchange.state.version == 3
    assert exchange.state.digests == tuple(s.digest for s in exchange.said)


def test_a_state_is_a_value() -> None:
    """Advancing leaves the state before as it was."""
    exchange = removal()
    before = exchange.state
    assert before is not None
    parts = dict(before.parts)

    exchange.says(OFFICE.removal_report(exchange.newest, {"item-1": "REMOVED"}))

    assert dict(before.parts) == parts
    assert before.version == 1


def test_the_kinds_that_open_an_exchange_are_frozen() -> None:
    """Two kinds of request, and nothing else begins anything."""
    assert frozenset({"removal_request", "disclosure_request"}) == REQUEST_KINDS
