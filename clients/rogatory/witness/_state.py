"""What a witness remembers: one SQLite file, written before any answer.

    identity    the witness's vkeys: a state belongs to its keys
    logs        origin, vkeys, whether all of them must sign
    cosigned    per origin: size, root, time, note of the last cosigned checkpoint
    evidence    checkpoints that contradict a cosigned one, with that one

WAL with synchronous=FULL: what `advance` returned is on the disk. Look and write are
one BEGIN IMMEDIATE transaction, so also two processes on one file never roll it back.
A state is made by `create` only: a witness that lost its state must not begin anew
under the same keys, or it would cosign a fork of what it cosigned before.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rogatory.errors import ConfigInvalid, LimitExceeded, StoreExists
from rogatory.tlog import Note, Signature, VerifierKey, encode_note
from rogatory.witness._deciding import KnownLog, Offer, Refuse, Stored, decide

MAX_EVIDENCE = 1_000
"""Rows kept of each log and kind: only the log can make a fork, but anybody can send
one of its checkpoints with a wrong proof."""

MAX_KEYS = 32
"""Of one log; its signatures and ours must fit into one note."""

BUSY_S = 5.0
"""How long a transaction waits for another process."""

_SCHEMA = """
CREATE TABLE identity (vkey TEXT PRIMARY KEY) STRICT;
CREATE TABLE logs (
    origin TEXT PRIMARY KEY,
    vkeys TEXT NOT NULL,
    require_all INTEGER NOT NULL
) STRICT;
CREATE TABLE cosigned (
    origin TEXT PRIMARY KEY REFERENCES logs,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    time INTEGER NOT NULL,
    note BLOB NOT NULL
) STRICT;
CREATE TABLE evidence (
    id INTEGER PRIMARY KEY,
    origin TEXT NOT NULL,
    kind TEXT NOT NULL,
    size INTEGER NOT NULL,
    root BLOB NOT NULL,
    time INTEGER NOT NULL,
    held BLOB NOT NULL,
    offered BLOB NOT NULL,
    UNIQUE (origin, kind, size, root)
) STRICT;
PRAGMA user_version = 1;
"""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """A checkpoint of a log that contradicts one that was cosigned."""

    number: int
    origin: str
    kind: str
    """`fork` or `unproven`; see `Refuse.evidence`."""
    size: int
    root: bytes
    time: int
    """When it came."""
    held: bytes
    """The cosigned checkpoint that it contradicts; empty if there was none."""
    offered: bytes
    """The checkpoint, with the log's verified signatures."""


