"""`rogatory doctor`: what works, what does not, and what to do about it.

Looks at this machine first, then at the gateway; sends nothing that is logged. What
depends on a thing that failed is skipped, and the table says so.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Command
from rogatory.cli._exit import Exit, exit_code_of
from rogatory.cli._findings import Finding, Result, local_findings
from rogatory.cli._remote_findings import remote_findings
from rogatory.cli.output import Column, Json, out, print_json, print_table, say
from rogatory.errors import RogatoryError

if TYPE_CHECKING:
    from rogatory.context import Context

_ORDER = (
    Exit.VERIFICATION_FAILED,
    Exit.NOT_AUTHORISED,
    Exit.UNREACHABLE,
    Exit.FAILED,
)
"""Which exit code wins when several things are wrong."""


@click.command(
    cls=Command,
    example="rogatory --as regulator doctor",
)
@json_option
@pass_app
def doctor(app: App) -> None:
    """Check context, files, certificate, gateway, clock, log and directory.

    Exit code 0 if all is well; otherwise that of the worst problem.
    """
    app.kept = "nothing was changed"
    context = app.context()
    findings = [*local_findings(context), *_remote(app, context)]
    problems = [each for each in findings if each.result is Result.PROBLEM]
    if app.json:
        print_json({"ok": not problems, "checks": [_shape(each) for each in findings]})
    else:
        _show(findings)
        say("all is well" if not problems else f"{len(problems)} to be seen to")
    if problems:
        codes = {each.code for each in problems}
        worst = next(code for code in _ORDER if code in codes)
        click.get_current_context().exit(int(worst))


def _remote(app: App, context: "Context") -> Iterator[Finding]:
    """Ask the gateway, if the files that this takes can be read."""
    try:
        with app.sdk.reader(context) as reader:
            yield from remote_findings(reader)
    except RogatoryError as error:
        yield Finding(
            "gateway",
            Result.PROBLEM,
            str(error),
            error.todo,
            exit_code_of(type(error)),
        )


def _show(findings: list[Finding]) -> None:
    columns = [Column("CHECK"), Column("RESULT"), Column("WHAT", shrinks=True)]
    rows = [(each.check, each.result.value, each.what) for each in findings]
    print_table(columns, rows)
    for each in findings:
        if each.todo and each.result is not Result.OK:
            out(f"\n{each.check}: {each.what}\n  try  {each.todo}")


def _shape(finding: Finding) -> dict[str, Json]:
    return {
        "check": finding.check,
        "result": finding.result.value,
        "what": finding.what,
        "try": finding.todo or None,
    }
