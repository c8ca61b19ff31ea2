"""Clock, profile and mandate: whether a message may be said now, and on whose word."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from rogatory.directory import Directory, apply_statement, build_statement
from rogatory.errors import (
    ApprovalMissing,
    ClockSkew,
    Expired,
    FieldInvalid,
    KindNotAllowed,
    NotPermitted,
    PartyKindNotAllowed,
    ProfileUnknown,
    WrongOrigin,
)
from rogatory.lifecycle import verify_permitted, verify_timely
from rogatory.v1 import directory_pb2, message_pb2, refusal_pb2
from rogatory_gateway.dev.parties import MESSENGER, OPERATOR, POLICE, REGULATOR
from rogatory_gateway.dev.workspace import ORIGIN
from tests.support.messages import COUNSEL, Signed
from tests.unit.lifecycle.exchanges import FILE, OFFICE

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
START = int(NOW.timestamp())
Change = Callable[[message_pb2.Message], None]


def _created(before: int = 0, lifetime: int = 3600) -> Change:
    """Create some seconds before now."""

    def change(message: message_pb2.Message) -> None:
        created = START - before
        message.header.create_time.FromSeconds(created)
        message.header.expire_time.FromSeconds(created + lifetime)

    return change


def _timely(signed: Signed, now: datetime = NOW) -> None:
    verify_timely(OFFICE.verified(signed), origin=ORIGIN, now=now)


# --- timely --------------------------------------------------------------------------


@pytest.mark.parametrize("before", [0, 3599, -1, -120])
def test_a_message_for_now(before: int) -> None:
    """Made within its lifetime, or by a clock that is a little ahead."""
    _timely(OFFICE.removal_request(sections={}, change=_created(before)))


@pytest.mark.parametrize("before", [3600, 3601, 100_000])
def test_a_message_that_has_expired(before: int) -> None:
    """At its expiry time a message is late already."""
    with pytest.raises(Expired):
        _timely(OFFICE.removal_request(sections={}, change=_created(before)))


def test_a_message_from_the_future() -> None:
    """A clock more than two minutes ahead is told to be set."""
    signed = OFFICE.removal_request(sections={}, change=_created(-121))

    with pytest.raises(ClockSkew):
        _timely(signed)


def test_a_message_for_another_log() -> None:
    """The refusal names both logs: that is public."""
    signed = OFFICE.removal_request(
        sections={}, change=lambda m: setattr(m.header, "origin", "other.example/log")
    )

    with pytest.raises(WrongOrigin) as caught:
        _timely(signed)

    assert (caught.value.expected, caught.value.got) == (ORIGIN, "other.example/log")


@pytest.mark.parametrize("kind", ["removal", "disclosure"])
def test_an_act_in_the_future(kind: str) -> None:
    """Nobody has acted tomorrow; two minutes are the clocks' tolerance."""

    def at(seconds: int) -> Change:
        def change(message: message_pb2.Message) -> None:
            _created()(message)
            first, second = getattr(message, f"{kind}_report").results
            first.act_time.FromSeconds(START)
            second.act_time.FromSeconds(START + seconds)

        return change

    def report(seconds: int) -> Signed:
        if kind == "removal":
            request = OFFICE.removal_request(sections={})
            outcomes = {"item-1": "REMOVED", "item-2": "REMOVED"}
            return OFFICE.removal_report(request, outcomes, change=at(seconds))
        request = OFFICE.disclosure_request(sections={})
        outcomes = {"task-1": "NO_DATA", "task-2": "NO_DATA"}
        return OFFICE.disclosure_report(request, outcomes, change=at(seconds))

    _timely(report(120))
    with pytest.raises(FieldInvalid) as caught:
        _timely(report(121))

    assert caught.value.violations == {
        f"{kind}_report.results[1].act_time": "not in the future"
    }


# --- permitted -----------------------------------------------------------------------


def _permitted(
    signed: Signed, directory: Directory = OFFICE.directory, at: datetime = NOW
) -> str:
    message = OFFICE.verified(signed)
    return verify_permitted(message, directory, OFFICE.profiles, at=at).id


IN_ORDER: dict[str, Callable[[], Signed]] = {
    "removal_request": OFFICE.removal_request,
    "removal_report": lambda: OFFICE.removal_report(
        OFFICE.removal_request(), {"item-1": "REMOVED"}
    ),
    "clarification_request": lambda: OFFICE.clarification_request(
        OFFICE.removal_request(), ["item-1"]
    ),
    "clarification_response": lambda: OFFICE.clarification_response(
        OFFICE.removal_request(), ["item-1"]
    ),
    "disclosure_request": OFFICE.disclosure_request,
    "disclosure_report": lambda: OFFICE.disclosure_report(
        OFFICE.disclosure_request(), {"task-1": "NO_DATA"}
    ),
    "delivery_receipt": lambda: OFFICE.delivery_receipt(
        OFFICE.disclosure_request(), {FILE: "INTEGRITY_OK"}
    ),
}


