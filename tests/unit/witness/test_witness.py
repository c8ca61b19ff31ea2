"""A witness without its network, and its folder."""

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from rogatory.errors import ConfigInvalid, Malformed, StoreExists
from rogatory.tlog import (
    KeyType,
    VerifierKey,
    parse_add_checkpoint,
    parse_cosignatures,
    verify_checkpoint,
)
from rogatory.witness import (
    KnownLog,
    Witness,
    add_log,
    init_witness,
    load_log_keys,
    load_witness,
    save_evidence,
)
from tests.support.witnessed import NOW, ORIGIN, WitnessedLog

LOG = WitnessedLog()
NAME = "witness.example/w1"
HASH = sha256(ORIGIN.encode()).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a new witness that watches one log."""
    folder = tmp_path / "witness"
    init_witness(folder, NAME)
    add_log(folder, LOG.known)
    return folder


@pytest.fixture
def witness(folder: Path) -> Iterator[Witness]:
    """Give that witness, at a fixed time."""
    found = load_witness(folder)
    found._clock = lambda: NOW
    yield found
    found.state.close()


def test_a_new_witness_has_two_keys_that_only_its_owner_can_read(
    tmp_path: Path,
) -> None:
    """Ed25519 and ML-DSA-44 cosignature keys of its name; vkeys to publish."""
    keys = init_witness(tmp_path / "w", NAME)

    assert [key.type for key in keys] == [KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44]
    assert {key.name for key in keys} == {NAME}
    assert load_log_keys(tmp_path / "w" / "witness.vkeys") == keys
    for path in (tmp_path / "w").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb"])
def test_a_name_must_be_one(tmp_path: Path, name: str) -> None:
    """And nothing is left of a witness without one."""
    with pytest.raises(Malformed):
        init_witness(tmp_path / "w", name)
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize(
    "part", ["witness.ed25519.pem", "witness.mldsa44.pem", "state.sqlite"]
)
def test_a_witness_is_made_once(folder: Path, part: str) -> None:
    """Neither keys nor state are written over, nor completed by new ones."""
    for path in folder.iterdir():
        if path.name != part:
            path.unlink()

    with pytest.raises(StoreExists, match=part):
        init_witness(folder, NAME)
    with pytest.raises(ConfigInvalid):
        load_witness(folder)


def test_a_state_belongs_to_its_keys(folder: Path, tmp_path: Path) -> None:
    """The state of another witness, or other keys, are refused."""
    init_witness(tmp_path / "other", NAME)
    (tmp_path / "other" / "state.sqlite").replace(folder / "state.sqlite")

    with pytest.raises(ConfigInvalid, match="the state of these keys"):
        load_witness(folder)


def test_keys_of_another_kind_are_refused(folder: Path) -> None:
    """Each file has its own algorithm."""
    first, second = folder / "witness.ed25519.pem", folder / "witness.mldsa44.pem"
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    with pytest.raises(ConfigInvalid, match="an Ed25519 key"):
        load_witness(folder)
    first.write_bytes(kept)
    second.write_bytes(kept)
    with pytest.raises(ConfigInvalid, match="an ML-DSA-44 key"):
        load_witness(folder)


def test_the_witness_is_no_log_of_its_own(folder: Path) -> None:
    """Its cosignature would count as the log's signature."""
    own = load_log_keys(folder / "witness.vkeys")[0]
    twin = VerifierKey.of(ORIGIN, KeyType.ED25519, own.public)

    with pytest.raises(ConfigInvalid, match="keys of the log"):
        add_log(folder, KnownLog(ORIGIN, (twin,)))


def test_keys_of_a_log_are_read_strictly(tmp_path: Path) -> None:
    """One vkey a line, at least one, and a file of some size."""
    path = tmp_path / "vkeys"
    vkey = LOG.known.keys[0].encode()
    for raw in (b"", b"\n", b"nothing", b"\xff", f"{vkey}x".encode(), bytes(70_000)):
        path.write_bytes(raw)
        with pytest.raises(ConfigInvalid):
            load_log_keys(path)
    with pytest.raises(ConfigInvalid, match="a readable file"):
        load_log_keys(tmp_path / "none")
    path.write_text(f"{vkey}\n\n")
    assert load_log_keys(path) == LOG.known.keys[:1]


