"""Measure two shapes of the gateway's server: the evidence of docs/adr/0001.

Shape a: a sync `grpc.server` takes submissions on threads, which commit by leader and
follower; a `grpc.aio` server on a second port, with an event loop in its own thread,
serves the Watch streams. Shape b: one `grpc.aio` server does both; 0, 1 or 4 threads
verify (0: the loop does), one commits. The loops are uvloop's.

Both take the real path: mutual TLS 1.3 with P-256 certificates, 2 KB requests, one
Ed25519 verification a call, one SQLite transaction (WAL, synchronous=FULL) per batch of
what waits, signed with Ed25519 and ML-DSA-44, and a 4.5 KB receipt after the commit.

    python tests/bench/spike_server_shape.py [rounds]    # 4 rounds: about 6 minutes

All servers are up at once and measured in turns of 2 s, so that noise meets all alike;
they have CPU 0, the rest CPU 1. Scratch data is in /tmp/spike; Linux, loopback only.
"""

import asyncio
import collections
import hashlib
import multiprocessing
import os
import pathlib
import queue
import sqlite3
import statistics
import sys
import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.managers import BaseManager
from typing import Any, TypeAlias, cast

import grpc
import grpc.aio
import trustme
import uvloop
from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

SUBMIT, WATCH = "/spike.Log/Submit", "/spike.Log/Watch"
SCRATCH = pathlib.Path("/tmp/spike")
SPAWN = multiprocessing.get_context("spawn")
REQUEST_BYTES, ROW_BYTES, RECEIPT_BYTES, NOTICE_BYTES = 2048, 600, 4500, 300
STREAMS, WARM, SECONDS = 2000, 0.5, 1.5
NOBODY = 0xFFFFFFFF  # the recipient of a submission that wakes no watcher
INTAKE_LIMIT = 256  # submissions in flight; beyond it RESOURCE_EXHAUSTED at once
AUTHOR = ed25519.Ed25519PrivateKey.from_private_bytes(b"a" * 32)
AUTHOR_PUBLIC = AUTHOR.public_key()
SCHEMA = """PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
CREATE TABLE head (note BLOB); INSERT INTO head VALUES ('');
CREATE TABLE entry (i INTEGER PRIMARY KEY, row BLOB)"""
# fmt: off
OPTIONS = [(f"grpc.{name}", value) for name, value in (
    ("so_reuseport", 0), ("max_metadata_size", 8192), ("max_concurrent_streams", 128),
    ("max_receive_message_length", 5 << 20), ("server_handshake_timeout_ms", 5000),
    ("http2.settings_timeout", 5000), ("max_connection_idle_ms", 300_000),
    ("max_allowed_incoming_connections", 4096), ("max_connection_age_ms", 600_000),
    ("max_connection_age_grace_ms", 30_000), ("keepalive_permit_without_calls", 1),
    ("keepalive_time_ms", 60_000), ("http2.ping_timeout_ms", 20_000),
    ("http2.min_recv_ping_interval_without_data_ms", 10_000),
)]
# fmt: on
Notices = Sequence[tuple[int, bytes]]
AioContext = grpc.aio.ServicerContext[bytes, bytes]
Context = grpc.ServicerContext | AioContext
Answer = asyncio.Future[bytes]
Handler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"
Row = dict[str, Any]


class Log:
    """A table with a signed head, for one caller at a time. NOTE: it never fails."""

    def __init__(self) -> None:
        path = SCRATCH / f"log{os.getpid()}.db"
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript(SCHEMA)
        ed, ml = ed25519.Ed25519PrivateKey, mldsa.MLDSA44PrivateKey
        self._keys, self._root = (ed.generate(), ml.generate()), bytes(32)
        self.size = self.batches = 0

    def commit(self, requests: Sequence[bytes]) -> tuple[list[bytes], Notices]:
        """Append the requests in one transaction; return receipts and notices."""
        first, rows = self.size, [r[64 : 64 + ROW_BYTES] for r in requests]
        self._root = hashlib.sha256(self._root + b"".join(rows)).digest()
        head = b"spike\n%d\n" % (first + len(rows)) + b64encode(self._root)
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT INTO entry VALUES (?, ?)", enumerate(rows, first))
        note = b"\n".join([head, *(b64encode(key.sign(head)) for key in self._keys)])
        self._db.execute("UPDATE head SET note = ?", (note,))
        self._db.execute("COMMIT")
        stamp = time.monotonic_ns().to_bytes(8, "big").ljust(NOTICE_BYTES, b"n")
        self.size, self.batches = first + len(rows), self.batches + 1
        receipts = [(row + note).ljust(RECEIPT_BYTES, b"p") for row in rows]
        recipients = [int.from_bytes(row[:4], "big") for row in rows]
        return receipts, [(to, stamp) for to in recipients if to != NOBODY]


