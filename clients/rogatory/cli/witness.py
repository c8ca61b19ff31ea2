"""`rogatory witness`: run a witness of transparency logs, ours or anybody's.

No context and no grpc: a folder with keys and a state, and an HTTP server.
"""

import base64
import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli.output import (
    Json,
    clock,
    count,
    out,
    print_facts,
    print_json,
    rfc3339,
    say,
    utc,
)

if TYPE_CHECKING:
    from rogatory.witness import Evidence, KnownLog, Stored

_PORT = re.compile("[0-9]{1,5}")
_MAX_PORT = 65_535

FOLDER = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


@click.group(
    cls=Group,
    example="rogatory witness init ./witness --name witness.example/w1\n"
    "rogatory witness add-log ./witness --vkeys log.vkeys\n"
    "rogatory witness serve ./witness --listen 127.0.0.1:8480",
)
def witness() -> None:
    """Cosign logs, so that nobody can be shown a history of their own."""


@witness.command(example="rogatory witness init ./witness --name witness.example/w1")
@FOLDER
@click.option(
    "--name",
    required=True,
    help="Name of the witness in its signatures: a URL without https://, for ever.",
)
def init(folder: Path, name: str) -> None:
    """Make a new witness in FOLDER: two keys and an empty state. Prints its vkeys.

    The folder is this witness for ever. Never run it from a copy or an old backup: it
    could cosign a second history. If the state is lost, make a new witness with another
    name.
    """
    from rogatory.witness import init_witness

    for key in init_witness(folder, name):
        out(key.encode())
    say(f"made {folder} with keys that only you can read; publish the lines above")
    say(f"next: rogatory witness add-log {folder} --vkeys FILE")


@witness.command(
    "add-log", example="rogatory witness add-log ./witness --vkeys log.vkeys"
)
@FOLDER
@click.option(
    "--vkeys",
    metavar="FILE",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The log's public keys, one vkey a line, got from somebody you trust.",
)
@click.option("--origin", help="The log's origin, if it is not the name of its keys.")
@click.option(
    "--require-all",
    is_flag=True,
    help="Cosign only what all keys of the file signed; otherwise one is enough.",
)
def add_log(folder: Path, vkeys: Path, origin: str | None, require_all: bool) -> None:
    """Watch a log from now on, or give a watched one other keys.

    A running witness notices it by itself. The first checkpoint that the log sends is
    taken as it is; from then on each must continue the last one.
    """
    from rogatory.witness import KnownLog, load_log_keys
    from rogatory.witness import add_log as add

    keys = load_log_keys(vkeys)
    names = {key.name for key in keys}
    if origin is None and len(names) > 1:
        hint = "the keys have several names: say which log they are of"
        raise click.BadParameter(hint, param_hint="--origin")
    log = KnownLog(origin or keys[0].name, keys, require_all)
    add(folder, log)
    out(f"watching {log.origin} with {count(len(keys), 'key')}")


@witness.command(example="rogatory witness serve ./witness --listen 127.0.0.1:8480")
@FOLDER
@click.option(
    "--listen",
    metavar="HOST:PORT",
    default="127.0.0.1:8480",
    show_default=True,
    help="Where to listen, in plain HTTP: put a TLS proxy in front.",
)
@click.option(
    "--behind-proxy",
    is_flag=True,
    help="All clients come from one address: do not limit connections by address.",
)
@pass_app
def serve(app: App, folder: Path, listen: str, behind_proxy: bool) -> None:
    """Answer logs and monitors until Ctrl-C.

    POST /add-checkpoint cosigns, GET /HASH/checkpoint shows what was cosigned last
    (HASH is the hex SHA-256 of the origin), GET / shows the vkeys. What contradicts a
    cosigned checkpoint is kept in FOLDER/evidence.
    """
    from rogatory.witness import Limits, WitnessServer, load_witness, save_evidence

    address = _address(listen)
    app.kept = "what was cosigned is on the disk"
    found = load_witness(folder)

    def keep() -> None:
        for path in save_evidence(folder, found.state):
            say(f"evidence kept: {path}", always=True)

    limits = Limits()
    if behind_proxy:
        limits = Limits(by_address=limits.connections)
    with contextlib.closing(found.state):
        keep()  # what a crash may have left as rows only
        found.on_evidence = keep
        with WitnessServer(address, found, limits) as server:
            name, port = found.verifier_keys[0].name, server.server_port
            host = listen.rpartition(":")[0]
            out(f"witness {name} on http://{host}:{port}")
            say(f"watching {count(len(found.state.logs()), 'log')}. Ctrl-C to stop.")
            with contextlib.suppress(KeyboardInterrupt):
                server.serve_forever()
    say(f"stopped; {app.kept}")


@witness.command(example="rogatory witness show ./witness")
@FOLDER
@json_option
@pass_app
def show(app: App, folder: Path) -> None:
    """Show the vkeys, the logs that are watched, and the evidence that was kept."""
    from rogatory.witness import load_witness

    found = load_witness(folder)
    with contextlib.closing(found.state):
        logs = [(log, found.state.stored(log.origin)) for log in found.state.logs()]
        evidence = found.state.evidence()
    keys = [key.encode() for key in found.verifier_keys]
    name = found.verifier_keys[0].name
    if app.json:
        print_json(
            {
                "name": name,
                "vkeys": keys,
                "logs": [_log_json(log, stored) for log, stored in logs],
                "evidence": [_evidence_json(each) for each in evidence],
            }
        )
        return
    print_facts([("name", name), ("vkeys", "\n".join(keys))], indent="")
    for log, stored in logs:
        out()
        print_facts([("log", log.origin), *_log_facts(log, stored)], indent="")
    for each in evidence:
        out()
        print_facts(_evidence_facts(each), indent="")


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (host and colon and _PORT.fullmatch(port) and int(port) <= _MAX_PORT):
        raise click.BadParameter("expected HOST:PORT", param_hint="--listen")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _log_facts(log: "KnownLog", stored: "Stored | None") -> list[tuple[str, str]]:
    rule = "all must sign" if log.require_all else "one must sign"
    labels = ", ".join(f"{key.key_id:08x}" for key in log.keys)
    facts = [("keys", f"{labels}; {rule}")]
    if stored is None:
        return [*facts, ("cosigned", "nothing yet")]
    root = base64.b64encode(stored.root).decode()
    return [
        *facts,
        ("cosigned", f"size {stored.size:,} at {clock(utc(stored.time))}"),
        ("root", root),
    ]


def _log_json(log: "KnownLog", stored: "Stored | None") -> dict[str, Json]:
    return {
        "origin": log.origin,
        "vkeys": [key.encode() for key in log.keys],
        "require_all": log.require_all,
        "size": stored.size if stored else None,
        "root": stored.root.hex() if stored else None,
        "time": rfc3339(utc(stored.time)) if stored else None,
    }


def _evidence_facts(each: "Evidence") -> list[tuple[str, str]]:
    return [
        ("evidence", f"{each.number:06} {each.kind}"),
        ("of", each.origin),
        ("size", f"{each.size:,}"),
        ("came", clock(utc(each.time))),
    ]


def _evidence_json(each: "Evidence") -> dict[str, Json]:
    return {
        "number": each.number,
        "origin": each.origin,
        "kind": each.kind,
        "size": each.size,
        "root": each.root.hex(),
        "time": rfc3339(utc(each.time)),
    }
