"""What a machine remembers: whole files, numbers, cursors that never go back."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rogatory.errors import ReceiptMismatch, RootMismatch
from rogatory.state import State


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    """Give an empty state."""
    state = State(tmp_path / "state")
    yield state
    state.close()


def test_nothing_is_written_before_there_is_something(state: State) -> None:
    """Reading makes no folders."""
    assert state.load_checkpoint() is None
    assert state.load_statements() == []
    assert state.outbox() == []
    assert not state.folder.exists()


def test_the_folder_is_for_its_owner_only(state: State) -> None:
    """Receipts say who corresponds with whom."""
    state.save_checkpoint(b"x")

    assert state.folder.stat().st_mode & 0o777 == 0o700
    assert (state.folder / "checkpoint").stat().st_mode & 0o777 == 0o600


def test_a_checkpoint_is_replaced_whole(state: State) -> None:
    """No part file stays."""
    state.save_checkpoint(b"old")
    state.save_checkpoint(b"new")

    assert state.load_checkpoint() == b"new"
    assert [path.name for path in state.folder.iterdir()] == ["checkpoint"]


def test_statements_come_back_in_log_order(state: State) -> None:
    """The chain is replayed from them."""
    state.save_statement(12, b"c", b"3")
    state.save_statement(2, b"b", b"2")

    assert state.load_statements() == [(2, b"b", b"2"), (12, b"c", b"3")]


def test_a_statement_cut_off_by_a_crash_and_what_follows_is_fetched_again(
    state: State,
) -> None:
    """An envelope without its entry counts as not there."""
    for index in (1, 2, 3):
        state.save_statement(index, b"e", b"x")
    (state.folder / "statements" / "000000000002.entry").unlink()

    assert [index for index, _, _ in state.load_statements()] == [1]


def test_a_number_seen_again_with_the_same_entry_is_fine(state: State) -> None:
    """Reading an exchange twice is no failure."""
    state.record_number("received", 1, 5, b"d")
    state.record_number("received", 1, 5, b"d")


@pytest.mark.parametrize(
    ("number", "index", "digest"),
    [(2, 7, b"b"), (2, 6, b"x"), (3, 6, b"c"), (3, 5, b"c"), (1, 6, b"c")],
)
def test_numbers_that_contradict_earlier_ones_are_refused(
    state: State, number: int, index: int, digest: bytes
) -> None:
    """One number has one entry, and numbers grow with the index."""
    state.record_number("received", 2, 6, b"b")

    with pytest.raises(ReceiptMismatch):
        state.record_number("received", number, index, digest)


def test_sent_and_received_are_counted_apart(state: State) -> None:
    """N and m are two counts."""
    state.record_number("sent", 1, 5, b"d")
    state.record_number("received", 1, 9, b"e")


def test_the_cursor_never_goes_back(state: State) -> None:
    """Of two processes the one behind must not undo the other's progress."""
    assert state.cursor() == 0

    state.save_cursor(7)
    state.save_cursor(5)

    assert state.cursor() == 7


def test_numbers_outlive_the_process(state: State) -> None:
    """Another process sees them."""
    state.record_number("sent", 1, 5, b"d")
    state.save_cursor(3)
    state.close()
    again = State(state.folder)

    assert again.cursor() == 3
    with pytest.raises(ReceiptMismatch):
        again.record_number("sent", 1, 6, b"d")
    again.close()


def test_the_outbox_keeps_the_order_of_message_ids(state: State) -> None:
    """UUIDv7 sort by time."""
    state.save_outgoing("b", b"2")
    path = state.save_outgoing("a", b"1")

    assert [p.read_bytes() for p in state.outbox()] == [b"1", b"2"]
    state.remove_outgoing(path)
    state.remove_outgoing(path)
    state.refuse_outgoing(state.outbox()[0])

    assert state.outbox() == []
    assert [p.name for p in (state.folder / "outbox").iterdir()] == ["b.refused"]


def test_a_saved_message_is_not_written_twice(state: State) -> None:
    """The first receipt stands; a later proof is as good."""
    facts = {"envelope": b"e", "entry": b"x", "openings": b"o"}
    saved = state.save_message(3, proof=b"old", **facts)
    again = state.save_message(3, proof=b"new", **facts)

    assert saved == again
    assert saved.proof.read_bytes() == b"old"
    assert saved.proof.name == "000000000003.tlog-proof"


def test_evidence_of_one_failure_is_in_one_folder(state: State) -> None:
    """What an outer caller knows is added to what the inner one kept."""
    error = RootMismatch("log", expected="a", got="b")

    kept = state.keep_evidence(error, {"a": b"1"})
    state.keep_evidence(error, {"a": b"2", "b/c": b"3"})

    assert error.metadata["kept"] == str(kept)
    assert kept.name.endswith("-root-mismatch")
    assert (kept / "a").read_bytes() == b"1"
    assert (kept / "b" / "c").read_bytes() == b"3"
    assert "expected" in (kept / "report.txt").read_text()


def test_two_failures_in_one_second_have_two_folders(state: State) -> None:
    """No evidence overwrites another."""
    first = state.keep_evidence(RootMismatch("a"), {})
    second = state.keep_evidence(RootMismatch("b"), {})

    assert first != second


def test_the_lock_keeps_others_out(state: State) -> None:
    """Two processes of a party share the newest checkpoint."""
    entered = threading.Event()

    def enter() -> None:
        with State(state.folder).locked():
            entered.set()

    with state.locked():
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.05)
    other.join(5)

    assert entered.is_set()
