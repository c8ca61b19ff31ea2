"""A message can be sent again, whatever happened to the first answer.

The same id with the same payload gives the original entry, index and openings; the same
id with another payload is refused. Nothing is logged twice.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from rogatory.v1 import message_pb2, receipt_pb2
from rogatory_gateway.dev.parties import MESSENGER, POLICE, REGULATOR
from tests.support.logs import Lines
from tests.support.receipts import prove_sent
from tests.support.world import CLERK, Signed, World, running_world

CALLERS = 8


def _same(first: receipt_pb2.Receipt, again: receipt_pb2.Receipt) -> None:
    assert again.entry == first.entry
    assert list(again.openings) == list(first.openings)


def test_the_same_message_gives_the_same_entry_and_openings(world: World) -> None:
    """A repeat is answered as the first time, with a proof that still holds."""
    signed = world.removal_request()
    first = world.caller(REGULATOR).submit(signed).receipt
    world.submit(world.removal_request())

    with world.unchanged():
        again = world.caller(REGULATOR).submit(signed).receipt

    _same(first, again)
    keys = world.log.keys.verifier_keys
    assert (
        prove_sent(again, signed, keys).index == prove_sent(first, signed, keys).index
    )


def test_a_repeat_is_answered_although_the_state_has_moved_on(world: World) -> None:
    """What was admitted once is never refused later as stale or out of place."""
    request = world.submit(world.removal_request())
    report = world.removal_report(request, {"item-1": "REMOVED"})
    first = world.caller(MESSENGER).submit(report).receipt
    world.submit(world.removal_report(report, {"item-2": "REMOVED"}))

    with world.unchanged():
        again = world.caller(MESSENGER).submit(report).receipt

    _same(first, again)


def test_the_same_payload_signed_anew_is_the_same_message(world: World) -> None:
    """An ECDSA signature differs each time; the message id and payload decide."""
    signed = world.removal_request()
    first = world.caller(REGULATOR).submit(signed).receipt
    anew = world.sign(signed.message, [world.key(CLERK)], signed.sealed)
    assert anew.envelope != signed.envelope

    with world.unchanged():
        again = world.caller(REGULATOR).submit(anew).receipt

    _same(first, again)
    assert hashlib.sha256(anew.envelope).digest() not in again.entry


def test_a_repeat_with_other_ciphertexts_is_the_same_message(world: World) -> None:
    """The ciphertexts that were logged stand; those of the repeat are not looked at."""
    signed = world.removal_request()
    first = world.caller(REGULATOR).submit(signed).receipt
    other = Signed(signed.message, signed.envelope, [])

    with world.unchanged():
        again = world.caller(REGULATOR).submit(other).receipt

    _same(first, again)


def test_the_same_id_with_another_payload_is_refused(world: World) -> None:
    """An id belongs to one payload for ever."""
    signed = world.submit(world.removal_request())
    message_id = signed.message.header.message_id

    def same_id(message: message_pb2.Message) -> None:
        message.header.message_id = message_id

    other = world.removal_request(change=same_id)

    with world.unchanged():
        refusal = world.refuse(other)

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.ALREADY_EXISTS,
        "MESSAGE_ID_REUSED",
    )


def test_nobody_else_gets_the_answer_to_a_repeat(world: World) -> None:
    """A receipt opens who sent: another party's system does not get it by repeating."""
    signed = world.submit(world.removal_request())

    refusal = world.refuse_from(world.caller(MESSENGER), signed)

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "NOT_PERMITTED",
    )


def test_the_same_message_from_many_callers_at_once_is_logged_once(
    world: World,
) -> None:
    """Callers that race with one message all get the one entry."""
    signed = world.removal_request()
    callers = [world.stubs(REGULATOR) for _ in range(CALLERS)]
    size = world.size()

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(lambda caller: caller.submit(signed), callers))

    assert world.size() == size + 1
    for answer in answers:
        _same(answers[0].receipt, answer.receipt)


def test_two_payloads_that_race_for_one_id(world: World) -> None:
    """One of them is logged; the other is told that the id is taken."""
    message_id = world.removal_request().message.header.message_id

    def same_id(message: message_pb2.Message) -> None:
        message.header.message_id = message_id

    rivals = [world.removal_request(change=same_id) for _ in range(CALLERS)]
    size = world.size()

    def try_one(signed: Signed) -> str:
        try:
            world.caller(REGULATOR).submit(signed)
        except grpc.RpcError:
            return world.refuse(signed).reason
        return "OK"

    with ThreadPoolExecutor(CALLERS) as pool:
        reasons = sorted(pool.map(try_one, rivals))

    assert reasons == ["MESSAGE_ID_REUSED"] * (CALLERS - 1) + ["OK"]
    assert world.size() == size + 1


def test_reports_on_one_exchange_that_race_are_all_logged(world: World) -> None:
    """A platform's many hands report on items of one request at the same time."""
    count = 24
    request = world.submit(world.removal_request(count))
    reports = [
        world.removal_report(request, {f"item-{n}": "REMOVED"})
        for n in range(1, count + 1)
    ]

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(world.submit, reports))

    view = world.caller(REGULATOR).exchange(request.exchange_id)
    assert {part.state for part in view.parts} == {"removed"}
    assert view.message_count == count + 1


def test_a_receipt_is_repeated_to_its_own_party_only_once_it_exists(
    world: World,
) -> None:
    """A message that was refused has no answer to repeat: it is refused again."""

    def early(message: message_pb2.Message) -> None:
        message.header.previous = b"\1" * 32

    signed = world.removal_request(change=early)
    first = world.refuse(signed)

    with world.unchanged():
        again = world.refuse(signed)

    assert first == again
    assert first.reason == "PREVIOUS_UNKNOWN"


@pytest.fixture
def moving_world(tmp_path: Path, lines: Lines) -> Iterator[World]:
    """Give a gateway whose clock can be moved, by a file."""
    with running_world(tmp_path / "world") as world:
        world.stop()
        world.config = replace(world.config, clock_offset=tmp_path / "clock-offset")
        world.start()
        yield world


def test_a_repeat_is_answered_after_the_message_expired(
    moving_world: World, tmp_path: Path
) -> None:
    """Expiry is about being logged at all; what is logged can be asked for."""
    world = moving_world
    signed, never_sent = world.removal_request(), world.removal_request()
    first = world.caller(REGULATOR).submit(signed).receipt
    (tmp_path / "clock-offset").write_text("7200")

    with world.unchanged():
        again = world.caller(REGULATOR).submit(signed).receipt
        refusal = world.refuse(never_sent)

    _same(first, again)
    assert refusal.reason == "EXPIRED"


def test_a_repeat_is_answered_after_a_restart(moving_world: World) -> None:
    """Nothing that was answered lives in memory only."""
    world = moving_world
    signed = world.removal_request()
    first = world.caller(REGULATOR).submit(signed).receipt
    world.stop()
    world.start()

    with world.unchanged():
        again = world.caller(REGULATOR).submit(signed).receipt

    _same(first, again)
    assert world.caller(POLICE).received() == []
