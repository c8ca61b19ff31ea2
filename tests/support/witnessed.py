"""A log that asks a witness for cosignatures, honest or not.

log = WitnessedLog()
body = log.request(0, 5)        # old size, new size
fork = log.forked(3)            # agrees on the first three leaves
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from rogatory.tlog import (
    AddCheckpoint,
    Checkpoint,
    Edge,
    NoteSigner,
    Tile,
    consistency_path,
    encode_add_checkpoint,
    leaf_hash,
    root_of_hashes,
    sign_checkpoint,
)
from rogatory.witness import KnownLog

ORIGIN = "log.example/anybody"
NOW = 1_795_395_723


def signers_of(origin: str, seed: int = 1) -> tuple[NoteSigner, NoteSigner]:
    """Return the two keys of a log."""
    classical = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    quantum = MLDSA44PrivateKey.from_seed_bytes(bytes([seed + 1]) * 32)
    return (
        NoteSigner.from_ed25519(origin, classical),
        NoteSigner.from_mldsa44(origin, quantum),
    )


@dataclass(frozen=True)
class WitnessedLog:
    """Leaves without end; two logs of one origin differ from their fork on."""

    origin: str = ORIGIN
    signers: Sequence[NoteSigner] = signers_of(ORIGIN)
    fork_at: int = 1 << 40
    extensions: tuple[str, ...] = ()

    def forked(self, at: int) -> "WitnessedLog":
        """Return the same log with other leaves from an index on."""
        return replace(self, fork_at=at)

    def leaves(self, size: int) -> list[bytes]:
        """Return the first leaf hashes."""
        side = (b"true", b"fork")
        return [
            leaf_hash(b"%s %d" % (side[at >= self.fork_at], at)) for at in range(size)
        ]

    def proof(self, old: int, new: int) -> tuple[bytes, ...]:
        """Return the consistency proof between two sizes."""
        if old in {0, new}:
            return ()
        tiles: dict[tuple[int, int], Tile] = {
            (tile.level, tile.index): tile
            for tile in Edge.empty().extend(self.leaves(new)).tiles
        }
        return tuple(
            consistency_path(
                lambda level, index, width: tiles[level, index].hashes[: 32 * width],
                old,
                new,
            )
        )

    def checkpoint(self, size: int, *signers: NoteSigner) -> bytes:
        """Return the signed checkpoint of a size."""
        root = root_of_hashes(self.leaves(size))
        head = Checkpoint(self.origin, size, root, self.extensions)
        return sign_checkpoint(head, signers or self.signers, NOW)

    def request(self, old: int, new: int, *signers: NoteSigner) -> bytes:
        """Return the body that asks for a cosignature."""
        proof = self.proof(old, new) if old <= new else ()
        return encode_add_checkpoint(
            AddCheckpoint(old, proof, self.checkpoint(new, *signers))
        )

    @property
    def known(self) -> KnownLog:
        """Return what a witness knows of it."""
        keys = tuple(signer.verifier_key for signer in self.signers)
        return KnownLog(self.origin, keys)
