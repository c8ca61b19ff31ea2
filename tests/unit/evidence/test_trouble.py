"""What goes wrong on this machine: nothing is left, and the cause comes out."""

import errno
import io
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pyrage
import pytest

from rogatory.evidence import (
    _age,
    decrypt_file,
    encrypt_file,
)
from tests.unit.evidence.folders import CHUNK, MIB, Folders


@pytest.fixture(name="at")
def _at(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


class Stop(Exception):
    """Raised by a progress callback that wants to end the work."""


def _raiser(error: BaseException, at_least: int = 0) -> Callable[[int], None]:
    def raise_it(done: int) -> None:
        if done >= at_least:
            raise error

    return raise_it


@pytest.mark.parametrize("error", [Stop(), KeyboardInterrupt(), OSError(5, "disk")])
@pytest.mark.parametrize("at_least", [0, 2 * MIB, 3 * MIB], ids=["first", "mid", "end"])
def test_what_the_callback_raises_ends_encryption(
    at: Folders, error: BaseException, at_least: int
) -> None:
    """It comes out unchanged, and nothing stays in the spool."""
    source = at.root / "source"
    source.write_bytes(bytes(3 * MIB))

    with pytest.raises(type(error)) as caught:
        encrypt_file(
            source,
            at.spool,
            name="x",
            media_type="a/b",
            task_ids=[],
            progress=_raiser(error, at_least),
        )

    assert caught.value is error
    assert list(at.spool.iterdir()) == []


@pytest.mark.parametrize("error", [Stop(), KeyboardInterrupt(), OSError(5, "disk")])
@pytest.mark.parametrize("at_least", [0, 2 * MIB, 3 * MIB], ids=["first", "mid", "end"])
def test_what_the_callback_raises_ends_decryption(
    at: Folders, error: BaseException, at_least: int
) -> None:
    """It comes out unchanged, and only the ciphertext stays."""
    file = at.encrypt(bytes(3 * MIB))

    with pytest.raises(type(error)) as caught:
        decrypt_file(
            file.path, file.manifest, at.target, progress=_raiser(error, at_least)
        )

    assert caught.value is error
    assert at.left() == []
    assert file.path.exists()


@pytest.mark.parametrize("size", [10, CHUNK, 10 * CHUNK])
def test_a_full_disk_is_reported_at_every_point(at: Folders, size: int) -> None:
    """Also for the last block, whose failure pyrage itself drops."""
    file = at.encrypt(bytes(size))
    program = """
import resource, signal, sys
from pathlib import Path
from rogatory.evidence import decrypt_file, encrypt_file
from rogatory.v1 import disclosure_pb2
source, spool, cipher, target, most, manifest = sys.argv[1:]
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
told = disclosure_pb2.ManifestFile.FromString(bytes.fromhex(manifest))
def encrypt():
    encrypt_file(Path(source), Path(spool), name="x", media_type="a/b", task_ids=[])
def decrypt():
    decrypt_file(Path(cipher), told, Path(target))
for limit in range(0, int(most), max(1, int(most) // 25)):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    for work in (encrypt, decrypt):
        try:
            work()
        except OSError as e:
            assert e.errno == 27, e  # EFBIG
        else:
            sys.exit(f"{work.__name__} said nothing at {limit}")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
"""
    spool = at.root / "other-spool"
    spool.mkdir()
    arguments = [at.root / "source", spool, file.path, at.target, size]

    done = subprocess.run(
        [
            sys.executable,
            "-c",
            program,
            *map(str, arguments),
            file.manifest.SerializeToString().hex(),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert list(spool.iterdir()) == []
    assert at.left() == []


def test_a_failure_that_pyrage_drops_is_raised() -> None:
    """What a file object raises for the last block is ignored by pyrage 1.4."""
    recipient = pyrage.x25519.Identity.generate().to_public()

    with Path("/dev/full").open("wb", buffering=0) as full:
        tap = _age._Tap(full)
        with pytest.raises(OSError, match="No space"), _age._own_errors(tap):
            pyrage.encrypt_io(io.BytesIO(b"content"), tap, [recipient])


def test_an_encryption_that_was_cut_off_is_noticed_by_its_length(
    at: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An interrupt just before the last write is dropped by pyrage: no word of it."""
    real = pyrage.encrypt

    def cut_off(
        reader: object, writer: object, recipients: list[pyrage.x25519.Recipient]
    ) -> None:
        content = reader.read(-1)  # type: ignore[attr-defined]
        writer.write(real(content, recipients)[:-1])  # type: ignore[attr-defined]

    monkeypatch.setattr(pyrage, "encrypt_io", cut_off)

    with pytest.raises(OSError, match="cut off") as caught:
        at.encrypt(b"content")

    assert caught.value.errno == errno.EIO
    assert list(at.spool.iterdir()) == []


@pytest.mark.parametrize(
    ("function", "error"),
    [("encrypt_io", pyrage.EncryptError), ("decrypt_io", pyrage.DecryptError)],
)
def test_an_interrupt_that_pyrage_turned_into_text_is_an_interrupt(
    at: Folders,
    monkeypatch: pytest.MonkeyPatch,
    function: str,
    error: type[Exception],
) -> None:
    """Ctrl-C must never look like a bad file."""
    file = at.encrypt(b"content")

    def interrupted(*_: object) -> NoReturn:
        raise error("KeyboardInterrupt: ")

    monkeypatch.setattr(pyrage, function, interrupted)

    with pytest.raises(KeyboardInterrupt):
        at.encrypt(b"content") if function == "encrypt_io" else at.decrypt(file)

    assert at.left() == []
    assert list(at.spool.iterdir()) == [file.path]


def test_a_file_is_on_disk_before_it_has_a_name(
    at: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the whole content, then the name, then the folder."""
    file = at.encrypt(b"content")
    seen = list[tuple[int, list[str]]]()
    real = os.fsync

    def note(handle: int) -> None:
        named = [name for name in at.left() if not name.startswith(".rogatory-")]
        state = os.fstat(handle)
        seen.append((0 if stat.S_ISDIR(state.st_mode) else state.st_size, named))
        real(handle)

    monkeypatch.setattr(os, "fsync", note)

    at.decrypt(file)

    assert seen == [(len(b"content"), []), (0, ["answer.csv"])]


def test_a_folder_that_cannot_be_synced_leaves_nothing(
    at: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that might not survive a power cut is taken back."""
    file = at.encrypt(b"content")
    real = os.fsync

    def fail_for_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, "folder")
        real(handle)

    monkeypatch.setattr(os, "fsync", fail_for_folders)

    with pytest.raises(OSError, match="folder"):
        at.decrypt(file)

    assert at.left() == []


def test_a_file_system_without_folder_sync_is_accepted(
    at: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some know no such thing, and say EINVAL."""
    real = os.fsync

    def refuse_folders(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "invalid")
        real(handle)

    monkeypatch.setattr(os, "fsync", refuse_folders)

    assert at.decrypt(at.encrypt(b"content")).read_bytes() == b"content"


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_links_is_accepted(
    at: Folders, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """Evidence goes to USB sticks: FAT has no hard links."""

    def no_links(*_: object, **__: object) -> NoReturn:
        raise OSError(code, "no links")

    monkeypatch.setattr(os, "link", no_links)
    file = at.encrypt(b"content")

    first, second = at.decrypt(file), at.decrypt(file)

    assert first.read_bytes() == second.read_bytes() == b"content"
    assert at.left() == ["answer (2).csv", "answer.csv"]
    assert stat.S_IMODE(first.stat().st_mode) == 0o600


def test_a_move_that_fails_without_links_leaves_nothing(
    at: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the empty file that held the name is gone."""
    file = at.encrypt(b"content")

    def no_links(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EPERM, "no links")

    def no_move(*_: object) -> NoReturn:
        raise OSError(errno.EIO, "no move")

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(Path, "replace", no_move)

    with pytest.raises(OSError, match="no move"):
        at.decrypt(file)

    assert at.left() == []


def test_another_trouble_with_links_is_not_hidden(
    at: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only "no links here" leads to the other way."""
    file = at.encrypt(b"content")

    def broken(*_: object, **__: object) -> NoReturn:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(os, "link", broken)

    with pytest.raises(OSError, match="broken"):
        at.decrypt(file)

    assert at.left() == []
