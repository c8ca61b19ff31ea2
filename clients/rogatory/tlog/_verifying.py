"""Verifying a whole served log: checkpoint, entries and every tile (tlog-tiles).

`fetch` is the only door: it takes a path below the log's prefix and returns the bytes,
or raises `FileNotFoundError`. Everything it returns is hostile until the end. Memory is
bounded: one bundle, one tile of each level.

The order: the checkpoint's signatures; then bundle after bundle, each entry's hash
against its level-0 tile, and each higher tile at the moment its hashes are known; then
the partial tiles; then the root. So the first thing that is wrong is the one named:

- an entry, when the served tiles prove the hash of another one in its place;
- 256 entries or more, when they were altered together with their tile;
- a tile, when the entries prove to be those of the signed root;
- the checkpoint, when entries and tiles agree with each other and not with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rogatory.errors import InputError, LogDamaged, RootMismatch, VerificationError
from rogatory.tlog._codec import HASH_SIZE, encode_base64
from rogatory.tlog._growing import Frontier, Tile
from rogatory.tlog._keys import VerifierKey
from rogatory.tlog._proving import inclusion_path
from rogatory.tlog._rows import TILE_HEIGHT, TILE_WIDTH, split_hashes
from rogatory.tlog._signing import VerifiedCheckpoint, verify_checkpoint
from rogatory.tlog._tiles import (
    bundle_records,
    entries_path,
    parse_bundle,
    partial_tiles,
    tile_path,
)
from rogatory.tlog._tree import leaf_hash, verify_inclusion

CHECKPOINT_PATH = "checkpoint"

Fetch = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class VerifiedLog:
    """A log of which every byte was verified; made by `verify_log` only."""

    checkpoint: VerifiedCheckpoint
    entries: int
    """How many entries were read and hashed: the checkpoint's size."""


