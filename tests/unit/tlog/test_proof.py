"""Proofs of inclusion that travel as one file."""

import pytest

from rogatory.errors import (
    InclusionInvalid,
    LimitExceeded,
    Malformed,
    NoteUnverified,
    VerificationError,
)
from rogatory.tlog import (
    Checkpoint,
    Edge,
    TlogProof,
    encode_proof,
    encode_signature,
    leaf_hash,
    parse_proof,
    sign_checkpoint,
    verify_proof,
)
from tests.unit.tlog.model import LOG_KEYS, LOG_SIGNERS, NOW, ORIGIN, WITNESS

BATCH = [b"entry %d" % number for number in range(10)]
GROWTH = Edge.empty().extend([leaf_hash(entry) for entry in BATCH])
HEAD = sign_checkpoint(Checkpoint(ORIGIN, 10, GROWTH.root), LOG_SIGNERS, NOW)
PROOF = TlogProof(3, GROWTH.inclusion_path(3), HEAD)
RAW = encode_proof(PROOF)


def test_a_proof_reads_as_the_specification_has_it() -> None:
    """Header, index, hashes, an empty line, the checkpoint verbatim."""
    head, _, checkpoint = RAW.partition(b"\n\n")
    lines = head.decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 3"]
    assert [len(line) for line in lines[2:]] == [44] * 4
    assert checkpoint == HEAD


@pytest.mark.parametrize("extra", [None, b"", b"not authenticated"])
def test_proofs_read_as_written(extra: bytes | None) -> None:
    """With extra data, with none, and with empty extra data."""
    proof = TlogProof(3, PROOF.path, HEAD, extra)
    assert parse_proof(encode_proof(proof)) == proof


@pytest.mark.parametrize("index", range(10))
def test_each_entry_is_proven(index: int) -> None:
    """What an append hands out verifies with the log's keys."""
    raw = encode_proof(TlogProof(index, GROWTH.inclusion_path(index), HEAD))
    verified = verify_proof(raw, BATCH[index], LOG_KEYS)
    assert (verified.index, verified.entry) == (index, BATCH[index])
    assert verified.checkpoint.size == 10


def test_another_entry_is_not_proven() -> None:
    """The proof is of these bytes."""
    with pytest.raises(InclusionInvalid, match="inclusion proof of entry 3 in 10"):
        verify_proof(RAW, BATCH[4], LOG_KEYS)


def test_another_index_is_not_proven() -> None:
    """The proof is of this place."""
    with pytest.raises(InclusionInvalid, match="entry 4 in 10"):
        verify_proof(RAW.replace(b"index 3", b"index 4"), BATCH[3], LOG_KEYS)


def test_a_proof_needs_all_keys_of_the_log() -> None:
    """A checkpoint signed by one of them carries no proof."""
    half = sign_checkpoint(Checkpoint(ORIGIN, 10, GROWTH.root), LOG_SIGNERS[:1], NOW)
    raw = encode_proof(TlogProof(3, PROOF.path, half))
    with pytest.raises(NoteUnverified):
        verify_proof(raw, BATCH[3], LOG_KEYS)


def test_a_proof_is_of_one_log() -> None:
    """The origin is checked when it is given."""
    with pytest.raises(NoteUnverified, match="checkpoint origin"):
        verify_proof(RAW, BATCH[3], LOG_KEYS, origin="other.example")


def test_witnesses_are_told() -> None:
    """A quorum is counted by the caller, from the keys that signed."""
    text = HEAD.partition(b"\n\n")[0].decode() + "\n"
    line = encode_signature(WITNESS.sign(text, NOW)).encode()
    verified = verify_proof(
        RAW + line, BATCH[3], LOG_KEYS, witnesses=[WITNESS.verifier_key]
    )
    assert WITNESS.verifier_key in verified.checkpoint.signers


def test_no_bit_before_the_signatures_can_flip() -> None:
    """Header, index, hashes and checkpoint are all bound to the entry."""
    for at in range(RAW.index("\n\n—".encode())):
        flipped = bytearray(RAW)
        flipped[at] ^= 1
        with pytest.raises(VerificationError):
            verify_proof(bytes(flipped), BATCH[3], LOG_KEYS)


def test_what_is_no_proof_proves_nothing() -> None:
    """Whoever verifies is told that verification failed, not to correct the input."""
    with pytest.raises(InclusionInvalid, match="proof: expected an empty line"):
        verify_proof(b"", BATCH[3], LOG_KEYS)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "an empty line"),
        (RAW.replace(b"@v1", b"@v2"), "c2sp.org/tlog-proof@v1"),
        (RAW.replace(b"index 3", b"index 03"), "no leading zeros"),
        (RAW.replace(b"index 3", b"index -3"), "a decimal number"),
        (RAW.replace(b"index 3\n", b""), "index <decimal>"),
        (b"c2sp.org/tlog-proof@v1\n\n" + HEAD, "index <decimal>"),
        (RAW.replace(b"index 3", b"extra A\nindex 3"), "padded standard base64"),
        (RAW.replace(b"index 3", b"extra AB==\nindex 3"), "zero padding bits"),
        (RAW.replace(b"index 3", b"index 3\nextra AA=="), "padded standard base64"),
        (RAW.replace(b"index 3", b"index 3\nAAAA"), "expected 32 bytes, got 3"),
        (RAW.replace(b"\n\n" + HEAD, b"\n\n"), "an empty line between"),
        (RAW.replace(b"\n", b"\r\n"), "an empty line"),
    ],
)
def test_what_is_no_proof_is_refused(raw: bytes, reason: str) -> None:
    """Each deviation from the format is named."""
    with pytest.raises(Malformed, match=reason):
        parse_proof(raw)


def test_a_path_has_at_most_64_hashes() -> None:
    """No tree below 2^63 leaves needs more."""
    hashes = b"A" * 43 + b"=\n"
    with pytest.raises(LimitExceeded, match="at most 64 hashes"):
        parse_proof(RAW.replace(b"index 3\n", b"index 3\n" + hashes * 65))


def test_extra_data_has_a_limit() -> None:
    """64 KiB hold an entry and its openings many times."""
    with pytest.raises(LimitExceeded, match="proof extra: expected at most 65536"):
        TlogProof(3, PROOF.path, HEAD, bytes(65_537))
    long = b"extra " + b"A" * 100_000 + b"\nindex 3"
    with pytest.raises(LimitExceeded, match="proof"):
        parse_proof(RAW.replace(b"index 3", long))


def test_a_proof_too_long_is_refused_before_it_is_read() -> None:
    """The limits of its parts make one for the whole."""
    with pytest.raises(LimitExceeded, match="proof: expected at most"):
        parse_proof(b"\xff" * 2_000_000)


def test_a_proof_value_can_be_written() -> None:
    """An index, hash or checkpoint without encoding is refused."""
    with pytest.raises(LimitExceeded, match="proof index"):
        TlogProof(-1, (), HEAD)
    with pytest.raises(Malformed, match="proof path: expected 32 bytes"):
        TlogProof(0, (b"short",), HEAD)
    with pytest.raises(Malformed, match="an empty line between"):
        TlogProof(0, (), b"no note")
