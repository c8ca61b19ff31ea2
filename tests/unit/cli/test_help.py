"""Help begins with an example, names what may be meant, and loads nothing heavy."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from rogatory.cli._click import Command
from tests.unit.cli import cli_page
from tests.unit.cli.terminal import Terminal

VERBS = [path.removeprefix("rogatory ") for path, _, _ in cli_page.verbs()]
NOUNS = sorted({verb.split()[0] for verb in VERBS if " " in verb})
PROBE = """
import sys
from rogatory.cli._main import rogatory
try:
    rogatory(sys.argv[1:], prog_name="rogatory")
except SystemExit as end:
    code = end.code
heavy = {"grpc", "structlog", "sqlalchemy", "pyrage"} & set(sys.modules)
print("HEAVY", sorted(heavy), "CODE", code)
"""


@pytest.mark.parametrize("name", ["", *NOUNS, *VERBS])
def test_help_begins_with_an_example(terminal: Terminal, name: str) -> None:
    """People read the example and stop."""
    shown = terminal.ok(f"{name} --help")

    assert shown.out.startswith("Example:\n  rogatory")
    assert "Usage: rogatory" in shown.out


@pytest.mark.parametrize(("path", "command", "here"), list(cli_page.verbs()))
def test_examples_name_options_that_exist(
    path: str, command: click.Command, here: click.Context
) -> None:
    """An example that cannot be typed is worse than none."""
    assert isinstance(command, Command)
    for line in command.example.replace("\\\n", " ").splitlines():
        words = line.split()
        if (
            words[:1] == ["rogatory"]
            and path.split()[1:]
            == [word for word in words[1:] if word not in ("--as", "x")][
                1 : len(path.split())
            ]
        ):
            given = {word for word in words if word.startswith("--")} - {"--as"}
            known = {opt for param in command.params for opt in param.opts}
            assert given <= known, line


def test_the_first_help_is_short_and_names_the_rest(terminal: Terminal) -> None:
    """Six common nouns; the others are a command away."""
    shown = terminal.ok("--help").out

    listed = shown.split("Commands:\n")[1].split("\n\n")[0].splitlines()
    assert len(listed) == 6
    assert shown.endswith("all commands: rogatory help --all\n")


def test_all_commands_are_listed(terminal: Terminal) -> None:
    """`help --all` has every verb with a line of help."""
    lines = terminal.ok("help --all").out.splitlines()

    assert len(lines) == len(VERBS)
    assert all(line.split("  ", 1)[1].strip() for line in lines)


def test_help_of_a_command_is_its_help(terminal: Terminal) -> None:
    """`help request removal` is `request removal --help`."""
    by_noun = terminal.ok("help request removal").out
    by_option = terminal.ok("request removal --help").out

    assert by_noun == by_option


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("reqest removal", "'request'"),
        ("request remove", "'removal'"),
        ("verify", "rogatory log verify or rogatory receipt verify"),
        ("request removal --itmes x", "--items"),
        ("exchange list --as regulator", "right behind rogatory"),
    ],
)
def test_a_slip_is_answered_with_what_may_be_meant(
    terminal: Terminal, line: str, hint: str
) -> None:
    """Unknown commands and options are exit 2 with a suggestion."""
    shown = terminal.type(line)

    assert shown.code == 2
    assert hint in shown.err


def test_the_page_has_every_verb_as_it_is() -> None:
    """docs/cli.md is written from the commands: run the module if this fails."""
    assert f"{cli_page.BEGIN}\n{cli_page.page()}\n{cli_page.END}" in (
        cli_page.PAGE.read_text(encoding="utf-8")
    )


def test_the_version_is_data(terminal: Terminal) -> None:
    """`--version` prints one line on stdout."""
    shown = terminal.ok("--version")

    assert shown.out.startswith("rogatory 0")


@pytest.mark.parametrize(
    "line", ["--help", "help --all", "log --help", "tables template items"]
)
def test_help_loads_nothing_heavy(line: str) -> None:
    """`rogatory --help` answers at once: no grpc, no store, no age."""
    assert "HEAVY [] CODE 0" in probe(line.split())


def test_verifying_a_log_loads_no_grpc(terminal: Terminal) -> None:
    """An auditor verifies on a machine that has no network stack of ours."""
    vkeys = terminal.world.folder / "log.vkeys"
    terminal.ok("log mirror copy", party="auditor")

    said = probe(["log", "verify", str(Path("copy").absolute()), "--vkeys", str(vkeys)])

    assert "verified: every byte" in said
    assert "HEAVY [] CODE 0" in said


def probe(words: list[str]) -> str:
    """Run a command in a process of its own; return what it says and has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr
