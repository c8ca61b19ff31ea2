"""`log verify` by a policy, and on logs of others."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from rogatory.tlog import (
    NoteSigner,
    VerifierKey,
    encode_policy,
    encode_signature,
    log_policy,
    parse_note,
)
from tests.support.static_log import StaticLog
from tests.support.story import Story
from tests.support.witnessed import signers_of
from tests.unit.cli.terminal import Terminal

OTHERS = "other.example/log"
WITNESS = signers_of("witness.example/w1", seed=7)[1]
SILENT = signers_of("witness.example/w2", seed=9)[1]


@pytest.fixture
def log(terminal: Terminal, story: Story) -> Path:
    """Mirror a log of 5 entries into `copy`, and let a witness cosign it."""
    story.ask_removal(2)
    story.ask_removal(1)
    terminal.ok("log mirror copy", party="auditor")
    shutil.copy(terminal.world.folder / "log.vkeys", "log.vkeys")
    cosign(Path("copy/checkpoint"), WITNESS)
    return Path("copy")


def cosign(path: Path, witness: NoteSigner) -> None:
    """Add a witness's signature to a checkpoint."""
    raw = path.read_bytes()
    signature = witness.sign(parse_note(raw).text, 1_795_395_723)
    path.write_bytes(raw + encode_signature(signature).encode())


def write_policy(
    terminal: Terminal, witnesses: Sequence[NoteSigner], quorum: int | None = None
) -> None:
    """Write a policy with both keys of the log and these witnesses."""
    keys = [signer.verifier_key for signer in terminal.world.log.signers]
    cosigners = [each.verifier_key for each in witnesses]
    Path("log.policy").write_bytes(encode_policy(log_policy(keys, cosigners, quorum)))


def foreign(entries: Sequence[bytes]) -> VerifierKey:
    """Write a log of somebody else, with one key and entries that are not ours."""
    signer = NoteSigner.from_ed25519(OTHERS, Ed25519PrivateKey.generate())
    StaticLog(entries, [signer], OTHERS).write(Path("foreign"))
    Path("foreign.vkeys").write_text(f"{signer.verifier_key.encode()}\n")
    text = f"log {signer.verifier_key.encode()}\nquorum none\n"
    Path("foreign.policy").write_text(text)
    return signer.verifier_key


def test_a_met_quorum_verifies_the_log(terminal: Terminal, log: Path) -> None:
    """The policy decides alone, and the witness is named with its time."""
    write_policy(terminal, [WITNESS])

    shown = terminal.ok(f"log verify {log} --policy log.policy")

    assert shown.out.startswith("verified: every byte of copy\n")
    assert "quorum     log-and-witnesses, met" in shown.out
    assert "at 2026-11-23 " in shown.out
    assert "witness.example/w1" in shown.out


def test_a_quorum_that_is_not_met_is_exit_3_with_evidence(
    terminal: Terminal, log: Path
) -> None:
    """Checkpoint, policy and report are kept."""
    write_policy(terminal, [WITNESS, SILENT])

    shown = terminal.type(f"log verify {log} --policy log.policy --evidence kept")

    assert shown.code == 3
    assert shown.out == ""
    assert "the quorum log-and-witnesses" in shown.err
    (kept,) = Path("kept").iterdir()
    names = {path.name for path in kept.iterdir()}
    assert names == {"checkpoint", "log.policy", "log.vkeys", "report.txt"}


def test_one_witness_of_two_can_be_enough(terminal: Terminal, log: Path) -> None:
    """The threshold is the policy's."""
    write_policy(terminal, [WITNESS, SILENT], quorum=1)

    terminal.ok(f"log verify {log} --policy log.policy")


def test_vkeys_and_policy_must_both_hold(terminal: Terminal, log: Path) -> None:
    """Neither takes the place of the other."""
    write_policy(terminal, [WITNESS])
    both = f"log verify {log} --vkeys log.vkeys --policy log.policy"
    terminal.ok(both)

    write_policy(terminal, [SILENT])
    assert terminal.type(both).code == 3
    write_policy(terminal, [WITNESS])
    foreign([b"x"])
    shown = terminal.type(
        f"log verify {log} --vkeys foreign.vkeys --policy log.policy --any-entries"
    )
    assert shown.code == 3


