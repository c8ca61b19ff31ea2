"""Directory and profiles in force, replayed from the log's own statements."""

import threading
from dataclasses import dataclass

from rogatory.directory import (
    Directory,
    ProfileSet,
    apply_profiles,
    apply_statement,
)
from rogatory_gateway.store import Reader

_PAGE = 64


@dataclass(frozen=True, slots=True)
class InForce:
    """What is in force at one moment, read together."""

    directory: Directory
    profiles: ProfileSet


class Registry:
    """Keeps what is in force; `refresh` after a statement was logged."""

    def __init__(self, reader: Reader, origin: str) -> None:
        """Replay every statement of the log.

        Raises:
            RogatoryError: A logged statement does not verify: the store was altered.
        """
        self._reader = reader
        self._lock = threading.Lock()
        self._after = 0
        self._current = InForce(Directory(origin), ProfileSet(origin))
        self.refresh()

    @property
    def current(self) -> InForce:
        """What is in force now."""
        return self._current

    def refresh(self) -> None:
        """Apply statements that were logged since."""
        with self._lock:
            while page := self._reader.statements(self._after, _PAGE):
                for index, kind, envelope, _ in page:
                    self._apply(index, kind, envelope)
                    self._after = index

    def _apply(self, index: int, kind: str, envelope: bytes) -> None:
        now = self._current
        if kind == "directory":
            directory = apply_statement(now.directory, envelope, index)
            self._current = InForce(directory, now.profiles)
        else:
            profiles = apply_profiles(now.profiles, now.directory, envelope, index)
            self._current = InForce(now.directory, profiles)
