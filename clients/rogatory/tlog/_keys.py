r"""Keys of signed notes, and what each type signs (signed-note, tlog-cosignature).

    vkey    <name>+<key id, 8 lowercase hex>+<base64(type || public key)>
    key id  SHA-256(name || \n || type || public key)[:4]

| type | signs | bytes |
|---|---|---|
| 01 Ed25519 | the note's text | 64 |
| 04 Ed25519 cosignature | `cosignature/v1\n` `time <t>\n`, the text | 8 for t, 64 |
| 06 ML-DSA-44 cosignature | the checkpoint as `cosigned_message` | 8 for t, 2,420 |

Type 06 covers a checkpoint's three lines and nothing else, so it is refused, both in
signing and in verifying, for a text with extension lines: nobody may take an extension
line for signed because an ML-DSA key signed the note.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Self

from rogatory.errors import Malformed, NoteUnverified, RogatoryError
from rogatory.tlog._checkpoint import parse_checkpoint_text
from rogatory.tlog._codec import (
    MAX_TIME,
    encode_base64,
    parse_base64,
    refuse_bad_name,
    refuse_longer,
    refuse_other_size,
    refuse_outside,
)

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

MAX_VKEY = 2048
"""An ML-DSA-44 vkey is a name, 1,752 characters of base64 and ten others."""

_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+(.+)", re.DOTALL)

TIMESTAMP_SIZE = 8


class KeyType(IntEnum):
    """The signature types that this package knows (signed-note, Signature types)."""

    ED25519 = 0x01
    ED25519_COSIGNATURE = 0x04
    MLDSA44 = 0x06


PUBLIC_SIZES = {
    KeyType.ED25519: 32,
    KeyType.ED25519_COSIGNATURE: 32,
    KeyType.MLDSA44: 1312,
}
SIGNATURE_SIZES = {
    KeyType.ED25519: 64,
    KeyType.ED25519_COSIGNATURE: TIMESTAMP_SIZE + 64,
    KeyType.MLDSA44: TIMESTAMP_SIZE + 2420,
}


def key_id(name: str, kind: int, public: bytes) -> int:
    """Compute the key id of a name, a type byte and a public key."""
    digest = hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()
    return int.from_bytes(digest[:4], "big")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with the name it signs under."""

    name: str
    key_id: int
    type: KeyType
    public: bytes

    def __post_init__(self) -> None:
        """Refuse a key whose id is not that of its name, type and public key."""
        refuse_bad_name(self.name, "key name")
        refuse_other_size(self.public, PUBLIC_SIZES[self.type], "public key")
        expected = key_id(self.name, self.type, self.public)
        if self.key_id != expected:
            raise Malformed(
                f"key id of {self.name}",
                expected=f"{expected:08x}",
                got=f"{self.key_id:08x}",
            )

    @classmethod
    def of(cls, name: str, kind: KeyType, public: bytes) -> Self:
        """Build a key, computing its id.

        Raises:
            Malformed: The name or the size of the public key is not acceptable.
        """
        refuse_bad_name(name, "key name")
        return cls(name, key_id(name, kind, public), kind, public)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a vkey.

        Raises:
            Malformed: Not a vkey in its one spelling, or the key id is not the key's.
            LimitExceeded: Longer than any vkey.
        """
        refuse_longer(text, MAX_VKEY, "vkey", "characters")
        found = _VKEY.fullmatch(text)
        if not found:
            raise Malformed("vkey", expected="<name>+<8 lowercase hex>+<base64>")
        name, id_text, key_text = found.groups()
        raw = parse_base64(key_text, "vkey")
        kinds = [kind for kind in KeyType if raw[:1] == bytes([kind])]
        if not kinds:
            raise Malformed("vkey", expected="type 01, 04 or 06", got=raw[:1].hex())
        return cls(name, int(id_text, 16), kinds[0], raw[1:])

    def encode(self) -> str:
        """Write the vkey."""
        material = encode_base64(bytes([self.type]) + self.public)
        return f"{self.label}+{material}"

    @property
    def label(self) -> str:
        """`<name>+<key id>`: what a note calls this key."""
        return f"{self.name}+{self.key_id:08x}"


def signed_message(key: VerifierKey, text: str, timestamp: int) -> bytes:
    """Return the bytes that a key signs for a note's text at a time.

    Raises:
        Malformed: Type 06, and the text is no checkpoint, or has extension lines.
    """
    if key.type == KeyType.ED25519:
        return text.encode()
    if key.type == KeyType.ED25519_COSIGNATURE:
        return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
    checkpoint = parse_checkpoint_text(text)
    if checkpoint.extensions:
        raise Malformed("checkpoint", expected="no extension lines beside ML-DSA-44")
    return b"".join(
        [
            b"subtree/v1\n\0",
            _with_length(key.name),
            timestamp.to_bytes(8, "big"),
            _with_length(checkpoint.origin),
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        ]
    )


def _with_length(name: str) -> bytes:
    raw = name.encode()
    return bytes([len(raw)]) + raw


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note."""

    name: str
    key_id: int
    signature: bytes
    """What follows the key id; begins with the timestamp for cosignatures."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        refuse_bad_name(self.name, "signature name")
        refuse_outside(self.key_id, 0, 2**32 - 1, "signature key id")
        if not self.signature:
            raise Malformed("signature line", expected="a signature", got="none")

    @property
    def label(self) -> str:
        """`<name>+<key id>`: the label of the key that it claims."""
        return f"{self.name}+{self.key_id:08x}"


def verify_signature(key: VerifierKey, text: str, signature: Signature) -> int | None:
    """Verify one signature over a note's text, or raise.

    Returns:
        The signed timestamp; None for the type that has none.

    Raises:
        NoteUnverified: The signature is not this key's over this text.
    """
    blob, timestamp = signature.signature, None
    thing = f"signature of {key.label}"
    if signature.label != key.label or len(blob) != SIGNATURE_SIZES[key.type]:
        raise NoteUnverified(
            thing, expected=f"{SIGNATURE_SIZES[key.type]} bytes", got=str(len(blob))
        )
    if key.type != KeyType.ED25519:
        timestamp = int.from_bytes(blob[:TIMESTAMP_SIZE], "big")
        blob = blob[TIMESTAMP_SIZE:]
        if timestamp > MAX_TIME:
            raise NoteUnverified(thing, expected="a timestamp below 2^63")
    try:
        message = signed_message(key, text, timestamp or 0)
    except RogatoryError as error:
        raise NoteUnverified(thing, expected="over a checkpoint") from error
    _verify_blob(key, blob, message, thing)
    return timestamp


def _verify_blob(key: VerifierKey, blob: bytes, message: bytes, thing: str) -> None:
    # Imported here: whoever only hashes or parses does not pay for it.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import (  # noqa: PLC0415
        ed25519,
        mldsa,
    )

    try:
        if key.type == KeyType.MLDSA44:
            mldsa.MLDSA44PublicKey.from_public_bytes(key.public).verify(blob, message)
        else:
            ed25519.Ed25519PublicKey.from_public_bytes(key.public).verify(blob, message)
    except InvalidSignature:
        raise NoteUnverified(
            thing, expected="a signature over this text", got="another"
        ) from None


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A private key with the name it signs under; made by its class methods."""

    verifier_key: VerifierKey
    _sign: Callable[[bytes], bytes] = field(repr=False, compare=False)

    @classmethod
    def from_ed25519(cls, name: str, private_key: "Ed25519PrivateKey") -> Self:
        """Sign as type 01: a log's own key."""
        public = private_key.public_key().public_bytes_raw()
        key = VerifierKey.of(name, KeyType.ED25519, public)
        return cls(key, private_key.sign)

    @classmethod
    def from_ed25519_cosigner(cls, name: str, private_key: "Ed25519PrivateKey") -> Self:
        """Sign as type 04: a witness.

        The signed bytes do not name the cosigner: use a key of its own for each name.
        """
        public = private_key.public_key().public_bytes_raw()
        key = VerifierKey.of(name, KeyType.ED25519_COSIGNATURE, public)
        return cls(key, private_key.sign)

    @classmethod
    def from_mldsa44(cls, name: str, private_key: "MLDSA44PrivateKey") -> Self:
        """Sign as type 06: a log's own key, or a witness."""
        public = private_key.public_key().public_bytes_raw()
        key = VerifierKey.of(name, KeyType.MLDSA44, public)
        return cls(key, private_key.sign)

    def sign(self, text: str, time_unix: int) -> Signature:
        """Sign a note's text.

        Args:
            text: The text, with its last newline.
            time_unix: The time, in seconds since 1970; type 01 does not sign it.

        Raises:
            Malformed: Type 06, and the text is not a checkpoint without extensions.
            LimitExceeded: The time is negative or does not fit into 63 bits.
        """
        refuse_outside(time_unix, 0, MAX_TIME, "timestamp")
        key = self.verifier_key
        blob = self._sign(signed_message(key, text, time_unix))
        if key.type != KeyType.ED25519:
            blob = time_unix.to_bytes(TIMESTAMP_SIZE, "big") + blob
        return Signature(key.name, key.key_id, blob)
