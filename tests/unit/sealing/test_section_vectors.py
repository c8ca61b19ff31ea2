"""The known answers in `tests/vectors/sealing/`."""

import base64
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rogatory.errors import RogatoryError
from rogatory.sealing import (
    EncryptionPrivateKey,
    SectionContext,
    encode_private_key,
    open_section,
    pad,
    parse_private_key,
    sealed_line_of,
    section_info,
)
from rogatory.v1 import message_pb2, section_pb2

VECTORS = Path(__file__).parents[2] / "vectors"


def _rows(name: str) -> list[dict[str, Any]]:
    rows = json.loads((VECTORS / "sealing" / name).read_text())
    assert isinstance(rows, list)
    return rows


@pytest.mark.parametrize("row", _rows("keys.json"), ids=lambda row: row["case"])
def test_key(row: dict[str, Any]) -> None:
    """Seed, public key, key id and file are those of the vector."""
    key = EncryptionPrivateKey.from_seed(bytes.fromhex(row["seed"]))

    assert key.public_key.hex() == row["public_key"]
    assert key.key_id.hex() == row["key_id"]
    assert encode_private_key(key).decode() == row["file"]
    assert parse_private_key(row["file"].encode()) == key


def test_keys_are_those_of_the_x_wing_draft() -> None:
    """The public key of the draft's first test vector, by its SHA3-256."""
    row = next(r for r in _rows("keys.json") if r["case"] == "x_wing_draft")
    assert row["seed"] == hashlib.shake_128(b"").hexdigest(32)

    public = EncryptionPrivateKey.from_seed(bytes.fromhex(row["seed"])).public_key

    assert hashlib.sha3_256(public).hexdigest() == (
        "5121745904643ad9dfacca7869292c19a8a69533b53e60666b7db910b4ad6367"
    )


@pytest.mark.parametrize("row", _rows("padding.json"), ids=lambda r: str(r["length"]))
def test_padding(row: dict[str, Any]) -> None:
    """Size and bytes of the padded form are those of the vector."""
    padded = pad(b"a" * row["length"])

    assert len(padded) == row["size"]
    assert hashlib.sha256(padded).hexdigest() == row["sha256"]


@pytest.mark.parametrize("row", _rows("sealed.json"), ids=lambda r: len(r["digests"]))
def test_sealed_line(row: dict[str, Any]) -> None:
    """The entry's `sealed` value is that of the vector."""
    line = sealed_line_of([bytes.fromhex(digest) for digest in row["digests"]])

    assert (None if line is None else line.hex()) == row["sealed"]


@pytest.mark.parametrize("row", _rows("sections.json"), ids=lambda row: row["case"])
def test_section(row: dict[str, Any]) -> None:
    """A ciphertext that we did not make opens, or fails in the way that it must."""
    key = EncryptionPrivateKey.from_seed(bytes.fromhex(row["seed"]))
    context = SectionContext(row["origin"], row["exchange_id"], row["message_id"])
    told = row["commitment"]
    commitment = message_pb2.SectionCommitment(
        name=told["name"],
        audience=told["audience"],
        size=told["size"],
        commitment=bytes.fromhex(told["commitment"]),
    )
    box = section_pb2.SealedSection(
        section=told["name"],
        party=row["party"],
        key_id=bytes.fromhex(row["key_id"]),
        ciphertext=base64.b64decode(row["ciphertext"]),
    )
    assert key.key_id == box.key_id

    if row["result"] != "OK":
        with pytest.raises(RogatoryError) as caught:
            open_section(commitment, [box], [key], party=row["party"], context=context)
        assert caught.value.reason == row["result"]
        return
    opened = open_section(commitment, [box], [key], party=row["party"], context=context)

    assert opened.content.hex() == row["content"]
    assert opened.salt.hex() == row["salt"]
    info = section_info(context, box.section, box.party, box.key_id)
    assert info.hex() == row["hpke_info"]


def test_names_of_failing_cases_say_so() -> None:
    """A stranger can tell from the name whether a case must fail."""
    for row in _rows("sections.json"):
        assert row["case"].endswith("_fail") == (row["result"] != "OK")


def test_the_script_makes_the_same_files_again(tmp_path: Path) -> None:
    """The vectors are what the committed script makes, byte for byte."""
    script = VECTORS / "make_sealing_vectors.py"

    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)

    committed = {p.name: p.read_bytes() for p in (VECTORS / "sealing").glob("*.json")}
    assert committed == {p.name: p.read_bytes() for p in tmp_path.iterdir()}
