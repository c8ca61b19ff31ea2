"""Protobuf by hand: encodings that no library would write."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

PAYLOAD, PAYLOAD_TYPE, SIGNATURES = 1, 2, 3
"""Field numbers of an envelope."""

KEY_ID, SIGNATURE = 1, 2
"""Field numbers of one of its signatures."""


def varint(value: int, *, width: int = 1) -> bytes:
    """Return a varint of at least `width` bytes; more than needed is not minimal."""
    groups: list[int] = []
    while value or len(groups) < width:
        groups.append(value & 0x7F)
        value >>= 7
    return bytes(g | 0x80 for g in groups[:-1]) + bytes(groups[-1:])


def lump(number: int, content: bytes, *, width: int = 1) -> bytes:
    """Return a length-delimited field."""
    return varint(number << 3 | 2) + varint(len(content), width=width) + content


def signature(key_id: bytes, value: bytes) -> bytes:
    """Return one signature of an envelope."""
    return lump(KEY_ID, key_id) + lump(SIGNATURE, value)


def envelope(
    payload: bytes, payload_type: str, signatures: Sequence[tuple[bytes, bytes]]
) -> bytes:
    """Return an envelope whose signatures are in the order given."""
    return (
        lump(PAYLOAD, payload)
        + lump(PAYLOAD_TYPE, payload_type.encode())
        + b"".join(lump(SIGNATURES, signature(*each)) for each in signatures)
    )


def high_s_twin(ecdsa: bytes) -> bytes:
    """Return the other signature that verifies for the same key and data."""
    r, s = decode_dss_signature(ecdsa)
    return encode_dss_signature(r, P256_ORDER - s)
