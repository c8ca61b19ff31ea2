"""Every parser of the log, and every way to damage one byte of what it reads.

For each sample: no proper prefix is read, and whatever is read after one byte was
changed, added or left out is written again as those very bytes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from rogatory.errors import InputError
from rogatory.tlog import (
    AddCheckpoint,
    Checkpoint,
    Edge,
    Note,
    TlogProof,
    VerifierKey,
    encode_add_checkpoint,
    encode_bundle,
    encode_checkpoint_text,
    encode_cosignatures,
    encode_entry,
    encode_note,
    encode_policy,
    encode_proof,
    encode_size_body,
    log_policy,
    parse_add_checkpoint,
    parse_bundle,
    parse_checkpoint_text,
    parse_cosignatures,
    parse_entry,
    parse_note,
    parse_policy,
    parse_proof,
    parse_size_body,
    parse_tile_path,
)
from tests.unit.tlog.model import (
    ED25519,
    ENTRIES,
    NOW,
    ORIGIN,
    WITNESS,
    encode_any_path,
    some_leaves,
)


@dataclass(frozen=True)
class Sample:
    """Bytes that a parser reads, and what writes them."""

    raw: bytes
    parse: Callable[[bytes], Any]
    encode: Callable[[Any], bytes]


TEXT = encode_checkpoint_text(Checkpoint(ORIGIN, 70_000, bytes(range(32)))).decode()
NOTE = encode_note(Note(TEXT, (ED25519.sign(TEXT, NOW),)))
PATH = Edge.empty().extend(some_leaves(3)).inclusion_path(1)
SAMPLES = {
    "note": Sample(NOTE, parse_note, encode_note),
    "checkpoint": Sample(TEXT.encode(), parse_checkpoint_text, encode_checkpoint_text),
    "proof": Sample(
        encode_proof(TlogProof(1, PATH, NOTE, b"extra")), parse_proof, encode_proof
    ),
    "add-checkpoint": Sample(
        encode_add_checkpoint(AddCheckpoint(12, PATH, NOTE)),
        parse_add_checkpoint,
        encode_add_checkpoint,
    ),
    "cosignatures": Sample(
        encode_cosignatures([WITNESS.sign(TEXT, NOW)]),
        parse_cosignatures,
        encode_cosignatures,
    ),
    "size": Sample(encode_size_body(20_852), parse_size_body, encode_size_body),
    "vkey": Sample(
        ED25519.verifier_key.encode().encode(),
        lambda raw: VerifierKey.parse(raw.decode("latin-1")),
        lambda key: key.encode().encode("latin-1"),
    ),
    "bundle": Sample(
        encode_bundle([b"one", b"", b"three"]),
        lambda raw: parse_bundle(raw, 3),
        encode_bundle,
    ),
    "tile path": Sample(
        b"tile/1/x001/x234/067",
        lambda raw: parse_tile_path(raw.decode("latin-1")),
        lambda parts: encode_any_path(parts).encode("latin-1"),
    ),
    **{
        f"entry {name}": Sample(encode_entry(ENTRIES[name]), parse_entry, encode_entry)
        for name in ENTRIES
    },
}
# A second recipient and the previous log stand on the last lines: without them there
# is still a whole entry, of other meaning.
WITH_WHOLE_PREFIX = {"entry message", "entry start-successor"}


def damaged(raw: bytes) -> Iterator[bytes]:
    """Yield the bytes with each one changed, left out, doubled, or with one more."""
    for at in range(len(raw)):
        for other in {raw[at] ^ 1, raw[at] ^ 0x20, raw[at] ^ 0x80, raw[at] + 1 & 0xFF}:
            yield raw[:at] + bytes([other]) + raw[at + 1 :]
        yield raw[:at] + raw[at + 1 :]
        yield raw[:at] + raw[at : at + 1] + raw[at:]
    for more in (b"\n", b" ", b"\0", b"A", b"="):
        yield raw + more
        yield more + raw


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_read_and_written_again(name: str) -> None:
    """Without damage, every sample is accepted."""
    sample = SAMPLES[name]
    assert sample.encode(sample.parse(sample.raw)) == sample.raw


@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - WITH_WHOLE_PREFIX))
def test_no_proper_prefix_is_read(name: str) -> None:
    """What was cut off is never taken for the whole."""
    sample = SAMPLES[name]
    for end in range(len(sample.raw)):
        with pytest.raises(InputError):
            sample.parse(sample.raw[:end])


@pytest.mark.parametrize("name", SAMPLES)
def test_damage_is_refused_or_written_again(name: str) -> None:
    """There is one spelling of each value: nothing is read that is not written so."""
    sample = SAMPLES[name]
    for raw in damaged(sample.raw):
        try:
            value = sample.parse(raw)
        except InputError:
            continue
        assert sample.encode(value) == raw


POLICY = encode_policy(log_policy([ED25519.verifier_key], [WITNESS.verifier_key]))


def test_no_proper_prefix_of_a_policy_is_read() -> None:
    """The quorum is the last line: what was cut off has none, or half of its name."""
    for end in range(len(POLICY)):
        with pytest.raises(InputError):
            parse_policy(POLICY[:end])


def test_damage_of_a_policy_is_refused_or_means_what_is_written() -> None:
    """White space and comments may be anywhere; the meaning has one spelling."""
    for raw in damaged(POLICY):
        try:
            value = parse_policy(raw)
        except InputError:
            continue
        assert parse_policy(encode_policy(value)) == value
