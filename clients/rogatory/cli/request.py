"""`rogatory request`: an authority asks, from a spreadsheet.

The table is checked before anything else: a row that cannot be used is named with line
and column, and nothing is sent.
"""

import shlex
from collections import Counter
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, force_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._files import (
    read_bytes,
    read_words,
    refuse_existing,
    shown_name,
    write_new,
)
from rogatory.cli._parties import refuse_unknown_parties
from rogatory.cli._request_options import (
    COSIGNER_FORM,
    MODES,
    parse_cosigner,
    parse_secrecy,
    request_options,
)
from rogatory.cli._sending import UNCERTAIN, Intent, empty_outbox, report_sent
from rogatory.cli.output import count, out, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rogatory.client import Client
    from rogatory.drafts import Draft
    from rogatory.tables import ItemRow
    from rogatory.v1 import removal_pb2

_INSTRUMENTS = ("order", "request", "referral", "victim_request")


@click.group(
    cls=Group,
    example="rogatory --as regulator request removal --profile KR.CORRECTION \\\n"
    "    --to example-messenger --items items.csv",
)
def request() -> None:
    """Ask a platform: for the removal of content, or for data."""


@request.command(
    example="rogatory --as regulator request removal --profile KR.CORRECTION \\\n"
    "    --to example-messenger --items items.csv --reasons @reasons.txt"
)
@click.option(
    "--items",
    metavar="FILE",
    required=True,
    help="The table: `rogatory tables template items` makes an empty one.",
)
@click.option(
    "--reasons",
    metavar="TEXT",
    default="",
    help="Why, at most 16 KiB; @FILE reads it from a file. Sealed to the recipients.",
)
@click.option(
    "--instrument",
    type=click.Choice(_INSTRUMENTS),
    default="request",
    show_default=True,
    help="How binding it is.",
)
@click.option(
    "--territory",
    "territories",
    metavar="CC",
    multiple=True,
    help="Where, as ISO 3166 code; otherwise the issuer's; may be repeated.",
)
@request_options
@pass_app
def removal(
    app: App,
    *,
    profile: str,
    to: str,
    items: str,
    reasons: str,
    instrument: str,
    territories: tuple[str, ...],
    legal_entity: str,
    service: str,
    copies: tuple[str, ...],
    file_number: str,
    redress: str,
    signer: str | None,
    dry_run: bool,
) -> None:
    """Ask for the removal of the items in a table.

    Locators, hashes and reasons are sealed to the recipients; the gateway sees ids and
    classifications. Without --reasons the items' own reasons stand alone.
    """
    from rogatory.drafts import content_of
    from rogatory.tables import MAX_TABLE_BYTES, parse_items
    from rogatory.v1 import removal_pb2

    context = app.context()
    rows = parse_items(read_bytes(items, limit=MAX_TABLE_BYTES), name=shown_name(items))
    why = _reasons(reasons or _own_reasons(rows), file_number, redress)
    with app.sdk.authority(context) as authority:
        sealed = removal_pb2.RemovalItems(items=[row.item for row in rows])
        intent = Intent(
            ("removal_request",),
            [row.item.item_id for row in rows],
            to,
            profile,
            sections={"items": content_of(sealed), "reasons": content_of(why)},
        )
        if not dry_run and (sent := empty_outbox(app, authority, intent)):
            report_sent(app, sent, then=f"exchange show {sent[0].exchange_id}")
            return
        refuse_unknown_parties([to, *copies], authority.directory())
        draft = authority.draft_removal(
            to,
            rows,
            profile=profile,
            instrument=removal_pb2.RemovalInstrument.Value(
                f"REMOVAL_INSTRUMENT_{instrument.upper()}"
            ),
            reasons=why,
            copies=copies,
            legal_entity=legal_entity,
            service=service,
            territorial_scope=territories,
            signer=signer,
        )
        if dry_run:
            _show_dry(app, authority, draft)
            return
        signed = authority.sign(draft, signer)
        app.kept = UNCERTAIN
        result = authority.submit(signed)
    kinds = Counter(removal_pb2.Classification.Name(row.classification) for row in rows)
    say(", ".join(f"{number:,} {_word(name)}" for name, number in kinds.items()))
    report_sent(
        app,
        [result],
        what=f"{count(len(rows), 'item')} to {to}",
        then=f"exchange show {result.exchange_id}",
    )


