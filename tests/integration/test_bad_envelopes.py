"""Envelopes that are not in their one form, or not signed as they say.

Each is submitted over mutual TLS by the party that would have written it, is refused
with its own reason, and leaves not one row behind.
"""

from collections.abc import Callable, Mapping

import grpc
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from rogatory.envelope import (
    DIRECTORY_TYPE,
    MESSAGE_TYPE,
    Envelope,
    SigningKey,
    encode_envelope,
    pae,
    parse_envelope,
    sign_payload,
)
from rogatory.errors import all_errors
from rogatory.v1 import message_pb2
from tests.support import wire
from tests.support.world import CLERK, COUNSEL, OFFICER, Signed, World

CODES = {kind.reason: kind.code for kind in all_errors()}
"""The one table of gRPC codes; its own test freezes it."""

Bad = Callable[[World], Signed]
CASES: dict[str, tuple[str, Bad]] = {}


def _case(name: str, reason: str) -> Callable[[Bad], Bad]:
    def add(build: Bad) -> Bad:
        CASES[name] = (reason, build)
        return build

    return add


def _rewritten(world: World, rewrite: Callable[[Envelope], bytes]) -> Signed:
    """Return a good message whose envelope was written anew."""
    signed = world.removal_request()
    signed.envelope = rewrite(parse_envelope(signed.envelope))
    return signed


def _altered_payload(world: World, alter: Callable[[bytes], bytes]) -> Signed:
    """Return a message whose payload was altered before it was signed."""
    signed = world.removal_request()
    payload = parse_envelope(signed.envelope).payload
    signed.envelope = sign_payload(alter(payload), [world.key(CLERK)])
    return signed


# --- form ----------------------------------------------------------------------------


@_case("nothing at all", "MALFORMED")
def _nothing(world: World) -> Signed:
    return _rewritten(world, lambda _: b"")


@_case("truncated envelope", "MALFORMED")
def _truncated(world: World) -> Signed:
    return _rewritten(world, lambda e: e.raw[:-1])


@_case("truncated payload, well signed", "MALFORMED")
def _truncated_payload(world: World) -> Signed:
    return _altered_payload(world, lambda payload: payload[:-1])


@_case("a payload that is no protobuf", "MALFORMED")
def _no_protobuf(world: World) -> Signed:
    return _altered_payload(world, lambda _: b"\xff" * 40)


@_case("text that is not UTF-8", "MALFORMED")
def _not_utf8(world: World) -> Signed:
    return _altered_payload(
        world, lambda payload: payload.replace(b"item-1", b"item-\xff")
    )


@_case("no body", "MALFORMED")
def _no_body(world: World) -> Signed:
    return world.removal_request(
        change=lambda message: message.ClearField("removal_request")
    )


@_case("a statement of another type", "MALFORMED")
def _other_type(world: World) -> Signed:
    def rewrite(e: Envelope) -> bytes:
        return sign_payload(e.payload, [world.key(CLERK)], payload_type=DIRECTORY_TYPE)

    return _rewritten(world, rewrite)


@_case("unknown field in the envelope", "UNKNOWN_FIELD")
def _unknown_in_envelope(world: World) -> Signed:
    return _rewritten(world, lambda e: e.raw + wire.lump(4, b"more"))


@_case("unknown field in a signature", "UNKNOWN_FIELD")
def _unknown_in_signature(world: World) -> Signed:
    def rewrite(e: Envelope) -> bytes:
        ((key_id, value),) = e.signatures
        more = wire.signature(key_id, value) + wire.lump(3, b"more")
        head = wire.envelope(e.payload, e.payload_type, [])
        return head + wire.lump(wire.SIGNATURES, more)

    return _rewritten(world, rewrite)


@_case("unknown field in the payload", "UNKNOWN_FIELD")
def _unknown_in_payload(world: World) -> Signed:
    return _altered_payload(world, lambda payload: payload + wire.lump(99, b"more"))


@_case("unknown field deep in the payload", "UNKNOWN_FIELD")
def _unknown_deep(world: World) -> Signed:
    item = wire.lump(1, b"item-3") + wire.lump(15, b"more")
    deep = wire.lump(2, item)
    return _altered_payload(world, lambda payload: payload + wire.lump(10, deep))


@_case("unknown enum value deep in the payload", "UNKNOWN_FIELD")
def _unknown_enum(world: World) -> Signed:
    item = wire.lump(1, b"item-3") + b"\x10" + wire.varint(999)
    deep = wire.lump(2, item)
    return _altered_payload(world, lambda payload: payload + wire.lump(10, deep))


@_case("signatures out of order", "NOT_CANONICAL")
def _unsorted(world: World) -> Signed:
    signed = world.disclosure_request()
    e = parse_envelope(signed.envelope)
    signed.envelope = wire.envelope(e.payload, e.payload_type, e.signatures[::-1])
    return signed


@_case("a signature twice", "NOT_CANONICAL")
def _doubled(world: World) -> Signed:
    return _rewritten(
        world,
        lambda e: wire.envelope(e.payload, e.payload_type, e.signatures * 2),
    )


@_case("fields in another order", "NOT_CANONICAL")
def _field_order(world: World) -> Signed:
    def rewrite(e: Envelope) -> bytes:
        signatures = wire.lump(wire.SIGNATURES, wire.signature(*e.signatures[0]))
        return signatures + wire.envelope(e.payload, e.payload_type, [])

    return _rewritten(world, rewrite)


