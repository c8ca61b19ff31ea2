"""`rogatory receipt`: is this message in the log? From files alone."""

from pathlib import Path

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._options import EVIDENCE, VKEYS
from rogatory.cli.output import clock, out, print_facts, print_json, rfc3339, say

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(
    cls=Group,
    example="rogatory receipt verify 12.entry 12.tlog-proof --vkeys log.vkeys",
)
def receipt() -> None:
    """Receipts: the proof that a message is in the log."""


@receipt.command(
    example="rogatory receipt verify 12.entry 12.tlog-proof \\\n"
    "    --envelope 12.bin --vkeys log.vkeys"
)
@click.argument("entry", metavar="NAME.entry", type=_FILE)
@click.argument("proof", metavar="NAME.tlog-proof", type=_FILE)
@click.option(
    "--envelope",
    metavar="NAME.bin",
    type=_FILE,
    help="The message's exact bytes: proves that the entry is of this message.",
)
@VKEYS
@EVIDENCE
@json_option
@pass_app
def verify(
    app: App,
    *,
    entry: Path,
    proof: Path,
    envelope: Path | None,
    vkeys: Path,
    evidence: Path | None,
) -> None:
    """Verify that an entry is in the log. Exit code 0, or 3 if it is not.

    Needs no gateway. Both keys of the log must have signed the checkpoint in the proof.
    """
    from rogatory.offline import verify_receipt_files

    found = verify_receipt_files(entry, proof, envelope, vkeys, evidence=evidence)
    head = found.proof.checkpoint
    digest = found.envelope_digest
    if app.json:
        print_json(
            {
                "verified": True,
                "origin": head.origin,
                "index": found.index,
                "kind": found.entry.kind,
                "time": rfc3339(found.time),
                "checkpoint_size": head.size,
                "checkpoint_root": head.root.hex(),
                "envelope_digest": digest.hex() if digest else None,
            }
        )
        return
    out(f"verified: entry {found.index} of {head.origin}")
    print_facts(
        [
            ("kind", found.entry.kind),
            ("logged", clock(found.time)),
            ("signed tree", f"{head.size:,} entries, by both keys of the log"),
            ("message", f"SHA-256 {digest.hex()}" if digest else "not compared"),
        ]
    )
    if digest is None:
        say("give --envelope to prove which message the entry is of")
