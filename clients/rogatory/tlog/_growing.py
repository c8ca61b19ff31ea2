"""How a tree grows: `Edge` in, `Growth` out, without reading anything else.

The edge is the rightmost partial tile of every level, at most 255 hashes each: with it
a log of any size appends, computes its new root, and proves each new leaf. A growth
names every tile that changed, whole, so that a store can write them in place.

    growth = edge.extend([leaf_hash(entry) for entry in batch])
    store(growth.tiles); sign(growth.root); growth.inclusion_path(index)

`StreamingRoot` is the same in place, for whoever only needs a root.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rogatory.errors import FieldInvalid, LogDamaged
from rogatory.tlog._codec import (
    HASH_SIZE,
    MAX_SIZE,
    refuse_other_size,
    refuse_outside,
)
from rogatory.tlog._nodes import Nodes
from rogatory.tlog._proving import TileReader
from rogatory.tlog._rows import (
    TILE_HEIGHT,
    TILE_WIDTH,
    fold_peaks,
    full_tile_root,
    split_hashes,
    split_peaks,
)
from rogatory.tlog._tree import EMPTY_ROOT


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of hashes, full or partial."""

    level: int
    index: int
    hashes: bytes
    """1 to 256 hashes of 32 bytes."""

    @property
    def width(self) -> int:
        """How many hashes the tile holds."""
        return len(self.hashes) // HASH_SIZE


class Frontier:
    """A tree's growing right edge, in place: a list of hashes for each tile level."""

    __slots__ = ("levels",)

    def __init__(self, levels: list[list[bytes]]) -> None:
        """Continue a tree whose partial tiles are `levels`, lowest first."""
        self.levels = levels or [[]]

    @property
    def size(self) -> int:
        """Number of leaves."""
        return sum(
            len(row) << TILE_HEIGHT * level for level, row in enumerate(self.levels)
        )

    def extend(self, leaves: Iterable[bytes]) -> Iterable[Tile]:
        """Append leaf hashes; yield each tile at the moment it is full."""
        source = iter(leaves)
        row = self.levels[0]
        while chunk := list(islice(source, TILE_WIDTH - len(row))):
            for leaf in [each for each in chunk if len(each) != HASH_SIZE][:1]:
                refuse_other_size(leaf, HASH_SIZE, "leaf hash")
            row += chunk
            if len(row) == TILE_WIDTH:
                yield from self.carry()

    def carry(self) -> Iterable[Tile]:
        """Take full tiles off the edge and put their roots one level up."""
        level, size = 0, self.size
        while len(row := self.levels[level]) == TILE_WIDTH:
            above = level + 1
            if above == len(self.levels):
                self.levels.append([])
            self.levels[above].append(full_tile_root(row))
            tile = Tile(level, (size >> TILE_HEIGHT * above) - 1, b"".join(row))
            row.clear()
            yield tile
            level = above

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        root = b""
        for row in self.levels:
            root = fold_peaks(split_peaks(row), root)
        return root or EMPTY_ROOT


class StreamingRoot:
    """Computes a root over leaf hashes that arrive one after the other.

    Memory is bounded by the number of tile levels (8 for 2^63 leaves).
    """

    __slots__ = ("_frontier", "_row")

    def __init__(self) -> None:
        """Start with the tree without leaves."""
        self._frontier = Frontier([])
        self._row = self._frontier.levels[0]

    @property
    def size(self) -> int:
        """Number of leaves so far."""
        return self._frontier.size

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf hash.

        Raises:
            Malformed: It is not 32 bytes long.
        """
        if len(leaf_hash) != HASH_SIZE:
            refuse_other_size(leaf_hash, HASH_SIZE, "leaf hash")
        self._row.append(leaf_hash)
        if len(self._row) == TILE_WIDTH:
            for _ in self._frontier.carry():
                pass

    def extend(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes in their order.

        Raises:
            Malformed: One of them is not 32 bytes long.
        """
        for _ in self._frontier.extend(leaf_hashes):
            pass

    def root(self) -> bytes:
        """Return the root over all leaves so far."""
        return self._frontier.root()


