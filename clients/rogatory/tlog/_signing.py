"""Signed checkpoints: what a log releases, and what everybody verifies it by.

A log of this project signs each checkpoint with Ed25519 (type 01) and ML-DSA-44 (type
06, as tlog-cosignature has it, with the log's key name as the cosigner and the time of
signing as the timestamp), both under the origin as name; a verifier is given both keys
and demands both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rogatory.errors import InputError, NoteUnverified, RootMismatch
from rogatory.tlog._checkpoint import (
    Checkpoint,
    encode_checkpoint_text,
    parse_checkpoint_text,
)
from rogatory.tlog._codec import as_verification, encode_base64
from rogatory.tlog._keys import NoteSigner, VerifierKey
from rogatory.tlog._note import Note, encode_note, verify_note
from rogatory.tlog._tree import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class VerifiedCheckpoint:
    """A checkpoint that its log signed; made by `verify_checkpoint` only."""

    checkpoint: Checkpoint
    raw: bytes
    """The signed note, as received."""
    times: Mapping[str, int]
    """`<name>+<key id>` → timestamp that this key signed, of those that sign one."""
    signers: tuple[VerifierKey, ...]
    """The keys that signed, among those the verifier knows."""

    @property
    def origin(self) -> str:
        """Which log."""
        return self.checkpoint.origin

    @property
    def size(self) -> int:
        """How many leaves."""
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        """The root over them."""
        return self.checkpoint.root


def sign_checkpoint(
    checkpoint: Checkpoint, signers: Sequence[NoteSigner], time_unix: int
) -> bytes:
    """Sign a checkpoint and return the signed note, signatures in the given order.

    Args:
        checkpoint: What to sign.
        signers: Who signs; for a log both of its keys.
        time_unix: The time of signing, in seconds since 1970.

    Raises:
        Malformed: No signer, or an ML-DSA-44 signer and extension lines.
        LimitExceeded: The time or the note is out of its range.
        RootMismatch: Size 0 with another root than that of the empty tree.
    """
    _refuse_wrong_empty_root(checkpoint)
    text = encode_checkpoint_text(checkpoint).decode()
    signatures = tuple(signer.sign(text, time_unix) for signer in signers)
    return encode_note(Note(text, signatures))


def verify_checkpoint(
    raw: bytes,
    keys: Sequence[VerifierKey],
    *,
    origin: str | None = None,
    witnesses: Sequence[VerifierKey] = (),
) -> VerifiedCheckpoint:
    """Verify that a checkpoint is signed by all the keys given, or raise.

    Args:
        raw: The signed note.
        keys: The log's keys, each of which must have signed.
        origin: The log it must be of; unless given, the origin must be the name of one
            of `keys`.
        witnesses: Keys whose signature is verified if it is there.

    Raises:
        NoteUnverified: The bytes are no signed checkpoint, or another log's; a key did
            not sign, or a signature fails.
        RootMismatch: Size 0 with another root than that of the empty tree.
        ConfigInvalid: Two different keys share one name and key id.
    """
    note = verify_note(raw, [*keys, *witnesses], require=keys)
    try:
        checkpoint = parse_checkpoint_text(note.text)
    except InputError as error:
        raise as_verification(NoteUnverified, error) from error
    acceptable = {key.name for key in keys} if origin is None else {origin}
    if checkpoint.origin not in acceptable:
        raise NoteUnverified(
            "checkpoint origin",
            expected=" or ".join(sorted(acceptable)),
            got=checkpoint.origin,
        )
    _refuse_wrong_empty_root(checkpoint)
    return VerifiedCheckpoint(checkpoint, raw, note.times, note.signers)


def _refuse_wrong_empty_root(checkpoint: Checkpoint) -> None:
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        raise RootMismatch(
            "checkpoint of size 0",
            expected=f"root {encode_base64(EMPTY_ROOT)}",
            got=encode_base64(checkpoint.root),
        )
