"""The log's formats and trees, with whatever Hypothesis can think of."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rogatory.errors import InputError
from rogatory.tlog import (
    EMPTY_ROOT,
    AccessEntry,
    AddCheckpoint,
    Checkpoint,
    Delivery,
    DirectoryEntry,
    Edge,
    EndEntry,
    Entry,
    ErasureEntry,
    IndexRange,
    KeyType,
    MessageEntry,
    Note,
    Policy,
    PolicyGroup,
    PolicyKey,
    PreviousLog,
    ProfilesEntry,
    Signature,
    StartEntry,
    StreamingRoot,
    TlogProof,
    VerifierKey,
    consistency_path,
    edge_of,
    encode_add_checkpoint,
    encode_bundle,
    encode_checkpoint_text,
    encode_cosignatures,
    encode_entry,
    encode_note,
    encode_policy,
    encode_proof,
    entries_path,
    inclusion_path,
    parse_add_checkpoint,
    parse_bundle,
    parse_checkpoint_text,
    parse_cosignatures,
    parse_entry,
    parse_note,
    parse_policy,
    parse_proof,
    parse_tile_path,
    root_of,
    tile_path,
    verify_consistency,
    verify_inclusion,
)
from tests.unit.tlog.model import (
    Store,
    encode_any_path,
    root_by_definition,
    some_leaves,
)

T = TypeVar("T")

hashes = st.binary(min_size=32, max_size=32)
sizes = st.integers(0, 2**63 - 1)
indices = st.integers(0, 2**63 - 2)
lines = st.text(
    st.characters(exclude_categories=["Cs"], min_codepoint=0x20),
    min_size=1,
    max_size=60,
)
names = st.text(
    st.characters(
        exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"], exclude_characters="+"
    ),
    min_size=1,
    max_size=60,
)
ascii_names = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="+"),
    min_size=1,
    max_size=255,
)
signatures = st.builds(
    Signature, names, st.integers(0, 2**32 - 1), st.binary(min_size=1, max_size=80)
)
notes = st.builds(
    Note,
    st.lists(st.just("") | lines, min_size=1).map(
        lambda all_of: "\n".join(all_of) + "\n"
    ),
    st.lists(signatures, min_size=1, max_size=5).map(tuple),
)
checkpoints = st.builds(
    Checkpoint, lines, sizes, hashes, st.lists(lines, max_size=3).map(tuple)
)
signed = st.builds(
    lambda checkpoint, line: encode_note(
        Note(encode_checkpoint_text(checkpoint).decode(), (line,))
    ),
    checkpoints,
    signatures,
)
proofs = st.builds(
    TlogProof,
    indices,
    st.lists(hashes, max_size=64).map(tuple),
    signed,
    st.none() | st.binary(max_size=200),
)


def vkeys_of(kind: KeyType, size: int) -> st.SearchStrategy[VerifierKey]:
    """Return keys of one type."""
    return st.builds(
        lambda name, public: VerifierKey.of(name, kind, public),
        ascii_names,
        st.binary(min_size=size, max_size=size),
    )


vkeys = vkeys_of(KeyType.ED25519, 32) | vkeys_of(KeyType.ED25519_COSIGNATURE, 32)
times = st.datetimes(datetime(2000, 1, 1), datetime(2999, 12, 31)).map(  # noqa: DTZ001
    lambda time: time.replace(microsecond=0, tzinfo=UTC)
)
directories = st.none() | indices
two_vkeys = st.lists(
    vkeys, min_size=2, max_size=4, unique_by=lambda key: key.label
).map(tuple)
deliveries = st.lists(st.builds(Delivery, hashes, hashes), min_size=1, max_size=8)


def ranges_of(ends: list[int]) -> tuple[IndexRange, ...]:
    """Pair ascending numbers into ranges."""
    pairs = zip(ends[::2], ends[1::2], strict=False)
    return tuple(IndexRange(first, last) for first, last in pairs)


erasure_ranges = st.lists(indices, min_size=2, max_size=40, unique=True).map(
    lambda ends: ranges_of(sorted(ends))
)
entries: st.SearchStrategy[Entry] = st.one_of(
    st.builds(
        MessageEntry,
        times,
        directories,
        hashes,
        st.none() | hashes,
        hashes,
        deliveries.map(tuple),
    ),
    st.builds(DirectoryEntry, times, directories, hashes),
    st.builds(ProfilesEntry, times, directories, hashes),
    st.builds(AccessEntry, times, directories, hashes, hashes),
    st.builds(
        ErasureEntry,
        times,
        directories,
        hashes,
        erasure_ranges,
        st.sampled_from(["content", "record"]),
        st.text("ABCXYZ0189.", min_size=1, max_size=64),
        times,
    ),
    st.builds(
        StartEntry,
        times,
        ascii_names,
        two_vkeys,
        st.none() | st.builds(PreviousLog, ascii_names, sizes, hashes),
    ),
    st.builds(EndEntry, times, directories, ascii_names, two_vkeys),
)

requests = st.builds(
    AddCheckpoint, sizes, st.lists(hashes, max_size=63).map(tuple), signed
)
words = st.binary(min_size=1, max_size=20).map(
    lambda raw: bytes(0x21 + octet % 0x5E for octet in raw) + b"\xff"
)
names_of = st.lists(words, min_size=1, max_size=12, unique=True)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Draw a policy: each group takes some of the names that are not taken."""
    names = draw(names_of)
    count = draw(st.integers(1, len(names)))
    witness = st.builds(
        PolicyKey, vkeys_of(KeyType.ED25519_COSIGNATURE, 32), st.just(b"") | words
    )
    unique = st.lists(
        witness, min_size=count, max_size=count, unique_by=lambda who: who.key.public
    )
    free, groups = list(names[:count]), {}
    for name in names[count:]:
        if not free:
            break
        members = tuple(free.pop() for _ in range(draw(st.integers(1, len(free)))))
        groups[name] = PolicyGroup(draw(st.integers(1, len(members))), members)
        free.append(name)
    logs = draw(st.lists(vkeys, max_size=3, unique_by=lambda key: key.public))
    return Policy(
        tuple(PolicyKey(key) for key in logs),
        dict(zip(names[:count], draw(unique), strict=True)),
        groups,
        draw(st.sampled_from([b"none", *names[:count], *groups])),
    )