class AioServer:
    """A `grpc.aio` server and the one event loop of the process, in a thread."""

    def __init__(self, **methods: Handler) -> None:
        self._log, self._queues = Log(), dict[int, asyncio.Queue[bytes]]()
        self._methods, self._ready = methods, Future[int]()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._serve()))
        self._thread.start()
        self._ports = [self._ready.result()]

    def _listen(self, server: grpc.Server | grpc.aio.Server, **methods: Handler) -> int:
        key, cert, root = ((SCRATCH / f"server.{x}").read_bytes() for x in "kcr")
        handler = grpc.method_handlers_generic_handler("spike.Log", methods)
        server.add_generic_rpc_handlers((handler,))
        credentials = grpc.ssl_server_credentials([(key, cert)], root, True)
        return server.add_secure_port("127.0.0.1:0", credentials)

    def _verify(self, request: bytes, context: Context) -> None:
        assert list(context.auth_context()["ssl_tls_version"]) == [b"TLSv1.3"]
        AUTHOR_PUBLIC.verify(request[:64], request[64:])

    async def _serve(self) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        server = grpc.aio.server(options=OPTIONS)
        watch: Handler = grpc.unary_stream_rpc_method_handler(cast("Any", self._watch))
        port = self._listen(server, Watch=watch, **self._methods)
        await server.start()
        self._ready.set_result(port)
        await self._stopping.wait()
        self._publish([(k, b"") for k in self._queues])  # Or the stop waits its grace.
        await server.stop(5)

    async def _watch(self, request: bytes, _context: object) -> AsyncIterator[bytes]:
        mine = self._queues[int.from_bytes(request, "big")] = asyncio.Queue()
        yield b"attached"
        while stamp := await mine.get():
            yield stamp

    def _publish(self, notices: Notices) -> None:
        for to, stamp in notices:
            if to in self._queues:
                self._queues[to].put_nowait(stamp)

    def sample(self) -> tuple[float, int, int, int, int, list[int]]:
        """Return CPU seconds, size, batches, resident KiB, streams and ports."""
        rss = 4 * int(pathlib.Path("/proc/self/statm").read_text().split()[1])
        size, batches, streams = self._log.size, self._log.batches, len(self._queues)
        return time.process_time(), size, batches, rss, streams, self._ports

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()


class ShapeA(AioServer):
    def __init__(self, threads: int) -> None:
        super().__init__()
        self._lock, self._led = threading.Lock(), False
        self._waiting: list[tuple[bytes, queue.SimpleQueue[bytes]]] = []
        pool = ThreadPoolExecutor(threads)
        self._sync = grpc.server(pool, None, None, OPTIONS, INTAKE_LIMIT)
        method: Handler = grpc.unary_unary_rpc_method_handler(self._submit)
        self._ports.append(self._listen(self._sync, Submit=method))
        self._sync.start()

    def _submit(self, request: bytes, context: grpc.ServicerContext) -> bytes:
        self._verify(request, context)
        mine = queue.SimpleQueue[bytes]()
        with self._lock:
            self._waiting.append((request, mine))
            lead, self._led = not self._led, True
        receipt = b"" if lead else mine.get()  # Empty: promoted by the leader before.
        return receipt or self._lead()

    def _lead(self) -> bytes:
        with self._lock:
            batch, self._waiting = self._waiting, []
        receipts, notices = self._log.commit([request for request, _ in batch])
        for (_, theirs), receipt in zip(batch, receipts, strict=True):
            theirs.put(receipt)
        if notices:
            self._loop.call_soon_threadsafe(self._publish, notices)
        with self._lock:
            self._led = bool(self._waiting)
            if self._waiting:
                self._waiting[0][1].put(b"")
        return receipts[0]  # The first of a batch is the thread that leads it.

    def stop(self) -> None:
        self._sync.stop(5).wait()
        super().stop()


