"""The known answers in `tests/vectors/tlog`, made without our code."""

import base64
import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from rogatory.errors import InputError
from rogatory.tlog import (
    FromOpening,
    InboxOpening,
    KeyType,
    ToOpening,
    VerifierKey,
    encode_entry,
    encode_proof,
    leaf_hash,
    parse_entry,
    parse_proof,
    root_of_hashes,
    sealed_digest,
    verify_consistency,
    verify_inclusion,
    verify_log,
    verify_proof,
)

FOLDER = Path(__file__).parents[2] / "vectors" / "tlog"
ENTRIES = sorted((FOLDER / "entries").iterdir())


def load(name: str) -> Any:  # noqa: ANN401 -- JSON
    """Return what a JSON file holds."""
    return json.loads((FOLDER / name).read_text())


def decoded(values: list[str]) -> list[bytes]:
    """Decode a list of base64."""
    return [base64.b64decode(value) for value in values]


KEYS = [VerifierKey.parse(row["vkey"]) for row in load("keys.json")]
LOG_KEYS, WITNESS = KEYS[:2], KEYS[2]
TREES = load("trees.json")
LEAVES = [leaf_hash(b"leaf %d" % number) for number in range(70_000)]


def test_the_script_makes_these_files() -> None:
    """Nothing here is edited by hand."""
    script = runpy.run_path(str(FOLDER.parent / "make_tlog_vectors.py"))
    made: dict[str, bytes] = script["make"](FOLDER)
    found = {
        str(path.relative_to(FOLDER)): path.read_bytes()
        for path in FOLDER.rglob("*")
        if path.is_file() and path.name not in {"README.md", ".gitattributes"}
    }
    assert made.keys() == found.keys()
    assert [name for name in made if made[name] != found[name]] == []


def test_keys_have_the_types_and_seeds_they_say() -> None:
    """Two of the log, one of a witness."""
    assert [key.type for key in KEYS] == [
        KeyType.ED25519,
        KeyType.MLDSA44,
        KeyType.ED25519_COSIGNATURE,
    ]


@pytest.mark.parametrize("size", TREES["roots"])
def test_roots(size: str) -> None:
    """The root over the first leaves."""
    root = root_of_hashes(LEAVES[: int(size)])
    assert base64.b64encode(root).decode() == TREES["roots"][size]


def test_inclusion_proofs() -> None:
    """Each leaf of the listed tree."""
    size = TREES["size"]
    root = root_of_hashes(LEAVES[:size])
    for index, path in enumerate(TREES["inclusion"]):
        verify_inclusion(LEAVES[index], index, size, decoded(path), root)


def test_consistency_proofs() -> None:
    """Each earlier size of the listed tree."""
    size = TREES["size"]
    root = root_of_hashes(LEAVES[:size])
    for size1, path in enumerate(TREES["consistency"], 1):
        root1 = root_of_hashes(LEAVES[:size1])
        verify_consistency(size1, size, decoded(path), root1, root)


@pytest.mark.parametrize("row", load("commitments.json")["commitments"])
def test_commitments(row: dict[str, str]) -> None:
    """Each opening commits to what it should."""
    salt = base64.b64decode(row["salt"])
    opening: FromOpening | ToOpening | InboxOpening
    match row["kind"]:
        case "from":
            opening = FromOpening(salt, row["party"], int(row["count"]))
        case "to":
            opening = ToOpening(salt, row["party"])
        case _:
            opening = InboxOpening(salt, row["party"], int(row["count"]))
    assert base64.b64encode(opening.commitment()).decode() == row["commitment"]


def test_sealed_digest() -> None:
    """The digest of a list of ciphertexts, one of them empty."""
    sealed = load("commitments.json")["sealed"]
    digest = sealed_digest(decoded(sealed["ciphertexts"]))
    assert base64.b64encode(digest).decode() == sealed["digest"]


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.name)
def test_entry(path: Path) -> None:
    """An entry is read and written as it is, or refused as its name says."""
    raw = path.read_bytes()
    if path.name.endswith("_fail"):
        with pytest.raises(InputError):
            parse_entry(raw)
    else:
        assert encode_entry(parse_entry(raw)) == raw


def fetch(path: str) -> bytes:
    """Read a file of the served log."""
    return (FOLDER / "log" / path).read_bytes()


def test_the_served_log_verifies() -> None:
    """Its entries are those of `entries/`."""
    seen: list[bytes] = []
    verified = verify_log(fetch, LOG_KEYS, on_entry=lambda _, raw: seen.append(raw))
    assert verified.entries == 8
    accepted = {p.read_bytes() for p in ENTRIES if not p.name.endswith("_fail")}
    assert set(seen) < accepted


def test_the_proof_verifies() -> None:
    """With both keys of the log, and the witness's signature."""
    raw = (FOLDER / "message.tlog-proof").read_bytes()
    entry = (FOLDER / "entries" / "message").read_bytes()
    verified = verify_proof(raw, entry, LOG_KEYS, witnesses=[WITNESS])
    assert verified.index == 3
    assert verified.checkpoint.signers == tuple(KEYS)
    assert set(verified.checkpoint.times.values()) == {1_795_395_723}
    assert encode_proof(parse_proof(raw)) == raw
