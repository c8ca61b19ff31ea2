"""Verification without a network: a log's folder, receipts' files. Never imports grpc.

What is verified here needs nothing but files and the log's vkeys:

* `verify_log_folder`: every byte of a static log (C2SP tlog-tiles): signatures,
  entries, tiles, root; then that the entries make sense as a log of ours: entry 0 and
  no other is `start`, times do not run backwards, `directory` lines name the newest
  directory entry, every kind and line is known.
* `verify_receipt_files`: that an entry is in the log, and is the entry of an envelope.

A failure is a `VerificationError` that names the first wrong thing. Its evidence is
kept: copied where the caller says (`evidence`), and the path is in `metadata["kept"]`.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from rogatory._evidence_folder import KEPT, keep_evidence
from rogatory.errors import (
    ConfigInvalid,
    LogDamaged,
    ReceiptMismatch,
    RogatoryError,
    VerificationError,
)
from rogatory.tlog import (
    Entry,
    KeyType,
    MessageEntry,
    StartEntry,
    VerifiedCheckpoint,
    VerifiedProof,
    VerifierKey,
    entries_path,
    parse_entry,
    tile_path,
    verify_log,
    verify_proof,
)

MAX_FILE_BYTES = 16 * 1024 * 1024 + 64 * 1024
"""The longest file of a log: a bundle of 256 entries of 65,535 bytes."""

MAX_VKEYS_BYTES = 64 * 1024
_TILE_WIDTH = 256

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
        kinds: Entries by kind.
        first_time: Time of entry 0; None in a log without entries.
        last_time: Time of the newest entry.
    """

    checkpoint: VerifiedCheckpoint
    entries: int
    kinds: Mapping[str, int]
    first_time: datetime | None
    last_time: datetime | None


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


def load_vkeys(path: Path) -> tuple[VerifierKey, ...]:
    """Read the log's keys, one vkey a line.

    Raises:
        ConfigInvalid: The file cannot be read, or does not hold an Ed25519 and an
            ML-DSA-44 key of one log.
    """
    thing = f"vkeys {path}"
    try:
        raw = path.read_bytes()
    except OSError as error:
        got = error.strerror or "an error"
        raise ConfigInvalid(thing, expected="a readable file", got=got) from None
    if len(raw) > MAX_VKEYS_BYTES:
        raise ConfigInvalid(thing, expected=f"at most {MAX_VKEYS_BYTES} bytes")
    try:
        lines = [line.strip() for line in raw.decode().splitlines()]
        keys = tuple(VerifierKey.parse(line) for line in lines if line)
    except (UnicodeDecodeError, RogatoryError):
        raise ConfigInvalid(thing, expected="one vkey a line") from None
    types = {key.type for key in keys}
    if not {KeyType.ED25519, KeyType.MLDSA44} <= types:
        raise ConfigInvalid(thing, expected="an Ed25519 and an ML-DSA-44 key")
    if len({key.name for key in keys}) != 1:
        raise ConfigInvalid(thing, expected="keys of one log")
    return keys


def verify_log_folder(
    folder: Path,
    vkeys: Keys,
    progress: Progress | None = None,
    *,
    evidence: Path | None = None,
) -> VerifiedFolder:
    """Verify every byte of a log's folder, or raise naming the first wrong thing.

    Args:
        folder: What holds `checkpoint` and `tile/`.
        vkeys: The log's keys, each of which must have signed, or their file.
        progress: Told entries done and entries in all.
        evidence: Folder for the evidence of a failure; without it the log's folder
            itself is what there is.

    Raises:
        VerificationError: Something is wrong; `metadata["kept"]` is where evidence is.
        ConfigInvalid: The keys cannot be read.
    """
    keys = _keys(vkeys)
    story = _Story(keys)
    try:
        verified = verify_log(
            lambda path: _read(folder / path), keys, progress=progress, on_entry=story
        )
        story.close()
    except VerificationError as error:
        _keep(error, evidence, folder, _damage(folder, error, keys))
        raise
    return VerifiedFolder(
        verified.checkpoint,
        verified.entries,
        dict(story.kinds),
        story.first_time,
        story.last_time,
    )


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
    files = {path.name: _read(path) for path in paths}
    raw, envelope = files[entry_path.name], None
    if envelope_path is not None:
        envelope = files[envelope_path.name]
    try:
        proof = verify_proof(files[proof_path.name], raw, keys)
        entry = _parse_logged(raw, proof.index)
        digest = _verify_digest(entry, envelope) if envelope is not None else None
    except VerificationError as error:
        _keep(error, evidence, entry_path.parent, _with_keys(files, keys))
        raise
    return VerifiedReceiptFiles(proof, entry, digest)


