"""What people see where the other tests look at JSON: tables, empty lists, prompts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from rogatory import tlog
from rogatory.cli._entries import entry_facts, entry_json
from tests.support.story import Story
from tests.unit.cli.terminal import Terminal
from tests.unit.tlog.model import LOG_SIGNERS

TIME = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
HASH = bytes(range(32))
ASK = (
    "request disclosure --profile XX.SUBSCRIBER --to example-messenger "
    "--targets targets.csv --reasons 'a crime' "
    "--cosigner example-prosecutor/prosecutor-1:validator --draft order.draft"
)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("exchange list", "there is no exchange yet"),
        ("inbox list", "nothing has arrived"),
        ("inbox list --after 7", "nothing has arrived after number 7"),
        ("outbox list", "nothing waits"),
        ("outbox send", "nothing waits"),
    ],
)
def test_nothing_is_said_to_be_nothing(
    terminal: Terminal, line: str, words: str
) -> None:
    """An empty screen would leave a person guessing."""
    shown = terminal.ok(line, party="regulator")

    assert shown.out == ""
    assert words in shown.err


def test_exchanges_are_a_table(terminal: Terminal, story: Story) -> None:
    """Newest first; what is beyond the limit is told."""
    story.ask_removal(1)
    newest = story.ask_removal(2).exchange_id

    shown = terminal.ok("exchange list --limit 1", party="regulator")

    title, row = shown.out.splitlines()
    assert title.split()[:4] == ["EXCHANGE", "STATE", "FROM", "TO"]
    assert row.split()[:4] == [
        newest,
        "received",
        "example-regulator",
        "example-messenger",
    ]
    assert "there are more" in shown.err


def test_a_disclosure_is_shown_with_its_files(terminal: Terminal, story: Story) -> None:
    """Tasks with whose data, files with their state, and the note."""
    exchange = story.ask_disclosure(2).exchange_id
    Path("data.json").write_text("{}")
    terminal.ok(
        f"respond disclosure {exchange} --file data.json --task t1 --note 'in UTC'",
        party="messenger",
    )

    shown = terminal.ok(f"exchange show {exchange}", party="police").out

    assert "what     disclosure request" in shown
    assert "t1    subscriber  disclosed" in shown
    assert "data.json" in shown
    assert "announced" in shown
    assert "note of example-messenger:\n  in UTC" in shown
    assert "example-messenger answers 1 task with 1 file" in shown


def test_targets_are_written_as_a_table(terminal: Terminal, story: Story) -> None:
    """The same option serves both kinds of request."""
    exchange = story.ask_disclosure(1).exchange_id

    shown = terminal.ok(
        f"exchange show {exchange} --items-csv t.csv", party="messenger"
    )

    assert "wrote t.csv" in shown.err
    assert "t1,subscriber,username,user-1" in Path("t.csv").read_text()


def test_there_is_no_results_table_for_data(terminal: Terminal, story: Story) -> None:
    """With the verb that answers it."""
    exchange = story.ask_disclosure(1).exchange_id

    shown = terminal.type(
        f"exchange export {exchange} --results-template r.csv", party="messenger"
    )

    assert shown.code == 1
    assert "rogatory respond disclosure" in shown.err


def test_there_is_no_results_table_when_all_is_answered(
    terminal: Terminal, story: Story
) -> None:
    """Nobody fills in what is done."""
    from tests.support.story import result_rows

    exchange = story.ask_removal(1).exchange_id
    story.messenger.report_removal(exchange, result_rows({"i1": "removed"}))

    shown = terminal.type(
        f"exchange export {exchange} --results-template r.csv", party="messenger"
    )

    assert shown.code == 1
    assert "every item has its outcome" in shown.err


def test_profiles_are_a_table(terminal: Terminal) -> None:
    """Which may be used for what."""
    shown = terminal.ok("profile list", party="regulator").out

    assert "XX.SUBSCRIBER  XX       tests only" in shown


def test_columns_are_told(terminal: Terminal) -> None:
    """What goes into a table, without making one."""
    assert "outcome" in terminal.ok("tables columns results").out


def test_secrecy_is_asked_with_its_end(terminal: Terminal) -> None:
    """The second person reads until when the user is not told."""
    terminal.ok(
        f"{ASK} --secrecy court_order --secrecy-until 2026-12-24T00:00:00+09:00",
        party="police",
    )

    shown = terminal.ok("draft show order.draft", party="prosecutor")

    assert "court order, until 2026-12-23T15:00:00Z" in shown.out


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("", 130)])
def test_a_person_is_asked_before_signing(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    """Only yes signs; the digest stands right above the question."""
    terminal.ok(ASK, party="police")
    before = Path("order.draft").read_bytes()
    monkeypatch.setattr("rogatory.cli.draft.is_terminal", lambda _: True)

    shown = terminal.type("cosign order.draft", party="prosecutor", stdin=answer)

    assert shown.code == code
    assert "you sign exactly this: SHA-256 " in shown.err
    assert "Sign this as example-prosecutor/prosecutor-1:validator?" in shown.err
    assert (Path("order.draft").read_bytes() == before) == (code != 0)


def test_more_than_two_signatures_name_who_comes_next(terminal: Terminal) -> None:
    """Each co-signer is told whose turn it is."""
    terminal.ok(
        f"{ASK} --cosigner example-regulator/clerk-1:issuer --copy example-auditor",
        party="police",
    )

    shown = terminal.type("cosign order.draft --yes", party="prosecutor")

    assert shown.code == 0, shown.err
    assert "give it to example-regulator/clerk-1:issuer" in shown.err


def test_a_draft_without_a_name_is_called_by_its_exchange(terminal: Terminal) -> None:
    """Nothing is overwritten by a default."""
    terminal.ok(ASK.replace("--draft order.draft", ""), party="police")

    (draft,) = Path().glob("*.draft")
    assert len(draft.stem) == 36


def test_next_commands_can_be_copied(terminal: Terminal, story: Story) -> None:
    """A name with a space is quoted as a shell needs it."""
    exchange = story.ask_removal(1).exchange_id

    shown = terminal.ok(
        f"exchange export {exchange} --results-template 'my results.csv'",
        party="messenger",
    )

    assert "--results 'my results.csv'" in shown.err


def entries() -> list[tlog.Entry]:
    """Return an entry of every kind."""
    keys = tuple(signer.verifier_key for signer in LOG_SIGNERS)
    return [
        tlog.StartEntry(TIME, "a/log", keys, tlog.PreviousLog("old/log", 7, HASH)),
        tlog.DirectoryEntry(TIME, None, HASH),
        tlog.ProfilesEntry(TIME, 1, HASH),
        tlog.MessageEntry(TIME, 1, HASH, None, HASH, (tlog.Delivery(HASH, HASH),)),
        tlog.AccessEntry(TIME, 1, HASH, HASH),
        tlog.ErasureEntry(
            TIME, 1, HASH, (tlog.IndexRange(3, 4),), "content", "XX.SUBSCRIBER", TIME
        ),
        tlog.EndEntry(TIME, 1, "new/log", keys),
    ]


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: str(entry.kind))
def test_every_kind_of_entry_is_shown(entry: tlog.Entry) -> None:
    """As lines for people, and by name for programs."""
    names = [name for name, _ in entry_facts(entry)]
    shape = entry_json(17, entry)

    assert names[:2] == ["kind", "time"]
    assert list(shape)[:4] == ["index", "kind", "time", "directory"]
    assert shape["kind"] == entry.kind
    assert len(shape) > 4
