"""Every field of the header has its rule; a violation is named by its path."""

import os
from typing import Any

import pytest

from rogatory.envelope import verify_fields
from rogatory.errors import LimitExceeded, Malformed
from rogatory.v1 import message_pb2
from tests.unit.envelope.wellformed import (
    MESSAGES,
    Change,
    Message,
    copy_of,
    violations_of,
)


def _set(**values: object) -> Change:
    def change(message: Message) -> None:
        for name, value in values.items():
            setattr(message.header, name, value)

    return change


def _seconds(field: str, offset: int) -> Change:
    """Move a time away from the creation time."""

    def change(message: Message) -> None:
        start = message.header.create_time.seconds
        getattr(message.header, field).seconds = start + offset

    return change


def _recipient(**values: str) -> Change:
    def change(message: Message) -> None:
        for name, value in values.items():
            setattr(message.header.recipients[0], name, value)

    return change


def _section(**values: Any) -> Change:  # noqa: ANN401
    def change(message: Message) -> None:
        for name, value in values.items():
            if name == "audience":
                message.header.sections[0].audience[:] = value
            else:
                setattr(message.header.sections[0], name, value)

    return change


def _add_recipient(party: str) -> Change:
    return lambda message: message.header.recipients.add(party=party)


def _capacity(value: message_pb2.Capacity.ValueType) -> Change:
    def change(message: Message) -> None:
        message.header.signatories[0].capacity = value

    return change


def _signatory(**values: str) -> Change:
    def change(message: Message) -> None:
        for name, value in values.items():
            setattr(message.header.signatories[0], name, value)

    return change


def _mandate(party: str, mandate_id: str) -> Change:
    def change(message: Message) -> None:
        message.header.on_behalf_of.party = party
        message.header.on_behalf_of.mandate_id = mandate_id

    return change


def _twice(field: str) -> Change:
    def change(message: Message) -> None:
        repeated = getattr(message.header, field)
        repeated.add().CopyFrom(repeated[0])

    return change


def _clear(field: str) -> Change:
    return lambda message: message.header.ClearField(field)  # type: ignore[arg-type]


YEAR = 365 * 24 * 3600
LONG = "a" * 64
STRANGE_NAMES = ["", "A", "a b", "-a", "a-", "a/b", "a_b", "ä", "a\n", LONG]

HEADER: dict[str, tuple[str, Change]] = {
    "no origin": ("header.origin", _set(origin="")),
    "an origin with a plus": ("header.origin", _set(origin="a+b")),
    "an origin with a space": ("header.origin", _set(origin="a b")),
    "an origin with a line end": ("header.origin", _set(origin="a\n")),
    "an origin of 256 bytes": ("header.origin", _set(origin="a" * 256)),
    "an origin outside ASCII": ("header.origin", _set(origin="한")),
    "no message id": ("header.message_id", _set(message_id="")),
    "an upper-case id": (
        "header.message_id",
        _set(message_id="017F22E2-79B0-7CC3-98C4-DC0C0C07398F"),
    ),
    "no exchange id": ("header.exchange_id", _set(exchange_id="")),
    "an exchange id of version 4": (
        "header.exchange_id",
        _set(exchange_id="017f22e2-79b0-4cc3-98c4-dc0c0c07398f"),
    ),
    "a short previous": ("header.previous", _set(previous=b"\1" * 31)),
    "a long previous": ("header.previous", _set(previous=b"\1" * 33)),
    "an upper-case unit": ("header.unit", _set(unit="Unit")),
    "a mandate of nobody": ("header.on_behalf_of.party", _mandate("", "m")),
    "a mandate without id": ("header.on_behalf_of.mandate_id", _mandate("p", "")),
    "no recipient": ("header.recipients", _clear("recipients")),
    "a recipient without party": ("header.recipients[0].party", _recipient(party="")),
    "a recipient twice": ("header.recipients[1].party", _twice("recipients")),
    "the sender as recipient": (
        "header.recipients[1].party",
        _add_recipient("example-regulator"),
    ),
    "a strange legal entity": (
        "header.recipients[0].legal_entity",
        _recipient(legal_entity="A B"),
    ),
    "a strange service": ("header.recipients[0].service", _recipient(service="?")),
    "no signatory": ("header.signatories", _clear("signatories")),
    "a signatory without party": (
        "header.signatories[0].party",
        _signatory(party=""),
    ),
    "a signatory without id": (
        "header.signatories[0].signer_id",
        _signatory(signer_id=""),
    ),
    "a signatory without capacity": (
        "header.signatories[0].capacity",
        _capacity(message_pb2.CAPACITY_UNSPECIFIED),
    ),
    "a signatory twice": ("header.signatories[1]", _twice("signatories")),
    "no creation time": ("header.create_time", _clear("create_time")),
    "created before 2000": ("header.create_time", _seconds("create_time", -60 * YEAR)),
    "created after 2999": ("header.create_time", _seconds("create_time", 2000 * YEAR)),
    "no expiry time": ("header.expire_time", _clear("expire_time")),
    "expires when created": ("header.expire_time", _seconds("expire_time", 0)),
    "expires before created": ("header.expire_time", _seconds("expire_time", -1)),
    "expires after 30 days": (
        "header.expire_time",
        _seconds("expire_time", 30 * 24 * 3600 + 1),
    ),
    "no nonce": ("header.nonce", _set(nonce=b"")),
    "a nonce of 15 bytes": ("header.nonce", _set(nonce=b"\1" * 15)),
    "a nonce of 17 bytes": ("header.nonce", _set(nonce=b"\1" * 17)),
    "no language": ("header.language", _set(language="")),
    "a language that is none": ("header.language", _set(language="Korean!")),
    "no profile": ("header.profile.id", _clear("profile")),
    "a section without name": ("header.sections[0].name", _section(name="")),
    "an upper-case section": ("header.sections[0].name", _section(name="Items")),
    "a section name of 33": ("header.sections[0].name", _section(name="a" * 33)),
    "a section name twice": ("header.sections[2].name", _twice("sections")),
    "an audience out of order": (
        "header.sections[0].audience",
        _section(audience=["example-regulator", "example-messenger"]),
    ),
    "an audience without the sender": (
        "header.sections[0].audience",
        _section(audience=["example-messenger"]),
    ),
    "an audience beyond the recipients": (
        "header.sections[0].audience",
        _section(audience=["example-police", "example-regulator"]),
    ),
    "nobody in the audience": ("header.sections[0].audience", _section(audience=[])),
    "a party twice in the audience": (
        "header.sections[0].audience",
        _section(audience=["example-regulator", "example-regulator"]),
    ),
    "a size of no padding": ("header.sections[0].size", _section(size=1025)),
    "a size of nothing": ("header.sections[0].size", _section(size=0)),
    "a size of 2 MiB": ("header.sections[0].size", _section(size=2 << 20)),
    "a short commitment": (
        "header.sections[0].commitment",
        _section(commitment=b"\1" * 31),
    ),
}


