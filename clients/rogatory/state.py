"""What a party's machine remembers, in one folder that its processes share.

    checkpoint                  the newest checkpoint seen, a signed note
    statements/<index>.bin      directory and profile statements, with `.entry`
    messages/<index>.bin        sent and received: envelope, with `.entry`,
                                `.tlog-proof` and `.openings`
    outbox/<message id>.draft   being sent: written before, removed after the receipt
    evidence/<time>-<reason>/   failed verifications
    spool/                      encrypted files on their way
    numbers.sqlite              numbers seen (n sent, m received) and the inbox cursor
    lock

Each file appears whole: written beside, fsync, renamed, fsync of the folder. Folders
are 0700. Nothing here is opened: sections stay sealed, keys are elsewhere.
"""

import contextlib
import fcntl
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rogatory._evidence_folder import KEPT, add_evidence, keep_evidence
from rogatory.errors import ReceiptMismatch, VerificationError

# Without a flush for each commit: what a power cut takes is the newest numbers, which
# are only compared with, and the newest cursor, which delivers once more.
_SCHEMA = """
pragma journal_mode = wal;
pragma synchronous = normal;
create table if not exists number (
  kind text not null, number integer not null, idx integer not null,
  digest blob not null, primary key (kind, number)) strict;
create unique index if not exists number_by_index on number (kind, idx);
create table if not exists cursor (
  name text primary key, number integer not null) strict;
"""
_BUSY_S = 30.0


@dataclass(frozen=True, slots=True)
class SavedMessage:
    """Where the files of a logged message are."""

    envelope: Path
    entry: Path
    proof: Path
    openings: Path


