"""Make the known answers in `tests/vectors/tlog/`.

    python tests/vectors/make_tlog_vectors.py [FOLDER]

Nothing of Rogatory is imported: trees are written again from RFC 6962 by recursion,
notes, checkpoints, tiles and proofs from the C2SP specifications, entries and
commitments from docs/protocol.md. Only SHA-256, Ed25519 and ML-DSA-44 are a library's.

The library signs ML-DSA-44 with fresh randomness each time. So that the files stay as
they are, a signature that is already in the folder is kept while it verifies.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

ORIGIN = "log.example/rogatory"
TIME = 1_795_395_723  # 2026-11-23T01:02:03Z
ED25519_SEED = bytes(range(32))
MLDSA44_SEED = bytes(range(32, 64))
COSIGNER_SEED = bytes(range(64, 96))
TREE_SIZES = [*range(18), 255, 256, 257, 300, 65_535, 65_536, 65_537, 70_000]
LISTED_SIZE = 20

Files = dict[str, bytes]


def b64(raw: bytes) -> str:
    """Write standard base64."""
    return base64.b64encode(raw).decode()


def sha256(*parts: bytes) -> bytes:
    """Hash parts as one."""
    return hashlib.sha256(b"".join(parts)).digest()


def u64(number: int) -> bytes:
    """Write eight bytes, the highest first."""
    return number.to_bytes(8, "big")


# --- trees (RFC 6962 section 2.1) -----------------------------------------------------


def split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def mth(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    k = split(len(leaves))
    return sha256(b"\x01", mth(leaves[:k]), mth(leaves[k:]))


def path(m: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return the audit path of leaf `m` (section 2.1.1)."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m: int, leaves: Sequence[bytes], *, whole: bool) -> list[bytes]:
    """Return the consistency proof from `m` leaves (section 2.1.2)."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def make_trees() -> Files:
    """Make roots of some sizes, and all proofs of one."""
    leaves = [sha256(b"\x00leaf %d" % n) for n in range(max(TREE_SIZES))]
    few = leaves[:LISTED_SIZE]
    content = {
        "leaf": "the ASCII bytes of 'leaf <n>', n from 0 without leading zeros",
        "roots": {str(size): b64(mth(leaves[:size])) for size in TREE_SIZES},
        "size": LISTED_SIZE,
        "inclusion": [
            [b64(each) for each in path(index, few)] for index in range(LISTED_SIZE)
        ],
        "consistency": [
            [b64(each) for each in subproof(size, few, whole=True)]
            for size in range(1, LISTED_SIZE + 1)
        ],
    }
    return {"trees.json": as_json(content)}


# --- keys and notes (signed-note, tlog-cosignature) -----------------------------------


class Signer:
    """A key with its name, and the signature it gives a checkpoint."""

    def __init__(self, name: str, kind: int, seed: bytes) -> None:
        self.name, self.kind, self.seed = name, kind, seed
        self.private = (
            MLDSA44PrivateKey.from_seed_bytes(seed)
            if kind == 6
            else Ed25519PrivateKey.from_private_bytes(seed)
        )
        self.public = self.private.public_key().public_bytes_raw()
        material = bytes([kind]) + self.public
        self.key_id = sha256(name.encode(), b"\n", material)[:4]
        self.vkey = f"{name}+{self.key_id.hex()}+{b64(material)}"

    def message(self, origin: str, size: int, root: bytes, text: bytes) -> bytes:
        """Return what this key signs for a checkpoint."""
        if self.kind == 1:
            return text
        if self.kind == 4:
            return b"cosignature/v1\ntime %d\n" % TIME + text
        name, log = self.name.encode(), origin.encode()
        return b"".join(
            [
                b"subtree/v1\n\x00",
                bytes([len(name)]),
                name,
                u64(TIME),
                bytes([len(log)]),
                log,
                u64(0),
                u64(size),
                root,
            ]
        )

    def line(self, message: bytes, kept: bytes) -> str:
        """Return the signature line, with the kept signature if it is still right."""
        signature = kept if self.holds(kept, message) else self.private.sign(message)
        stamp = b"" if self.kind == 1 else u64(TIME)
        return f"— {self.name} {b64(self.key_id + stamp + signature)}\n"

    def holds(self, signature: bytes, message: bytes) -> bool:
        """Tell whether a signature verifies."""
        try:
            self.private.public_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True


SIGNERS = [
    Signer(ORIGIN, 1, ED25519_SEED),
    Signer(ORIGIN, 6, MLDSA44_SEED),
    Signer("witness.example/w1", 4, COSIGNER_SEED),
]


