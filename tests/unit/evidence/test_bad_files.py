"""What is wrong with a file: it is refused, and only the ciphertext stays."""

import hashlib
from pathlib import Path
from typing import NoReturn

import pyrage
import pytest

from rogatory.errors import BlobMismatch, FieldInvalid
from rogatory.evidence import (
    decrypt_file,
)
from tests.unit.evidence.folders import CHUNK, Folders, foreign_file


@pytest.fixture(name="at")
def _at(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_any_change_of_the_ciphertext_is_refused_before_decryption(
    at: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is not the one announced is never given to pyrage."""
    file = at.encrypt(b"content" * 100)
    raw = file.path.read_bytes()
    half = len(raw) // 2
    changes = [raw[:-1], raw + b"\0", b"", raw[1:], raw[:half] + raw[half + 1 :]]
    changes += [
        raw[:index] + bytes([raw[index] ^ 1]) + raw[index + 1 :]
        for index in range(0, len(raw), 13)
    ]

    def never(*_: object) -> NoReturn:
        pytest.fail("decrypted before it was verified")

    monkeypatch.setattr(pyrage, "decrypt_io", never)

    for changed in changes:
        file.path.write_bytes(changed)
        with pytest.raises(BlobMismatch, match=r"^evidence file: expected"):
            at.decrypt(file)
    assert at.left() == []


def test_the_visible_size_is_held_too(at: Folders) -> None:
    """The visible part announces the length of the ciphertext."""
    file = at.encrypt(b"content")

    with pytest.raises(BlobMismatch, match=f"expected {file.size + 1} bytes"):
        decrypt_file(file.path, file.manifest, at.target, size=file.size + 1)

    assert decrypt_file(file.path, file.manifest, at.target, size=file.size).exists()


@pytest.mark.parametrize("size", [0, 6, 8, 10**6, 2**63])
def test_a_plaintext_size_that_cannot_be_is_refused_early(
    at: Folders, size: int
) -> None:
    """The length of an age file tells that of its content, but for the header."""
    file = at.encrypt(bytes(CHUNK) * 2)
    file.manifest.plaintext_size = size

    with pytest.raises(BlobMismatch, match="encrypted, got"):
        at.decrypt(file)

    assert at.left() == []


@pytest.mark.parametrize("delta", [-1, 1])
def test_another_plaintext_size_is_refused(at: Folders, delta: int) -> None:
    """A byte more or less is the sender's fault, and no name appears."""
    file = at.encrypt(b"content")
    file.manifest.plaintext_size += delta

    with pytest.raises(BlobMismatch, match="decrypted evidence file: expected"):
        at.decrypt(file)

    assert at.left() == []


def test_another_plaintext_digest_is_refused_without_saying_it(at: Folders) -> None:
    """A digest of the content would name the content."""
    file = at.encrypt(b"content")
    file.manifest.plaintext_sha256 = bytes(32)

    with pytest.raises(BlobMismatch, match="the digest in the manifest") as caught:
        at.decrypt(file)

    assert hashlib.sha256(b"content").hexdigest() not in caught.value.explain()
    assert at.left() == []


@pytest.mark.parametrize("part", ["header", "first chunk", "last chunk", "cut"])
def test_a_file_that_was_announced_and_does_not_decrypt(at: Folders, part: str) -> None:
    """The digest holds, the file is broken: the sender's fault, nothing stays.

    pyrage has written earlier chunks by then, and reports truncation as OSError.
    """
    file = foreign_file(at, bytes(5 * CHUNK))
    raw = bytearray(file.path.read_bytes())
    position = {"header": 30, "first chunk": 400, "last chunk": -1, "cut": -1}[part]
    if part == "cut":
        del raw[-1]
    else:
        raw[position] ^= 1
    file.path.write_bytes(raw)
    file.manifest.sha256 = hashlib.sha256(raw).digest()

    with pytest.raises(BlobMismatch, match="it does not decrypt"):
        at.decrypt(file)

    assert at.left() == []


def test_a_file_for_another_identity_is_refused(at: Folders) -> None:
    """The manifest's identity must be the one that opens."""
    file = foreign_file(at, b"content", pyrage.x25519.Identity.generate())

    with pytest.raises(BlobMismatch, match="it does not decrypt"):
        at.decrypt(file)

    assert at.left() == []


def test_a_file_for_a_passphrase_is_refused(at: Folders) -> None:
    """Only an identity of its own opens an evidence file."""
    file = foreign_file(at, b"content")
    raw = (
        b"age-encryption.org/v1\n"
        b"-> scrypt V4LKlAVup0TEuLQ3ADsoSg 20\n"
        b"rpLyAESGzMNatKhn2VVrzNJnH599JdwrpZYPR2U+Ra0\n"
        b"--- mv5NesBrDDEp1iUefAYt+qE+8cVVg2bxc44kUdlA4+w\n"
    ) + bytes.fromhex(
        "d6f97cf5ba2fab8798722d5332ea2aeb14757f45fc850b5ed8d3ff81ca44914573ddd90d6e33b4"
    )
    file.path.write_bytes(raw)
    file.manifest.sha256 = hashlib.sha256(raw).digest()

    with pytest.raises(BlobMismatch, match="it does not decrypt"):
        at.decrypt(file)


@pytest.mark.parametrize(
    "identity",
    [
        "",
        "AGE-SECRET-KEY-1",
        "AGE-SECRET-KEY-1" + "Q" * 58,
        "AGE-SECRET-KEY-PQ-1QQQQ",
        "AGE-PLUGIN-YUBIKEY-1QQQQ",
        str(pyrage.x25519.Identity.generate()).lower(),
        str(pyrage.x25519.Identity.generate()) + "\n",
        str(pyrage.x25519.Identity.generate().to_public()),
    ],
    # Fixed names: pytest-xdist wants the same ones in every worker.
    ids=["none", "short", "checksum", "pq", "plugin", "lower", "newline", "recipient"],
)
def test_an_identity_that_is_none_is_refused(at: Folders, identity: str) -> None:
    """The field is named; the secret is not quoted."""
    file = at.encrypt(b"content")
    file.manifest.age_identity = identity

    with pytest.raises(FieldInvalid, match=r"manifest\.age_identity") as caught:
        at.decrypt(file)

    assert identity[16:] == "" or identity[16:] not in str(caught.value)
    assert caught.value.__cause__ is None


def test_errors_never_quote_the_identity(at: Folders) -> None:
    """A failed file is shown to both sides and to the gateway's operator."""
    file = at.encrypt(b"content")
    file.path.write_bytes(b"x" + file.path.read_bytes()[1:])

    with pytest.raises(BlobMismatch) as caught:
        at.decrypt(file)

    assert file.manifest.age_identity not in caught.value.explain()