@_case("a length in more bytes than it needs", "NOT_CANONICAL")
def _not_minimal(world: World) -> Signed:
    def rewrite(e: Envelope) -> bytes:
        head = wire.lump(wire.PAYLOAD, e.payload, width=5)
        return head + e.raw[len(wire.lump(wire.PAYLOAD, e.payload)) :]

    return _rewritten(world, rewrite)


@_case("the payload twice", "NOT_CANONICAL")
def _payload_twice(world: World) -> Signed:
    return _rewritten(world, lambda e: wire.lump(wire.PAYLOAD, b"x") + e.raw)


@_case("no signature", "LIMIT_EXCEEDED")
def _unsigned(world: World) -> Signed:
    return _rewritten(world, lambda e: encode_envelope(e.payload, MESSAGE_TYPE, {}))


@_case("nine signatures", "LIMIT_EXCEEDED")
def _nine(world: World) -> Signed:
    keys = [SigningKey.generate() for _ in range(8)]
    return _rewritten(
        world, lambda e: sign_payload(e.payload, [world.key(CLERK), *keys])
    )


# --- signatures ----------------------------------------------------------------------


def _resigned(
    world: World, signatures: Callable[[Envelope], Mapping[bytes, bytes]]
) -> Signed:
    return _rewritten(
        world, lambda e: encode_envelope(e.payload, MESSAGE_TYPE, dict(signatures(e)))
    )


@_case("an altered byte in the payload", "SIGNATURE_INVALID")
def _altered_byte(world: World) -> Signed:
    signed = world.removal_request()
    nonce = signed.message.header.nonce
    altered = bytes([nonce[0] ^ 1]) + nonce[1:]
    assert signed.envelope.count(nonce) == 1
    signed.envelope = signed.envelope.replace(nonce, altered)
    return signed


@_case("a signature over something else", "SIGNATURE_INVALID")
def _over_something_else(world: World) -> Signed:
    key = world.key(CLERK)
    return _resigned(world, lambda _: {key.public.key_id: key.sign(b"another")})


@_case("a signature over the bare payload, without its type", "SIGNATURE_INVALID")
def _without_type(world: World) -> Signed:
    key = world.key(CLERK)
    return _resigned(world, lambda e: {key.public.key_id: key.sign(e.payload)})


@_case("another's signature under the signer's key id", "SIGNATURE_INVALID")
def _under_anothers_id(world: World) -> Signed:
    other = SigningKey.of(ec.generate_private_key(ec.SECP256R1()))
    key_id = world.key(CLERK).public.key_id
    return _resigned(
        world, lambda e: {key_id: other.sign(pae(MESSAGE_TYPE, e.payload))}
    )


@_case("the high-s twin", "SIGNATURE_NOT_CANONICAL")
def _high_s(world: World) -> Signed:
    return _resigned(world, lambda e: {k: wire.high_s_twin(s) for k, s in e.signatures})


@_case("a signature with a byte behind its DER", "SIGNATURE_NOT_CANONICAL")
def _longer_der(world: World) -> Signed:
    return _resigned(world, lambda e: {k: s + b"\0" for k, s in e.signatures})


@_case("a signer who is not enrolled", "UNKNOWN_SIGNER")
def _unknown_signer(world: World) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.signatories[0].signer_id = "clerk-9"

    return world.removal_request(change=change)


@_case("a capacity that the signer does not have", "UNKNOWN_SIGNER")
def _other_capacity(world: World) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.signatories[0].capacity = message_pb2.CAPACITY_SUPERVISOR

    return world.removal_request(change=change)


@_case("a signer of another party by the same id", "UNKNOWN_SIGNER")
def _of_another_party(world: World) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.signatories[0].party = COUNSEL[0]

    return world.removal_request(change=change)


@_case("a key that nobody enrolled", "SIGNATORIES_MISMATCH")
def _unknown_key(world: World) -> Signed:
    return _rewritten(world, lambda e: sign_payload(e.payload, [SigningKey.generate()]))


@_case("one signature too few", "SIGNATORIES_MISMATCH")
def _too_few(world: World) -> Signed:
    signed = world.disclosure_request()
    payload = parse_envelope(signed.envelope).payload
    signed.envelope = sign_payload(payload, [world.key(OFFICER)])
    return signed


@_case("one signature too many", "SIGNATORIES_MISMATCH")
def _too_many(world: World) -> Signed:
    return _rewritten(
        world,
        lambda e: sign_payload(e.payload, [world.key(CLERK), world.key(COUNSEL)]),
    )


@pytest.mark.parametrize("name", CASES)
def test_a_bad_envelope_is_refused_by_name_and_leaves_nothing(
    world: World, name: str
) -> None:
    """Bytes in another form, or not signed as they say, change nothing."""
    reason, build = CASES[name]
    signed = build(world)

    with world.unchanged():
        refusal = world.refuse(signed)

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode[CODES[reason]],
        reason,
    ), refusal.text


def test_every_signer_s_algorithm_is_accepted(world: World) -> None:
    """P-256, ML-DSA-65 and Ed25519 each sign what is logged, with the keys above."""
    request = world.submit(world.removal_request())
    report = world.submit(world.removal_report(request, {"item-1": "REMOVED"}))
    disclosure = world.submit(world.disclosure_request())

    assert {len(s.message.header.signatories) for s in (request, report)} == {1}
    assert len(disclosure.message.header.signatories) == 2
