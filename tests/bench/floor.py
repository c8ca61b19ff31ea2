"""The floor: the least that a durable, signed answer costs, and nothing else.

One Ed25519 verification of the envelope's PAE. Then group commit by leader and
follower: whoever finds nobody writing takes what waits, stores each request whole in
one row, signs the new head with Ed25519 and ML-DSA-44 in the same transaction (SQLite,
WAL, synchronous=FULL), and wakes the others. No tree, no entries, no rules, no
receipts: the root is a hash chain and the answer is the head, padded to a receipt's
length.
"""

import base64
import hashlib
import sqlite3
import threading
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from rogatory.v1 import envelope_pb2, exchange_service_pb2
from tests.bench.load import Counter

_WAL_PAGES = 4_000
"""As the gateway has it."""

_SCHEMA = f"""
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA wal_autocheckpoint={_WAL_PAGES};
CREATE TABLE head (size INTEGER, note BLOB) STRICT;
INSERT INTO head VALUES (0, x'');
CREATE TABLE entry (idx INTEGER PRIMARY KEY, body BLOB) STRICT;
"""


class Verifier:
    """Verifies the one signature of a submitted message."""

    def __init__(self, spki: bytes) -> None:
        """Verify by one Ed25519 key."""
        key = serialization.load_der_public_key(spki)
        assert isinstance(key, ed25519.Ed25519PublicKey)
        self._key = key

    def verify(self, request: bytes) -> None:
        """Verify, or raise InvalidSignature."""
        submit = exchange_service_pb2.SubmitMessageRequest.FromString(request)
        envelope = envelope_pb2.Envelope.FromString(submit.envelope)
        kind, payload = envelope.payload_type.encode(), envelope.payload
        # DSSE v1's PAE, spelled out: the floor must not get slower with our code.
        signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        self._key.verify(envelope.signatures[0].signature, signed)


class _Ticket:
    __slots__ = ("answer", "request", "wake")

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answer = b""
        self.wake = threading.Lock()
        self.wake.acquire()


class FloorLog:
    """An append-only table with a signed head."""

    def __init__(
        self, path: Path, origin: str, answer_bytes: int, batches: Counter
    ) -> None:
        """Create the table in a new file."""
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(_SCHEMA)
        self._origin = origin
        self._keys = (
            ed25519.Ed25519PrivateKey.generate(),
            mldsa.MLDSA44PrivateKey.generate(),
        )
        self._answer_bytes = answer_bytes
        self._batches = batches
        self._root = bytes(32)
        self._size = 0
        self._mutex = threading.Lock()
        self._waiting: list[_Ticket] = []
        self._writing = False

    def append(self, request: bytes) -> bytes:
        """Store a request durably; return the answer."""
        mine = _Ticket(request)
        with self._mutex:
            self._waiting.append(mine)
            leads, self._writing = not self._writing, True
        if not leads:
            mine.wake.acquire()
        if not mine.answer:
            self._lead()
        return mine.answer

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _lead(self) -> None:
        with self._mutex:
            batch, self._waiting = self._waiting, []
        answer = self._commit([ticket.request for ticket in batch])
        self._batches.value += 1  # one leader at a time
        for ticket in batch:
            ticket.answer = answer
            ticket.wake.release()
        with self._mutex:
            self._writing = bool(self._waiting)
            if self._waiting:
                self._waiting[0].wake.release()

    def _commit(self, requests: list[bytes]) -> bytes:
        first, self._size = self._size, self._size + len(requests)
        digest = hashlib.sha256(self._root)
        for request in requests:
            digest.update(request)
        self._root = digest.digest()
        root = base64.b64encode(self._root)
        text = b"%b\n%d\n%b\n" % (self._origin.encode(), self._size, root)
        self._db.execute("BEGIN IMMEDIATE")
        rows = enumerate(requests, first)
        self._db.executemany("INSERT INTO entry VALUES (?, ?)", rows)
        signatures = [base64.b64encode(key.sign(text)) for key in self._keys]
        note = b"\n".join([text, *signatures])
        self._db.execute("UPDATE head SET size = ?, note = ?", (self._size, note))
        self._db.execute("COMMIT")
        return note.ljust(self._answer_bytes, b"\n")