class _Story:
    """Reads entries in order; what is wrong is told after the hashes have held."""

    def __init__(self, keys: Sequence[VerifierKey]) -> None:
        self._keys = keys
        self._directory: int | None = None
        self._problem: LogDamaged | None = None
        self.kinds: Counter[str] = Counter()
        self.first_time: datetime | None = None
        self.last_time: datetime | None = None

    def __call__(self, index: int, raw: bytes) -> None:
        """Read one entry; keep the first problem."""
        if self._problem is None:
            try:
                self._read(index, parse_entry(raw))
            except LogDamaged as problem:
                self._problem = problem
            except RogatoryError as error:
                self._problem = _damaged(index, error.expected, error.got)
                self._problem.__cause__ = error

    def close(self) -> None:
        """Raise the first problem, if there is one."""
        if self._problem is not None:
            raise self._problem

    def _read(self, index: int, entry: Entry) -> None:
        self.kinds[entry.kind] += 1
        if isinstance(entry, StartEntry) != (index == 0):
            got = f"kind {entry.kind}"
            raise _damaged(index, "kind start in entry 0 and no other", got)
        if isinstance(entry, StartEntry) and set(entry.vkeys) != set(self._keys):
            raise _damaged(index, "the vkeys that it is verified with", "other ones")
        if self.last_time is not None and entry.time < self.last_time:
            raise _damaged(index, "a time not before that of the entry before")
        if entry.directory != self._directory:
            expected = f"directory {self._directory}"
            raise _damaged(index, expected, f"directory {entry.directory}")
        if entry.kind == "directory":
            self._directory = index
        self.first_time = self.first_time or entry.time
        self.last_time = entry.time


def _damaged(index: int, expected: str, got: str = "") -> LogDamaged:
    return LogDamaged(f"entry {index}", expected=expected, got=got)


def _parse_logged(raw: bytes, index: int) -> Entry:
    """Parse an entry that is in the log: if it has no form, the log's maker failed."""
    try:
        return parse_entry(raw)
    except RogatoryError as error:
        raise _damaged(index, error.expected, error.got) from error


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


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        got = f"more than {MAX_FILE_BYTES}"
        raise LogDamaged(path.name, expected="a file of a log", got=got)
    return raw


def _keep(
    error: VerificationError,
    evidence: Path | None,
    original: Path,
    files: Mapping[str, bytes],
) -> None:
    kept = original if evidence is None else keep_evidence(evidence, error, files)
    error.metadata[KEPT] = str(kept)


def _damage(
    folder: Path, error: VerificationError, keys: Sequence[VerifierKey]
) -> dict[str, bytes]:
    """Collect the checkpoint and the files that the error speaks of."""
    names = ["checkpoint", error.thing.partition(",")[0]]
    word, _, number = error.thing.partition(" ")
    if word == "entry" and number.isdecimal():
        bundle, place = divmod(int(number), _TILE_WIDTH)
        for width in range(_TILE_WIDTH, place, -1):
            names += [entries_path(bundle, width), tile_path(0, bundle, width)]
    found = {}
    for name in names:
        path = folder / name
        with suppress(OSError, ValueError):
            if path.resolve().is_relative_to(folder.resolve()) and path.is_file():
                found[name] = _read(path)
    return _with_keys(found, keys)


def _with_keys(
    files: Mapping[str, bytes], keys: Sequence[VerifierKey]
) -> dict[str, bytes]:
    vkeys = "".join(f"{key.encode()}\n" for key in keys)
    return {**files, "log.vkeys": vkeys.encode()}