class WitnessState:
    """The state of one witness; usable by any number of threads."""

    def __init__(self, path: Path) -> None:
        """Open the state that `create` made.

        Raises:
            ConfigInvalid: There is none, or it is of another version.
        """
        self._lock = threading.Lock()
        thing = f"witness state {path}"
        try:
            self._db = _connect(path, "rw")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error:
            raise ConfigInvalid(thing, expected="what `witness init` made") from None
        if version != _VERSION:
            self._db.close()
            got = str(version)
            raise ConfigInvalid(thing, expected=f"version {_VERSION}", got=got)

    @classmethod
    def create(cls, path: Path, keys: Sequence[VerifierKey]) -> "WitnessState":
        """Make the state of a new witness.

        Raises:
            StoreExists: There is a file of that name.
        """
        if path.exists():
            raise StoreExists(f"witness state {path}", expected="no file there")
        path.touch(0o600, exist_ok=False)
        db = _connect(path, "rw")
        # A crash before the commit leaves an empty file, which `__init__` refuses.
        db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
        rows = [(key.encode(),) for key in keys]
        db.executemany("INSERT INTO identity VALUES (?)", rows)
        db.execute("COMMIT")
        db.close()
        return cls(path)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @property
    def identity(self) -> frozenset[str]:
        """The vkeys of the witness whose state this is."""
        with self._reading() as db:
            return frozenset(vkey for (vkey,) in db.execute("SELECT * FROM identity"))

    # --- logs ------------------------------------------------------------------------

    def add_log(self, log: KnownLog) -> None:
        """Watch a log from now on, or give one that is watched other keys.

        Raises:
            LimitExceeded: More than 32 keys.
        """
        if not 1 <= len(log.keys) <= MAX_KEYS:
            expected, got = f"1 to {MAX_KEYS}", str(len(log.keys))
            raise LimitExceeded(f"keys of {log.origin}", expected=expected, got=got)
        vkeys = "\n".join(key.encode() for key in log.keys)
        with self._writing() as db:
            db.execute(
                "INSERT INTO logs VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
                " SET vkeys = excluded.vkeys, require_all = excluded.require_all",
                (log.origin, vkeys, log.require_all),
            )

    def log(self, origin: str) -> KnownLog | None:
        """Return the log of an origin, if it is watched."""
        with self._reading() as db:
            row = db.execute("SELECT * FROM logs WHERE origin = ?", (origin,))
            found = row.fetchone()
        return _known(*found) if found else None

    def logs(self) -> tuple[KnownLog, ...]:
        """Return the logs that are watched, by origin."""
        with self._reading() as db:
            rows = db.execute("SELECT * FROM logs ORDER BY origin").fetchall()
        return tuple(_known(*row) for row in rows)

    def stored(self, origin: str) -> Stored | None:
        """Return what was cosigned last of a log."""
        with self._reading() as db:
            return _stored(db, origin)

    def evidence(self) -> tuple[Evidence, ...]:
        """Return the evidence that was kept, oldest first."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT id, origin, kind, size, root, time, held, offered"
                " FROM evidence ORDER BY id"
            ).fetchall()
        return tuple(Evidence(*row) for row in rows)

    # --- the one change --------------------------------------------------------------

    def advance(
        self,
        offer: Offer,
        clock: Callable[[], float],
        sign: Callable[[Offer, int], Sequence[Signature]],
    ) -> tuple[Signature, ...] | Refuse:
        """Decide on a checkpoint and record the decision, as one step.

        Args:
            offer: The checkpoint, signed by its log.
            clock: The time, in seconds since 1970; read under the lock, so that the
                times of cosignatures never go back.
            sign: Makes the cosignatures of an accepted checkpoint at a time.

        Returns:
            The cosignatures, of a checkpoint that is on the disk as the last one; or
            why there are none.

        Raises:
            sqlite3.Error: The file cannot be written, or another process holds it.
        """
        origin = offer.checkpoint.origin
        with self._writing() as db:
            stored, now = _stored(db, origin), int(clock())
            decision = decide(stored, offer, now)
            if isinstance(decision, Refuse):
                if decision.evidence:
                    _keep(db, stored, offer, decision.evidence, now)
                return decision
            lines = tuple(sign(offer, now))
            note = Note(offer.note.text, (*offer.note.signatures, *lines))
            head = offer.checkpoint
            db.execute(
                "INSERT OR REPLACE INTO cosigned VALUES (?, ?, ?, ?, ?)",
                (origin, head.size, head.root, now, encode_note(note)),
            )
        # A crash before the commit leaves the old state, and no signature was given
        # out; one after it leaves the new state, and the log is told 409 and asks
        # again from there.
        return lines

    # --- transactions ----------------------------------------------------------------

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            yield self._db

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    db = sqlite3.connect(
        uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


def _known(origin: str, vkeys: str, require_all: int) -> KnownLog:
    keys = tuple(VerifierKey.parse(vkey) for vkey in vkeys.split("\n"))
    return KnownLog(origin, keys, bool(require_all))


def _stored(db: sqlite3.Connection, origin: str) -> Stored | None:
    row = db.execute(
        "SELECT size, root, time, note FROM cosigned WHERE origin = ?", (origin,)
    ).fetchone()
    return Stored(*row) if row else None


def _keep(
    db: sqlite3.Connection, stored: Stored | None, offer: Offer, kind: str, now: int
) -> None:
    head = offer.checkpoint
    (kept,) = db.execute(
        "SELECT count(*) FROM evidence WHERE origin = ? AND kind = ?",
        (head.origin, kind),
    ).fetchone()
    if kept >= MAX_EVIDENCE:
        return
    db.execute(
        "INSERT OR IGNORE INTO evidence"
        " (origin, kind, size, root, time, held, offered)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            head.origin,
            kind,
            head.size,
            head.root,
            now,
            stored.note if stored else b"",
            offer.raw,
        ),
    )
