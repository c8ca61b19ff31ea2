"""Every field of every body has its rule; a violation is named by its path."""

import os

import pytest

from rogatory.envelope import verify_fields
from rogatory.errors import FieldInvalid, LimitExceeded
from rogatory.v1 import disclosure_pb2
from tests.unit.envelope.wellformed import (
    MESSAGES,
    Change,
    Message,
    copy_of,
    violations_of,
)


@pytest.mark.parametrize("kind", MESSAGES)
def test_a_message_of_each_kind_in_order_has_no_violation(kind: str) -> None:
    """What our own clients write is well formed."""
    verify_fields(copy_of(kind))


def _body(kind: str, path: str, value: object) -> Change:
    """Set a field of the body: `items[0].item_id`, say."""

    def change(message: Message) -> None:
        owner = getattr(message, kind)
        *steps, last = path.replace("[0]", ".0").split(".")
        for step in steps:
            owner = owner[0] if step == "0" else getattr(owner, step)
        setattr(owner, last, value)

    return change


def _body_twice(kind: str, field: str) -> Change:
    def change(message: Message) -> None:
        repeated = getattr(getattr(message, kind), field)
        repeated.append(repeated[0])

    return change


def _body_empty(kind: str, field: str) -> Change:
    return lambda message: getattr(message, kind).ClearField(field)


def _no_act_time(kind: str) -> Change:
    return lambda message: getattr(message, kind).results[0].ClearField("act_time")


def _secrecy(
    mode: disclosure_pb2.ConfidentialityMode.ValueType, seconds: int
) -> Change:
    def change(message: Message) -> None:
        secrecy = message.disclosure_request.confidentiality
        secrecy.mode = mode
        secrecy.expire_time.seconds = seconds

    return change


COURT = disclosure_pb2.CONFIDENTIALITY_MODE_COURT_ORDER
RR, RP = "removal_request", "removal_report"
CQ, CA = "clarification_request", "clarification_response"
DQ, DR = "disclosure_request", "disclosure_report"
DELIVERY, REFUSAL = "delivery_receipt", "submission_refusal"

