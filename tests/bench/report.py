"""What a run says: the machine, a table, and `bench-results.json`."""

import json
import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cryptography
import google.protobuf
import grpc
import sqlalchemy
from cryptography.hazmat.backends.openssl import backend

from tests.bench.measure import Plan, Results

SERVERS = {
    "echo": "echo",
    "floor": "floor",
    "full": "full path",
    "answer": "full path, reports",
}
_SYNCS = 50


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of `bench-results.json`."""

    measure: str
    value: float
    unit: str
    target: float | None = None
    held: bool | None = None


def machine(folder: Path) -> list[str]:
    """Return lines about the machine; writes a little to find the disk's sync time."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    system = f"{platform.system()} {platform.release()}"
    versions = ", ".join(
        (
            f"Python {platform.python_version()}",
            f"grpcio {grpc.__version__}",
            f"protobuf {google.protobuf.__version__}",
            f"cryptography {cryptography.__version__}",
            backend.openssl_version_text(),
            f"SQLAlchemy {sqlalchemy.__version__}",
            f"SQLite {sqlite3.sqlite_version}",
        )
    )
    return [
        f"{model}, {os.cpu_count()} CPUs, {memory:.0f} GiB, {system}",
        versions,
        f"fdatasync of 16 KiB appended: median {_sync_ms(folder):.2f} ms",
    ]


def _sync_ms(folder: Path) -> float:
    times = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(_SYNCS):
            file.write(bytes(16_384))
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def table(results: Results, plan: Plan) -> Iterator[str]:
    """Yield the lines of the table: medians over the rounds."""
    yield (
        f"{'callers':>7}  {'server':<18} {'req/s':>7} {'p50 ms':>8} {'p90 ms':>8}"
        f" {'p99 ms':>8} {'CPU µs/call':>12} {'server':>7} {'load':>6} {'batch':>6}"
    )
    for name, callers in plan.cases():
        case = (name, callers)
        value = {
            field: results.median(case, field)
            for field in asdict(results.rows[case][0])
        }
        yield (
            f"{callers:>7}  {SERVERS[name]:<18} {value['per_s']:>7.0f}"
            f" {value['p50_ms']:>8.2f} {value['p90_ms']:>8.2f} {value['p99_ms']:>8.2f}"
            f" {value['server_us']:>12.0f} {value['server_busy']:>7.0%}"
            f" {value['load_busy']:>6.0%} {value['batch']:>6.1f}"
        )


def ratio_lines(results: Results, plan: Plan) -> Iterator[str]:
    """Yield the ratios: median, least and greatest of the rounds; and by CPU a call.

    One server keeps one CPU busy, so both say the same on a machine of one's own; where
    others want the CPU too, the second one is the steadier.
    """
    yield (
        f"{'callers':>7}  {'ratio of req/s':<18}"
        f" {'median':>7} {'least':>7} {'most':>7} {'by CPU':>7}"
    )
    for callers in plan.callers:
        for over, under in _RATIOS:
            ratios = results.ratios((over, callers), (under, callers))
            yield (
                f"{callers:>7}  {_ratio_name(over, under):<18}"
                f" {statistics.median(ratios):>7.2f}"
                f" {min(ratios):>7.2f} {max(ratios):>7.2f}"
                f" {_by_cpu(results, over, under, callers):>7.2f}"
            )


def _by_cpu(results: Results, over: str, under: str, callers: int) -> float:
    """Return the ratio of rates that the CPU of a call of each would give."""
    ratios = results.ratios((under, callers), (over, callers), "server_us")
    return statistics.median(ratios)


_RATIOS = (("full", "floor"), ("full", "echo"), ("floor", "echo"))


def _ratio_name(over: str, under: str) -> str:
    return f"{SERVERS[over]} ÷ {SERVERS[under]}"


def measures(results: Results, plan: Plan) -> Iterator[Measure]:
    """Yield everything that was measured, for `bench-results.json`."""
    for callers in plan.callers:
        at = f"{callers} caller{'s' if callers > 1 else ''}"
        for over, under in _RATIOS:
            ratio = statistics.median(results.ratios((over, callers), (under, callers)))
            yield Measure(f"{_ratio_name(over, under)}, {at}", _round(ratio), "ratio")
            by_cpu = _by_cpu(results, over, under, callers)
            name = f"{_ratio_name(over, under)} by server CPU, {at}"
            yield Measure(name, _round(by_cpu), "ratio")
    added = [
        full.p50_ms - echo.p50_ms
        for full, echo in zip(
            results.rows["full", 1], results.rows["echo", 1], strict=True
        )
    ]
    value = _round(statistics.median(added))
    yield Measure("added p50 over the echo's p50, 1 caller", value, "ms")
    for name, callers in plan.cases():
        at = f"{SERVERS[name]}, {callers} caller{'s' if callers > 1 else ''}"
        for field, title, unit in _FIELDS:
            found = results.median((name, callers), field)
            if field == "batch" and not found:
                continue
            yield Measure(f"{title}, {at}", _round(found), unit)


_FIELDS = (
    ("per_s", "requests", "1/s"),
    ("p50_ms", "latency p50", "ms"),
    ("p90_ms", "latency p90", "ms"),
    ("p99_ms", "latency p99", "ms"),
    ("server_us", "server CPU a call", "µs"),
    ("server_busy", "server CPU busy", "share"),
    ("load_busy", "load CPU busy", "share"),
    ("others", "server CPU used by others", "share"),
    ("load_others", "load CPU used by others", "share"),
    ("batch", "messages a commit", "messages"),
)


def _round(value: float) -> float:
    return float(f"{value:.4g}")


def write_results(path: Path, found: list[Measure]) -> None:
    """Write `bench-results.json`: a list of {measure, value, unit, target, held}."""
    text = json.dumps([asdict(each) for each in found], indent=1, ensure_ascii=False)
    path.write_text(text + "\n")
