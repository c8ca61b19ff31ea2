"""Payloads that are well formed, and payloads that are not."""

from collections.abc import Callable
from typing import TypeAlias

from rogatory.v1 import message_pb2
from tests.vectors.examples.common import ASKS, UNIX, Json, field

Change: TypeAlias = Callable[[message_pb2.Message], object]

CHANGES: dict[str, tuple[str, str, Change]] = {
    "upper_case_id_fail": (
        "the message id in capitals",
        "FIELD_INVALID",
        lambda m: setattr(m.header, "message_id", m.header.message_id.upper()),
    ),
    "uuid_v4_fail": (
        "an exchange id of another version",
        "FIELD_INVALID",
        lambda m: setattr(m.header, "exchange_id", V4),
    ),
    "origin_with_plus_fail": (
        "an origin that could not name a key",
        "FIELD_INVALID",
        lambda m: setattr(m.header, "origin", "gateway.example/a+b"),
    ),
    "to_itself_fail": (
        "the sender among the recipients",
        "FIELD_INVALID",
        lambda m: m.header.recipients.add(party=ASKS),
    ),
    "nine_recipients_fail": (
        "one recipient too many",
        "LIMIT_EXCEEDED",
        lambda m: [m.header.recipients.add(party=f"xx-{n}") for n in range(8)],
    ),
    "signatory_twice_fail": (
        "one person in two capacities",
        "FIELD_INVALID",
        lambda m: m.header.signatories.add(
            party=ASKS, signer_id="clerk-1", capacity=message_pb2.CAPACITY_VALIDATOR
        ),
    ),
    "lifetime_fail": (
        "a second more than 30 days",
        "FIELD_INVALID",
        lambda m: m.header.expire_time.FromSeconds(UNIX + 30 * 86_400 + 1),
    ),
    "short_nonce_fail": (
        "a nonce of 15 bytes",
        "FIELD_INVALID",
        lambda m: setattr(m.header, "nonce", bytes(15)),
    ),
    "audience_fail": (
        "an audience without the sender",
        "FIELD_INVALID",
        lambda m: m.header.sections[0].audience.pop(),
    ),
    "section_size_fail": (
        "a size that no padding gives",
        "FIELD_INVALID",
        lambda m: setattr(m.header.sections[0], "size", 1000),
    ),
    "item_twice_fail": (
        "an item id twice",
        "FIELD_INVALID",
        lambda m: m.removal_request.items.append(m.removal_request.items[0]),
    ),
    "unspecified_fail": (
        "an enum left at 0",
        "FIELD_INVALID",
        lambda m: setattr(m.removal_request, "instrument", 0),
    ),
    "no_body_fail": (
        "a header alone",
        "MALFORMED",
        lambda m: m.ClearField("removal_request"),
    ),
}
V4 = "01939a3c-7c00-4000-8000-000000000001"


def make_payloads(request: message_pb2.Message) -> Json:
    """Return payloads with the outcome of everything that needs no directory."""
    whole = request.SerializeToString(deterministic=True)
    just_header = request.header.SerializeToString(deterministic=True)
    head = message_pb2.Message(header=request.header).SerializeToString()
    body = message_pb2.Message(
        removal_request=request.removal_request
    ).SerializeToString()
    assert head + body == whole
    prefix = head[: len(head) - len(just_header)]
    unknown = "UNKNOWN_FIELD"
    rows = [
        ("request", "as in messages.json", "OK", whole),
        (
            "body_first",
            "fields in another order: a payload has no one form",
            "OK",
            body + head,
        ),
        (
            "unknown_field_fail",
            "field 9 of the message",
            unknown,
            whole + field(9, b"x"),
        ),
        (
            "unknown_header_field_fail",
            "field 18 of the header",
            unknown,
            _message_of(prefix, just_header + b"\x92\x01\x01x") + body,
        ),
        (
            "unknown_enum_fail",
            "classification 99",
            unknown,
            head + field(10, b"\x08\x02" + field(2, field(1, b"item-1") + b"\x10\x63")),
        ),
        ("cut_fail", "the last byte is missing", "MALFORMED", whole[:-1]),
        ("empty_fail", "no bytes at all", "FIELD_INVALID", b""),
    ]
    for case, (why, result, change) in CHANGES.items():
        changed = message_pb2.Message.FromString(whole)
        change(changed)
        rows.append((case, why, result, changed.SerializeToString(deterministic=True)))
    return [
        {"case": case, "why": why, "result": result, "payload": raw.hex()}
        for case, why, result, raw in rows
    ]


def _message_of(prefix: bytes, header_bytes: bytes) -> bytes:
    """Return field 1 with other content, whose length still takes two bytes."""
    assert len(prefix) == 3
    size = len(header_bytes)
    return bytes([prefix[0], size & 0x7F | 0x80, size >> 7]) + header_bytes
