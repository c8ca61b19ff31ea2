"""`rogatory exchange`: where a request stands, item by item."""

import shlex
from datetime import UTC
from itertools import islice
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, force_option, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._errors import Failed
from rogatory.cli._files import write_new
from rogatory.cli._shapes import claim_json, view_json
from rogatory.cli._words import PARTS, due_words, flags, notes, says, state_words
from rogatory.cli.output import (
    Column,
    clock,
    clock_and_distance,
    count,
    out,
    print_facts,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from datetime import datetime

    from rogatory.exchanges import ExchangeView, PartView

_MAX_LISTED = 50


@click.group(
    cls=Group,
    example="rogatory --as regulator exchange list\n"
    "rogatory --as regulator exchange show 01936f3c-…",
)
def exchange() -> None:
    """A request and everything that follows it."""


@exchange.command("list", example="rogatory --as regulator exchange list")
@click.option(
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=_MAX_LISTED,
    show_default=True,
    help="The newest N.",
)
@json_option
@pass_app
def list_(app: App, limit: int) -> None:
    """List your exchanges, newest first, as the gateway tells them.

    `exchange show` verifies one.
    """
    with app.sdk.reader(app.context()) as reader:
        found = list(islice(reader.exchanges(), limit + 1))
    more, found = len(found) > limit, found[:limit]
    shapes = [claim_json(each) for each in found]
    if app.json:
        print_json({"exchanges": shapes, "more": more})
        return
    if not found:
        say("there is no exchange yet")
        return
    columns = [
        Column("EXCHANGE"),
        Column("STATE"),
        Column("FROM"),
        Column("TO"),
        Column("PROFILE"),
        Column("NEWEST"),
        Column("MESSAGES", right=True),
        Column("FLAGS"),
    ]
    rows = [
        (
            each.exchange_id,
            str(shape["state"]),
            each.requester,
            each.addressee,
            each.profile.id,
            clock(each.update_time.ToDatetime(UTC)),
            str(each.message_count),
            flags(test=each.test, emergency=each.emergency),
        )
        for each, shape in zip(found, shapes, strict=True)
    ]
    print_table(columns, rows, whole=True)
    if more:
        say(f"there are more; --limit {limit * 4} shows them")


@exchange.command(
    example="rogatory --as regulator exchange show 01936f3c-…\n"
    "rogatory --as messenger exchange show 01936f3c-… --items-csv items.csv"
)
@click.argument("exchange_id", metavar="EXCHANGE")
@click.option(
    "--items-csv", metavar="FILE", help="Also write the items, or targets, to a table."
)
@force_option
@json_option
@pass_app
def show(app: App, exchange_id: str, items_csv: str | None, force: bool) -> None:
    """Verify an exchange and show its state, items, files and messages.

    Every message is verified: signatures, receipt, rules. Sections are opened with your
    own keys, on this machine.
    """
    with app.sdk.reader(app.context()) as reader:
        view, now = reader.exchange(exchange_id), reader.now()
    if items_csv is not None:
        write_new(items_csv, _items_table(view), force=force)
        app.kept = f"the items are in {items_csv}"
        say(f"wrote {items_csv}")
    if app.json:
        print_json(view_json(view))
    else:
        _show(view, now)


@exchange.command(
    example="rogatory --as messenger exchange export 01936f3c-… \\\n"
    "    --items items.csv --results-template results.csv"
)
@click.argument("exchange_id", metavar="EXCHANGE")
@click.option("--items", metavar="FILE", help="Write what was asked for.")
@click.option(
    "--results-template",
    metavar="FILE",
    help="Write a table with the ids that wait for an answer, to be filled in.",
)
@force_option
@pass_app
def export(
    app: App,
    exchange_id: str,
    items: str | None,
    results_template: str | None,
    force: bool,
) -> None:
    """Write tables for the team that does the work.

    The results table has exactly the columns that `respond removal` accepts, so it has
    no locators: they are in the items table, under the same item_id. Delete the rows
    that you do not answer yet.
    """
    if items is None and results_template is None:
        raise click.UsageError("name a file: --items FILE or --results-template FILE")
    with app.sdk.reader(app.context()) as reader:
        view = reader.exchange(exchange_id)
    template = b"" if results_template is None else _results_template(view)
    if items is not None:
        write_new(items, _items_table(view), force=force)
        app.kept = f"the items are in {items}"
        say(f"wrote {items}: {count(len(view.parts), PARTS.get(view.kind, 'part'))}")
    if results_template is not None:
        write_new(results_template, template, force=force)
        say(
            f"wrote {results_template}; columns: rogatory tables columns results\n"
            f"next: {app.prefix()} respond removal {exchange_id} "
            f"--results {shlex.quote(results_template)}"
        )


def _show(view: "ExchangeView", now: "datetime") -> None:
    marks = flags(test=view.test, emergency=view.emergency)
    out(f"exchange {view.exchange_id}{f'  ({marks})' if marks else ''}")
    reasons = view.reasons
    print_facts(
        [
            ("what", view.kind.replace("_", " ")),
            ("state", state_words(view)),
            ("due", due_words(view, now)),
            ("from", view.requester),
            ("to", view.addressee),
            ("profile", view.profile),
            ("asked", clock_and_distance(view.created, now)),
            ("newest", clock_and_distance(view.updated, now)),
            ("file number", reasons.file_number if reasons else ""),
            ("reasons", reasons.text if reasons else ""),
            ("redress", reasons.redress if reasons else ""),
        ]
    )
    _show_parts(view)
    _show_files(view)
    for time, text in view.questions:
        _quote(f"{clock(time)}  clarification:", text)
    for message, text in notes(view):
        _quote(f"{clock(message.time)}  note of {message.sender}:", text)
    out()
    columns = [Column("ENTRY", right=True), Column("LOGGED"), Column("MESSAGE")]
    rows = [
        (str(each.index), clock(each.time), f"{each.sender} {says(each)}")
        for each in view.messages
    ]
    print_table(columns, rows)
    for unread in view.unreadable:
        say(f"not readable: section {unread.section} of entry {unread.index}:")
        say(f"  {unread.error}")


def _quote(title: str, text: str) -> None:
    """Print another party's words, each line behind our mark."""
    out(f"\n{title}")
    out("\n".join(f"  {line}" for line in text.splitlines()))


def _show_parts(view: "ExchangeView") -> None:
    if not view.parts:
        return
    out()
    columns = [
        Column(PARTS.get(view.kind, "part").upper()),
        Column("CATEGORY"),
        Column("STATE"),
        Column("ACTED"),
        Column("WHERE" if view.kind == "removal_request" else "WHOSE", shrinks=True),
        Column("WORDS", shrinks=True),
    ]
    rows = [
        (
            part.id,
            part.category,
            part.state,
            clock(part.act_time) if part.act_time else "",
            _where(part),
            part.detail.explanation if part.detail else part.ground,
        )
        for part in view.parts
    ]
    print_table(columns, rows)


def _where(part: "PartView") -> str:
    if part.item is not None:
        return part.item.locator or ", ".join(each.value for each in part.item.hashes)
    return part.target.identifier if part.target else "(sealed to others)"


def _show_files(view: "ExchangeView") -> None:
    if not view.files:
        return
    out()
    columns = [
        Column("FILE", shrinks=True),
        Column("BYTES", right=True),
        Column("STATUS"),
        Column("TASKS"),
        Column("SHA-256 OF THE ENCRYPTED FILE"),
    ]
    rows = [
        (
            file.manifest.name if file.manifest else "(sealed to others)",
            f"{file.manifest.plaintext_size if file.manifest else file.size:,}",
            file.status,
            ", ".join(file.manifest.task_ids) if file.manifest else "",
            file.sha256.hex(),
        )
        for file in view.files
    ]
    print_table(columns, rows)


def _items_table(view: "ExchangeView") -> bytes:
    from rogatory.tables import ItemRow, TargetRow, write_items, write_targets
    from rogatory.v1 import disclosure_pb2, removal_pb2

    if view.kind == "removal_request" and any(part.item for part in view.parts):
        kinds = removal_pb2.Classification
        return write_items(
            ItemRow(
                0, part.item, kinds.Value(f"CLASSIFICATION_{part.category.upper()}")
            )
            for part in view.parts
            if part.item
        )
    if view.kind == "disclosure_request" and any(part.target for part in view.parts):
        categories = disclosure_pb2.DataCategory
        return write_targets(
            TargetRow(
                0,
                part.target,
                categories.Value(f"DATA_CATEGORY_{part.category.upper()}"),
            )
            for part in view.parts
            if part.target
        )
    raise Failed(
        "there is nothing that this party can read",
        what=f"exchange {view.exchange_id}",
        todo="see `exchange show`: the section may be sealed to others, or to old keys",
    )


def _results_template(view: "ExchangeView") -> bytes:
    from rogatory.tables import template, write_table

    if view.kind != "removal_request":
        raise Failed(
            "only removal requests are answered with a table",
            what=f"exchange {view.exchange_id}",
            todo="answer with `rogatory respond disclosure`",
        )
    columns = template("results").decode("utf-8-sig").strip().split(",")
    waiting = [*view.ids_in("pending"), *view.ids_in("clarification")]
    if not waiting:
        raise Failed("every item has its outcome", what=f"exchange {view.exchange_id}")
    rows = [[part.id] for part in view.parts if part.id in set(waiting)]
    return write_table(columns, [row + [""] * (len(columns) - 1) for row in rows])
