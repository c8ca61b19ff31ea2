"""A log of five entries: openings, checkpoint, proofs."""

import datetime as dt

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from rogatory.tlog import (
    Checkpoint,
    Delivery,
    DirectoryEntry,
    Entry,
    MessageEntry,
    NoteSigner,
    ProfilesEntry,
    StartEntry,
    TlogProof,
    consistency_path,
    encode_checkpoint_text,
    encode_entry,
    encode_proof,
    from_commitment,
    inbox_commitment,
    inclusion_path,
    leaf_hash,
    root_of_hashes,
    sign_checkpoint,
    to_commitment,
    verify_checkpoint,
)
from tests.vectors.examples.common import (
    ANSWERS,
    ASKS,
    NOW,
    ORIGIN,
    Json,
    chance,
    holds,
)

SIGNERS = (
    NoteSigner.from_ed25519(
        ORIGIN,
        ed25519.Ed25519PrivateKey.from_private_bytes(chance("log, ed25519")),
    ),
    NoteSigner.from_mldsa44(
        ORIGIN, mldsa.MLDSA44PrivateKey.from_seed_bytes(chance("log, ml-dsa-44"))
    ),
)
VKEYS = [signer.verifier_key for signer in SIGNERS]


def openings_of(
    case: str, sender: str, recipient: str
) -> tuple[Json, bytes, list[Delivery]]:
    """Return the openings of an entry, the first of each party, and what they open."""
    salts = {kind: chance(f"{case} {kind}") for kind in ("from", "to", "inbox")}
    made = {
        "from": from_commitment(salts["from"], sender, 1),
        "to": to_commitment(salts["to"], recipient),
        "inbox": inbox_commitment(salts["inbox"], recipient, 1),
    }
    numbers = {"from": 1, "to": 0, "inbox": 1}
    rows = [
        {
            "kind": kind,
            "party": sender if kind == "from" else recipient,
            "salt": salts[kind].hex(),
            "number": numbers[kind],
            "commitment": made[kind].hex(),
        }
        for kind in made
    ]
    return rows, made["from"], [Delivery(made["to"], made["inbox"])]


def make_log(statements: Json, section: Json, messages: Json, kept: Json) -> Json:
    """Return a log of five entries, its checkpoint, and the proof of the request."""
    asked, sender_1, to_1 = openings_of("request", ASKS, ANSWERS)
    answered, sender_2, to_2 = openings_of("report", ANSWERS, ASKS)
    digests = {row["case"]: bytes.fromhex(row["digest"]) for row in messages}
    later = NOW + dt.timedelta(hours=1)
    entries: list[Entry] = [
        StartEntry(NOW, ORIGIN, tuple(VKEYS)),
        DirectoryEntry(NOW, None, bytes.fromhex(statements["directory_digest"])),
        ProfilesEntry(NOW, 1, bytes.fromhex(statements["profiles_digest"])),
        MessageEntry(
            NOW,
            1,
            digests["request"],
            bytes.fromhex(section["sealed_line"]),
            sender_1,
            tuple(to_1),
        ),
        MessageEntry(later, 1, digests["report"], None, sender_2, tuple(to_2)),
    ]
    raw = [encode_entry(entry) for entry in entries]
    leaves = [leaf_hash(each) for each in raw]
    root = root_of_hashes(leaves)

    def tile(_level: int, _index: int, width: int) -> bytes:
        return b"".join(leaves[:width])

    time = int(later.timestamp())
    checkpoint = (kept or {}).get("checkpoint", "").encode()
    text = Checkpoint(ORIGIN, len(raw), root)
    if not holds(lambda: _verify_kept(checkpoint, text, time)):
        checkpoint = sign_checkpoint(text, SIGNERS, time)
    proof = encode_proof(
        TlogProof(3, tuple(inclusion_path(tile, 3, len(raw))), checkpoint)
    )
    return {
        "origin": ORIGIN,
        "vkeys": [key.encode() for key in VKEYS],
        "entries": [each.decode() for each in raw],
        "leaves": [each.hex() for each in leaves],
        "root": root.hex(),
        "openings": {"request": asked, "report": answered},
        "checkpoint_text": encode_checkpoint_text(text).decode(),
        "checkpoint_time": time,
        "ml_dsa_44_message": _cosigned(text, time).hex(),
        "checkpoint": checkpoint.decode(),
        "proof": proof.decode(),
        "consistency_from_3": [
            each.hex() for each in consistency_path(tile, 3, len(raw))
        ],
        "root_of_3": root_of_hashes(leaves[:3]).hex(),
    }


def _verify_kept(raw: bytes, text: Checkpoint, time: int) -> None:
    verified = verify_checkpoint(raw, VKEYS, origin=ORIGIN)
    if verified.checkpoint != text or set(verified.times.values()) != {time}:
        raise ValueError("another checkpoint")


def _cosigned(text: Checkpoint, time: int) -> bytes:
    """Write again what ML-DSA-44 signs, from C2SP tlog-cosignature."""
    name = bytes([len(ORIGIN)]) + ORIGIN.encode()
    numbers = [n.to_bytes(8, "big") for n in (time, 0, text.size)]
    return b"".join(
        [b"subtree/v1\n\0", name, numbers[0], name, *numbers[1:], text.root]
    )
