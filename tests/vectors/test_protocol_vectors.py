"""The worked examples of docs/protocol.md, three ways.

The script makes these very files; a reader that has only docs/protocol.md, SHA-256 and
the signature algorithms comes to the same answers; our code gives the stated reasons.
And the blocks in docs/protocol.md are the bytes in the files.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from rogatory.directory import Directory, ProfileSet, apply_profiles, apply_statement
from rogatory.envelope import (
    VerificationKey,
    parse_envelope,
    parse_payload,
    verify_fields,
    verify_message,
)
from rogatory.errors import RogatoryError
from rogatory.receipts import verify_receipt
from rogatory.sealing import EncryptionPrivateKey, SectionContext, open_section
from rogatory.tlog import VerifierKey
from rogatory.v1 import message_pb2, receipt_pb2, section_pb2
from tests.vectors.make_protocol_examples import encode, make

FOLDER = Path(__file__).parent / "protocol"
PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"


def load(name: str) -> Any:  # noqa: ANN401 -- JSON
    """Return what a file holds."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def un(text: str) -> bytes:
    """Decode hex."""
    return bytes.fromhex(text)


def sha256(*parts: bytes) -> bytes:
    """Hash parts as one."""
    return hashlib.sha256(b"".join(parts)).digest()


def case(rows: list[Any], name: str) -> Any:  # noqa: ANN401 -- JSON
    """Return a row by its case."""
    return next(row for row in rows if row["case"] == name)


def test_the_script_makes_these_files() -> None:
    """Nothing here is edited by hand, and nothing is left over."""
    made = {f"{name}.json": encode(content) for name, content in make(FOLDER).items()}

    found = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    assert found == made


# --- a stranger reads -----------------------------------------------------------------


