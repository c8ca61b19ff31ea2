"""A key has one form, a signature has one form, and the key decides the algorithm."""

import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import (
    ec,
    ed448,
    ed25519,
    mldsa,
    rsa,
    x25519,
)
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from rogatory.envelope import (
    SigningKey,
    VerificationKey,
    encode_signing_key,
    key_id_of,
    parse_signing_key,
    possession_statement,
)
from rogatory.errors import (
    ConfigInvalid,
    Malformed,
    SignatureError,
    SignatureInvalid,
    SignatureNotCanonical,
)
from rogatory.v1 import directory_pb2
from tests.support import wire

DER = serialization.Encoding.DER
X962 = serialization.Encoding.X962
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
DATA = b"what is signed"

ED25519 = SigningKey.of(ed25519.Ed25519PrivateKey.from_private_bytes(b"\1" * 32))
P256_PRIVATE = ec.derive_private_key(12345, ec.SECP256R1())
P256 = SigningKey.of(P256_PRIVATE)
ML_DSA_65 = SigningKey.of(mldsa.MLDSA65PrivateKey.from_seed_bytes(b"\2" * 32))
KEYS = {"Ed25519": ED25519, "P-256": P256, "ML-DSA-65": ML_DSA_65}


@pytest.mark.parametrize("name", KEYS)
def test_each_algorithm_verifies_what_it_signed(name: str) -> None:
    """Three algorithms are in use; each proves itself."""
    key = KEYS[name]

    signature = key.sign(DATA)

    key.public.verify(DATA, signature, thing="it")
    with pytest.raises(SignatureInvalid):
        key.public.verify(DATA + b".", signature, thing="it")


@pytest.mark.parametrize("name", KEYS)
def test_no_key_verifies_what_another_signed(name: str) -> None:
    """The algorithm comes from the key: a signature of another kind never fits."""
    key = KEYS[name]

    for other in set(KEYS) - {name}:
        with pytest.raises(SignatureError):
            key.public.verify(DATA, KEYS[other].sign(DATA), thing="it")


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("signature", [b"", b"\0", b"\0" * 64, b"\0" * 3309, b"0" * 71])
def test_nonsense_is_no_signature(name: str, signature: bytes) -> None:
    """Whatever the bytes, the answer is one of our two errors."""
    with pytest.raises(SignatureError):
        KEYS[name].public.verify(DATA, signature, thing="it")


@pytest.mark.parametrize("name", KEYS)
def test_every_flipped_bit_breaks_the_signature(name: str) -> None:
    """No bit of a signature is free; of a long one every 50th byte is tried."""
    key = KEYS[name]
    signature = key.sign(DATA)
    step = 50 if len(signature) > 100 else 1

    for at in range(0, len(signature), step):
        for bit in range(8):
            flipped = bytearray(signature)
            flipped[at] ^= 1 << bit
            with pytest.raises(SignatureError):
                key.public.verify(DATA, bytes(flipped), thing="it")


def test_the_thing_is_named() -> None:
    """The refusal says which signature it was."""
    with pytest.raises(SignatureInvalid) as caught:
        ED25519.public.verify(DATA, b"\0" * 64, thing="signature 3")

    assert caught.value.thing == "signature 3"


# --- ECDSA's one form ----------------------------------------------------------------


def test_what_we_sign_has_low_s() -> None:
    """Normalised at signing, also where the library gave the other one."""
    for n in range(40):
        _, s = decode_dss_signature(P256.sign(b"%d" % n))
        assert s <= wire.P256_ORDER // 2


def test_the_high_s_twin_is_refused_though_openssl_accepts_it() -> None:
    """One signature, not two: else the same message had two digests."""
    twin = wire.high_s_twin(P256.sign(DATA))
    P256_PRIVATE.public_key().verify(twin, DATA, ec.ECDSA(hashes.SHA256()))

    with pytest.raises(SignatureNotCanonical):
        P256.public.verify(DATA, twin, thing="it")


def _without_padding() -> bytes:
    """Return DER whose integers lack the zero that says they are positive."""
    for n in range(1000):
        signature = P256.sign(b"%d" % n)
        r, s = decode_dss_signature(signature)
        if r >> 255 and not s >> 255:
            body = b"\x02\x20" + r.to_bytes(32) + signature[4 + 33 :]
            return b"\x30" + bytes([len(body)]) + body
    raise AssertionError("no such signature in a thousand")


NOT_DER: dict[str, Callable[[bytes], bytes]] = {
    "raw r and s": lambda der: b"".join(
        n.to_bytes(32) for n in decode_dss_signature(der)
    ),
    "a byte behind it": lambda der: der + b"\0",
    "a long-form length": lambda der: b"\x30\x81" + der[1:],
    "an indefinite length": lambda der: b"\x30\x80" + der[2:] + b"\0\0",
    "a padded integer": lambda der: (
        bytes([0x30, der[1] + 1, 0x02, der[3] + 1, 0]) + der[4:]
    ),
    "a negative integer": lambda _: _without_padding(),
    "a third integer": lambda der: bytes([0x30, der[1] + 3]) + der[2:] + b"\x02\x01\1",
    "a set": lambda der: b"\x31" + der[1:],
}


@pytest.mark.parametrize("name", NOT_DER)
def test_only_strict_der_is_accepted(name: str) -> None:
    """Every other way to write the same two numbers is refused as not canonical."""
    with pytest.raises(SignatureNotCanonical):
        P256.public.verify(DATA, NOT_DER[name](P256.sign(DATA)), thing="it")