class ShapeB(AioServer):
    def __init__(self, workers: int) -> None:
        self._inbox = queue.SimpleQueue[tuple[bytes, AioContext, Answer]]()
        self._verified = queue.SimpleQueue[tuple[bytes, Answer]]()
        self._workers, self._inside, submit = workers, 0, cast("Any", self._submit)
        super().__init__(Submit=grpc.unary_unary_rpc_method_handler(submit))
        for work in [self._write, *[self._admit] * workers]:
            threading.Thread(target=work, daemon=True).start()

    async def _submit(self, request: bytes, context: AioContext) -> bytes:
        if self._inside >= INTAKE_LIMIT:  # maximum_concurrent_rpcs counts streams too.
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "intake is full")
        self._inside += 1
        try:
            answer: Answer = self._loop.create_future()
            if self._workers:
                self._inbox.put((request, context, answer))
            else:
                self._verify(request, context)
                self._verified.put((request, answer))
            return await answer  # A client that gives up cancels this, not the write.
        finally:
            self._inside -= 1

    def _admit(self) -> None:
        while True:
            request, context, answer = self._inbox.get()
            self._verify(request, context)
            self._verified.put((request, answer))

    def _write(self) -> None:
        while True:
            batch = [self._verified.get()]
            while len(batch) < INTAKE_LIMIT and not self._verified.empty():
                batch.append(self._verified.get())  # Nobody else takes from it.
            receipts, notices = self._log.commit([request for request, _ in batch])
            answers = [answer for _, answer in batch]
            self._loop.call_soon_threadsafe(self._answer, answers, receipts, notices)

    def _answer(self, answers: list[Answer], receipts: list[bytes], n: Notices) -> None:
        for answer, receipt in zip(answers, receipts, strict=True):
            if not answer.done():
                answer.set_result(receipt)
        self._publish(n)


BaseManager.register("ShapeA", ShapeA)
BaseManager.register("ShapeB", ShapeB)
SHAPES = {"a32": ("ShapeA", 32), "a64": ("ShapeA", 64)}
SHAPES |= {"b0": ("ShapeB", 0), "b1": ("ShapeB", 1), "b4": ("ShapeB", 4)}


def connect(port: int) -> Any:  # noqa: ANN401
    """Return a channel with a connection of its own."""
    key, cert, root = ((SCRATCH / f"client.{x}").read_bytes() for x in "kcr")
    credentials = grpc.ssl_channel_credentials(root, key, cert)
    own = [("grpc.use_local_subchannel_pool", 1)]
    return grpc.aio.secure_channel(f"localhost:{port}", credentials, own)


