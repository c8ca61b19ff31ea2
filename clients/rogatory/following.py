"""Is a log's folder still the log that was there before? Never imports grpc.

The newest checkpoint seen is remembered in one file, as the log signed it. Whatever the
folder has next must be signed by the same keys and, by the folder's own tiles, contain
what was remembered. Then it is remembered in its place; otherwise the memory stays and
both checkpoints are kept with every file that was read:

- fewer entries than before: a rollback;
- as many, with another root, or more, whose tiles prove another beginning: a fork, and
  both signed checkpoints show it to anybody;
- tiles that are not of the folder's own checkpoint: damage, which proves nothing.

The entries themselves are not read: that is `verify_log_folder`.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rogatory._evidence_folder import KEPT
from rogatory._log_files import LogFiles, keep, with_keys
from rogatory.errors import ConfigInvalid, ConsistencyInvalid, VerificationError
from rogatory.offline import Keys, load_vkeys
from rogatory.tlog import (
    VerifiedCheckpoint,
    VerifierKey,
    consistency_path,
    root_of,
    verify_checkpoint,
    verify_consistency,
)

MAX_STATE_BYTES = 512 * 1024
"""The longest signed note."""


@dataclass(frozen=True, slots=True)
class FollowedLog:
    """A log that contains all that was seen of it; `follow_log_folder` makes it.

    Attributes:
        before: The newest checkpoint seen before; None the first time.
        now: The folder's checkpoint, which is remembered from now on.
    """

    before: VerifiedCheckpoint | None
    now: VerifiedCheckpoint

    @property
    def change(self) -> str:
        """Return `first`, `grown` or `unchanged`."""
        if self.before is None:
            return "first"
        return "grown" if self.now.size > self.before.size else "unchanged"


def follow_log_folder(
    folder: Path, vkeys: Keys, state: Path, *, evidence: Path | None = None
) -> FollowedLog:
    """Prove that a folder continues what was seen before, and remember it, or raise.

    Args:
        folder: What holds `checkpoint` and `tile/`.
        vkeys: The log's keys, each of which must have signed, or their file.
        state: The file that remembers; made the first time.
        evidence: Folder for the evidence of a failure; `<state>.evidence` unless given.

    Raises:
        ConsistencyInvalid: The log was rolled back or forked.
        VerificationError: The folder is damaged, or not signed by the keys. In all of
            these cases `metadata["kept"]` is where evidence is.
        ConfigInvalid: The keys cannot be read, or what is remembered is not signed by
            them, or is in the folder itself.
        OSError: The state cannot be read or written.
    """
    keys = load_vkeys(vkeys) if isinstance(vkeys, Path) else vkeys
    if state.resolve().is_relative_to(folder.resolve()):
        raise ConfigInvalid(
            f"state {state}", expected="a file outside of the log's folder"
        )
    files = LogFiles(folder)
    with _locked(state):
        before = _remembered(state, keys)
        found: dict[str, bytes] = {}
        try:
            now = verify_checkpoint(files.checkpoint(), keys)
            if before is not None:
                _verify_continues(before, now, files, found)
        except VerificationError as error:
            if before is not None:
                found["remembered.checkpoint"] = before.raw
            found |= {f"served/{name}": raw for name, raw in files.seen.items()}
            place = evidence or state.with_name(f"{state.name}.evidence")
            _keep_once(error, place, with_keys(found, keys))
            raise
        followed = FollowedLog(before, now)
        if followed.change != "unchanged":
            _write(state, now.raw)
    return followed


def _verify_continues(
    before: VerifiedCheckpoint,
    now: VerifiedCheckpoint,
    files: LogFiles,
    found: dict[str, bytes],
) -> None:
    """Verify that a log contains what was seen of it, or raise."""
    if now.size < before.size:
        raise ConsistencyInvalid(
            "log, rolled back",
            expected=f"at least {before.size} entries, as it signed before",
            got=f"{now.size}",
        )
    if now.size == before.size:
        _refuse_fork(before, now.root)
        return
    if before.size == 0:
        return  # every log begins with nothing
    path = consistency_path(files.tile, before.size, now.size)
    found["consistency.path"] = "".join(f"{each.hex()}\n" for each in path).encode()
    # First that the tiles are of the signed tree, so that damage is called no fork.
    beginning = root_of(files.tiles_of(now.size), before.size)
    verify_consistency(before.size, now.size, path, beginning, now.root)
    _refuse_fork(before, beginning)


def _refuse_fork(before: VerifiedCheckpoint, root: bytes) -> None:
    if root != before.root:
        raise ConsistencyInvalid(
            f"log, forked within its first {before.size} entries",
            expected=f"root {before.root.hex()}, as it signed before",
            got=root.hex(),
        )


# --- what is remembered, and what is kept --------------------------------------------


def _remembered(state: Path, keys: Sequence[VerifierKey]) -> VerifiedCheckpoint | None:
    try:
        with state.open("rb") as file:
            raw = file.read(MAX_STATE_BYTES + 1)
    except FileNotFoundError:
        return None
    try:
        return verify_checkpoint(raw, keys)
    except VerificationError as error:
        # No evidence against the log: this is our own file.
        raise ConfigInvalid(
            f"state {state}",
            expected="a checkpoint signed by these vkeys",
            got=str(error),
        ) from error


@contextmanager
def _locked(state: Path) -> Iterator[None]:
    """Keep other processes that follow with the same memory out of the same block."""
    with state.with_name(f"{state.name}.lock").open("ab") as file:
        # Released by the system when the file is closed, also after a crash.
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(path: Path, raw: bytes) -> None:
    """Write a file whole and have it on disk, also its name."""
    handle, part = tempfile.mkstemp(".part", f".{path.name}-", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        # A crash before this line leaves the older one: it is proved again.
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _keep_once(
    error: VerificationError, place: Path, files: Mapping[str, bytes]
) -> None:
    """Keep evidence, unless it is there: who looks every minute fills no disk."""
    for report in sorted(place.glob("*/report.txt")):
        with suppress(OSError):
            if all((report.parent / n).read_bytes() == raw for n, raw in files.items()):
                error.metadata[KEPT] = str(report.parent)
                return
    try:
        keep(error, place, place, files)
    except OSError as problem:
        # The alarm must not become a complaint about a disk.
        why = problem.strerror or "an error"
        error.metadata[KEPT] = f"only the log's folder and the state: {place}: {why}"
