"""The platform's legal team: inbox, tables out, tables in."""

import csv
import io
import json
import stat
from pathlib import Path

import pytest

from tests.support.story import Story
from tests.unit.cli.terminal import Terminal


def test_the_inbox_says_who_asks_for_what(terminal: Terminal, story: Story) -> None:
    """A line for each message, oldest first."""
    sent = story.ask_removal(3)
    story.ask_disclosure(2)

    shown = terminal.ok("inbox list", party="messenger")

    lines = shown.out.splitlines()
    assert lines[0].split() == ["NO.", "LOGGED", "FROM", "WHAT", "EXCHANGE", "ENTRY"]
    assert "asks for the removal of 3 items, KR.CORRECTION (test)" in lines[1]
    assert sent.exchange_id in lines[1]
    assert "asks for data in 2 tasks, XX.SUBSCRIBER (test)" in lines[2]


def test_the_watch_goes_on_where_it_ended(terminal: Terminal, story: Story) -> None:
    """Each message is printed once over several watches."""
    story.ask_removal(1)
    first = terminal.ok("inbox watch --stop-after 1", party="messenger")
    story.ask_removal(2)

    second = terminal.ok("inbox watch --stop-after 1", party="messenger")

    assert "#1  example-regulator asks for the removal of 1 item," in first.out
    assert "#2  example-regulator asks for the removal of 2 items," in second.out
    assert len(second.out.splitlines()) == 1


def test_a_watch_in_json_is_a_line_each(terminal: Terminal, story: Story) -> None:
    """A program reads message by message."""
    story.ask_removal(1)
    story.ask_removal(2)

    shown = terminal.ok("inbox watch --stop-after 2 --json", party="messenger")

    numbers = [json.loads(line)["number"] for line in shown.out.splitlines()]
    assert numbers == [1, 2]


def test_listing_leaves_the_watch_alone(terminal: Terminal, story: Story) -> None:
    """Looking is not handling: what was listed is still new."""
    story.ask_removal(1)
    terminal.ok("inbox list", party="messenger")

    shown = terminal.ok("inbox list --new --json", party="messenger")

    assert [each["number"] for each in shown.json["messages"]] == [1]


def test_a_program_gets_the_message_on_stdin(terminal: Terminal, story: Story) -> None:
    """Ids in its environment, JSON on its stdin, and no shell in between."""
    sent = story.ask_removal(1)
    hook = script("hook", 'cat > got.json; echo "$ROGATORY_EXCHANGE_ID" > id.txt')

    terminal.ok(f"inbox watch --stop-after 1 --exec {hook}", party="messenger")

    assert json.loads(Path("got.json").read_text())["kind"] == "removal_request"
    assert Path("id.txt").read_text().strip() == sent.exchange_id


def test_a_message_whose_program_failed_comes_again(
    terminal: Terminal, story: Story
) -> None:
    """The watch ends with 1, and the next one begins with that message."""
    story.ask_removal(1)
    bad, good = script("bad", "exit 9"), script("good", "cat > /dev/null")

    failed = terminal.type(
        f"inbox watch --stop-after 1 --exec {bad}", party="messenger"
    )
    again = terminal.ok(f"inbox watch --stop-after 1 --exec {good}", party="messenger")

    assert failed.code == 1
    assert "exit code 9" in failed.err
    assert "#1 " in again.out


def test_the_template_has_the_open_items_and_reads_back(
    terminal: Terminal, story: Story
) -> None:
    """The ids are filled in, the columns are those that the answer accepts."""
    exchange = story.ask_removal(3).exchange_id
    terminal.ok(
        f"exchange export {exchange} --items items-got.csv --results-template r.csv",
        party="messenger",
    )

    rows = list(csv.DictReader(io.StringIO(Path("r.csv").read_text("utf-8-sig"))))
    assert [row["item_id"] for row in rows] == ["i1", "i2", "i3"]
    assert stat.S_IMODE(Path("r.csv").stat().st_mode) == 0o600
    fill("r.csv", rows)
    shown = terminal.ok(
        f"respond removal {exchange} --results r.csv", party="messenger"
    )
    assert shown.out.startswith("sent: removal report, entry 4")