@dataclass(frozen=True, slots=True)
class Edge:
    """The right edge of a tree: all that is needed to let it grow."""

    size: int
    tiles: tuple[bytes, ...]
    """The rightmost partial tile of each level, lowest first; 0 to 255 hashes each."""

    def __post_init__(self) -> None:
        """Refuse tiles that do not have the widths that the size calls for."""
        refuse_outside(self.size, 0, MAX_SIZE, "tree size")
        if len(self.tiles) != level_count(self.size):
            raise LogDamaged(
                f"edge of size {self.size}",
                expected=f"{level_count(self.size)} levels",
                got=str(len(self.tiles)),
            )
        for level, tile in enumerate(self.tiles):
            width = self.size >> TILE_HEIGHT * level & TILE_WIDTH - 1
            if len(tile) != HASH_SIZE * width:
                raise LogDamaged(
                    f"edge of size {self.size}, level {level}",
                    expected=f"{HASH_SIZE * width} bytes",
                    got=f"{len(tile)} bytes",
                )

    @classmethod
    def empty(cls) -> "Edge":
        """Return the edge of the tree without leaves."""
        return cls(0, ())

    def extend(self, leaf_hashes: Sequence[bytes]) -> "Growth":
        """Append leaf hashes.

        Raises:
            Malformed: One of them is not 32 bytes long.
            LimitExceeded: The tree would have more than 2^63-1 leaves.
        """
        frontier = Frontier([split_hashes(tile) for tile in self.tiles])
        touched = list(frontier.extend(leaf_hashes))
        size = self.size + len(leaf_hashes)
        levels = frontier.levels[: level_count(size)]
        edge = Edge(size, tuple(b"".join(row) for row in levels))
        for level, hashes in enumerate(edge.tiles):
            if (
                hashes
                and size >> TILE_HEIGHT * level != self.size >> TILE_HEIGHT * level
            ):
                touched.append(Tile(level, size >> TILE_HEIGHT * (level + 1), hashes))
        touched.sort(key=lambda tile: (tile.level, tile.index))
        nodes = Nodes(_Held(edge, touched), size)
        return Growth(
            edge, tuple(touched), nodes.root() or EMPTY_ROOT, self.size, nodes
        )

    def root(self) -> bytes:
        """Return the root of the tree."""
        return Frontier([split_hashes(tile) for tile in self.tiles]).root()


@dataclass(frozen=True, slots=True)
class Growth:
    """What one append did."""

    edge: Edge
    """The new edge."""
    tiles: tuple[Tile, ...]
    """Every tile that was completed or has become longer, by level and index."""
    root: bytes
    """The new root."""
    start: int
    """Index of the first new leaf: the size before."""
    _nodes: Nodes = field(repr=False, compare=False)

    def inclusion_path(self, index: int) -> tuple[bytes, ...]:
        """Return the inclusion proof of a new leaf in the new tree.

        Raises:
            FieldInvalid: The leaf was not appended by this growth.
        """
        if not self.start <= index < self.edge.size:
            rule = f"must be {self.start} to {self.edge.size - 1}"
            raise FieldInvalid({"index": rule})
        return tuple(self._nodes.inclusion_path(index))


class _Held:
    """The tiles that a growth has at hand: those it touched, and its new edge.

    A proof of a new leaf needs no other: each tile above a new leaf is either one that
    has become longer or the partial tile that already was the edge of its level.
    """

    __slots__ = ("_tiles",)

    def __init__(self, edge: Edge, touched: Sequence[Tile]) -> None:
        self._tiles = {(tile.level, tile.index): tile.hashes for tile in touched}
        for level, hashes in enumerate(edge.tiles):
            index = edge.size >> TILE_HEIGHT * (level + 1)
            self._tiles.setdefault((level, index), hashes)

    def __call__(self, level: int, index: int, width: int) -> bytes:
        return self._tiles[level, index][: HASH_SIZE * width]


def edge_of(reader: TileReader, size: int) -> Edge:
    """Return the edge of the tree's first `size` leaves.

    Raises:
        LimitExceeded: The size is negative or greater than 2^63-1.
        LogDamaged: A tile has not the width that was asked for.
    """
    refuse_outside(size, 0, MAX_SIZE, "tree size")
    tiles = []
    for level in range(level_count(size)):
        width = size >> TILE_HEIGHT * level & TILE_WIDTH - 1
        index = size >> TILE_HEIGHT * (level + 1)
        tiles.append(reader(level, index, width) if width else b"")
    return Edge(size, tuple(tiles))


def level_count(size: int) -> int:
    """Return how many tile levels a tree of `size` leaves has."""
    return -(-size.bit_length() // TILE_HEIGHT)
