"""An inbox is watched from a cursor on: everything, in order, and only one's own."""

from collections.abc import Iterator

import pytest

from rogatory.v1 import exchange_service_pb2
from rogatory_gateway.dev.parties import MESSENGER, POLICE, REGULATOR
from tests.support.logs import Lines
from tests.support.receipts import inbox_number, prove_received
from tests.support.waiting import until
from tests.support.world import VIDEO, Signed, Watch, World


@pytest.fixture
def watching(world: World) -> Iterator[list[Watch]]:
    """Give a place for watches, which are hung up in the end."""
    watches: list[Watch] = []
    yield watches
    for watch in watches:
        watch.end()


def _newest(world: World, party: str) -> int:
    """Return the number of the last message that a party received."""
    numbers = [0]
    while page := world.caller(party).received(numbers[-1]):
        numbers += [inbox_number(delivered) for delivered in page]
    return numbers[-1]


def test_what_is_there_comes_first(world: World, watching: list[Watch]) -> None:
    """A watch begins with what the party has not handled yet."""
    after = _newest(world, MESSENGER)
    sent = [world.submit(world.removal_request()) for _ in range(3)]

    watch = world.caller(MESSENGER).watch(after)
    watching.append(watch)
    delivered = [watch.next() for _ in sent]

    assert [d.envelope for d in delivered] == [s.envelope for s in sent]
    assert [inbox_number(d) for d in delivered] == [after + 1, after + 2, after + 3]


def test_what_is_logged_while_waiting_comes_at_once(
    world: World, watching: list[Watch], lines: Lines
) -> None:
    """A waiting client gets each message when it is logged, with its proof."""
    after = _newest(world, MESSENGER)
    watch = world.caller(MESSENGER).watch(after)
    watching.append(watch)
    _let_it_wait(world, MESSENGER)

    for number in range(3):
        signed = world.submit(world.removal_request())
        delivered = watch.next()

        proven = prove_received(
            delivered, signed, MESSENGER, world.log.keys.verifier_keys
        )
        assert proven.number == after + number + 1


def test_a_watch_resumes_where_its_cursor_says(
    world: World, watching: list[Watch]
) -> None:
    """After hanging up in the middle, nothing is missed and nothing handled comes."""
    after = _newest(world, MESSENGER)
    sent = [world.submit(world.removal_request()) for _ in range(4)]
    first = world.caller(MESSENGER).watch(after)
    handled = [first.next(), first.next()]
    first.end()

    again = world.caller(MESSENGER).watch(inbox_number(handled[-1]))
    watching.append(again)
    rest = [again.next(), again.next()]

    envelopes = [d.envelope for d in (*handled, *rest)]
    assert envelopes == [s.envelope for s in sent]


def test_more_than_a_page_comes_whole(world: World, watching: list[Watch]) -> None:
    """A client that was away for long catches up without asking again."""
    after = _newest(world, VIDEO)
    sent = [
        world.submit(world.removal_request(to=[VIDEO], sections=_for_video()))
        for _ in range(45)
    ]

    watch = world.caller(VIDEO).watch(after)
    watching.append(watch)

    assert [watch.next().envelope for _ in sent] == [s.envelope for s in sent]


def _for_video() -> dict[str, tuple[bytes, list[str]]]:
    audience = sorted([VIDEO, REGULATOR])
    return {"items": (b"x", audience), "reasons": (b"x", audience)}


def test_nobody_sees_what_others_receive(world: World, watching: list[Watch]) -> None:
    """A watch gives the messages of its own party, whatever else is logged between."""
    after = _newest(world, VIDEO)
    watch = world.caller(VIDEO).watch(after)
    watching.append(watch)
    _let_it_wait(world, VIDEO)
    request = world.submit(world.removal_request())
    world.submit(world.removal_report(request, {"item-1": "REMOVED"}))
    world.submit(world.disclosure_request())

    own = world.submit(world.removal_request(to=[VIDEO], sections=_for_video()))

    assert watch.next().envelope == own.envelope


