"""Signing keys in their one accepted form, and signatures in theirs.

The algorithm always comes from the enrolled key, never from the message. Ed25519
(RFC 8032), ECDSA P-256 with SHA-256 (FIPS 186-5; strict DER, low s), ML-DSA-65
(FIPS 204, empty context). A key id is the SHA-256 of the DER SubjectPublicKeyInfo:
44 B for Ed25519, 91 B for uncompressed named-curve P-256, 1,974 B for ML-DSA-65.
OpenSSL loads other encodings of the same key, and verifies the high-s twin of an ECDSA
signature; both are refused here.
"""

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from rogatory.errors import ConfigInvalid, Malformed, SignatureInvalid
from rogatory.errors import SignatureNotCanonical as NotLowS
from rogatory.v1 import directory_pb2

ED25519 = directory_pb2.SIGNATURE_ALGORITHM_ED25519
ECDSA_P256 = directory_pb2.SIGNATURE_ALGORITHM_ECDSA_P256_SHA256
ML_DSA_65 = directory_pb2.SIGNATURE_ALGORITHM_ML_DSA_65

_SPKI_BYTES = {ED25519: 44, ECDSA_P256: 91, ML_DSA_65: 1_974}
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA = ec.ECDSA(hashes.SHA256())

_PublicKey: TypeAlias = (
    ed25519.Ed25519PublicKey | ec.EllipticCurvePublicKey | mldsa.MLDSA65PublicKey
)
_PrivateKey: TypeAlias = (
    ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | mldsa.MLDSA65PrivateKey
)


def key_id_of(spki: bytes) -> bytes:
    """Return the key id of a DER SubjectPublicKeyInfo."""
    return hashlib.sha256(spki).digest()


def possession_statement(origin: str, party: str, signer_id: str, spki: bytes) -> bytes:
    """Return what a key signs to prove that its signer holds it."""
    head = f"rogatory/v1/possession\n{origin}\n{party}\n{signer_id}\n"
    return head.encode() + spki


def _algorithm_of(
    key: object,
) -> directory_pb2.SignatureAlgorithm.ValueType | None:
    if isinstance(key, (ed25519.Ed25519PublicKey, ed25519.Ed25519PrivateKey)):
        return ED25519
    if isinstance(key, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey)):
        return ECDSA_P256 if isinstance(key.curve, ec.SECP256R1) else None
    if isinstance(key, (mldsa.MLDSA65PublicKey, mldsa.MLDSA65PrivateKey)):
        return ML_DSA_65
    return None


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """An enrolled public key.

    Attributes:
        spki: Its DER SubjectPublicKeyInfo.
        key_id: SHA-256 of that.
        algorithm: The only algorithm it verifies.
    """

    spki: bytes
    key_id: bytes
    algorithm: directory_pb2.SignatureAlgorithm.ValueType
    _key: _PublicKey

    @classmethod
    def parse(cls, spki: bytes) -> "VerificationKey":
        """Load a key from its one accepted form.

        Raises:
            Malformed: Another algorithm, curve, point or DER form.
        """
        expected = "a DER SubjectPublicKeyInfo of Ed25519, P-256 or ML-DSA-65"
        try:
            key = serialization.load_der_public_key(spki)
        except (ValueError, UnsupportedAlgorithm):
            raise Malformed("public_key", expected=expected) from None
        algorithm = _algorithm_of(key)
        if algorithm is None or len(spki) != _SPKI_BYTES[algorithm]:
            raise Malformed("public_key", expected=expected)
        if _spki(key) != spki:  # type: ignore[arg-type]
            raise Malformed("public_key", expected=expected)
        return cls(spki, key_id_of(spki), algorithm, key)  # type: ignore[arg-type]

    def verify(self, data: bytes, signature: bytes, *, thing: str) -> None:
        """Verify a signature over `data`, or raise.

        Raises:
            SignatureNotCanonical: ECDSA that is not strict DER with low s.
            SignatureInvalid: It does not verify.
        """
        try:
            if isinstance(self._key, ec.EllipticCurvePublicKey):
                _require_low_s(signature, thing)
                self._key.verify(signature, data, _ECDSA)
            else:
                self._key.verify(signature, data)
        except InvalidSignature:
            raise SignatureInvalid(thing) from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key with its public side."""

    public: VerificationKey
    _key: _PrivateKey

    @classmethod
    def of(cls, key: _PrivateKey) -> "SigningKey":
        """Wrap a private key of `cryptography`."""
        return cls(VerificationKey.parse(_spki(key.public_key())), key)

    @classmethod
    def generate(cls) -> "SigningKey":
        """Make a new Ed25519 key."""
        return cls.of(ed25519.Ed25519PrivateKey.generate())

    def sign(self, data: bytes) -> bytes:
        """Sign `data`; ECDSA comes out normalised to low s."""
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            r, s = decode_dss_signature(self._key.sign(data, _ECDSA))
            return encode_dss_signature(r, min(s, _P256_ORDER - s))
        return self._key.sign(data)


def encode_signing_key(key: SigningKey) -> bytes:
    """Return the key as an unencrypted PKCS #8 PEM file."""
    return key._key.private_bytes(  # noqa: SLF001
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def parse_signing_key(pem: bytes, *, thing: str) -> SigningKey:
    """Load a signing key from a PKCS #8 PEM file.

    Raises:
        ConfigInvalid: It is no unencrypted key of an accepted algorithm.
    """
    expected = "an unencrypted PKCS #8 PEM key: Ed25519, P-256 or ML-DSA-65"
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ConfigInvalid(thing, expected=expected) from None
    if _algorithm_of(key) is None:
        raise ConfigInvalid(thing, expected=expected)
    return SigningKey.of(key)  # type: ignore[arg-type]


def _spki(key: _PublicKey) -> bytes:
    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _require_low_s(signature: bytes, thing: str) -> None:
    try:
        r, s = decode_dss_signature(signature)
    except ValueError:
        raise NotLowS(thing, expected="strict DER") from None
    if s > _P256_ORDER // 2 or encode_dss_signature(r, s) != signature:
        raise NotLowS(thing, expected="strict DER with low s")
