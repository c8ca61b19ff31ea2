"""Rounds of measurements: echo, floor and full path in turns, so that drift meets all.

One round measures every case (server, number of callers) once; every other round goes
backwards. Values are medians over rounds, and a ratio is the median of the ratios of
each round, because machines of this kind drift by more than we want to see.
"""

import contextlib
import dataclasses
import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rogatory_gateway.dev.parties import MESSENGER, OPERATOR, REGULATOR
from tests.bench.load import Failure, Identity, Order, Sample, run_load
from tests.bench.messages import BenchWorld, Presigner
from tests.bench.servers import METHOD, SPAWN, Running, Setup, running
from tests.support.world import CLERK

_POOL = 256
"""Messages that echo and floor, which know no repetition, send in turns."""

_SPARE = 1.4
"""More messages than the last measurement of that kind would have needed."""

_ATTEMPTS = 4
_FEWEST = 20
"""Calls that make a measurement."""

_FIRST_RATE = {1: 400.0, 16: 900.0, 64: 1_100.0}
_ANSWER_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure.

    Attributes:
        rounds: How many rounds.
        callers: Numbers of closed-loop callers.
        warm_s: Seconds before counting, in every measurement.
        count_s: Seconds of counting.
        answer_callers: Callers of the measurement of reports; 0: none.
        limit_s: After this no further round begins, as on a machine that is not ours
            alone.
    """

    rounds: int
    callers: tuple[int, ...] = (1, 16, 64)
    warm_s: float = 0.5
    count_s: float = 2.5
    answer_callers: int = 16
    limit_s: float = 660.0

    def cases(self) -> list[tuple[str, int]]:
        """Return (server, callers) of one round, neighbours next to each other."""
        cases = [
            (name, callers)
            for callers in self.callers
            for name in ("echo", "floor", "full")
        ]
        if self.answer_callers:
            cases.append(("answer", self.answer_callers))
        return cases


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, reduced to numbers.

    Attributes:
        per_s: Calls a second.
        p50_ms: Median latency; p90 and p99 likewise.
        server_us: CPU of the server's process, a call.
        server_busy: Share of its CPU that it used.
        load_busy: Share of its CPU that the load used.
        others: Share of the server's CPU that neither it nor idleness had.
        load_others: The same of the load's CPU.
        batch: Calls a commit; 0 for echo.
        calls: How many calls.
    """

    per_s: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    server_us: float
    server_busy: float
    load_busy: float
    others: float
    load_others: float
    batch: float
    calls: float


@dataclass(slots=True)
class Results:
    """Rows by case, one a round; and what else was seen."""

    rows: dict[tuple[str, int], list[Row]] = field(default_factory=dict)
    answer_bytes: int = 0
    request_bytes: int = 0
    load_averages: tuple[float, float] = (0.0, 0.0)
    seconds: float = 0.0

    def median(self, case: tuple[str, int], name: str) -> float:
        """Return the median over rounds of one of a case's numbers."""
        values: list[float] = [getattr(row, name) for row in self.rows[case]]
        return statistics.median(values)

    def others(self) -> tuple[float, float]:
        """Return median shares of the servers' and the load's CPU that others had."""
        rows = [row for rows in self.rows.values() for row in rows]
        return (
            statistics.median(row.others for row in rows),
            statistics.median(row.load_others for row in rows),
        )

    def ratios(
        self, over: tuple[str, int], under: tuple[str, int], name: str = "per_s"
    ) -> list[float]:
        """Return each round's ratio of two cases."""
        pairs = zip(self.rows[over], self.rows[under], strict=True)
        return [getattr(a, name) / getattr(b, name) for a, b in pairs]


def row_of(sample: Sample) -> Row:
    """Reduce a sample to numbers."""
    cuts = statistics.quantiles(sample.latencies, n=100)
    return Row(
        per_s=sample.calls / sample.seconds,
        p50_ms=cuts[49] * 1e3,
        p90_ms=cuts[89] * 1e3,
        p99_ms=cuts[98] * 1e3,
        server_us=sample.server_cpu_s / sample.calls * 1e6,
        server_busy=sample.server_cpu_s / sample.seconds,
        load_busy=sample.load_cpu_s / sample.seconds,
        others=sample.others_s[0] / sample.seconds,
        load_others=sample.others_s[1] / sample.seconds,
        batch=sample.calls / sample.batches if sample.batches else 0.0,
        calls=sample.calls,
    )


class BenchFailed(Exception):
    """The load met what should not be: a refusal, a server that is gone."""


