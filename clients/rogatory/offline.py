"""Verification without a network: a log's folder, receipts' files. Never imports grpc.

What is verified here needs nothing but files and the log's vkeys:

* `verify_log_folder`: every byte of a static log (C2SP tlog-tiles): signatures,
  entries, tiles, root; then that the entries make sense as a log of ours (`_story`).
  Who must have signed is said by vkeys, by a policy (C2SP tlog-policy), or by both.
* `verify_receipt_files`: that an entry is in the log, and is the entry of an envelope.

A failure is a `VerificationError` that names the first wrong thing. Its evidence is
kept: copied where the caller says (`evidence`), and the path is in `metadata["kept"]`.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from rogatory._log_files import CHECKPOINT, LogFiles, damage, keep, read_file, with_keys
from rogatory._story import AnyStory, Story, parse_logged
from rogatory._vkey_files import read_vkeys
from rogatory.errors import (
    ConfigInvalid,
    InputError,
    ReceiptMismatch,
    VerificationError,
)
from rogatory.tlog import (
    Entry,
    KeyType,
    MessageEntry,
    Policy,
    VerifiedCheckpoint,
    VerifiedProof,
    VerifierKey,
    encode_policy,
    parse_policy,
    verify_checkpoint,
    verify_log,
    verify_policy,
    verify_proof,
)

MAX_POLICY_BYTES = 512 * 1024
"""The longest policy that `parse_policy` reads."""

Keys: TypeAlias = Sequence[VerifierKey] | Path
"""The log's keys, or the file that holds them."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with what is done and what there is in all."""


@dataclass(frozen=True, slots=True)
class VerifiedFolder:
    """A log folder of which every byte was verified; `verify_log_folder` makes it.

    Attributes:
        checkpoint: What the log signed: origin, size, root.
        entries: How many entries were read and hashed.
        kinds: Entries by kind; those of others, if they are allowed, are `other`.
        first_time: Time of entry 0; None in a log without entries, or of any entries.
        last_time: Time of the newest entry; None where `first_time` is.
        quorum: Name of the policy's quorum that was met; None without a policy.
        story: Whether the entries were read as a log of ours and make sense.
    """

    checkpoint: VerifiedCheckpoint
    entries: int
    kinds: Mapping[str, int]
    first_time: datetime | None
    last_time: datetime | None
    quorum: str | None = None
    story: bool = True


@dataclass(frozen=True, slots=True)
class VerifiedReceiptFiles:
    """A receipt's files that hold together; `verify_receipt_files` makes it.

    Attributes:
        proof: The entry's place in the log, and the checkpoint that proves it.
        entry: The entry.
        envelope_digest: SHA-256 of the envelope; None if none was given.
    """

    proof: VerifiedProof
    entry: Entry
    envelope_digest: bytes | None

    @property
    def index(self) -> int:
        """Log index of the entry."""
        return self.proof.index

    @property
    def time(self) -> datetime:
        """When it was logged."""
        return self.entry.time


def load_vkeys(path: Path, *, any_types: bool = False) -> tuple[VerifierKey, ...]:
    """Read the log's keys, one vkey a line.

    Args:
        path: The file.
        any_types: Take what keys there are, at least one: for logs of others.

    Raises:
        ConfigInvalid: The file cannot be read, or does not hold an Ed25519 and an
            ML-DSA-44 key of one log.
    """
    thing = f"vkeys {path}"
    keys = read_vkeys(path)
    types = {key.type for key in keys}
    if any_types and not keys:
        raise ConfigInvalid(thing, expected="at least one vkey", got="none")
    if not any_types and not {KeyType.ED25519, KeyType.MLDSA44} <= types:
        raise ConfigInvalid(thing, expected="an Ed25519 and an ML-DSA-44 key")
    if len({key.name for key in keys}) != 1:
        raise ConfigInvalid(thing, expected="keys of one log")
    return keys


def load_policy(path: Path) -> Policy:
    """Read a policy (C2SP tlog-policy).

    Raises:
        ConfigInvalid: The file cannot be read, or a line breaks the grammar.
    """
    thing = f"policy {path}"
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_POLICY_BYTES + 1)
        return parse_policy(raw)
    except OSError as error:
        got = error.strerror or "an error"
        raise ConfigInvalid(thing, expected="a readable file", got=got) from None
    except InputError as error:
        thing = f"{thing}, {error.thing}"
        raise ConfigInvalid(thing, expected=error.expected, got=error.got) from error


