"""`rogatory witness` as processes of their own: signals, kills, commands."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from rogatory.tlog import (
    parse_size_body,
)
from rogatory.witness import (
    add_log,
    init_witness,
)
from tests.support.witness_server import Client, post, serving
from tests.support.witnessed import ORIGIN, WitnessedLog

LOG = WitnessedLog()
FORK = LOG.forked(3)
POST = b"POST /add-checkpoint HTTP/1.1\r\n"
LISTENING = "witness.example/w1 on http://127.0.0.1:"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a witness that watches one log."""
    folder = tmp_path / "witness"
    init_witness(folder, "witness.example/w1")
    add_log(folder, LOG.known)
    return folder


class Process:
    """`rogatory witness serve` as a process of its own."""

    def __init__(self, folder: Path, *, stall: str = "") -> None:
        code = "from rogatory.cli import main; main()"
        command = ["witness", "serve", str(folder), "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [sys.executable, "-c", stall + code, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert LISTENING in line, line
        self.port = int(line.rsplit(":", 1)[1])

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; return the exit code and what was said."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=20)
        return self.process.returncode, said


@pytest.mark.e2e
def test_serving_ends_well(folder: Path) -> None:
    """Ctrl-C and SIGTERM end it with 0, and say what was kept."""
    for number in (signal.SIGINT, signal.SIGTERM):
        witness = Process(folder)
        assert post(witness.port, b"")[0] == 400

        code, said = witness.end(number)

        assert code == 0, said
        assert "what was cosigned is on the disk" in said


STALL = """
import sys, time
from rogatory.witness import WitnessState
real = WitnessState.advance
def advance(self, *args):
    {before}
    found = real(self, *args)
    {after}
    return found
WitnessState.advance = advance
"""
HANG = "sys.stderr.write('HERE\\n'); sys.stderr.flush(); time.sleep(60)"


def ask_and_forget(port: int, body: bytes) -> Callable[[], None]:
    """Ask on a connection of its own, whose answer never comes."""
    connection = socket.create_connection(("127.0.0.1", port))
    head = f"POST /add-checkpoint HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection.close


@pytest.mark.e2e
@pytest.mark.parametrize(("at", "size"), [("before", 5), ("after", 8)])
def test_a_kill_around_the_commit_is_safe(folder: Path, at: str, size: int) -> None:
    """No signature went out, and the state is one of the two; a fork has no chance."""
    with serving(folder) as port:
        assert post(port, LOG.request(0, 5))[0] == 200
    places = {"before": "pass", "after": "pass", at: HANG}
    witness = Process(folder, stall=STALL.format(**places))
    close = ask_and_forget(witness.port, LOG.request(5, 8))
    assert witness.process.stderr is not None
    while "HERE" not in witness.process.stderr.readline():
        pass

    witness.process.kill()
    witness.process.communicate()
    close()

    with serving(folder) as port:
        status, body, _ = post(port, LOG.request(0, 9))
        assert (status, parse_size_body(body)) == (409, size)
        assert post(port, FORK.request(size, 9))[0] == 422
        assert post(port, LOG.request(size, 9))[0] == 200


@pytest.mark.e2e
def test_kills_at_any_moment_never_roll_back(folder: Path) -> None:
    """What was answered is there after the kill, whatever was under way."""
    answered = old = 0
    for _ in range(4):
        witness = Process(folder)
        client = Client(witness.port)
        old = _learn(client)
        assert old >= answered
        killer = threading.Timer(0.15, witness.process.kill)
        killer.start()
        with suppress(OSError, http.client.HTTPException):
            while client.post(LOG.request(old, old + 1))[0] == 200:
                old = answered = old + 1
        killer.join()
        client.connection.close()
        witness.process.communicate()

    state = sqlite3.connect(folder / "state.sqlite")
    ((integrity,),) = state.execute("PRAGMA integrity_check").fetchall()
    ((size,),) = state.execute("SELECT size FROM cosigned").fetchall()
    state.close()
    assert integrity == "ok"
    assert size >= answered > 0


def _learn(client: Client) -> int:
    """Ask the witness for its size, as the specification says."""
    status, body, _ = client.post(LOG.request(0, 0))
    return parse_size_body(body) if status == 409 else 0


@pytest.mark.e2e
def test_the_commands_make_and_show_a_witness(tmp_path: Path) -> None:
    """`init`, `add-log`, `show --json`, in processes of their own."""
    folder, vkeys = tmp_path / "w", tmp_path / "log.vkeys"
    vkeys.write_text("".join(f"{key.encode()}\n" for key in LOG.known.keys))

    def run(*words: str) -> str:
        command = [sys.executable, "-c", "from rogatory.cli import main; main()"]
        return subprocess.run(
            [*command, "witness", *words], check=True, capture_output=True, text=True
        ).stdout

    made = run("init", str(folder), "--name", "witness.example/w1")
    assert made == (folder / "witness.vkeys").read_text()
    run("add-log", str(folder), "--vkeys", str(vkeys))
    with serving(folder) as port:
        post(port, LOG.request(0, 5))

    shown = json.loads(run("show", str(folder), "--json"))

    assert shown["vkeys"] == made.split()
    (log,) = shown["logs"]
    assert (log["origin"], log["size"]) == (ORIGIN, 5)
