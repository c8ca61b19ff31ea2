"""`--file F --task A --task B --file G --task C`: options whose order has a meaning."""

from collections.abc import Sequence
from pathlib import Path

import click

from rogatory.cli._click import Command

_ORDER = "rogatory.order"


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
