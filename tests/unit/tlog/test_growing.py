"""A growing tree: the edge, what an append touches, and the proofs it hands out."""

import random

import pytest

from rogatory.errors import FieldInvalid, LimitExceeded, LogDamaged, Malformed
from rogatory.tlog import (
    EMPTY_ROOT,
    Edge,
    StreamingRoot,
    Tile,
    all_tiles,
    edge_of,
    inclusion_path,
    root_of,
    verify_inclusion,
)
from tests.unit.tlog.model import (
    Store,
    path_by_definition,
    root_by_definition,
    some_leaves,
    store_of,
)


def grown(size: int) -> Edge:
    """Return the edge after `size` leaves."""
    return Edge.empty().extend(some_leaves(size)).edge


def test_the_empty_edge_has_the_empty_root() -> None:
    """A tree begins as the one without leaves."""
    assert Edge.empty().root() == EMPTY_ROOT
    assert Edge.empty() == Edge(0, ())


@pytest.mark.parametrize("step", [1, 2, 7, 64, 255, 256, 257, 700])
def test_batches_of_any_size_give_the_same_tree(step: int) -> None:
    """Root, edge and tiles are those of one append of everything."""
    leaves = some_leaves(1400)
    store, edge = Store(), Edge.empty()
    for start in range(0, len(leaves), step):
        growth = edge.extend(leaves[start : start + step])
        store.put(growth.tiles)
        edge = growth.edge
        assert growth.root == edge.root()
    assert edge.root() == root_by_definition(leaves)
    assert edge == grown(1400)
    assert store.tiles == store_of(leaves).tiles


def test_each_size_has_its_root() -> None:
    """Appending one leaf after the other passes through every root."""
    leaves, edge = some_leaves(300), Edge.empty()
    for size in range(1, 301):
        growth = edge.extend(leaves[size - 1 : size])
        edge = growth.edge
        assert growth.root == root_by_definition(leaves[:size])


def test_a_growth_touches_what_changed_and_no_more() -> None:
    """From 250 to 260 leaves: a tile completed, one begun, and one above."""
    growth = grown(250).extend(some_leaves(260)[250:])
    touched = [(tile.level, tile.index, tile.width) for tile in growth.tiles]
    assert touched == [(0, 0, 256), (0, 1, 4), (1, 0, 1)]
    assert growth.start == 250


def test_a_growth_within_a_tile_touches_that_tile() -> None:
    """Tiles of higher levels are not named unless they became longer."""
    growth = grown(600).extend(some_leaves(601)[600:])
    assert [(tile.level, tile.index) for tile in growth.tiles] == [(0, 2)]


def test_the_touched_tiles_of_a_whole_tree_are_all_tiles() -> None:
    """Appending everything at once names every tile there is."""
    leaves = random.Random(1).choices(some_leaves(99), k=70_000)
    growth = Edge.empty().extend(leaves)
    touched = [(tile.level, tile.index, tile.width) for tile in growth.tiles]
    assert touched == list(all_tiles(70_000))
    assert growth.root == root_by_definition(leaves)


def test_appending_nothing_changes_nothing() -> None:
    """An empty batch is a growth without tiles."""
    growth = grown(300).extend([])
    assert (growth.edge, growth.tiles) == (grown(300), ())
    assert growth.root == root_by_definition(some_leaves(300))


@pytest.mark.parametrize("before", [0, 1, 5, 250, 255, 256, 511, 512, 700])
@pytest.mark.parametrize("batch", [1, 2, 64, 256, 300])
def test_each_new_leaf_is_proven_without_reading(before: int, batch: int) -> None:
    """The proofs of a growth are those by definition."""
    leaves = some_leaves(before + batch)
    growth = grown(before).extend(leaves[before:])
    for index in range(before, before + batch, 7):
        path = growth.inclusion_path(index)
        assert list(path) == path_by_definition(index, leaves)


