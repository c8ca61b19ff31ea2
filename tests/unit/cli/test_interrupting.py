"""Ctrl-C and SIGTERM, sent to real processes that wait for a gateway."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rogatory_gateway.dev.parties import MESSENGER
from tests.support.story import Story

MAIN = "from rogatory.cli import main; main()"
_WAIT_S = 60.0
_SOON_S = 3.0
"""A second, on a machine that is busy with other tests; a deadline would be 10 s."""


@pytest.fixture
def silent_gateway(story: Story) -> Iterator[tuple[Path, socket.socket]]:
    """Give the context of a gateway that takes connections and says nothing."""
    world, folder = story.world, story.world.folder
    party = world.parties[MESSENGER]
    issued = party.ca.issue_client(f"spiffe://g/{MESSENGER}/desk", datetime.now(UTC))
    (folder / "ca.pem").write_bytes(party.ca.pem)
    (folder / "c").write_bytes(issued.certificate)
    (folder / "k").write_bytes(issued.key)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        context = folder / f"{MESSENGER}.toml"
        text = context.read_text()
        for old in ("localhost:1", "localhost:2"):
            text = text.replace(f'"{old}"', f'"127.0.0.1:{port}"')
        context.write_text(text)
        listening.settimeout(_WAIT_S)
        yield context, listening


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize(
    ("verb", "code", "words"),
    [
        ("inbox watch", 0, ""),
        ("exchange list", 130, "interrupted: nothing was sent"),
    ],
)
def test_a_command_that_waits_ends_within_a_second(
    silent_gateway: tuple[Path, socket.socket],
    number: signal.Signals,
    verb: str,
    code: int,
    words: str,
) -> None:
    """Clean, with what was kept, and without a traceback."""
    context, listening = silent_gateway
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, "--as", str(context), *verb.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    connection, _ = listening.accept()

    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=_WAIT_S)
    took = time.monotonic() - began
    connection.close()

    assert process.returncode == code, err
    assert took < _SOON_S
    assert out == ""
    assert words in err
    assert "Traceback" not in err
