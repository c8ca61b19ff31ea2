"""The README's commands, typed as they stand there, on files that are not the demo's.

A gateway in a process of its own, a spreadsheet of 200 rows as a Korean office saves it
(BOM, semicolons, Korean text), an answer filled into the exported template, a file that
two people asked for, and an offline verification in the end.
"""

import csv
import hashlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rogatory_gateway.dev.workspace import free_ports

ROOT = Path(__file__).parents[2]
ROWS = 200
_START_S = 60.0
_COMMAND_S = 120.0

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def readme_commands(name: str) -> list[str]:
    """Return the commands of one marked block of the README."""
    mark = f"<!-- executed by tests/e2e/test_readme.py: {name} -->\n```console\n"
    block = (ROOT / "README.md").read_text().split(mark)[1].split("```")[0]
    commands = re.findall(r"^\$ (.+)$", block, flags=re.MULTILINE)
    assert commands, f"the README's block {name} has no commands"
    return commands


@dataclass
class Terminal:
    """A terminal in an empty folder that has a `.venv` like the reader's checkout."""

    folder: Path
    exchange: str = ""

    def type(self, command: str) -> str:
        """Type a command as the README has it; return what it prints."""
        exports = [c for c in readme_commands("removal") if c.startswith("export ")]
        line = command.replace("EXCHANGE", self.exchange)
        done = subprocess.run(
            ["bash", "-c", "\n".join(["set -e", *exports, line])],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )
        assert done.returncode == 0, f"$ {line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def note_exchange(self, party: str) -> None:
        """Read the newest exchange's id as a person would, from `exchange list`."""
        listed = self.type(f"rogatory --as {party} exchange list --json")
        self.exchange = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", listed)[0]


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Give a terminal beside a gateway that the README's own command started."""
    folder = tmp_path_factory.mktemp("checkout")
    (folder / ".venv").symlink_to(Path(sys.prefix))
    (command,) = readme_commands("serve")
    port = free_ports(1)[0]
    with (folder / "screen").open("wb") as screen:
        gateway = subprocess.Popen(
            ["bash", "-c", f"exec {command} --port {port}"],
            cwd=folder,
            stdout=screen,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    give_up = time.monotonic() + _START_S
    while b"Next, in another terminal" not in (folder / "screen").read_bytes():
        assert gateway.poll() is None, (folder / "screen").read_text()
        assert time.monotonic() < give_up, "the gateway did not start in time"
        time.sleep(0.05)
    yield Terminal(folder)
    gateway.send_signal(signal.SIGINT)
    assert gateway.wait(_START_S) == 0, "Ctrl-C ends it in good order"


def test_the_screen_ends_with_what_to_type_next(terminal: Terminal) -> None:
    """The last words are addresses, the key, a warning and the next command."""
    screen = (terminal.folder / "screen").read_text()

    assert "NOT FOR REAL REQUESTS" in screen
    assert re.search(r"localhost:\d+", screen)
    assert re.search(r"log key +gateway\.example/log\+[0-9a-f]{8}\+", screen)
    assert "rogatory --as regulator doctor" in screen


def test_a_table_of_200_korean_rows_goes_there_and_back(terminal: Terminal) -> None:
    """Request, reading, template, answer: by the README's commands only."""
    (terminal.folder / "items.csv").write_bytes(korean_table())
    terminal.exchange = ""
    printed = ""
    for command in readme_commands("removal"):
        if "EXCHANGE" in command and not terminal.exchange:
            terminal.note_exchange("messenger")
        if "respond removal" in command:
            fill_in(terminal.folder / "results.csv")
        printed = terminal.type(command)

    assert "removed" in printed
    listed = terminal.type(
        f"rogatory --as regulator exchange show {terminal.exchange} --json"
    )
    assert listed.count('"removed"') >= ROWS - 1


def test_a_file_for_two_signatures_arrives_whole(terminal: Terminal) -> None:
    """Draft, co-signature, answer with a file, receipt: by the README's commands."""
    content = hashlib.shake_256(b"synthetic").digest(3_000_001)
    (terminal.folder / "answer.bin").write_bytes(content)
    (terminal.folder / "targets.csv").write_text(
        "task_id,category,identifier_type,identifier\n"
        "t-1,subscriber,account_id,계정-0042\n"
    )
    terminal.exchange = ""
    for command in readme_commands("disclosure"):
        if "EXCHANGE" in command and not terminal.exchange:
            terminal.note_exchange("police")
        terminal.type(command)

    assert (terminal.folder / "evidence" / "answer.bin").read_bytes() == content


def test_the_auditor_needs_only_files(terminal: Terminal) -> None:
    """The mirrored log verifies, and a flipped bit in a copy ends with exit code 3."""
    mirror, verify = readme_commands("audit")
    terminal.type(mirror)
    assert "gateway.example/log" in terminal.type(verify)

    copy = terminal.folder / "my-log-altered"
    shutil.copytree(terminal.folder / "my-log", copy)
    entries = (copy / "tile" / "entries").rglob("*")
    bundle = next(path for path in entries if path.is_file())
    raw = bytearray(bundle.read_bytes())
    raw[100] ^= 1
    bundle.write_bytes(raw)
    with pytest.raises(AssertionError, match="VERIFICATION FAILED"):
        terminal.type(verify.replace("my-log", "my-log-altered"))


def korean_table() -> bytes:
    """Return a table as a Korean office saves it: BOM, semicolons, Korean text."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(
        [
            "item_id",
            "locator",
            "classification",
            "observed",
            "reason",
            "legal_provision",
        ]
    )
    for number in range(1, ROWS + 1):
        writer.writerow(
            [
                f"k-{number:04d}",
                f"https://messenger.example/채널/{number}",
                "ncii_synthetic",
                f"2026-01-{1 + number % 28:02d}T09:{number % 60:02d}:00+09:00",
                f"허위영상물 신고 {number}건; 피해자 요청",
                "정보통신망법 제44조의7",
            ]
        )
    return text.getvalue().encode("utf-8-sig")


def fill_in(template: Path) -> None:
    """Fill the exported template as a legal team would: an outcome and a time each."""
    rows = list(csv.DictReader(io.StringIO(template.read_text("utf-8-sig"))))
    assert len(rows) == ROWS
    acted = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    for row in rows:
        row["outcome"] = "removed"
        row["acted"] = acted
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    template.write_bytes(text.getvalue().encode("utf-8-sig"))
