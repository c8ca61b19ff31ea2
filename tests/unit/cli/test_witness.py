"""`rogatory witness`: setting up, showing, and what is refused."""

from pathlib import Path

import pytest

from rogatory.witness import load_witness
from tests.support.witnessed import ORIGIN, WitnessedLog
from tests.unit.cli.terminal import Terminal
from tests.unit.cli.test_json import EXAMPLES, differences

LOG = WitnessedLog()


@pytest.fixture
def watching(terminal: Terminal) -> Terminal:
    """Give a terminal beside a witness that has cosigned and refused."""
    keys = "".join(f"{key.encode()}\n" for key in LOG.known.keys)
    Path("log.keys").write_text(keys)
    terminal.ok("witness init w --name witness.example/w1")
    terminal.ok("witness add-log w --vkeys log.keys")
    witness = load_witness(Path("w"))
    witness.add_checkpoint(LOG.request(0, 5))
    witness.add_checkpoint(LOG.forked(3).request(5, 5))
    witness.state.close()
    return terminal


def test_a_witness_prints_its_vkeys_and_says_what_is_next(terminal: Terminal) -> None:
    """The lines on stdout are the file that others need."""
    shown = terminal.ok("witness init w --name witness.example/w1")

    assert shown.out == Path("w/witness.vkeys").read_text()
    assert "rogatory witness add-log w --vkeys FILE" in shown.err


def test_what_is_shown_is_what_the_page_says(watching: Terminal) -> None:
    """Fields and types are those of the example."""
    shown = watching.ok("witness show w --json").json

    assert differences(shown, EXAMPLES["witness show"]) == []
    assert [each["kind"] for each in shown["evidence"]] == ["fork"]


def test_people_see_logs_and_evidence(watching: Terminal) -> None:
    """The size, the rule of the keys, the fork."""
    shown = watching.ok("witness show w").out

    assert f"log       {ORIGIN}" in shown
    assert "one must sign" in shown
    assert "size 5 at" in shown
    assert "evidence  000001 fork" in shown


def test_a_log_without_a_checkpoint_is_shown(watching: Terminal) -> None:
    """And the stricter rule of its keys."""
    line = "witness add-log w --vkeys log.keys --origin other.example --require-all"
    assert watching.ok(line).out == "watching other.example with 2 keys\n"

    shown = watching.ok("witness show w").out

    assert "nothing yet" in shown
    assert "all must sign" in shown


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("witness init w --name witness.example/w2", 1, "STORE_EXISTS"),
        ("witness init v --name 'a b'", 1, "MALFORMED"),
        ("witness show nowhere", 1, "CONFIG_INVALID"),
        ("witness add-log w --vkeys items.csv", 1, "one vkey a line"),
        ("witness add-log w --vkeys w/witness.vkeys", 1, "keys of the log"),
        ("witness add-log w --vkeys both", 2, "--origin"),
        ("witness serve w --listen 8480", 2, "HOST:PORT"),
        ("witness serve w --listen localhost:99999", 2, "HOST:PORT"),
        ("witness serve nowhere", 1, "CONFIG_INVALID"),
    ],
)
def test_what_cannot_be_done_is_said(
    watching: Terminal, line: str, code: int, words: str
) -> None:
    """With the reason, and nothing changed."""
    own = Path("w/witness.vkeys").read_text()
    Path("both").write_text(own + Path("log.keys").read_text())

    shown = watching.type(line)

    assert shown.code == code, shown.err
    assert words in shown.err
