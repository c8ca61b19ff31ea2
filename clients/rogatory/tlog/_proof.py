r"""Proofs that an entry is in a log, to be verified offline (C2SP tlog-proof).

c2sp.org/tlog-proof@v1\n
[extra <base64>\n]              authenticated by nothing
index <decimal>\n
<base64 of 32 bytes>\n ...      the leaf's sibling first
\n
<the signed checkpoint, verbatim>
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rogatory.errors import InclusionInvalid, InputError, Malformed
from rogatory.tlog._checkpoint import parse_checkpoint_text
from rogatory.tlog._codec import (
    HASH_SIZE,
    MAX_SIZE,
    as_verification,
    decode_utf8,
    encode_base64,
    parse_base64,
    parse_decimal,
    refuse_longer,
    refuse_other_size,
    refuse_outside,
)
from rogatory.tlog._keys import VerifierKey
from rogatory.tlog._note import MAX_NOTE, parse_note
from rogatory.tlog._signing import VerifiedCheckpoint, verify_checkpoint
from rogatory.tlog._tree import MAX_PATH, leaf_hash, verify_inclusion

MAX_EXTRA = 64 * 1024
"""Room for the entry and its openings, which is what applications put there."""

MAX_PROOF_HEAD = 4 * ((MAX_EXTRA + 2) // 3) + 64 * (MAX_PATH + 2)
"""The lines before the checkpoint."""

_HEADER = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof as read; nothing in it is verified."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note."""
    extra: bytes | None = None

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        refuse_outside(self.index, 0, MAX_SIZE - 1, "proof index")
        refuse_longer(self.path, MAX_PATH, "proof path", "hashes")
        for value in self.path:
            refuse_other_size(value, HASH_SIZE, "proof path")
        refuse_longer(self.extra or b"", MAX_EXTRA, "proof extra")
        parse_checkpoint_text(parse_note(self.checkpoint).text)


@dataclass(frozen=True, slots=True)
class VerifiedProof:
    """An entry that is in a log; made by `verify_proof` only."""

    index: int
    entry: bytes
    checkpoint: VerifiedCheckpoint


def parse_proof(raw: bytes) -> TlogProof:
    """Read a proof, verifying nothing.

    Raises:
        Malformed: Not a proof in its one spelling, or no checkpoint in it.
        LimitExceeded: A part is too long.
    """
    thing = "proof"
    refuse_longer(raw, MAX_PROOF_HEAD + MAX_NOTE, thing)
    head, empty_line, checkpoint = raw.partition(b"\n\n")
    if not empty_line:
        raise Malformed(thing, expected="an empty line before the checkpoint")
    refuse_longer(head, MAX_PROOF_HEAD, thing)
    lines = decode_utf8(head, thing).split("\n")
    if lines.pop(0) != _HEADER:
        raise Malformed(thing, expected=_HEADER)
    extra = None
    if lines and lines[0].startswith(_EXTRA):
        extra = parse_base64(lines.pop(0).removeprefix(_EXTRA), "proof extra")
    if not lines or not lines[0].startswith(_INDEX):
        raise Malformed(thing, expected="index <decimal>")
    index = parse_decimal(lines.pop(0).removeprefix(_INDEX), "proof index")
    refuse_longer(lines, MAX_PATH, "proof path", "hashes")
    path = tuple(parse_base64(line, "proof path", size=HASH_SIZE) for line in lines)
    return TlogProof(index, path, checkpoint, extra)


def encode_proof(proof: TlogProof) -> bytes:
    """Write a proof."""
    lines = [_HEADER]
    if proof.extra is not None:
        lines.append(_EXTRA + encode_base64(proof.extra))
    lines.append(f"{_INDEX}{proof.index}")
    lines += [encode_base64(value) for value in proof.path]
    return "\n".join(lines).encode() + b"\n\n" + proof.checkpoint


def verify_proof(
    raw: bytes,
    entry: bytes,
    keys: Sequence[VerifierKey],
    *,
    origin: str | None = None,
    witnesses: Sequence[VerifierKey] = (),
) -> VerifiedProof:
    """Verify that an entry is in a log, or raise.

    Args:
        raw: The proof.
        entry: The entry's bytes.
        keys: The log's keys, each of which must have signed the checkpoint.
        origin: The log; unless given, the origin must be the name of one of `keys`.
        witnesses: Keys whose signature is verified if it is there; how many must have
            signed is the caller's policy, read from the checkpoint's `signers`.

    Raises:
        InclusionInvalid: The entry is not at this index of the signed tree, or the
            bytes are no proof.
        NoteUnverified: The checkpoint is not signed by all keys, or of another log.
        RootMismatch: Size 0 with another root than that of the empty tree.
        ConfigInvalid: Two different keys share one name and key id.
    """
    # Steps as in tlog-proof, "Verifying a tlog proof".
    try:
        proof = parse_proof(raw)
    except InputError as error:
        raise as_verification(InclusionInvalid, error) from error
    leaf = leaf_hash(entry)
    head = verify_checkpoint(proof.checkpoint, keys, origin=origin, witnesses=witnesses)
    verify_inclusion(leaf, proof.index, head.size, proof.path, head.root)
    return VerifiedProof(proof.index, entry, head)
