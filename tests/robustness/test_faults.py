"""The store fails at every durable step, applied or not; the log stays one and whole.

After a failure nobody knows whether it happened, so nothing of it is released. The
callers send the same messages again, and the message id decides.
"""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rogatory.errors import LogUnavailable, RogatoryError
from rogatory.tlog import MessageEntry, parse_entry, verify_proof
from rogatory_gateway.admission import Repeated
from rogatory_gateway.dev.parties import MESSENGER, REGULATOR
from rogatory_gateway.journal import Journal, Readmit
from tests.support.faults import ALL_FAULTS, Fault, FaultyStore, Step
from tests.support.logroom import LogRoom
from tests.support.messages import Signed
from tests.support.waiting import GIVE_UP_S, until

GENESIS = 3
THREADS = 12


def _break(room: LogRoom, *faults: Fault | None) -> FaultyStore:
    """Let the room's journal work on a store that will fail."""
    if not isinstance(room.store, FaultyStore):
        room.store = FaultyStore.of(room.store)
        room.journal = Journal(room.store, room.keys, room.clock)
    room.store.appends = 0
    room.store.faults = list(faults)
    return room.store


def _send(room: LogRoom, signed: Signed) -> int:
    """Send a message as the service does, and return its log index."""
    while True:
        admitted = room.admission.admit(
            signed.envelope, signed.sealed, room.peer(signed), room.clock()
        )
        if isinstance(admitted, Repeated):
            return admitted.stored.index
        try:
            result = room.journal.append(admitted)
        except Readmit:
            continue
        if isinstance(result, tuple):
            logged, proof = result
            verified = verify_proof(proof, logged.entry, room.keys.verifier_keys)
            assert verified.index == logged.index
            return logged.index
        return result.index


def _assert_each_once(room: LogRoom, messages: Sequence[Signed]) -> None:
    """The log verifies, and has every message once and nothing else."""
    digests = []
    for raw in room.store.read.entries(GENESIS, room.size()):
        entry = parse_entry(raw)
        assert isinstance(entry, MessageEntry)
        digests.append(entry.digest)
    assert sorted(digests) == sorted(signed.digest for signed in messages)
    assert room.verify().entries == GENESIS + len(messages)
    inbox = room.store.read.inbox(MESSENGER, 0, 1000)
    assert len(inbox) == len(messages)
    with room.store.appending() as tx:
        sent, _ = tx.counters([REGULATOR])[REGULATOR]
    assert sent == len(messages)


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=str)
@pytest.mark.parametrize("restart", [False, True], ids=["goes on", "restarts"])
def test_after_a_fault_the_same_message_is_logged_once(
    room: LogRoom, fault: Fault, restart: bool
) -> None:
    """One entry, whether the fault came before or after the step took effect."""
    before = room.office.removal_request()
    _send(room, before)
    signed = room.office.removal_request()
    _break(room, fault)

    with pytest.raises(LogUnavailable):
        _send(room, signed)
    happened = fault == Fault(Step.COMMIT, applied=True)
    assert room.size() == GENESIS + 1 + happened
    if restart:
        room.close()
        room.open()

    assert _send(room, signed) == GENESIS + 1
    after = room.office.removal_request()
    assert _send(room, after) == GENESIS + 2
    _assert_each_once(room, [before, signed, after])


@pytest.mark.parametrize("fault", ALL_FAULTS, ids=str)
def test_a_batch_that_fails_fails_for_everybody_in_it_and_nobody_else(
    room: LogRoom, fault: Fault
) -> None:
    """Every waiting thread gets its answer; a second attempt of each succeeds."""
    messages = [room.office.removal_request(1) for _ in range(THREADS)]
    tickets = [room.admit(signed) for signed in messages]
    # The first append is the leader's own; the fault meets the batch behind it.
    store = _break(room, None, fault)

    with ThreadPoolExecutor(THREADS) as pool:
        with store._writer.begin():
            futures = [pool.submit(room.journal.append, t) for t in tickets]
            waiting = room.journal._waiting
            until(lambda: len(waiting) == THREADS - 1, "all but the leader wait")
        failed = sum(_failed(future) for future in futures)

    assert failed == THREADS - 1
    assert store.appends == 2
    indices = {_send(room, signed) for signed in messages}
    assert indices == set(range(GENESIS, GENESIS + THREADS))
    _assert_each_once(room, messages)


