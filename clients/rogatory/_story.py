"""Whether the entries of a log of ours make sense, read in order.

The hashes prove that entries are those that were signed. This proves that they are the
log they claim to be: entry 0 and no other is `start` and names the log's keys, times do
not run backwards, `directory` lines name the newest directory entry, and every kind and
line is known.

A log of others has entries of others: those are counted and no rule is applied.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from rogatory.errors import InputError, LogDamaged, RogatoryError
from rogatory.tlog import Entry, StartEntry, VerifierKey, parse_entry

OTHER = "other"
"""What an entry is counted as that is none of ours."""


class Story:
    """Reads entries in order; what is wrong is told after the hashes have held."""

    def __init__(
        self, keys: Collection[VerifierKey], *, others: Collection[VerifierKey] = ()
    ) -> None:
        """Expect a log whose `start` names all of `keys`, and else only `others`."""
        self._keys = frozenset(keys)
        self._known = self._keys.union(others)
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
        if isinstance(entry, StartEntry):
            named = frozenset(entry.vkeys)
            if not self._keys <= named <= self._known:
                raise _damaged(
                    index, "the vkeys that it is verified with", "other ones"
                )
        if self.last_time is not None and entry.time < self.last_time:
            raise _damaged(index, "a time not before that of the entry before")
        if entry.directory != self._directory:
            expected = f"directory {self._directory}"
            raise _damaged(index, expected, f"directory {entry.directory}")
        if entry.kind == "directory":
            self._directory = index
        self.first_time = self.first_time or entry.time
        self.last_time = entry.time


class AnyStory(Story):
    """Counts entries by kind and asks nothing of them: for logs of others."""

    def __init__(self) -> None:
        """Expect anything."""
        super().__init__(())

    def __call__(self, index: int, raw: bytes) -> None:
        """Count one entry."""
        del index
        try:
            self.kinds[parse_entry(raw).kind] += 1
        except InputError:
            self.kinds[OTHER] += 1


def parse_logged(raw: bytes, index: int) -> Entry:
    """Parse an entry that is in the log: if it has no form, the log's maker failed.

    Raises:
        LogDamaged: It has no form.
    """
    try:
        return parse_entry(raw)
    except RogatoryError as error:
        raise _damaged(index, error.expected, error.got) from error


def _damaged(index: int, expected: str, got: str = "") -> LogDamaged:
    return LogDamaged(f"entry {index}", expected=expected, got=got)
