"""Build a virtual environment from its hashed lock, once.

What it guarantees:

* Only files whose SHA-256 is in ``requirements/NAME.lock`` are installed, and only
  wheels, so that no build script of a stranger and no compiler runs.
* A stamp, written last, names everything the environment was made from. While it
  matches, nothing is done and no network is touched. While it does not (another
  lock, another Python, a moved folder, an interrupted run), the environment is
  made anew.
* Nothing is written outside the project's folder.

Standard library only: this runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
# Raise this when the steps below change what they produce.
LAYOUT = 1
SET_UP_STOPPED = (
    "set-up stopped, see above (the first one needs a network);"
    " run the same command again and it starts afresh"
)
# pip settings of the reader's that would install somewhere else, or something else.
FOREIGN_PIP_SETTINGS = (
    "PIP_PREFIX",
    "PIP_TARGET",
    "PIP_ROOT",
    "PIP_USER",
    "PIP_CONSTRAINT",
    "PIP_REQUIREMENT",
    "PIP_NO_BINARY",
    "PIP_NO_DEPS",
    "PIP_REQUIRE_VIRTUALENV",
    "PIP_PYTHON",
    "PIP_DRY_RUN",
    "PIP_REPORT",
    "PIP_LOG",
    "PIP_VERBOSE",
    "PIP_QUIET",
)


class SetupError(Exception):
    """A step failed; the message holds what its program printed."""


def main(name: str) -> int:
    """Make the environment called ``name``, unless it is already up to date."""
    CACHE.mkdir(exist_ok=True)
    with _one_at_a_time():
        environment = Environment(name)
        try:
            environment.bring_up_to_date()
        except SetupError as error:
            print(f"{error}\nrogatory: {SET_UP_STOPPED}", file=sys.stderr)
            return 1
    return 0


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Hold the set-up lock, so that two ``make`` never build the same folder.

    The kernel drops it when the process ends, however it ends.
    """
    with (CACHE / "setup.lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Environment:
    """One virtual environment, its lock and its two stamps.

    The ``lock`` stamp covers the installed files; the ``project`` stamp covers our
    own editable install, so that a changed entry point does not cost a rebuild.
    """

    def __init__(self, name: str) -> None:
        """Name the files; touch nothing."""
        self.name = name
        self.path = ROOT / (".venv" if name == "dev" else f".venv-{name}")
        self.lock = ROOT / "requirements" / f"{name}.lock"
        self.python = self.path / "bin" / "python"

    def bring_up_to_date(self) -> None:
        """Redo what the stamps say is missing or out of date, and stamp it.

        Raises:
            SetupError: a step failed; without its stamp the next run redoes it.
        """
        if not self.lock.is_file():
            raise SetupError(f"{self.lock.relative_to(ROOT)} is missing")
        wanted = self._lock_stamp()
        if not self._holds("lock", wanted):
            self._rebuild()
            self._stamp("lock", wanted)
        if self.name != "dev":
            return
        wanted = _project_stamp()
        if not self._holds("project", wanted):
            self._install_project()
            self._stamp("project", wanted)

    def _lock_stamp(self) -> str:
        return _digest(
            {
                "layout": LAYOUT,
                "lock": hashlib.sha256(self.lock.read_bytes()).hexdigest(),
                "python": [sys.version, os.path.realpath(sys.base_prefix)],
                "machine": [platform.system(), platform.machine()],
                # Scripts name their interpreter by its full path.
                "folder": str(self.path),
            }
        )

    def _holds(self, stamp: str, wanted: str) -> bool:
        # A removed base Python leaves a dangling link: then the stamp says nothing.
        if not os.access(self.python, os.X_OK):
            return False
        try:
            return (self.path / f".{stamp}-stamp").read_text("ascii") == wanted
        except FileNotFoundError:
            return False

    def _stamp(self, stamp: str, value: str) -> None:
        # Renamed into place: a crash leaves no stamp, never half of one.
        draft = self.path / f".{stamp}-stamp.new"
        draft.write_text(value, "ascii")
        draft.replace(self.path / f".{stamp}-stamp")

    def _rebuild(self) -> None:
        shown = self.path.relative_to(ROOT)
        version = platform.python_version()
        with _phase(f"making {shown} with Python {version}"):
            # The stamp goes first: a kill half-way through the removal must not
            # leave a folder with holes and a stamp that vouches for it.
            (self.path / ".lock-stamp").unlink(missing_ok=True)
            if self.path.exists():
                shutil.rmtree(self.path)
            # Started inside an old environment, sys.executable may just be gone.
            base = getattr(sys, "_base_executable", sys.executable)
            _run([base, "-I", "-m", "venv", str(self.path)])
        count = sum("==" in line for line in self.lock.read_text("utf-8").splitlines())
        with _phase(f"installing up to {count} packages, each checked by its hash"):
            self._pip(
                "install",
                "--require-hashes",
                "--only-binary=:all:",
                "--requirement",
                str(self.lock.relative_to(ROOT)),
                # They declare a newer Python than they need; their tests tell.
                *(["--ignore-requires-python"] if self.name == "strangers" else []),
            )

    def _install_project(self) -> None:
        with _phase("installing rogatory itself, editable"):
            # The backend comes from the lock: an isolated build would fetch one
            # whose hash nobody checked.
            self._pip(
                "install",
                "--no-index",
                "--no-deps",
                "--no-build-isolation",
                "--editable",
                ".",
            )

    def _pip(self, *arguments: str) -> None:
        scratch = CACHE / "tmp"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        environment = {
            key: value
            for key, value in os.environ.items()
            if key not in FOREIGN_PIP_SETTINGS
        }
        environment |= {
            "PIP_CACHE_DIR": str(CACHE / "pip"),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "TMPDIR": str(scratch),
        }
        command = [str(self.python), "-I", "-m", "pip", *arguments]
        try:
            _run(command, environment)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _project_stamp() -> str:
    """Digest only the tables that an install reads: lint settings do not count."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return _digest(
        {
            "layout": LAYOUT,
            "build-system": settings["build-system"],
            "project": settings["project"],
            "hatch": settings["tool"]["hatch"],
        }
    )


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@contextlib.contextmanager
def _phase(what: str) -> Iterator[None]:
    """Say on one line of stderr what is being done, and then how long it took."""
    started = time.monotonic()
    print(f"rogatory: {what} ...", end="", file=sys.stderr, flush=True)
    try:
        yield
    except BaseException:
        print(" failed", file=sys.stderr, flush=True)
        raise
    seconds = time.monotonic() - started
    print(f" {seconds:.0f} s", file=sys.stderr, flush=True)


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a program silently.

    Raises:
        SetupError: it failed; its whole output, then its exit code, are the message.
    """
    result = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        last = f"exit {result.returncode} from: {' '.join(command)}"
        raise SetupError(f"{result.stdout.rstrip()}\n{last}")


if __name__ == "__main__":
    try:
        code = main(sys.argv[1])
    except KeyboardInterrupt:
        print("rogatory: set-up interrupted; the next run repairs it", file=sys.stderr)
        code = 130
    sys.exit(code)