def _failed(future: "Future[Any]") -> bool:
    """Wait for a thread, which always comes back, and tell whether it failed."""
    try:
        future.result(GIVE_UP_S)
    except LogUnavailable:
        return True
    return False


def test_many_faults_in_a_row_keep_nobody_waiting(room: LogRoom) -> None:
    """Threads that send until they succeed all do, through faults of every kind."""
    messages = [room.office.removal_request(1) for _ in range(THREADS)]
    dice = random.Random(20240924)
    faults: list[Fault | None] = [*ALL_FAULTS, *ALL_FAULTS]
    dice.shuffle(faults)
    _break(room, *faults)

    def until_logged(signed: Signed) -> int:
        for _ in range(100):
            try:
                return _send(room, signed)
            except LogUnavailable:
                continue
        raise AssertionError("never logged")

    with ThreadPoolExecutor(THREADS) as pool:
        futures = [pool.submit(until_logged, signed) for signed in messages]
        indices = {future.result(GIVE_UP_S) for future in futures}

    # Large batches need few appends: what is left of the faults is not for the checks.
    _break(room)
    assert indices == set(range(GENESIS, GENESIS + THREADS))
    _assert_each_once(room, messages)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(st.lists(st.sampled_from([None, *ALL_FAULTS]), max_size=12))
def test_any_sequence_of_faults(room: LogRoom, faults: list[Fault | None]) -> None:
    """Whatever fails and in whatever order: each message once, in one history."""
    start = room.size()
    messages = [room.office.removal_request(1, sections=_plain()) for _ in range(3)]
    _break(room, *faults)

    indices = []
    for signed in messages:
        for _ in range(len(faults) + 1):
            try:
                indices.append(_send(room, signed))
                break
            except LogUnavailable:
                continue

    assert indices == list(range(start, start + 3))
    assert room.verify().entries == start + 3


def _plain() -> dict[str, tuple[bytes, list[str]]]:
    return {"items": (b"x", [REGULATOR]), "reasons": (b"x", [REGULATOR])}


def test_a_signature_that_fails_releases_nothing(room: LogRoom) -> None:
    """An unsigned head is never committed: a broken key is our failure, told so."""
    signed = room.office.removal_request()
    ticket = room.admit(signed)

    class BrokenKeys:
        origin = room.keys.origin
        verifier_keys = room.keys.verifier_keys

        def sign(self, size: int, root: bytes, time_unix: int) -> bytes:
            raise OSError("the token does not answer")

    room.journal._keys = BrokenKeys()  # type: ignore[assignment]
    with pytest.raises(OSError, match="token"):
        room.journal.append(ticket)
    assert room.size() == GENESIS

    room.journal._keys = room.keys
    assert _send(room, signed) == GENESIS
    _assert_each_once(room, [signed])


def test_a_listener_that_fails_takes_nothing_back(room: LogRoom) -> None:
    """What is committed stays; the others get their answers, a repeat gets its own."""
    failing = threading.Event()

    def listener(_parties: frozenset[str]) -> None:
        if not failing.is_set():
            failing.set()
            raise ZeroDivisionError

    room.journal.on_commit(listener)
    signed = room.office.removal_request()

    with pytest.raises(ZeroDivisionError):
        _send(room, signed)

    assert _send(room, signed) == GENESIS
    other = room.office.removal_request()
    assert _send(room, other) == GENESIS + 1
    _assert_each_once(room, [signed, other])


def test_a_refusal_costs_the_log_nothing(room: LogRoom) -> None:
    """Admission refuses before the store is asked for anything."""
    store = _break(room)
    request = room.office.removal_request(previous=b"\1" * 32)

    with pytest.raises(RogatoryError):
        _send(room, request)

    assert store.appends == 0