@given(requests)
def test_add_checkpoint_requests_read_as_written(request: AddCheckpoint) -> None:
    """Any old size, proof and checkpoint."""
    assert parse_add_checkpoint(encode_add_checkpoint(request)) == request


@given(st.lists(signatures, min_size=1, max_size=64).map(tuple))
def test_cosignatures_read_as_written(lines: tuple[Signature, ...]) -> None:
    """Any signature lines."""
    assert parse_cosignatures(encode_cosignatures(lines)) == lines


@given(policies())
def test_policies_read_as_written(policy: Policy) -> None:
    """Any logs, witnesses, groups of groups and quorum."""
    assert parse_policy(encode_policy(policy)) == policy


@given(notes)
def test_notes_read_as_written(note: Note) -> None:
    """Any text and any signature lines."""
    assert parse_note(encode_note(note)) == note


@given(checkpoints)
def test_checkpoints_read_as_written(checkpoint: Checkpoint) -> None:
    """Any origin, size, root and extension lines."""
    assert parse_checkpoint_text(encode_checkpoint_text(checkpoint)) == checkpoint


@given(proofs)
def test_proofs_read_as_written(proof: TlogProof) -> None:
    """Any index, path, extra data and checkpoint."""
    assert parse_proof(encode_proof(proof)) == proof


@given(vkeys | vkeys_of(KeyType.MLDSA44, 1312))
def test_vkeys_read_as_written(key: VerifierKey) -> None:
    """Any name and public key of each type."""
    assert VerifierKey.parse(key.encode()) == key


@given(entries)
def test_entries_read_as_written(entry: Entry) -> None:
    """Any entry of each kind."""
    assert parse_entry(encode_entry(entry)) == entry


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_bundles_read_as_written(bundle: list[bytes]) -> None:
    """Any entries, also empty ones."""
    assert parse_bundle(encode_bundle(bundle), len(bundle)) == tuple(bundle)


