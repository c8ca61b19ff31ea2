"""Folders and files for the tests of `rogatory.evidence`."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import pyrage

from rogatory.evidence import (
    EncryptedFile,
    decrypt_file,
    encrypt_file,
)
from rogatory.v1 import disclosure_pb2

CHUNK = 64 << 10
MIB = 1 << 20


@dataclass
class Folders:
    """A source, a spool and a target, and a shorthand for each direction."""

    root: Path
    spool: Path = field(init=False)
    target: Path = field(init=False)

    def __post_init__(self) -> None:
        self.spool, self.target = self.root / "spool", self.root / "target"
        self.spool.mkdir()
        self.target.mkdir()

    def encrypt(self, content: bytes, name: str = "answer.csv") -> EncryptedFile:
        source = self.root / "source"
        source.write_bytes(content)
        return encrypt_file(
            source, self.spool, name=name, media_type="text/csv", task_ids=["t-1"]
        )

    def decrypt(self, file: EncryptedFile) -> Path:
        return decrypt_file(file.path, file.manifest, self.target)

    def left(self) -> list[str]:
        """Return the names in the target folder."""
        return sorted(path.name for path in self.target.iterdir())


def foreign_file(
    at: Folders, content: bytes, identity: pyrage.x25519.Identity | None = None
) -> EncryptedFile:
    """Encrypt with pyrage alone, as any sender may; the manifest is consistent."""
    own = pyrage.x25519.Identity.generate()
    recipient = (own if identity is None else identity).to_public()
    raw = pyrage.encrypt(content, [recipient])
    path = at.spool / "foreign.age"
    path.write_bytes(raw)
    manifest = disclosure_pb2.ManifestFile(
        sha256=hashlib.sha256(raw).digest(),
        age_identity=str(own),
        name="answer.csv",
        media_type="text/csv",
        plaintext_sha256=hashlib.sha256(content).digest(),
        plaintext_size=len(content),
        task_ids=["t-1"],
    )
    return EncryptedFile(path, manifest.sha256, len(raw), manifest)
