"""Encrypting to the spool and back, with our own and other programs."""

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pyrage
import pytest

from rogatory.errors import BlobMismatch, FieldInvalid
from rogatory.evidence import (
    decrypt_file,
    encrypt_file,
)
from rogatory.v1 import disclosure_pb2
from tests.unit.evidence.folders import CHUNK, MIB, Folders, foreign_file


@pytest.fixture(name="at")
def _at(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


@pytest.mark.parametrize(
    "size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 2 * MIB + 17]
)
def test_round_trip(at: Folders, size: int) -> None:
    """What was encrypted is found again, at every border of an age chunk."""
    content = os.urandom(size)

    path = at.decrypt(at.encrypt(content))

    assert path == at.target / "answer.csv"
    assert path.read_bytes() == content
    assert at.left() == ["answer.csv"]


def test_result_describes_ciphertext_and_plaintext(at: Folders) -> None:
    """Digests and lengths are those of the bytes on disk."""
    file = at.encrypt(b"content")

    raw = file.path.read_bytes()
    assert file.path.parent == at.spool
    assert file.path.name == f"{hashlib.sha256(raw).hexdigest()}.age"
    assert (file.sha256, file.size) == (hashlib.sha256(raw).digest(), len(raw))
    assert file.manifest == disclosure_pb2.ManifestFile(
        sha256=file.sha256,
        age_identity=file.manifest.age_identity,
        name="answer.csv",
        media_type="text/csv",
        plaintext_sha256=hashlib.sha256(b"content").digest(),
        plaintext_size=7,
        task_ids=["t-1"],
    )
    assert raw.startswith(b"age-encryption.org/v1\n")
    assert [p.name for p in at.spool.iterdir()] == [file.path.name]


def test_each_file_has_an_identity_of_its_own(at: Folders) -> None:
    """One file's key opens no other, not even one with the same content."""
    one, two = at.encrypt(b"same"), at.encrypt(b"same")
    one.manifest.age_identity = two.manifest.age_identity

    assert one.sha256 != two.sha256
    with pytest.raises(BlobMismatch, match="it does not decrypt"):
        at.decrypt(one)


def test_there_is_one_recipient_and_its_name_is_nowhere(at: Folders) -> None:
    """Quantum safety rests on a recipient that nobody can know."""
    file = at.encrypt(b"content")
    identity = pyrage.x25519.Identity.from_str(file.manifest.age_identity)
    recipient = str(identity.to_public())

    assert file.path.read_bytes().count(b"-> X25519 ") == 1
    for text in (file.path.read_bytes(), file.manifest.SerializeToString()):
        assert recipient.encode() not in text
    assert file.manifest.age_identity not in repr(file)


def test_spool_and_target_files_are_for_their_owner(at: Folders) -> None:
    """Mode 0600, whatever the umask."""
    old = os.umask(0)
    try:
        file = at.encrypt(b"content")
        path = at.decrypt(file)
    finally:
        os.umask(old)

    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "media_type", ["", "pdf", "application/", "Text/csv", "text/csv\n", "a/b c"]
)
def test_a_media_type_is_type_and_subtype(at: Folders, media_type: str) -> None:
    """Anything else is refused before a byte is read."""
    with pytest.raises(FieldInvalid, match=r"manifest\.media_type"):
        encrypt_file(
            at.root / "missing",
            at.spool,
            name="x",
            media_type=media_type,
            task_ids=[],
        )


def test_a_media_type_may_have_parameters(at: Folders) -> None:
    """Tables need their charset."""
    source = at.root / "source"
    source.write_bytes(b"")
    media_type = "text/csv; charset=utf-8"

    file = encrypt_file(source, at.spool, name="x", media_type=media_type, task_ids=[])

    assert file.manifest.media_type == media_type


def test_a_missing_source_leaves_nothing(at: Folders) -> None:
    """The system's own error says which file."""
    with pytest.raises(FileNotFoundError):
        encrypt_file(
            at.root / "missing", at.spool, name="x", media_type="a/b", task_ids=[]
        )

    assert list(at.spool.iterdir()) == []


def test_progress_counts_plaintext_up_to_the_end(at: Folders) -> None:
    """Both directions report about every MiB, and the total last."""
    content = bytes(3 * MIB + 5)
    source = at.root / "source"
    source.write_bytes(content)
    there, back = list[int](), list[int]()

    file = encrypt_file(
        source,
        at.spool,
        name="x",
        media_type="a/b",
        task_ids=[],
        progress=there.append,
    )
    decrypt_file(file.path, file.manifest, at.target, progress=back.append)

    for seen in (there, back):
        assert seen == sorted(seen)
        assert seen[-1] == len(content)
        assert 3 <= len(seen) <= 5


@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
@pytest.mark.parametrize("size", [0, 1, CHUNK, 3 * MIB + 1])
def test_the_standard_age_tool_decrypts_our_files(at: Folders, size: int) -> None:
    """A court needs nothing of ours to open the evidence."""
    content = os.urandom(size)
    file = at.encrypt(content)
    identity = at.root / "identity.txt"
    identity.write_text(file.manifest.age_identity + "\n")

    done = subprocess.run(
        ["age", "-d", "-i", str(identity), str(file.path)],
        capture_output=True,
        check=True,
    )

    assert done.stdout == content


@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
def test_we_decrypt_files_of_the_standard_age_tool(at: Folders) -> None:
    """A platform may make its files with any age program."""
    content = os.urandom(CHUNK + 1)
    file = foreign_file(at, content)
    identity = pyrage.x25519.Identity.from_str(file.manifest.age_identity)
    raw = subprocess.run(
        ["age", "-r", str(identity.to_public())],
        input=content,
        capture_output=True,
        check=True,
    ).stdout
    file.path.write_bytes(raw)
    file.manifest.sha256 = hashlib.sha256(raw).digest()

    assert at.decrypt(file).read_bytes() == content


def test_memory_stays_flat(at: Folders) -> None:
    """Files of several GiB must not need memory of their size."""
    program = """
import resource, sys
from pathlib import Path
from rogatory.evidence import decrypt_file, encrypt_file
root = Path(sys.argv[1])
def work(size):
    with (root / "source").open("wb") as file:
        file.truncate(size)
    made = encrypt_file(
        root / "source", root / "spool", name="x", media_type="a/b", task_ids=[]
    )
    decrypt_file(made.path, made.manifest, root / "target")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(-work(1 << 20) + work(40 << 20))
"""

    done = subprocess.run(
        [sys.executable, "-c", program, str(at.root)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert (at.target / "x (2)").stat().st_size == 40 * MIB
    assert int(done.stdout) < 8 << 10  # KiB
