"""`rogatory cosign` and `rogatory draft`: one message, several people.

Who signs sees in words what the message says, opened with their own keys, and the
digest of the exact bytes that the signature is over.
"""

import shlex
import sys
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Command, Group
from rogatory.cli._errors import Failed
from rogatory.cli._files import read_bytes, write_new
from rogatory.cli._sending import UNCERTAIN, report_sent
from rogatory.cli.output import Json, is_terminal, out, print_json, say

if TYPE_CHECKING:
    from collections.abc import Collection

    from rogatory.client import Client
    from rogatory.drafts import Draft
    from rogatory.v1 import message_pb2

_DRAFT = click.argument("file", metavar="DRAFT")


@click.command(
    cls=Command,
    example="rogatory --as prosecutor cosign order.draft",
)
@_DRAFT
@click.option(
    "--signer",
    metavar="ID",
    help="Who of your context signs; otherwise whoever is named.",
)
@click.option("--yes", is_flag=True, help="Do not ask; for scripts.")
@json_option
@pass_app
def cosign(app: App, *, file: str, signer: str | None, yes: bool) -> None:
    """Read a draft, and sign it as second person.

    Shows what the message says and the digest of what is signed, then asks. The
    signature is added to the file; send the file back to whoever submits it.
    """
    context = app.context()
    draft = _read(file)
    app.kept = f"nothing was signed; {file} is as it was"
    with app.sdk.client(context) as client:
        say(client.describe(draft), always=not yes)
        before = _missing(client, draft)
        ours = [each for each in before if each.party == context.party]
        if not yes and ours:
            _ask(file, draft, ours)
        signed = client.sign(draft, signer)
        missing = _missing(client, signed)
    _write(file, signed)
    added = sorted(set(signed.signatures) - set(draft.signatures))
    if app.json:
        print_json(
            {
                "draft": file,
                "exchange_id": signed.exchange_id,
                "digest": signed.digest.hex(),
                "added": [key_id.hex() for key_id in added],
                "missing": [_name(each) for each in missing],
            }
        )
        return
    what = "your signature was there already" if not added else "signed"
    out(f"{what}: {file}, exchange {signed.exchange_id}")
    quoted = shlex.quote(file)
    if missing:
        names = ", ".join(_name(each) for each in missing)
        say(f"next: give it to {names}, who runs: rogatory cosign {quoted}")
    else:
        say(f"next: {signed.header.sender} runs: rogatory draft submit {quoted}")


@click.group(cls=Group, example="rogatory --as police draft show order.draft")
def draft() -> None:
    """Messages that wait for signatures."""


@draft.command(example="rogatory --as prosecutor draft show order.draft")
@_DRAFT
@json_option
@pass_app
def show(app: App, *, file: str) -> None:
    """Say what a draft says, who has signed, and who is missing."""
    found = _read(file)
    with app.sdk.client(app.context()) as client:
        text = client.describe(found)
        missing = _missing(client, found)
    if app.json:
        print_json(_shape(file, found, missing, text))
    else:
        out(text.rstrip("\n"))


@draft.command(example="rogatory --as police draft submit order.draft")
@_DRAFT
@json_option
@pass_app
def submit(app: App, *, file: str) -> None:
    """Send a draft that everybody named has signed. Safe to repeat."""
    found = _read(file)
    with app.sdk.client(app.context()) as client:
        _refuse_unsigned(file, _missing(client, found))
        app.kept = UNCERTAIN
        sent = client.submit(found)
    report_sent(app, [sent], then=f"exchange show {sent.exchange_id}")


def _read(file: str) -> "Draft":
    from rogatory.drafts import MAX_DRAFT_BYTES, parse_draft

    return parse_draft(read_bytes(file, limit=MAX_DRAFT_BYTES))


def _write(file: str, draft: "Draft") -> None:
    from rogatory.drafts import encode_draft

    write_new(file, encode_draft(draft), force=True)


def _ask(file: str, draft: "Draft", ours: "Collection[message_pb2.Signatory]") -> None:
    """Ask for consent, or refuse where nobody can be asked."""
    if not is_terminal(sys.stdin):
        raise click.UsageError("nobody can be asked here: give --yes to sign")
    # The words above have texts of others in them; this line is ours alone.
    say(f"you sign exactly this: SHA-256 {draft.digest.hex()}", always=True)
    who = " and ".join(map(_name, ours))
    if not click.confirm(f"Sign this as {who}?", err=True):
        raise Failed("not signed, as you said", kept=f"{file} is as it was")


def _missing(client: "Client", draft: "Draft") -> "Collection[message_pb2.Signatory]":
    return draft.missing(client.directory())


def _refuse_unsigned(file: str, missing: "Collection[message_pb2.Signatory]") -> None:
    """Name who has not signed, rather than let the rules count signatures."""
    from rogatory.errors import SignatoriesMismatch

    if missing:
        raise SignatoriesMismatch(
            f"draft {file}",
            expected=f"also signed by {', '.join(map(_name, missing))}",
        )


def _shape(
    file: str,
    found: "Draft",
    missing: "Collection[message_pb2.Signatory]",
    text: str,
) -> dict[str, Json]:
    header = found.header
    return {
        "draft": file,
        "kind": found.kind,
        "exchange_id": found.exchange_id,
        "message_id": found.message_id,
        "sender": header.sender,
        "recipients": [each.party for each in header.recipients],
        "profile": header.profile.id,
        "test": header.test,
        "emergency": header.emergency,
        "digest": found.digest.hex(),
        "signatories": [
            {"name": _name(each), "signed": each not in missing}
            for each in header.signatories
        ],
        "text": text,
    }


def _name(signatory: "message_pb2.Signatory") -> str:
    from rogatory.v1 import message_pb2

    name = message_pb2.Capacity.Name(signatory.capacity)
    capacity = name.removeprefix("CAPACITY_").lower()
    return f"{signatory.party}/{signatory.signer_id}:{capacity}"