@pytest.mark.parametrize("kind", IN_ORDER)
def test_a_message_of_each_kind_is_permitted(kind: str) -> None:
    """What our own parties say is under its profile."""
    signed = IN_ORDER[kind]()

    assert _permitted(signed) == signed.message.header.profile.id


def test_the_gateway_s_own_words_are_under_no_profile() -> None:
    """A party that says them is told whose they are, before any profile is read."""
    signed = OFFICE.message(
        refusal_pb2.SubmissionRefusal(refused_digest=b"\1" * 32, reason="STALE"),
        who=[COUNSEL],
        to=[REGULATOR],
        profile="KR.CORRECTION",
    )

    with pytest.raises(PartyKindNotAllowed, match="the gateway itself"):
        _permitted(signed)


def test_a_profile_before_its_time() -> None:
    """A law that is not in force yet allows nothing."""
    with pytest.raises(ProfileUnknown, match="in force"):
        _permitted(OFFICE.removal_request(), at=datetime(2020, 1, 1, tzinfo=UTC))


def test_an_operator_asks_for_nothing() -> None:
    """Neither operator nor auditor is a sender."""
    registrar = (OPERATOR, "registrar-1", message_pb2.CAPACITY_REGISTRAR)

    with pytest.raises(KindNotAllowed, match="an authority or platform"):
        _permitted(OFFICE.removal_request(who=[registrar], sections={}))


def test_a_person_counts_in_the_capacity_that_was_signed() -> None:
    """A clerk who signs as requester has not issued anything."""
    requester = (REGULATOR, "clerk-1", message_pb2.CAPACITY_REQUESTER)

    with pytest.raises(ApprovalMissing):
        _permitted(OFFICE.removal_request(who=[requester]))


# --- mandates ------------------------------------------------------------------------


def _with_mandate(
    mandatary: str = REGULATOR,
    profile: str = "KR.CORRECTION",
    status: directory_pb2.RecordStatus.ValueType = directory_pb2.RECORD_STATUS_ACTIVE,
) -> Directory:
    """Return a directory in which the police lets somebody act for an hour."""
    mandate = directory_pb2.MandateRecord(
        party=POLICE,
        mandate_id="mandate-1",
        mandatary=mandatary,
        profiles=[profile],
        status=status,
    )
    mandate.start_time.FromSeconds(START)
    mandate.end_time.FromSeconds(START + 3600)
    who = [(POLICE, "registrar-1"), (POLICE, "registrar-2")]
    raw = build_statement(
        OFFICE.directory,
        [directory_pb2.DirectoryRecord(mandate=mandate)],
        create_time=NOW,
        signatories=[
            message_pb2.Signatory(
                party=p, signer_id=s, capacity=message_pb2.CAPACITY_REGISTRAR
            )
            for p, s in who
        ],
        keys=[OFFICE.parties[p].signer(s).key for p, s in who],
    )
    return apply_statement(OFFICE.directory, raw, 3)


def _on_behalf(mandate_id: str = "mandate-1", party: str = POLICE) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.on_behalf_of.party = party
        message.header.on_behalf_of.mandate_id = mandate_id

    return OFFICE.removal_request(change=change)


@pytest.mark.parametrize("seconds", [0, 3599])
def test_a_mandate_covers_its_time(seconds: int) -> None:
    """From its start up to its end."""
    at = NOW + timedelta(seconds=seconds)

    assert _permitted(_on_behalf(), _with_mandate(), at) == "KR.CORRECTION"


@pytest.mark.parametrize("seconds", [-1, 3600])
def test_a_mandate_outside_its_time(seconds: int) -> None:
    """Before and after, there is none."""
    with pytest.raises(NotPermitted):
        _permitted(_on_behalf(), _with_mandate(), NOW + timedelta(seconds=seconds))


SUSPENDED = directory_pb2.RECORD_STATUS_SUSPENDED
UNCOVERED: dict[str, Callable[[], tuple[Signed, Directory]]] = {
    "no mandate at all": lambda: (_on_behalf(), OFFICE.directory),
    "another mandate": lambda: (_on_behalf("mandate-2"), _with_mandate()),
    "given by another party": lambda: (_on_behalf(party=MESSENGER), _with_mandate()),
    "given to another party": lambda: (_on_behalf(), _with_mandate(MESSENGER)),
    "for another profile": lambda: (
        _on_behalf(),
        _with_mandate(profile="XX.SUBSCRIBER"),
    ),
    "suspended": lambda: (_on_behalf(), _with_mandate(status=SUSPENDED)),
}


@pytest.mark.parametrize("name", UNCOVERED)
def test_a_mandate_that_does_not_cover_the_message(name: str) -> None:
    """Who acts for another names the very mandate that says so."""
    signed, directory = UNCOVERED[name]()

    with pytest.raises(NotPermitted, match="on_behalf_of"):
        _permitted(signed, directory)
