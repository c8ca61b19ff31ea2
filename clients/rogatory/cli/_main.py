"""The command `rogatory`: its nouns, and the one place where failures are told.

An error of ours becomes a text (or JSON) and an exit code, never a traceback. A bug of
ours says that it is one; `-v` adds its traceback.
"""

import os
import sys
import traceback
from typing import Any

import click

from rogatory.cli._app import NOTHING_YET, App, set_up_logging
from rogatory.cli._click import Group, Lazy
from rogatory.cli._errors import Report, report_of
from rogatory.cli._exit import Exit
from rogatory.cli._signals import is_interruption
from rogatory.cli.output import out, say
from rogatory.errors import Unavailable

_COMMON = {
    "request": "Ask for removal or for data.",
    "inbox": "See what has arrived, or wait for it.",
    "exchange": "See an exchange and its items.",
    "respond": "Answer, from a spreadsheet.",
    "evidence": "Receive evidence files.",
    "log": "Mirror and verify the transparency log.",
}
_OTHERS = {
    "cosign": "Sign a draft, as the second person.",
    "draft": "See a draft, or send it.",
    "outbox": "See or send what was cut off on its way.",
    "receipt": "Verify a receipt, offline.",
    "witness": "Cosign logs, ours or anybody's.",
    "profile": "See what a legal basis allows.",
    "tables": "Empty spreadsheets to fill in.",
    "context": "See who you are here.",
    "doctor": "Find out what does not work.",
    "help": "Show the help of any command.",
}
_MODULES = {"cosign": "draft", "help": "_help"}
_NAMES = {"help": "help_"}


def _nouns() -> dict[str, Lazy]:
    return {
        name: Lazy(
            f"rogatory.cli.{_MODULES.get(name, name)}",
            _NAMES.get(name, name),
            text,
            common=name in _COMMON,
        )
        for name, text in {**_COMMON, **_OTHERS}.items()
    }


_EXAMPLE = """\
rogatory --as regulator request removal --profile KR.CORRECTION \\
    --to example-messenger --items items.csv
rogatory --as messenger inbox watch
rogatory log verify ./log --vkeys log.vkeys"""


class Root(Group):
    """The outermost command: runs one, tells failures, returns the exit code."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 click's own
        """Run and exit."""
        app = extra.setdefault("obj", App())
        extra["standalone_mode"] = False
        sys.exit(int(self._run(app, *args, **extra)))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the noun; if it is none, tell of which nouns it is a verb."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            if error.possibilities:
                raise
            name = error.command_name
            found = [f"rogatory {noun} {name}" for noun in self._nouns_of(ctx, name)]
            if not found:
                raise
            message = f"no such command {name!r}: is {' or '.join(found)} meant?"
            raise click.UsageError(message, ctx) from None

    def _nouns_of(self, ctx: click.Context, verb: str) -> list[str]:
        nouns = []
        for name in self.list_commands(ctx):
            noun = self.get_command(ctx, name)
            if isinstance(noun, Group) and noun.get_command(ctx, verb) is not None:
                nouns.append(name)
        return nouns

    def _run(self, app: App, *args: Any, **extra: Any) -> Exit | int:  # noqa: ANN401 click's own
        given = args[0] if args else extra.get("args")
        wants_json = "--json" in (sys.argv[1:] if given is None else given)
        try:
            code = super().main(*args, **extra)
            sys.stdout.flush()
            return code if isinstance(code, int) else Exit.OK
        except click.exceptions.NoArgsIsHelpError as error:
            say(error.format_message())
            return Exit.USAGE
        except BrokenPipeError:
            # Whoever read our output has gone; the interpreter must not find that out
            # again when it flushes.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.FAILED
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 outermost
            report = _report(app, error)
            _tell(app, error, report, as_json=app.json or wants_json)
            return report.code


def _report(app: App, error: BaseException) -> Report:
    if isinstance(error, click.Abort) or is_interruption(error):
        return Report(
            Exit.INTERRUPTED,
            "INTERRUPTED",
            "interrupted",
            (("kept", app.kept),),
            text=f"\ninterrupted: {app.kept}",
        )
    report = report_of(error) or _bug(error)
    if isinstance(error, Unavailable) and app.kept != NOTHING_YET:
        report = report.with_kept(app.kept)
    return report


def _bug(error: BaseException) -> Report:
    facts = (
        ("what", f"{type(error).__name__}"),
        ("try", "run it again with -v and send us what it prints"),
    )
    summary = "this is a bug in rogatory, not a mistake of yours"
    return Report(Exit.FAILED, "BUG", summary, facts)


def _tell(app: App, error: BaseException, report: Report, *, as_json: bool) -> None:
    if app.verbose and (report.reason == "BUG" or app.verbose > 1):
        say("".join(traceback.format_exception(error)))
    if as_json:
        report.show_json()
    else:
        report.show()


def _version(ctx: click.Context, param: click.Parameter, value: Any) -> None:  # noqa: ANN401 click's own
    del param
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    out(f"rogatory {version('rogatory')}")
    ctx.exit()


@click.group(
    cls=Root,
    lazy=_nouns(),
    example=_EXAMPLE,
    footer="all commands: rogatory help --all",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 88},
)
@click.option(
    "--as",
    "context_name",
    metavar="NAME",
    help="The context to act in: a name or a file. Otherwise ROGATORY_CONTEXT.",
)
@click.option("-v", "--verbose", count=True, help="Say more; -vv: even more.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show the version.",
)
@click.pass_obj
def rogatory(app: App, context_name: str | None, verbose: int) -> None:
    """Signed, logged requests between authorities and online platforms."""
    app.context_name = context_name
    app.verbose = verbose
    set_up_logging(verbose)
    # grpc's C core logs failed handshakes to stderr by itself; our errors say them.
    os.environ.setdefault("GRPC_VERBOSITY", "INFO" if verbose > 1 else "NONE")


def run() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A locale that cannot show Korean must not end a command half-way.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    rogatory(prog_name="rogatory")


__all__ = ["rogatory", "run"]
