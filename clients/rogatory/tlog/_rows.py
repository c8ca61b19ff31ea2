"""Perfect subtrees inside one tile, hashed in bulk.

This is where nearly all time goes, so it works on whole rows in list comprehensions. A
*row* is the hashes of one tree height from left to right. A *peak* is the root of a
perfect subtree on the right edge of a tree.
"""

import hashlib
from collections.abc import Iterable, Sequence

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
"""tlog-tiles: a tile is a subtree of height 8 with its 256 leaves."""

_sha256 = hashlib.sha256


def parent_row(row: Sequence[bytes]) -> list[bytes]:
    """Hash neighbours in pairs; a last one without neighbour has no parent yet."""
    hashes = iter(row)
    return [
        _sha256(b"\x01" + left + right).digest()
        for left, right in zip(hashes, hashes, strict=False)
    ]


def build_rows(row: list[bytes]) -> list[list[bytes]]:
    """Return a tile's hashes and every row above them, up to its single root."""
    rows = [row]
    while len(row) > 1:
        row = parent_row(row)
        rows.append(row)
    return rows


def full_tile_root(row: list[bytes]) -> bytes:
    """Return the one hash that a full tile contributes to the level above."""
    if len(row) != TILE_WIDTH:
        raise AssertionError(f"a full tile of {len(row)} hashes")
    while len(row) > 1:
        row = parent_row(row)
    return row[0]


def split_peaks(row: list[bytes]) -> list[bytes]:
    """Return the peaks over a row, the rightmost and smallest first."""
    peaks = []
    while row:
        if len(row) & 1:
            peaks.append(row[-1])
        row = parent_row(row)
    return peaks


def fold_peaks(peaks: Iterable[bytes], right: bytes = b"") -> bytes:
    """Hash peaks, rightmost first, into the root over them.

    Args:
        peaks: The peaks, the rightmost and smallest first.
        right: Root of what stands to the right of them, or nothing.

    Returns:
        The root, or `right` when there is no peak.
    """
    for peak in peaks:
        right = _sha256(b"\x01" + peak + right).digest() if right else peak
    return right


def split_hashes(raw: bytes) -> list[bytes]:
    """Cut a tile's bytes into its hashes of 32 bytes."""
    return [raw[at : at + 32] for at in range(0, len(raw), 32)]
