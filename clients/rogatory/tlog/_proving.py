"""Roots and proofs computed from the tiles that a store or a server holds.

`TileReader` is the seam: `(level, index, width)` in, `32 * width` bytes out. Each
function asks for each tile once, and only for tiles that the tree size calls for.

What is computed is as good as the tiles: whoever does not trust the store verifies the
root against a signed checkpoint, and the proof against that root.
"""

from typing import Protocol

from rogatory.errors import FieldInvalid
from rogatory.tlog._codec import MAX_SIZE, refuse_outside
from rogatory.tlog._nodes import Nodes
from rogatory.tlog._tree import EMPTY_ROOT


class TileReader(Protocol):
    """Reads one tile of hashes."""

    def __call__(self, level: int, index: int, width: int, /) -> bytes:
        """Return the first `width` hashes of a tile, 32 bytes each."""
        ...


def root_of(reader: TileReader, size: int) -> bytes:
    """Return the root of the tree's first `size` leaves.

    Raises:
        LimitExceeded: The size is negative or greater than 2^63-1.
        LogDamaged: A tile has not the width that was asked for.
    """
    refuse_outside(size, 0, MAX_SIZE, "tree size")
    return Nodes(reader, size).root() or EMPTY_ROOT


def inclusion_path(reader: TileReader, index: int, size: int) -> list[bytes]:
    """Return the inclusion proof of leaf `index` in the tree of `size` leaves.

    Raises:
        FieldInvalid: There is no such leaf in that tree.
        LogDamaged: A tile has not the width that was asked for.
    """
    if not 0 <= index < size <= MAX_SIZE:
        raise FieldInvalid({"index": f"must be below the tree size {size}"})
    return Nodes(reader, size).inclusion_path(index)


def consistency_path(reader: TileReader, size1: int, size2: int) -> list[bytes]:
    """Return the proof that the tree of `size2` leaves begins with `size1` of them.

    Raises:
        FieldInvalid: The sizes are not 1 <= size1 <= size2.
        LogDamaged: A tile has not the width that was asked for.
    """
    if not 1 <= size1 <= size2 <= MAX_SIZE:
        raise FieldInvalid({"size1": f"must be 1 to the later tree size {size2}"})
    return Nodes(reader, size2).consistency_path(size1)
