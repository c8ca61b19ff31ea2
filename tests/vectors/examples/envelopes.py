"""Envelopes in their one encoding, and in others."""

from rogatory.envelope import DIRECTORY_TYPE, MESSAGE_TYPE, encode_envelope, pae
from tests.vectors.examples.common import Json, field, sha256
from tests.vectors.examples.keys import CLERK, COUNSEL


def make_envelopes() -> Json:
    """Return envelopes that parse, and envelopes that must be refused."""
    payload = b"hello"
    both = {
        key.public.key_id: key.sign(pae(MESSAGE_TYPE, payload))
        for key in (CLERK, COUNSEL)
    }
    one = dict(list(both.items())[:1])
    tiny = encode_envelope(payload, MESSAGE_TYPE, one)
    two = encode_envelope(payload, MESSAGE_TYPE, both)
    body, kind = field(1, payload), field(2, MESSAGE_TYPE.encode())
    pairs = [
        field(3, b"\x0a\x20" + key_id + b"\x12\x40" + both[key_id])
        for key_id in sorted(both)
    ]
    assert tiny == body + kind + field(3, _pair(*next(iter(one.items()))))
    assert two == body + kind + b"".join(pairs)
    canon = "NOT_CANONICAL"
    rows = [
        ("one", "one signature", "OK", tiny),
        ("two", "two signatures, key ids ascending", "OK", two),
        (
            "unsorted_fail",
            "key ids descending",
            canon,
            body + kind + pairs[1] + pairs[0],
        ),
        ("doubled_fail", "one signature twice", canon, body + kind + pairs[0] * 2),
        (
            "fields_swapped_fail",
            "field 2 before field 1",
            canon,
            kind + body + pairs[0],
        ),
        (
            "long_varint_fail",
            "the payload's length in two bytes where one is enough",
            canon,
            b"\x0a\x85\x00" + payload + kind + pairs[0],
        ),
        (
            "type_twice_fail",
            "the payload type twice; the last would win",
            canon,
            body + kind + kind + pairs[0],
        ),
        (
            "unknown_field_fail",
            "field 4, which this version does not know",
            "UNKNOWN_FIELD",
            tiny + field(4, b"x"),
        ),
        (
            "unknown_inside_fail",
            "field 3 inside a signature",
            "UNKNOWN_FIELD",
            body + kind + field(3, pairs[0][2:] + field(3, b"x")),
        ),
        (
            "other_type_fail",
            "a directory statement where a message is due",
            "MALFORMED",
            encode_envelope(payload, DIRECTORY_TYPE, one),
        ),
        ("no_signature_fail", "nobody signed", "LIMIT_EXCEEDED", body + kind),
        (
            "short_key_id_fail",
            "a key id of 31 bytes",
            "MALFORMED",
            encode_envelope(payload, MESSAGE_TYPE, {k[1:]: v for k, v in one.items()}),
        ),
        ("cut_fail", "the last byte is missing", "MALFORMED", tiny[:-1]),
    ]
    return [
        {
            "case": case,
            "why": why,
            "result": result,
            "envelope": raw.hex(),
            "digest": sha256(raw),
        }
        for case, why, result, raw in rows
    ]


def _pair(key_id: bytes, signature: bytes) -> bytes:
    return field(1, key_id) + field(2, signature)
