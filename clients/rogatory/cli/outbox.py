"""`rogatory outbox`: messages that were cut off on their way.

Whatever is sent is kept here until its receipt is there. Sending commands look here
first, so this is for those who want to see, or to send without a new message.
"""

from datetime import UTC

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._sending import part_ids, report_sent
from rogatory.cli.output import (
    Column,
    Json,
    clock,
    print_json,
    print_table,
    rfc3339,
    say,
)


@click.group(cls=Group, example="rogatory --as regulator outbox list")
def outbox() -> None:
    """Messages that wait for their receipt."""


@outbox.command("list", example="rogatory --as regulator outbox list")
@json_option
@pass_app
def list_(app: App) -> None:
    """List what waits; needs no gateway."""
    from rogatory.drafts import parse_draft
    from rogatory.state import State

    state = State(app.context().state)
    drafts = [parse_draft(path.read_bytes()) for path in state.outbox()]
    if app.json:
        shapes: list[Json] = [
            {
                "message_id": each.message_id,
                "exchange_id": each.exchange_id,
                "kind": each.kind,
                "to": each.header.recipients[0].party,
                "parts": len(part_ids(each)),
                "expire_time": rfc3339(each.header.expire_time.ToDatetime(UTC)),
            }
            for each in drafts
        ]
        print_json({"waiting": shapes})
        return
    if not drafts:
        say("nothing waits")
        return
    columns = [Column("KIND"), Column("TO"), Column("EXCHANGE"), Column("EXPIRES")]
    rows = [
        (
            each.kind,
            each.header.recipients[0].party,
            each.exchange_id,
            clock(each.header.expire_time.ToDatetime(UTC)),
        )
        for each in drafts
    ]
    print_table(columns, rows)


@outbox.command(example="rogatory --as regulator outbox send")
@json_option
@pass_app
def send(app: App) -> None:
    """Send what waits. What had arrived gives its first receipt again."""
    app.kept = "what was not sent is still in the outbox"
    with app.sdk.client(app.context()) as client:
        sent = client.resend_outbox()
    if not sent:
        say("nothing waits")
    report_sent(app, sent, then="")
