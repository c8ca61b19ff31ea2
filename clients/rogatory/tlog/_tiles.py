"""Where tiles and entry bundles are served, and how a bundle is written (tlog-tiles).

    tile/<L>/<N>[.p/<W>]          hashes of level L
    tile/entries/<N>[.p/<W>]      per entry: big-endian uint16 length, then the bytes

N is in groups of three digits, all but the last prefixed with `x`: 1234067 is
`x001/x234/067`. W, 1 to 255, is given for a partial tile only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rogatory.errors import Malformed
from rogatory.tlog._codec import MAX_SIZE, refuse_longer, refuse_outside
from rogatory.tlog._rows import TILE_HEIGHT, TILE_WIDTH

MAX_LEVEL = 63
"""tlog-tiles: L is 0 to 63."""

MAX_BUNDLED_ENTRY = 0xFFFF
"""The length of an entry in a bundle is a uint16."""

MAX_TILE_PATH = 64
"""`tile/entries/` and seven groups for an index below 2^63 have 51 characters."""

_GROUPS = r"(?:x[0-9]{3}/)*[0-9]{3}"
_PATH = re.compile(rf"tile/(entries|[0-9]{{1,2}})/({_GROUPS})(?:\.p/([0-9]{{1,3}}))?")


@dataclass(frozen=True, slots=True)
class TilePath:
    """What a path names."""

    level: int | None
    """None for a bundle of entries."""
    index: int
    width: int
    """256 for a full tile."""


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile of hashes.

    Raises:
        LimitExceeded: The level, index or width is out of its range.
    """
    refuse_outside(level, 0, MAX_LEVEL, "tile level")
    return f"tile/{level}/{_index_path(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a bundle of entries.

    Raises:
        LimitExceeded: The index or width is out of its range.
    """
    return f"tile/entries/{_index_path(index, width)}"


def parse_tile_path(path: str) -> TilePath:
    """Read the path of a tile or a bundle.

    Raises:
        Malformed: The path is not one that `tile_path` or `entries_path` writes.
        LimitExceeded: It is longer than any of them.
    """
    refuse_longer(path, MAX_TILE_PATH, "tile path", "characters")
    found = _PATH.fullmatch(path)
    if not found:
        raise Malformed("tile path", expected="tile/<L>/<N>[.p/<W>]")
    level_text, index_text, width_text = found.groups()
    level = None if level_text == "entries" else int(level_text)
    index = int(index_text.replace("/", "").replace("x", ""))
    width = int(width_text) if width_text else TILE_WIDTH
    canonical = (
        entries_path(index, width) if level is None else tile_path(level, index, width)
    )
    if canonical != path:
        raise Malformed("tile path", expected="no needless zeros or groups")
    return TilePath(level, index, width)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write entries as a bundle.

    Raises:
        LimitExceeded: Not 1 to 256 entries, or one is longer than 65,535 bytes.
    """
    refuse_outside(len(entries), 1, TILE_WIDTH, "entries in a bundle")
    parts = []
    for entry in entries:
        refuse_longer(entry, MAX_BUNDLED_ENTRY, "entry in a bundle")
        parts += [len(entry).to_bytes(2, "big"), entry]
    return b"".join(parts)


def parse_bundle(raw: bytes, count: int) -> tuple[bytes, ...]:
    """Read a bundle of exactly `count` entries.

    Raises:
        Malformed: The bytes hold fewer or more entries.
        LimitExceeded: `count` is not 1 to 256, or the bytes cannot be so many entries.
    """
    refuse_outside(count, 1, TILE_WIDTH, "entries in a bundle")
    refuse_longer(raw, count * (2 + MAX_BUNDLED_ENTRY), "entry bundle")
    entries = tuple(bundle_records(raw))
    used = sum(map(len, entries)) + 2 * len(entries)
    if len(entries) != count or used != len(raw):
        raise Malformed(
            "entry bundle",
            expected=f"{count} entries",
            got=f"{len(entries)} and {len(raw) - used} bytes over",
        )
    return entries


def bundle_records(raw: bytes) -> Iterator[bytes]:
    """Yield the whole entries at the beginning of a bundle, also of a damaged one."""
    at = 0
    while at + 2 <= len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if end > len(raw):
            return
        yield raw[at + 2 : end]
        at = end


def partial_tiles(size: int) -> list[tuple[int, int, int]]:
    """Return (level, index, width) of every partial tile of a tree, lowest first.

    The one of level 0, when there is one, is also that of the entries.

    Raises:
        LimitExceeded: The size is negative or greater than 2^63-1.
    """
    refuse_outside(size, 0, MAX_SIZE, "tree size")
    tiles = []
    level = 0
    while here := size >> TILE_HEIGHT * level:
        if here % TILE_WIDTH:
            tiles.append((level, here // TILE_WIDTH, here % TILE_WIDTH))
        level += 1
    return tiles


def all_tiles(size: int) -> Iterator[tuple[int, int, int]]:
    """Yield (level, index, width) of every tile of a tree, level by level.

    Raises:
        LimitExceeded: The size is negative or greater than 2^63-1.
    """
    refuse_outside(size, 0, MAX_SIZE, "tree size")
    level = 0
    while here := size >> TILE_HEIGHT * level:
        for index in range(here // TILE_WIDTH):
            yield level, index, TILE_WIDTH
        if here % TILE_WIDTH:
            yield level, here // TILE_WIDTH, here % TILE_WIDTH
        level += 1


def _index_path(index: int, width: int) -> str:
    refuse_outside(index, 0, MAX_SIZE, "tile index")
    refuse_outside(width, 1, TILE_WIDTH, "tile width")
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03}")
    path = "/".join(reversed(groups))
    return path if width == TILE_WIDTH else f"{path}.p/{width}"
