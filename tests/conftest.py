"""What every test run shares: two rules about the run itself.

* It ends with a list headed ``not run, because``: each test that was skipped, and
  why. With ``CI`` set, a list that is not empty fails the run: a check that never
  ran must not look like one that passed.
* The source folders ``gateway`` and ``clients`` cannot be imported as packages by
  accident, although pytest is started from the folder that holds them.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

SOURCE_FOLDERS = frozenset({"clients", "gateway"})


class _RefuseSourceFolders:
    """A finder that finds nothing, and refuses the names of our source folders."""

    @staticmethod
    def find_spec(
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """Refuse ``import gateway``, which would find the folder, not the package."""
        del path, target
        if fullname in SOURCE_FOLDERS:
            message = (
                f"{fullname!r} is a folder, not a package:"
                " import rogatory or rogatory_gateway"
            )
            raise ModuleNotFoundError(message, name=fullname)
        return None


sys.meta_path.insert(0, _RefuseSourceFolders)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """End with the tests that did not run, after everything that pytest says."""
    # A worker of pytest-xdist reports to the controller, which has the whole list.
    if hasattr(session.config, "workerinput"):
        yield
        return
    not_run = _not_run(session)
    if not_run and os.environ.get("CI") and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

    yield

    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return
    if not not_run:
        reporter.write_line("not run, because: nothing")
        return
    reporter.write_line("not run, because:")
    for line in not_run:
        reporter.write_line(f"  {line}")
    if os.environ.get("CI"):
        reporter.write_line("CI is set: whatever was not run fails the run.")


def _not_run(session: pytest.Session) -> list[str]:
    """List the skipped tests, and files skipped as a whole, each with its reason."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:
        return []
    # A skipped subtest has no category of its own while pytest is not verbose.
    reports = [
        report
        for category in ("skipped", "")
        for report in reporter.stats.get(category, [])
        if report.outcome == "skipped" and not hasattr(report, "wasxfail")
    ]
    return sorted(f"{report.nodeid}: {_reason(report)}" for report in reports)


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Give the reason that was passed to the skip, without pytest's prefix."""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
