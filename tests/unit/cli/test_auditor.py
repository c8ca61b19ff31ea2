"""The auditor: a copy of the log, and files that prove themselves."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rogatory.cli._app import App
from tests.support.story import Story
from tests.unit.cli.terminal import Terminal


@pytest.fixture
def log(terminal: Terminal, story: Story) -> Path:
    """Mirror a log of 6 entries into `copy`; its vkeys are in `log.vkeys`."""
    story.ask_removal(2)
    story.ask_removal(1)
    story.ask_disclosure(1)
    terminal.ok("log mirror copy", party="auditor")
    shutil.copy(terminal.world.folder / "log.vkeys", "log.vkeys")
    return Path("copy")


def test_a_verified_log_is_described(terminal: Terminal, log: Path) -> None:
    """Origin, size, root, both signatures, entries by kind, first and last time."""
    shown = terminal.ok(f"log verify {log} --vkeys log.vkeys")

    assert shown.out.startswith("verified: every byte of copy\n")
    assert "origin     gateway.example/log" in shown.out
    assert "size       6 entries" in shown.out
    assert "Ed25519 " in shown.out
    assert "ML-DSA-44 " in shown.out
    assert "1 start, 1 directory, 1 profiles, 3 message" in shown.out
    assert "first      2026-11-23 10:00 UTC" in shown.out


def flip_entry(log: Path) -> None:
    """Alter a byte of an entry."""
    bundle = next(p for p in (log / "tile" / "entries").rglob("*") if p.is_file())
    raw = bytearray(bundle.read_bytes())
    raw[300] ^= 1
    bundle.write_bytes(raw)


def flip_tile(log: Path) -> None:
    """Alter a hash."""
    tile = next(p for p in (log / "tile" / "0").rglob("*") if p.is_file())
    raw = bytearray(tile.read_bytes())
    raw[-1] ^= 1
    tile.write_bytes(raw)


def alter_size(log: Path) -> None:
    """Alter the signed size."""
    path = log / "checkpoint"
    path.write_bytes(path.read_bytes().replace(b"\n6\n", b"\n5\n"))


def lose_checkpoint(log: Path) -> None:
    """Remove the checkpoint."""
    (log / "checkpoint").unlink()


@pytest.mark.parametrize("damage", [flip_entry, flip_tile, alter_size, lose_checkpoint])
def test_every_damage_is_exit_3_with_evidence(
    terminal: Terminal, log: Path, damage: Callable[[Path], None]
) -> None:
    """Loud on stderr, nothing on stdout, and what was compared is copied."""
    damage(log)

    shown = terminal.type(f"log verify {log} --vkeys log.vkeys --evidence kept-here")

    assert shown.code == 3
    assert shown.out == ""
    assert shown.err.startswith("VERIFICATION FAILED: ")
    (kept,) = Path("kept-here").iterdir()
    assert f"kept      {kept}" in shown.err
    assert (kept / "report.txt").exists()


def test_other_keys_than_the_logs_are_exit_3(
    terminal: Terminal, log: Path, tmp_path: Path
) -> None:
    """A log that somebody else signed is not this log."""
    other = Story(tmp_path / "other")
    vkeys = other.world.folder / "log.vkeys"
    other.close()

    assert terminal.type(f"log verify {log} --vkeys {vkeys}").code == 3


@pytest.mark.parametrize("content", ["", "no vkey at all\n"])
def test_keys_that_cannot_be_read_are_no_failed_verification(
    terminal: Terminal, log: Path, content: str
) -> None:
    """Exit 3 says that evidence does not hold, and nothing else."""
    Path("log.vkeys").write_text(content)

    assert terminal.type(f"log verify {log} --vkeys log.vkeys").code == 1


def test_a_missing_folder_is_usage(terminal: Terminal) -> None:
    """A slip of the keyboard is not an alarm."""
    Path("v").write_text("")

    assert terminal.type("log verify nowhere --vkeys v").code == 2


def test_entries_are_decoded(terminal: Terminal, log: Path) -> None:
    """All of them one a line; one in full; and that this proves nothing."""
    listed = terminal.ok(f"log show {log}")
    one = terminal.ok(f"log show {log} 3")

    assert len(listed.out.splitlines()) == 6
    assert listed.out.splitlines()[0].split()[:3] == [
        "0",
        "2026-11-23T10:00:00Z",
        "start",
    ]
    assert "kind       message" in one.out
    assert one.out.count("(commitment)") == 3
    assert "decoded, not verified" in one.err


def test_an_entry_that_is_not_there_is_told(terminal: Terminal, log: Path) -> None:
    """With the range that is."""
    shown = terminal.type(f"log show {log} 6")

    assert shown.code == 1
    assert "0 to 5" in shown.err


def test_the_start_names_its_keys(terminal: Terminal, log: Path) -> None:
    """Whoever reads entry 0 can compare key ids."""
    shown = terminal.ok(f"log show {log} 0")

    assert "origin  gateway.example/log" in shown.out
    assert shown.out.count("vkey ") == 2


@pytest.fixture
def receipt(terminal: Terminal, log: Path) -> str:
    """Name the files of the regulator's first message, without suffix."""
    messages = terminal.world.folder / "state" / "example-regulator" / "messages"
    return str(messages / "000000000003")


