"""The regulator's clerk asks from a spreadsheet and sees what became of it."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import REQUEST
from tests.unit.cli.terminal import Terminal


def test_a_request_tells_exchange_entry_and_next_command(terminal: Terminal) -> None:
    """One line with the ids; the next command can be copied."""
    shown = terminal.ok(REQUEST, party="regulator")

    exchange = terminal.ok("exchange list --json", party="regulator").json
    exchange_id = exchange["exchanges"][0]["exchange_id"]
    assert shown.out == (
        f"sent: removal request, 3 items to example-messenger, entry 3, "
        f"exchange {exchange_id}\n"
    )
    assert f"next: rogatory --as regulator exchange show {exchange_id}" in shown.err


def test_a_request_can_be_read_by_a_program(terminal: Terminal) -> None:
    """With --json the receipt's facts are data."""
    (sent,) = terminal.ok(f"{REQUEST} --json", party="regulator").json["sent"]

    assert sent["kind"] == "removal_request"
    assert sent["index"] == 3
    assert Path(sent["files"]["proof"]).exists()


def test_nothing_is_sent_from_a_table_with_a_bad_row(terminal: Terminal) -> None:
    """Every bad cell is named with its line and column."""
    path = Path("items.csv")
    path.write_text(
        path.read_text().replace("i1,", "1.23E+17,").replace("10:01:00+09:00", "10:01")
    )

    shown = terminal.type(REQUEST, party="regulator")

    assert shown.code == 1
    assert "items.csv cannot be used; nothing was sent" in shown.err
    assert "line 2, column item_id" in shown.err
    assert "line 3, column observed" in shown.err
    assert "submit" not in terminal.world.calls


def test_a_misspelt_platform_is_told_by_name(terminal: Terminal) -> None:
    """The directory knows who may be meant."""
    line = REQUEST.replace("messenger", "mesenger")

    shown = terminal.type(line, party="regulator")

    assert shown.code == 1
    assert "party example-mesenger" in shown.err
    assert "such as example-messenger" in shown.err


def test_a_dry_run_shows_what_would_be_signed(terminal: Terminal) -> None:
    """The rules are asked, the words shown, and nothing is sent."""
    shown = terminal.ok(f"{REQUEST} --dry-run", party="regulator")

    assert "item i1: ncii synthetic, https://files.example/가나다/1" in shown.out
    assert "what is signed   SHA-256" in shown.out
    assert "nothing was signed or sent" in shown.err
    assert "submit" not in terminal.world.calls


def test_reasons_come_from_a_file(terminal: Terminal) -> None:
    """`@file` is read; the platform reads it too."""
    Path("why.txt").write_text("피해자 신고\n둘째 줄")
    terminal.ok(f"{REQUEST} --reasons @why.txt --file-number 7", party="regulator")

    exchange = newest(terminal)
    shown = terminal.ok(f"exchange show {exchange}", party="messenger")

    assert "file number  7" in shown.out
    assert "reasons      피해자 신고\n               둘째 줄" in shown.out


def test_without_reasons_the_items_speak(terminal: Terminal) -> None:
    """The section that the law demands is there and says where to look."""
    terminal.ok(REQUEST, party="regulator")

    shown = terminal.ok(f"exchange show {newest(terminal)} --json", party="messenger")

    assert shown.json["reasons"]["text"] == "The reasons are given with each item."


def test_an_exchange_shows_state_items_and_messages(terminal: Terminal) -> None:
    """Where it stands, who has to act, and each item with its place."""
    terminal.ok(REQUEST, party="regulator")

    shown = terminal.ok(f"exchange show {newest(terminal)}", party="regulator")

    assert "state    received, 3 of 3 items wait for example-messenger" in shown.out
    assert "https://files.example/가나다/1" in shown.out
    assert "example-regulator asks for the removal of 3 items" in shown.out


def test_a_question_is_answered(terminal: Terminal) -> None:
    """The answer goes to the items that wait; a second answer has nothing to answer."""
    terminal.ok(REQUEST, party="regulator")
    exchange = newest(terminal)
    terminal.ok(f"respond removal {exchange} --results results.csv", party="messenger")

    answer = f"respond clarify {exchange} --text '채널 3'"
    shown = terminal.ok(answer, party="regulator")
    again = terminal.type(answer, party="regulator")

    assert "sent: clarification response, 1 point, entry 6" in shown.out
    assert again.code == 1
    assert "TRANSITION_NOT_ALLOWED" in again.err


def test_corrected_items_replace_those_of_the_request(terminal: Terminal) -> None:
    """The platform's export has the corrected locator."""
    terminal.ok(REQUEST, party="regulator")
    exchange = newest(terminal)
    terminal.ok(f"respond removal {exchange} --results results.csv", party="messenger")
    Path("fixed.csv").write_text(
        "item_id,locator,classification,observed\n"
        "i3,https://files.example/fixed,other,2026-11-20T10:02:00+09:00\n"
    )

    terminal.ok(f"respond clarify {exchange} --items fixed.csv", party="regulator")

    terminal.ok(f"exchange export {exchange} --items all.csv", party="messenger")
    assert "https://files.example/fixed" in Path("all.csv").read_text()


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("respond clarify E", "--text TEXT"),
        ("exchange export E", "--items FILE"),
        ("request disclosure --profile P --to X", "--targets"),
        (f"{REQUEST} --instrument decree", "--instrument"),
        (REQUEST.replace("items.csv", "no.csv"), "there is no file no.csv"),
        (f"{REQUEST} --reasons @no.txt", "there is no file no.txt"),
    ],
)
def test_a_command_that_cannot_be_understood_is_exit_2(
    terminal: Terminal, line: str, rule: str
) -> None:
    """Usage errors say what is missing and where the help is."""
    shown = terminal.type(line, party="regulator")

    assert shown.code == 2
    assert rule in shown.err
    assert "--help" in shown.err


def test_a_table_comes_from_stdin(terminal: Terminal) -> None:
    """`-` is read; messages call it stdin."""
    line = REQUEST.replace("items.csv", "-")
    table = Path("items.csv").read_text()

    sent = terminal.type(line, party="regulator", stdin=table)
    bad = terminal.type(line, party="regulator", stdin=table.replace("i1,", ","))

    assert sent.code == 0
    assert "stdin cannot be used; nothing was sent" in bad.err


def newest(terminal: Terminal) -> str:
    """Return the newest exchange's id, as the regulator sees it."""
    listed = terminal.ok("exchange list --json", party="regulator").json
    return str(listed["exchanges"][0]["exchange_id"])
