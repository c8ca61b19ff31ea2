"""Names of evidence files, whoever chose them."""

import os
import threading
from pathlib import Path

import pytest

from rogatory.errors import FieldInvalid
from rogatory.evidence import (
    _part,
    decrypt_file,
    safe_file_name,
    verify_file_name,
)
from tests.unit.evidence.folders import Folders


@pytest.fixture(name="at")
def _at(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


BAD_NAMES = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "/etc/passwd",
    "a\\b",
    "C:x",
    "a.pdf:stream",
    "a\0b",
    "a\nb",
    "a\x7fb",
    ".bashrc",
    "a ",
    "a.",
    "con",
    "NUL.txt",
    "Com1",
    "lpt9.tar.gz",
    "aux .csv",
    "COM¹",
    "CONIN$",
    "annex\u202efdp.exe",
    "a\u2066b",
    "a\u2028b",
    "x" * 256,
    "é" * 128,
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_could_do_harm_is_refused(at: Folders, name: str) -> None:
    """Before anything is read or written."""
    file = at.encrypt(b"content")
    file.manifest.name = name

    with pytest.raises(FieldInvalid, match=r"manifest\.name"):
        at.decrypt(file)

    assert at.left() == []
    assert not (at.root / "x").exists()


def test_a_refused_name_can_be_replaced(at: Folders) -> None:
    """A sender's bad name must not keep a court from its evidence."""
    file = at.encrypt(b"content")
    file.manifest.name = "../x"

    path = decrypt_file(file.path, file.manifest, at.target, name="annex.pdf")

    assert path == at.target / "annex.pdf"
    with pytest.raises(FieldInvalid):
        decrypt_file(file.path, file.manifest, at.target, name="../annex.pdf")


@pytest.mark.parametrize(
    "name",
    [
        "영장 제2024-118호.pdf",
        "ordonnance.p7m",
        "a..b",
        "console.txt",
        "com10",
        "what?.pdf",
        "-rf",
        "x" * 255,
        "نامه\u200cها.pdf",
    ],
)
def test_ordinary_names_are_kept(at: Folders, name: str) -> None:
    """People name files in their own language."""
    file = at.encrypt(b"content")
    file.manifest.name = name

    assert at.decrypt(file).name == name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("/home/x/영장.pdf", "영장.pdf"),
        ("C:\\Users\\x\\order.pdf", "order.pdf"),
        ("folder/", "folder"),
        ("..", "file"),
        ("", "file"),
        (" .hidden ", "hidden"),
        ("con", "_con"),
        ("what?<1>.pdf", "what__1_.pdf"),
        ("a\0b\nc.pdf", "abc.pdf"),
        ("annex\u202efdp.exe", "annexfdp.exe"),
        ("half\ud800.pdf", "half.pdf"),
        ("e\u0301.pdf", "é.pdf"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("영" * 100 + ".pdf", "영" * 83 + ".pdf"),
        ("." + "x" * 300, "x" * 255),
        ("a." + "x" * 300, "a." + "x" * 253),
    ],
)
def test_a_name_is_made_safe_before_it_is_sent(name: str, safe: str) -> None:
    """The nearest name that every receiver accepts."""
    assert safe_file_name(name) == safe
    assert verify_file_name(safe) == safe


def test_encryption_sends_the_safe_name(at: Folders) -> None:
    """The manifest never tells where the file was on our disk."""
    assert at.encrypt(b"", "/srv/cases/118/order.pdf").manifest.name == "order.pdf"


def test_no_file_is_overwritten(at: Folders) -> None:
    """Whatever is there stays, also a folder or a dangling link."""
    file = at.encrypt(b"content")
    (at.target / "answer.csv").write_bytes(b"mine")
    (at.target / "answer (2).csv").mkdir()
    (at.target / "answer (3).csv").symlink_to(at.root / "nowhere")

    path = at.decrypt(file)

    assert path.name == "answer (4).csv"
    assert (at.target / "answer.csv").read_bytes() == b"mine"
    assert not (at.root / "nowhere").exists()


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("order", "order (2)"),
        ("a.tar.gz", "a.tar (2).gz"),
        ("x" * 251 + ".pdf", "x" * 247 + " (2).pdf"),
        ("영" * 85, "영" * 83 + " (2)"),
    ],
)
def test_numbers_go_before_the_extension(at: Folders, name: str, second: str) -> None:
    """And the name stays within its limit."""
    file = at.encrypt(b"content")
    file.manifest.name = name

    assert at.decrypt(file).name == name
    assert at.decrypt(file).name == second
    assert len(second.encode()) <= 255


def test_names_end_somewhere(at: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is full of them is reported, and nothing is left."""
    monkeypatch.setattr(_part, "_MAX_NUMBER", 3)
    file = at.encrypt(b"content")
    at.decrypt(file)
    at.decrypt(file)

    with pytest.raises(FileExistsError, match="no free name"):
        at.decrypt(file)

    assert at.left() == ["answer (2).csv", "answer.csv"]


def test_many_at_once_get_names_of_their_own(at: Folders) -> None:
    """Two workers never write to one name."""
    file = at.encrypt(os.urandom(200_000))
    paths = list[Path]()
    threads = [
        threading.Thread(target=lambda: paths.append(at.decrypt(file)))
        for _ in range(8)
    ]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(paths)) == 8
    assert len({path.read_bytes() for path in paths}) == 1
    assert len(at.left()) == 8
