"""The stage of the demo: processes, typed commands, a clock that is moved."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rogatory_gateway.clocks.clock import read_offset

_START_S = 30.0
_COMMAND_S = 120.0
_INDENT = "    "
_SHOWN_LINES = 12


class DemoFailed(Exception):
    """A step of the story did not go as it must."""


class Stage:
    """A folder with a gateway and its parties, and who acts on it."""

    def __init__(self, folder: Path) -> None:
        """Act in a workspace folder."""
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir(exist_ok=True)
        self._gateway: subprocess.Popen[bytes] | None = None
        self._watch: subprocess.Popen[bytes] | None = None
        scripts = Path(sys.executable).parent
        self._rogatory = str(scripts / "rogatory")
        self._environment = {
            **os.environ,
            "ROGATORY_CONTEXTS": str(folder / "contexts"),
            "PYTHONUNBUFFERED": "1",
        }

    # --- processes -----------------------------------------------------------------

    def start_gateway(self) -> None:
        """Start the gateway as a process of its own and wait until it serves."""
        command = [
            sys.executable,
            "-m",
            "rogatory_gateway",
            "serve",
            "--dev",
            "--folder",
            str(self.folder),
        ]
        screen = self.logs / "gateway.screen"
        with screen.open("ab") as out, (self.logs / "gateway.log").open("ab") as err:
            self._gateway = subprocess.Popen(command, stdout=out, stderr=err)
        give_up = time.monotonic() + _START_S
        while b"Next, in another terminal" not in screen.read_bytes():
            if self._gateway.poll() is not None or time.monotonic() > give_up:
                tail = (self.logs / "gateway.log").read_text()[-2000:]
                raise DemoFailed(f"the gateway did not start:\n{tail}")
            time.sleep(0.05)

    def stop_gateway(self) -> None:
        """Stop the gateway and wait until it is gone."""
        if self._gateway is not None:
            self._gateway.terminate()
            self._gateway.wait(_START_S)
            self._gateway = None

    def start_watch(self, party: str) -> None:
        """Let a party watch its inbox in a process of its own."""
        with (self.logs / f"{party}.watch").open("wb") as out:
            self._watch = subprocess.Popen(
                [self._rogatory, "--as", party, "inbox", "watch"],
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def watched(self, party: str, count: int) -> list[str]:
        """Return what the watching process printed, once it has `count` lines."""
        give_up = time.monotonic() + _START_S
        while True:
            lines = (self.logs / f"{party}.watch").read_text().splitlines()
            if len(lines) >= count:
                return lines
            if time.monotonic() > give_up:
                raise DemoFailed(f"{party} saw {len(lines)} messages, not {count}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop every process that still runs."""
        if self._watch is not None:
            self._watch.terminate()
            self._watch.wait(_START_S)
            self._watch = None
        self.stop_gateway()

    # --- commands ------------------------------------------------------------------

    def run(
        self,
        *arguments: str,
        party: str = "",
        exit_code: int = 0,
        show: int = _SHOWN_LINES,
        quiet: bool = False,
    ) -> str:
        """Run one command as a person would; show it and what it says.

        Args:
            arguments: What follows `rogatory`.
            party: Whose context it uses.
            exit_code: The exit code that the story calls for.
            show: How many lines of its output are shown.
            quiet: Show nothing unless it fails.

        Returns:
            Its standard output.

        Raises:
            DemoFailed: It ended with another exit code.
        """
        given = [*(["--as", party] if party else []), *arguments]
        done = self._call(given)
        talk = (done.stdout + done.stderr).rstrip()
        if not quiet:
            self._show(given, talk.splitlines(), show)
        if done.returncode != exit_code:
            raise DemoFailed(
                f"expected exit code {exit_code}, got {done.returncode}:\n{talk}"
            )
        if exit_code:
            say(f"{_INDENT}(exit {exit_code}, as it must be)")
        return done.stdout

    def _show(self, given: Sequence[str], lines: list[str], most: int) -> None:
        say(f"$ rogatory {' '.join(self._short(part) for part in given)}")
        for line in lines[:most]:
            say(f"{_INDENT}{line}")
        if len(lines) > most:
            say(f"{_INDENT}… {len(lines) - most} more lines")

    def decrypt(self, age: str, identity: Path, source: Path) -> bytes:
        """Decrypt a file with the standard age tool."""
        done = subprocess.run(
            [age, "--decrypt", "--identity", str(identity), str(source)],
            capture_output=True,
            timeout=_COMMAND_S,
            check=False,
        )
        if done.returncode:
            raise DemoFailed(done.stderr.decode(errors="replace"))
        return done.stdout

    def ask(self, *arguments: str, party: str) -> dict[str, Any]:
        """Run a reading command with --json, unshown, and return what it says."""
        done = self._call(["--as", party, *arguments, "--json"])
        if done.returncode:
            raise DemoFailed(done.stderr)
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def _call(self, given: Sequence[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._rogatory, *given],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_COMMAND_S,
            check=False,
        )

    def _short(self, part: str) -> str:
        shown = part.replace(f"{self.folder}{os.sep}", f"{self.folder.name}{os.sep}")
        return f"'{shown}'" if " " in shown or not shown else shown

    def tool(self, name: str) -> str | None:
        """Return the path of a program of this machine, if it is installed."""
        return shutil.which(name)

    # --- files and time ------------------------------------------------------------

    def write(self, name: str, content: bytes) -> str:
        """Write a file of the story and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    def now(self) -> datetime:
        """Return the story's time."""
        offset = read_offset(self.folder / "clock-offset")
        return datetime.now(UTC) + timedelta(seconds=offset)

    def let_pass(self, delta: timedelta) -> None:
        """Move every process' clock ahead; nobody sleeps."""
        path = self.folder / "clock-offset"
        offset = read_offset(path) + int(delta.total_seconds())
        building = path.with_suffix(".new")
        building.write_text(f"{offset}\n", encoding="ascii")
        building.replace(path)
        say(f"… {_words(delta)} pass (the clocks are moved; nobody sleeps)")


def say(text: str = "") -> None:
    """Print a line of the story."""
    print(text, flush=True)


def _words(delta: timedelta) -> str:
    hours, rest = divmod(int(delta.total_seconds()), 3600)
    minutes = rest // 60
    parts = [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes else []
    return " ".join(parts)
