"""One envelope has one encoding; whatever else parses as protobuf is refused."""

import hashlib
from collections.abc import Callable

import pytest

from rogatory.envelope import (
    DIRECTORY_TYPE,
    MAX_ENVELOPE_BYTES,
    MESSAGE_TYPE,
    PROFILES_TYPE,
    Envelope,
    encode_envelope,
    pae,
    parse_envelope,
)
from rogatory.errors import (
    LimitExceeded,
    Malformed,
    NotCanonical,
    RogatoryError,
    UnknownField,
)
from tests.support import wire

FIRST, SECOND = b"\1" * 32, b"\2" * 32
PAYLOAD = b"what is said"
GOOD = encode_envelope(PAYLOAD, MESSAGE_TYPE, {SECOND: b"two", FIRST: b"one"})


# --- PAE -----------------------------------------------------------------------------


def test_pae_is_that_of_dsse() -> None:
    """The known answer of the DSSE specification."""
    signed = pae("http://example.com/HelloWorld", b"hello world")

    assert signed == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_pae_counts_bytes_not_characters() -> None:
    """A type outside ASCII has the length of its UTF-8 bytes: 2 characters, 6 bytes."""
    assert pae("한글", "글".encode()) == b"DSSEv1 6 " + "한글 3 글".encode()


def test_pae_takes_nothing_out_of_the_payload() -> None:
    """Spaces, digits and zero bytes are content: lengths alone say where it begins."""
    payload = b"3 abc\0 7"

    assert pae("t", payload) == b"DSSEv1 1 t 8 3 abc\0 7"
    assert pae("t", b"") == b"DSSEv1 1 t 0 "


def test_pae_is_another_for_every_pair_of_type_and_payload() -> None:
    """What is moved from the payload into the type is not the same statement."""
    pairs = [("a", b"b c"), ("a b", b"c"), ("a 1", b"b"), ("a", b"1 b"), ("", b"a")]

    assert len({pae(*pair) for pair in pairs}) == len(pairs)


# --- encoding ------------------------------------------------------------------------


def test_the_encoding_is_the_fields_in_order_with_sorted_signatures() -> None:
    """The bytes are those of docs/protocol.md, written here by hand."""
    pairs = [(FIRST, b"one"), (SECOND, b"two")]

    assert wire.envelope(PAYLOAD, MESSAGE_TYPE, pairs) == GOOD


def test_parsing_gives_what_was_encoded() -> None:
    """The exact bytes, their digest, and the parts."""
    assert parse_envelope(GOOD) == Envelope(
        raw=GOOD,
        digest=hashlib.sha256(GOOD).digest(),
        payload=PAYLOAD,
        payload_type=MESSAGE_TYPE,
        signatures=((FIRST, b"one"), (SECOND, b"two")),
    )


@pytest.mark.parametrize("payload_type", [MESSAGE_TYPE, DIRECTORY_TYPE, PROFILES_TYPE])
def test_each_kind_of_statement_is_parsed_as_itself_only(payload_type: str) -> None:
    """A directory statement is never taken for a message, nor the reverse."""
    raw = encode_envelope(PAYLOAD, payload_type, {FIRST: b"one"})

    parsed = parse_envelope(raw, payload_type=payload_type)

    assert parsed.payload_type == payload_type
    for other in {MESSAGE_TYPE, DIRECTORY_TYPE, PROFILES_TYPE} - {payload_type}:
        with pytest.raises(Malformed) as caught:
            parse_envelope(raw, payload_type=other)
        assert (caught.value.expected, caught.value.got) == (other, payload_type)


def test_a_foreign_type_is_not_repeated_in_the_refusal() -> None:
    """What a stranger wrote as type is not carried into logs and answers."""
    raw = encode_envelope(PAYLOAD, "application/x-<script>", {FIRST: b"one"})

    with pytest.raises(Malformed) as caught:
        parse_envelope(raw)

    assert caught.value.got == "another type"


