"""Who opens an exchange, and who may say what to whom in it."""

from collections.abc import Callable

import pytest

from rogatory.directory import apply_statement, build_statement
from rogatory.errors import (
    ExchangeUnknown,
    FieldInvalid,
    NotAParticipant,
    PartyKindNotAllowed,
    PreviousUnknown,
    RecipientInvalid,
    RogatoryError,
    TransitionNotAllowed,
)
from rogatory.v1 import directory_pb2, message_pb2, refusal_pb2
from rogatory_gateway.dev.parties import (
    AUDITOR,
    MESSENGER,
    OPERATOR,
    POLICE,
    REGULATOR,
)
from tests.support.messages import (
    CLERK,
    COUNSEL,
    OFFICER,
    VIDEO_COUNSEL,
    Signed,
)
from tests.support.platforms import VIDEO
from tests.unit.lifecycle.exchanges import (
    FILE,
    OFFICE,
    Exchange,
    asked,
    disclosure,
    removal,
)

Change = Callable[[message_pb2.Message], None]


def _header(**values: object) -> Change:
    def change(message: message_pb2.Message) -> None:
        for name, value in values.items():
            setattr(message.header, name, value)

    return change


# --- opening -------------------------------------------------------------------------


def test_a_request_opens_an_exchange() -> None:
    """Who asked, who was asked, under what, and every part pending."""
    exchange = Exchange()
    request = OFFICE.removal_request(2, to=[MESSENGER, POLICE])

    state = exchange.says(request)

    assert (state.requester, state.addressee) == (REGULATOR, MESSENGER)
    assert state.participants == {REGULATOR, MESSENGER, POLICE}
    assert (state.kind, state.profile_id) == ("removal_request", "KR.CORRECTION")
    assert (state.test, state.emergency) == (True, False)
    assert {i: p.state for i, p in state.parts.items()} == {
        "item-1": "pending",
        "item-2": "pending",
    }


def _to(party: str) -> Signed:
    return OFFICE.removal_request(to=[party], sections={})


OPENINGS: dict[str, tuple[type[RogatoryError], Callable[[], Signed]]] = {
    "with a previous": (
        PreviousUnknown,
        lambda: OFFICE.removal_request(previous=b"\1" * 32),
    ),
    "by a platform": (
        PartyKindNotAllowed,
        lambda: OFFICE.removal_request(who=[VIDEO_COUNSEL], sections={}),
    ),
    "to an authority": (RecipientInvalid, lambda: _to(POLICE)),
    "to an auditor": (RecipientInvalid, lambda: _to(AUDITOR)),
    "to the operator": (
        RecipientInvalid,
        lambda: _to(OPERATOR),
    ),
    "to nobody": (
        RecipientInvalid,
        lambda: _to("example-nobody"),
    ),
    "with nobody in copy": (
        RecipientInvalid,
        lambda: OFFICE.removal_request(to=[MESSENGER, "example-nobody"]),
    ),
    "to another legal entity": (
        RecipientInvalid,
        lambda: OFFICE.removal_request(change=_entity("messenger-moon", "")),
    ),
    "to another service": (
        RecipientInvalid,
        lambda: OFFICE.removal_request(change=_entity("messenger-eu", "maps")),
    ),
}


def _entity(legal_entity: str, service: str) -> Change:
    def change(message: message_pb2.Message) -> None:
        message.header.recipients[0].legal_entity = legal_entity
        message.header.recipients[0].service = service

    return change


@pytest.mark.parametrize("name", OPENINGS)
def test_an_exchange_that_is_not_opened(name: str) -> None:
    """An authority asks a platform; anything else is no request."""
    error, request = OPENINGS[name]

    with pytest.raises(error):
        Exchange().says(request())


def test_a_legal_entity_with_its_service_is_addressed() -> None:
    """What the directory lists can be addressed."""
    request = OFFICE.removal_request(change=_entity("messenger-eu", "chat"))

    assert Exchange().says(request).addressee == MESSENGER


def test_an_exchange_is_opened_once() -> None:
    """An id in use is not a new exchange, for whomever and whatever."""
    exchange = removal()
    again = OFFICE.removal_request(exchange_id=exchange.first.exchange_id)
    other = OFFICE.disclosure_request(exchange_id=exchange.first.exchange_id)

    for request in (again, other):
        with pytest.raises(TransitionNotAllowed, match="new exchange id"):
            exchange.says(request)


FOLLOW_UPS: dict[str, Callable[[Signed], Signed]] = {
    "removal_report": lambda s: OFFICE.removal_report(s, {"item-1": "REMOVED"}),
    "clarification_request": lambda s: OFFICE.clarification_request(
        s, ["item-1"], sections={}
    ),
    "clarification_response": lambda s: OFFICE.clarification_response(s, ["item-1"]),
    "disclosure_report": lambda s: OFFICE.disclosure_report(s, {"task-1": "NO_DATA"}),
    "delivery_receipt": lambda s: OFFICE.delivery_receipt(s, {FILE: "INTEGRITY_OK"}),
}


@pytest.mark.parametrize("kind", FOLLOW_UPS)
def test_nothing_but_a_request_opens_an_exchange(kind: str) -> None:
    """An answer to nothing is told that the exchange does not exist."""
    with pytest.raises(ExchangeUnknown):
        Exchange().says(FOLLOW_UPS[kind](removal().first))


def test_a_party_does_not_speak_for_the_gateway() -> None:
    """Refusals are the gateway's own words, in a new exchange or an old one."""
    exchange = removal()
    refusal = OFFICE.message(
        refusal_pb2.SubmissionRefusal(refused_digest=b"\1" * 32, reason="STALE"),
        who=[COUNSEL],
        to=[REGULATOR],
        profile="KR.CORRECTION",
    )

    for each in (exchange, Exchange()):
        with pytest.raises(PartyKindNotAllowed, match="the gateway itself"):
            each.says(refusal)


