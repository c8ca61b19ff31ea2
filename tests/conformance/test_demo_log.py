"""A stranger reads the log that the demo left: `tlog-scales`, another implementation.

It shares no code with us; where it and we agree on every root, signature and proof, the
files are C2SP's and not our own idea of them. Run by `make conformance`, after a demo.
"""

from pathlib import Path

import pytest
import tlog_scales.tlog as stranger_tlog
from cryptography.exceptions import InvalidSignature
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash as stranger_leaf_hash

from rogatory.tlog import (
    VerifierKey,
    leaf_hash,
    parse_entry,
    parse_proof,
    verify_log,
)

DEMO = Path(__file__).parents[2] / ".demo"

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def stranger() -> TilesReader:
    """Give the stranger's reader of the demo's log."""
    if not (DEMO / "log" / "checkpoint").exists():
        pytest.fail("there is no .demo/log: run `make demo` first")
    reader = TilesReader(LocalBackend(DEMO / "log"))
    reader.set_size(reader.get_checkpoint().size)
    return reader


@pytest.fixture(scope="module")
def vkeys() -> list[str]:
    """Give the log's two public keys."""
    return (DEMO / "log.vkeys").read_text().split()


def test_the_stranger_computes_the_signed_root(stranger: TilesReader) -> None:
    """The tiles hash to the root of the checkpoint, by somebody else's arithmetic."""
    assert stranger.calculate_root_hash() == stranger.get_checkpoint().root_hash


def test_the_stranger_verifies_both_signatures(
    stranger: TilesReader, vkeys: list[str]
) -> None:
    """Ed25519 and ML-DSA-44 both verify."""
    checkpoint = stranger.get_checkpoint()

    assert len(vkeys) == 2
    for vkey in vkeys:
        checkpoint.verify(Vkey.from_string(vkey))


def test_the_stranger_refuses_a_changed_checkpoint(
    stranger: TilesReader, vkeys: list[str]
) -> None:
    """The check above can fail: with one more entry claimed, no key verifies."""
    text = (DEMO / "log" / "checkpoint").read_text().split("\n")
    text[1] = str(int(text[1]) + 1)
    changed = stranger_tlog.Checkpoint.from_text("\n".join(text))

    for vkey in vkeys:
        with pytest.raises(InvalidSignature):
            changed.verify(Vkey.from_string(vkey))


def test_the_stranger_reads_every_entry_as_we_do(
    stranger: TilesReader, vkeys: list[str]
) -> None:
    """Each entry has the same bytes and the same leaf hash for both sides."""
    ours: list[bytes] = []
    keys = [VerifierKey.parse(vkey) for vkey in vkeys]
    verify_log(
        lambda path: (DEMO / "log" / path).read_bytes(),
        keys,
        on_entry=lambda _index, entry: ours.append(entry),
    )

    theirs = [stranger.get_entry(index) for index in range(len(ours))]

    assert theirs == ours
    assert [stranger_leaf_hash(e) for e in theirs] == [leaf_hash(e) for e in ours]
    for entry in ours:
        parse_entry(entry)


def test_the_stranger_agrees_with_every_receipt_of_the_demo(
    stranger: TilesReader,
) -> None:
    """Each entry of a receipt is included where its proof says, by their own proof."""
    proofs = sorted((DEMO / "receipts").glob("*.tlog-proof"))
    root = stranger.get_checkpoint().root_hash
    size = stranger.get_checkpoint().size

    assert proofs
    for path in proofs:
        entry = path.with_suffix(".entry").read_bytes()
        index = parse_proof(path.read_bytes()).index
        assert stranger.get_entry(index) == entry
        proof = stranger.get_inclusion_proof(index, size)
        proof.check(stranger_leaf_hash(entry), root)
