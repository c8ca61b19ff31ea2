"""Roots and proofs from stored tiles, and what they ask of a store."""

import random

import pytest

from rogatory.errors import FieldInvalid, LogDamaged
from rogatory.tlog import (
    EMPTY_ROOT,
    consistency_path,
    inclusion_path,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from tests.unit.tlog.model import Store, root_by_definition, some_leaves, store_of


@pytest.mark.parametrize("size", [0, 1, 5, 255, 256, 257, 700])
def test_the_root_comes_from_the_tiles(size: int) -> None:
    """The stored tiles hash to the root by definition."""
    leaves = some_leaves(size)
    expected = root_by_definition(leaves) if size else EMPTY_ROOT
    assert root_of(store_of(leaves), size) == expected


def test_a_tree_of_70000_proves() -> None:
    """Proofs through three tile levels verify, for any leaf and earlier size."""
    chance = random.Random(4)
    leaves = chance.choices(some_leaves(99), k=70_000)
    store, root = store_of(leaves), root_by_definition(leaves)
    for _ in range(20):
        index, size1 = chance.randrange(70_000), chance.randrange(1, 70_001)
        path = inclusion_path(store, index, 70_000)
        verify_inclusion(leaves[index], index, 70_000, path, root)
        root1 = root_by_definition(leaves[:size1])
        proof = consistency_path(store, size1, 70_000)
        verify_consistency(size1, 70_000, proof, root1, root)


def test_an_older_tree_is_proven_from_newer_tiles() -> None:
    """Only the width that the older size calls for is asked for."""
    leaves = some_leaves(300)
    store = store_of(leaves)
    path = inclusion_path(store, 3, 20)
    verify_inclusion(leaves[3], 3, 20, path, root_by_definition(leaves[:20]))
    assert store.reads == [(0, 0, 20)]


def test_each_tile_is_read_once() -> None:
    """A proof in 70,000 leaves reads a tile for each level, and the right edge."""
    leaves = random.Random(5).choices(some_leaves(99), k=70_000)
    store = store_of(leaves)
    inclusion_path(store, 12_345, 70_000)
    assert sorted(store.reads) == sorted(set(store.reads))
    assert len(store.reads) <= 5


@pytest.mark.parametrize(("index", "size"), [(3, 3), (-1, 3), (0, 0), (0, 2**63)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    """There is no proof for a leaf that is not there."""
    with pytest.raises(FieldInvalid, match="index: must be below the tree size"):
        inclusion_path(Store(), index, size)


@pytest.mark.parametrize("sizes", [(0, 3), (4, 3), (1, 2**63)])
def test_sizes_out_of_order_are_refused(sizes: tuple[int, int]) -> None:
    """There is no proof from nothing, nor to the past."""
    with pytest.raises(FieldInvalid, match="size1: must be 1 to the later tree size"):
        consistency_path(Store(), *sizes)


def test_a_tree_is_consistent_with_itself_without_hashes() -> None:
    """For equal sizes the proof is empty, and no tile is read."""
    assert consistency_path(Store(), 5, 5) == []


def test_a_tile_of_another_width_is_damage() -> None:
    """A store that returns fewer hashes than it must is named with the tile."""
    store = store_of(some_leaves(20))
    store.tiles[0, 0] = store.tiles[0, 0][:-1]
    with pytest.raises(LogDamaged, match=r"tile/0/000\.p/20: expected 640 bytes"):
        root_of(store, 20)
