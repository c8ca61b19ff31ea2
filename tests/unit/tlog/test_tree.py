"""The two proofs of RFC 9162, every one of them for small trees."""

from collections.abc import Iterator, Sequence

import pytest

from rogatory.errors import ConsistencyInvalid, InclusionInvalid, Malformed
from rogatory.tlog import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root_of_hashes,
    verify_consistency,
    verify_inclusion,
)
from rogatory.tlog._nodes import Nodes
from tests.unit.tlog.model import (
    path_by_definition,
    proof_by_definition,
    root_by_definition,
    some_leaves,
    store_of,
)

SIZES = [*range(1, 131), 255, 256, 257, 300]
FLIPPED_SIZES = range(1, 40)


def test_empty_leaf_hash_is_that_of_certificate_transparency() -> None:
    """The leaf hash of nothing is the constant that every CT test has."""
    expected = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"").hex() == expected


def test_empty_root_is_the_hash_of_nothing() -> None:
    """The empty tree has SHA-256 of no bytes as its root."""
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c149afbf4c8996fb924")
    assert root_of_hashes([]) == EMPTY_ROOT


def test_leaf_and_node_hashes_differ() -> None:
    """A node's two hashes, given as an entry, do not hash to the node."""
    left, right = some_leaves(2)
    assert node_hash(left, right) != leaf_hash(left + right)


@pytest.mark.parametrize("size", range(70))
def test_root_of_hashes_is_the_root_by_definition(size: int) -> None:
    """The root over given hashes is MTH of RFC 6962."""
    assert root_of_hashes(some_leaves(size)) == root_by_definition(some_leaves(size))


def test_root_of_hashes_refuses_other_sizes() -> None:
    """What is not 32 bytes long is no leaf hash."""
    with pytest.raises(Malformed, match="leaf hash 1: expected 32 bytes, got 31"):
        root_of_hashes([bytes(32), bytes(31)])


def test_each_leaf_of_each_size_proves() -> None:
    """From 1 to 130 leaves and around a tile, each leaf is proven from the tiles."""
    store = store_of(some_leaves(300))
    for size in SIZES:
        leaves = some_leaves(size)
        nodes, root = Nodes(store, size), root_by_definition(leaves)
        for index in range(size):
            path = nodes.inclusion_path(index)
            verify_inclusion(leaves[index], index, size, path, root)


def test_each_earlier_size_proves() -> None:
    """From 1 to 130 leaves and around a tile, each earlier tree is proven."""
    store = store_of(some_leaves(300))
    roots = {size: root_by_definition(some_leaves(size)) for size in range(1, 301)}
    for size2 in SIZES:
        nodes = Nodes(store, size2)
        for size1 in range(1, size2 + 1):
            path = nodes.consistency_path(size1)
            verify_consistency(size1, size2, path, roots[size1], roots[size2])


@pytest.mark.parametrize("size", range(1, 40))
def test_paths_are_those_by_definition(size: int) -> None:
    """What is made from tiles is PATH and PROOF of RFC 6962, hash by hash."""
    leaves = some_leaves(size)
    nodes = Nodes(store_of(leaves), size)
    for index in range(size):
        assert nodes.inclusion_path(index) == path_by_definition(index, leaves)
        earlier = index + 1
        assert nodes.consistency_path(earlier) == proof_by_definition(earlier, leaves)


