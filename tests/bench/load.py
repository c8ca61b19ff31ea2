"""The load: closed-loop callers in one process of their own, on a CPU of its own.

A caller sends its next message when the answer to its last one is there. Callers share
at most 16 connections. The process reads the server's CPU clock itself, at the very
moments at which it begins and ends to count, so that CPU a call is exact.
"""

import contextlib
import os
import selectors
import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Protocol

from tests.bench.http2 import CallFailed, Connection, client_context

MAX_CONNECTIONS = 16
_PATIENCE_S = 60.0


class Counter(Protocol):
    """A number in memory that processes share."""

    value: int


@dataclass(frozen=True, slots=True)
class Identity:
    """What a client needs to connect, as files made by the parent."""

    authority: bytes
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Order:
    """One measurement.

    Attributes:
        address: host:port of the server.
        method: Full path of the RPC.
        identity: Who calls.
        pid: The server's process.
        cpu: The CPU it runs on.
        callers: How many callers.
        messages: What to send, each once; or in turns if `repeat`.
        repeat: Begin anew when the messages are used up.
        warm_s: Seconds before counting.
        count_s: Seconds of counting; 0: send all messages, and count all of it.
    """

    address: str
    method: str
    identity: Identity
    pid: int
    cpu: int
    callers: int
    messages: Sequence[bytes]
    repeat: bool
    warm_s: float
    count_s: float


@dataclass(slots=True)
class Sample:
    """What one measurement found.

    Attributes:
        calls: Calls that ended while counting.
        seconds: How long it counted.
        server_cpu_s: CPU that the server's process used meanwhile.
        load_cpu_s: CPU that this process used meanwhile.
        others_s: CPU time on the server's CPU, and on this process' own, that
            neither of the two used.
        batches: Commits of the server meanwhile.
        latencies: Of those calls, in seconds.
        answer_bytes: Length of the last answer.
        ran_out: All messages were used before the time was over.
    """

    calls: int = 0
    seconds: float = 0.0
    server_cpu_s: float = 0.0
    load_cpu_s: float = 0.0
    others_s: tuple[float, float] = (0.0, 0.0)
    batches: int = 0
    latencies: "array[float]" = field(default_factory=lambda: array("d"))
    answer_bytes: int = 0
    ran_out: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """What the load process met instead of answers."""

    text: str


def busy_seconds(cpu: int) -> float:
    """Return how long a CPU has not been idle (proc(5), /proc/stat)."""
    with Path("/proc/stat").open() as file:
        line = next(line for line in file if line.startswith(f"cpu{cpu} "))
    ticks = [int(field) for field in line.split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """Return the CPU time (user and system) of a process.

    The number of its clock is the kernel's (CPUCLOCK_SCHED, linux/posix-timers.h): to
    the nanosecond, where /proc/<pid>/stat counts ticks of 10 ms.
    """
    return time.clock_gettime((~pid << 3) | 2)


@dataclass(frozen=True, slots=True)
class _Marks:
    """Readings of one moment."""

    clock: float = 0.0
    server: float = 0.0
    own: float = 0.0
    server_busy: float = 0.0
    own_busy: float = 0.0
    batches: int = 0


class _Run:
    """One order under way."""

    def __init__(self, order: Order, batches: Counter) -> None:
        self._order = order
        self._batches = batches
        self._messages = self._supply()
        self._begun: dict[int, float] = {}
        self._sample = Sample()
        self._counting = False
        self._ending = False
        self._own_cpu = min(os.sched_getaffinity(0))
        self._marks = _Marks()

    def _supply(self) -> Iterator[bytes]:
        yield from self._order.messages
        while self._order.repeat:
            yield from self._order.messages
        self._sample.ran_out = True

    def run(self) -> Sample:
        order = self._order
        context = client_context(
            order.identity.authority, order.identity.certificate, order.identity.key
        )
        with contextlib.ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            links = []
            for _ in range(min(order.callers, MAX_CONNECTIONS)):
                link = Connection(order.address, context, order.method)
                stack.callback(link.close)
                selector.register(link.socket, selectors.EVENT_READ, link)
                links.append(link)
            self._loop(selector, links)
        return self._sample

    def _loop(
        self, selector: selectors.BaseSelector, links: Sequence[Connection]
    ) -> None:
        order, now = self._order, time.perf_counter()
        begin = now + order.warm_s
        end = begin + order.count_s if order.count_s else float("inf")
        if not order.warm_s:
            self._start_counting()
        for caller in range(order.callers):
            self._next(links[caller % len(links)], caller)
        heard = time.perf_counter()
        while self._begun:
            ready = selector.select(0.05)
            for key, _ in ready:
                link: Connection = key.data
                for caller, answer in link.receive():
                    self._finished(caller, answer)
                    self._next(link, caller)
            now = time.perf_counter()
            heard = now if ready else heard
            if now - heard > _PATIENCE_S:
                raise CallFailed("no answer for a minute")
            if now >= begin and not self._counting and not self._ending:
                self._start_counting()
            if now >= end:
                self._stop()
        self._stop()

    def _next(self, link: Connection, caller: int) -> None:
        if self._ending:
            return
        message = next(self._messages, None)
        if message is None:
            # Fewer callers than asked for would be another measure.
            if self._order.count_s:
                self._stop()
            return
        self._begun[caller] = time.perf_counter()
        link.call(message, caller)

    def _finished(self, caller: int, answer: bytes) -> None:
        took = time.perf_counter() - self._begun.pop(caller)
        if self._counting:
            self._sample.latencies.append(took)
            self._sample.answer_bytes = len(answer)

    def _now(self) -> _Marks:
        return _Marks(
            time.perf_counter(),
            cpu_seconds(self._order.pid),
            time.process_time(),
            busy_seconds(self._order.cpu),
            busy_seconds(self._own_cpu),
            self._batches.value,
        )

    def _start_counting(self) -> None:
        self._marks = self._now()
        self._counting = True

    def _stop(self) -> None:
        self._ending = True
        if not self._counting:
            return
        self._counting = False
        now, then, sample = self._now(), self._marks, self._sample
        sample.calls = len(sample.latencies)
        sample.seconds = now.clock - then.clock
        sample.server_cpu_s = now.server - then.server
        sample.load_cpu_s = now.own - then.own
        sample.others_s = (
            max(0.0, now.server_busy - then.server_busy - sample.server_cpu_s),
            max(0.0, now.own_busy - then.own_busy - sample.load_cpu_s),
        )
        sample.batches = now.batches - then.batches


def run_load(cpu: int, pipe: Pipe, batches: Mapping[str, Counter]) -> None:
    """Serve orders (server name, order) until None or the parent is gone."""
    os.sched_setaffinity(0, {cpu})
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while (job := pipe.recv()) is not None:
            name, order = job
            try:
                pipe.send(_Run(order, batches[name]).run())
            except (OSError, CallFailed) as error:
                pipe.send(Failure(f"{name}: {error}"))