class State:
    """One party's folder."""

    def __init__(self, folder: Path) -> None:
        """Use a folder; it is made when something is to be written."""
        self.folder = folder
        self._local = threading.Lock()
        self._numbers: sqlite3.Connection | None = None

    @property
    def spool(self) -> Path:
        """The folder for encrypted files on their way."""
        return self._subfolder("spool")

    def close(self) -> None:
        """Let go of the files."""
        with self._local:
            if self._numbers is not None:
                self._numbers.close()
                self._numbers = None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other threads and processes out of the same block."""
        path = self._own_folder() / "lock"
        with path.open("ab") as file:
            # Released by the system when the file is closed, also after a crash.
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # --- checkpoint ------------------------------------------------------------------

    def load_checkpoint(self) -> bytes | None:
        """Return the newest checkpoint seen, if any."""
        return _read_or_none(self.folder / "checkpoint")

    def save_checkpoint(self, raw: bytes) -> None:
        """Remember a newer checkpoint."""
        # A crash before the rename leaves the older one: it is proved again.
        _write(self._own_folder() / "checkpoint", raw)

    # --- statements ------------------------------------------------------------------

    def load_statements(self) -> list[tuple[int, bytes, bytes]]:
        """Return (index, envelope, entry) of the statements seen, oldest first."""
        found = []
        for path in sorted((self.folder / "statements").glob("*.bin")):
            entry = _read_or_none(path.with_suffix(".entry"))
            if entry is None or not path.stem.isdecimal():
                break  # a crash between the two files: fetched again from here on
            found.append((int(path.stem), path.read_bytes(), entry))
        return found

    def save_statement(self, index: int, envelope: bytes, entry: bytes) -> None:
        """Remember a statement that was verified."""
        folder = self._subfolder("statements")
        stem = folder / f"{index:012}"
        pair = [
            (stem.with_suffix(".bin"), envelope),
            (stem.with_suffix(".entry"), entry),
        ]
        _write_all(pair)

    def forget_statements(self) -> None:
        """Forget all statements, so that they are fetched and verified again."""
        for path in (self.folder / "statements").glob("*.*"):
            path.unlink(missing_ok=True)

    # --- messages --------------------------------------------------------------------

    def save_message(
        self,
        index: int,
        *,
        envelope: bytes,
        entry: bytes,
        proof: bytes,
        openings: bytes,
    ) -> SavedMessage:
        """Keep a logged message with its receipt; what is there already stays."""
        stem = self._subfolder("messages") / f"{index:012}"
        saved = SavedMessage(
            stem.with_suffix(".bin"),
            stem.with_suffix(".entry"),
            stem.with_suffix(".tlog-proof"),
            stem.with_suffix(".openings"),
        )
        rows = (
            (saved.envelope, envelope),
            (saved.entry, entry),
            (saved.proof, proof),
            (saved.openings, openings),
        )
        _write_all([(path, raw) for path, raw in rows if not path.exists()])
        return saved

    # --- outbox ----------------------------------------------------------------------

    def outbox(self) -> list[Path]:
        """Return the drafts that were being sent, oldest first (ids are UUIDv7)."""
        return sorted((self.folder / "outbox").glob("*.draft"))

    def save_outgoing(self, message_id: str, draft: bytes) -> Path:
        """Write a draft before it is sent."""
        path = self._subfolder("outbox") / f"{message_id}.draft"
        _write(path, draft)
        return path

    def remove_outgoing(self, path: Path) -> None:
        """Remove a draft whose receipt is there."""
        path.unlink(missing_ok=True)

    def refuse_outgoing(self, path: Path) -> None:
        """Set a draft aside that the gateway refused for good."""
        with contextlib.suppress(FileNotFoundError):
            path.rename(path.with_suffix(".refused"))

    # --- evidence --------------------------------------------------------------------

    def keep_evidence(
        self, error: VerificationError, files: Mapping[str, bytes]
    ) -> Path:
        """Keep what a failed verification is about, once a failure; return where.

        The path is put into `metadata["kept"]` of the error. What a caller further out
        knows of the same failure is added to the same folder.
        """
        kept = Path(error.metadata.get(KEPT, ""))
        if kept.parent == self.folder / "evidence":
            add_evidence(kept, files)
        elif KEPT not in error.metadata:
            kept = keep_evidence(self._subfolder("evidence"), error, files)
            error.metadata[KEPT] = str(kept)
        return kept

    # --- numbers ---------------------------------------------------------------------

    def record_number(self, kind: str, number: int, index: int, digest: bytes) -> None:
        """Remember that our `number`-th entry of a kind is this one, or raise.

        The gateway counts what a party sent (`sent`) and received (`received`) in log
        order. So one number has one entry, and a greater number a greater index.

        Raises:
            ReceiptMismatch: The number contradicts one seen before.
        """
        with self._database() as database:
            row = database.execute(
                "select idx, digest from number where kind = ? and number = ?",
                (kind, number),
            ).fetchone()
            if row is not None:
                if row != (index, digest):
                    raise ReceiptMismatch(
                        f"{kind} entry number {number}",
                        expected=f"entry {row[0]}, which had that number before",
                        got=f"entry {index}: two histories, or a number used twice",
                    )
                return
            wrong = database.execute(
                "select number, idx from number where kind = ? and "
                "((number < ? and idx >= ?) or (number > ? and idx <= ?)) limit 1",
                (kind, number, index, number, index),
            ).fetchone()
            if wrong is not None:
                raise ReceiptMismatch(
                    f"{kind} entry number {number}",
                    expected="numbers that grow with the log index",
                    got=f"entry {index}, but number {wrong[0]} is entry {wrong[1]}",
                )
            database.execute(
                "insert into number values (?, ?, ?, ?)", (kind, number, index, digest)
            )

    def cursor(self) -> int:
        """Return the number of the last inbox message that was handled; 0 for none."""
        with self._database() as database:
            row = database.execute(
                "select number from cursor where name = 'inbox'"
            ).fetchone()
        return int(row[0]) if row else 0

    def save_cursor(self, number: int) -> None:
        """Remember the number of the last inbox message that was handled."""
        with self._database() as database:
            database.execute(
                "insert into cursor values ('inbox', ?) on conflict (name) do update "
                "set number = max(number, excluded.number)",
                (number,),
            )

    @contextlib.contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Open one transaction: all of the block, or nothing."""
        with self._local:
            if self._numbers is None:
                self._numbers = sqlite3.connect(
                    self._own_folder() / "numbers.sqlite",
                    timeout=_BUSY_S,
                    isolation_level=None,
                    check_same_thread=False,
                )
                self._numbers.executescript(_SCHEMA)
            database = self._numbers
            database.execute("begin immediate")
            try:
                yield database
            except BaseException:
                database.execute("rollback")
                raise
            database.execute("commit")

    def _own_folder(self) -> Path:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.folder

    def _subfolder(self, name: str) -> Path:
        path = self._own_folder() / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path


def _read_or_none(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _write(path: Path, raw: bytes) -> None:
    """Write a file whole and have it on disk, also its name."""
    _write_all([(path, raw)])


def _write_all(files: Sequence[tuple[Path, bytes]]) -> None:
    """Write files of one folder: after a crash each is there whole, or not at all.

    All are written before the first is flushed, so that a journalling file system
    commits once for all of them.
    """
    parts: list[tuple[Path, Path]] = []
    try:
        for path, raw in files:
            handle, name = tempfile.mkstemp(".part", f".{path.stem}-", path.parent)
            parts.append((Path(name), path))
            with os.fdopen(handle, "wb") as file:
                file.write(raw)
        for part, _ in parts:
            _sync(part, os.O_RDWR)
        for part, path in parts:
            part.replace(path)
    except BaseException:
        for part, _ in parts:
            part.unlink(missing_ok=True)
        raise
    for folder in {path.parent for _, path in parts}:
        _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
