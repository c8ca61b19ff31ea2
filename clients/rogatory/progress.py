"""How long work tells how far it is."""

from collections.abc import Callable
from typing import TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with what is done (`upload a.zip`), the bytes done and the bytes in all."""


def steps(progress: Progress | None, what: str) -> Callable[[int, int], None] | None:
    """Return what tells (done, in all) under one name."""
    if progress is None:
        return None
    tell = progress
    return lambda done, total: tell(what, done, total)


def count(
    progress: Progress | None, what: str, total: int
) -> Callable[[int], None] | None:
    """Return what tells (done) of a known total under one name."""
    if progress is None:
        return None
    tell = progress
    return lambda done: tell(what, done, total)