def altered_paths(path: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield the path with each hash flipped, left out or doubled, and with one more."""
    for place, value in enumerate(path):
        flipped = bytes([value[0] ^ 0x10]) + value[1:]
        yield [*path[:place], flipped, *path[place + 1 :]]
        yield [*path[:place], *path[place + 1 :]]
        yield [*path[:place], value, *path[place:]]
    yield [*path, bytes(32)]
    yield [bytes(32), *path]


@pytest.mark.parametrize("size", FLIPPED_SIZES)
def test_altered_inclusion_proofs_are_refused(size: int) -> None:
    """No proof survives a hash flipped, left out, doubled or added."""
    leaves = some_leaves(size)
    root = root_by_definition(leaves)
    for index in range(size):
        for path in altered_paths(path_by_definition(index, leaves)):
            with pytest.raises(InclusionInvalid):
                verify_inclusion(leaves[index], index, size, path, root)


@pytest.mark.parametrize("size", FLIPPED_SIZES)
def test_an_inclusion_proof_proves_one_leaf_at_one_index(size: int) -> None:
    """Neither another index nor another leaf nor another root goes with a proof."""
    leaves = some_leaves(size)
    root = root_by_definition(leaves)
    for index, leaf in enumerate(leaves):
        path = path_by_definition(index, leaves)
        for other in [*range(index), *range(index + 1, size + 2)]:
            with pytest.raises(InclusionInvalid):
                verify_inclusion(leaf, other, size, path, root)
        with pytest.raises(InclusionInvalid):
            verify_inclusion(bytes(32), index, size, path, root)
        with pytest.raises(InclusionInvalid):
            verify_inclusion(leaf, index, size, path, bytes(32))


@pytest.mark.parametrize("size", FLIPPED_SIZES)
def test_altered_consistency_proofs_are_refused(size: int) -> None:
    """No proof survives a hash flipped, left out, doubled or added."""
    leaves = some_leaves(size)
    root2 = root_by_definition(leaves)
    for size1 in range(1, size + 1):
        root1 = root_by_definition(leaves[:size1])
        for path in altered_paths(proof_by_definition(size1, leaves)):
            with pytest.raises(ConsistencyInvalid):
                verify_consistency(size1, size, path, root1, root2)


@pytest.mark.parametrize("size", FLIPPED_SIZES)
def test_a_consistency_proof_proves_two_roots(size: int) -> None:
    """Neither root can be another."""
    leaves = some_leaves(size)
    root2 = root_by_definition(leaves)
    for size1 in range(1, size + 1):
        root1 = root_by_definition(leaves[:size1])
        path = proof_by_definition(size1, leaves)
        for roots in [(bytes(32), root2), (root1, bytes(32))]:
            with pytest.raises(ConsistencyInvalid):
                verify_consistency(size1, size, path, *roots)


@pytest.mark.parametrize("sizes", [range(1, 131), range(255, 258), range(300, 301)])
def test_no_hash_of_any_proof_can_be_flipped(sizes: range) -> None:
    """From 1 to 130 leaves and beyond a tile, each flip in each proof is refused."""
    store = store_of(some_leaves(300))
    for size in sizes:
        leaves = some_leaves(size)
        nodes, root = Nodes(store, size), root_by_definition(leaves)
        for index in range(size):
            path = nodes.inclusion_path(index)
            for place, value in enumerate(path):
                flipped = [*path]
                flipped[place] = value[:-1] + bytes([value[-1] ^ 1])
                with pytest.raises(InclusionInvalid):
                    verify_inclusion(leaves[index], index, size, flipped, root)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0), (0, 2**63)])
def test_an_index_outside_the_tree_is_refused(index: int, size: int) -> None:
    """RFC 9162 section 2.1.3.2, step 1."""
    with pytest.raises(InclusionInvalid, match="an index below the tree size"):
        verify_inclusion(bytes(32), index, size, [], bytes(32))


@pytest.mark.parametrize("sizes", [(0, 1), (0, 0), (-1, 1), (2, 1), (1, 2**63)])
def test_sizes_out_of_order_are_refused(sizes: tuple[int, int]) -> None:
    """A proof from nothing or to the past says nothing."""
    with pytest.raises(ConsistencyInvalid, match="1 <= first size <= second size"):
        verify_consistency(*sizes, [], EMPTY_ROOT, EMPTY_ROOT)


def test_equal_sizes_need_an_empty_proof() -> None:
    """A tree is consistent with itself without any hash."""
    with pytest.raises(ConsistencyInvalid, match="expected no hashes, got 1"):
        verify_consistency(3, 3, [bytes(32)], bytes(32), bytes(32))


def test_different_sizes_need_a_proof() -> None:
    """RFC 9162 section 2.1.4.2, step 1."""
    with pytest.raises(ConsistencyInvalid, match="expected at least one hash"):
        verify_consistency(1, 2, [], bytes(32), bytes(32))


def test_hashes_of_other_lengths_are_refused() -> None:
    """A hash of 31 or 33 bytes could shift where its neighbour begins."""
    leaves = some_leaves(2)
    root = root_by_definition(leaves)
    with pytest.raises(InclusionInvalid, match="expected hashes of 32 bytes"):
        verify_inclusion(leaves[0], 0, 2, [leaves[1][:31]], root)
    with pytest.raises(ConsistencyInvalid, match="expected hashes of 32 bytes"):
        verify_consistency(1, 2, [leaves[1] + b"\0"], leaves[0], root)


def test_too_many_hashes_are_refused_before_any_is_hashed() -> None:
    """No tree below 2^63 leaves needs more than 64."""
    with pytest.raises(InclusionInvalid, match="at most 64 hashes"):
        verify_inclusion(bytes(32), 0, 2, [bytes(32)] * 70, bytes(32))
