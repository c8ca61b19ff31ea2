"""Properties of exchanges: who is late, and what can never happen to a part."""

from dataclasses import replace
from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rogatory.envelope import VerifiedMessage, parse_envelope
from rogatory.errors import RogatoryError, Stale, TransitionNotAllowed
from rogatory.lifecycle import CLARIFICATION, PENDING, ExchangeState, advance
from rogatory.v1 import exchange_service_pb2
from rogatory_gateway.store.states import decode_state, encode_state
from tests.support.messages import Office, Signed

patient = settings(deadline=None)
"""A busy machine is no reason to fail."""

OFFICE = Office()
ITEMS = [f"item-{n}" for n in range(1, 9)]
OUTCOMES = ["REMOVED", "ALREADY_GONE", "NOT_FOUND", "REFUSED"]
REQUEST = OFFICE.removal_request(len(ITEMS), sections={})

item_sets = st.sets(st.sampled_from(ITEMS), min_size=1)
outcomes = st.sampled_from(OUTCOMES)


@cache
def _opened() -> ExchangeState:
    return advance(None, OFFICE.verified(REQUEST), OFFICE.directory)


def _advanced(state: ExchangeState, signed: Signed) -> ExchangeState:
    return advance(state, _taken_as_verified(signed), OFFICE.directory)


def _taken_as_verified(signed: Signed) -> VerifiedMessage:
    """Skip the signature, which has tests of its own and takes most of the time."""
    kind = signed.message.WhichOneof("body")
    assert kind is not None
    return VerifiedMessage(parse_envelope(signed.envelope), signed.message, kind)


@patient
@given(item_sets, item_sets, outcomes, outcomes)
def test_two_reports_on_one_history_pass_exactly_if_they_share_no_item(
    one: set[str], other: set[str], first: str, second: str
) -> None:
    """Disjoint reports pass in either order; overlapping ones leave the later stale."""
    reports = [
        OFFICE.removal_report(REQUEST, dict.fromkeys(sorted(one), first)),
        OFFICE.removal_report(REQUEST, dict.fromkeys(sorted(other), second)),
    ]
    for early, late in (reports, reports[::-1]):
        state = _advanced(_opened(), early)
        try:
            state = _advanced(state, late)
        except Stale:
            assert one & other
            continue
        assert not one & other
        closed = {i for i in ITEMS if not state.is_open(i)}
        assert closed == one | other


@patient
@given(item_sets, item_sets)
def test_who_has_seen_the_first_report_is_never_stale(
    one: set[str], other: set[str]
) -> None:
    """With the newest message as previous, an overlap is a contradiction instead."""
    first = OFFICE.removal_report(REQUEST, dict.fromkeys(sorted(one), "REMOVED"))
    second = OFFICE.removal_report(first, dict.fromkeys(sorted(other), "NOT_FOUND"))
    state = _advanced(_opened(), first)

    try:
        _advanced(state, second)
    except TransitionNotAllowed:
        assert one & other
        return
    assert not one & other


@patient
@given(item_sets, item_sets)
def test_a_question_and_a_report_meet_only_on_shared_items(
    asked: set[str], reported: set[str]
) -> None:
    """A question bears on its own items only."""
    question = OFFICE.clarification_request(REQUEST, sorted(asked), sections={})
    report = OFFICE.removal_report(REQUEST, dict.fromkeys(sorted(reported), "REMOVED"))
    state = _advanced(_opened(), question)

    try:
        state = _advanced(state, report)
    except Stale:
        assert asked & reported
        return
    assert not asked & reported
    assert {i for i in ITEMS if state.parts[i].state == CLARIFICATION} == asked


class ExchangeMachine(RuleBasedStateMachine):
    """Platform and authority write at random, on any message they may have seen."""

    def __init__(self) -> None:
        super().__init__()
        self.state = _opened()
        self.said = [REQUEST]
        self.final: dict[str, str] = {}

    def _say(self, signed: Signed) -> None:
        before = self.state
        try:
            self.state = _advanced(before, signed)
        except (Stale, TransitionNotAllowed):
            assert self.state is before
            return
        self.said.append(signed)

    @rule(ids=item_sets, outcome=outcomes, seen=st.floats(0, 1))
    def report(self, ids: set[str], outcome: str, seen: float) -> None:
        self._say(
            OFFICE.removal_report(self._seen(seen), dict.fromkeys(sorted(ids), outcome))
        )

    @rule(ids=item_sets, seen=st.floats(0, 1))
    def question(self, ids: set[str], seen: float) -> None:
        self._say(
            OFFICE.clarification_request(self._seen(seen), sorted(ids), sections={})
        )

    @precondition(lambda self: self._in_question())
    @rule(seen=st.floats(0, 1), data=st.data())
    def answer(self, seen: float, data: st.DataObject) -> None:
        ids = data.draw(st.sets(st.sampled_from(self._in_question()), min_size=1))
        self._say(OFFICE.clarification_response(self._seen(seen), sorted(ids)))

    def _seen(self, share: float) -> Signed:
        return self.said[round(share * (len(self.said) - 1))]

    def _in_question(self) -> list[str]:
        return [i for i in ITEMS if self.state.parts[i].state == CLARIFICATION]

    @invariant()
    def outcomes_stand(self) -> None:
        """What was decided once is never anything else."""
        for part_id, outcome in self.final.items():
            assert self.state.parts[part_id].state == outcome
        self.final = {
            i: p.state for i, p in self.state.parts.items() if not self.state.is_open(i)
        }

    @invariant()
    def history_is_kept(self) -> None:
        """The digests are those of what was said, in order."""
        assert self.state.digests == tuple(s.digest for s in self.said)
        assert self.state.version == len(self.said)

    @invariant()
    def parts_are_those_of_the_request(self) -> None:
        """None is added, none is lost, and their order stays."""
        assert list(self.state.parts) == ITEMS

    @invariant()
    def the_whole_follows_from_the_parts(self) -> None:
        """Derived, so never at odds."""
        states = [p.state for p in self.state.parts.values()]
        answered = PENDING not in states and CLARIFICATION not in states
        is_answered = self.state.state == exchange_service_pb2.EXCHANGE_STATE_ANSWERED
        assert is_answered == answered

    @invariant()
    def storing_changes_nothing(self) -> None:
        """The gateway reads back what it stored."""
        stored = decode_state(encode_state(self.state))
        assert replace(stored, parts=dict(stored.parts)) == replace(
            self.state, parts=dict(self.state.parts)
        )


ExchangeMachine.TestCase.settings = settings(
    patient, max_examples=30, stateful_step_count=12
)
TestExchange = ExchangeMachine.TestCase


@patient
@given(st.lists(st.tuples(item_sets, outcomes), max_size=4))
def test_replaying_gives_the_same_state(steps: list[tuple[set[str], str]]) -> None:
    """Gateway, client and auditor compute one state from one list of messages."""
    said: list[Signed] = []
    state = _opened()
    for ids, outcome in steps:
        before = said[-1] if said else REQUEST
        signed = OFFICE.removal_report(before, dict.fromkeys(sorted(ids), outcome))
        try:
            state = _advanced(state, signed)
        except RogatoryError:
            continue
        said.append(signed)

    again = _opened()
    for signed in said:
        again = _advanced(again, signed)

    assert again == state
