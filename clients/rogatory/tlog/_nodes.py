"""Any node of a tree, looked up in its tiles; each tile is read and hashed once.

A node of height `8 * level + k` is `k` rows above the hashes of a tile of that level.
The right edge of a tree of `size` leaves is a row of peaks, one for each set bit of
`size`: a proof is the siblings inside the leaf's own peak, then the peaks to the right
of it folded into one, then those to the left (RFC 9162 sections 2.1.3.1 and 2.1.4.1).
"""

from collections.abc import Callable

from rogatory.errors import LogDamaged
from rogatory.tlog._rows import (
    TILE_HEIGHT,
    TILE_WIDTH,
    build_rows,
    fold_peaks,
    split_hashes,
)
from rogatory.tlog._tiles import tile_path


class Nodes:
    """The nodes of one tree; not thread-safe, because it remembers what it read."""

    __slots__ = ("_peaks", "_read", "_rows", "_tails", "size")

    def __init__(self, read: Callable[[int, int, int], bytes], size: int) -> None:
        """Look at the tree of `size` leaves whose tiles `read` returns."""
        self.size = size
        self._read = read
        self._rows: dict[tuple[int, int], list[list[bytes]]] = {}
        self._peaks: dict[int, bytes] = {}
        self._tails: dict[int, bytes] = {}

    def root(self) -> bytes:
        """Return the root; empty bytes for the tree without leaves."""
        return self._tail(self.size.bit_length())

    def inclusion_path(self, index: int) -> list[bytes]:
        """Return the siblings of leaf `index`, its own first."""
        size = self.size
        height = (size ^ index).bit_length() - 1  # of the peak that covers the leaf
        path = self._siblings(index, height)
        tail = self._tail(height)
        if tail:
            path.append(tail)
        path.extend(self._peaks_above(height + 1))
        return path

    def consistency_path(self, size1: int) -> list[bytes]:
        """Return the proof that the first `size1` leaves begin this tree."""
        # RFC 9162 section 2.1.4.1: walk down to the last peak of the earlier tree.
        low, high = 0, self.size
        path = []
        while high != size1:
            middle = low + (1 << ((high - low - 1).bit_length() - 1))
            if size1 <= middle:
                path.append(self._between(middle, high))
                high = middle
            else:
                path.append(self._between(low, middle))
                low = middle
        if low:
            path.append(self._between(low, high))
        return path[::-1]

    def _between(self, low: int, high: int) -> bytes:
        """Return the node over leaves `low`..`high`: a perfect subtree or a tail."""
        width = high - low
        height = width.bit_length() - 1
        if width == 1 << height:
            return self._perfect(height, low >> height)
        return self._tail(height + 1)

    def _siblings(self, index: int, height: int) -> list[bytes]:
        """Return the siblings below a perfect subtree of `height`, tile by tile."""
        path: list[bytes] = []
        level = 0
        while len(path) < height:
            position = index >> (TILE_HEIGHT * level)
            rows = self._tile(level, position >> TILE_HEIGHT)
            position &= TILE_WIDTH - 1
            for row in rows[: min(TILE_HEIGHT, height - len(path))]:
                path.append(row[position ^ 1])
                position >>= 1
            level += 1
        return path

    def _peaks_above(self, height: int) -> list[bytes]:
        """Return the peaks of at least `height`, the smallest first."""
        bits = range(height, self.size.bit_length())
        return [self._peak(bit) for bit in bits if self.size >> bit & 1]

    def _tail(self, height: int) -> bytes:
        """Return the root over all peaks below `height`, or nothing."""
        found = self._tails.get(height)
        if found is None:
            bits = [bit for bit in range(height) if self.size >> bit & 1]
            found = fold_peaks(self._peak(bit) for bit in bits)
            self._tails[height] = found
        return found

    def _peak(self, bit: int) -> bytes:
        """Return the peak of height `bit`, which must be set in the size."""
        found = self._peaks.get(bit)
        if found is None:
            found = self._perfect(bit, (self.size >> bit) - 1)
            self._peaks[bit] = found
        return found

    def _perfect(self, height: int, index: int) -> bytes:
        """Return node number `index` of `height`, the root of a perfect subtree."""
        level, up = divmod(height, TILE_HEIGHT)
        rows = self._tile(level, index >> (TILE_HEIGHT - up))
        return rows[up][index & (TILE_WIDTH - 1 >> up)]

    def _tile(self, level: int, index: int) -> list[list[bytes]]:
        key = (level, index)
        rows = self._rows.get(key)
        if rows is None:
            here = (self.size >> TILE_HEIGHT * level) - TILE_WIDTH * index
            width = min(TILE_WIDTH, here)
            raw = self._read(level, index, width)
            if len(raw) != 32 * width:
                raise LogDamaged(
                    tile_path(level, index, width),
                    expected=f"{32 * width} bytes",
                    got=f"{len(raw)} bytes",
                )
            rows = self._rows[key] = build_rows(split_hashes(raw))
        return rows
