"""Verifier keys, and what each type of key signs."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from rogatory.errors import LimitExceeded, Malformed, NoteUnverified
from rogatory.tlog import KeyType, NoteSigner, VerifierKey
from rogatory.tlog._keys import signed_message, verify_signature
from tests.unit.tlog.model import ED25519, MLDSA44, NOW, ORIGIN, WITNESS

EXAMPLE = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = f"{ORIGIN}\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"


@pytest.mark.parametrize("vkey", [EXAMPLE, PETER])
def test_published_keys_are_read(vkey: str) -> None:
    """The key of the specification and that of golang.org/x/mod read and write."""
    key = VerifierKey.parse(vkey)
    assert key.encode() == vkey
    assert key.type is KeyType.ED25519
    assert vkey.startswith(f"{key.label}+")


@pytest.mark.parametrize("signer", [ED25519, MLDSA44, WITNESS])
def test_our_keys_read_as_written(signer: NoteSigner) -> None:
    """Each type's vkey gives the same key again."""
    key = signer.verifier_key
    assert VerifierKey.parse(key.encode()) == key


def test_no_part_of_a_key_is_a_key() -> None:
    """Every proper substring of a vkey is refused."""
    for start in range(len(PETER)):
        for end in range(start + 1, len(PETER) + 1):
            if end - start < len(PETER):
                with pytest.raises(Malformed):
                    VerifierKey.parse(PETER[start:end])


def test_no_character_of_a_key_can_change() -> None:
    """A vkey with any one character altered is refused: the key id covers all."""
    for place, character in enumerate(PETER):
        for other in {chr(ord(character) + 1), chr(ord(character) ^ 0x20), "+", "é"}:
            if other != character:
                with pytest.raises(Malformed):
                    VerifierKey.parse(PETER[:place] + other + PETER[place + 1 :])


@pytest.mark.parametrize(
    ("vkey", "reason"),
    [
        (
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            "base64 with zero padding bits",
        ),
        (
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "expected type 01, 04 or 06, got 65",
        ),
        ("PeterNeumann+c74f20a3+", "8 lowercase hex"),
        (PETER.replace("c74f20a3", "C74F20A3"), "8 lowercase hex"),
        (PETER.replace("c74f20a3", "c74f20a4"), "expected c74f20a3, got c74f20a4"),
        (PETER.replace("PeterNeumann", "Peter Neumann"), "without spaces"),
        (PETER.replace("PeterNeumann", "Peter\u2003Neumann"), "without spaces"),
        (PETER.replace("PeterNeumann", "Peter\x01Neumann"), "no control characters"),
        (PETER + "\n", "padded standard base64"),
        (PETER.replace("/", "_"), "padded standard base64"),
    ],
)
def test_a_key_in_another_spelling_is_refused(vkey: str, reason: str) -> None:
    """Wrong length, unknown type, capital digits, spaces: each is named."""
    with pytest.raises(Malformed, match=reason):
        VerifierKey.parse(vkey)


def test_a_key_too_long_is_refused_before_it_is_read() -> None:
    """No vkey of these types has more than 2,048 characters."""
    with pytest.raises(LimitExceeded, match="at most 2048 characters"):
        VerifierKey.parse("a" * 2049)


def test_a_name_of_256_bytes_is_refused() -> None:
    """The ML-DSA message puts one length byte before the name."""
    with pytest.raises(LimitExceeded, match="key name: expected at most 255 bytes"):
        VerifierKey.of("é" * 128, KeyType.ED25519, bytes(32))


def test_a_public_key_of_another_size_is_refused() -> None:
    """An ML-DSA-44 key has 1,312 bytes."""
    with pytest.raises(Malformed, match="public key: expected 1312 bytes"):
        VerifierKey.of("a", KeyType.MLDSA44, bytes(32))


def test_ed25519_signs_the_text_itself() -> None:
    """Type 01: the signature is over the note's text, newline included."""
    signature = ED25519.sign(TEXT, NOW)
    public = Ed25519PublicKey.from_public_bytes(ED25519.verifier_key.public)
    public.verify(signature.signature, TEXT.encode())


def test_an_ed25519_cosigner_signs_time_and_text() -> None:
    """Type 04: header, time and the whole text, as in tlog-cosignature."""
    signature = WITNESS.sign(TEXT, NOW)
    assert signature.signature[:8] == NOW.to_bytes(8, "big")
    public = Ed25519PublicKey.from_public_bytes(WITNESS.verifier_key.public)
    message = f"cosignature/v1\ntime {NOW}\n{TEXT}".encode()
    public.verify(signature.signature[8:], message)