def test_two_watchers_of_one_party_both_get_everything(
    world: World, watching: list[Watch]
) -> None:
    """Two machines of a party can watch; neither takes a message from the other."""
    after = _newest(world, MESSENGER)
    two = [world.stubs(MESSENGER).watch(after) for _ in range(2)]
    watching += two
    before = world.submit(world.removal_request())
    assert {w.next().envelope for w in two} == {before.envelope}

    while_waiting = world.submit(world.removal_request())

    assert {w.next().envelope for w in two} == {while_waiting.envelope}


def test_a_recipient_in_copy_watches_too(world: World, watching: list[Watch]) -> None:
    """Copies are delivered like anything else, numbered in the copied party's inbox."""
    after = _newest(world, POLICE)
    watch = world.caller(POLICE).watch(after)
    watching.append(watch)

    signed = world.submit(world.removal_request(to=[MESSENGER, POLICE]))

    delivered = watch.next()
    assert delivered.envelope == signed.envelope
    assert inbox_number(delivered) == after + 1


def test_the_sender_does_not_receive_its_own(
    world: World, watching: list[Watch]
) -> None:
    """What a party sent is not in its inbox; the answer to it is."""
    after = _newest(world, REGULATOR)
    watch = world.caller(REGULATOR).watch(after)
    watching.append(watch)
    request = world.submit(world.removal_request())

    report = world.submit(world.removal_report(request, {"item-1": "REMOVED"}))

    assert watch.next().envelope == report.envelope


def test_a_watch_that_ended_leaves_nobody_waiting(world: World, lines: Lines) -> None:
    """A client that hangs up is forgotten, and its call has its one line."""
    waiters = world.running._waiters
    watch = world.stubs(VIDEO).watch(_newest(world, VIDEO))
    until(lambda: waiters._events.get(VIDEO), "the watcher")
    lines.clear()

    watch.end()

    until(lambda: not waiters._events.get(VIDEO), "the end of the watch")
    until(lambda: lines, "the line of the call")
    (line,) = lines
    assert (line["method"], line["reason"]) == ("WatchInbox", "CANCELLED")
    assert (line["peer"], line["delivered"]) == (f"{VIDEO}/desk", 0)


def _let_it_wait(world: World, party: str) -> None:
    """Wait until somebody of the party waits for messages."""
    waiters = world.running._waiters
    until(lambda: waiters._events.get(party), "a waiting client")


def test_large_messages_come_in_pages_that_clients_take(world: World) -> None:
    """However much a page would hold, an answer stays below what a client receives."""
    after = _newest(world, VIDEO)
    sent = [world.submit(_large(world)) for _ in range(10)]

    pages = []
    while page := world.caller(VIDEO).received(after):
        pages.append(page)
        after = inbox_number(page[-1])

    assert [d.envelope for page in pages for d in page] == [s.envelope for s in sent]
    assert len(pages) > 1


def test_an_exchange_of_large_messages_is_read_whole(world: World) -> None:
    """The same for the messages of one exchange, by its page tokens."""
    request = world.submit(world.removal_request(6))
    big = {"report": (b"\1" * 1_000_000, sorted([MESSENGER, REGULATOR]))}
    reports = [
        world.submit(
            world.removal_report(request, {f"item-{n}": "REMOVED"}, sections=big)
        )
        for n in range(1, 7)
    ]

    read: list[bytes] = []
    token = ""
    while True:
        answer = world.caller(REGULATOR).exchanges.ListMessages(
            exchange_service_pb2.ListMessagesRequest(
                exchange_id=request.exchange_id, page_token=token
            ),
            timeout=30,
        )
        read += [d.envelope for d in answer.messages]
        token = answer.next_page_token
        if not token:
            break

    assert read == [s.envelope for s in (request, *reports)]


def _large(world: World) -> Signed:
    audience = sorted([VIDEO, REGULATOR])
    sections = {"items": (b"\1" * 500_000, audience), "reasons": (b"x", audience)}
    return world.removal_request(to=[VIDEO], sections=sections)