BODIES: dict[str, tuple[str, str, Change]] = {
    "no instrument": (RR, "instrument", _body(RR, "instrument", 0)),
    "no items": (RR, "items", _body_empty(RR, "items")),
    "an item without id": (RR, "items[0].item_id", _body(RR, "items[0].item_id", "")),
    "an item id with a space": (
        RR,
        "items[0].item_id",
        _body(RR, "items[0].item_id", "a b"),
    ),
    "an item id of 65": (
        RR,
        "items[0].item_id",
        _body(RR, "items[0].item_id", "a" * 65),
    ),
    "an item id with a hyphen first": (
        RR,
        "items[0].item_id",
        _body(RR, "items[0].item_id", "-1"),
    ),
    "an item twice": (RR, "items[2].item_id", _body_twice(RR, "items")),
    "an item without classification": (
        RR,
        "items[0].classification",
        _body(RR, "items[0].classification", 0),
    ),
    "a country in lower case": (
        RR,
        "territorial_scope[0]",
        lambda m: m.removal_request.territorial_scope.append("kr"),
    ),
    "no results": (RP, "results", _body_empty(RP, "results")),
    "a result twice": (RP, "results[1].item_id", _body_twice(RP, "results")),
    "a result without outcome": (
        RP,
        "results[0].outcome",
        _body(RP, "results[0].outcome", 0),
    ),
    "a result without time": (RP, "results[0].act_time", _no_act_time(RP)),
    "a result at the beginning of time": (
        RP,
        "results[0].act_time",
        _body(RP, "results[0].act_time.seconds", 0),
    ),
    "no points": (CQ, "points", _body_empty(CQ, "points")),
    "a point twice": (CQ, "points[1].id", _body_twice(CQ, "points")),
    "a point without ground": (
        CQ,
        "points[0].ground",
        _body(CQ, "points[0].ground", 0),
    ),
    "no ids": (CA, "ids", _body_empty(CA, "ids")),
    "an id twice": (CA, "ids[1]", _body_twice(CA, "ids")),
    "no tasks": (DQ, "tasks", _body_empty(DQ, "tasks")),
    "a task twice": (DQ, "tasks[2].task_id", _body_twice(DQ, "tasks")),
    "a task without category": (
        DQ,
        "tasks[0].category",
        _body(DQ, "tasks[0].category", 0),
    ),
    "secrecy without a reason": (
        DQ,
        "confidentiality.mode",
        _secrecy(disclosure_pb2.CONFIDENTIALITY_MODE_UNSPECIFIED, 2_000_000_000),
    ),
    "secrecy without an end": (DQ, "confidentiality.expire_time", _secrecy(COURT, 0)),
    "no disclosure results": (DR, "results", _body_empty(DR, "results")),
    "a disclosure without outcome": (
        DR,
        "results[0].outcome",
        _body(DR, "results[0].outcome", 0),
    ),
    "a disclosure without time": (DR, "results[0].act_time", _no_act_time(DR)),
    "a file with a short name": (
        DR,
        "files[0].sha256",
        _body(DR, "files[0].sha256", b"\1" * 31),
    ),
    "a file twice": (DR, "files", _body_twice(DR, "files")),
    "a file of no bytes": (DR, "files[0].size", _body(DR, "files[0].size", 0)),
    "a receipt for nothing": (DELIVERY, "files", _body_empty(DELIVERY, "files")),
    "a receipt for one file twice": (DELIVERY, "files", _body_twice(DELIVERY, "files")),
    "a receipt without status": (
        DELIVERY,
        "files[0].status",
        _body(DELIVERY, "files[0].status", 0),
    ),
    "a refusal of nothing": (
        REFUSAL,
        "refused_digest",
        _body(REFUSAL, "refused_digest", b""),
    ),
    "a refusal without reason": (REFUSAL, "reason", _body(REFUSAL, "reason", "")),
    "a refusal in words": (REFUSAL, "reason", _body(REFUSAL, "reason", "too late")),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_violation_of_a_body_is_named_by_its_path(name: str) -> None:
    """The path begins with the kind, as the schema names it."""
    kind, path, change = BODIES[name]
    message = copy_of(kind)
    change(message)

    assert list(violations_of(message)) == [f"{kind}.{path}"]


def test_secrecy_in_order() -> None:
    """A reason and an end are all that it needs."""
    message = copy_of(DQ)
    _secrecy(COURT, 2_000_000_000)(message)

    verify_fields(message)


# --- limits --------------------------------------------------------------------------


def _many(kind: str, field: str, count: int) -> Message:
    message = copy_of(kind)
    body = getattr(message, kind)
    first = getattr(body, field)[0]
    body.ClearField(field)
    if isinstance(first, str):
        getattr(body, field).extend(f"i{n}" for n in range(count))
        return message
    key = next(f.name for f in first.DESCRIPTOR.fields if f.name.endswith("id"))
    for n in range(count):
        part = getattr(body, field).add()
        part.CopyFrom(first)
        setattr(part, key, f"i{n}")
    return message


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        (RR, "items"),
        (RP, "results"),
        (CQ, "points"),
        (CA, "ids"),
        (DQ, "tasks"),
        (DR, "results"),
    ],
)
def test_a_thousand_parts_and_not_one_more(kind: str, field: str) -> None:
    """Every list of items or tasks has the same limit, told as a limit."""
    verify_fields(_many(kind, field, 1000))

    with pytest.raises(LimitExceeded) as caught:
        verify_fields(_many(kind, field, 1001))

    assert caught.value.thing == f"{kind}.{field}"
    assert (caught.value.expected, caught.value.got) == ("at most 1000", "1001")


@pytest.mark.parametrize("kind", [DR, DELIVERY])
def test_64_files_and_not_one_more(kind: str) -> None:
    """The files of a message are limited, in the report and in its receipt."""
    message = copy_of(kind)
    files = getattr(message, kind).files
    while len(files) < 64:
        files.append(files[0])
        files[-1].sha256 = os.urandom(32)
    verify_fields(message)

    files.append(files[0])
    with pytest.raises(LimitExceeded):
        verify_fields(message)


def test_fifty_violations_are_named_and_the_rest_counted() -> None:
    """A message that is wrong everywhere does not overflow the answer."""
    message = _many(RR, "items", 1000)
    for item in message.removal_request.items:
        item.item_id = "?"

    with pytest.raises(FieldInvalid) as caught:
        verify_fields(message)

    assert len(caught.value.violations) == 50
    assert str(caught.value).endswith("(and 999 more)")