def test_a_receipt_proves_its_message(terminal: Terminal, receipt: str) -> None:
    """Entry, proof and envelope hold together under the log's keys."""
    shown = terminal.ok(
        f"receipt verify {receipt}.entry {receipt}.tlog-proof "
        f"--envelope {receipt}.bin --vkeys log.vkeys"
    )

    assert shown.out.startswith("verified: entry 3 of gateway.example/log\n")


def test_without_the_message_that_is_said(terminal: Terminal, receipt: str) -> None:
    """An entry alone does not say what was logged."""
    shown = terminal.ok(
        f"receipt verify {receipt}.entry {receipt}.tlog-proof --vkeys log.vkeys"
    )

    assert "message      not compared" in shown.out


@pytest.mark.parametrize("part", ["entry", "tlog-proof", "bin"])
def test_an_altered_receipt_is_exit_3(
    terminal: Terminal, receipt: str, part: str
) -> None:
    """One byte of any of the files."""
    for suffix in ("entry", "tlog-proof", "bin"):
        shutil.copy(f"{receipt}.{suffix}", f"r.{suffix}")
    raw = bytearray(Path(f"r.{part}").read_bytes())
    raw[-3] ^= 1
    Path(f"r.{part}").write_bytes(raw)

    shown = terminal.type(
        "receipt verify r.entry r.tlog-proof --envelope r.bin --vkeys log.vkeys"
    )

    assert shown.code == 3
    assert shown.err.startswith("VERIFICATION FAILED: ")


def test_a_mirror_is_brought_up_to_date(
    terminal: Terminal, log: Path, story: Story
) -> None:
    """Run again, it fetches what is new."""
    story.ask_removal(1)

    shown = terminal.ok(f"log mirror {log}", party="auditor")

    assert "mirrored 7 entries of gateway.example/log into copy" in shown.out
    assert terminal.ok(f"log verify {log} --vkeys log.vkeys").code == 0


# --- profiles, contexts, tables -------------------------------------------------------


def test_a_lawyer_reads_what_a_profile_allows(terminal: Terminal) -> None:
    """Plain words, offline, from the package."""
    shown = terminal.ok("profile show --shipped KR.CORRECTION")

    assert shown.out.startswith("KR.CORRECTION: Correction request\n")
    assert "Whatever is not named here is refused." in shown.out


def test_an_unknown_profile_names_those_there_are(terminal: Terminal) -> None:
    """Nobody guesses ids."""
    shown = terminal.type("profile show KR.WRONG", party="regulator")

    assert shown.code == 1
    assert "KR.CORRECTION, XX.SUBSCRIBER" in shown.err


def test_a_profile_file_is_checked(terminal: Terminal) -> None:
    """Everything that is wrong is told, not only the first thing."""
    Path("bad.toml").write_text('format = "rogatory-profile/v1"\nid = "x"\n')

    shown = terminal.type("profile check bad.toml")

    assert shown.code == 1
    assert "id: " in shown.err
    assert "citation: " in shown.err


def test_a_good_profile_file_is_explained(terminal: Terminal) -> None:
    """And it is said that a file alone allows nothing."""
    from rogatory.profiles import shipped

    Path("good.toml").write_bytes(shipped()["XX.SUBSCRIBER"])

    shown = terminal.ok("profile check good.toml")

    assert shown.out.startswith("XX.SUBSCRIBER")
    assert "only where a gateway has it in force" in shown.err


def test_contexts_are_listed_with_those_that_are_broken(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One bad file does not hide the others."""
    folder = terminal.world.folder
    monkeypatch.setenv("ROGATORY_CONTEXTS", str(folder))
    bad = folder / "example-police.toml"
    bad.write_text(bad.read_text().replace("genesis", "genisis"))
    terminal.app = lambda _: App()

    shown = terminal.ok("context list --json").json["contexts"]
    listed = terminal.ok("context list")

    problems = {each["name"]: each["problem"] for each in shown}
    assert "log.genesis" in problems["example-police"]
    assert problems["example-regulator"] is None
    assert "(not usable)" in listed.out
    assert "example-police is not usable: " in listed.err


def test_a_context_shows_who_signs(terminal: Terminal) -> None:
    """Party, signers and files, and no key material."""
    shown = terminal.ok("context show", party="regulator")

    assert "party          example-regulator" in shown.out
    assert "clerk-1 (issuer)" in shown.out
    assert "PRIVATE" not in shown.out


def test_an_unknown_context_is_told(terminal: Terminal) -> None:
    """Exit 1, with the command that lists them."""
    shown = terminal.type("exchange list", party="nobody")

    assert shown.code == 1
    assert "rogatory context list" in shown.err


def test_a_template_is_a_table_and_its_columns_are_told(terminal: Terminal) -> None:
    """The table on stdout, what goes into it on stderr."""
    shown = terminal.ok("tables template items")

    assert shown.out.lstrip("\ufeff").startswith("item_id,locator_type,locator,")
    assert "classification   needed" in shown.err
