"""The doctor names what is wrong, and what to do about it."""

import socket
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rogatory.errors import Unreachable
from rogatory.v1 import directory_service_pb2
from rogatory_gateway.dev.parties import REGULATOR
from tests.unit.cli.terminal import Terminal

URI = f"spiffe://gateway.example/{REGULATOR}/desk"


@pytest.fixture
def folder(terminal: Terminal) -> Iterator[Path]:
    """Give a world whose regulator has certificates and a stream port that answers."""
    folder = terminal.world.folder
    terminal.world.time = datetime.now(UTC)
    issue(terminal, URI, datetime.now(UTC))
    (folder / "ca.pem").write_bytes(terminal.world.parties[REGULATOR].ca.pem)
    for path in [*folder.glob("*.pem"), *folder.glob("*.seal"), folder / "k"]:
        path.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        context = folder / f"{REGULATOR}.toml"
        text = context.read_text().replace("localhost:2", f"127.0.0.1:{port}")
        context.write_text(text)
        yield folder


def issue(terminal: Terminal, uri: str, when: datetime) -> None:
    """Give the regulator a certificate."""
    issued = terminal.world.parties[REGULATOR].ca.issue_client(uri, when)
    (terminal.world.folder / "c").write_bytes(issued.certificate)
    (terminal.world.folder / "k").write_bytes(issued.key)


def checks(terminal: Terminal) -> dict[str, Any]:
    """Return what the doctor finds, by check."""
    shown = terminal.type("doctor --json", party="regulator")
    return {each["check"]: each for each in shown.json["checks"]}


def test_all_is_well(terminal: Terminal, folder: Path) -> None:
    """Every check is told; the exit code is 0."""
    shown = terminal.ok("doctor", party="regulator")

    assert "all is well" in shown.err
    found = checks(terminal)
    assert {name for name, each in found.items() if each["result"] == "ok"} >= {
        "context",
        "files",
        "certificate",
        "keys",
        "log keys",
        "state",
        "gateway",
        "streams",
        "directory",
        "ourselves",
    }


def test_a_key_that_others_can_read_is_a_problem(
    terminal: Terminal, folder: Path
) -> None:
    """With the command that mends it."""
    (folder / "k").chmod(0o640)

    shown = terminal.type("doctor", party="regulator")

    assert shown.code == 1
    assert f"chmod 600 {folder / 'k'}" in shown.out


def test_a_missing_file_is_named(terminal: Terminal, folder: Path) -> None:
    """Which one, and that the context names it."""
    (folder / "c").unlink()

    found = checks(terminal)

    assert found["files"]["result"] == "problem"
    assert str(folder / "c") in found["files"]["what"]


@pytest.mark.parametrize(
    ("uri", "age", "words"),
    [
        (URI, timedelta(days=40), "expired 10 d"),
        (URI, -timedelta(days=2), "valid from"),
        ("spiffe://gateway.example/example-police/desk", timedelta(0), "not to"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_exit_4(
    terminal: Terminal, folder: Path, uri: str, age: timedelta, words: str
) -> None:
    """Expired, too early, or of another party."""
    issue(terminal, uri, datetime.now(UTC) - age)
    (folder / "k").chmod(0o600)

    shown = terminal.type("doctor", party="regulator")

    assert shown.code == 4
    assert words in checks(terminal)["certificate"]["what"]


def test_a_certificate_that_will_expire_is_noted(
    terminal: Terminal, folder: Path
) -> None:
    """In time to get a new one; it is not a problem yet."""
    issue(terminal, URI, datetime.now(UTC) - timedelta(days=25))
    (folder / "k").chmod(0o600)

    shown = terminal.type("doctor", party="regulator")

    assert shown.code == 0
    assert checks(terminal)["certificate"]["result"] == "note"


def test_another_key_than_the_certificates_is_told(
    terminal: Terminal, folder: Path
) -> None:
    """Two files that do not belong together."""
    other = terminal.world.parties[REGULATOR].ca.issue_client(URI, datetime.now(UTC))
    (folder / "k").write_bytes(other.key)

    assert "not the key" in checks(terminal)["certificate"]["what"]


def test_a_gateway_that_is_not_there_is_exit_5(
    terminal: Terminal, folder: Path
) -> None:
    """Nobody listens: that is told, and what depends on it is skipped."""
    terminal.trouble = Unreachable("gateway")

    shown = terminal.type("doctor --json", party="regulator")

    found = {each["check"]: each for each in shown.json["checks"]}
    assert shown.code == 5
    assert "connection refused" in found["gateway"]["what"]
    assert found["directory"]["result"] == "skipped"


def test_a_gateway_that_lies_is_exit_3(terminal: Terminal, folder: Path) -> None:
    """A directory that does not verify is worse than one that is missing."""

    def spoil(statement: directory_service_pb2.LoggedStatement) -> None:
        statement.envelope = statement.envelope[:-1] + b"\0"

    terminal.world.faults.on_statement = spoil

    shown = terminal.type("doctor", party="regulator")

    assert shown.code == 3


def test_a_key_that_is_not_enrolled_is_exit_4(terminal: Terminal, folder: Path) -> None:
    """The signer's file has another key than the directory."""
    police = (folder / "example-police.officer-1.pem").read_bytes()
    (folder / f"{REGULATOR}.clerk-1.pem").write_bytes(police)

    shown = terminal.type("doctor", party="regulator")

    assert shown.code == 4
    assert "clerk-1" in checks(terminal)["ourselves"]["what"]


def test_a_message_that_waits_is_noted(terminal: Terminal, folder: Path) -> None:
    """With the command that sends it."""
    outbox = folder / "state" / REGULATOR / "outbox"
    outbox.mkdir(parents=True)
    (outbox / "x.draft").write_bytes(b"")

    found = checks(terminal)

    assert found["state"]["result"] == "note"
    assert "rogatory outbox send" in found["state"]["try"]


def test_a_state_folder_that_cannot_be_written_is_told(
    terminal: Terminal, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Receipts would be lost."""
    import os

    real: Callable[..., bool] = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not mode & os.W_OK and real(path, mode)
    )

    assert checks(terminal)["state"]["result"] == "problem"


def test_the_doctor_changes_no_mode(terminal: Terminal, folder: Path) -> None:
    """It looks and says; people act."""
    (folder / "k").chmod(0o640)
    terminal.type("doctor", party="regulator")

    assert stat.S_IMODE((folder / "k").stat().st_mode) == 0o640