@request.command(
    example="rogatory --as police request disclosure --profile XX.SUBSCRIBER \\\n"
    "    --to example-messenger --targets targets.csv --reasons @reasons.txt \\\n"
    "    --cosigner example-prosecutor/prosecutor-1:validator --draft order.draft"
)
@click.option(
    "--targets",
    metavar="FILE",
    required=True,
    help="The table: `rogatory tables template targets` makes an empty one.",
)
@click.option(
    "--reasons",
    metavar="TEXT",
    required=True,
    help="Why, at most 16 KiB; @FILE reads it from a file. Sealed to the recipients.",
)
@click.option(
    "--cosigner",
    "cosigners",
    metavar=COSIGNER_FORM,
    multiple=True,
    help="Who must also sign, and as what; may be repeated.",
)
@click.option(
    "--draft",
    "draft_file",
    metavar="FILE",
    help="Where the draft to be cosigned is written; otherwise EXCHANGE.draft.",
)
@click.option(
    "--secrecy",
    type=click.Choice(MODES),
    help="The user must not be told, and why; needs --secrecy-until.",
)
@click.option(
    "--secrecy-until",
    metavar="TIME",
    help="When that ends, with zone: 2026-12-23T00:00:00+09:00.",
)
@request_options
@force_option
@pass_app
def disclosure(
    app: App,
    *,
    profile: str,
    to: str,
    targets: str,
    reasons: str,
    cosigners: tuple[str, ...],
    draft_file: str | None,
    secrecy: str | None,
    secrecy_until: str | None,
    legal_entity: str,
    service: str,
    copies: tuple[str, ...],
    file_number: str,
    redress: str,
    signer: str | None,
    dry_run: bool,
    force: bool,
) -> None:
    """Ask for data on the accounts in a table.

    With --cosigner it is signed by you, written to a file and not sent: give the file
    to the second person, who runs `rogatory cosign FILE`; then `rogatory draft submit
    FILE` sends it. Without, it is sent.
    """
    from pathlib import Path

    from rogatory.drafts import content_of
    from rogatory.tables import MAX_TABLE_BYTES, parse_targets
    from rogatory.v1 import disclosure_pb2

    others = [parse_cosigner(each) for each in cosigners]
    silence = parse_secrecy(secrecy, secrecy_until)
    context = app.context()
    rows = parse_targets(
        read_bytes(targets, limit=MAX_TABLE_BYTES), name=shown_name(targets)
    )
    why = _reasons(reasons, file_number, redress)
    if draft_file is not None and not dry_run:
        refuse_existing(Path(draft_file), force=force)
    waits = bool(others) or draft_file is not None
    with app.sdk.authority(context) as authority:
        sealed = disclosure_pb2.DisclosureTargets(targets=[row.target for row in rows])
        intent = Intent(
            ("disclosure_request",),
            [row.target.task_id for row in rows],
            to,
            profile,
            sections={"targets": content_of(sealed), "reasons": content_of(why)},
        )
        sends = not dry_run and not waits
        if sends and (sent := empty_outbox(app, authority, intent)):
            report_sent(app, sent, then=f"exchange show {sent[0].exchange_id}")
            return
        named = [to, *copies, *(party for party, _, _ in others)]
        refuse_unknown_parties(named, authority.directory())
        draft = authority.draft_disclosure(
            to,
            rows,
            profile=profile,
            reasons=why,
            cosigners=others,
            copies=copies,
            confidentiality=silence,
            legal_entity=legal_entity,
            service=service,
            signer=signer,
        )
        if dry_run:
            _show_dry(app, authority, draft)
            return
        signed = authority.sign(draft, signer)
        if waits:
            path = draft_file or f"{draft.exchange_id}.draft"
            _write_draft(app, signed, path, cosigners, force=force)
            return
        app.kept = UNCERTAIN
        result = authority.submit(signed)
    report_sent(
        app,
        [result],
        what=f"{count(len(rows), 'task')} to {to}",
        then=f"exchange show {result.exchange_id}",
    )


def _write_draft(
    app: App, draft: "Draft", path: str, cosigners: tuple[str, ...], *, force: bool
) -> None:
    from rogatory.drafts import encode_draft

    write_new(path, encode_draft(draft), force=force)
    if app.json:
        print_json(
            {
                "draft": path,
                "exchange_id": draft.exchange_id,
                "message_id": draft.message_id,
                "digest": draft.digest.hex(),
                "waits_for": list(cosigners),
            }
        )
        return
    out(f"wrote {path}: signed by you, not sent, exchange {draft.exchange_id}")
    for each in cosigners:
        say(f"next: give it to {each}, who runs: rogatory cosign {shlex.quote(path)}")
    say(f"then: {app.prefix()} draft submit {shlex.quote(path)}")


def _show_dry(app: App, client: "Client", draft: "Draft") -> None:
    if app.json:
        print_json({"dry_run": True, "text": client.describe(draft)})
    else:
        out(client.describe(draft).rstrip("\n"))
    say("dry run: the rules permit it; nothing was signed or sent")


def _reasons(text: str, file_number: str, redress: str) -> "removal_pb2.Reasons":
    from rogatory.v1 import removal_pb2

    return removal_pb2.Reasons(
        file_number=read_words(file_number, option="--file-number", limit=128),
        text=read_words(text, option="--reasons"),
        redress=read_words(redress, option="--redress", limit=4096),
    )


def _own_reasons(rows: "Sequence[ItemRow]") -> str:
    """Return what stands for reasons where the clerk gave none for the whole."""
    without = sum(1 for row in rows if not row.item.reason)
    if not without:
        return "The reasons are given with each item."
    have = "has no reason of its" if without == 1 else "have no reason of their"
    say(f"{count(without, 'item')} {have} own, and --reasons was not given")
    return "No reasons are given beyond the classification of each item."


def _word(name: str) -> str:
    return name.removeprefix("CLASSIFICATION_").lower()
