"""Files are made whole, private, and never over another one by accident."""

import stat
from pathlib import Path

import click
import pytest

from rogatory.cli._errors import Failed
from rogatory.cli._files import read_words, write_new


def test_a_new_file_is_private(tmp_path: Path) -> None:
    """Only its owner reads what a verb writes."""
    target = tmp_path / "identity.txt"
    write_new(str(target), b"secret", force=False)
    assert target.read_bytes() == b"secret"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["identity.txt"]


def test_a_file_that_is_there_stays(tmp_path: Path) -> None:
    """Nothing is written over unless that was asked for."""
    target = tmp_path / "results.csv"
    target.write_bytes(b"an afternoon's work")
    with pytest.raises(Failed):
        write_new(str(target), b"", force=False)
    assert target.read_bytes() == b"an afternoon's work"

    write_new(str(target), b"new", force=True)
    assert target.read_bytes() == b"new"


def test_a_link_to_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """A link under the name is something that is there, dangling or not."""
    target = tmp_path / "x"
    target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Failed):
        write_new(str(target), b"y", force=False)
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_missing_is_an_error_of_the_system(tmp_path: Path) -> None:
    """No folder is made behind the user's back."""
    with pytest.raises(FileNotFoundError):
        write_new(str(tmp_path / "no" / "x"), b"", force=False)


def test_words_come_from_the_option_or_a_file(tmp_path: Path) -> None:
    """`@file` reads the file, with or without byte-order mark."""
    (tmp_path / "r.txt").write_bytes("\ufeff사유\n".encode())
    assert read_words("plain", option="--reasons") == "plain"
    assert read_words(f"@{tmp_path / 'r.txt'}", option="--reasons") == "사유"


@pytest.mark.parametrize("raw", [b"x" * 20_000, b"\xe9"])
def test_words_that_cannot_be_sent_are_refused(tmp_path: Path, raw: bytes) -> None:
    """Too long, or another encoding: said before anything is sent."""
    (tmp_path / "r.txt").write_bytes(raw)
    with pytest.raises(click.BadParameter):
        read_words(f"@{tmp_path / 'r.txt'}", option="--reasons")
