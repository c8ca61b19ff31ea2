"""The log's two signing keys: Ed25519 and ML-DSA-44, both named as the origin."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from rogatory.errors import ConfigInvalid, StoreExists
from rogatory.tlog import Checkpoint, NoteSigner, VerifierKey, sign_checkpoint

_ED25519 = "log.ed25519.pem"
_ML_DSA_44 = "log.mldsa44.pem"


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The keys that sign every checkpoint.

    Attributes:
        origin: Origin of the log and name of both keys.
        signers: Ed25519 first, then ML-DSA-44.
    """

    origin: str
    signers: tuple[NoteSigner, NoteSigner]

    @property
    def verifier_keys(self) -> tuple[VerifierKey, ...]:
        """The public sides, for verifiers."""
        return tuple(signer.verifier_key for signer in self.signers)

    def sign(self, size: int, root: bytes, time_unix: int) -> bytes:
        """Return a checkpoint signed by both keys."""
        checkpoint = Checkpoint(self.origin, size, root)
        return sign_checkpoint(checkpoint, self.signers, time_unix)


def make_log_keys(folder: Path, origin: str) -> LogKeys:
    """Make new keys and write them to two files that only the owner can read.

    Raises:
        StoreExists: There are keys already; they are never overwritten, for without
            them their log could not go on.
        ConfigInvalid: The files cannot be written.
    """
    for name in (_ED25519, _ML_DSA_44):
        if (folder / name).exists():
            raise StoreExists(f"log key {folder / name}", expected="no file there")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / _ED25519, ed25519.Ed25519PrivateKey.generate())
        _write(folder / _ML_DSA_44, mldsa.MLDSA44PrivateKey.generate())
    except OSError as error:
        raise ConfigInvalid(
            f"log keys {folder}",
            expected="a place to write",
            got=error.strerror or "",
        ) from None
    return load_log_keys(folder, origin)


def remove_log_keys(folder: Path) -> None:
    """Remove keys that have signed nothing that anybody saw."""
    for name in (_ED25519, _ML_DSA_44):
        (folder / name).unlink(missing_ok=True)


def load_log_keys(folder: Path, origin: str) -> LogKeys:
    """Load the keys that `make_log_keys` wrote.

    Raises:
        ConfigInvalid: A file is missing or holds no such key.
    """
    classical = _load(folder / _ED25519)
    quantum = _load(folder / _ML_DSA_44)
    if not isinstance(classical, ed25519.Ed25519PrivateKey):
        raise ConfigInvalid(str(folder / _ED25519), expected="an Ed25519 key")
    if not isinstance(quantum, mldsa.MLDSA44PrivateKey):
        raise ConfigInvalid(str(folder / _ML_DSA_44), expected="an ML-DSA-44 key")
    return LogKeys(
        origin,
        (
            NoteSigner.from_ed25519(origin, classical),
            NoteSigner.from_mldsa44(origin, quantum),
        ),
    )


def _write(
    path: Path, key: ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey
) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    # O_EXCL: also somebody who was quicker than the look above keeps the key.
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as f:
        f.write(pem)
        f.flush()
        os.fsync(f.fileno())


def _load(path: Path) -> object:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise ConfigInvalid(str(path), expected="a readable PKCS #8 key") from None
