"""What a witness remembers, over restarts, races and failures."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rogatory.errors import ConfigInvalid, LimitExceeded, StoreExists
from rogatory.tlog import (
    Signature,
    parse_add_checkpoint,
    parse_checkpoint_text,
    parse_note,
)
from rogatory.witness import (
    KnownLog,
    Offer,
    Refuse,
    WitnessState,
    _state,
    verify_offer,
)
from tests.support.witnessed import NOW, ORIGIN, WitnessedLog, signers_of

LOG = WitnessedLog()
FORK = LOG.forked(3)
KEYS = tuple(signer.verifier_key for signer in signers_of("witness.example", 90))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[WitnessState]:
    """Give a new state that watches one log."""
    found = WitnessState.create(tmp_path / "state.sqlite", KEYS)
    found.add_log(LOG.known)
    yield found
    found.close()


def offer(old: int, new: int, log: WitnessedLog = LOG) -> Offer:
    """Return a verified request."""
    found = verify_offer(LOG.known, parse_add_checkpoint(log.request(old, new)))
    assert isinstance(found, Offer)
    return found


def sign(of: Offer, now: int) -> list[Signature]:
    """Stand in for the witness's keys."""
    return [signers_of("witness.example", 90)[0].sign(of.note.text, now)]


def advance(state: WitnessState, old: int, new: int, log: WitnessedLog = LOG) -> object:
    """Ask for a step."""
    return state.advance(offer(old, new, log), lambda: NOW, sign)


def size(state: WitnessState) -> int:
    """Return the last cosigned size."""
    found = state.stored(ORIGIN)
    return found.size if found else -1


def test_a_step_is_remembered_with_the_note(state: WitnessState) -> None:
    """The note has the log's signatures and the witness's, over the checkpoint."""
    asked = offer(0, 5)
    lines = state.advance(asked, lambda: NOW, sign)

    found = state.stored(ORIGIN)
    assert found is not None
    note = parse_note(found.note)
    assert (found.size, found.time) == (5, NOW)
    assert found.root == parse_checkpoint_text(note.text).root
    assert note.signatures == (*asked.note.signatures, *lines)  # type: ignore[misc]


def test_a_restart_keeps_the_state(state: WitnessState, tmp_path: Path) -> None:
    """Logs, what was cosigned, identity."""
    advance(state, 0, 5)
    state.close()

    again = WitnessState(tmp_path / "state.sqlite")

    assert size(again) == 5
    assert again.logs() == (LOG.known,)
    assert again.log(ORIGIN) == LOG.known
    assert again.log("other.example") is None
    assert again.identity == {key.encode() for key in KEYS}
    again.close()


def test_a_state_is_made_once(state: WitnessState, tmp_path: Path) -> None:
    """And never by opening."""
    with pytest.raises(StoreExists):
        WitnessState.create(tmp_path / "state.sqlite", KEYS)
    with pytest.raises(ConfigInvalid, match="witness init"):
        WitnessState(tmp_path / "none.sqlite")
    assert not (tmp_path / "none.sqlite").exists()
    (tmp_path / "empty.sqlite").touch()
    with pytest.raises(ConfigInvalid, match="version 1, got 0"):
        WitnessState(tmp_path / "empty.sqlite")


def test_it_is_written_through(state: WitnessState) -> None:
    """WAL and FULL: an answered step survives a power cut."""
    (journal,) = state._db.execute("PRAGMA journal_mode").fetchone()
    (synchronous,) = state._db.execute("PRAGMA synchronous").fetchone()

    assert (journal, synchronous) == ("wal", 2)


def test_a_log_gets_other_keys(state: WitnessState) -> None:
    """What was cosigned stays."""
    advance(state, 0, 5)
    other = KnownLog(ORIGIN, LOG.known.keys[:1], require_all=True)

    state.add_log(other)

    assert state.log(ORIGIN) == other
    assert size(state) == 5


def test_a_log_has_1_to_32_keys(state: WitnessState) -> None:
    """Its signatures and ours must fit into a note."""
    for keys in ((), KEYS * 17):
        with pytest.raises(LimitExceeded, match="1 to 32"):
            state.add_log(KnownLog(ORIGIN, keys))


def test_of_racing_steps_one_is_taken(state: WitnessState, tmp_path: Path) -> None:
    """Two processes, many threads, one old size: one step, no roll-back."""
    other = WitnessState(tmp_path / "state.sqlite")
    for old in range(0, 40, 10):
        offers = [offer(old, old + more) for more in range(1, 9)]
        start = threading.Barrier(len(offers))
        answers: list[object] = []

        def run(
            at: int, start: threading.Barrier, offer: Offer, answers: list[object]
        ) -> None:
            start.wait()
            each = (state, other)[at % 2]
            answers.append(each.advance(offer, lambda: NOW, sign))

        threads = [
            threading.Thread(target=run, args=(at, start, each, answers))
            for at, each in enumerate(offers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        refused = [each for each in answers if isinstance(each, Refuse)]
        assert len(refused) == len(offers) - 1
        assert {each.status for each in refused} == {409}
        assert {each.body for each in refused} == {b"%d\n" % size(state)}
        advance(state, size(state), old + 10)
    other.close()


def test_the_time_is_read_under_the_lock(state: WitnessState) -> None:
    """Otherwise who waited would state an earlier time than who went first."""
    seen: list[bool] = []

    def clock() -> float:
        seen.append(state._db.in_transaction)
        return NOW + 0.9

    state.advance(offer(0, 5), clock, sign)

    assert seen == [True]
    assert state.stored(ORIGIN).time == NOW  # type: ignore[union-attr]


def test_what_fails_before_the_commit_leaves_the_old_state(
    state: WitnessState, tmp_path: Path
) -> None:
    """No signature was given out, and the next request is served."""
    advance(state, 0, 5)

    def fail(of: Offer, now: int) -> list[Signature]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        state.advance(offer(5, 9), lambda: NOW, fail)

    assert size(state) == 5
    advance(state, 5, 9)
    assert size(state) == 9


def test_a_state_that_another_process_holds_is_an_error(
    state: WitnessState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while; nothing is half done."""
    state._db.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(tmp_path / "state.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(sqlite3.OperationalError, match="locked"):
        advance(state, 0, 5)

    other.execute("ROLLBACK")
    other.close()
    assert not isinstance(advance(state, 0, 5), Refuse)


def test_a_fork_is_kept_with_what_it_contradicts(state: WitnessState) -> None:
    """Two checkpoints of one size, both signed by the log; kept once."""
    advance(state, 0, 5)
    for old in (5, 0, 5):
        assert isinstance(advance(state, old, 5, FORK), Refuse)

    (kept,) = state.evidence()

    assert (kept.origin, kept.kind, kept.size, kept.time) == (ORIGIN, "fork", 5, NOW)
    held = parse_checkpoint_text(parse_note(kept.held).text)
    offered = parse_checkpoint_text(parse_note(kept.offered).text)
    assert held.size == offered.size == 5
    assert held.root != offered.root == kept.root
    assert size(state) == 5


def test_evidence_is_bounded(
    state: WitnessState, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever replays checkpoints with wrong proofs does not fill the disk."""
    monkeypatch.setattr(_state, "MAX_EVIDENCE", 2)
    advance(state, 0, 5)
    for new in range(6, 11):
        assert isinstance(advance(state, 5, new, FORK), Refuse)
    advance(state, 5, 5, FORK)

    kinds = [each.kind for each in state.evidence()]

    assert kinds == ["unproven", "unproven", "fork"]