def verify_log(
    fetch: Fetch,
    keys: Sequence[VerifierKey],
    *,
    origin: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    on_entry: Callable[[int, bytes], None] | None = None,
) -> VerifiedLog:
    """Verify everything that a log serves, or raise naming the first wrong thing.

    Args:
        fetch: Reads one path below the log's prefix; `FileNotFoundError` if absent.
        keys: The log's keys, each of which must have signed the checkpoint.
        origin: The log; unless given, the origin must be the name of one of `keys`.
        progress: Told entries done and entries in all, after each bundle.
        on_entry: Given each entry, in order. What it is given is verified only when
            this function has returned.

    Raises:
        NoteUnverified: The checkpoint is not signed by all keys, or of another log.
        RootMismatch: An entry, or all of them, are not those that were signed.
        LogDamaged: A file is missing or contradicts the others.
        ConfigInvalid: Two different keys share one name and key id.
    """
    raw = _fetch_or_damaged(fetch, CHECKPOINT_PATH)
    head = verify_checkpoint(raw, keys, origin=origin)
    served = _Served(fetch, head)
    frontier = Frontier([])
    for index in range(-(-head.size // TILE_WIDTH)):
        entries = _verify_bundle(served, index)
        for tile in frontier.extend(map(leaf_hash, entries)):
            if tile.level:  # those of level 0 were compared entry by entry
                served.refuse_other_tile(tile)
        for number, entry in enumerate(entries, TILE_WIDTH * index):
            if on_entry:
                on_entry(number, entry)
        if progress:
            progress(TILE_WIDTH * index + len(entries), head.size)
    for level, index, _ in partial_tiles(head.size):
        if level:
            hashes = b"".join(frontier.levels[level])
            served.refuse_other_tile(Tile(level, index, hashes))
    _refuse_other_root(frontier.root(), head)
    return VerifiedLog(head, frontier.size)


class _Served:
    """What a log serves for a verified checkpoint; full tiles stand in for partial."""

    def __init__(self, fetch: Fetch, head: VerifiedCheckpoint) -> None:
        self._fetch = fetch
        self.head = head

    def tile(self, level: int, index: int, width: int, /) -> bytes:
        """Return the first hashes of a tile (a `TileReader`)."""
        raw, name, found = self._partial_or_full(
            lambda wide: tile_path(level, index, wide), width
        )
        if len(raw) != HASH_SIZE * found:
            raise LogDamaged(
                name, expected=f"{HASH_SIZE * found} bytes", got=f"{len(raw)} bytes"
            )
        return raw[: HASH_SIZE * width]

    def bundle(self, index: int, width: int) -> tuple[bytes, str, int]:
        """Return a bundle's bytes, its path, and how many entries it should hold."""
        return self._partial_or_full(lambda wide: entries_path(index, wide), width)

    def refuse_other_tile(self, tile: Tile) -> None:
        """Refuse a served tile whose hashes are not those of the entries."""
        served = self.tile(tile.level, tile.index, tile.width)
        if served == tile.hashes:
            return
        pairs = zip(split_hashes(served), split_hashes(tile.hashes), strict=True)
        place, (in_tile, computed) = next(
            (place, pair)
            for place, pair in enumerate(pairs, TILE_WIDTH * tile.index)
            if pair[0] != pair[1]
        )
        raise _blame(self, tile.level, place, in_tile, computed)

    def _partial_or_full(
        self, path_of: Callable[[int], str], width: int
    ) -> tuple[bytes, str, int]:
        """Fetch a partial resource, or the full one that may have replaced it."""
        try:
            return self._fetch(path_of(width)), path_of(width), width
        except FileNotFoundError:
            if width == TILE_WIDTH:
                raise _missing(path_of(width)) from None
        try:
            # tlog-tiles: a partial tile may go once the full tile is available.
            return self._fetch(path_of(TILE_WIDTH)), path_of(TILE_WIDTH), TILE_WIDTH
        except FileNotFoundError:
            raise _missing(path_of(width)) from None


def _verify_bundle(served: _Served, index: int) -> tuple[bytes, ...]:
    """Return a bundle's entries, each with the hash that its level-0 tile holds."""
    width = min(TILE_WIDTH, served.head.size - TILE_WIDTH * index)
    raw, name, found = served.bundle(index, width)
    hashes = split_hashes(served.tile(0, index, width))
    try:
        entries = parse_bundle(raw, found)[:width]
    except InputError as error:
        entries = tuple(bundle_records(raw[: found * (2 + 0xFFFF)]))[:width]
        _refuse_other_entry(served, index, entries, hashes)
        raise LogDamaged(name, expected=error.expected, got=error.got) from error
    _refuse_other_entry(served, index, entries, hashes)
    return entries


def _refuse_other_entry(
    served: _Served, bundle: int, entries: Sequence[bytes], hashes: Sequence[bytes]
) -> None:
    """Name the first entry that is not the one its tile speaks of."""
    pairs = zip(entries, hashes, strict=False)
    for place, (entry, in_tile) in enumerate(pairs, TILE_WIDTH * bundle):
        computed = leaf_hash(entry)
        if in_tile != computed:
            raise _blame(served, 0, place, in_tile, computed)


def _blame(
    served: _Served, level: int, place: int, in_tile: bytes, computed: bytes
) -> VerificationError:
    """Decide whether entries or the tile that should have their hash were altered.

    Args:
        served: The log.
        level: Level of the tile.
        place: Number of the hash at that level, from the left edge of the tree.
        in_tile: What the tile has there.
        computed: What the entries hash to.
    """
    first = place << TILE_HEIGHT * level
    last = (place + 1 << TILE_HEIGHT * level) - 1
    entries = f"entry {first}" if level == 0 else f"entries {first} to {last}"
    if _is_included(served, level, place, computed):
        index = place // TILE_WIDTH
        width = (served.head.size >> TILE_HEIGHT * level) - TILE_WIDTH * index
        return LogDamaged(
            tile_path(level, index, min(TILE_WIDTH, width)),
            expected=f"the hash of {entries}, which is the signed one",
            got="another hash",
        )
    proven = _is_included(served, level, place, in_tile)
    shown = encode_base64(in_tile) + ("" if proven else " (itself not proven)")
    return RootMismatch(entries, expected=f"hash {shown}", got=encode_base64(computed))


def _is_included(served: _Served, level: int, place: int, value: bytes) -> bool:
    """Tell whether the served tiles prove a tile's hash; only to decide on blame."""
    head, height = served.head, TILE_HEIGHT * level
    try:
        path = inclusion_path(served.tile, place << height, head.size)[height:]
        # RFC 9162 section 2.1.3.2 after `height` steps, all inside a perfect subtree.
        size = (head.size - 1 >> height) + 1
        verify_inclusion(value, place, size, path, head.root)
    except VerificationError:
        return False
    return True


def _refuse_other_root(computed: bytes, head: VerifiedCheckpoint) -> None:
    if computed != head.root:
        raise RootMismatch(
            f"checkpoint of size {head.size}",
            expected=f"root {encode_base64(head.root)}",
            got=encode_base64(computed),
        )


def _fetch_or_damaged(fetch: Fetch, path: str) -> bytes:
    try:
        return fetch(path)
    except FileNotFoundError:
        raise _missing(path) from None


def _missing(path: str) -> LogDamaged:
    return LogDamaged(path, expected="a file", got="none")
