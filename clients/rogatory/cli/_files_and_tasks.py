"""Files and tasks of an answer: `--file F --task A --task B --outcome C=no_data`.

The order of the options has a meaning: each task belongs to the file before it.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App
from rogatory.cli._click import Command
from rogatory.cli.output import Json, out, print_json, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rogatory.exchanges import ExchangeView
    from rogatory.v1 import disclosure_pb2

_ORDER = "rogatory.order"
_DISCLOSED = "disclosed"


class FilesAndTasks(Command):
    """A command that knows which `--task` stands behind which `--file`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, and remember the order of the options."""
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(list(args))
            ctx.meta[_ORDER] = [param.name for param in order]
        return super().parse_args(ctx, args)


def pair_files(
    ctx: click.Context, files: Sequence[Path], tasks: Sequence[str]
) -> list[tuple[Path, list[str]]]:
    """Return each file with the tasks that were named behind it.

    Raises:
        click.UsageError: A task without a file before it, or a file without tasks.
    """
    pairs: list[tuple[Path, list[str]]] = []
    left_files, left_tasks = list(files), list(tasks)
    for name in ctx.meta.get(_ORDER, []):
        if name == "files":
            pairs.append((left_files.pop(0), []))
        elif name == "tasks":
            if not pairs:
                raise click.UsageError(
                    "--task ID stands behind the --file it belongs to"
                )
            pairs[-1][1].append(left_tasks.pop(0))
    for path, named in pairs:
        if not named:
            raise click.UsageError(f"say what {path} answers: --file {path} --task ID")
    return pairs


def parse_outcomes(
    given: tuple[str, ...], *, with_file: "Sequence[str]"
) -> "Mapping[str, disclosure_pb2.TaskOutcome.ValueType]":
    """Read TASK=OUTCOME; a task with a file can only be disclosed or partial.

    Raises:
        click.BadParameter: It is something else, or a task is named twice.
    """
    from rogatory.v1 import disclosure_pb2

    names = [
        name.removeprefix("TASK_OUTCOME_").lower()
        for name, number in disclosure_pb2.TaskOutcome.items()
        if number
    ]
    found = {}
    for each in given:
        task, _, name = each.partition("=")
        if not task or name not in names:
            rule = f"expected TASK=OUTCOME, the outcome one of {', '.join(names)}"
            raise click.BadParameter(rule, param_hint="--outcome")
        if (name in (_DISCLOSED, "partial")) != (task in with_file):
            rule = f"{task}: {name} goes {'without' if task in with_file else 'with'}"
            raise click.BadParameter(f"{rule} a file", param_hint="--outcome")
        if task in found:
            raise click.BadParameter(f"{task}: named twice", param_hint="--outcome")
        found[task] = disclosure_pb2.TaskOutcome.Value(f"TASK_OUTCOME_{name.upper()}")
    return found


def refuse_unknown_tasks(view: "ExchangeView", tasks: set[str]) -> None:
    """Refuse tasks that the request does not have, before anything is encrypted.

    Raises:
        ItemUnknown: It has no such task.
    """
    from rogatory.errors import ItemUnknown

    known = [part.id for part in view.parts]
    unknown = sorted(tasks - set(known))
    if unknown:
        raise ItemUnknown(
            f"task {unknown[0]}", expected=f"one of: {', '.join(known[:20])}"
        )


def show_dry(
    app: App,
    to_send: "Sequence[tuple[Path, Sequence[str]]]",
    outcomes: tuple[str, ...],
) -> None:
    """Show what would be sent."""
    if app.json:
        files: list[Json] = [
            {"file": str(path), "tasks": list(tasks)} for path, tasks in to_send
        ]
        print_json({"dry_run": True, "files": files, "outcomes": list(outcomes)})
    else:
        for path, tasks in to_send:
            out(f"{path}: {path.stat().st_size:,} bytes, for {', '.join(tasks)}")
        for each in outcomes:
            out(each.replace("=", ": "))
    say("dry run: nothing was encrypted, signed or sent")
