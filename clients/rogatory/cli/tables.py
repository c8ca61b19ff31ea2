"""`rogatory tables`: empty spreadsheets, and what goes into their columns."""

from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, force_option, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._files import write_new
from rogatory.cli.output import out, print_json, say

if TYPE_CHECKING:
    from rogatory.tables import TableName


@click.group(cls=Group, example="rogatory tables template items > items.csv")
def tables() -> None:
    """Empty spreadsheets to fill in."""


@tables.command(
    example="rogatory tables template items > items.csv\n"
    "rogatory tables template results --output results.csv"
)
@click.argument("table", type=click.Choice(["items", "results", "targets"]))
@click.option(
    "--output",
    metavar="FILE",
    default="-",
    help="Where to write it; stdout if not given.",
)
@force_option
def template(table: str, output: str, force: bool) -> None:
    """Write an empty table: UTF-8, opens in any spreadsheet program.

    What goes into the columns is told on stderr; `tables columns` tells it again.
    """
    from rogatory.tables import describe
    from rogatory.tables import template as make

    name = _name(table)
    write_new(output, make(name), force=force)
    say(describe(name))


@tables.command(example="rogatory tables columns items")
@click.argument("table", type=click.Choice(["items", "results", "targets"]))
@json_option
@pass_app
def columns(app: App, table: str) -> None:
    """Say what goes into each column."""
    from rogatory.tables import describe

    text = describe(_name(table))
    if not app.json:
        out(text.rstrip("\n"))
        return
    rows = [line.split(maxsplit=2) for line in text.splitlines()]
    print_json(
        {
            "table": table,
            "columns": [
                {"name": name, "required": need == "needed", "help": words}
                for name, need, words in rows
            ],
        }
    )


def _name(table: str) -> "TableName":
    """Narrow what click has checked."""
    match table:
        case "items" | "results" | "targets":
            return table
        case _:
            raise AssertionError(table)