def _signatures(*pairs: tuple[bytes, bytes]) -> bytes:
    return wire.envelope(PAYLOAD, MESSAGE_TYPE, pairs)


def _type_first() -> bytes:
    signed = wire.lump(wire.SIGNATURES, wire.signature(FIRST, b"one"))
    kind = wire.lump(wire.PAYLOAD_TYPE, MESSAGE_TYPE.encode())
    return kind + wire.lump(wire.PAYLOAD, PAYLOAD) + signed


def _signature_fields_swapped() -> bytes:
    swapped = wire.lump(wire.SIGNATURE, b"one") + wire.lump(wire.KEY_ID, FIRST)
    head = wire.envelope(PAYLOAD, MESSAGE_TYPE, [])
    return head + wire.lump(wire.SIGNATURES, swapped)


def _wide_length() -> bytes:
    rest = GOOD[len(wire.lump(wire.PAYLOAD, PAYLOAD)) :]
    return wire.lump(wire.PAYLOAD, PAYLOAD, width=3) + rest


def _wide_tag() -> bytes:
    tag = wire.varint(wire.PAYLOAD << 3 | 2, width=2)
    return tag + GOOD[1:]


NOT_CANONICAL: dict[str, bytes] = {
    "signatures out of order": _signatures((SECOND, b"two"), (FIRST, b"one")),
    "a signature twice": _signatures((FIRST, b"one"), (FIRST, b"one")),
    "two signatures under one key id": _signatures((FIRST, b"one"), (FIRST, b"two")),
    "fields out of order": _type_first(),
    "fields of a signature out of order": _signature_fields_swapped(),
    "a length in three bytes": _wide_length(),
    "a tag in two bytes": _wide_tag(),
    "the payload twice": wire.lump(wire.PAYLOAD, PAYLOAD) + GOOD,
    "an empty field written out": GOOD + wire.lump(wire.PAYLOAD_TYPE, b""),
}


@pytest.mark.parametrize("name", NOT_CANONICAL)
def test_what_is_not_its_own_encoding_is_refused(name: str) -> None:
    """Two byte strings for one envelope would be two digests for one message."""
    with pytest.raises(NotCanonical):
        parse_envelope(NOT_CANONICAL[name])