def verify_log_folder(
    folder: Path,
    vkeys: Keys | None,
    progress: Progress | None = None,
    *,
    policy: Policy | Path | None = None,
    any_entries: bool = False,
    evidence: Path | None = None,
) -> VerifiedFolder:
    """Verify every byte of a log's folder, or raise naming the first wrong thing.

    Args:
        folder: What holds `checkpoint` and `tile/`.
        vkeys: The log's keys, each of which must have signed, or their file; None: the
            policy alone says who must have.
        progress: Told entries done and entries in all.
        policy: Who must have signed and cosigned, or the file that says it.
        any_entries: Take a log of others: entries that are none of ours are counted,
            the story is not verified, and the keys may be of any type.
        evidence: Folder for the evidence of a failure; without it the log's folder
            itself is what there is.

    Raises:
        VerificationError: Something is wrong; `metadata["kept"]` is where evidence is.
        ConfigInvalid: Keys or policy cannot be read, or there are neither.
    """
    keys = (
        load_vkeys(vkeys, any_types=any_entries) if isinstance(vkeys, Path) else vkeys
    )
    rules = load_policy(policy) if isinstance(policy, Path) else policy
    trusted = _Trusted(tuple(keys or ()), rules)
    files = LogFiles(folder)
    try:
        head = trusted.verify(files.checkpoint())
        signed = trusted.log_keys(head)
        others = [] if keys else trusted.known
        story = AnyStory() if any_entries else Story(signed, others=others)
        verified = verify_log(
            # What was verified above, and no other that may have replaced it since.
            lambda path: head.raw if path == CHECKPOINT else read_file(folder / path),
            signed,
            progress=progress,
            on_entry=story,
        )
        story.close()
    except VerificationError as error:
        found = {**damage(folder, error), **files.seen}
        if rules:
            found["log.policy"] = encode_policy(rules)
        keep(error, evidence, folder, with_keys(found, trusted.known))
        raise
    return VerifiedFolder(
        head,
        verified.entries,
        dict(story.kinds),
        story.first_time,
        story.last_time,
        rules.quorum.decode(errors="backslashreplace") if rules else None,
        not any_entries,
    )


@dataclass(frozen=True, slots=True)
class _Trusted:
    """Who must have signed: all of the keys, and whom the policy demands."""

    keys: tuple[VerifierKey, ...]
    policy: Policy | None

    def __post_init__(self) -> None:
        if not self.keys and self.policy is None:
            raise ConfigInvalid("trust", expected="vkeys or a policy", got="neither")

    @property
    def known(self) -> list[VerifierKey]:
        """Return every key, once."""
        found = [*self.keys]
        if self.policy is not None:
            found += [each.key for each in self.policy.logs]
            found += [each.key for each in self.policy.witnesses.values()]
        return list(dict.fromkeys(found))

    def verify(self, raw: bytes) -> VerifiedCheckpoint:
        """Verify a checkpoint, or raise; its signers are all that are known.

        Raises:
            NoteUnverified: Not all of those signed who must have.
        """
        if self.policy is None:
            return verify_checkpoint(raw, self.keys)
        head = verify_policy(raw, self.policy)
        if not self.keys:
            return head
        return verify_checkpoint(raw, self.keys, witnesses=self.known)

    def log_keys(self, head: VerifiedCheckpoint) -> Sequence[VerifierKey]:
        """Return the keys by which the log itself signed a verified checkpoint."""
        if self.keys or self.policy is None:
            return self.keys
        logs = {each.key for each in self.policy.logs}
        return [key for key in head.signers if key in logs and key.name == head.origin]


def verify_receipt_files(
    entry_path: Path,
    proof_path: Path,
    envelope_path: Path | None,
    vkeys: Keys,
    *,
    evidence: Path | None = None,
) -> VerifiedReceiptFiles:
    """Verify that an entry is in the log and is the one of an envelope, or raise.

    Args:
        entry_path: The entry's bytes (`NAME.entry`).
        proof_path: Its proof (`NAME.tlog-proof`).
        envelope_path: The envelope's bytes (`NAME.bin`), if at hand.
        vkeys: The log's keys, each of which must have signed, or their file.
        evidence: Folder for the evidence of a failure.

    Raises:
        VerificationError: They do not hold; `metadata["kept"]` is where evidence is.
        ConfigInvalid: The keys cannot be read.
        OSError: A file cannot be read.
    """
    keys = _keys(vkeys)
    paths = [entry_path, proof_path, *([envelope_path] if envelope_path else [])]
    files = {path.name: read_file(path) for path in paths}
    raw, envelope = files[entry_path.name], None
    if envelope_path is not None:
        envelope = files[envelope_path.name]
    try:
        proof = verify_proof(files[proof_path.name], raw, keys)
        entry = parse_logged(raw, proof.index)
        digest = _verify_digest(entry, envelope) if envelope is not None else None
    except VerificationError as error:
        keep(error, evidence, entry_path.parent, with_keys(files, keys))
        raise
    return VerifiedReceiptFiles(proof, entry, digest)


def _verify_digest(entry: Entry, envelope: bytes) -> bytes:
    digest = hashlib.sha256(envelope).digest()
    if not isinstance(entry, MessageEntry) or entry.digest != digest:
        logged = entry.digest.hex() if isinstance(entry, MessageEntry) else entry.kind
        raise ReceiptMismatch(
            "envelope", expected=f"SHA-256 {logged}", got=digest.hex()
        )
    return digest


def _keys(vkeys: Keys) -> Sequence[VerifierKey]:
    return load_vkeys(vkeys) if isinstance(vkeys, Path) else vkeys
