"""The folder of a witness: two keys, the state, and evidence as files.

    witness.ed25519.pem     PKCS #8, mode 0600
    witness.mldsa44.pem     PKCS #8, mode 0600
    witness.vkeys           the public keys, to be published
    state.sqlite            see `WitnessState`
    evidence/               two signed checkpoints a number: `…-held`, `…-offered`

The folder is one witness, for ever: copying it to a second place, or restoring an old
copy, lets two histories be cosigned under one name. A witness that lost its state gets
new keys and another name.
"""

import os
from collections.abc import Collection
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from rogatory._vkey_files import read_vkeys
from rogatory.errors import ConfigInvalid, StoreExists
from rogatory.tlog import NoteSigner, VerifierKey
from rogatory.witness._deciding import KnownLog
from rogatory.witness._state import WitnessState
from rogatory.witness._witness import Witness

_ED25519 = "witness.ed25519.pem"
_MLDSA44 = "witness.mldsa44.pem"
_VKEYS = "witness.vkeys"
_STATE = "state.sqlite"
_EVIDENCE = "evidence"


def init_witness(folder: Path, name: str) -> tuple[VerifierKey, ...]:
    """Make the keys and the state of a new witness; return its public keys.

    Raises:
        StoreExists: There is something of a witness in the folder.
        Malformed: The name cannot stand in a note.
        LimitExceeded: The name is longer than 255 bytes.
        OSError: The folder cannot be written.
    """
    for part in (_ED25519, _MLDSA44, _STATE):
        if (folder / part).exists():
            raise StoreExists(f"witness {folder / part}", expected="no file there")
    classical = ed25519.Ed25519PrivateKey.generate()
    quantum = mldsa.MLDSA44PrivateKey.generate()
    keys = tuple(signer.verifier_key for signer in _signers(name, classical, quantum))
    folder.mkdir(parents=True, exist_ok=True)
    # A crash in between leaves keys without a state, which no `serve` accepts and
    # which have signed nothing: the folder can be deleted.
    _write_new(folder / _ED25519, _pem(classical))
    _write_new(folder / _MLDSA44, _pem(quantum))
    _write_new(folder / _VKEYS, "".join(f"{k.encode()}\n" for k in keys).encode())
    WitnessState.create(folder / _STATE, keys).close()
    _sync(folder)
    return keys


def load_witness(folder: Path) -> Witness:
    """Open the witness that `init_witness` made.

    Raises:
        ConfigInvalid: A file is missing or unreadable, or the state is another
            witness's.
    """
    classical = _load(folder / _ED25519)
    quantum = _load(folder / _MLDSA44)
    if not isinstance(classical, ed25519.Ed25519PrivateKey):
        raise ConfigInvalid(f"{folder / _ED25519}", expected="an Ed25519 key")
    if not isinstance(quantum, mldsa.MLDSA44PrivateKey):
        raise ConfigInvalid(f"{folder / _MLDSA44}", expected="an ML-DSA-44 key")
    state = WitnessState(folder / _STATE)
    # The state has the name, for it belongs to it as much as the keys do.
    identity = state.identity
    signers = _signers(_name_of(identity), classical, quantum)
    if identity != {signer.verifier_key.encode() for signer in signers}:
        state.close()
        raise ConfigInvalid(f"{folder / _STATE}", expected="the state of these keys")
    return Witness(state, signers)


def load_log_keys(path: Path) -> tuple[VerifierKey, ...]:
    """Read the keys of a log, one vkey a line.

    Raises:
        ConfigInvalid: The file cannot be read, or holds no key, or something else.
    """
    thing = f"vkeys {path}"
    keys = read_vkeys(path)
    if not keys:
        raise ConfigInvalid(thing, expected="at least one vkey", got="none")
    return keys


def add_log(folder: Path, log: KnownLog) -> None:
    """Let a witness watch a log; one that serves notices it by itself.

    Raises:
        ConfigInvalid: There is no witness in the folder, or one of the keys is the
            witness's own, so that its cosignature would count as the log's.
    """
    witness = load_witness(folder)
    try:
        own = {key.public for key in witness.verifier_keys}
        if any(key.public in own for key in log.keys):
            raise ConfigInvalid(f"keys of {log.origin}", expected="keys of the log")
        witness.state.add_log(log)
    finally:
        witness.state.close()


def save_evidence(folder: Path, state: WitnessState) -> list[Path]:
    """Write the evidence as files that can be handed on; return the new ones.

    Raises:
        OSError: A file cannot be written.
    """
    made: list[Path] = []
    target = folder / _EVIDENCE
    for each in state.evidence():
        for name, raw in (("held", each.held), ("offered", each.offered)):
            path = target / f"{each.number:06}-{each.kind}-{name}"
            if not path.exists():
                target.mkdir(mode=0o700, exist_ok=True)
                # A crash may leave a part file; the row is whole, and the next call
                # writes the file again.
                part = path.with_suffix(".part")
                part.unlink(missing_ok=True)
                _write_new(part, raw)
                part.replace(path)
                made.append(path)
    if made:
        _sync(target)
    return made


def _name_of(identity: Collection[str]) -> str:
    for vkey in identity:
        return VerifierKey.parse(vkey).name
    raise ConfigInvalid("witness state", expected="the keys that it belongs to")


def _signers(
    name: str,
    classical: ed25519.Ed25519PrivateKey,
    quantum: mldsa.MLDSA44PrivateKey,
) -> tuple[NoteSigner, ...]:
    return (
        NoteSigner.from_ed25519_cosigner(name, classical),
        NoteSigner.from_mldsa44(name, quantum),
    )


def _pem(key: ed25519.Ed25519PrivateKey | mldsa.MLDSA44PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _load(path: Path) -> object:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError):
        raise ConfigInvalid(str(path), expected="a readable PKCS #8 key") from None


def _write_new(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
