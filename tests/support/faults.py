"""A store that fails at one durable step, before or after the step took effect.

*Applied* means that the database did what it was asked and the answer was lost: a
commit that fails may have happened. What follows a fault is the real store again.
"""

import enum
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rogatory.errors import LogUnavailable
from rogatory_gateway.store import Appending, Head, Store


class Step(enum.StrEnum):
    """The steps of one append, in their order."""

    BEGIN = "begin"
    HEAD = "read the head"
    MESSAGES = "read the message ids"
    WRITE = "write"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure to come.

    Attributes:
        step: Where it happens.
        applied: Whether the step took effect all the same.
    """

    step: Step
    applied: bool

    def __str__(self) -> str:
        return f"{self.step}, {'' if self.applied else 'not '}applied"


ALL_FAULTS = [Fault(step, applied) for step in Step for applied in (False, True)]


def _failure() -> LogUnavailable:
    error = LogUnavailable("log", expected="a writable store", got="a fault of a test")
    error.__cause__ = sqlite3.OperationalError("disk I/O error")
    return error


@dataclass(slots=True)
class FaultyStore(Store):
    """A real store with faults to come, one per append; None: this append works."""

    faults: list[Fault | None] = field(default_factory=list)
    appends: int = 0

    @classmethod
    def of(cls, store: Store) -> "FaultyStore":
        """Take over a real store."""
        return cls(store.origin, store.dev, store.read, store._writer, store._reader)

    @contextmanager
    def appending(self) -> Iterator[Appending]:
        self.appends += 1
        fault = self.faults.pop(0) if self.faults else None
        if fault == Fault(Step.BEGIN, applied=False):
            raise _failure()
        with Store.appending(self) as tx:
            if fault == Fault(Step.BEGIN, applied=True):
                raise _failure()
            yield _FaultyAppending(tx, fault)  # type: ignore[misc]
            if fault == Fault(Step.COMMIT, applied=False):
                raise _failure()
        if fault == Fault(Step.COMMIT, applied=True):
            raise _failure()


_STEPS = {"head": Step.HEAD, "known_messages": Step.MESSAGES, "write": Step.WRITE}


class _FaultyAppending:
    """Reads and writes that may fail, in front of the real ones."""

    def __init__(self, tx: Appending, fault: Fault | None) -> None:
        self._tx = tx
        self._fault = fault

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        real = getattr(self._tx, name)
        fault = self._fault
        if fault is None or _STEPS.get(name) is not fault.step:
            return real

        def failing(*args: object) -> Head | None:
            if fault.applied:
                real(*args)
            raise _failure()

        return failing
