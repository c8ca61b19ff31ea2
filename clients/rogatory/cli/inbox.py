"""`rogatory inbox`: what has arrived, and waiting for more."""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._errors import Failed
from rogatory.cli._shapes import message_json
from rogatory.cli._signals import is_interruption
from rogatory.cli._words import flags, says
from rogatory.cli.output import (
    Column,
    clock,
    count,
    is_terminal,
    out,
    print_json,
    print_json_line,
    print_table,
    say,
)

if TYPE_CHECKING:
    from rogatory.context import Context
    from rogatory.received import Received


@click.group(cls=Group, example="rogatory --as messenger inbox watch")
def inbox() -> None:
    """What your party has received."""


@inbox.command(
    "list",
    example="rogatory --as messenger inbox list\n"
    "rogatory --as messenger inbox list --new --json",
)
@click.option(
    "--after",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    help="Only what came after number N.",
)
@click.option("--new", is_flag=True, help="Only what `inbox watch` has not shown yet.")
@json_option
@pass_app
def list_(app: App, after: int, new: bool) -> None:
    """List messages, oldest first. Each is verified before it is shown."""
    with app.sdk.reader(app.context()) as reader:
        if new:
            after = max(after, reader.state.cursor())
        found = list(reader.inbox(after))
    if app.json:
        print_json({"messages": [message_json(each) for each in found]})
        return
    if not found:
        say("nothing has arrived" + (f" after number {after}" if after else ""))
        return
    columns = [
        Column("NO.", right=True),
        Column("LOGGED"),
        Column("FROM"),
        Column("WHAT"),
        Column("EXCHANGE"),
        Column("ENTRY", right=True),
    ]
    rows = [
        (
            str(each.number),
            clock(each.time),
            each.sender,
            _what(each),
            each.exchange_id,
            str(each.index),
        )
        for each in found
    ]
    print_table(columns, rows, whole=True)


@inbox.command(
    example="rogatory --as messenger inbox watch\n"
    "rogatory --as messenger inbox watch --exec ./open-ticket.sh"
)
@click.option(
    "--exec",
    "commands",
    metavar="CMD",
    multiple=True,
    help="Run CMD for each message: JSON on its stdin, ids in its environment.",
)
@click.option(
    "--stop-after",
    metavar="N",
    type=click.IntRange(min=1),
    help="End after N messages.",
)
@json_option
@pass_app
def watch(app: App, commands: tuple[str, ...], stop_after: int | None) -> None:
    """Print a line for each message as it arrives, until Ctrl-C.

    Goes on where the last watch ended, and reconnects by itself. A message counts as
    seen when its line is printed and every CMD has ended with 0; otherwise the watch
    ends and the next one begins with that message.
    """
    context = app.context()
    programs = [_program(command) for command in commands]
    seen = 0

    def handle(received: "Received") -> None:
        nonlocal seen
        if app.json:
            print_json_line(message_json(received))
        else:
            out(_line(received))
        for program in programs:
            _run(program, received, context)
        seen += 1

    with app.sdk.reader(context) as reader:
        if is_terminal(sys.stderr):
            say(f"watching as {context.party}; Ctrl-C ends")
        try:
            reader.watch(handle, stop_after=stop_after)
        except (Exception, KeyboardInterrupt) as error:
            if not is_interruption(error):
                raise
            if is_terminal(sys.stderr):
                say(f"\nended after {count(seen, 'message')}; the next watch goes on")


def _line(received: "Received") -> str:
    parts = [
        clock(received.time),
        f"#{received.number}",
        f"{received.sender} {_what(received)}",
        f"exchange {received.exchange_id}",
        f"entry {received.index}",
    ]
    return "  ".join(part.replace("\n", " ") for part in parts)


def _what(received: "Received") -> str:
    header = received.header
    marks = flags(test=header.test, emergency=header.emergency)
    return f"{says(received)}, {header.profile.id}{f' ({marks})' if marks else ''}"


def _program(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise click.BadParameter(str(error).lower(), param_hint="--exec") from None
    if not words:
        raise click.BadParameter("no command", param_hint="--exec")
    return words


def _run(program: list[str], received: "Received", context: "Context") -> None:
    """Run one program for a message, without a shell: names of strangers are data."""
    known: Mapping[str, str] = {
        "ROGATORY_CONTEXT": str(context.path),
        "ROGATORY_EXCHANGE_ID": received.exchange_id,
        "ROGATORY_MESSAGE_ID": received.message_id,
        "ROGATORY_KIND": received.kind,
        "ROGATORY_SENDER": received.sender,
        "ROGATORY_INDEX": str(received.index),
        "ROGATORY_NUMBER": str(received.number),
    }
    line = json.dumps(message_json(received), ensure_ascii=False) + "\n"
    done = subprocess.run(
        program, input=line.encode(), env={**os.environ, **known}, check=False
    )
    if done.returncode:
        raise Failed(
            f"the command ended with exit code {done.returncode}",
            what=program[0],
            kept=f"message {received.number} counts as not seen",
            todo="correct the command and watch again: it begins with that message",
        )
