r"""Encryption keys: HPKE with MLKEM768-X25519 (KEM id 0x647A).

    private key  a 32-byte seed; SHAKE256(seed, 96) =
                 ML-KEM-768 seed (64 bytes, d ‖ z of FIPS 203) ‖ X25519 scalar (32)
    public key   ML-KEM-768 encapsulation key (1,184 bytes) ‖ X25519 public key (32)
    key id       SHA-256("rogatory/v1/hpke\n" ‖ public key)

Whoever has one of the two parts still needs the other: the seed must stay whole and
secret. It is never part of a `repr` or of an error.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)

from rogatory.errors import Malformed

SEED_SIZE = 32
PUBLIC_KEY_SIZE = 1216
KEY_ID_SIZE = 32
MLKEM_SEED_SIZE = 64
MLKEM_PUBLIC_KEY_SIZE = 1184

SUITE = hpke.Suite(
    hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM
)

_LABEL = b"ROGATORY HPKE PRIVATE KEY"
_BEGIN = b"-----BEGIN " + _LABEL + b"-----\n"
_END = b"\n-----END " + _LABEL + b"-----\n"
_TEXT_SIZE = len(_BEGIN) + 44 + len(_END)


@dataclass(frozen=True, slots=True)
class EncryptionPrivateKey:
    """A private encryption key, and what follows from its seed."""

    seed: bytes = field(repr=False)
    public_key: bytes = field(init=False, repr=False, compare=False)
    key_id: bytes = field(init=False, compare=False)
    hpke_key: hpke.MLKEM768X25519PrivateKey = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Derive both key pairs from the seed."""
        if len(self.seed) != SEED_SIZE:
            raise Malformed(
                "seed of an encryption key",
                expected=f"{SEED_SIZE} bytes",
                got=f"{len(self.seed)} bytes",
            )
        expanded = hashlib.shake_256(self.seed).digest(MLKEM_SEED_SIZE + 32)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:MLKEM_SEED_SIZE])
        x25519 = X25519PrivateKey.from_private_bytes(expanded[MLKEM_SEED_SIZE:])
        public_key = (
            mlkem.public_key().public_bytes_raw()
            + x25519.public_key().public_bytes_raw()
        )
        # The only place that writes to the frozen fields.
        object.__setattr__(self, "public_key", public_key)
        object.__setattr__(self, "key_id", key_id_of(public_key))
        object.__setattr__(
            self, "hpke_key", hpke.MLKEM768X25519PrivateKey(mlkem, x25519)
        )

    @classmethod
    def from_seed(cls, seed: bytes) -> Self:
        """Return the key that has this seed.

        Args:
            seed: 32 bytes from a cryptographic random generator.

        Raises:
            Malformed: The seed has another length.
        """
        return cls(seed)


def key_id_of(public_key: bytes) -> bytes:
    """Return the key id of an encryption public key.

    Raises:
        Malformed: The key has another length.
    """
    if len(public_key) != PUBLIC_KEY_SIZE:
        raise Malformed(
            "encryption public key",
            expected=f"{PUBLIC_KEY_SIZE} bytes",
            got=f"{len(public_key)} bytes",
        )
    return hashlib.sha256(b"rogatory/v1/hpke\n" + public_key).digest()


def parse_public_key(public_key: bytes) -> hpke.MLKEM768X25519PublicKey:
    """Return the HPKE key object of an encryption public key.

    Raises:
        Malformed: The length is wrong, or the ML-KEM part is not a valid encoding
            (FIPS 203 section 7.2, modulus check).
    """
    key_id_of(public_key)  # refuses another length
    try:
        mlkem = MLKEM768PublicKey.from_public_bytes(public_key[:MLKEM_PUBLIC_KEY_SIZE])
    except ValueError as e:
        raise Malformed(
            "encryption public key", expected="a valid ML-KEM-768 encapsulation key"
        ) from e
    x25519 = X25519PublicKey.from_public_bytes(public_key[MLKEM_PUBLIC_KEY_SIZE:])
    return hpke.MLKEM768X25519PublicKey(mlkem, x25519)


def encode_private_key(key: EncryptionPrivateKey) -> bytes:
    """Return the text form of a key file: a label and the seed in base64."""
    return _BEGIN + base64.b64encode(key.seed) + _END


def parse_private_key(raw: bytes) -> EncryptionPrivateKey:
    """Return the key of a key file; only the exact form of `encode_private_key`.

    Raises:
        Malformed: The bytes are anything else: another label or length, spaces, CRLF,
            a second key, base64 that is not its own re-encoding.
    """
    if len(raw) != _TEXT_SIZE or not (raw.startswith(_BEGIN) and raw.endswith(_END)):
        raise Malformed(
            "key file",
            expected=f"{_TEXT_SIZE} bytes labelled {_LABEL.decode()}",
            got=f"{len(raw)} bytes",
        )
    text = raw[len(_BEGIN) : -len(_END)]
    try:
        seed = base64.b64decode(text, validate=True)
    except ValueError:
        # From nowhere on purpose: the cause could quote the secret.
        raise Malformed("key file", expected="a seed in strict base64") from None
    if len(seed) != SEED_SIZE or base64.b64encode(seed) != text:
        raise Malformed("key file", expected=f"{SEED_SIZE} bytes in strict base64")
    return EncryptionPrivateKey.from_seed(seed)
