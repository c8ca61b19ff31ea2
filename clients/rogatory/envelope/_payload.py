"""Payloads: protobuf bytes in which nothing is unknown.

A field or an enum value that this version does not know could change the meaning of a
signed statement, so it is refused at any depth (`UNKNOWN_FIELD`) instead of ignored.
"""

from functools import cache
from typing import Any, TypeAlias, TypeVar

from google.protobuf.descriptor import Descriptor
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as AnyMessage

from rogatory.errors import Malformed, NotCanonical, UnknownField
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    message_pb2,
    refusal_pb2,
    removal_pb2,
)

_M = TypeVar("_M", bound=AnyMessage)

Body: TypeAlias = (
    removal_pb2.RemovalRequest
    | removal_pb2.RemovalReport
    | clarification_pb2.ClarificationRequest
    | clarification_pb2.ClarificationResponse
    | disclosure_pb2.DisclosureRequest
    | disclosure_pb2.DisclosureReport
    | disclosure_pb2.DeliveryReceipt
    | refusal_pb2.SubmissionRefusal
)

BODY_KINDS: tuple[str, ...] = tuple(
    field.name for field in message_pb2.Message.DESCRIPTOR.oneofs_by_name["body"].fields
)
"""Every kind of message, as the schema names its body."""


def parse_payload(raw: bytes, kind: type[_M], *, thing: str) -> _M:
    """Parse protobuf bytes in which every field and enum value is known.

    Args:
        raw: The exact bytes; the caller has limited their size.
        kind: The generated class.
        thing: What it is, for errors.

    Raises:
        Malformed: It is no such message.
        UnknownField: It holds something that this version does not know.
        NotCanonical: It holds a field twice, or bytes that say nothing. The order of
            fields is free: encoders of other languages differ in it.
    """
    message = kind()
    try:
        message.ParseFromString(raw)
    except DecodeError:
        expected = f"a protobuf {kind.DESCRIPTOR.name}"
        raise Malformed(thing, expected=expected) from None
    if has_unknown_fields(message):
        raise UnknownField(thing, expected="only the fields of the schema")
    _refuse_unknown_enums(message, thing)
    if message.ByteSize() != len(raw):
        # A field twice (of which the last one counts), a default written out, a number
        # in more bytes than it needs: two readers could take them for two things.
        raise NotCanonical(thing, expected="every field once, in its shortest form")
    return message


def has_unknown_fields(message: AnyMessage) -> bool:
    """Drop unknown fields at every depth; tell whether there were any."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return message.ByteSize() != size


def kind_of(message: message_pb2.Message) -> str:
    """Return the name of the body's kind.

    Raises:
        Malformed: There is no body.
    """
    kind = message.WhichOneof("body")
    if kind is None:
        raise Malformed("message.body", expected="one of the kinds of the schema")
    return kind


def body_of(message: message_pb2.Message) -> Body:
    """Return the body.

    Raises:
        Malformed: There is none.
    """
    body: Body = getattr(message, kind_of(message))
    return body


@cache
def _fields_to_walk(
    descriptor: Descriptor,
) -> tuple[tuple[str, bool, frozenset[int] | None], ...]:
    """Return (name, repeated, enum numbers or None: look inside) of fields to check."""
    found: list[tuple[str, bool, frozenset[int] | None]] = []
    for field in descriptor.fields:
        if field.enum_type is not None:
            numbers = frozenset(value.number for value in field.enum_type.values)
            found.append((field.name, field.is_repeated, numbers))
        elif field.message_type is not None and _holds_enums(field.message_type):
            found.append((field.name, field.is_repeated, None))
    return tuple(found)


@cache
def _holds_enums(descriptor: Descriptor) -> bool:
    return any(
        field.enum_type is not None
        or (field.message_type is not None and _holds_enums(field.message_type))
        for field in descriptor.fields
    )


def _refuse_unknown_enums(message: AnyMessage, thing: str) -> None:
    for name, repeated, numbers in _fields_to_walk(message.DESCRIPTOR):
        value: Any = getattr(message, name)
        path = f"{thing}.{name}"
        if numbers is None:
            there = value if repeated else (value,) if message.HasField(name) else ()
            for child in there:
                _refuse_unknown_enums(child, path)
        elif not numbers.issuperset(value if repeated else (value,)):
            raise UnknownField(path, expected="a value of the schema")
