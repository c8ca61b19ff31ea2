"""What sender and recipients are given proves itself, and shows nobody any more."""

from functools import partial

import pytest

from rogatory.tlog import verify_checkpoint
from rogatory.v1 import exchange_service_pb2
from rogatory_gateway.dev.parties import (
    AUDITOR,
    MESSENGER,
    POLICE,
    PROSECUTOR,
    REGULATOR,
)
from tests.support.receipts import (
    INBOX,
    TO,
    inbox_number,
    prove_received,
    prove_sent,
)
from tests.support.world import TIMEOUT_S, VIDEO, World, refusal_of


def test_the_answer_to_a_submission_is_its_proof(world: World) -> None:
    """The sender learns at once that its message is in the log, and who opened what."""
    signed = world.removal_request(to=[MESSENGER, POLICE])

    answer = world.caller(REGULATOR).submit(signed)

    proven = prove_sent(answer.receipt, signed, world.log.keys.verifier_keys)
    assert proven.size == proven.index + 1 == world.size()
    assert proven.entry.directory == 1


def test_a_message_without_sections_has_no_sealed_line(world: World) -> None:
    """Nothing sealed: the entry says so by having no such line."""
    request = world.submit(world.removal_request())
    report = world.removal_report(request, {"item-1": "REMOVED"})

    answer = world.caller(MESSENGER).submit(report)

    proven = prove_sent(answer.receipt, report, world.log.keys.verifier_keys)
    assert proven.entry.sealed is None


def test_each_recipient_gets_its_own_and_nothing_of_others(world: World) -> None:
    """Addressee and copy both get the message with their own openings only."""
    audience = [MESSENGER, REGULATOR]
    sections = {"items": (b"x", audience), "reasons": (b"x", [POLICE, *audience])}
    sections["reasons"][1].sort()
    signed = world.submit(
        world.removal_request(to=[MESSENGER, POLICE], sections=sections)
    )
    keys = world.log.keys.verifier_keys

    for party in (MESSENGER, POLICE):
        delivered = world.caller(party).messages(signed.exchange_id)
        assert len(delivered) == 1
        prove_received(delivered[0], signed, party, keys)


def test_reading_again_gives_the_sender_its_receipt_again(world: World) -> None:
    """What the first answer said is there to be read later, with a newer proof."""
    signed = world.removal_request()
    first = world.caller(REGULATOR).submit(signed).receipt
    world.submit(world.removal_request())

    (read,) = world.caller(REGULATOR).messages(signed.exchange_id)

    again = prove_sent(read.receipt, signed, world.log.keys.verifier_keys)
    assert again.size > again.index + 1
    assert read.receipt.entry == first.entry
    assert list(read.receipt.openings) == list(first.openings)


def test_counts_have_no_holes(world: World) -> None:
    """Every entry of a party has the next number: a hidden one would leave a hole."""
    keys = world.log.keys.verifier_keys
    before = len(_whole_inbox(world, MESSENGER))
    numbers = []
    for _ in range(3):
        signed = world.removal_request()
        answer = world.caller(REGULATOR).submit(signed)
        numbers.append(prove_sent(answer.receipt, signed, keys).number)

    assert numbers == list(range(numbers[0], numbers[0] + 3))
    received = _whole_inbox(world, MESSENGER)
    assert received == list(range(1, before + 4))


def _whole_inbox(world: World, party: str) -> list[int]:
    numbers: list[int] = []
    while page := world.caller(party).received(numbers[-1] if numbers else 0):
        numbers += [inbox_number(delivered) for delivered in page]
    return numbers


