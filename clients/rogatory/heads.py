"""The newest checkpoint that a party has seen, and the proof of every other against it.

A receipt alone shows that *some* log has the message. That everybody is shown the same
log follows from this: each checkpoint seen, wherever it came from, is signed by both of
the log's keys and is proved to be an earlier or later state of the newest one that we
remember. Whatever cannot be proved is a `ConsistencyInvalid`, and its evidence is kept.

The memory is one file that all processes of the party share, under a lock.
"""

from collections.abc import Mapping, Sequence

from rogatory.errors import (
    ConfigInvalid,
    ConsistencyInvalid,
    NotFound,
    VerificationError,
)
from rogatory.remote import Remote
from rogatory.state import State
from rogatory.tlog import (
    VerifiedCheckpoint,
    VerifierKey,
    consistency_path,
    verify_checkpoint,
    verify_consistency,
)


class Heads:
    """Remembers the newest checkpoint of one log."""

    def __init__(
        self, state: State, keys: Sequence[VerifierKey], origin: str, remote: Remote
    ) -> None:
        """Remember in a state folder; ask a gateway for proofs."""
        self._state = state
        self._keys = keys
        self._origin = origin
        self._remote = remote

    def newest(self) -> VerifiedCheckpoint | None:
        """Return the newest checkpoint seen, if any.

        Raises:
            ConfigInvalid: What is remembered is not signed by the log's keys: the file
                was altered, or the folder belongs to another log.
        """
        raw = self._state.load_checkpoint()
        if raw is None:
            return None
        try:
            return self.verify(raw)
        except VerificationError as error:
            # No evidence against the gateway: this is our own file.
            raise ConfigInvalid(
                f"{self._state.folder / 'checkpoint'}",
                expected="a checkpoint signed by the context's vkeys",
                got=str(error),
            ) from error

    def verify(self, raw: bytes) -> VerifiedCheckpoint:
        """Verify a checkpoint's signatures.

        Raises:
            NoteUnverified: It is not signed by both keys, or of another log.
        """
        return verify_checkpoint(raw, self._keys, origin=self._origin)

    def accept(self, seen: VerifiedCheckpoint) -> None:
        """Verify that a checkpoint is consistent with the newest, or raise.

        Raises:
            ConsistencyInvalid: The gateway has two histories, or lost a part of one;
                `metadata["kept"]` is where both are.
            Unavailable: The gateway cannot be asked now.
        """
        with self._state.locked():
            newest = self.newest()
            if newest is None:
                self._state.save_checkpoint(seen.raw)
                return
            evidence: dict[str, bytes] = {
                "newest.checkpoint": newest.raw,
                "seen.checkpoint": seen.raw,
            }
            try:
                head = self._link(newest, seen, evidence)
            except VerificationError as error:
                self._state.keep_evidence(error, evidence)
                raise
            if head.size > newest.size:
                self._state.save_checkpoint(head.raw)

    def _link(
        self,
        newest: VerifiedCheckpoint,
        seen: VerifiedCheckpoint,
        evidence: dict[str, bytes],
    ) -> VerifiedCheckpoint:
        """Prove both to be states of one log; return the newest state of it."""
        if newest.size == seen.size:
            verify_consistency(seen.size, newest.size, [], newest.root, seen.root)
            return newest
        older, newer = sorted((newest, seen), key=lambda head: head.size)
        if older.size == 0:
            return newer  # every log begins with nothing
        path, raw = self._ask(older)
        evidence |= {"gateway.checkpoint": raw, **_numbered("older", path)}
        head = self.verify(raw)
        if head.size < newer.size:
            raise _shorter(newer.size, head.size)
        verify_consistency(older.size, head.size, path, older.root, head.root)
        # The log may have grown since `newer` was signed: the way from there is read
        # from the tiles, so that a busy log needs no second question about its head.
        path = consistency_path(self._remote.get_tile, newer.size, head.size)
        evidence |= _numbered("newer", path)
        verify_consistency(newer.size, head.size, path, newer.root, head.root)
        return head

    def _ask(self, older: VerifiedCheckpoint) -> tuple[Sequence[bytes], bytes]:
        try:
            return self._remote.get_consistency_proof(older.size)
        except NotFound as error:
            raise _shorter(older.size, None) from error


def _numbered(name: str, path: Sequence[bytes]) -> Mapping[str, bytes]:
    return {f"{name}.path": b"".join(each.hex().encode() + b"\n" for each in path)}


def _shorter(size: int, got: int | None) -> ConsistencyInvalid:
    return ConsistencyInvalid(
        "log",
        expected=f"at least {size} entries, as it signed before",
        got="fewer" if got is None else f"{got}",
    )
