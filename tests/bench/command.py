"""The command: which measurements, where their files lie, and what is printed."""

import argparse
import contextlib
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.bench.measure import Bench, Plan, Results, row_of, run_plan
from tests.bench.report import (
    machine,
    measures,
    ratio_lines,
    table,
    write_results,
)

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "bench-results.json"
SCRATCH = ROOT / ".cache" / "bench"
"""On the project's own disk: /tmp may be in memory, where a sync is free."""

QUICK = Plan(rounds=3, warm_s=0.3, count_s=1.0, limit_s=60.0)
FULL = Plan(rounds=9, warm_s=0.5, count_s=2.5)
_PROFILE_S = 10
_STAGES_S = 6.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; return the exit code."""
    asked = _parser().parse_args(arguments)
    plan = QUICK if asked.quick else FULL
    with _scratch() as folder:
        if asked.stages or asked.profile:
            _look_inside(folder, asked.callers, asked.profile)
            return 0
        about = machine(folder)
        with contextlib.closing(Bench(folder)) as bench:
            _say(*about)
            _say(
                f"servers on CPU {bench.server_cpu}, load on CPU {bench.load_cpu};"
                f" {plan.rounds} rounds of {plan.count_s:g} s a case;"
                f" one store for all rounds, which grows"
            )
            bench.start(("echo", "floor", "full"), publish=not asked.no_publish)
            results = run_plan(bench, plan, _say)
    _print(results, plan)
    write_results(RESULTS, list(measures(results, plan)))
    _say(f"written: {RESULTS.name}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure echo, floor and full path, side by side, on loopback.",
    )
    quick = os.environ.get("QUICK", "") not in ("", "0")
    parser.add_argument(
        "--quick",
        action="store_true",
        default=quick,
        help="a short look, under 2 minutes; the same as QUICK=1",
    )
    parser.add_argument(
        "--no-publish",
        action="store_true",
        help="the gateway writes no static export",
    )
    parser.add_argument(
        "--stages",
        action="store_true",
        help="instead: CPU of each stage of the full path",
    )
    parser.add_argument(
        "--profile",
        metavar="FILE",
        type=Path,
        help="instead: a py-spy flame graph of the full path (.svg; else raw stacks)",
    )
    parser.add_argument(
        "--callers",
        type=int,
        default=16,
        help="callers of --stages and --profile (default 16)",
    )
    return parser


def _print(results: Results, plan: Plan) -> None:
    (before, after), others = results.load_averages, results.others()
    _say(
        f"request {results.request_bytes} B, receipt {results.answer_bytes} B",
        f"{results.seconds:.0f} s; load average {before:.1f} before, {after:.1f} after",
        f"others had {others[0]:.0%} of the server CPU, {others[1]:.0%} of the load's",
        "",
        *table(results, plan),
        "",
        *ratio_lines(results, plan),
        "",
    )


def _look_inside(folder: Path, callers: int, profile: Path | None) -> None:
    """Load the gateway alone; print its stages, or let py-spy watch it."""
    stages = None if profile else folder / "stages.txt"
    with contextlib.closing(Bench(folder, stages)) as bench:
        bench.start(("full",), publish=True)
        bench.measure("full", callers, 0.5, 1.0)  # so that enough messages are made
        if profile is None:
            sample = bench.measure("full", callers, 0.0, _STAGES_S)
        else:
            with _watched(bench.pid("full"), profile):
                sample = bench.measure("full", callers, 0.0, _PROFILE_S)
    row = row_of(sample)
    _say(
        f"{callers} callers: {row.per_s:.0f}/s, {row.server_us:.0f} µs CPU a call,"
        f" {row.batch:.1f} messages a commit (slowed down by watching)"
    )
    _say(str(profile) if profile else (folder / "stages.txt").read_text())


@contextmanager
def _watched(pid: int, file: Path) -> Iterator[None]:
    spy = Path(sysconfig.get_path("scripts")) / "py-spy"
    shape = "flamegraph" if file.suffix == ".svg" else "raw"
    command: list[str | Path] = [spy, "record", "--pid", str(pid), "--output", file]
    # Only who holds the GIL: to py-spy, a thread that waits looks busy.
    command += ["--gil", "--rate", "250", "--duration", str(_PROFILE_S)]
    command += ["--format", shape]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield
        process.wait(2 * _PROFILE_S)


@contextmanager
def _scratch() -> Iterator[Path]:
    SCRATCH.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=SCRATCH))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)
