"""Paths of tiles, bundles of entries, and which tiles a tree has."""

import pytest

from rogatory.errors import LimitExceeded, Malformed
from rogatory.tlog import (
    TilePath,
    all_tiles,
    encode_bundle,
    entries_path,
    parse_bundle,
    parse_tile_path,
    partial_tiles,
    tile_path,
)

PATHS = {
    "tile/0/x001/x234/067": TilePath(0, 1_234_067, 256),
    "tile/0/000": TilePath(0, 0, 256),
    "tile/1/999.p/1": TilePath(1, 999, 1),
    "tile/7/x001/000.p/255": TilePath(7, 1000, 255),
    "tile/63/005": TilePath(63, 5, 256),
    "tile/entries/x012/345": TilePath(None, 12_345, 256),
    "tile/entries/000.p/17": TilePath(None, 0, 17),
    "tile/0/x009/x223/x372/x036/x854/x775/807": TilePath(0, 2**63 - 1, 256),
}


@pytest.mark.parametrize(("path", "parts"), PATHS.items())
def test_paths_are_written_as_the_specification_has_them(
    path: str, parts: TilePath
) -> None:
    """Groups of three digits, all but the last with x; width for partial tiles."""
    if parts.level is None:
        assert entries_path(parts.index, parts.width) == path
    else:
        assert tile_path(parts.level, parts.index, parts.width) == path


@pytest.mark.parametrize(("path", "parts"), PATHS.items())
def test_paths_are_read(path: str, parts: TilePath) -> None:
    """What is written is read back."""
    assert parse_tile_path(path) == parts


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/000\n",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/",
        "tile/entries/../000",
        "tile/Entries/000",
        "tile/0/٠٠٠",
    ],
)
def test_other_spellings_of_a_path_are_refused(path: str) -> None:
    """A resource has one path: no needless zeros, no dots, no other digits."""
    with pytest.raises((Malformed, LimitExceeded)):
        parse_tile_path(path)


@pytest.mark.parametrize(
    "path",
    [
        "tile/64/000",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/" + "x001/" * 20,
    ],
)
def test_paths_beyond_any_tree_are_refused(path: str) -> None:
    """Levels end at 63, and indices below 2^63."""
    with pytest.raises(LimitExceeded):
        parse_tile_path(path)


@pytest.mark.parametrize("parts", [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0)])
def test_no_path_is_written_for_what_is_no_tile(parts: tuple[int, int, int]) -> None:
    """Level, index and width have their ranges."""
    with pytest.raises(LimitExceeded):
        tile_path(*parts)


def test_a_tree_of_70000_has_the_tiles_of_the_specification() -> None:
    """The example of tlog-tiles: 273 full, then partials of 112, 17 and 1."""
    assert partial_tiles(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    tiles = list(all_tiles(70_000))
    assert tiles[272:275] == [(0, 272, 256), (0, 273, 112), (1, 0, 256)]
    assert tiles[275:] == [(1, 1, 17), (2, 0, 1)]


def test_a_tree_of_256_has_a_full_tile_and_one_above() -> None:
    """The other example of tlog-tiles: no tile is served empty."""
    assert list(all_tiles(256)) == [(0, 0, 256), (1, 0, 1)]
    assert partial_tiles(256) == [(1, 0, 1)]


def test_the_empty_tree_has_no_tiles() -> None:
    """Nothing is served but the checkpoint."""
    assert list(all_tiles(0)) == partial_tiles(0) == []


@pytest.mark.parametrize("size", [-1, 2**63])
def test_tree_sizes_have_their_range(size: int) -> None:
    """No list is made for what is no size."""
    with pytest.raises(LimitExceeded, match="tree size"):
        partial_tiles(size)
    with pytest.raises(LimitExceeded, match="tree size"):
        next(all_tiles(size))


def test_a_bundle_is_lengths_and_entries() -> None:
    """Each entry has its length before it, in two bytes, the higher first."""
    raw = encode_bundle([b"abc", b"", b"x" * 258])
    assert raw == b"\0\3abc\0\0\1\2" + b"x" * 258
    assert parse_bundle(raw, 3) == (b"abc", b"", b"x" * 258)


@pytest.mark.parametrize(
    ("raw", "count", "reason"),
    [
        (b"\0\1a", 2, "expected 2 entries, got 1 and 0 bytes over"),
        (b"\0\1a\0\1b", 1, "expected 1 entries, got 2 and 0 bytes over"),
        (b"\0\1a\0", 1, "got 1 and 1 bytes over"),
        (b"\0\2a", 1, "got 0 and 3 bytes over"),
        (b"", 1, "got 0 and 0 bytes over"),
    ],
)
def test_a_bundle_holds_exactly_what_it_should(
    raw: bytes, count: int, reason: str
) -> None:
    """Fewer, more or half entries are refused."""
    with pytest.raises(Malformed, match=reason):
        parse_bundle(raw, count)


def test_a_bundle_has_1_to_256_entries() -> None:
    """It belongs to a tile."""
    for count in (0, 257):
        with pytest.raises(LimitExceeded, match="entries in a bundle"):
            parse_bundle(b"", count)
        with pytest.raises(LimitExceeded, match="entries in a bundle"):
            encode_bundle([b"x"] * count)


def test_an_entry_has_at_most_65535_bytes() -> None:
    """Its length is written in two bytes; a bundle that is longer is not read."""
    with pytest.raises(LimitExceeded, match="at most 65535 bytes"):
        encode_bundle([bytes(65_536)])
    with pytest.raises(LimitExceeded, match="entry bundle: expected at most 65537"):
        parse_bundle(bytes(65_538), 1)