def test_mldsa44_signs_a_cosigned_message() -> None:
    """Type 06: label, name, time, origin, 0, size, root, as in tlog-cosignature."""
    signature = MLDSA44.sign(TEXT, NOW)
    assert len(signature.signature) == 2428
    message = (
        b"subtree/v1\n\0"
        b"\x14log.example/rogatory"
        + NOW.to_bytes(8, "big")
        + b"\x14log.example/rogatory"
        + bytes(8)
        + (7).to_bytes(8, "big")
        + bytes(32)
    )
    assert signed_message(MLDSA44.verifier_key, TEXT, NOW) == message
    public = MLDSA44PublicKey.from_public_bytes(MLDSA44.verifier_key.public)
    public.verify(signature.signature[8:], message)


@pytest.mark.parametrize("signer", [ED25519, MLDSA44, WITNESS])
def test_a_signature_verifies_and_tells_its_time(signer: NoteSigner) -> None:
    """What was signed verifies; types with a timestamp return it."""
    time = verify_signature(signer.verifier_key, TEXT, signer.sign(TEXT, NOW))
    assert time == (None if signer is ED25519 else NOW)


@pytest.mark.parametrize("signer", [ED25519, MLDSA44, WITNESS])
def test_a_flipped_signature_is_refused(signer: NoteSigner) -> None:
    """First bit, timestamp, last bit, or one byte too few: all are refused."""
    signature = signer.sign(TEXT, NOW)
    blob = signature.signature
    for at in (0, 7, 8, len(blob) - 1):
        other = bytearray(blob)
        other[at] ^= 1
        flipped = type(signature)(signature.name, signature.key_id, bytes(other))
        with pytest.raises(NoteUnverified):
            verify_signature(signer.verifier_key, TEXT, flipped)
    shorter = type(signature)(signature.name, signature.key_id, blob[:-1])
    with pytest.raises(NoteUnverified, match=f"expected {len(blob)} bytes"):
        verify_signature(signer.verifier_key, TEXT, shorter)


def test_a_signature_of_another_key_is_refused() -> None:
    """Name and key id must be the key's."""
    with pytest.raises(NoteUnverified):
        verify_signature(ED25519.verifier_key, TEXT, WITNESS.sign(TEXT, NOW))


def test_a_timestamp_beyond_63_bits_is_refused() -> None:
    """tlog-cosignature: it must not exceed 2^63-1."""
    signature = WITNESS.sign(TEXT, NOW)
    late = (2**63).to_bytes(8, "big") + signature.signature[8:]
    other = type(signature)(signature.name, signature.key_id, late)
    with pytest.raises(NoteUnverified, match="a timestamp below 2"):
        verify_signature(WITNESS.verifier_key, TEXT, other)
    with pytest.raises(LimitExceeded, match="timestamp"):
        WITNESS.sign(TEXT, 2**63)
    with pytest.raises(LimitExceeded, match="timestamp"):
        WITNESS.sign(TEXT, -1)


def test_mldsa44_signs_nothing_but_checkpoints() -> None:
    """It would sign three lines of them, and nothing else of the note."""
    for text in ["hello\n", f"{TEXT}extension\n"]:
        with pytest.raises(Malformed):
            MLDSA44.sign(text, NOW)


def test_mldsa44_verifies_no_extension_lines() -> None:
    """A line that the signature does not cover must not pass for signed."""
    signature = MLDSA44.sign(TEXT, NOW)
    with pytest.raises(NoteUnverified, match="over a checkpoint"):
        verify_signature(MLDSA44.verifier_key, f"{TEXT}extension\n", signature)


def test_bytes_that_are_no_curve_point_verify_nothing() -> None:
    """A public key that is no key is refused like a wrong signature."""
    key = VerifierKey.of(ORIGIN, KeyType.ED25519, b"\xff" * 32)
    signature = ED25519.sign(TEXT, NOW)
    other = type(signature)(ORIGIN, key.key_id, signature.signature)
    with pytest.raises(NoteUnverified):
        verify_signature(key, TEXT, other)


def test_a_signer_does_not_show_its_key() -> None:
    """What lands in a log by accident is public."""
    private = Ed25519PrivateKey.from_private_bytes(b"\x5a" * 32)
    shown = repr(NoteSigner.from_ed25519("name", private))
    assert "sign=" not in shown
    assert "Private" not in shown
