"""A command that was cut off is repeated: what it says is sent once."""

from pathlib import Path
from typing import Any

import pytest

from rogatory.errors import RuleError, Unreachable
from tests.support.fake_gateway import Stored
from tests.support.story import Story
from tests.unit.cli.conftest import REQUEST
from tests.unit.cli.terminal import Terminal


def cut_off(terminal: Terminal, *, arrived: bool) -> None:
    """Let the next submission fail, before or after it is logged."""
    faults = terminal.world.faults
    queue = faults.after if arrived else faults.on_submit
    queue.append(Unreachable("gateway", expected="an answer", got="none"))


def test_a_message_that_got_lost_is_sent_by_the_same_command(
    terminal: Terminal,
) -> None:
    """Exit 5; then the kept message is sent, and no second one."""
    cut_off(terminal, arrived=False)
    lost = terminal.type(REQUEST, party="regulator")

    again = terminal.ok(REQUEST, party="regulator")

    assert lost.code == 5
    assert "kept      the message is in the outbox" in lost.err
    assert "sent: removal request, entry 3" in again.out
    assert "nothing more is sent" in again.err
    assert len(terminal.world.messages) == 1


def test_a_message_that_arrived_unseen_is_not_sent_twice(terminal: Terminal) -> None:
    """The answer was lost on its way back: the repetition gets the first receipt."""
    cut_off(terminal, arrived=True)
    assert terminal.type(REQUEST, party="regulator").code == 5

    again = terminal.ok(REQUEST, party="regulator")

    assert "entry 3" in again.out
    assert len(terminal.world.messages) == 1


def test_another_request_is_sent_after_the_kept_one(terminal: Terminal) -> None:
    """Only what says the same counts as a repetition."""
    cut_off(terminal, arrived=False)
    terminal.type(REQUEST, party="regulator")
    other = Path("other.csv")
    other.write_text(Path("items.csv").read_text().replace("i3,", "i9,"))

    shown = terminal.ok(REQUEST.replace("items.csv", "other.csv"), party="regulator")

    assert "sent from the outbox" in shown.err
    assert "3 items to example-messenger, entry 4" in shown.out
    assert len(terminal.world.messages) == 2


def test_the_same_ids_of_another_case_are_another_request(
    terminal: Terminal,
) -> None:
    """Every clerk numbers from 1: what is sealed must be the same, not the ids."""
    cut_off(terminal, arrived=False)
    terminal.type(REQUEST, party="regulator")
    table = Path("items.csv")
    table.write_text(table.read_text().replace("files.example/2", "files.example/22"))

    terminal.ok(REQUEST, party="regulator")

    assert len(terminal.world.messages) == 2


def test_an_answer_in_words_is_sent_once(terminal: Terminal, story: Story) -> None:
    """The answer arrived, its receipt did not: the same command says so."""
    exchange = story.ask_removal(3).exchange_id
    terminal.ok(f"respond removal {exchange} --results results.csv", party="messenger")
    line = f"respond clarify {exchange} --text 'the third'"
    cut_off(terminal, arrived=True)
    assert terminal.type(line, party="regulator").code == 5

    again = terminal.ok(line, party="regulator")

    assert "sent: clarification response, entry 6" in again.out
    assert len(terminal.world.messages) == 4


def test_a_kept_message_that_is_refused_is_set_aside(terminal: Terminal) -> None:
    """It is told, it does not come back, and the new message is sent."""
    cut_off(terminal, arrived=False)
    terminal.type(REQUEST, party="regulator")
    refusal = RuleError("message", expected="another")
    terminal.world.faults.on_submit.append(refusal)

    shown = terminal.ok(REQUEST, party="regulator")

    assert "refused and set aside" in shown.err
    assert "3 items to example-messenger, entry 3" in shown.out
    assert terminal.ok("outbox list --json", party="regulator").json == {"waiting": []}


def test_half_an_answer_is_completed(
    terminal: Terminal, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report arrived, the question did not: the same command sends the question."""
    exchange = story.ask_removal(3).exchange_id
    line = f"respond removal {exchange} --results results.csv"
    admitted = terminal.world.log_message

    def once(*args: Any) -> Stored:  # noqa: ANN401
        """Log one message, and be gone when the next one comes."""
        cut_off(terminal, arrived=False)
        return admitted(*args)

    with monkeypatch.context() as patched:
        patched.setattr(terminal.world, "log_message", once)
        assert terminal.type(line, party="messenger").code == 5

    again = terminal.ok(line, party="messenger")

    assert "clarification request, entry 5" in again.out
    kinds = [stored.message.kind for stored in terminal.world.messages]
    assert kinds == ["removal_request", "removal_report", "clarification_request"]


def test_a_disclosure_is_not_encrypted_again(terminal: Terminal, story: Story) -> None:
    """The kept answer names the files that are at the gateway already."""
    exchange = story.ask_disclosure(1).exchange_id
    Path("data.bin").write_bytes(b"x")
    line = f"respond disclosure {exchange} --file data.bin --task t1"
    cut_off(terminal, arrived=True)
    assert terminal.type(line, party="messenger").code == 5

    terminal.ok(line, party="messenger")

    assert terminal.world.calls.count("upload") == 1
    assert len(terminal.world.messages) == 2


def test_the_outbox_can_be_seen_and_sent(terminal: Terminal) -> None:
    """What waits is told without a gateway, and sent without a new message."""
    cut_off(terminal, arrived=False)
    terminal.type(REQUEST, party="regulator")

    waiting = terminal.ok("outbox list --json", party="regulator").json["waiting"]
    sent = terminal.ok("outbox send", party="regulator")
    after = terminal.ok("outbox list", party="regulator")

    assert [(each["kind"], each["parts"]) for each in waiting] == [
        ("removal_request", 3)
    ]
    assert "sent: removal request, entry 3" in sent.out
    assert "nothing waits" in after.err


def test_a_refused_message_does_not_come_back(terminal: Terminal) -> None:
    """What the gateway will never take is not sent again."""
    terminal.world.faults.on_submit.append(RuleError("message", expected="another"))
    assert terminal.type(REQUEST, party="regulator").code == 1

    assert terminal.ok("outbox list --json", party="regulator").json == {"waiting": []}