def test_both_cosignatures_come_in_one_answer(witness: Witness) -> None:
    """And verify beside the log's signatures, at the time of the witness."""
    answer = witness.add_checkpoint(LOG.request(0, 5))

    assert answer.status == 200
    assert [each.name for each in parse_cosignatures(answer.body)] == [NAME, NAME]
    keys = witness.verifier_keys
    found = verify_checkpoint(
        LOG.checkpoint(5) + answer.body, LOG.known.keys, witnesses=keys
    )
    assert set(keys) <= set(found.signers)
    assert {found.times[key.label] for key in keys} == {NOW}


def test_extension_lines_are_cosigned_with_ed25519_only(witness: Witness) -> None:
    """ML-DSA-44 would not cover them."""
    log = replace(LOG, extensions=("more",))

    answer = witness.add_checkpoint(log.request(0, 5, LOG.signers[0]))

    (line,) = parse_cosignatures(answer.body)
    assert line.label == witness.verifier_keys[0].label


def test_monitors_see_the_last_cosigned_checkpoint(witness: Witness) -> None:
    """By the hash of the origin; 404 before the first, and for other logs."""
    assert witness.checkpoint(HASH).status == 404

    request = LOG.request(0, 5)
    cosignatures = witness.add_checkpoint(request).body

    checkpoint = parse_add_checkpoint(request).checkpoint
    assert witness.checkpoint(HASH).body == checkpoint + cosignatures
    assert witness.checkpoint("0" * 64).status == 404


@pytest.mark.parametrize("body", [b"", b"old 0\n\n", b"\xff" * 100, bytes(70_000)])
def test_what_is_no_request_is_400(witness: Witness, body: bytes) -> None:
    """With a line that says what was expected."""
    answer = witness.add_checkpoint(body)

    assert answer.status == 400
    assert b"expected" in answer.body


def test_a_state_that_cannot_be_written_is_503(
    witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    """No cosignature without a record of it."""
    witness.state._db.execute("PRAGMA query_only = ON")

    with caplog.at_level(logging.ERROR, "rogatory.witness"):
        answer = witness.add_checkpoint(LOG.request(0, 5))

    assert answer.status == 503
    assert "cannot be used" in caplog.text
    witness.state._db.execute("PRAGMA query_only = OFF")
    assert witness.add_checkpoint(LOG.request(0, 5)).status == 200


def test_evidence_becomes_files(witness: Witness, folder: Path) -> None:
    """Two checkpoints that anybody can verify; written once."""
    witness.on_evidence = lambda: made.extend(save_evidence(folder, witness.state))
    made: list[Path] = []
    witness.add_checkpoint(LOG.request(0, 5))
    witness.add_checkpoint(LOG.forked(3).request(5, 5))
    witness.add_checkpoint(LOG.forked(3).request(5, 5))

    assert [path.name for path in made] == ["000001-fork-held", "000001-fork-offered"]
    held, offered = (
        verify_checkpoint(path.read_bytes(), LOG.known.keys) for path in made
    )
    assert held.size == offered.size == 5
    assert held.root != offered.root
    assert save_evidence(folder, witness.state) == []


def test_a_refusal_goes_out_when_evidence_cannot_be_a_file(witness: Witness) -> None:
    """It is in the state already."""

    def full() -> None:
        raise OSError

    witness.on_evidence = full
    witness.add_checkpoint(LOG.request(0, 5))

    assert witness.add_checkpoint(LOG.forked(3).request(5, 5)).status == 422
    assert len(witness.state.evidence()) == 1


def test_damaged_state_is_503(witness: Witness) -> None:
    """Also when it cannot be read."""
    witness.state._db.close()

    with pytest.raises(sqlite3.ProgrammingError):
        witness.state.log(ORIGIN)
    assert witness.add_checkpoint(LOG.request(0, 5)).status == 503