def test_an_export_never_overwrites(terminal: Terminal, story: Story) -> None:
    """An afternoon's work in results.csv is safe."""
    exchange = story.ask_removal(3).exchange_id
    before = Path("results.csv").read_bytes()

    shown = terminal.type(
        f"exchange export {exchange} --results-template results.csv",
        party="messenger",
    )

    assert shown.code == 1
    assert "--force" in shown.err
    assert Path("results.csv").read_bytes() == before


def test_outcomes_and_questions_are_sent_apart(
    terminal: Terminal, story: Story
) -> None:
    """One report, one question, each with its entry."""
    exchange = story.ask_removal(3).exchange_id

    shown = terminal.ok(
        f"respond removal {exchange} --results results.csv --note 'as asked'",
        party="messenger",
    )

    first, second = shown.out.splitlines()
    assert first.startswith("sent: removal report, entry 4")
    assert second.startswith("sent: clarification request, entry 5")
    assert "1 removed, 1 not_found, 1 needs_clarification" in shown.err
    seen = terminal.ok(f"exchange show {exchange}", party="regulator").out
    assert "1 of 3 items waits for example-regulator" in seen
    assert "i3: 어느 채널?" in seen
    assert "as asked" in seen


def test_the_same_table_again_sends_nothing(terminal: Terminal, story: Story) -> None:
    """What the log has is left out, so repeating a command is safe."""
    exchange = story.ask_removal(3).exchange_id
    line = f"respond removal {exchange} --results results.csv"
    terminal.ok(line, party="messenger")
    entries = len(terminal.world.log.entries)

    again = terminal.ok(line, party="messenger")

    assert again.out == ""
    assert "3 rows in the log already" in again.err
    assert len(terminal.world.log.entries) == entries


def test_a_row_for_another_exchange_is_refused(
    terminal: Terminal, story: Story
) -> None:
    """An outcome for an item that does not exist is named by its line."""
    exchange = story.ask_removal(2).exchange_id

    shown = terminal.type(
        f"respond removal {exchange} --results results.csv", party="messenger"
    )

    assert shown.code == 1
    assert "line 4, column item_id: the exchange has no id i3" in shown.err


def test_a_dry_run_of_an_answer_sends_nothing(terminal: Terminal, story: Story) -> None:
    """The rows are shown as they were understood."""
    exchange = story.ask_removal(3).exchange_id

    shown = terminal.ok(
        f"respond removal {exchange} --results results.csv --dry-run",
        party="messenger",
    )

    assert "i1    removed              2026-11-23 09:30 UTC" in shown.out
    assert len(terminal.world.messages) == 1


@pytest.mark.parametrize("column", ["explanation", "locator"])
def test_what_others_wrote_cannot_steer_the_terminal(
    terminal: Terminal, story: Story, column: str
) -> None:
    """Escape sequences in words and places are shown, not obeyed."""
    from rogatory.v1 import removal_pb2
    from tests.support.story import REQUEST, item_rows, result_rows

    rows = item_rows(1)
    if column == "locator":
        rows[0].item.locator = "https://x.example/\x1b]0;owned\x07"
    sent = story.regulator.request_removal(
        "example-messenger",
        rows,
        profile="KR.CORRECTION",
        instrument=REQUEST,
        reasons=removal_pb2.Reasons(text="a\x1b[2J\nb\u202e"),
    )
    story.messenger.report_removal(
        sent.exchange_id, result_rows({"i1": "removed"}), note="\x1b[31mred"
    )

    shown = terminal.ok(f"exchange show {sent.exchange_id}", party="regulator")

    assert "\x1b" not in shown.out
    assert "\u202e" not in shown.out
    assert "\\x1b[31mred" in shown.out


def script(name: str, body: str) -> Path:
    """Write a small program."""
    path = Path(name).absolute()
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o700)
    return path


def fill(name: str, rows: list[dict[str, str]]) -> None:
    """Fill a template as a spreadsheet program would."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), delimiter=";")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {**row, "outcome": "removed", "acted": "2026-11-23T09:30:00+00:00"}
        )
    Path(name).write_text(text.getvalue(), "utf-8-sig")
