"""A payload holds nothing that this version does not know, at any depth."""

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from rogatory.envelope import BODY_KINDS, body_of, kind_of, parse_payload
from rogatory.errors import Malformed, NotCanonical, UnknownField
from rogatory.v1 import directory_pb2, message_pb2, removal_pb2
from tests.support import wire

MORE = wire.lump(100, b"more")


def _paths(
    descriptor: Descriptor, path: tuple[FieldDescriptor, ...] = ()
) -> Iterator[tuple[FieldDescriptor, ...]]:
    """Yield the way to every message that can be inside another."""
    yield path
    for field in descriptor.fields:
        if field.message_type is not None:
            yield from _paths(field.message_type, (*path, field))


def _wrapped(path: tuple[FieldDescriptor, ...], content: bytes) -> bytes:
    for field in reversed(path):
        content = wire.lump(field.number, content)
    return content


def _name(path: tuple[FieldDescriptor, ...]) -> str:
    return ".".join(field.name for field in path) or "message"


MESSAGES = {_name(path): path for path in _paths(message_pb2.Message.DESCRIPTOR)}
ENUMS = {
    f"{_name(path)}.{field.name}": (path, field)
    for path in MESSAGES.values()
    for field in (
        path[-1].message_type.fields  # type: ignore[union-attr]
        if path
        else message_pb2.Message.DESCRIPTOR.fields
    )
    if field.enum_type is not None
}


@pytest.mark.parametrize("name", MESSAGES)
def test_an_unknown_field_is_found_wherever_it_is(name: str) -> None:
    """There is no message in the schema in which a field could hide."""
    raw = _wrapped(MESSAGES[name], MORE)

    with pytest.raises(UnknownField):
        parse_payload(raw, message_pb2.Message, thing="message")


@pytest.mark.parametrize("name", ENUMS)
def test_an_unknown_enum_value_is_found_and_named(name: str) -> None:
    """A value from a later version is refused, and the field is named."""
    path, field = ENUMS[name]
    raw = _wrapped(path, wire.varint(field.number << 3) + wire.varint(12345))

    with pytest.raises(UnknownField) as caught:
        parse_payload(raw, message_pb2.Message, thing="message")

    assert caught.value.thing == f"message.{name}"


def test_an_unknown_value_among_repeated_ones() -> None:
    """Every element of a list is looked at, also in its packed form."""
    packed = wire.lump(4, wire.varint(1) + wire.varint(99))  # signer.capacities
    raw = wire.lump(5, packed)

    with pytest.raises(UnknownField) as caught:
        parse_payload(raw, directory_pb2.DirectoryRecord, thing="record")

    assert caught.value.thing == "record.signer.capacities"


def test_an_unknown_value_in_the_second_of_several() -> None:
    """Each of several messages is looked at."""
    good = wire.lump(2, b"\x10\x01")
    bad = wire.lump(2, b"\x10" + wire.varint(99))

    with pytest.raises(UnknownField) as caught:
        parse_payload(good + bad, removal_pb2.RemovalRequest, thing="body")

    assert caught.value.thing == "body.items.classification"


def test_a_negative_enum_value_is_unknown() -> None:
    """Enum values travel as signed numbers; below zero there is none of ours."""
    raw = b"\x08" + wire.varint(2**64 - 1)

    with pytest.raises(UnknownField):
        parse_payload(raw, removal_pb2.RemovalRequest, thing="body")


@pytest.mark.parametrize("raw", [b"\xff", b"\x0a\x05x", b"\x0a\x01\xff"])
def test_what_is_no_protobuf_of_that_kind_is_malformed(raw: bytes) -> None:
    """Garbage, a cut field, and text that is not UTF-8."""
    with pytest.raises(Malformed) as caught:
        parse_payload(raw, removal_pb2.RemovalItem, thing="item")

    assert caught.value.expected == "a protobuf RemovalItem"


def test_a_field_that_stands_twice_is_refused() -> None:
    """Readers would take the last, or merge the two: nobody may sign both."""
    once = message_pb2.Message(header=message_pb2.Header(origin="a.example/log"))
    twice = once.SerializeToString() + once.SerializeToString()

    with pytest.raises(NotCanonical, match="every field once"):
        parse_payload(twice, message_pb2.Message, thing="message")


def test_bytes_that_say_nothing_are_refused() -> None:
    """A default written out, or a length in more bytes than it needs, hides nothing."""
    header = message_pb2.Header(origin="a.example/log").SerializeToString()
    default_written_out = header + b"\x3a\x00"
    long_length = b"\x0a\x8d\x00" + header[2:]

    for raw in (header + b"\x32\x00", long_length):
        with pytest.raises(NotCanonical):
            parse_payload(raw, message_pb2.Header, thing="header")
    # An empty message is no default: it says that it is there.
    parse_payload(default_written_out, message_pb2.Header, thing="header")


def test_fields_may_stand_in_any_order() -> None:
    """Encoders of other languages write them in other orders."""
    origin = message_pb2.Header(origin="a.example/log").SerializeToString()
    sender = message_pb2.Header(sender="example").SerializeToString()

    read = parse_payload(sender + origin, message_pb2.Header, thing="header")

    assert (read.origin, read.sender) == ("a.example/log", "example")


def test_known_content_is_returned() -> None:
    """What is known, at every depth, is given as it is."""
    request = removal_pb2.RemovalRequest(
        instrument=removal_pb2.REMOVAL_INSTRUMENT_ORDER,
        items=[
            removal_pb2.RemovalItem(
                item_id="a", classification=removal_pb2.CLASSIFICATION_CSAM
            )
        ],
    )

    raw = request.SerializeToString()

    assert parse_payload(raw, removal_pb2.RemovalRequest, thing="body") == request


def test_every_kind_of_body_is_found_by_its_name() -> None:
    """`kind_of` and `body_of` know every kind of the schema."""
    for kind in BODY_KINDS:
        message = message_pb2.Message()
        getattr(message, kind).SetInParent()

        assert kind_of(message) == kind
        assert body_of(message) is getattr(message, kind)


def test_a_message_without_a_body_has_no_kind() -> None:
    """Saying nothing is not a message."""
    for ask in (kind_of, body_of):
        with pytest.raises(Malformed, match="one of the kinds"):
            ask(message_pb2.Message())


def test_the_kinds_are_frozen() -> None:
    """A new kind of message is a decision, with its rules, profile and lifecycle."""
    assert BODY_KINDS == (
        "removal_request",
        "removal_report",
        "clarification_request",
        "clarification_response",
        "disclosure_request",
        "disclosure_report",
        "delivery_receipt",
        "submission_refusal",
    )
