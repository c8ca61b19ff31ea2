"""`rogatory context`: who you are here, and with which files.

A context is how this machine reaches one gateway as one party. Nothing here reads a
key or speaks to anybody.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli.output import (
    Column,
    Json,
    out,
    print_facts,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from rogatory.context import Context


@click.group(cls=Group, example="rogatory context list")
def context() -> None:
    """How this machine reaches a gateway, and as whom."""


@context.command("list", example="rogatory context list")
@json_option
@pass_app
def list_(app: App) -> None:
    """List the contexts that `--as` takes."""
    rows = [_row(name, path) for name, path in app.sdk.contexts().items()]
    if app.json:
        print_json({"contexts": rows})
        return
    if not rows:
        say("there is no context yet; looked in:")
        for folder in _folders():
            say(f"  {folder}")
        return
    columns = [
        Column("NAME"),
        Column("PARTY"),
        Column("GATEWAY"),
        Column("FILE", shrinks=True),
    ]
    print_table(
        columns,
        [
            (
                str(row["name"]),
                str(row["party"] or "(not usable)"),
                str(row["address"] or ""),
                str(row["file"]),
            )
            for row in rows
        ],
    )
    for row in rows:
        if row["problem"]:
            say(f"{row['name']} is not usable: {row['problem']}")


@context.command(
    example="rogatory --as regulator context show\nrogatory context show regulator"
)
@click.argument("name", required=False)
@json_option
@pass_app
def show(app: App, name: str | None) -> None:
    """Show one context: party, gateway, signers, files."""
    found = app.sdk.context(name or app.context_name)
    if app.json:
        print_json(_whole(found))
        return
    out(f"context {found.name}{'  (test: nothing has legal effect)' * found.test}")
    print_facts(
        [
            ("party", found.party),
            ("unit", found.unit),
            ("language", found.language),
            ("log", found.origin),
            ("gateway", found.address),
            ("streams", found.stream_address),
            ("signers", "\n".join(_signers(found)) or "none"),
            ("certificate", _path(found.certificate)),
            ("its key", _path(found.key)),
            ("operator's CA", _path(found.server_ca)),
            ("log keys", _path(found.vkeys)),
            ("trust anchor", found.genesis.hex()),
            ("sealing keys", "\n".join(map(_path, found.encryption_key_files))),
            ("state", _path(found.state)),
            ("file", _path(found.path)),
            ("clock", "story time (development)" if found.clock_offset else ""),
        ]
    )


def _folders() -> list[Path]:
    from rogatory.context import context_folders

    return context_folders(environ=os.environ, cwd=Path.cwd())


def _row(name: str, path: Path) -> dict[str, Json]:
    from rogatory.context import read_context
    from rogatory.errors import ConfigInvalid

    row: dict[str, Json] = {"name": name, "file": _path(path)}
    try:
        found = read_context(path)
    except ConfigInvalid as error:
        return row | {"party": None, "address": None, "problem": str(error)}
    return row | {"party": found.party, "address": found.address, "problem": None}


def _whole(found: "Context") -> dict[str, Json]:
    return {
        "name": found.name,
        "file": _path(found.path),
        "origin": found.origin,
        "address": found.address,
        "stream_address": found.stream_address,
        "party": found.party,
        "unit": found.unit or None,
        "language": found.language,
        "test": found.test,
        "genesis": found.genesis.hex(),
        "signers": [
            {"id": each.id, "capacity": each.capacity_name, "key": _path(each.key)}
            for each in found.signers
        ],
        "files": {
            "server_ca": _path(found.server_ca),
            "certificate": _path(found.certificate),
            "key": _path(found.key),
            "vkeys": _path(found.vkeys),
            "encryption_keys": [_path(each) for each in found.encryption_key_files],
            "state": _path(found.state),
        },
    }


def _signers(found: "Context") -> list[str]:
    return [f"{each.id} ({each.capacity_name})" for each in found.signers]


def _path(path: Path) -> str:
    """Write a path without the detours by which a context names it."""
    return os.path.normpath(path)