class Bench:
    """Parties, servers and the load process of one run."""

    def __init__(self, folder: Path, stages: Path | None = None) -> None:
        """Make keys, an empty log and the processes that sign."""
        self.world = BenchWorld(folder)
        cpus = sorted(os.sched_getaffinity(0))
        self.server_cpu, self.load_cpu = cpus[0], cpus[-1]
        self._stages = stages
        self.presigner = Presigner(self.world, len(cpus))
        self.pool = self.presigner.requests(_POOL)
        self._identities = {
            party: self._identity(party, folder) for party in (REGULATOR, MESSENGER)
        }
        self._stack = contextlib.ExitStack()
        self._servers: dict[str, Running] = {}
        self._pipe, self._far_pipe = SPAWN.Pipe()
        self._answer_bytes = _ANSWER_BYTES
        self._rates: dict[tuple[str, int], float] = {}

    def _identity(self, party: str, folder: Path) -> Identity:
        issued = self.world.client_certificate(party)
        certificate, key = folder / f"{party}.pem", folder / f"{party}.key"
        certificate.write_bytes(issued.certificate)
        key.write_bytes(issued.key)
        return Identity(self.world.parties[OPERATOR].ca.pem, certificate, key)

    def start(self, names: Iterable[str], *, publish: bool) -> None:
        """Start servers and the load process.

        The gateway starts first: its first receipt says how long an answer is.
        """
        batches = {name: SPAWN.Value("q", 0, lock=False) for name in names}
        load = SPAWN.Process(
            target=run_load, args=(self.load_cpu, self._far_pipe, batches), daemon=True
        )
        load.start()
        self._far_pipe.close()
        self._stack.callback(load.join, 30)
        self._stack.callback(self._pipe.close)
        for name in sorted(batches, key=lambda name: name != "full"):
            setup = self._setup(name, publish=publish)
            server = running(setup, batches[name])
            self._servers[name] = self._stack.enter_context(server)
            if name == "full":
                probe = self.order(name, 1, self.presigner.requests(3), 0.0, 0.0)
                self._answer_bytes = self.run(name, probe).answer_bytes

    def _setup(self, name: str, *, publish: bool) -> Setup:
        config = self.world.config
        if not publish:
            config = dataclasses.replace(config, publish=None)
        parties = self.world.parties
        return Setup(
            name=name,
            kind=name,
            cpu=self.server_cpu,
            config=config,
            client_authorities=b"".join(party.ca.pem for party in parties.values()),
            answer_bytes=self._answer_bytes,
            signer_spki=self.world.key(CLERK).public.spki,
            stages=self._stages,
        )

    def order(
        self,
        name: str,
        callers: int,
        messages: Sequence[bytes],
        warm_s: float,
        count_s: float,
        *,
        party: str = REGULATOR,
    ) -> Order:
        """Return an order for the load process; count_s 0 sends all messages once."""
        server = self._servers[name]
        return Order(
            address=server.address,
            method=METHOD,
            identity=self._identities[party],
            pid=server.pid,
            cpu=self.server_cpu,
            callers=callers,
            messages=messages,
            repeat=name != "full",
            warm_s=warm_s,
            count_s=count_s,
        )

    def run(self, name: str, order: Order) -> Sample:
        """Run an order; raise what the load process met."""
        self._pipe.send((name, order))
        found: Sample | Failure = self._pipe.recv()
        if isinstance(found, Failure):
            raise BenchFailed(found.text)
        return found

    def pid(self, name: str) -> int:
        """Return the process id of a server."""
        return self._servers[name].pid

    def close(self) -> None:
        """Stop everything."""
        self._stack.close()
        self.presigner.close()

    def measure(self, name: str, callers: int, warm_s: float, count_s: float) -> Sample:
        """Measure one case: `answer` is reports to the gateway, `full` its requests.

        A measurement that ran out of messages, or in which hardly a call ended, says
        nothing; it is made again.
        """
        sample = Sample()
        for _ in range(_ATTEMPTS):
            sample = self._measure(name, callers, warm_s, count_s)
            if sample.calls >= _FEWEST and sample.seconds >= count_s / 2:
                return sample
        raise BenchFailed(f"{name}, {callers} callers: {sample.calls} calls")

    def _measure(
        self, name: str, callers: int, warm_s: float, count_s: float
    ) -> Sample:
        if name in ("echo", "floor"):
            order = self.order(name, callers, self.pool, warm_s, count_s)
            return self.run(name, order)
        case = (name, callers)
        rate = self._rates.get(case, _FIRST_RATE.get(callers, 1_000.0))
        supply = int(rate * (warm_s + count_s) * _SPARE) + callers
        if name == "full":
            messages = self.presigner.requests(supply)
            order = self.order("full", callers, messages, warm_s, count_s)
        else:
            requests, reports = self.presigner.answered(supply)
            self.run("full", self.order("full", 64, requests, 0.0, 0.0))
            order = self.order(
                "full", callers, reports, warm_s, count_s, party=MESSENGER
            )
        sample = self.run("full", order)
        # What ran out was faster than thought; what stalled will not stall again.
        found = sample.calls / sample.seconds if sample.seconds else 0.0
        self._rates[case] = max(found, rate * (2.0 if sample.ran_out else 0.5))
        return sample


def run_plan(bench: Bench, plan: Plan, say: Callable[[str], None]) -> Results:
    """Measure all cases of all rounds; `say` is told of each round."""
    results = Results(request_bytes=len(bench.pool[0]))
    before, began = os.getloadavg()[0], time.monotonic()
    cases = plan.cases()
    for number in range(plan.rounds):
        if time.monotonic() - began > plan.limit_s:
            say("no more rounds: they took too long")
            break
        say(f"round {number + 1} of {plan.rounds}")
        for name, callers in cases[:: -1 if number % 2 else 1]:
            sample = bench.measure(name, callers, plan.warm_s, plan.count_s)
            results.rows.setdefault((name, callers), []).append(row_of(sample))
            if name == "full":
                results.answer_bytes = sample.answer_bytes
    results.load_averages = (before, os.getloadavg()[0])
    results.seconds = time.monotonic() - began
    return results
