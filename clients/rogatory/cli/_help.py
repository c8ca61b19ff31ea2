"""`rogatory help`: the help of any command, or the list of all."""

import click

from rogatory.cli._click import Command, Group
from rogatory.cli.output import out


@click.command(
    "help",
    cls=Command,
    example="rogatory help --all\nrogatory help request removal",
)
@click.argument("words", metavar="[COMMAND]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="List every command.")
@click.pass_context
def help_(ctx: click.Context, words: tuple[str, ...], everything: bool) -> None:
    """Show the help of a command, or list all of them."""
    root = ctx.find_root()
    command: click.Command = root.command
    here = click.Context(command, info_name="rogatory")
    for word in words:
        if not isinstance(command, Group):
            raise click.UsageError(f"{here.command_path} has no commands", ctx)
        name, found, _ = command.resolve_command(here, [word])
        if found is None:
            raise AssertionError(word)
        command, here = found, click.Context(found, info_name=name, parent=here)
    if everything:
        rows = list(_all(command, here))
        wide = max(len(path) for path, _ in rows)
        for path, text in rows:
            out(f"{path:<{wide}}  {text}")
    else:
        out(command.get_help(here))


def _all(command: click.Command, here: click.Context) -> list[tuple[str, str]]:
    if not isinstance(command, Group):
        return [(here.command_path, command.get_short_help_str(100))]
    rows = []
    for name in command.list_commands(here):
        found = command.get_command(here, name)
        if found is not None and not found.hidden:
            inner = click.Context(found, info_name=name, parent=here)
            rows += _all(found, inner)
    return rows
