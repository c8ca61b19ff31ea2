"""Properties of envelopes: what is encoded is parsed, and nothing else is."""

import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from rogatory.envelope import (
    DIRECTORY_TYPE,
    MESSAGE_TYPE,
    PROFILES_TYPE,
    SigningKey,
    encode_envelope,
    new_id,
    pae,
    parse_envelope,
    parse_id,
    parse_payload,
    sign_payload,
)
from rogatory.errors import RogatoryError
from rogatory.v1 import message_pb2
from tests.support.messages import CLERK, COUNSEL, OFFICER, Office

patient = settings(deadline=None)
"""A busy machine is no reason to fail."""

OFFICE = Office()
MESSAGE = OFFICE.disclosure_request()

payloads = st.binary(max_size=2_000)
types = st.sampled_from([MESSAGE_TYPE, DIRECTORY_TYPE, PROFILES_TYPE])
signatures = st.dictionaries(
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=1, max_size=200),
    min_size=1,
    max_size=8,
)


@patient
@given(payloads, types, signatures)
def test_what_is_encoded_is_parsed(
    payload: bytes, payload_type: str, signed: dict[bytes, bytes]
) -> None:
    """Encoding and parsing are each other's inverse, whatever is signed."""
    raw = encode_envelope(payload, payload_type, signed)

    parsed = parse_envelope(raw, payload_type=payload_type)

    assert (parsed.payload, parsed.payload_type) == (payload, payload_type)
    assert dict(parsed.signatures) == signed
    assert encode_envelope(payload, payload_type, dict(parsed.signatures)) == raw


@patient
@given(st.binary(max_size=300))
def test_whatever_is_parsed_is_its_own_encoding(raw: bytes) -> None:
    """Any bytes are refused with our error, or are the one encoding of something."""
    try:
        parsed = parse_envelope(raw)
    except RogatoryError:
        return
    signed = dict(parsed.signatures)

    assert encode_envelope(parsed.payload, parsed.payload_type, signed) == raw


@patient
@given(payloads, types, signatures, st.data())
def test_a_mangled_envelope_is_refused_or_another_one(
    payload: bytes, payload_type: str, signed: dict[bytes, bytes], data: st.DataObject
) -> None:
    """Cutting a piece out and putting another in never gives a second encoding."""
    raw = encode_envelope(payload, payload_type, signed)
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 8)))
    mangled = raw[:start] + data.draw(st.binary(max_size=8)) + raw[end:]

    try:
        parsed = parse_envelope(mangled, payload_type=payload_type)
    except RogatoryError:
        return
    again = encode_envelope(
        parsed.payload, parsed.payload_type, dict(parsed.signatures)
    )
    assert again == mangled


@patient
@given(st.data())
def test_a_mangled_message_never_verifies(data: st.DataObject) -> None:
    """No cut, no insertion and no exchange of bytes leaves a message that verifies."""
    raw = MESSAGE.envelope
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 40)))
    mangled = raw[:start] + data.draw(st.binary(max_size=40)) + raw[end:]
    if mangled == raw:
        return
    MESSAGE.envelope = mangled

    try:
        verified = OFFICE.verified(MESSAGE)
    except RogatoryError:
        verified = None
    finally:
        MESSAGE.envelope = raw

    assert verified is None


@patient
@given(st.text(max_size=40), payloads, st.text(max_size=40), payloads)
def test_pae_keeps_type_and_payload_apart(
    one_type: str, one: bytes, other_type: str, other: bytes
) -> None:
    """Two statements have one pre-authentication encoding only if they are one."""
    same = (one_type, one) == (other_type, other)

    assert (pae(one_type, one) == pae(other_type, other)) is same


@patient
@given(st.binary(max_size=400))
def test_a_payload_of_any_bytes_is_read_or_refused(raw: bytes) -> None:
    """Parsing hostile bytes ends with a message or with our error."""
    try:
        message = parse_payload(raw, message_pb2.Message, thing="message")
    except RogatoryError:
        return

    assert (
        parse_payload(message.SerializeToString(), message_pb2.Message, thing="message")
        == message
    )


@patient
@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_ids_are_uuids_of_version_7(time_ms: int, random: bytes) -> None:
    """Whatever time and chance: a UUIDv7 in the one form that we read."""
    text = new_id(time_ms, random)

    assert parse_id(text, thing="id") == text
    made = uuid.UUID(text)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == time_ms


@patient
@given(payloads, st.sets(st.sampled_from([CLERK, COUNSEL, OFFICER]), min_size=1))
def test_the_order_of_signing_does_not_matter(
    payload: bytes, who: set[tuple[str, str, message_pb2.Capacity.ValueType]]
) -> None:
    """Whoever signs first, the envelope has its signatures in order of key id."""
    keys: list[SigningKey] = [OFFICE.key(each) for each in who]

    one = parse_envelope(sign_payload(payload, keys))
    other = parse_envelope(sign_payload(payload, keys[::-1]))

    ids = [key_id for key_id, _ in one.signatures]
    assert ids == [key_id for key_id, _ in other.signatures] == sorted(ids)
    assert set(ids) == {key.public.key_id for key in keys}
