"""Encryption keys: what follows from a seed, and the text of a key file."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from rogatory.errors import Malformed
from rogatory.sealing import (
    EncryptionPrivateKey,
    encode_private_key,
    key_id_of,
    parse_private_key,
)

SEED = bytes(range(32))
TEXT = encode_private_key(EncryptionPrivateKey.from_seed(SEED))


def test_public_key_is_mlkem_then_x25519_of_the_expanded_seed() -> None:
    """Both parts come from SHAKE256(seed, 96), in the order of the design."""
    expanded = hashlib.shake_256(SEED).digest(96)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).public_key()
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:]).public_key()

    key = EncryptionPrivateKey.from_seed(SEED)

    assert len(key.public_key) == 1184 + 32
    assert key.public_key[:1184] == mlkem.public_bytes_raw()
    assert key.public_key[1184:] == x25519.public_bytes_raw()


def test_key_id_is_the_digest_of_prefix_and_public_key() -> None:
    """The key id is SHA-256 of "rogatory/v1/hpke", a line feed and the public key."""
    key = EncryptionPrivateKey.from_seed(SEED)

    expected = hashlib.sha256(b"rogatory/v1/hpke\n" + key.public_key).digest()
    assert key.key_id == expected
    assert key_id_of(key.public_key) == expected


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_seed_has_32_bytes(size: int) -> None:
    """No seed of another length makes a key."""
    with pytest.raises(Malformed, match=f"expected 32 bytes, got {size} bytes"):
        EncryptionPrivateKey.from_seed(bytes(size))


@pytest.mark.parametrize("size", [0, 1184, 1215, 1217])
def test_a_public_key_has_1216_bytes(size: int) -> None:
    """No public key of another length has a key id."""
    with pytest.raises(Malformed, match=f"expected 1216 bytes, got {size} bytes"):
        key_id_of(bytes(size))


def test_repr_shows_the_key_id_and_no_secret() -> None:
    """A key in a log or traceback gives nothing away."""
    key = EncryptionPrivateKey.from_seed(SEED)

    text = repr(key)

    assert repr(key.key_id) in text
    assert repr(SEED)[2:-1] not in text
    assert SEED.hex() not in text


def test_keys_are_equal_by_their_seed() -> None:
    """Two values of one seed are the same key."""
    key = EncryptionPrivateKey.from_seed(SEED)

    assert key == EncryptionPrivateKey.from_seed(SEED)
    assert key != EncryptionPrivateKey.from_seed(bytes(32))
    assert len({key, EncryptionPrivateKey.from_seed(SEED)}) == 1


def test_key_file_round_trip() -> None:
    """What was written is read."""
    assert parse_private_key(TEXT).seed == SEED


def test_every_part_of_a_key_file_is_refused() -> None:
    """A file that was cut anywhere is no key."""
    for start in range(len(TEXT)):
        for end in (len(TEXT), len(TEXT) - 1, start):
            if (start, end) != (0, len(TEXT)):
                with pytest.raises(Malformed):
                    parse_private_key(TEXT[start:end])


def test_no_changed_byte_of_a_key_file_gives_the_same_key() -> None:
    """Each flipped bit is refused, or is another key's seed in canonical base64."""
    for position in range(len(TEXT)):
        for bit in range(8):
            raw = bytearray(TEXT)
            raw[position] ^= 1 << bit
            try:
                key = parse_private_key(bytes(raw))
            except Malformed:
                continue
            assert key.seed != SEED
            assert encode_private_key(key) == bytes(raw)


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.replace(b"\n", b"\r\n"),
        TEXT + b"\n",
        b" " + TEXT,
        TEXT.rstrip(b"\n"),
        TEXT + TEXT,
        TEXT.replace(b"ROGATORY HPKE", b"ROGATORY SEAL"),
        TEXT.replace(b"PRIVATE", b"PUBLIC"),
        # The last base64 digit has two bits that mean nothing: they must be zero.
        TEXT.replace(b"h8=\n", b"h9=\n"),
    ],
)
def test_only_the_one_form_of_a_key_file_is_accepted(raw: bytes) -> None:
    """A lenient reader would accept these; ours does not."""
    assert raw != TEXT

    with pytest.raises(Malformed):
        parse_private_key(raw)


def test_error_of_a_key_file_does_not_quote_it() -> None:
    """The seed of a damaged key file is still a secret."""
    raw = TEXT.replace(b"AAEC", b"A!EC")

    with pytest.raises(Malformed) as caught:
        parse_private_key(raw)

    assert "EC" not in str(caught.value).replace("EXPECTED", "")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
