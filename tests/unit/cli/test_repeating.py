"""A command that was cut off is repeated: what it says is sent once."""

from pathlib import Path

from rogatory.errors import RuleError, Unreachable
from tests.support.story import Story
from tests.unit.cli.conftest import REQUEST
from tests.unit.cli.terminal import Terminal


def cut_off(terminal: Terminal, *, arrived: bool) -> None:
    """Let the next submission fail, before or after it is logged."""
    error = Unreachable("gateway", expected="an answer", got="none")
    faults = terminal.world.faults
    if arrived:
        faults.after.append(error)
        return

    real = type(terminal.world.gateway("x"))

    class Lost(real):  # type: ignore[misc, valid-type]
        """A gateway that is gone when a message comes."""

        def submit(self, envelope: bytes, sealed: object) -> object:
            raise error

    terminal.world.gateway = lambda party: Lost(  # type: ignore[method-assign]
        terminal.world, party
    )


def mend(terminal: Terminal) -> None:
    """Let the gateway be there again."""
    terminal.world.__dict__.pop("gateway", None)


def test_a_message_that_got_lost_is_sent_by_the_same_command(
    terminal: Terminal,
) -> None:
    """Exit 5; then the kept message is sent, and no second one."""
    cut_off(terminal, arrived=False)
    lost = terminal.type(REQUEST, party="regulator")
    mend(terminal)

    again = terminal.ok(REQUEST, party="regulator")

    assert lost.code == 5
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
    mend(terminal)
    other = Path("other.csv")
    other.write_text(Path("items.csv").read_text().replace("i3,", "i9,"))

    shown = terminal.ok(REQUEST.replace("items.csv", "other.csv"), party="regulator")

    assert "sent from the outbox" in shown.err
    assert "3 items to example-messenger, entry 4" in shown.out
    assert len(terminal.world.messages) == 2


def test_half_an_answer_is_completed(terminal: Terminal, story: Story) -> None:
    """The report arrived, the question did not: the same command sends the question."""
    exchange = story.ask_removal(3).exchange_id
    line = f"respond removal {exchange} --results results.csv"
    gateway = type(terminal.world.gateway("x"))
    seen: list[bytes] = []

    class Once(gateway):  # type: ignore[misc, valid-type]
        """A gateway that takes one message and is gone."""

        def submit(self, envelope: bytes, sealed: object) -> object:
            if seen:
                raise Unreachable("gateway")
            seen.append(envelope)
            return super().submit(envelope, sealed)

    terminal.world.gateway = lambda party: Once(  # type: ignore[method-assign]
        terminal.world, party
    )
    assert terminal.type(line, party="messenger").code == 5
    mend(terminal)

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
    mend(terminal)

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
    gateway = type(terminal.world.gateway("x"))

    class Refusing(gateway):  # type: ignore[misc, valid-type]
        """A gateway that refuses."""

        def submit(self, envelope: bytes, sealed: object) -> object:
            raise RuleError("message", expected="something else")

    terminal.world.gateway = lambda party: Refusing(  # type: ignore[method-assign]
        terminal.world, party
    )
    assert terminal.type(REQUEST, party="regulator").code == 1
    mend(terminal)

    assert terminal.ok("outbox list --json", party="regulator").json == {"waiting": []}
