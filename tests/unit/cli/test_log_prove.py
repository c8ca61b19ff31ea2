"""`log prove`: an entry and its proof, in two files that need no log."""

import shutil
from pathlib import Path

import pytest

from tests.support.story import Story
from tests.unit.cli.terminal import Terminal
from tests.unit.cli.test_help import probe
from tests.unit.cli.test_json import EXAMPLES, differences


@pytest.fixture
def log(terminal: Terminal, story: Story) -> Path:
    """Mirror a log of 304 entries into `copy`; its vkeys are in `log.vkeys`."""
    story.ask_removal(2)
    world = story.world
    for _ in range(300):
        world.log.append(world.log.entries[-1])
    terminal.ok("log mirror copy", party="auditor")
    shutil.copy(world.folder / "log.vkeys", "log.vkeys")
    return Path("copy")


@pytest.mark.parametrize("index", [0, 3, 255, 256, 303])
def test_what_is_proved_verifies_as_a_receipt(
    terminal: Terminal, log: Path, index: int
) -> None:
    """On both sides of the edge of tiles, and without the log."""
    shown = terminal.ok(f"log prove {log} {index} --vkeys log.vkeys")
    shutil.rmtree(log)

    verified = terminal.ok(
        f"receipt verify {index}.entry {index}.tlog-proof --vkeys log.vkeys"
    )

    assert shown.out == (
        f"proved entry {index} of gateway.example/log: "
        f"{index}.entry, {index}.tlog-proof\n"
    )
    assert "next: rogatory receipt verify" in shown.err
    assert verified.out.startswith(f"verified: entry {index} of gateway.example/log\n")


def test_the_files_can_have_another_name(terminal: Terminal, log: Path) -> None:
    """A name may have a dot; only the ends are ours."""
    terminal.ok(f"log prove {log} 3 --vkeys log.vkeys --output case-7.b")

    assert Path("case-7.b.entry").exists()
    assert Path("case-7.b.tlog-proof").exists()


@pytest.mark.parametrize("taken", ["3.entry", "3.tlog-proof"])
def test_nothing_is_written_over(terminal: Terminal, log: Path, taken: str) -> None:
    """Neither file is written if one of them is there, except with --force."""
    Path(taken).write_text("mine")
    line = f"log prove {log} 3 --vkeys log.vkeys"

    shown = terminal.type(line)

    assert shown.code == 1
    assert len([*Path().glob("3.*")]) == 1
    assert Path(taken).read_text() == "mine"
    terminal.ok(f"{line} --force")
    assert len([*Path().glob("3.*")]) == 2


def test_an_entry_that_is_not_there_is_told(terminal: Terminal, log: Path) -> None:
    """With the range that is; it is no failed verification."""
    shown = terminal.type(f"log prove {log} 304 --vkeys log.vkeys")

    assert shown.code == 1
    assert "0 to 303" in shown.err
    assert not [*Path().glob("304.*")]


@pytest.mark.parametrize(
    ("name", "place", "index"),
    [
        ("checkpoint", 30, 1),
        ("tile/entries/000", 300, 0),
        ("tile/entries/000", 0, 1),
        ("tile/0/000", 0, 1),
        ("tile/0/001.p/48", -1, 1),
    ],
)
def test_damage_is_exit_3_and_writes_no_proof(
    terminal: Terminal, log: Path, name: str, place: int, index: int
) -> None:
    """Whatever the proof is made from must hold; what was compared is kept."""
    raw = bytearray((log / name).read_bytes())
    raw[place] ^= 1
    (log / name).write_bytes(raw)

    shown = terminal.type(f"log prove {log} {index} --vkeys log.vkeys --evidence kept")

    assert shown.code == 3
    assert shown.out == ""
    assert shown.err.startswith("VERIFICATION FAILED: ")
    assert not [*Path().glob(f"{index}.*")]
    (kept,) = Path("kept").iterdir()
    assert (kept / "checkpoint").exists()


@pytest.mark.parametrize("name", ["checkpoint", "tile/entries/000", "tile/0/000"])
def test_a_missing_file_is_exit_3_and_named(
    terminal: Terminal, log: Path, name: str
) -> None:
    """A log that lost a part of itself proves nothing."""
    (log / name).unlink()

    shown = terminal.type(f"log prove {log} 1 --vkeys log.vkeys")

    assert shown.code == 3
    assert f"FAILED: {name}: " in shown.err


def test_keys_of_another_log_prove_nothing(
    terminal: Terminal, log: Path, tmp_path: Path
) -> None:
    """The checkpoint must be signed by those that are trusted."""
    other = Story(tmp_path / "other")
    vkeys = other.world.folder / "log.vkeys"
    other.close()

    assert terminal.type(f"log prove {log} 1 --vkeys {vkeys}").code == 3


def test_the_document_is_as_documented(terminal: Terminal, log: Path) -> None:
    """docs/cli-json.md."""
    shown = terminal.ok(f"log prove {log} 3 --vkeys log.vkeys --json")

    assert differences(shown.json, EXAMPLES["log prove"]) == []
    assert shown.json["kind"] == "message"
    assert shown.err == ""


def test_proving_loads_no_grpc(log: Path) -> None:
    """An auditor's machine needs no network stack of ours."""
    said = probe(["log", "prove", str(log), "3", "--vkeys", "log.vkeys"])

    assert "proved entry 3" in said
    assert "HEAVY [] CODE 0" in said