def test_a_policy_of_another_log_is_exit_3(terminal: Terminal, log: Path) -> None:
    """Nobody of the policy signed."""
    foreign([b"x"])

    shown = terminal.type(f"log verify {log} --policy foreign.policy")

    assert shown.code == 3
    assert "a signature by a log of the policy" in shown.err


def test_keys_in_the_start_that_the_policy_does_not_know_are_refused(
    terminal: Terminal, log: Path
) -> None:
    """A policy that leaves one of the log's keys out is not taken for the log's."""
    classical = terminal.world.log.signers[0].verifier_key.encode()
    Path("one.policy").write_text(f"log {classical}\nquorum none\n")

    shown = terminal.type(f"log verify {log} --policy one.policy")

    assert shown.code == 3
    assert "entry 0" in shown.err


def test_an_altered_entry_is_found_under_a_policy_too(
    terminal: Terminal, log: Path
) -> None:
    """The policy speaks of the checkpoint; the bytes are verified all the same."""
    write_policy(terminal, [WITNESS])
    bundle = next(p for p in (log / "tile" / "entries").rglob("*") if p.is_file())
    raw = bytearray(bundle.read_bytes())
    raw[300] ^= 1
    bundle.write_bytes(raw)

    assert terminal.type(f"log verify {log} --policy log.policy").code == 3


def test_without_anybody_to_trust_it_is_usage(terminal: Terminal, log: Path) -> None:
    """The log does not vouch for itself."""
    shown = terminal.type(f"log verify {log}")

    assert shown.code == 2
    assert "--vkeys, --policy or both" in shown.err


@pytest.mark.parametrize("text", ["", "log nonsense\nquorum none\n", "quorum \x1b\n"])
def test_a_policy_that_cannot_be_read_is_no_failed_verification(
    terminal: Terminal, log: Path, text: str
) -> None:
    """Exit 1, and what it holds cannot steer the terminal."""
    Path("log.policy").write_text(text)

    shown = terminal.type(f"log verify {log} --policy log.policy")

    assert shown.code == 1
    assert "policy log.policy" in shown.err
    assert "\x1b" not in shown.err


@pytest.mark.parametrize("trust", ["--vkeys foreign.vkeys", "--policy foreign.policy"])
def test_a_log_of_others_is_verified(terminal: Terminal, trust: str) -> None:
    """Over the edge of tiles; its entries are counted and not read."""
    foreign([b"entry %d \x1b[31m" % at for at in range(600)])

    shown = terminal.ok(f"log verify foreign {trust} --any-entries")

    assert "entries    600 other" in shown.out
    assert "whether they make sense was not verified" in shown.err
    assert "first " not in shown.out


def test_a_log_of_others_is_no_log_of_ours(terminal: Terminal) -> None:
    """Without the option its first entry is refused."""
    foreign([b"not ours"])

    shown = terminal.type("log verify foreign --policy foreign.policy")

    assert shown.code == 3
    assert "entry 0" in shown.err


def test_damage_to_a_log_of_others_is_exit_3(terminal: Terminal) -> None:
    """Any entries are allowed, but not other ones than those that were signed."""
    foreign([b"entry %d" % at for at in range(300)])
    bundle = Path("foreign/tile/entries/001.p/44")
    bundle.write_bytes(bundle.read_bytes().replace(b"entry 299", b"entry 298"))

    shown = terminal.type(
        "log verify foreign --vkeys foreign.vkeys --any-entries --evidence kept"
    )

    assert shown.code == 3
    assert "entry 299" in shown.err
    (kept,) = Path("kept").iterdir()
    assert (kept / "tile/entries/001.p/44").exists()


def test_programs_are_told_what_was_verified(terminal: Terminal) -> None:
    """`quorum` and `story` say how far the verification went."""
    foreign([b"x"])

    shown = terminal.ok(
        "log verify foreign --policy foreign.policy --any-entries --json"
    ).json

    assert shown["quorum"] == "none"
    assert shown["story"] is False
    assert shown["kinds"] == {"other": 1}
    assert shown["first_time"] is None
