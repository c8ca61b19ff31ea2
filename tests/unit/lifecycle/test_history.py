"""`previous` is causal history and no lock: what bears on a message makes it stale."""

import pytest

from rogatory.errors import (
    ItemUnknown,
    PreviousUnknown,
    Stale,
    TransitionNotAllowed,
)
from tests.unit.lifecycle.exchanges import FILE, OFFICE, asked, disclosure, removal


def test_an_answer_names_what_its_author_had_seen() -> None:
    """Nothing, or a message of another exchange, is no history."""
    exchange, other = removal(), removal()

    for previous in (b"", b"\1" * 32, other.first.digest):
        with pytest.raises(PreviousUnknown):
            exchange.says(
                OFFICE.removal_report(
                    exchange.first, {"item-1": "REMOVED"}, previous=previous
                )
            )


def test_what_changed_one_of_its_parts_makes_a_message_stale() -> None:
    """The author had not seen the outcome, so cannot have meant this one after it."""
    exchange = removal()
    seen = exchange.first
    first = OFFICE.removal_report(seen, {"item-1": "REMOVED"})
    exchange.says(first)

    with pytest.raises(Stale) as caught:
        exchange.says(
            OFFICE.removal_report(seen, {"item-1": "NOT_FOUND", "item-2": "REMOVED"})
        )

    assert caught.value.metadata == {"missed": first.digest.hex()}


def test_what_changed_other_parts_does_not() -> None:
    """People work on parts of one request at the same time."""
    exchange = removal()
    seen = exchange.first
    exchange.says(OFFICE.removal_report(seen, {"item-1": "REMOVED"}))

    exchange.says(OFFICE.removal_report(seen, {"item-2": "NOT_FOUND"}))
    exchange.says(OFFICE.clarification_request(seen, ["item-3"], sections={}))

    assert [exchange.part(f"item-{n}") for n in (1, 2, 3)] == [
        "removed",
        "not_found",
        "clarification",
    ]


def test_with_the_newest_message_seen_it_is_the_state_that_refuses() -> None:
    """Who has seen the outcome and gives another is not late but wrong."""
    exchange = removal()
    exchange.says(OFFICE.removal_report(exchange.first, {"item-1": "REMOVED"}))

    with pytest.raises(TransitionNotAllowed):
        exchange.says(OFFICE.removal_report(exchange.newest, {"item-1": "NOT_FOUND"}))


def test_an_answer_to_a_question_that_was_withdrawn_by_an_outcome_is_stale() -> None:
    """The platform acted while the authority was still writing."""
    exchange = asked(removal(), "item-1")
    question = exchange.newest
    exchange.says(OFFICE.removal_report(question, {"item-1": "REMOVED"}))

    with pytest.raises(Stale):
        exchange.says(OFFICE.clarification_response(question, ["item-1"]))


def test_a_receipt_is_never_stale() -> None:
    """What arrived has arrived, whatever was said meanwhile."""
    exchange = disclosure()
    report = OFFICE.disclosure_report(
        exchange.first, {"task-1": "DISCLOSED"}, {FILE: 10}
    )
    exchange.says(report)
    exchange.says(OFFICE.disclosure_report(report, {"task-2": "NO_DATA"}))

    exchange.says(OFFICE.delivery_receipt(report, {FILE: "INTEGRITY_OK"}))

    assert exchange.state is not None
    assert exchange.state.files == {FILE: "integrity_ok"}


@pytest.mark.parametrize("kind", ["removal_report", "clarification_request"])
def test_a_part_that_the_request_does_not_have(kind: str) -> None:
    """The refusal names the ids, up to ten of them."""
    exchange = removal(1)
    ids = [f"item-{n}" for n in range(1, 14)]
    signed = (
        OFFICE.removal_report(exchange.first, dict.fromkeys(ids, "REMOVED"))
        if kind == "removal_report"
        else OFFICE.clarification_request(exchange.first, ids, sections={})
    )

    with pytest.raises(ItemUnknown) as caught:
        exchange.says(signed)

    assert caught.value.thing == (
        "items or tasks item-2, item-3, item-4, item-5, item-6, item-7, item-8, item-9,"
        " item-10, item-11 and 2 more"
    )
