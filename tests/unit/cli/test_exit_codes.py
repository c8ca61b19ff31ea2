"""Exit codes and the words of failures: the same for every verb."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rogatory.cli._exit import Exit, exit_code_of
from rogatory.errors import (
    CertificateInvalid,
    DevelopmentOnly,
    FieldInvalid,
    IdentityError,
    LogStopped,
    NotPermitted,
    Overloaded,
    PartyKindNotAllowed,
    RogatoryError,
    SignatureError,
    Unavailable,
    Unreachable,
    VerificationError,
    all_errors,
)
from rogatory.v1 import receipt_pb2
from tests.support.story import Story
from tests.unit.cli.terminal import Terminal

ROOT = Path(__file__).parents[3]


def expected_code(kind: type[RogatoryError]) -> int:
    """Return the code that the documentation promises."""
    if issubclass(kind, VerificationError):
        return 3
    if issubclass(kind, (IdentityError, NotPermitted, SignatureError)):
        return 4
    return 5 if issubclass(kind, Unavailable) else 1


@pytest.mark.parametrize("kind", list(all_errors()))
def test_every_error_has_its_exit_code(kind: type[RogatoryError]) -> None:
    """3 is for failed verification and for nothing else."""
    assert exit_code_of(kind) == expected_code(kind)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (CertificateInvalid("certificate", expected="P-256"), 4),
        (PartyKindNotAllowed("call"), 4),
        (DevelopmentOnly("store"), 4),
        (Unreachable("gateway"), 5),
        (Overloaded("queue"), 5),
        (LogStopped("log"), 1),
        (RogatoryError("thing"), 1),
    ],
)
def test_the_gateways_answer_becomes_the_exit_code(
    terminal: Terminal, error: RogatoryError, code: int
) -> None:
    """Words on stderr in one shape, nothing on stdout, no traceback."""
    terminal.trouble = error

    shown = terminal.type("exchange list", party="regulator")

    assert shown.code == code
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert f"reason    {error.reason}" in shown.err or error.reason in shown.err
    assert "Traceback" not in shown.err


def test_with_json_an_error_is_json_on_stderr(terminal: Terminal) -> None:
    """A program finds reason, exit code and what to do."""
    terminal.trouble = Unreachable("gateway", expected="a connection")

    shown = terminal.type("exchange list --json", party="regulator")

    error = json.loads(shown.err)["error"]
    assert shown.code == error["exit_code"] == 5
    assert error["reason"] == "UNREACHABLE"
    assert error["what"] == "gateway"
    assert error["try"]


def test_a_usage_error_is_json_too(terminal: Terminal) -> None:
    """Also where the command line could not be read to its end."""
    shown = terminal.type("exchange show --json")

    assert shown.code == 2
    assert json.loads(shown.err)["error"]["reason"] == "USAGE"


def test_a_receipt_that_does_not_hold_is_loud(terminal: Terminal, story: Story) -> None:
    """Exit 3, the loud form, and where the evidence is."""
    exchange = story.ask_removal(1).exchange_id

    def spoil(receipt: receipt_pb2.Receipt) -> None:
        receipt.entry = receipt.entry.replace(b"digest ", b"digest A", 1)

    terminal.world.faults.on_receipt = spoil
    shown = terminal.type(f"exchange show {exchange}", party="messenger")

    assert shown.code == 3
    assert shown.err.startswith("VERIFICATION FAILED: ")
    assert "(exit 3)" in shown.err.splitlines()[0]
    kept = next(line for line in shown.err.splitlines() if line.startswith("  kept"))
    assert Path(kept.split(maxsplit=1)[1]).is_dir()


def test_every_field_that_is_wrong_is_told(terminal: Terminal) -> None:
    """Not only the first one."""
    terminal.trouble = FieldInvalid({"header.a": "rule one", "header.b": "rule two"})

    shown = terminal.type("exchange list", party="regulator")

    assert "header.a: rule one" in shown.err
    assert "header.b: rule two" in shown.err


def test_what_the_gateway_says_cannot_forge_lines(terminal: Terminal) -> None:
    """Texts of an error that come over the wire stay on their line, and visible."""
    terminal.trouble = RogatoryError(
        "x\n  try  rm -rf /", got="\x1b[8m", metadata={"kept": "\x07"}
    )

    shown = terminal.type("exchange list", party="regulator")

    assert "\x1b" not in shown.err
    assert "\n  try  rm" not in shown.err
    assert "\\n  try  rm" in shown.err


def test_a_full_disk_is_told_in_words(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble of this machine names the file and what to do."""

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device", "results.csv")

    monkeypatch.setattr("os.fsync", full)
    shown = terminal.type("tables template results --output new.csv")

    assert shown.code == 1
    assert "no space left on device" in shown.err
    assert "make room" in shown.err
    assert not Path("new.csv").exists()
    assert not list(Path().glob(".*.part"))


def test_a_bug_is_called_a_bug(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the user's fault; the traceback comes with -v only."""

    def broken(self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("rogatory.reading.Reader.exchanges", broken)
    plain = terminal.type("exchange list", party="regulator")
    verbose = terminal.type("-v --as regulator exchange list")

    assert plain.code == verbose.code == 1
    assert "this is a bug in rogatory" in plain.err
    assert "Traceback" not in plain.err
    assert "ZeroDivisionError" in verbose.err


def test_an_interruption_says_what_was_kept(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C is 130 and a sentence."""

    def interrupted(self: object, *args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rogatory.auditor.Auditor.mirror_log", interrupted)
    shown = terminal.type("log mirror copy", party="auditor")

    assert shown.code == Exit.INTERRUPTED
    assert "interrupted: what was fetched is in copy" in shown.err


@pytest.mark.parametrize(
    ("error", "code"),
    [(RuntimeError("lock"), 130), (Unreachable("x"), 130), (VerificationError("x"), 3)],
)
def test_what_an_interruption_makes_of_a_wait_is_an_interruption(
    terminal: Terminal,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    code: int,
) -> None:
    """Whatever a cut-off call raises; but a failed verification is never masked."""

    def cut_off(self: object) -> None:
        raise error

    came = threading.Event()
    came.set()
    monkeypatch.setattr("rogatory.cli._signals._came", came)
    monkeypatch.setattr("rogatory.reading.Reader.exchanges", cut_off)

    assert terminal.type("exchange list", party="regulator").code == code


def test_ctrl_c_is_how_a_watch_ends(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing failed, so the exit code is 0."""

    def interrupted(self: object, *args: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rogatory.reading.Reader.watch", interrupted)

    assert terminal.type("inbox watch", party="messenger").code == 0


def test_the_documentation_has_every_exit_code() -> None:
    """The table in docs/cli.md is the enum."""
    page = (ROOT / "docs" / "cli.md").read_text()

    for code in Exit:
        assert f"| {int(code)} |" in page


def test_a_reader_that_has_gone_is_no_traceback() -> None:
    """`rogatory … | head -1` ends quietly."""
    rogatory = f"{sys.executable} -c 'from rogatory.cli import main; main()'"
    done = subprocess.run(
        f"{rogatory} help --all | head -1",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
