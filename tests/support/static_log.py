"""A log of anybody's as a folder of files: any entries, any keys, any history.

log = StaticLog([b"one", b"two"], signers)
log.write(folder)                    its checkpoint, bundles and tiles
"""

from collections.abc import Sequence
from pathlib import Path

from rogatory.tlog import (
    Checkpoint,
    NoteSigner,
    encode_bundle,
    entries_path,
    leaf_hash,
    root_of_hashes,
    sign_checkpoint,
    tile_path,
)

_WIDTH = 256


class StaticLog:
    """Entries, and who signs them."""

    def __init__(
        self, entries: Sequence[bytes], signers: Sequence[NoteSigner], origin: str
    ) -> None:
        self.entries = entries
        self.leaves = [leaf_hash(entry) for entry in entries]
        head = Checkpoint(origin, len(self.leaves), root_of_hashes(self.leaves))
        self.checkpoint = sign_checkpoint(head, signers, 1)

    def write(self, folder: Path) -> None:
        """Write the folder; what is there is replaced."""
        for bundle in range(-(-len(self.entries) // _WIDTH)):
            part = self.entries[bundle * _WIDTH : (bundle + 1) * _WIDTH]
            self._put(folder, entries_path(bundle, len(part)), encode_bundle(part))
        level, hashes = 0, self.leaves
        while hashes:
            for index in range(-(-len(hashes) // _WIDTH)):
                tile = hashes[index * _WIDTH : (index + 1) * _WIDTH]
                self._put(folder, tile_path(level, index, len(tile)), b"".join(tile))
            full = len(hashes) // _WIDTH
            level, hashes = (
                level + 1,
                [
                    root_of_hashes(hashes[at * _WIDTH : (at + 1) * _WIDTH])
                    for at in range(full)
                ],
            )
        self._put(folder, "checkpoint", self.checkpoint)

    def _put(self, folder: Path, name: str, raw: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
