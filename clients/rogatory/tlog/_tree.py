"""Merkle trees of RFC 6962 section 2.1: hashes, and the checks of both proofs.

The algorithms are those of RFC 9162 sections 2.1.3.2 and 2.1.4.2, step by step. They
take hashes of any origin and return nothing or raise; no hash here is secret, so plain
comparison is enough.

Refused beyond the RFC: a consistency proof from size 0 (every log is consistent with
nothing; a witness has its own rule), and a proof for equal sizes that is not empty.
"""

import hashlib
from collections.abc import Sequence

from rogatory.errors import ConsistencyInvalid, InclusionInvalid, VerificationError
from rogatory.tlog._codec import HASH_SIZE, MAX_SIZE, encode_base64, refuse_other_size
from rogatory.tlog._rows import fold_peaks, split_peaks

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of the tree without leaves."""

MAX_PATH = 64
"""More hashes than any tree of less than 2^63 leaves can need in one proof."""


def leaf_hash(data: bytes) -> bytes:
    """Hash the bytes of one entry (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two nodes into their parent (RFC 6962 section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_of_hashes(records: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes in their order.

    Raises:
        Malformed: One of them is not 32 bytes long.
    """
    for number, record in enumerate(records):
        refuse_other_size(record, HASH_SIZE, f"leaf hash {number}")
    return fold_peaks(split_peaks(list(records))) or EMPTY_ROOT


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Verify that a leaf is in a tree, or raise.

    Args:
        leaf: The leaf's hash, `leaf_hash(entry)`.
        index: Its position, from 0.
        size: The tree's number of leaves.
        path: The siblings, the leaf's own first.
        root: The tree's root.

    Raises:
        InclusionInvalid: The proof does not lead from the leaf to the root.
    """
    thing = f"inclusion proof of entry {index} in {size}"
    # RFC 9162 section 2.1.3.2, step 1.
    if not 0 <= index < size <= MAX_SIZE:
        raise InclusionInvalid(thing, expected="an index below the tree size")
    _refuse_bad_hashes([leaf, *path], thing, InclusionInvalid)
    fn, sn, computed = index, size - 1, leaf  # steps 2 and 3
    for sibling in path:  # step 4
        if sn == 0:
            raise InclusionInvalid(thing, expected="fewer hashes", got=f"{len(path)}")
        if fn & 1 or fn == sn:
            computed = node_hash(sibling, computed)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            computed = node_hash(computed, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:  # step 5
        raise InclusionInvalid(thing, expected="more hashes", got=f"{len(path)}")
    _refuse_other_root(computed, root, thing, InclusionInvalid)


def verify_consistency(
    size1: int, size2: int, path: Sequence[bytes], root1: bytes, root2: bytes
) -> None:
    """Verify that a tree contains an earlier one as its beginning, or raise.

    Args:
        size1: Leaves of the earlier tree, at least 1.
        size2: Leaves of the later tree.
        path: The proof; empty exactly when the sizes are equal.
        root1: Root of the earlier tree.
        root2: Root of the later tree.

    Raises:
        ConsistencyInvalid: The proof does not lead to both roots.
    """
    thing = f"consistency proof from {size1} to {size2}"
    if not 1 <= size1 <= size2 <= MAX_SIZE:
        raise ConsistencyInvalid(thing, expected="1 <= first size <= second size")
    if size1 == size2:
        if path:
            raise ConsistencyInvalid(thing, expected="no hashes", got=f"{len(path)}")
        _refuse_other_root(root2, root1, thing, ConsistencyInvalid)
        return
    if not path:  # RFC 9162 section 2.1.4.2, step 1
        raise ConsistencyInvalid(thing, expected="at least one hash", got="none")
    _refuse_bad_hashes([root1, root2, *path], thing, ConsistencyInvalid)
    old, new = _consistency_roots(size1, size2, path, root1)
    _refuse_other_root(old, root1, f"{thing}, first root", ConsistencyInvalid)
    _refuse_other_root(new, root2, f"{thing}, second root", ConsistencyInvalid)


def _consistency_roots(
    size1: int, size2: int, path: Sequence[bytes], root1: bytes
) -> tuple[bytes, bytes]:
    """Compute both roots from a proof (RFC 9162 section 2.1.4.2, steps 2 to 7)."""
    thing = f"consistency proof from {size1} to {size2}"
    hashes = list(path)
    if size1 & (size1 - 1) == 0:  # step 2: a power of two is itself a node
        hashes.insert(0, root1)
    fn, sn = size1 - 1, size2 - 1  # step 3
    while fn & 1:  # step 4
        fn, sn = fn >> 1, sn >> 1
    old = new = hashes[0]  # step 5
    for sibling in hashes[1:]:  # step 6
        if sn == 0:
            raise ConsistencyInvalid(thing, expected="fewer hashes", got=f"{len(path)}")
        if fn & 1 or fn == sn:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = node_hash(new, sibling)
        fn, sn = fn >> 1, sn >> 1
    if sn:  # step 7
        raise ConsistencyInvalid(thing, expected="more hashes", got=f"{len(path)}")
    return old, new


def _refuse_bad_hashes(
    hashes: Sequence[bytes], thing: str, error: type[VerificationError]
) -> None:
    if len(hashes) > MAX_PATH + 2:
        raise error(thing, expected=f"at most {MAX_PATH} hashes", got=f"{len(hashes)}")
    for value in hashes:
        if len(value) != HASH_SIZE:
            raise error(thing, expected="hashes of 32 bytes", got=f"{len(value)}")


def _refuse_other_root(
    computed: bytes, root: bytes, thing: str, error: type[VerificationError]
) -> None:
    if computed != root:
        raise error(
            thing,
            expected=f"root {encode_base64(root)}",
            got=encode_base64(computed),
        )
