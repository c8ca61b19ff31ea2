"""`rogatory respond`: answers, of the platform and of the authority.

A table of outcomes can be sent again: what the log already has is left out. Nothing is
sent unless every row of the table can be used.
"""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._files import read_bytes, read_words, shown_name
from rogatory.cli._files_and_tasks import (
    FilesAndTasks,
    pair_files,
    parse_outcomes,
    refuse_unknown_tasks,
    show_dry,
)
from rogatory.cli._options import DRY_RUN, EXCHANGE, SIGNER
from rogatory.cli._sending import UNCERTAIN, Intent, empty_outbox, report_sent
from rogatory.cli.output import (
    Column,
    Json,
    Progress,
    clock,
    count,
    out,
    print_json,
    print_table,
    say,
    utc,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rogatory.exchanges import ExchangeView
    from rogatory.tables import ItemRow, ResultRow, TargetRow

_ASKED = "clarification"


@click.group(
    cls=Group,
    example="rogatory --as messenger respond removal 01936f3c-… --results results.csv",
)
def respond() -> None:
    """Answer a request, or the question that came back."""


@respond.command(
    example="rogatory --as messenger exchange export 01936f3c-… \\\n"
    "    --results-template results.csv\n"
    "rogatory --as messenger respond removal 01936f3c-… --results results.csv"
)
@EXCHANGE
@click.option(
    "--results",
    metavar="FILE",
    required=True,
    help="The table: `rogatory tables columns results` says what goes into it.",
)
@click.option(
    "--note",
    metavar="TEXT",
    default="",
    help="Words on the whole; @FILE reads them from a file. Sealed to the authority.",
)
@SIGNER
@DRY_RUN
@json_option
@pass_app
def removal(
    app: App,
    *,
    exchange_id: str,
    results: str,
    note: str,
    signer: str | None,
    dry_run: bool,
) -> None:
    """Report what became of items, from a table; ask back about those that need it.

    Rows may be sent in any number of portions. Rows that the log already has, with the
    same outcome and time, are left out.
    """
    from rogatory.tables import MAX_TABLE_BYTES, parse_results

    context = app.context()
    raw = read_bytes(results, limit=MAX_TABLE_BYTES)
    words = read_words(note, option="--note")
    with app.sdk.platform(context) as platform:
        view = platform.exchange(exchange_id)
        ids = [part.id for part in view.parts]
        rows = parse_results(raw, name=shown_name(results), known_ids=ids)
        sent = []
        if not dry_run:
            kinds = ("removal_report", "clarification_request")
            named = [row.item_id for row in rows]
            intent = Intent(kinds, named, exchange_id=exchange_id)
            if sent := empty_outbox(app, platform, intent):
                view = platform.exchange(exchange_id)
        news = [row for row in rows if not _is_known(view, row)]
        if known := len(rows) - len(news):
            say(f"{count(known, 'row')} in the log already, left out")
        if dry_run:
            _show_rows(app, news)
            return
        if news:
            app.kept = UNCERTAIN
            sent += platform.report_removal(exchange_id, news, words, signer=signer)
    if not sent:
        say("there is nothing to send")
    elif news:
        say(_outcomes(news))
    report_sent(app, sent, then=f"exchange show {exchange_id}")


@respond.command(
    example="rogatory --as regulator respond clarify 01936f3c-… \\\n"
    "    --text 'The corrected link is in the table' --items corrected.csv"
)
@EXCHANGE
@click.option(
    "--text",
    metavar="TEXT",
    default="",
    help="The answer in words; @FILE reads it from a file. Sealed to the platform.",
)
@click.option(
    "--items",
    metavar="FILE",
    help="Items, or targets, that replace those of the request, by their ids.",
)
@SIGNER
@DRY_RUN
@json_option
@pass_app
def clarify(
    app: App,
    *,
    exchange_id: str,
    text: str,
    items: str | None,
    signer: str | None,
    dry_run: bool,
) -> None:
    """Answer what the platform asked, in words, by corrected rows, or both."""
    words = read_words(text, option="--text")
    if not words and items is None:
        raise click.UsageError("say something: --text TEXT, --items FILE or both")
    from rogatory.drafts import content_of
    from rogatory.v1 import clarification_pb2

    context = app.context()
    with app.sdk.authority(context) as authority:
        view = authority.exchange(exchange_id)
        waiting = view.ids_in(_ASKED)
        rows = _corrected(view, items) if items is not None else []
        if dry_run:
            if app.json:
                print_json({"dry_run": True, "ids": waiting})
            else:
                out(f"would answer about {', '.join(waiting) or 'nothing'}")
            say("dry run: nothing was signed or sent")
            return
        said = {"answer": _answer_section(rows)} if rows else {}
        if words:
            said["question"] = content_of(clarification_pb2.Clarification(text=words))
        intent = Intent(
            ("clarification_response",),
            [part.id for part in view.parts],
            exchange_id=exchange_id,
            sections=said,
        )
        sent = empty_outbox(app, authority, intent)
        if not sent:
            app.kept = UNCERTAIN
            sent = [
                authority.answer_clarification(exchange_id, words, rows, signer=signer)
            ]
    what = count(len(waiting), "point") if waiting else ""
    report_sent(app, sent, what=what, then=f"exchange show {exchange_id}")


@respond.command(
    cls=FilesAndTasks,
    example="rogatory --as messenger respond disclosure 01936f3c-… \\\n"
    "    --file subscriber.json --task t-1 --outcome t-2=no_data",
)
@EXCHANGE
@click.option(
    "--file",
    "files",
    metavar="FILE",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of data; the --task options behind it say what it answers.",
)
@click.option(
    "--task",
    "tasks",
    metavar="ID",
    multiple=True,
    help="A task that the --file before it answers; may be repeated.",
)
@click.option(
    "--outcome",
    "outcomes",
    metavar="TASK=OUTCOME",
    multiple=True,
    help="no_data, refused or impossible; or partial for a task with a file.",
)
@click.option(
    "--note",
    metavar="TEXT",
    default="",
    help="What is withheld and why; @FILE reads it from a file. Sealed.",
)
@SIGNER
@DRY_RUN
@json_option
@click.pass_context
@pass_app
def disclosure(
    app: App,
    ctx: click.Context,
    *,
    exchange_id: str,
    files: tuple[Path, ...],
    tasks: tuple[str, ...],
    outcomes: tuple[str, ...],
    note: str,
    signer: str | None,
    dry_run: bool,
) -> None:
    """Answer with encrypted files, or say why there is no data.

    Each file is encrypted for itself on this machine; what opens it travels sealed to
    the authority. Tasks that are named nowhere stay open.
    """
    to_send = pair_files(ctx, files, tasks)
    named = [task for _, of_file in to_send for task in of_file]
    decided = parse_outcomes(outcomes, with_file=named)
    if not to_send and not decided:
        raise click.UsageError("name a --file with its --task, or an --outcome")
    words = read_words(note, option="--note")
    context = app.context()
    with app.sdk.platform(context) as platform:
        view = platform.exchange(exchange_id)
        refuse_unknown_tasks(view, {*named, *decided})
        if dry_run:
            show_dry(app, to_send, outcomes)
            return
        intent = Intent(
            ("disclosure_report",), {*named, *decided}, exchange_id=exchange_id
        )
        sent = empty_outbox(app, platform, intent)
        if not sent:
            app.kept = UNCERTAIN
            with Progress("encrypting") as progress:
                sent = [
                    platform.disclose(
                        exchange_id,
                        [(path, of_file, "") for path, of_file in to_send],
                        decided,
                        note=words,
                        progress=progress.step,
                        signer=signer,
                    )
                ]
    what = f"{count(len({*named, *decided}), 'task')}, {count(len(to_send), 'file')}"
    report_sent(app, sent, what=what, then=f"exchange show {exchange_id}")


def _is_known(view: "ExchangeView", row: "ResultRow") -> bool:
    """Tell whether the log has exactly this answer already."""
    from rogatory.v1 import clarification_pb2, removal_pb2

    part = view.part(row.item_id)
    if part is None:
        return False
    if row.needs_clarification:
        name = clarification_pb2.ClarificationGround.Name(row.ground)
        ground = name.removeprefix("CLARIFICATION_GROUND_").lower()
        return part.state == _ASKED and part.ground == ground
    name = removal_pb2.ItemOutcome.Name(row.outcome)
    if row.act_time is None or part.act_time is None:
        return False
    same_time = int(part.act_time.timestamp()) == row.act_time.seconds
    return same_time and part.state == name.removeprefix("ITEM_OUTCOME_").lower()


def _outcomes(rows: "Sequence[ResultRow]") -> str:
    names = Counter(map(_answer, rows))
    return ", ".join(f"{number:,} {name}" for name, number in names.items())


def _answer(row: "ResultRow") -> str:
    from rogatory.v1 import removal_pb2

    if row.needs_clarification:
        return "needs_clarification"
    name = removal_pb2.ItemOutcome.Name(row.outcome)
    return name.removeprefix("ITEM_OUTCOME_").lower()


def _show_rows(app: App, rows: "Sequence[ResultRow]") -> None:
    if app.json:
        shapes: list[Json] = [
            {"item_id": row.item_id, "outcome": _answer(row)} for row in rows
        ]
        print_json({"dry_run": True, "rows": shapes})
    else:
        columns = [
            Column("ITEM"),
            Column("OUTCOME"),
            Column("ACTED"),
            Column("WORDS", shrinks=True),
        ]
        cells = [
            (
                row.item_id,
                _answer(row),
                clock(utc(row.act_time.seconds)) if row.act_time else "",
                row.explanation,
            )
            for row in rows
        ]
        print_table(columns, cells)
    say(f"{_outcomes(rows)}; dry run: nothing was signed or sent")


def _corrected(
    view: "ExchangeView", path: str
) -> "Sequence[ItemRow] | Sequence[TargetRow]":
    from rogatory.tables import MAX_TABLE_BYTES, parse_items, parse_targets

    raw = read_bytes(path, limit=MAX_TABLE_BYTES)
    if view.kind == "disclosure_request":
        return parse_targets(raw, name=shown_name(path))
    return parse_items(raw, name=shown_name(path))


def _answer_section(rows: "Sequence[ItemRow] | Sequence[TargetRow]") -> bytes:
    """Return the content of the section that the rows will be in."""
    from rogatory.drafts import content_of
    from rogatory.tables import ItemRow, TargetRow
    from rogatory.v1 import disclosure_pb2, removal_pb2

    items = [row.item for row in rows if isinstance(row, ItemRow)]
    if items:
        return content_of(removal_pb2.RemovalItems(items=items))
    targets = [row.target for row in rows if isinstance(row, TargetRow)]
    return content_of(disclosure_pb2.DisclosureTargets(targets=targets))