@pytest.mark.parametrize("name", HEADER)
def test_a_violation_of_the_header_is_named_by_its_path(name: str) -> None:
    """Whoever corrects the message is told where, and only what is wrong."""
    path, change = HEADER[name]
    message = copy_of("removal_request")
    change(message)

    violations = violations_of(message)

    assert next(iter(violations)) == path


@pytest.mark.parametrize("name", STRANGE_NAMES)
def test_what_cannot_be_a_party(name: str) -> None:
    """Ids are lower-case names that need no escaping anywhere."""
    message = copy_of("removal_request")
    message.header.sender = name

    assert "header.sender" in violations_of(message)


@pytest.mark.parametrize("tag", ["en", "ko", "ko-KR", "zh-Hant-TW", "sr-Latn", "gsw"])
def test_language_tags_of_bcp_47(tag: str) -> None:
    """The usual forms of a language tag pass."""
    message = copy_of("removal_request")
    message.header.language = tag

    verify_fields(message)


@pytest.mark.parametrize("size", [1024 << n for n in range(11)])
def test_every_padded_size_is_a_section_size(size: int) -> None:
    """1, 2, 4 … 1024 KiB, as padding makes them."""
    message = copy_of("removal_request")
    message.header.sections[0].size = size

    verify_fields(message)


def test_exactly_30_days_are_allowed() -> None:
    """The longest lifetime is that of the rule."""
    message = copy_of("removal_request")
    _seconds("expire_time", 30 * 24 * 3600)(message)

    verify_fields(message)


def test_nanoseconds_beyond_a_second_are_no_time() -> None:
    """A timestamp that protobuf itself would not write is refused."""
    for nanos in (-1, 1_000_000_000):
        message = copy_of("removal_request")
        message.header.create_time.nanos = nanos

        assert "header.create_time" in violations_of(message)


def test_a_message_without_a_header() -> None:
    """Nothing is said by nobody."""
    message = copy_of("removal_request")
    message.ClearField("header")

    assert violations_of(message) == {"header": "required"}


def test_a_message_without_a_body() -> None:
    """A header alone is malformed, not a list of violations."""
    with pytest.raises(Malformed):
        verify_fields(Message(header=MESSAGES["removal_request"].message.header))


HEADER_LIMITS: dict[str, tuple[int, Change]] = {
    "recipients": (8, lambda m: m.header.recipients.add(party=_fresh())),
    "signatories": (
        8,
        lambda m: m.header.signatories.add(
            party="p", signer_id=_fresh(), capacity=message_pb2.CAPACITY_ISSUER
        ),
    ),
    "sections": (
        16,
        lambda m: m.header.sections.add(
            name=_fresh()[:32].replace("-", "_"),
            audience=["example-regulator"],
            size=1024,
            commitment=b"\1" * 32,
        ),
    ),
}


def _fresh() -> str:
    return os.urandom(16).hex()


@pytest.mark.parametrize("field", HEADER_LIMITS)
def test_the_header_s_lists_have_limits(field: str) -> None:
    """Eight recipients, eight signatories, sixteen sections."""
    limit, add = HEADER_LIMITS[field]
    message = copy_of("removal_request")
    while len(getattr(message.header, field)) < limit:
        add(message)
    verify_fields(message)

    add(message)
    with pytest.raises(LimitExceeded) as caught:
        verify_fields(message)

    assert caught.value.thing == f"header.{field}"
    assert caught.value.got == str(limit + 1)
