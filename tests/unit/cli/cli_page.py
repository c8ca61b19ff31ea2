"""The verbs of docs/cli.md, written from the commands themselves.

`python -m tests.unit.cli.cli_page` puts them into the page; a test proves that they are
what is there.
"""

from collections.abc import Iterator
from pathlib import Path

import click

from rogatory.cli._click import Command, Group
from rogatory.cli._main import rogatory

PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
BEGIN = "<!-- verbs: written by `python -m tests.unit.cli.cli_page` -->\n"
END = "<!-- end of verbs -->\n"


def verbs() -> Iterator[tuple[str, Command, click.Context]]:
    """Yield every verb with its path."""
    root = click.Context(rogatory, info_name="rogatory")
    yield from _verbs(rogatory, root)


def _verbs(
    command: click.Command, here: click.Context
) -> Iterator[tuple[str, Command, click.Context]]:
    if isinstance(command, Group):
        for name in command.list_commands(here):
            found = command.get_command(here, name)
            assert found is not None
            yield from _verbs(found, click.Context(found, info_name=name, parent=here))
    else:
        assert isinstance(command, Command)
        yield here.command_path, command, here


def page() -> str:
    """Return the verbs as they stand in the page."""
    parts = []
    for path, command, here in verbs():
        lines = [f"### {path}", "", "```console"]
        continued = False
        for line in command.example.splitlines():
            lines.append(line if continued else f"$ {line}")
            continued = line.endswith("\\")
        lines += ["```", ""]
        for paragraph in (command.help or "").split("\n\n"):
            lines += [" ".join(paragraph.split()), ""]
        lines += [*_options(command, here), ""]
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _options(command: Command, here: click.Context) -> list[str]:
    rows = []
    for param in command.params:
        record = param.get_help_record(here)
        if isinstance(param, click.Option) and record:
            name, words = (each.replace("|", "\\|") for each in record)
            words = words.replace("  [required]", " **Needed.**")
            rows.append(f"| `{name}` | {' '.join(words.split())} |")
    return ["| option | meaning |", "|---|---|", *rows] if rows else []


def main() -> None:
    """Put the verbs into the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{page()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
