"""`rogatory log`: fetch the transparency log, prove all of it, read it.

All but `mirror` need files only: no gateway, no context, no grpc.
"""

import base64
import os
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, force_option, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._entries import entry_facts, entry_json
from rogatory.cli._files import refuse_existing, write_new
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
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


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


@log.command(
    example="rogatory log verify ./log --vkeys log.vkeys\n"
    "rogatory log verify ./log --policy log.policy\n"
    "rogatory log verify ./foreign-log --vkeys foreign.vkeys --any-entries"
)
@click.argument("folder", type=_FOLDER)
@click.option(
    "--vkeys",
    metavar="FILE",
    type=_FILE,
    help="Public keys that must all have signed, one vkey a line, got from somebody "
    "you trust. This, --policy, or both.",
)
@click.option(
    "--policy",
    metavar="FILE",
    type=_FILE,
    help="Who must have signed and cosigned (C2SP tlog-policy), got likewise.",
)
@click.option(
    "--any-entries",
    is_flag=True,
    help="A log of others: any keys, and entries are counted but not read as a story.",
)
@EVIDENCE
@json_option
@pass_app
def verify(
    app: App,
    *,
    folder: Path,
    vkeys: Path | None,
    policy: Path | None,
    any_entries: bool,
    evidence: Path | None,
) -> None:
    """Verify every byte of a log from files alone. Exit code 0, or 3 if it fails.

    Proves: both keys of the log signed the checkpoint, and the policy's quorum cosigned
    it; the entries hash to its root; every tile agrees; the entries tell one story,
    from entry 0 on.
    """
    from rogatory.offline import verify_log_folder

    if vkeys is None and policy is None:
        raise click.UsageError("whom do you trust? Give --vkeys, --policy or both")
    app.kept = "nothing was written; a verification that is cut short proves nothing"
    with Progress("verifying entries") as progress:
        found = verify_log_folder(
            folder,
            vkeys,
            progress.update,
            policy=policy,
            any_entries=any_entries,
            evidence=evidence,
        )
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
            ("quorum", _quorum(found.quorum)),
            ("entries", ", ".join(kinds)),
            ("first", clock(found.first_time) if found.first_time else ""),
            ("last", clock(found.last_time) if found.last_time else ""),
        ]
    )
    if not found.story:
        say("entries were hashed and counted; whether they make sense was not verified")


@log.command(
    example="rogatory log prove ./log 17 --vkeys log.vkeys\n"
    "rogatory receipt verify 17.entry 17.tlog-proof --vkeys log.vkeys"
)
@click.argument("folder", type=_FOLDER)
@click.argument("index", type=click.IntRange(min=0))
@VKEYS
@click.option(
    "--output",
    metavar="NAME",
    help="Write NAME.entry and NAME.tlog-proof; otherwise the index is the name.",
)
@force_option
@EVIDENCE
@json_option
@pass_app
def prove(
    app: App,
    *,
    folder: Path,
    index: int,
    vkeys: Path,
    output: str | None,
    force: bool,
    evidence: Path | None,
) -> None:
    """Write an entry and the proof that it is in the log, for somebody else.

    Nothing is written unless the log's keys signed the checkpoint and the proof holds:
    exit code 3 otherwise. Whoever gets the two files needs no log to verify them.
    """
    from rogatory.proving import prove_entry

    name = str(index) if output is None else output
    entry, proof = f"{name}.entry", f"{name}.tlog-proof"
    for path in (entry, proof):
        refuse_existing(Path(path), force=force)
    found = prove_entry(folder, index, vkeys, evidence=evidence)
    write_new(entry, found.raw, force=force)
    app.kept = f"the entry is in {entry}; run the same command with --force"
    write_new(proof, found.proof, force=force)
    if app.json:
        files: dict[str, Json] = {"entry": entry, "proof": proof}
        kind = found.entry.kind
        print_json(
            {"index": index, "kind": kind, **_head_json(found.checkpoint), **files}
        )
        return
    out(f"proved entry {index} of {found.checkpoint.origin}: {entry}, {proof}")
    words = [entry, proof, "--vkeys", str(vkeys)]
    say(f"next: rogatory receipt verify {shlex.join(words)}")


@log.command(
    example="rogatory log follow ./log --vkeys log.vkeys --state seen.checkpoint"
)
@click.argument("folder", type=_FOLDER)
@VKEYS
@click.option(
    "--state",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Remembers the newest checkpoint seen; made the first time. Keep it.",
)
@click.option(
    "--evidence",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where evidence of a failure goes; otherwise FILE.evidence beside the state.",
)
@json_option
@pass_app
def follow(
    app: App, *, folder: Path, vkeys: Path, state: Path, evidence: Path | None
) -> None:
    """Prove that a log still contains what was seen of it. Exit code 0, or 3 if not.

    Run it whenever the folder was brought up to date. A log that lost entries (a
    rollback) or has another history (a fork) is an alarm: both signed checkpoints are
    kept with all that was read. The entries are not read: `log verify` does that.
    """
    from rogatory.following import follow_log_folder

    app.kept = f"{state} has the newest checkpoint that was proved"
    found = follow_log_folder(folder, vkeys, state, evidence=evidence)
    now, before = found.now, found.before
    if app.json:
        print_json(
            {
                "change": found.change,
                "folder": str(folder),
                "state": str(state),
                **_head_json(now),
                "previous_size": before.size if before else None,
                "previous_root": before.root.hex() if before else None,
            }
        )
    elif before is None:
        out(f"first seen with {count(now.size, 'entry')}: {now.origin}")
        say(f"{state} was made: from now on the log must continue this checkpoint")
    elif found.change == "grown":
        out(f"grown from {before.size:,} to {now.size:,} entries: {now.origin}")
    else:
        out(f"unchanged at {count(now.size, 'entry')}: {now.origin}")


@log.command(example="rogatory log show ./log\nrogatory log show ./log 0 17")
@click.argument("folder", type=_FOLDER)
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
    from rogatory._log_files import MAX_FILE_BYTES
    from rogatory.errors import NotFound
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


def _quorum(name: str | None) -> str:
    if name is None:
        return ""
    return "none needed" if name == "none" else f"{name}, met"


def _signatures(head: "VerifiedCheckpoint") -> list[str]:
    lines = []
    for key in head.signers:
        signed = head.times.get(f"{key.name}+{key.key_id:08x}")
        when = f" at {clock(utc(signed))}" if signed else ""
        # A name is told where it is another one: a witness's.
        who = "" if key.name == head.origin else f"  {key.name}"
        lines.append(f"{_type(key.type.name):<9}  key {key.key_id:08x}{when}{who}")
    return lines


def _type(name: str) -> str:
    names = {
        "ED25519": "Ed25519",
        "ED25519_COSIGNATURE": "Ed25519 cosignature",
        "MLDSA44": "ML-DSA-44",
    }
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
        "quorum": found.quorum,
        "story": found.story,
        "kinds": dict(found.kinds),
        "first_time": rfc3339(found.first_time) if found.first_time else None,
        "last_time": rfc3339(found.last_time) if found.last_time else None,
    }