def test_proofs_of_a_growth_hold_across_three_levels() -> None:
    """A batch that completes tiles of two levels is proven like any other."""
    chance = random.Random(2)
    leaves = chance.choices(some_leaves(99), k=65_600)
    growth = Edge.empty().extend(leaves[:65_500]).edge.extend(leaves[65_500:])
    for index in range(65_500, 65_600):
        path = growth.inclusion_path(index)
        verify_inclusion(leaves[index], index, 65_600, path, growth.root)


@pytest.mark.parametrize("index", [-1, 0, 9, 20])
def test_a_growth_proves_new_leaves_only(index: int) -> None:
    """It does not hold what older leaves would need."""
    growth = grown(10).extend(some_leaves(20)[10:])
    with pytest.raises(FieldInvalid, match="index: must be 10 to 19"):
        growth.inclusion_path(index)


def test_a_leaf_hash_of_another_length_is_refused() -> None:
    """Nothing of the batch is appended."""
    with pytest.raises(Malformed, match="leaf hash: expected 32 bytes, got 3 bytes"):
        grown(3).extend([bytes(32), b"abc"])


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 1000, 65_536, 70_000])
def test_the_edge_is_read_back_from_the_tiles(size: int) -> None:
    """A log that starts reads one tile a level."""
    leaves = random.Random(3).choices(some_leaves(99), k=size)
    store = store_of(leaves)
    assert edge_of(store, size) == Edge.empty().extend(leaves).edge
    assert len(store.reads) <= 3


@pytest.mark.parametrize(
    ("size", "tiles"),
    [
        (1, ()),
        (1, (bytes(31),)),
        (256, (bytes(32), b"")),
        (256, (b"",)),
        (3, (bytes(96), b"")),
    ],
)
def test_an_edge_that_contradicts_its_size_is_refused(
    size: int, tiles: tuple[bytes, ...]
) -> None:
    """Each level has as many hashes as the size calls for."""
    with pytest.raises(LogDamaged, match=f"edge of size {size}"):
        Edge(size, tiles)


@pytest.mark.parametrize("size", [-1, 2**63])
def test_a_size_out_of_range_is_refused(size: int) -> None:
    """Tree sizes are 0 to 2^63-1."""
    with pytest.raises(LimitExceeded, match="tree size"):
        edge_of(Store(), size)
    with pytest.raises(LimitExceeded, match="tree size"):
        root_of(Store(), size)


def test_a_tile_knows_its_width() -> None:
    """The width is the number of hashes."""
    assert Tile(0, 0, bytes(96)).width == 3


def test_growth_and_tiles_agree_on_proofs() -> None:
    """What a growth proves, the stored tiles prove too, now and later."""
    leaves = some_leaves(500)
    growth = grown(400).extend(leaves[400:])
    store = store_of(leaves)
    for index in range(400, 500):
        expected = inclusion_path(store, index, 500)
        assert list(growth.inclusion_path(index)) == expected


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 1000])
def test_streaming_root_is_the_root(size: int) -> None:
    """One by one or all at once, the streamed root is that by definition."""
    leaves = some_leaves(size)
    one_by_one, at_once = StreamingRoot(), StreamingRoot()
    for leaf in leaves:
        one_by_one.append(leaf)
    at_once.extend(leaves)
    assert one_by_one.root() == at_once.root() == root_by_definition(leaves)
    assert one_by_one.size == at_once.size == size


def test_streaming_root_takes_any_mixture() -> None:
    """Appending and extending may alternate, and the root may be asked in between."""
    leaves, stream = some_leaves(900), StreamingRoot()
    stream.extend(leaves[:100])
    stream.append(leaves[100])
    assert stream.root() == root_by_definition(leaves[:101])
    stream.extend(iter(leaves[101:]))
    assert stream.root() == root_by_definition(leaves)


def test_streaming_root_refuses_other_lengths() -> None:
    """What is not 32 bytes long is no leaf hash."""
    stream = StreamingRoot()
    with pytest.raises(Malformed, match="leaf hash"):
        stream.append(b"")
    with pytest.raises(Malformed, match="leaf hash"):
        stream.extend([bytes(32), bytes(33)])