def make_keys() -> Files:
    """Make the keys: log, log, witness."""
    rows = [
        {
            "name": each.name,
            "type": each.kind,
            "seed": each.seed.hex(),
            "vkey": each.vkey,
        }
        for each in SIGNERS
    ]
    return {"keys.json": as_json(rows)}


def make_checkpoint(size: int, root: bytes, kept: bytes) -> bytes:
    """Sign a checkpoint with all three keys."""
    text = f"{ORIGIN}\n{size}\n{b64(root)}\n".encode()
    kept_lines = kept.decode().splitlines()[4:] or [""] * len(SIGNERS)
    note = text.decode() + "\n"
    for signer, line in zip(SIGNERS, kept_lines, strict=True):
        # Key id and timestamp, then the signature; type 01 has no timestamp.
        old = base64.b64decode(line.rpartition(" ")[2])[12:]
        message = signer.message(ORIGIN, size, root, text)
        note += signer.line(message, old if signer.kind == 6 else b"")
    return note.encode()


# --- commitments and entries ----------------------------------------------------------


def commitment(label: str, salt: bytes, party: str, count: int | None) -> bytes:
    """Commit to a party and, where there is one, a count."""
    name = party.encode()
    tail = b"" if count is None else u64(count)
    return sha256(label.encode(), salt, bytes([len(name)]), name, tail)


COMMITMENTS: list[tuple[str, bytes, str, int | None]] = [
    ("from", b"\x01" * 32, "xx-police", 17),
    ("to", b"\x02" * 32, "yy-platform", None),
    ("inbox", b"\x03" * 32, "yy-platform", 5),
    ("to", b"\x04" * 32, "zz-ngo", None),
    ("inbox", b"\x05" * 32, "zz-ngo", 0),
    ("inbox", bytes(range(32)), "p" * 255, 2**64 - 1),
]
CIPHERTEXTS = [b"ciphertext 1", b"", b"ciphertext 3"]
SEALED = sha256(b"rogatory/v1/sealed\n", *(sha256(each) for each in CIPHERTEXTS))
COMMITTED = [
    commitment(f"rogatory/v1/{kind}\n", salt, party, count)
    for kind, salt, party, count in COMMITMENTS
]


def make_commitments() -> Files:
    """Make commitments and a digest of ciphertexts."""
    rows = [
        {
            "kind": kind,
            "salt": b64(salt),
            "party": party,
            "count": None if count is None else str(count),
            "commitment": b64(value),
        }
        for (kind, salt, party, count), value in zip(
            COMMITMENTS, COMMITTED, strict=True
        )
    ]
    sealed = {"ciphertexts": [b64(each) for each in CIPHERTEXTS], "digest": b64(SEALED)}
    return {"commitments.json": as_json({"commitments": rows, "sealed": sealed})}


def entry(kind: str, *lines: str, directory: int | None = None) -> bytes:
    """Write an entry."""
    head = ["rogatory-entry/v1", f"kind {kind}", "time 2026-11-23T01:02:03Z"]
    if directory is not None:
        head.append(f"directory {directory}")
    return "".join(f"{line}\n" for line in [*head, *lines]).encode()


