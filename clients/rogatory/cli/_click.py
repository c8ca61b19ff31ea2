"""Our click: help that begins with an example, subcommands loaded when they are used.

A group that is lazy knows its subcommands by name, module and one line of help; the
module is imported when the subcommand runs or its own help is asked for.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

_INDENT = 2


@dataclass(frozen=True, slots=True)
class Lazy:
    """A subcommand that is not imported yet.

    Attributes:
        module: The module that has it.
        name: Its name in that module.
        help: One line for the list of commands.
        common: Whether it is among the few that the first help shows.
    """

    module: str
    name: str
    help: str
    common: bool = True

    def load(self) -> click.Command:
        """Import it."""
        command = getattr(importlib.import_module(self.module), self.name)
        if not isinstance(command, click.Command):
            found = f"{self.module}:{self.name}"
            raise AssertionError(found)  # noqa: TRY004 our own mistake
        return command


class _ExampleFirst(click.Command):
    """Help in the order in which people read: example, usage, words, options."""

    def __init__(self, *args: Any, example: str = "", **attrs: Any) -> None:  # noqa: ANN401 click's own
        """Take what click takes, and an example of one or more lines."""
        super().__init__(*args, **attrs)
        self.example = example

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help, the example first."""
        if self.example:
            formatter.write("Example:\n")
            for line in self.example.splitlines():
                formatter.write(f"{'':{_INDENT}}{line}\n")
            formatter.write_paragraph()
        super().format_help(ctx, formatter)


class Command(_ExampleFirst):
    """A verb."""


class Group(_ExampleFirst, click.Group):
    """A noun with its verbs."""

    command_class = Command

    def __init__(
        self,
        *args: Any,  # noqa: ANN401 click's own
        lazy: Mapping[str, Lazy] | None = None,
        footer: str = "",
        **attrs: Any,  # noqa: ANN401 click's own
    ) -> None:
        """Take what click takes.

        Args:
            *args: For click.
            lazy: Subcommands by name, in the order of the help.
            footer: The last line of the help.
            **attrs: For click.
        """
        super().__init__(*args, **attrs)
        self.lazy = dict(lazy or {})
        self.footer = footer

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return [*self.lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand, importing it if need be."""
        found = self.lazy.get(cmd_name)
        return found.load() if found else super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the subcommand, or raise with those that may be meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            # click suggests from `commands`, which has no lazy ones.
            raise click.NoSuchCommand(
                error.command_name, possibilities=self.list_commands(ctx), ctx=ctx
            ) from None

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """List the subcommands without importing any."""
        rows = [(name, each.help) for name, each in self.lazy.items() if each.common]
        for name in super().list_commands(ctx):
            command = super().get_command(ctx, name)
            if command is not None and not command.hidden:
                rows.append((name, command.get_short_help_str(100)))
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)
        if self.footer:
            formatter.write_paragraph()
            formatter.write_text(self.footer)
