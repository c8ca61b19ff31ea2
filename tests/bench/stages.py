"""Where the gateway's CPU goes: counters around its stages, put on from outside.

`install` wraps functions by name, in the server's process only, and counts calls and
the thread's CPU time inside each, without that of the stages that it calls. Threads
that wait (for the commit, for a lock) use none. The counters themselves cost about 2 µs
a stage, which stands in the caller's row. A name that is gone is listed as such.
"""

import functools
import importlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

_GATEWAY = "rogatory_gateway"
STAGES: tuple[tuple[str, str], ...] = (
    (f"{_GATEWAY}.rpc.calls", "Gate.enter"),
    (f"{_GATEWAY}.rpc.calls", "Method.parse"),
    (f"{_GATEWAY}.rpc.calls", "_Line.write"),
    (f"{_GATEWAY}.rpc.exchanges", "Exchanges.submit"),
    (f"{_GATEWAY}.rpc.exchanges", "Exchanges._answer"),
    (f"{_GATEWAY}.admission.admission", "Admission.admit"),
    (f"{_GATEWAY}.admission.admission", "parse_envelope"),
    (f"{_GATEWAY}.admission.admission", "verify_message"),
    ("rogatory.envelope._verify", "parse_payload"),
    ("rogatory.envelope._verify", "verify_fields"),
    ("rogatory.envelope._verify", "verify_signatories"),
    ("rogatory.envelope._keys", "VerificationKey.verify"),
    (f"{_GATEWAY}.admission.admission", "verify_timely"),
    (f"{_GATEWAY}.admission.admission", "verify_sealed_set"),
    (f"{_GATEWAY}.admission.admission", "verify_permitted"),
    (f"{_GATEWAY}.admission.admission", "advance"),
    (f"{_GATEWAY}.store.reading", "Reader.exchange"),
    (f"{_GATEWAY}.store.reading", "decode_state"),
    (f"{_GATEWAY}.journal.journal", "Journal.append"),
    (f"{_GATEWAY}.journal.journal", "Journal._lead"),
    (f"{_GATEWAY}.journal.journal", "Journal._write"),
    (f"{_GATEWAY}.journal.journal", "Journal._plan"),
    (f"{_GATEWAY}.journal.planning", "Planner.add"),
    (f"{_GATEWAY}.journal.planning", "Planner._commit"),
    (f"{_GATEWAY}.journal.planning", "Planner._add_rows"),
    (f"{_GATEWAY}.journal.planning", "encode_entry"),
    (f"{_GATEWAY}.journal.planning", "encode_state"),
    (f"{_GATEWAY}.journal.journal", "leaf_hash"),
    ("rogatory.tlog._growing", "Edge.extend"),
    ("rogatory.tlog._growing", "Growth.inclusion_path"),
    (f"{_GATEWAY}.journal.journal", "Journal._sign"),
    (f"{_GATEWAY}.journal.journal", "TlogProof"),
    (f"{_GATEWAY}.journal.journal", "encode_proof"),
    (f"{_GATEWAY}.store.appending", "Appending.head"),
    (f"{_GATEWAY}.store.appending", "Appending.known_messages"),
    (f"{_GATEWAY}.store.appending", "Appending.exchange_versions"),
    (f"{_GATEWAY}.store.appending", "Appending.counters"),
    (f"{_GATEWAY}.store.appending", "Appending.write"),
    (f"{_GATEWAY}.store.appending", "Appending._insert"),
    (f"{_GATEWAY}.store.appending", "Appending._upsert"),
    (f"{_GATEWAY}.publish.export", "Exporter.export"),
    (f"{_GATEWAY}.rpc.inbox", "Waiters.wake"),
    ("sqlalchemy.engine.default", "DefaultDialect.do_commit"),
)
"""Where a name is looked up, and which."""

_P = ParamSpec("_P")
_T = TypeVar("_T")
_BY_TABLE = frozenset({"Appending._insert", "Appending._upsert"})


class _Table:
    """Counters by stage; updated under the lock of whoever has it."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}
        self.cpu: dict[str, float] = {}
        self._lock = threading.Lock()
        self._local = threading.local()

    def run(self, name: str, call: Callable[[], _T]) -> _T:
        """Run a stage and charge its own CPU time to it."""
        inner: list[float] = self._local.__dict__.setdefault("inner", [0.0])
        inner.append(0.0)
        began = time.thread_time()
        try:
            return call()
        finally:
            took = time.thread_time() - began
            inside = inner.pop()
            inner[-1] += took
            with self._lock:
                self.calls[name] = self.calls.get(name, 0) + 1
                self.cpu[name] = self.cpu.get(name, 0.0) + took - inside


def install(path: Path) -> Callable[[], None]:
    """Wrap the stages; return what writes the table to a file."""
    table = _Table()
    missing = [name for module, name in STAGES if not _wrap(module, name, table)]

    def write() -> None:
        submits = table.calls.get("Exchanges.submit", 0) or 1
        lines = [f"{'CPU µs a message':>16} {'calls a message':>16}  stage"]
        for name, cpu in sorted(table.cpu.items(), key=lambda pair: -pair[1]):
            each, calls = cpu / submits * 1e6, table.calls[name] / submits
            lines.append(f"{each:16.1f} {calls:16.2f}  {name}")
        total = sum(table.cpu.values()) / submits * 1e6
        lines.append(f"{total:16.1f} {'':16}  in all stages, {submits} messages")
        lines += [f"{'gone':>16} {'':16}  {name}" for name in missing]
        path.write_text("\n".join(lines) + "\n")

    return write


def _wrap(module_name: str, path: str, table: _Table) -> bool:
    try:
        owner: Any = importlib.import_module(module_name)
        *outer, name = path.split(".")
        for part in outer:
            owner = getattr(owner, part)
        original = getattr(owner, name)
    except (ImportError, AttributeError):
        return False
    setattr(owner, name, _counted(path, original, table))
    return True


def _counted(path: str, original: Callable[_P, _T], table: _Table) -> Callable[_P, _T]:
    by_table = path in _BY_TABLE

    @functools.wraps(original, updated=())
    def counted(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        label = f"{path} {getattr(args[1], 'name', '')}" if by_table else path
        return table.run(label, lambda: original(*args, **kwargs))

    return counted
