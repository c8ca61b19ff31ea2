"""Whatever waits is one batch; each gets its own place, proof and openings."""

import threading

import pytest

from rogatory.errors import LogUnavailable, Overloaded
from rogatory.tlog import (
    FromOpening,
    MessageEntry,
    parse_entry,
    verify_checkpoint,
    verify_from_opening,
    verify_proof,
)
from rogatory_gateway.dev.parties import MESSENGER, POLICE
from rogatory_gateway.journal.journal import MAX_BATCH, MAX_WAITING, _Waiting
from rogatory_gateway.store import Appending
from tests.support.logroom import LogRoom
from tests.unit.gateway.journals import GENESIS, append_together

THREADS = 24


def test_each_of_many_threads_gets_its_own_receipt(room: LogRoom) -> None:
    """One batch or several: dense indices, and every proof is of its own entry."""
    messages = [room.office.removal_request(1) for _ in range(THREADS)]

    results = append_together(room, messages)

    indices, numbers = [], []
    for signed, result in zip(messages, results, strict=True):
        assert isinstance(result, tuple)
        logged, raw_proof = result
        proof = verify_proof(raw_proof, logged.entry, room.keys.verifier_keys)
        entry = parse_entry(logged.entry)
        assert isinstance(entry, MessageEntry)
        assert entry.digest == signed.digest
        assert proof.index == logged.index
        indices.append(logged.index)
        own = logged.openings.openings[0]
        opening = FromOpening(own.salt, own.party, own.number)
        numbers.append(verify_from_opening(entry, opening).n)
    assert sorted(indices) == list(range(GENESIS, GENESIS + THREADS))
    assert sorted(numbers) == list(range(1, THREADS + 1))
    assert room.verify().entries == GENESIS + THREADS


def test_what_waits_is_written_in_one_transaction(room: LogRoom) -> None:
    """While one is being written the rest gathers, and is the next batch as a whole."""
    messages = [room.office.removal_request(1) for _ in range(THREADS)]

    results = append_together(room, messages)

    sizes = set()
    for result in results:
        assert isinstance(result, tuple)
        proof = verify_proof(result[1], result[0].entry, room.keys.verifier_keys)
        sizes.add(proof.checkpoint.size)
    assert sizes == {GENESIS + 1, GENESIS + THREADS}


def test_a_batch_is_bounded(room: LogRoom) -> None:
    """More than a tile's worth of waiting entries are several batches."""
    assert MAX_BATCH == 256
    ticket = room.admit(room.office.removal_request(1))
    waiting = [_Waiting(ticket) for _ in range(MAX_BATCH + 5)]
    room.journal._waiting.extend(waiting)
    room.journal._writing = True

    room.journal._lead()

    answered = [each.result is not None for each in waiting]
    assert answered == [True] * MAX_BATCH + [False] * 5
    assert waiting[MAX_BATCH].wake.is_set()
    room.journal._lead()
    assert all(each.result is not None for each in waiting)


def test_a_checkpoint_of_every_commit_is_signed_by_both_keys(room: LogRoom) -> None:
    """The head that is stored is one that anybody verifies."""
    room.log(room.office.removal_request())

    head = room.store.read.head()

    assert head is not None
    signed = verify_checkpoint(head.checkpoint, room.keys.verifier_keys)
    assert (signed.size, signed.root) == (head.size, head.root)


def test_a_full_queue_refuses_at_once(room: LogRoom) -> None:
    """Beyond the bound nobody waits: the caller is told to come back."""
    ticket = room.admit(room.office.removal_request())
    room.journal._waiting.extend(_Waiting(ticket) for _ in range(MAX_WAITING))

    with pytest.raises(Overloaded) as caught:
        room.journal.append(ticket)

    assert caught.value.metadata == {"retry_after_s": "1"}
    assert len(room.journal._waiting) == MAX_WAITING
    room.journal._waiting.clear()


def test_a_commit_is_told_to_whom_it_brought_something(room: LogRoom) -> None:
    """Recipients are woken, senders are not, and a repeat wakes nobody."""
    told: list[frozenset[str]] = []
    room.journal.on_commit(told.append)
    signed = room.office.removal_request(to=[MESSENGER, POLICE])
    ticket = room.admit(signed)

    room.journal.append(ticket)
    room.journal.append(ticket)

    assert told == [frozenset({MESSENGER, POLICE})]


def test_a_listener_hears_of_what_is_committed_only(room: LogRoom) -> None:
    """By then every reader finds the message."""
    seen: list[int] = []
    room.journal.on_commit(lambda _: seen.append(room.size()))

    room.log(room.office.removal_request())

    assert seen == [GENESIS + 1]


def test_a_mistake_of_ours_leaves_nobody_waiting(room: LogRoom) -> None:
    """The leader reports it; the others are told to try again; the next batch works."""
    messages = [room.office.removal_request(1) for _ in range(4)]
    tickets = [room.admit(signed) for signed in messages]
    broken = threading.Event()
    plan = room.journal._plan

    def fail_once(tx: Appending, *args: object) -> object:
        if not broken.is_set():
            broken.set()
            raise ZeroDivisionError
        return plan(tx, *args)  # type: ignore[arg-type]

    room.journal._plan = fail_once  # type: ignore[method-assign, assignment]
    batch = [_Waiting(ticket) for ticket in tickets]
    room.journal._waiting.extend(batch)
    room.journal._writing = True

    with pytest.raises(ZeroDivisionError):
        room.journal._lead()

    assert all(isinstance(each.result, LogUnavailable) for each in batch)
    assert all(each.wake.is_set() for each in batch)
    assert room.size() == GENESIS
    for ticket in tickets:
        assert isinstance(room.journal.append(ticket), tuple)
    assert room.verify().entries == GENESIS + 4