@pytest.mark.parametrize("party", [VIDEO, PROSECUTOR, AUDITOR, POLICE])
def test_who_has_no_part_in_an_exchange_sees_nothing_of_it(
    world: World, party: str
) -> None:
    """An exchange of others looks like one that does not exist."""
    signed = world.submit(world.removal_request())
    caller = world.caller(party)

    for read in (caller.exchange, caller.messages):
        not_mine = refusal_of(partial(read, signed.exchange_id))
        no_such = refusal_of(partial(read, "no such exchange"))
        assert not_mine == no_such
        assert not_mine.reason == "EXCHANGE_UNKNOWN"
    assert all(delivered.envelope != signed.envelope for delivered in caller.received())
    request = exchange_service_pb2.ListExchangesRequest()
    listed = caller.exchanges.ListExchanges(request, timeout=TIMEOUT_S).exchanges
    assert signed.exchange_id not in {each.exchange_id for each in listed}


def test_a_party_in_copy_of_one_message_does_not_see_the_others(world: World) -> None:
    """Having a part in an exchange opens the messages one sent or received, no more."""
    request = world.submit(world.removal_request())
    copied = world.submit(
        world.removal_report(request, {"item-1": "REMOVED"}, to=[REGULATOR, POLICE])
    )
    world.submit(world.removal_report(copied, {"item-2": "REMOVED"}))

    (seen,) = world.caller(POLICE).messages(request.exchange_id)

    assert seen.envelope == copied.envelope
    kinds = {(opening.kind, opening.party) for opening in seen.receipt.openings}
    assert kinds == {(TO, POLICE), (INBOX, POLICE)}


def test_pages_join_without_gap_or_repeat(world: World) -> None:
    """Messages and exchanges read page by page are those read at once."""
    request = world.submit(world.removal_request(5))
    for n in range(1, 6):
        world.submit(world.removal_report(request, {f"item-{n}": "REMOVED"}))
    caller = world.caller(REGULATOR)

    digests, token = [], ""
    while True:
        page = caller.exchanges.ListMessages(
            exchange_service_pb2.ListMessagesRequest(
                exchange_id=request.exchange_id, page_size=2, page_token=token
            ),
            timeout=TIMEOUT_S,
        )
        digests += [delivered.envelope for delivered in page.messages]
        token = page.next_page_token
        if not token:
            break

    whole = caller.messages(request.exchange_id)
    assert digests == [delivered.envelope for delivered in whole]
    assert len(digests) == 6


def test_exchanges_are_listed_newest_first_page_by_page(world: World) -> None:
    """The list of exchanges pages backwards in time, each exchange once."""
    made = [world.submit(world.removal_request()).exchange_id for _ in range(5)]
    caller = world.caller(REGULATOR)

    listed: list[str] = []
    token = ""
    for _ in range(3):
        page = caller.exchanges.ListExchanges(
            exchange_service_pb2.ListExchangesRequest(page_size=2, page_token=token),
            timeout=TIMEOUT_S,
        )
        listed += [each.exchange_id for each in page.exchanges]
        token = page.next_page_token

    assert listed[:5] == made[::-1]


def test_the_state_of_an_exchange_follows_its_messages(world: World) -> None:
    """The view names outcomes, their times, and the newest message to sign on."""
    request = world.submit(world.removal_request(2))
    report = world.submit(world.removal_report(request, {"item-1": "ALREADY_GONE"}))

    view = world.caller(MESSENGER).exchange(request.exchange_id)

    assert view.state == exchange_service_pb2.EXCHANGE_STATE_PARTIALLY_ANSWERED
    assert view.newest_digest == report.digest
    assert (view.requester, view.addressee, view.message_count) == (
        REGULATOR,
        MESSENGER,
        2,
    )
    first, second = view.parts
    act_time = report.message.removal_report.results[0].act_time
    assert (first.id, first.state, first.act_time) == (
        "item-1",
        "already_gone",
        act_time,
    )
    assert (second.id, second.state) == ("item-2", "pending")
    assert not second.HasField("act_time")


def test_the_newest_checkpoint_is_signed_by_both_keys(world: World) -> None:
    """Whoever asks for the log's head gets one that verifies, of the newest size."""
    world.submit(world.removal_request())

    checkpoint = world.caller(AUDITOR).checkpoint()

    verified = verify_checkpoint(checkpoint, world.log.keys.verifier_keys)
    assert verified.size == world.size()