def fields(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (number, value) of length-delimited fields; the examples have no others."""
    at = 0
    while at < len(raw):
        number, wire = raw[at] >> 3, raw[at] & 7
        assert wire == 2
        at, size, shift = at + 1, 0, 0
        while True:
            byte = raw[at]
            size, shift, at = size | (byte & 0x7F) << shift, shift + 7, at + 1
            if not byte & 0x80:
                break
        yield number, raw[at : at + size]
        at += size


def pae(kind: bytes, payload: bytes) -> bytes:
    """Part 4.2."""
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@pytest.mark.parametrize("row", load("pae"), ids=lambda row: row["case"])
def test_a_stranger_computes_pae(row: Any) -> None:  # noqa: ANN401 -- JSON
    """Lengths count bytes, not characters."""
    assert pae(row["payload_type"].encode(), un(row["payload"])) == un(row["pae"])


@pytest.mark.parametrize("row", load("messages"), ids=lambda row: row["case"])
def test_a_stranger_verifies_an_envelope(row: Any) -> None:  # noqa: ANN401 -- JSON
    """Parts 3.1, 4.1 and 4.2 are enough to verify who signed what."""
    raw = un(row["envelope"])
    (_, payload), (_, kind), (_, pair) = fields(raw)
    (_, key_id), (_, signature) = fields(pair)

    assert sha256(raw) == un(row["digest"])
    assert (payload, key_id) == (un(row["payload"]), sha256(un(row["spki"])))
    key = load_der_public_key(un(row["spki"]))
    assert isinstance(key, Ed25519PublicKey)
    key.verify(signature, pae(kind, payload))


def test_a_stranger_computes_the_directory_root() -> None:
    """Part 13.1: RFC 6962 over the records sorted by key."""
    statements = load("statements")
    rows = sorted(statements["records"], key=lambda row: row["key"].encode())

    level = [sha256(b"\0", un(row["record"])) for row in rows]
    assert [row["leaf"] for row in statements["records"]] == [h.hex() for h in level]
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [sha256(b"\1", *pair) if len(pair) == 2 else pair[0] for pair in pairs]
    assert level[0] == un(statements["root"])


def test_a_stranger_computes_commitment_info_and_sealed() -> None:
    """Parts 8.1 to 8.3."""
    row = load("section")
    content, label = un(row["content"]), b"rogatory/v1/section\n"

    padded = (len(content).to_bytes(4, "big") + content).ljust(1024, b"\0")
    assert padded == un(row["padded"])
    assert sha256(label, un(row["salt"]), padded) == un(row["commitment"])
    for box in row["sealed"]:
        names = [row["origin"], row["exchange_id"], row["message_id"], "items"]
        parts = [*(name.encode() for name in (*names, box["party"])), un(box["key_id"])]
        info = label + b"".join(len(p).to_bytes(2, "big") + p for p in parts)
        assert info == un(box["info"])
        assert len(un(box["ciphertext"])) == 1168 + row["size"]
    digests = [sha256(un(box["ciphertext"])) for box in row["sealed"]]
    assert [box["ciphertext_sha256"] for box in row["sealed"]] == [
        digest.hex() for digest in digests
    ]
    assert sha256(b"rogatory/v1/sealed\n", *digests) == un(row["sealed_line"])


def test_a_stranger_verifies_a_receipt() -> None:
    """Part 12.1, step by step, as the sender of the request."""
    log, entry = load("log"), load("log")["entries"][3].encode()
    head, checkpoint = log["proof"].encode().split(b"\n\n", 1)
    magic, index_line, *path = head.split(b"\n")
    assert (magic, index_line) == (b"c2sp.org/tlog-proof@v1", b"index 3")
    text, signatures = checkpoint.split(b"\n\n", 1)
    origin, size, root = text.split(b"\n")
    blobs = [base64.b64decode(line.split(b" ")[2]) for line in signatures.splitlines()]
    keys = [vkey.split("+", 2) for vkey in log["vkeys"]]
    publics = [base64.b64decode(material) for _, _, material in keys]

    # 2 and 4: the path from the leaf to the root.
    below, left, right = (base64.b64decode(line) for line in path)
    leaf = sha256(b"\0", entry)
    node = sha256(b"\1", left, sha256(b"\1", below, leaf))
    assert sha256(b"\1", node, right) == base64.b64decode(root) == un(log["root"])
    # 3: the checkpoint's two signatures, each by the key that its id names.
    for (name, key_id, _), public, blob in zip(keys, publics, blobs, strict=True):
        assert name.encode() == origin == b"gateway.example/log"
        assert blob[:4].hex() == key_id == sha256(origin, b"\n", public)[:4].hex()
    ed25519 = Ed25519PublicKey.from_public_bytes(publics[0].removeprefix(b"\x01"))
    ed25519.verify(blobs[0][4:], text + b"\n")
    name = bytes([len(origin)]) + origin
    time, signature = blobs[1][4:12], blobs[1][12:]
    signed = b"subtree/v1\n\0" + name + time + name + bytes(8)
    signed += int(size).to_bytes(8, "big") + base64.b64decode(root)
    assert signed == un(log["ml_dsa_44_message"])
    ml_dsa = MLDSA44PublicKey.from_public_bytes(publics[1].removeprefix(b"\x06"))
    ml_dsa.verify(signature, signed)
    # 5 and 6: the entry is that of these bytes.
    lines = dict(line.split(" ", 1) for line in entry.decode().splitlines()[1:])
    envelope = un(case(load("messages"), "request")["envelope"])
    assert base64.b64decode(lines["digest"]) == sha256(envelope)
    assert base64.b64decode(lines["sealed"]) == un(load("section")["sealed_line"])
    # 8: the openings.
    for opening in log["openings"]["request"]:
        kind, party = opening["kind"], opening["party"].encode()
        count = b"" if kind == "to" else opening["number"].to_bytes(8, "big")
        label = f"rogatory/v1/{kind}\n".encode()
        named = bytes([len(party)]) + party
        committed = sha256(label, un(opening["salt"]), named, count)
        assert committed == un(opening["commitment"]) == base64.b64decode(lines[kind])


# --- our code reads -------------------------------------------------------------------


@pytest.mark.parametrize("row", load("signatures"), ids=lambda row: row["case"])
def test_signature(row: Any) -> None:  # noqa: ANN401 -- JSON
    """A signature verifies, or fails with the reason that is stated."""
    key = VerificationKey.parse(un(row["spki"]))

    if row["result"] == "OK":
        key.verify(un(row["message"]), un(row["signature"]), thing="vector")
        return
    with pytest.raises(RogatoryError) as caught:
        key.verify(un(row["message"]), un(row["signature"]), thing="vector")
    assert caught.value.reason == row["result"]


@pytest.mark.parametrize("row", load("envelopes"), ids=lambda row: row["case"])
def test_envelope(row: Any) -> None:  # noqa: ANN401 -- JSON
    """An envelope parses, or fails with the reason that is stated."""
    raw = un(row["envelope"])

    assert sha256(raw).hex() == row["digest"]
    if row["result"] == "OK":
        assert parse_envelope(raw).payload == b"hello"
        return
    with pytest.raises(RogatoryError) as caught:
        parse_envelope(raw)
    assert caught.value.reason == row["result"]


def well_formed(payload: bytes) -> message_pb2.Message:
    """Parse a payload and hold its fields to their rules."""
    message = parse_payload(payload, message_pb2.Message, thing="message")
    verify_fields(message)
    return message


@pytest.mark.parametrize("row", load("payloads"), ids=lambda row: row["case"])
def test_payload(row: Any) -> None:  # noqa: ANN401 -- JSON
    """A payload is well formed, or fails with the reason that is stated."""
    if row["result"] == "OK":
        request = case(load("payloads"), "request")["payload"]
        assert well_formed(un(row["payload"])) == well_formed(un(request))
        return
    with pytest.raises(RogatoryError) as caught:
        well_formed(un(row["payload"]))
    assert caught.value.reason == row["result"]


@pytest.mark.parametrize("name", ["signatures", "envelopes", "payloads"])
def test_names_of_failing_cases_say_so(name: str) -> None:
    """A stranger can tell from the name whether a case must fail."""
    for row in load(name):
        assert row["case"].endswith("_fail") == (row["result"] != "OK")


def test_statements_messages_and_receipt_hold_together() -> None:
    """The whole example passes our own verification, from trust anchor to section."""
    statements, section, log = load("statements"), load("section"), load("log")
    origin = statements["origin"]
    directory = apply_statement(
        Directory(origin), un(statements["directory_envelope"]), 1
    )
    profiles = apply_profiles(
        ProfileSet(origin), directory, un(statements["profiles_envelope"]), 2
    )
    assert profiles.profiles["XX.REMOVAL"].digest == un(statements["profile_digest"])
    envelope = un(case(load("messages"), "request")["envelope"])
    message = verify_message(parse_envelope(envelope), directory.keys_of)
    kinds = {"from": 1, "to": 2, "inbox": 3}
    receipt = receipt_pb2.Receipt(
        entry=log["entries"][3].encode(),
        proof=log["proof"].encode(),
        openings=[
            receipt_pb2.Opening(
                kind=receipt_pb2.OpeningKind.ValueType(kinds[row["kind"]]),
                party=row["party"],
                salt=un(row["salt"]),
                number=row["number"],
            )
            for row in log["openings"]["request"]
        ],
    )

    verified = verify_receipt(
        receipt,
        envelope=envelope,
        header=message.header,
        sealed_digests=[un(box["ciphertext_sha256"]) for box in section["sealed"]],
        party="example-messenger",
        role="recipient",
        keys=[VerifierKey.parse(vkey) for vkey in log["vkeys"]],
        origin=origin,
    )
    assert (verified.index, verified.number) == (3, 1)
    seeds = {row["party"]: un(row["seed"]) for row in load("keys")["encryption"]}
    for box in section["sealed"]:
        opened = open_section(
            message.header.sections[0],
            [
                section_pb2.SealedSection(
                    section="items",
                    party=box["party"],
                    key_id=un(box["key_id"]),
                    ciphertext=un(box["ciphertext"]),
                )
            ],
            [EncryptionPrivateKey.from_seed(seeds[box["party"]])],
            party=box["party"],
            context=SectionContext(
                origin, section["exchange_id"], section["message_id"]
            ),
        )
        assert opened.content == un(section["content"])


# --- docs/protocol.md -----------------------------------------------------------------

_BLOCK = re.compile(
    r"<!-- vector: ([^ ]+) -->\n *```(hex|text)\n(.*?)\n *```", re.DOTALL
)
BLOCKS: list[tuple[str, str, str]] = _BLOCK.findall(PROTOCOL.read_text("utf-8"))


def value_at(path: str) -> str:
    """Return the value that a block names: by keys, indices, or what names a row."""
    file, *steps = path.split("/")
    value: Any = load(file.removesuffix(".json"))
    for step in steps:
        if isinstance(value, dict):
            value = value[step]
        elif step.isdecimal():
            value = value[int(step)]
        else:
            names = ("case", "party") if "section" in path else ("case", "kind")
            value = next(
                row for row in value if step in {row.get(name) for name in names}
            )
    assert isinstance(value, str)
    return value


@pytest.mark.parametrize(("path", "kind", "block"), BLOCKS, ids=[b[0] for b in BLOCKS])
def test_blocks_of_the_protocol_are_the_vectors(
    path: str, kind: str, block: str
) -> None:
    """What a reader sees is what the code computed; `…` stands for any part."""
    lines = [line.strip() for line in block.splitlines()]
    shown = "".join("".join(lines).split()) if kind == "hex" else "\n".join(lines)
    value = value_at(path) if kind == "hex" else value_at(path).removesuffix("\n")

    pattern = ".*".join(re.escape(part) for part in shown.split("…"))
    assert re.fullmatch(pattern, value, re.DOTALL if kind == "hex" else 0), path


def test_every_hex_block_of_the_protocol_is_a_vector() -> None:
    """No example is written by hand."""
    assert PROTOCOL.read_text("utf-8").count("```hex") == sum(
        kind == "hex" for _, kind, _ in BLOCKS
    )
    assert len(BLOCKS) > 20
