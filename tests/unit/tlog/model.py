"""What the tests of the log compare with: a tree by definition, and a log in memory.

The tree is RFC 6962 section 2.1 read aloud: recursive, slow, and without any tile. The
log is a dictionary from path to bytes, edited by whoever wants to see it fail.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from rogatory.tlog import (
    EMPTY_ROOT,
    AccessEntry,
    Checkpoint,
    Delivery,
    DirectoryEntry,
    Edge,
    EndEntry,
    Entry,
    ErasureEntry,
    IndexRange,
    KeyType,
    MessageEntry,
    NoteSigner,
    PreviousLog,
    ProfilesEntry,
    StartEntry,
    Tile,
    TilePath,
    VerifierKey,
    encode_bundle,
    entries_path,
    leaf_hash,
    node_hash,
    partial_tiles,
    sign_checkpoint,
    tile_path,
)

ORIGIN = "log.example/rogatory"
NOW = 1_795_395_723
TIME = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)

ED25519 = NoteSigner.from_ed25519(
    ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
)
MLDSA44 = NoteSigner.from_mldsa44(
    ORIGIN, MLDSA44PrivateKey.from_seed_bytes(bytes(range(32, 64)))
)
WITNESS = NoteSigner.from_ed25519_cosigner(
    "witness.example/w1", Ed25519PrivateKey.from_private_bytes(bytes(range(64, 96)))
)
STRANGER = NoteSigner.from_ed25519(
    "stranger.example", Ed25519PrivateKey.from_private_bytes(bytes(range(96, 128)))
)
LOG_SIGNERS = (ED25519, MLDSA44)
LOG_KEYS = tuple(signer.verifier_key for signer in LOG_SIGNERS)


# --- a tree by definition ------------------------------------------------------------


def root_by_definition(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1, over leaf hashes."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = split_point(len(leaves))
    return node_hash(
        root_by_definition(leaves[:split]), root_by_definition(leaves[split:])
    )


def path_by_definition(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if len(leaves) == 1:
        return []
    split = split_point(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if index < split:
        return [*path_by_definition(index, left), root_by_definition(right)]
    return [*path_by_definition(index - split, right), root_by_definition(left)]


def proof_by_definition(
    size: int, leaves: Sequence[bytes], *, whole: bool = True
) -> list[bytes]:
    """PROOF and SUBPROOF of RFC 6962 section 2.1.2."""
    if size == len(leaves):
        return [] if whole else [root_by_definition(leaves)]
    split = split_point(len(leaves))
    left, right = leaves[:split], leaves[split:]
    if size <= split:
        return [
            *proof_by_definition(size, left, whole=whole),
            root_by_definition(right),
        ]
    return [
        *proof_by_definition(size - split, right, whole=False),
        root_by_definition(left),
    ]


def split_point(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


@cache
def some_leaves(size: int) -> tuple[bytes, ...]:
    """Return that many different leaf hashes."""
    return tuple(leaf_hash(b"leaf %d" % number) for number in range(size))


class Store:
    """Tiles by level and index, as a log's store keeps them: a `TileReader`."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.reads: list[tuple[int, int, int]] = []

    def put(self, tiles: Sequence[Tile]) -> None:
        """Write what a growth touched."""
        for tile in tiles:
            self.tiles[tile.level, tile.index] = tile.hashes

    def __call__(self, level: int, index: int, width: int, /) -> bytes:
        self.reads.append((level, index, width))
        return self.tiles[level, index][: 32 * width]


def store_of(leaves: Sequence[bytes]) -> Store:
    """Return a store with all tiles over these leaves."""
    store = Store()
    store.put(Edge.empty().extend(leaves).tiles)
    return store


# --- a log in memory -----------------------------------------------------------------


@dataclass
class ServedLog:
    """What a log serves: paths and bytes."""

    entries: list[bytes]
    files: dict[str, bytes] = field(default_factory=dict)

    def fetch(self, path: str) -> bytes:
        """Return one file, as `verify_log` wants it."""
        try:
            return self.files[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def flip(self, path: str, at: int) -> None:
        """Flip one bit of a file."""
        raw = bytearray(self.files[path])
        raw[at] ^= 1
        self.files[path] = bytes(raw)


def served_log(
    size: int, *, entry_of: Callable[[int], bytes] = lambda index: b"entry %d\n" % index
) -> ServedLog:
    """Build an honest log of `size` entries."""
    log = ServedLog([entry_of(index) for index in range(size)])
    growth = Edge.empty().extend([leaf_hash(entry) for entry in log.entries])
    for tile in growth.tiles:
        log.files[tile_path(tile.level, tile.index, tile.width)] = tile.hashes
    for start in range(0, size, 256):
        bundle = log.entries[start : start + 256]
        path = entries_path(start // 256, len(bundle))
        log.files[path] = encode_bundle(bundle)
    head = Checkpoint(ORIGIN, size, growth.root)
    log.files["checkpoint"] = sign_checkpoint(head, LOG_SIGNERS, NOW)
    return log


def with_full_tiles_only(log: ServedLog, later: ServedLog) -> ServedLog:
    """Return `log` after it grew to `later` and dropped its partial tiles."""
    files = dict(later.files)
    for level, index, width in partial_tiles(len(log.entries)):
        files.pop(tile_path(level, index, width), None)
        files.pop(entries_path(index, width), None)
    files["checkpoint"] = log.files["checkpoint"]
    return ServedLog(log.entries, files)


# --- one entry of each kind ----------------------------------------------------------


def vkey_of(seed: int, name: str = "next.example/log") -> VerifierKey:
    """Return a verifier key made from a number."""
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    public = private.public_key().public_bytes_raw()
    return VerifierKey.of(name, KeyType.ED25519, public)


def fill(letter: str) -> bytes:
    """Return 32 bytes that can be told apart in a failure."""
    return letter.encode() * 32


ENTRIES: dict[str, Entry] = {
    "message": MessageEntry(
        TIME,
        1041,
        fill("d"),
        fill("s"),
        fill("f"),
        (Delivery(fill("t"), fill("i")), Delivery(fill("u"), fill("j"))),
    ),
    "message-unsealed": MessageEntry(
        TIME, None, fill("d"), None, fill("f"), (Delivery(fill("t"), fill("i")),)
    ),
    "directory": DirectoryEntry(TIME, None, fill("d")),
    "profiles": ProfilesEntry(TIME, 0, fill("d")),
    "access": AccessEntry(TIME, 7, fill("d"), fill("f")),
    "erasure": ErasureEntry(
        TIME,
        7,
        fill("d"),
        (IndexRange(0, 0), IndexRange(2, 40), IndexRange(41, 2**40)),
        "content",
        "XX.TEST.2",
        datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC),
    ),
    "start": StartEntry(TIME, ORIGIN, LOG_KEYS),
    "start-successor": StartEntry(
        TIME,
        "next.example/log",
        (vkey_of(1), vkey_of(2)),
        PreviousLog(ORIGIN, 12, fill("r")),
    ),
    "end": EndEntry(TIME, 7, "next.example/log", (vkey_of(1), vkey_of(2))),
}


def encode_any_path(parts: TilePath) -> str:
    """Write the path of a tile or of a bundle."""
    if parts.level is None:
        return entries_path(parts.index, parts.width)
    return tile_path(parts.level, parts.index, parts.width)