UNKNOWN: dict[str, bytes] = {
    "at the end": GOOD + wire.lump(4, b"more"),
    "a number": GOOD + wire.varint(4 << 3) + wire.varint(1),
    "at the beginning": wire.lump(9, b"more") + GOOD,
    "in a signature": wire.envelope(PAYLOAD, MESSAGE_TYPE, [])
    + wire.lump(wire.SIGNATURES, wire.signature(FIRST, b"one") + wire.lump(3, b"more")),
    "a known field of another type": GOOD + wire.varint(1 << 3) + wire.varint(1),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_an_unknown_field_is_refused_as_one(name: str) -> None:
    """What this version does not know could change what is meant."""
    with pytest.raises(UnknownField):
        parse_envelope(UNKNOWN[name])


MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "garbage": b"\xff" * 20,
    "a byte behind it": GOOD + b"\0",
    "a type that is not UTF-8": wire.lump(wire.PAYLOAD_TYPE, b"\xff"),
    "a short key id": _signatures((FIRST[:-1], b"one")),
    "a long key id": _signatures((FIRST + b"\1", b"one")),
    "no key id": _signatures((b"", b"one")),
    "an empty signature": _signatures((FIRST, b"")),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_envelope_is_refused(name: str) -> None:
    """Bytes that have not the form are malformed, without further ado."""
    with pytest.raises(Malformed) as caught:
        parse_envelope(MALFORMED[name])

    assert caught.value.code == "INVALID_ARGUMENT"


# --- limits --------------------------------------------------------------------------


def _of_size(size: int) -> bytes:
    empty = encode_envelope(b"x" * 200_000, MESSAGE_TYPE, {FIRST: b"one"})
    payload = b"x" * (200_000 + size - len(empty))
    return encode_envelope(payload, MESSAGE_TYPE, {FIRST: b"one"})


def test_256_kib_are_accepted_and_not_a_byte_more() -> None:
    """The limit is exact."""
    assert parse_envelope(_of_size(MAX_ENVELOPE_BYTES)).payload_type == MESSAGE_TYPE

    with pytest.raises(LimitExceeded) as caught:
        parse_envelope(_of_size(MAX_ENVELOPE_BYTES + 1))

    assert (caught.value.expected, caught.value.got) == (
        "at most 262144 B",
        "262145 B",
    )


def test_the_size_is_looked_at_before_anything_is_parsed() -> None:
    """Bytes that are no protobuf at all are told their size first."""
    with pytest.raises(LimitExceeded):
        parse_envelope(b"\xff" * (MAX_ENVELOPE_BYTES + 1))


@pytest.mark.parametrize("count", [0, 9])
def test_one_to_eight_signatures(count: int) -> None:
    """As many signatures as there can be signatories."""
    raw = encode_envelope(
        PAYLOAD, MESSAGE_TYPE, {bytes([n]) * 32: b"s" for n in range(count)}
    )

    with pytest.raises(LimitExceeded) as caught:
        parse_envelope(raw)

    assert (caught.value.expected, caught.value.got) == ("1 to 8", str(count))


def test_a_signature_is_at_most_as_long_as_that_of_ml_dsa_65() -> None:
    """3,309 bytes pass, one more does not."""
    longest = encode_envelope(PAYLOAD, MESSAGE_TYPE, {FIRST: b"s" * 3_309})
    assert parse_envelope(longest).signatures == ((FIRST, b"s" * 3_309),)

    with pytest.raises(LimitExceeded):
        parse_envelope(encode_envelope(PAYLOAD, MESSAGE_TYPE, {FIRST: b"s" * 3_310}))


# --- mangling ------------------------------------------------------------------------


def _refused_or_equal(raw: bytes) -> None:
    try:
        parsed = parse_envelope(raw)
    except RogatoryError:
        return
    again = encode_envelope(
        parsed.payload, parsed.payload_type, dict(parsed.signatures)
    )
    assert again == raw


def test_every_proper_prefix_is_refused_or_has_fewer_signatures() -> None:
    """An envelope that was cut is none, or one that lost a signature as a whole."""
    kept = []
    for end in range(len(GOOD)):
        _refused_or_equal(GOOD[:end])
        try:
            kept.append(parse_envelope(GOOD[:end]).signatures)
        except RogatoryError:
            continue

    assert kept == [((FIRST, b"one"),)]


def test_every_one_byte_change_is_refused_or_another_envelope() -> None:
    """No change of a byte gives a second encoding of the same envelope."""
    original = parse_envelope(GOOD)
    for at, byte in enumerate(GOOD):
        for other in {0, byte ^ 1, byte ^ 0x80, 0xFF} - {byte}:
            raw = GOOD[:at] + bytes([other]) + GOOD[at + 1 :]
            _refused_or_equal(raw)
            try:
                assert parse_envelope(raw).digest != original.digest
            except RogatoryError:
                continue


MANGLERS: list[Callable[[bytes, int], bytes]] = [
    lambda raw, at: raw[:at] + raw[at + 1 :],
    lambda raw, at: raw[:at] + b"\0" + raw[at:],
    lambda raw, at: raw[:at] + raw[at : at + 1] + raw[at:],
]


@pytest.mark.parametrize("number", range(len(MANGLERS)))
def test_every_byte_dropped_added_or_doubled(number: int) -> None:
    """The same for bytes that go missing or come in."""
    for at in range(len(GOOD)):
        _refused_or_equal(MANGLERS[number](GOOD, at))
