"""The three servers, each a process of its own that ends when its parent is gone.

* echo: grpcio's fastest server, the synchronous one, with the gateway's options and
  certificates, and a handler that returns as many bytes as a receipt has.
* floor: echo, one Ed25519 verification a call, and one hybrid-signed, fsynced commit a
  batch (`tests.bench.floor`).
* full: the real gateway (`GatewayApp`), its log written to a file as JSON lines.

Each counts its commits in a number that the load process reads.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import grpc

from rogatory_gateway.app import GatewayApp
from rogatory_gateway.config import GatewayConfig
from rogatory_gateway.logs import configure_logs
from rogatory_gateway.rpc.server import TlsFiles
from tests.bench.floor import FloorLog, Verifier
from tests.bench.load import Counter
from tests.bench.sync_server import SyncServer

SPAWN = multiprocessing.get_context("spawn")
SUBMIT = ("rogatory.v1.ExchangeService", "SubmitMessage")
METHOD = "/" + "/".join(SUBMIT)
_START_S = 60
_STOP_S = 30


@dataclass(frozen=True, slots=True)
class Setup:
    """What every server needs.

    Attributes:
        name: Of the server, also of its folder's files.
        kind: `echo`, `floor` or `full`.
        cpu: The CPU it runs on.
        config: The gateway's configuration.
        client_authorities: CA certificates of the parties, PEM.
        answer_bytes: Length of an answer of echo and floor.
        signer_spki: Public key of who signs the messages.
        stages: File for a table of the gateway's stages, or None.
    """

    name: str
    kind: str
    cpu: int
    config: GatewayConfig
    client_authorities: bytes
    answer_bytes: int
    signer_spki: bytes
    stages: Path | None = None


@dataclass(slots=True)
class Running:
    """A server that takes calls."""

    address: str
    pid: int
    batches: Counter


@contextmanager
def running(setup: Setup, batches: Counter) -> Iterator[Running]:
    """Start a server; stop it in the end."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=_serve, args=(setup, theirs, batches), daemon=True)
    process.start()
    theirs.close()
    try:
        if not ours.poll(_START_S):
            raise RuntimeError(f"{setup.name}: did not start")
        try:
            port: int = ours.recv()
        except EOFError:
            raise RuntimeError(f"{setup.name}: ended while starting") from None
        assert process.pid is not None
        yield Running(f"localhost:{port}", process.pid, batches)
    finally:
        ours.close()
        process.join(_STOP_S)
        if process.is_alive():
            process.kill()


def _serve(setup: Setup, pipe: Pipe, batches: Counter) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent closes the pipe
    os.sched_setaffinity(0, {setup.cpu})
    start = {"echo": _echo, "floor": _floor, "full": _full}[setup.kind]
    port, stop = start(setup, batches)
    pipe.send(port)
    with contextlib.suppress(EOFError):
        pipe.recv()
    stop()


def _intake(
    setup: Setup, handle: Callable[[bytes, grpc.ServicerContext], bytes]
) -> tuple[int, Callable[[], None]]:
    service, method = SUBMIT
    handlers = {method: grpc.unary_unary_rpc_method_handler(handle)}
    config = setup.config
    server = SyncServer(
        "localhost:0",
        TlsFiles(
            config.tls_certificate.read_bytes(),
            config.tls_key.read_bytes(),
            setup.client_authorities,
        ),
        [grpc.method_handlers_generic_handler(service, handlers)],
    )
    server.start()
    return server.port, server.stop


def _echo(setup: Setup, batches: Counter) -> tuple[int, Callable[[], None]]:
    del batches  # it commits nothing
    answer = os.urandom(setup.answer_bytes)
    return _intake(setup, lambda _request, _context: answer)


def _floor(setup: Setup, batches: Counter) -> tuple[int, Callable[[], None]]:
    path = setup.config.database.with_name(f"{setup.name}.db")
    log = FloorLog(path, setup.config.origin, setup.answer_bytes, batches)
    verifier = Verifier(setup.signer_spki)

    def handle(request: bytes, _context: grpc.ServicerContext) -> bytes:
        verifier.verify(request)
        return log.append(request)

    port, stop = _intake(setup, handle)

    def stop_all() -> None:
        stop()
        log.close()

    return port, stop_all


def _full(setup: Setup, batches: Counter) -> tuple[int, Callable[[], None]]:
    # As in production: standard error is a file, so the log is JSON lines.
    path = setup.config.database.with_name(f"{setup.name}.log.jsonl")
    with path.open("ab") as file:
        os.dup2(file.fileno(), sys.stderr.fileno())
    configure_logs()
    report: Callable[[], None] | None = None
    if setup.stages is not None:
        from tests.bench.stages import install

        report = install(setup.stages)
    app = GatewayApp(setup.config, dev=True)

    def count(_parties: frozenset[str]) -> None:
        batches.value += 1  # one leader at a time

    app.journal.on_commit(count)
    app.start()

    def stop_all() -> None:
        app.stop()
        if report is not None:
            report()

    return app.port, stop_all
