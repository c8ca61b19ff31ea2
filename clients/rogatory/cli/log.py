"""`rogatory log`: fetch the transparency log, prove all of it, read it.

`verify` and `show` need files only: no gateway, no context, no grpc.
"""

import base64
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._entries import entry_facts, entry_json
from rogatory.cli._options import EVIDENCE, VKEYS
from rogatory.cli.output import (
    Json,
    Progress,
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
    from rogatory.offline import VerifiedFolder
    from rogatory.tlog import VerifiedCheckpoint

_BUNDLE = 256


@click.group(
    cls=Group,
    example="rogatory --as auditor log mirror ./log\n"
    "rogatory log verify ./log --vkeys log.vkeys",
)
def log() -> None:
    """The transparency log: every message leaves an entry that nobody can take back."""


@log.command(example="rogatory --as auditor log mirror ./log")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@json_option
@pass_app
def mirror(app: App, folder: Path) -> None:
    """Copy the log into FOLDER; run again, it fetches what is new.

    What arrives is verified against what the folder has and what this machine has seen
    before. `log verify` then proves all of it without the gateway.
    """
    app.kept = f"what was fetched is in {folder}; run the same command to go on"
    context = app.context()
    with (
        app.sdk.auditor(context) as auditor,
        Progress("mirroring entries") as progress,
    ):
        head = auditor.mirror_log(folder, progress.update)
    if app.json:
        print_json({"folder": str(folder), **_head_json(head)})
        return
    out(f"mirrored {count(head.size, 'entry')} of {head.origin} into {folder}")
    words = [str(folder), "--vkeys", os.path.normpath(context.vkeys)]
    say(f"next: rogatory log verify {shlex.join(words)}")


@log.command(example="rogatory log verify ./log --vkeys log.vkeys")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@VKEYS
@EVIDENCE
@json_option
@pass_app
def verify(app: App, folder: Path, vkeys: Path, evidence: Path | None) -> None:
    """Verify every byte of a log from files alone. Exit code 0, or 3 if it fails.

    Proves: both keys of the log signed the checkpoint; the entries hash to its root;
    every tile agrees; the entries tell one story, from entry 0 on.
    """
    from rogatory.offline import verify_log_folder

    app.kept = "nothing was written; a verification that is cut short proves nothing"
    with Progress("verifying entries") as progress:
        found = verify_log_folder(folder, vkeys, progress.update, evidence=evidence)
    if app.json:
        print_json(_verified_json(folder, found))
        return
    head = found.checkpoint
    out(f"verified: every byte of {folder}")
    kinds = [f"{number:,} {kind}" for kind, number in found.kinds.items()]
    print_facts(
        [
            ("origin", head.origin),
            ("size", count(head.size, "entry")),
            ("root", base64.b64encode(head.root).decode()),
            ("signed by", "\n".join(_signatures(head))),
            ("entries", ", ".join(kinds)),
            ("first", clock(found.first_time) if found.first_time else ""),
            ("last", clock(found.last_time) if found.last_time else ""),
        ]
    )


@log.command(example="rogatory log show ./log\nrogatory log show ./log 0 17")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("indices", metavar="[INDEX]...", nargs=-1, type=click.IntRange(min=0))
@json_option
@pass_app
def show(app: App, folder: Path, indices: tuple[int, ...]) -> None:
    """Decode entries: all of them one a line, or those named in full.

    Decoding proves nothing: run `log verify` on the folder first.
    """
    from rogatory.tlog import parse_entry

    found = ((at, parse_entry(raw)) for at, raw in _entries(folder, indices))
    if app.json:
        print_json({"entries": [entry_json(at, entry) for at, entry in found]})
    elif indices:
        for at, entry in found:
            out(f"entry {at}")
            print_facts(entry_facts(entry))
    else:
        for at, entry in found:
            digest = getattr(entry, "digest", b"").hex()
            out(f"{at:>9}  {rfc3339(entry.time)}  {entry.kind:<9}  {digest}".rstrip())
    say("decoded, not verified: `rogatory log verify` proves it")


def _entries(folder: Path, indices: tuple[int, ...]) -> Iterator[tuple[int, bytes]]:
    """Yield the entries named, or all, from a log's folder."""
    from rogatory.errors import NotFound
    from rogatory.offline import MAX_FILE_BYTES
    from rogatory.tlog import entries_path, parse_bundle, parse_checkpoint_text
    from rogatory.tlog import parse_note as parse

    with (folder / "checkpoint").open("rb") as file:
        size = parse_checkpoint_text(parse(file.read(MAX_FILE_BYTES)).text).size
    for index in indices:
        if index >= size:
            raise NotFound(f"entry {index}", expected=f"0 to {size - 1}")
    wanted = sorted(set(indices)) or range(size)
    number = -1
    bundle: tuple[bytes, ...] = ()
    for index in wanted:
        if index // _BUNDLE != number:
            number = index // _BUNDLE
            there = min(_BUNDLE, size - number * _BUNDLE)
            for width in (there, _BUNDLE):
                path = folder / entries_path(number, width)
                if path.exists() or width == _BUNDLE:
                    bundle = parse_bundle(path.read_bytes(), width)
                    break
        yield index, bundle[index % _BUNDLE]


def _signatures(head: "VerifiedCheckpoint") -> list[str]:
    lines = []
    for key in head.signers:
        signed = head.times.get(f"{key.name}+{key.key_id:08x}")
        when = f" at {clock(utc(signed))}" if signed else ""
        lines.append(f"{_type(key.type.name):<9}  key {key.key_id:08x}{when}")
    return lines


def _type(name: str) -> str:
    names = {"ED25519": "Ed25519", "MLDSA44": "ML-DSA-44"}
    return names.get(name, name.lower())


def _head_json(head: "VerifiedCheckpoint") -> dict[str, Json]:
    return {"origin": head.origin, "size": head.size, "root": head.root.hex()}


def _verified_json(folder: Path, found: "VerifiedFolder") -> dict[str, Json]:
    head = found.checkpoint
    signatures: list[Json] = []
    for key in head.signers:
        signed = head.times.get(f"{key.name}+{key.key_id:08x}")
        signatures.append(
            {
                "name": key.name,
                "algorithm": _type(key.type.name),
                "key_id": f"{key.key_id:08x}",
                "time": rfc3339(utc(signed)) if signed else None,
            }
        )
    return {
        "verified": True,
        "folder": str(folder),
        **_head_json(head),
        "signatures": signatures,
        "kinds": dict(found.kinds),
        "first_time": rfc3339(found.first_time) if found.first_time else None,
        "last_time": rfc3339(found.last_time) if found.last_time else None,
    }
