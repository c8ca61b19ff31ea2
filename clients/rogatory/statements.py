"""Directory and profiles at every place of the log, from statements that we verified.

"Active at receipt" is by log index: a message is judged by the directory that its entry
names and by the newest profiles statement before it, not by what is in force now. So
every statement is kept, and `directory_for` and `profiles_before` give what held.

Each statement is fetched once and verified whole: its entry is in the log (proof and
both signatures), the entry is that of the envelope, the first one is our trust anchor,
and each follows on the one before under the rule of two signatures. What was verified
is in the state folder; from there only the chain itself is replayed.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Sequence

from rogatory.directory import Directory, ProfileSet, apply_profiles, apply_statement
from rogatory.errors import (
    MessageUnverified,
    ReceiptMismatch,
    RogatoryError,
    VerificationError,
)
from rogatory.heads import Heads
from rogatory.remote import Remote
from rogatory.state import State
from rogatory.tlog import (
    DirectoryEntry,
    ProfilesEntry,
    VerifierKey,
    parse_entry,
    verify_proof,
)
from rogatory.v1 import directory_service_pb2


class Statements:
    """What held at every place of one log."""

    def __init__(
        self,
        state: State,
        heads: Heads,
        remote: Remote,
        *,
        keys: Sequence[VerifierKey],
        origin: str,
        genesis: bytes,
    ) -> None:
        """Start from a state folder; ask a gateway for news."""
        self._state = state
        self._heads = heads
        self._remote = remote
        self._keys = keys
        self._origin = origin
        self._genesis = genesis
        self._directories: list[Directory] = []
        self._profiles: list[ProfileSet] = []
        self._covered = 0
        self._loaded = False

    def directory(self) -> Directory:
        """Return the newest directory that was fetched; an empty one before that."""
        return self._directories[-1] if self._directories else Directory(self._origin)

    def profiles(self) -> ProfileSet:
        """Return the newest profile set that was fetched; an empty one before that."""
        return self._profiles[-1] if self._profiles else ProfileSet(self._origin)

    def directory_for(self, index: int, named: int | None) -> Directory:
        """Return the directory in force at an entry, or raise.

        Args:
            index: Log index of the entry.
            named: The directory index that the entry names.

        Raises:
            VerificationError: That is not the newest directory before the entry.
        """
        self.cover(index)
        before = _newest_before([d.index or 0 for d in self._directories], index)
        if before is None or self._directories[before].index != named:
            ours = None if before is None else self._directories[before].index
            raise VerificationError(
                f"entry {index}",
                expected=f"directory {ours}, the newest before it",
                got=f"directory {named}",
            )
        return self._directories[before]

    def profiles_before(self, index: int) -> ProfileSet:
        """Return the profiles in force at an entry."""
        self.cover(index)
        before = _newest_before([p.index or 0 for p in self._profiles], index)
        return ProfileSet(self._origin) if before is None else self._profiles[before]

    def cover(self, index: int) -> None:
        """Fetch until every statement before an entry is here."""
        if index >= self._covered:
            self.fetch()

    def fetch(self) -> None:
        """Fetch and verify what is new.

        Raises:
            VerificationError: A statement does not hold; `metadata["kept"]` has it.
            Unavailable: The gateway cannot be asked now.
        """
        self._load()
        newest = self._heads.newest()
        while page := self._remote.list_statements(self._last_index()):
            for statement in page:
                self._accept(statement)
        # Whatever the checkpoint covers was committed before the gateway was asked.
        self._covered = max(self._covered, newest.size if newest else 0)

    def _load(self) -> None:
        """Replay what the state folder has; if that fails, fetch all of it again."""
        if self._loaded:
            return
        self._loaded = True
        try:
            for index, envelope, entry in self._state.load_statements():
                self._apply(index, envelope, entry)
        except RogatoryError:
            self._directories.clear()
            self._profiles.clear()
            self._state.forget_statements()

    def _accept(self, statement: directory_service_pb2.LoggedStatement) -> None:
        index, entry = statement.index, statement.entry
        evidence = {"statement.bin": statement.envelope, "statement.entry": entry}
        try:
            if index <= self._last_index():
                raise ReceiptMismatch(
                    "statement", expected="a later index", got=f"index {index}"
                )
            proof = self._remote.get_inclusion_proof(index)
            evidence["statement.tlog-proof"] = proof
            verified = verify_proof(proof, entry, self._keys, origin=self._origin)
            if verified.index != index:
                raise ReceiptMismatch(
                    "statement proof",
                    expected=f"index {index}",
                    got=f"{verified.index}",
                )
            self._heads.accept(verified.checkpoint)
            self._apply(index, statement.envelope, entry)
        except VerificationError as error:
            self._state.keep_evidence(error, evidence)
            raise
        self._state.save_statement(index, statement.envelope, entry)

    def _apply(self, index: int, envelope: bytes, raw_entry: bytes) -> None:
        """Apply one statement to what we have, or raise VerificationError."""
        thing = f"statement at entry {index}"
        try:
            entry = parse_entry(raw_entry)
        except RogatoryError as error:
            raise _unverified(thing, error) from error
        if not isinstance(entry, (DirectoryEntry, ProfilesEntry)):
            raise ReceiptMismatch(thing, expected="a directory or profiles entry")
        if entry.digest != hashlib.sha256(envelope).digest():
            raise ReceiptMismatch(thing, expected="the digest of its envelope")
        if entry.directory != self.directory().index:
            expected = f"directory {self.directory().index}"
            raise ReceiptMismatch(
                thing, expected=expected, got=f"directory {entry.directory}"
            )
        try:
            if isinstance(entry, DirectoryEntry):
                after = apply_statement(self.directory(), envelope, index)
                self._require_genesis(after)
                self._directories.append(after)
            else:
                self._profiles.append(
                    apply_profiles(self.profiles(), self.directory(), envelope, index)
                )
        except VerificationError:
            raise
        except RogatoryError as error:
            raise _unverified(thing, error) from error

    def _require_genesis(self, after: Directory) -> None:
        if after.sequence == 0 and after.digest != self._genesis:
            raise VerificationError(
                "first directory statement",
                expected=f"digest {self._genesis.hex()}, the context's trust anchor",
                got=after.digest.hex(),
            )

    def _last_index(self) -> int:
        last = [self.directory().index, self.profiles().index]
        return max(index or 0 for index in last)


def _newest_before(indices: Sequence[int], index: int) -> int | None:
    at = bisect_left(indices, index)
    return at - 1 if at else None


def _unverified(thing: str, error: RogatoryError) -> MessageUnverified:
    return MessageUnverified(
        thing,
        expected="a statement that follows the rules",
        got=str(error),
        metadata={"cause": error.reason},
    )