DIGEST = f"digest {b64(sha256(b'an envelope'))}"
VKEYS = [f"vkey {signer.vkey}" for signer in SIGNERS[:2]]
DELIVERIES = [
    f"{word} {b64(value)}"
    for word, value in zip(["to", "inbox"] * 2, COMMITTED[1:5], strict=True)
]
ENTRIES = {
    "start": entry("start", f"origin {ORIGIN}", *VKEYS),
    "directory": entry("directory", DIGEST),
    "profiles": entry("profiles", DIGEST, directory=1),
    "message": entry(
        "message",
        DIGEST,
        f"sealed {b64(SEALED)}",
        f"from {b64(COMMITTED[0])}",
        *DELIVERIES,
        directory=1,
    ),
    "message-unsealed": entry(
        "message", DIGEST, f"from {b64(COMMITTED[0])}", *DELIVERIES[:2], directory=1
    ),
    "access": entry("access", DIGEST, f"from {b64(COMMITTED[0])}", directory=1),
    "erasure": entry(
        "erasure",
        DIGEST,
        "indices 3-3",
        "indices 4-5",
        "class content",
        "rule XX.TEST.2",
        "due 2026-10-31T23:59:59Z",
        directory=1,
    ),
    "end": entry("end", "successor next.example/log", *VKEYS, directory=1),
    "start-successor": entry(
        "start",
        "origin next.example/log",
        *VKEYS,
        f"previous {ORIGIN} 8 {b64(sha256(b'a root'))}",
    ),
}
SERVED = list(ENTRIES)[:-1]
ERASURE, MESSAGE = ENTRIES["erasure"], ENTRIES["message"]
PADDING = MESSAGE.index(b"=\nsealed") - 1  # the character that carries two unused bits
REFUSED = {
    "crlf": MESSAGE.replace(b"\n", b"\r\n"),
    "empty": b"",
    "erasure-indices-overlap": ERASURE.replace(b"4-5", b"3-5"),
    "erasure-indices-reversed": ERASURE.replace(b"4-5", b"5-4"),
    "erasure-rule-in-lowercase": ERASURE.replace(b"XX.TEST", b"xx.test"),
    "extra-empty-line": MESSAGE + b"\n",
    "extra-line": MESSAGE + b"note unknown\n",
    "hash-with-padding-bits": MESSAGE[:PADDING] + b"9" + MESSAGE[PADDING + 1 :],
    "hash-without-padding": MESSAGE.replace(b"=\nsealed", b"\nsealed"),
    "header-of-v2": MESSAGE.replace(b"entry/v1", b"entry/v2"),
    "index-with-leading-zero": MESSAGE.replace(b"directory 1", b"directory 01"),
    "lines-out-of-order": entry(
        "message", f"from {b64(COMMITTED[0])}", DIGEST, *DELIVERIES[:2], directory=1
    ),
    "message-without-recipient": entry("message", DIGEST, f"from {b64(COMMITTED[0])}"),
    "nine-recipients": entry(
        "message", DIGEST, f"from {b64(COMMITTED[0])}", *DELIVERIES[:2] * 9, directory=1
    ),
    "no-last-newline": MESSAGE[:-1],
    "start-with-directory": entry("start", f"origin {ORIGIN}", *VKEYS, directory=0),
    "start-with-one-key": entry("start", f"origin {ORIGIN}", *VKEYS[:1]),
    "start-with-one-key-twice": entry("start", f"origin {ORIGIN}", *VKEYS[:1] * 2),
    "time-in-1999": MESSAGE.replace(b"time 2026", b"time 1999"),
    "time-not-in-the-calendar": MESSAGE.replace(b"11-23T", b"11-31T"),
    "time-with-fraction": MESSAGE.replace(b"03Z", b"03.0Z"),
    "to-without-inbox": MESSAGE + DELIVERIES[0].encode() + b"\n",
    "too-long": MESSAGE + b"x" * 4096 + b"\n",
    "two-spaces": MESSAGE.replace(b"kind ", b"kind  "),
    "unknown-kind": MESSAGE.replace(b"kind message", b"kind rumour"),
}


def make_entries() -> Files:
    """Make entries that are accepted, and entries that must be refused."""
    files = {f"entries/{name}": raw for name, raw in ENTRIES.items()}
    return files | {f"entries/{name}_fail": raw for name, raw in REFUSED.items()}


# --- a served log, and a proof from it ------------------------------------------------


def make_log(kept: bytes) -> Files:
    """Make a log of eight entries (tlog-tiles), and the proof of one (tlog-proof)."""
    entries = [ENTRIES[name] for name in SERVED]
    leaves = [sha256(b"\x00", each) for each in entries]
    checkpoint = make_checkpoint(len(entries), mth(leaves), kept)
    index = SERVED.index("message")
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}"]
    lines += [b64(each) for each in path(index, leaves)]
    head = "".join(f"{line}\n" for line in lines).encode()
    bundle = b"".join(len(each).to_bytes(2, "big") + each for each in entries)
    return {
        "log/checkpoint": checkpoint,
        f"log/tile/0/000.p/{len(entries)}": b"".join(leaves),
        f"log/tile/entries/000.p/{len(entries)}": bundle,
        "message.tlog-proof": head + b"\n" + checkpoint,
    }


def as_json(content: object) -> bytes:
    """Write JSON for people and machines."""
    return (json.dumps(content, indent=1) + "\n").encode()


def make(folder: Path) -> Files:
    """Return all files by their path below the folder."""
    kept = folder / "log" / "checkpoint"
    log = make_log(kept.read_bytes() if kept.exists() else b"")
    return make_trees() | make_keys() | make_commitments() | make_entries() | log


def main() -> None:
    """Write all files."""
    here = Path(__file__).parent / "tlog"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else here
    for name, raw in make(folder).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(raw)


if __name__ == "__main__":
    main()