# --- who answers whom ----------------------------------------------------------------

WRONG_FAMILY = {
    "removal_report": disclosure,
    "disclosure_report": removal,
    "delivery_receipt": removal,
}


@pytest.mark.parametrize("kind", WRONG_FAMILY)
def test_an_answer_of_the_other_family(kind: str) -> None:
    """A removal is not answered with data, nor a data request with a removal."""
    exchange = WRONG_FAMILY[kind]()

    with pytest.raises(TransitionNotAllowed, match="opened by"):
        exchange.says(FOLLOW_UPS[kind](exchange.first))


ADDRESSEE_SAYS = ["removal_report", "clarification_request"]


@pytest.mark.parametrize("kind", ADDRESSEE_SAYS)
def test_only_who_was_asked_answers(kind: str) -> None:
    """The requester does not report on its own request."""
    exchange = removal()
    signed = _resaid(FOLLOW_UPS[kind](exchange.first), CLERK, MESSENGER)

    with pytest.raises(PartyKindNotAllowed, match="the platform that was asked"):
        exchange.says(signed)


def test_only_who_asked_answers_questions() -> None:
    """The platform does not clarify for the authority."""
    exchange = asked(removal(), "item-1")
    signed = _resaid(
        OFFICE.clarification_response(exchange.newest, ["item-1"]), COUNSEL, REGULATOR
    )

    with pytest.raises(PartyKindNotAllowed, match="the requester"):
        exchange.says(signed)


def _resaid(
    signed: Signed, who: tuple[str, str, message_pb2.Capacity.ValueType], to: str
) -> Signed:
    """Let somebody else say the same."""
    message = signed.message
    message.header.sender = who[0]
    message.header.recipients[0].party = to
    signatory = message.header.signatories[0]
    signatory.party, signatory.signer_id, signatory.capacity = who
    message.header.ClearField("sections")
    return OFFICE.sign(message, [OFFICE.key(who)])


@pytest.mark.parametrize("who", [VIDEO_COUNSEL, OFFICER])
def test_who_has_no_part_in_an_exchange_says_nothing_in_it(
    who: tuple[str, str, message_pb2.Capacity.ValueType],
) -> None:
    """A stranger is told so, whatever the message would have been."""
    exchange = removal()

    for say in FOLLOW_UPS.values():
        signed = _resaid(say(exchange.first), who, REGULATOR)
        with pytest.raises(NotAParticipant):
            exchange.says(signed)


def test_who_is_in_copy_takes_part_and_may_still_not_answer() -> None:
    """A copy informs; it gives no say."""
    exchange = Exchange()
    exchange.says(OFFICE.removal_request(to=[MESSENGER, VIDEO], sections={}))

    with pytest.raises(PartyKindNotAllowed):
        exchange.says(
            OFFICE.removal_report(
                exchange.first, {"item-1": "REMOVED"}, who=[VIDEO_COUNSEL]
            )
        )


@pytest.mark.parametrize("to", [POLICE, VIDEO])
def test_an_answer_goes_to_the_other_side(to: str) -> None:
    """The addressee of an answer is who asked, not somebody else of the directory."""
    exchange = removal()

    with pytest.raises(RecipientInvalid, match="the other side"):
        exchange.says(
            OFFICE.removal_report(
                exchange.first, {"item-1": "REMOVED"}, to=[to, REGULATOR]
            )
        )


def test_who_is_copied_in_takes_part_from_then_on() -> None:
    """The participants are those of all messages so far."""
    exchange = removal()

    state = exchange.says(
        OFFICE.removal_report(
            exchange.first, {"item-1": "REMOVED"}, to=[REGULATOR, POLICE]
        )
    )

    assert state.participants == {REGULATOR, MESSENGER, POLICE}


TERMS: dict[str, Change] = {
    "header.test": _header(test=False),
    "header.emergency": _header(emergency=True),
    "header.profile": lambda message: setattr(
        message.header.profile, "digest", b"\1" * 32
    ),
}


@pytest.mark.parametrize("field", TERMS)
def test_an_exchange_keeps_its_terms(field: str) -> None:
    """Test stays test, and a request is answered under its own legal basis."""
    exchange = removal()

    with pytest.raises(FieldInvalid) as caught:
        exchange.says(
            OFFICE.removal_report(
                exchange.first, {"item-1": "REMOVED"}, change=TERMS[field]
            )
        )

    assert list(caught.value.violations) == [field]


def test_an_exchange_waits_for_a_party_that_is_suspended() -> None:
    """A recipient who is not active receives nothing."""
    record = directory_pb2.DirectoryRecord.FromString(
        OFFICE.directory.records[f"party/{REGULATOR}"]
    )
    record.party.status = directory_pb2.RECORD_STATUS_SUSPENDED
    who = [(OPERATOR, "registrar-1"), (POLICE, "registrar-1")]
    raw = build_statement(
        OFFICE.directory,
        [record],
        create_time=OFFICE.now(),
        signatories=[
            message_pb2.Signatory(
                party=p, signer_id=s, capacity=message_pb2.CAPACITY_REGISTRAR
            )
            for p, s in who
        ],
        keys=[OFFICE.parties[p].signer(s).key for p, s in who],
    )
    exchange = removal()
    exchange.directory = apply_statement(OFFICE.directory, raw, 9)
    report = OFFICE.removal_report(exchange.first, {"item-1": "REMOVED"})

    with pytest.raises(RecipientInvalid, match="an active party"):
        exchange.says(report)
    exchange.directory = OFFICE.directory
    exchange.says(report)