async def load(port: int, callers: int, begin: int, end: int, to: int) -> list[Any]:
    """Call over 8 connections; return latencies, refusals and CPU seconds."""
    calls: list[Any] = [connect(port).unary_unary(SUBMIT) for _ in range(8)]
    taken, refused, cpu = list[int](), list[int](), time.process_time()
    recipients = [os.getpid() * k % to if to else NOBODY for k in range(256)]
    bodies = [k.to_bytes(4, "big") + os.urandom(REQUEST_BYTES - 68) for k in recipients]
    requests = [AUTHOR.sign(body) + body for body in bodies]

    async def call(k: int) -> None:
        while (began := time.monotonic_ns()) < end:
            try:
                await calls[k % 8](requests[(k + 37 * len(taken)) % 256], timeout=20)
                if begin <= (now := time.monotonic_ns()) <= end:
                    taken.append((now - began) // 1000)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                refused.append(began)

    await asyncio.gather(*map(call, range(callers)))
    return [taken, refused, time.process_time() - cpu]


async def stall(port: int, calls: int, end: int) -> list[Any]:
    """Send the headers of calls over one connection, and no body until the end."""
    async with connect(port) as channel:
        held: list[Any] = [channel.stream_unary(SUBMIT)() for _ in range(calls)]
        await asyncio.sleep((end - time.monotonic_ns()) / 1e9)
    await asyncio.sleep(0.2)  # What is still to come must not meet a closed loop.
    return held[:0]


async def watch(port: int, connections: int) -> list[int]:
    """Hold the streams until they end; return how late each notice came."""
    channels = [connect(port) for _ in range(connections)]
    gate, late = asyncio.Semaphore(32), list[int]()

    async def follow(k: int) -> None:
        async with gate:
            method: Any = channels[k % connections].unary_stream(WATCH)
            call = method(k.to_bytes(4, "big"))
            await call.read()
        while (notice := await call.read()) is not cast("Any", grpc.aio).EOF:
            sent = int.from_bytes(notice[:8], "big")
            late.append((time.monotonic_ns() - sent) // 1000)

    await asyncio.gather(*map(follow, range(STREAMS)))
    return late


def run(role: Callable[..., Any], *args: int) -> list[Any]:
    """Run a client role in this process."""
    return list(uvloop.run(role(*args)))


def percentiles(values: Sequence[int]) -> Row:
    """Return the median and the 99th percentile of microseconds, in milliseconds."""
    cuts = statistics.quantiles(values or [0, 0], n=100)
    return {"p50_ms": cuts[49] / 1e3, "p99_ms": cuts[98] / 1e3}


class Stage:
    def __init__(self, shape: str) -> None:
        pin, self._host = os.sched_setaffinity, BaseManager(ctx=SPAWN)
        self._host.start(pin, (0, {0}))
        self._clients = [ProcessPoolExecutor(1, SPAWN, pin, (0, {1})) for _ in "llw"]
        name, threads = SHAPES[shape]
        self._server = getattr(self._host, name)(threads)
        self.measure(16)

    def measure(self, callers: int, recipients: int = 0, stalled: int = 0) -> Row:
        """Run closed-loop callers for a while and return what it took."""
        begin = time.monotonic_ns() + int(WARM * 1e9)
        end, port = begin + int(SECONDS * 1e9), self._server.sample()[5][-1]
        if stalled:
            self._clients[2].submit(run, stall, port, stalled, end)
        jobs = [
            client.submit(run, load, port, (callers + one) // 2, begin, end, recipients)
            for client, one in zip(self._clients, (1, 0), strict=False)
        ]
        time.sleep((begin - time.monotonic_ns()) / 1e9)
        before = self._server.sample()
        time.sleep((end - time.monotonic_ns()) / 1e9)
        after = self._server.sample()
        cpu, size, batches = (after[k] - before[k] for k in range(3))
        (taken, refused, used), (more, others, also) = (job.result() for job in jobs)
        row = {"per_s": len(taken + more) / SECONDS, "cpu_us": cpu * 1e6 / max(size, 1)}
        row |= percentiles(taken + more) | {"batch": size / max(batches, 1)}
        row |= {"server": cpu / SECONDS, "load": (used + also) / (WARM + SECONDS)}
        return row | {"accepted": size / max(size + len(refused + others), 1)}

    def attach(self, connections: int) -> Row:
        began, (*_, rss, _, ports) = time.monotonic(), self._server.sample()
        self._watching = self._clients[2].submit(run, watch, ports[0], connections)
        while self._server.sample()[4] < STREAMS:
            time.sleep(0.1)
        row, _ = {"attach_s": time.monotonic() - began}, self.measure(16)
        return row | {"kib": (self._server.sample()[3] - rss) / STREAMS}

    def stop(self) -> Row:
        began, _ = time.monotonic(), self._server.stop()
        row = {"stop_s": time.monotonic() - began}
        return row | percentiles(self._watching.result())


def main() -> None:
    """Measure, then print medians and (median ratio to b4 in the same turn)."""
    SCRATCH.mkdir(exist_ok=True)
    for old in SCRATCH.glob("log*.db*"):
        old.unlink()
    ca = trustme.CA()
    for name in "server", "client":
        leaf = ca.issue_cert("localhost")
        leaf.private_key_pem.write_to_path(SCRATCH / f"{name}.k")
        leaf.cert_chain_pems[0].write_to_path(SCRATCH / f"{name}.c")
        ca.cert_pem.write_to_path(SCRATCH / f"{name}.r")
    results = collections.defaultdict[tuple[str, str], list[Row]](list)
    plain = {shape: Stage(shape) for shape in SHAPES}
    plan = [(f"{n} callers", plain, (n, 0, 0)) for n in (1, 16, 64, 400)]
    plan.append(("16 callers beside 64 stalled", plain, (16, 0, 64)))
    for connections in (0, 200, STREAMS):
        crowd = {shape: Stage(shape) for shape in ("a64", "b4") if connections}
        if crowd:
            by, none = f"by {connections}", {shape: plain[shape] for shape in crowd}
            asleep = (16, 0, 0)
            plan = [(f"{by}: none", none, asleep), (f"{by}: idle", crowd, asleep)]
            plan.append((f"{by}: woken", crowd, (16, STREAMS, 0)))
        rows = {shape: stage.attach(connections) for shape, stage in crowd.items()}
        for turn in range(int(sys.argv[1]) if sys.argv[1:] else 4):
            for case, stages, args in plan:
                for shape in [*stages][:: -1 if turn % 2 else 1]:
                    results[case, shape].append(stages[shape].measure(*args))
        for shape, stage in crowd.items():
            results[f"by {connections}: watch", shape] = [rows[shape] | stage.stop()]
    for (case, shape), measured in results.items():
        print(f"{case}, {shape}:", end=" ")
        for name in measured[0]:
            pairs = zip(measured, results[case, "b4"], strict=True)
            ratio = statistics.median(row[name] / base[name] for row, base in pairs)
            value = statistics.median(row[name] for row in measured)
            print(f"{name} {value:.4g} ({ratio:.2f})", end="  ")
        print()


if __name__ == "__main__":
    main()