ORDER = wire.P256_ORDER


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, 0), (0, 1), (1, 0), (ORDER, 1), (ORDER + 1, 1), (2**256, 1), (1, 1)],
)
def test_numbers_that_can_be_no_signature(r: int, s: int) -> None:
    """Zero, the group's order and beyond: well formed, and never valid."""
    with pytest.raises(SignatureInvalid):
        P256.public.verify(DATA, encode_dss_signature(r, s), thing="it")


# --- public keys ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "size", "algorithm"),
    [
        ("Ed25519", 44, directory_pb2.SIGNATURE_ALGORITHM_ED25519),
        ("P-256", 91, directory_pb2.SIGNATURE_ALGORITHM_ECDSA_P256_SHA256),
        ("ML-DSA-65", 1_974, directory_pb2.SIGNATURE_ALGORITHM_ML_DSA_65),
    ],
)
def test_a_key_is_parsed_from_its_one_form(
    name: str, size: int, algorithm: directory_pb2.SignatureAlgorithm.ValueType
) -> None:
    """Its length, its algorithm, and its id: the SHA-256 of its bytes."""
    spki = KEYS[name].public.spki

    key = VerificationKey.parse(spki)

    assert key.spki == spki
    assert (len(spki), key.algorithm) == (size, algorithm)
    assert key.key_id == key_id_of(spki) == hashlib.sha256(spki).digest()


def _compressed() -> bytes:
    point = P256_PRIVATE.public_key().public_bytes(
        X962, serialization.PublicFormat.CompressedPoint
    )
    # AlgorithmIdentifier of an ordinary key, then the point as BIT STRING.
    body = P256.public.spki[2:23] + b"\x03" + bytes([len(point) + 1]) + b"\0" + point
    return b"\x30" + bytes([len(body)]) + body


def _spki_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(DER, SPKI)


WRONG_KEYS: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "garbage": lambda: b"\x30" * 44,
    "a compressed point": _compressed,
    "P-384": lambda: _spki_of(ec.generate_private_key(ec.SECP384R1())),
    "secp256k1": lambda: _spki_of(ec.generate_private_key(ec.SECP256K1())),
    "Ed448": lambda: (
        ed448.Ed448PrivateKey.generate().public_key().public_bytes(DER, SPKI)
    ),
    "X25519": lambda: (
        x25519.X25519PrivateKey.generate().public_key().public_bytes(DER, SPKI)
    ),
    "RSA": lambda: (
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(DER, SPKI)
    ),
    "ML-DSA-44": lambda: (
        mldsa.MLDSA44PrivateKey.generate().public_key().public_bytes(DER, SPKI)
    ),
    "a byte behind it": lambda: ED25519.public.spki + b"\0",
    "a byte short": lambda: P256.public.spki[:-1],
    "a point off the curve": lambda: P256.public.spki[:-1] + b"\0",
    "a long-form length": lambda: b"\x30\x81\x2a" + ED25519.public.spki[2:],
    "PEM": lambda: b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
}


@pytest.mark.parametrize("name", WRONG_KEYS)
def test_any_other_form_or_algorithm_is_refused(name: str) -> None:
    """A key that could be written in two ways would have two ids, and two owners."""
    with pytest.raises(Malformed) as caught:
        VerificationKey.parse(WRONG_KEYS[name]())

    assert caught.value.thing == "public_key"


def test_the_compressed_point_is_a_key_for_openssl() -> None:
    """The case above is real: the library loads it as the same key."""
    loaded = serialization.load_der_public_key(_compressed())

    assert loaded == P256_PRIVATE.public_key()


# --- private keys --------------------------------------------------------------------


@pytest.mark.parametrize("name", KEYS)
def test_a_private_key_survives_its_file(name: str) -> None:
    """Written and read, it is the same key."""
    again = parse_signing_key(encode_signing_key(KEYS[name]), thing="key")

    again.public.verify(DATA, KEYS[name].sign(DATA), thing="it")
    assert again.public.key_id == KEYS[name].public.key_id


def _pem(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, password: str = ""
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password.encode())
        if password
        else serialization.NoEncryption(),
    )


WRONG_FILES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "garbage": lambda: b"\xff\0",
    "RSA": lambda: _pem(rsa.generate_private_key(65537, 2048)),
    "P-384": lambda: _pem(ec.generate_private_key(ec.SECP384R1())),
    "encrypted": lambda: _pem(P256_PRIVATE, "secret"),
    "a public key": lambda: P256_PRIVATE.public_key().public_bytes(
        serialization.Encoding.PEM, SPKI
    ),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_a_file_that_is_no_signing_key_is_named(name: str) -> None:
    """The person at the machine is told which file, and what it should be."""
    with pytest.raises(ConfigInvalid) as caught:
        parse_signing_key(WRONG_FILES[name](), thing="keys/clerk-1.pem")

    assert caught.value.thing == "keys/clerk-1.pem"
    assert "PKCS #8" in caught.value.expected


def test_a_generated_key_is_ed25519() -> None:
    """The default of a new key."""
    key = SigningKey.generate()

    assert key.public.algorithm == directory_pb2.SIGNATURE_ALGORITHM_ED25519


def test_the_possession_statement_names_log_party_signer_and_key() -> None:
    """A proof for one signer at one log is none for another (docs/protocol.md)."""
    stated = possession_statement("a.example/log", "party", "signer", b"spki")

    assert stated == b"rogatory/v1/possession\na.example/log\nparty\nsigner\nspki"