@given(st.none() | st.integers(0, 63), sizes, st.integers(1, 256))
def test_tile_paths_read_as_written(level: int | None, index: int, width: int) -> None:
    """Any level, index and width."""
    path = (
        entries_path(index, width) if level is None else tile_path(level, index, width)
    )
    parts = parse_tile_path(path)
    assert (parts.level, parts.index, parts.width) == (level, index, width)


def refused_or_same(
    parse: Callable[[bytes], T], encode: Callable[[T], bytes]
) -> Callable[[bytes], None]:
    """Return a check: what is read is written as the same bytes."""

    def check(raw: bytes) -> None:
        try:
            value = parse(raw)
        except InputError:
            return
        assert encode(value) == raw

    return check


CHECKS = {
    "note": (notes.map(encode_note), refused_or_same(parse_note, encode_note)),
    "checkpoint": (
        checkpoints.map(encode_checkpoint_text),
        refused_or_same(parse_checkpoint_text, encode_checkpoint_text),
    ),
    "proof": (proofs.map(encode_proof), refused_or_same(parse_proof, encode_proof)),
    "entry": (entries.map(encode_entry), refused_or_same(parse_entry, encode_entry)),
    "vkey": (
        vkeys.map(lambda key: key.encode().encode()),
        refused_or_same(
            lambda raw: VerifierKey.parse(raw.decode("latin-1")),
            lambda key: key.encode().encode("latin-1"),
        ),
    ),
    "path": (
        st.builds(tile_path, st.integers(0, 63), sizes, st.integers(1, 256)).map(
            str.encode
        ),
        refused_or_same(
            lambda raw: parse_tile_path(raw.decode("latin-1")),
            lambda parts: encode_any_path(parts).encode(),
        ),
    ),
}


@pytest.mark.parametrize("name", CHECKS)
@given(st.data())
def test_any_bytes_are_refused_or_written_again(name: str, data: st.DataObject) -> None:
    """No parser lets two spellings through, nor fails in another way."""
    CHECKS[name][1](data.draw(st.binary(max_size=200)))


@pytest.mark.parametrize("name", CHECKS)
@given(st.data())
def test_damaged_bytes_are_refused_or_written_again(
    name: str, data: st.DataObject
) -> None:
    """The same for what is nearly right: a piece cut out, doubled or replaced."""
    samples, check = CHECKS[name]
    raw = data.draw(samples)
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 12)))
    piece = data.draw(st.binary(max_size=3) | st.just(raw[start:end] * 2))
    check(raw[:start] + piece + raw[end:])


@settings(max_examples=40)
@given(st.lists(st.integers(0, 300), max_size=6), st.data())
def test_any_growth_is_the_tree_by_definition(
    batches: list[int], data: st.DataObject
) -> None:
    """Roots, tiles and proofs, whatever the batches."""
    leaves = some_leaves(sum(batches))
    edge, store, stream = Edge.empty(), Store(), StreamingRoot()
    for batch in batches:
        new = leaves[edge.size : edge.size + batch]
        growth = edge.extend(new)
        store.put(growth.tiles)
        stream.extend(new)
        size = growth.edge.size
        root = root_by_definition(leaves[:size]) if size else EMPTY_ROOT
        assert growth.root == stream.root() == root_of(store, size) == root
        assert edge_of(store, size) == growth.edge
        if batch:
            index = data.draw(st.integers(edge.size, size - 1))
            path = growth.inclusion_path(index)
            verify_inclusion(leaves[index], index, size, path, root)
        edge = growth.edge


@settings(max_examples=60)
@given(st.integers(1, 1000), st.data())
def test_any_proof_from_tiles_verifies(size: int, data: st.DataObject) -> None:
    """For any size, leaf and earlier size."""
    leaves = some_leaves(size)
    store = Store()
    growth = Edge.empty().extend(leaves)
    store.put(growth.tiles)
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_path(store, index, size)
    verify_inclusion(leaves[index], index, size, path, growth.root)
    root1 = root_by_definition(leaves[: index + 1])
    proof = consistency_path(store, index + 1, size)
    verify_consistency(index + 1, size, proof, root1, growth.root)
