"""Two people, one message: drafts, co-signatures, and the file that answers."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.story import Story
from tests.unit.cli.terminal import Terminal

ASK = (
    "request disclosure --profile XX.SUBSCRIBER --to example-messenger "
    "--targets targets.csv --reasons 'a crime' "
    "--cosigner example-prosecutor/prosecutor-1:validator --draft order.draft"
)


@pytest.fixture
def draft(terminal: Terminal) -> Path:
    """Let the police write a draft."""
    terminal.ok(ASK, party="police")
    return Path("order.draft")


def test_a_request_for_two_is_written_and_not_sent(
    terminal: Terminal, draft: Path
) -> None:
    """The second person's command is told; nothing is in the log."""
    assert draft.exists()
    assert terminal.world.messages == []


def test_nobody_submits_without_all_signatures(terminal: Terminal, draft: Path) -> None:
    """Who is missing is named; exit 4 says that it is a matter of signatures."""
    shown = terminal.type(f"draft submit {draft}", party="police")

    assert shown.code == 4
    assert "example-prosecutor/prosecutor-1:validator" in shown.err
    assert terminal.world.messages == []


def test_who_cosigns_sees_words_and_digest(terminal: Terminal, draft: Path) -> None:
    """What is signed is shown before it is signed."""
    shown = terminal.ok(f"cosign {draft} --yes", party="prosecutor")

    assert "task t1: subscriber data on username user-1" in shown.err
    assert "what is signed   SHA-256" in shown.err
    assert "next: example-police runs: rogatory draft submit order.draft" in shown.err


def test_nobody_signs_without_being_asked(terminal: Terminal, draft: Path) -> None:
    """Where nobody can be asked, --yes must be given; the draft stays as it is."""
    before = draft.read_bytes()

    shown = terminal.type(f"cosign {draft}", party="prosecutor")

    assert shown.code == 2
    assert "--yes" in shown.err
    assert draft.read_bytes() == before


def test_a_second_cosignature_changes_nothing(terminal: Terminal, draft: Path) -> None:
    """Running it again says so and leaves the signatures."""
    terminal.ok(f"cosign {draft} --yes", party="prosecutor")

    shown = terminal.ok(f"cosign {draft}", party="prosecutor")

    assert "your signature was there already" in shown.out


def test_a_stranger_cannot_cosign(terminal: Terminal, draft: Path) -> None:
    """Only who is named in the message can sign it."""
    shown = terminal.type(f"cosign {draft} --yes", party="regulator")

    assert shown.code == 4
    assert "SIGNATORIES_MISMATCH" in shown.err


def test_a_draft_tells_programs_who_is_missing(terminal: Terminal, draft: Path) -> None:
    """`draft show --json` lists the signatories."""
    found = terminal.ok(f"draft show {draft} --json", party="prosecutor").json

    assert [each["signed"] for each in found["signatories"]] == [True, False]
    assert found["kind"] == "disclosure_request"


def test_a_draft_is_not_written_over(terminal: Terminal, draft: Path) -> None:
    """A signed draft is somebody's work."""
    shown = terminal.type(ASK, party="police")

    assert shown.code == 1
    assert "already there" in shown.err


def test_a_file_that_is_no_draft_is_told(terminal: Terminal) -> None:
    """Any other file is refused with what it should be."""
    shown = terminal.type("cosign targets.csv --yes", party="prosecutor")

    assert shown.code == 1
    assert "MALFORMED" in shown.err or "UNKNOWN_FIELD" in shown.err


def test_one_signature_is_not_enough_where_two_are_demanded(
    terminal: Terminal,
) -> None:
    """The profile's rule is told before anything is sent."""
    line = ASK.replace(
        "--cosigner example-prosecutor/prosecutor-1:validator --draft order.draft", ""
    )

    shown = terminal.type(line, party="police")

    assert shown.code == 1
    assert "APPROVAL_MISSING" in shown.err


@pytest.mark.parametrize("cosigner", ["prosecutor-1", "a/b", "a/b:king", "/b:issuer"])
def test_a_cosigner_has_party_signer_and_capacity(
    terminal: Terminal, cosigner: str
) -> None:
    """Anything else is a usage error that shows the form."""
    shown = terminal.type(f"{ASK} --cosigner {cosigner}", party="police")

    assert shown.code == 2
    assert "PARTY/SIGNER:CAPACITY" in shown.err


@pytest.mark.parametrize(
    "given",
    ["--secrecy court_order", "--secrecy court_order --secrecy-until 2026-12-24T00:00"],
)
def test_secrecy_has_a_reason_and_an_end_with_zone(
    terminal: Terminal, given: str
) -> None:
    """Secrecy always ends, and a time has a zone."""
    assert terminal.type(f"{ASK} {given}", party="police").code == 2


# --- the answer ----------------------------------------------------------------------


@pytest.fixture
def exchange(story: Story) -> str:
    """Let two tasks be asked for, t1 and t2."""
    return story.ask_disclosure(2).exchange_id


@pytest.fixture
def answered(terminal: Terminal, exchange: str) -> str:
    """Let the messenger answer with a file."""
    Path("data.json").write_text('{"a": 1}')
    terminal.ok(
        f"respond disclosure {exchange} --file data.json --task t1 "
        "--outcome t2=no_data --note 'times are UTC'",
        party="messenger",
    )
    return exchange


def test_an_answer_names_files_and_reasons(terminal: Terminal, answered: str) -> None:
    """One task with a file, one without: each has its outcome."""
    seen = terminal.ok(f"exchange show {answered} --json", party="police").json

    assert [part["state"] for part in seen["parts"]] == ["disclosed", "no_data"]
    assert seen["files"][0]["task_ids"] == ["t1"]
    assert seen["notes"][0]["text"] == "times are UTC"


def test_each_file_has_the_tasks_behind_it(terminal: Terminal, exchange: str) -> None:
    """The order of --file and --task has a meaning."""
    Path("a.txt").write_text("a")
    Path("b.txt").write_text("b")

    shown = terminal.ok(
        f"respond disclosure {exchange} --file a.txt --task t1 --file b.txt --task t2 "
        "--dry-run --json",
        party="messenger",
    )

    assert shown.json["files"] == [
        {"file": "a.txt", "tasks": ["t1"]},
        {"file": "b.txt", "tasks": ["t2"]},
    ]


@pytest.mark.parametrize(
    "given",
    [
        "--task t1 --file data.json",
        "--file data.json",
        "--file data.json --task t1 --outcome t1=no_data",
        "--outcome t1=partial",
        "--outcome t1=lost",
        "--outcome t1",
        "--outcome t1=no_data --outcome t1=refused",
        "",
    ],
)
def test_an_answer_that_says_two_things_is_a_usage_error(
    terminal: Terminal, exchange: str, given: str
) -> None:
    """A task has a file or a reason why not, and every file a task."""
    Path("data.json").write_text("{}")

    shown = terminal.type(f"respond disclosure {exchange} {given}", party="messenger")

    assert shown.code == 2
    assert len(terminal.world.messages) == 1


def test_a_task_that_does_not_exist_is_refused(
    terminal: Terminal, exchange: str
) -> None:
    """Before anything is encrypted, with the tasks there are."""
    shown = terminal.type(
        f"respond disclosure {exchange} --outcome t9=no_data", party="messenger"
    )

    assert shown.code == 1
    assert "one of: t1, t2" in shown.err


def test_files_are_received_and_confirmed(terminal: Terminal, answered: str) -> None:
    """The plaintext appears under its name; the platform learns that it arrived."""
    shown = terminal.ok(f"evidence receive {answered} --into case", party="police")

    assert shown.out == "case/data.json\n"
    assert Path("case/data.json").read_text() == '{"a": 1}'
    assert "confirmed by entry 5" in shown.err
    seen = terminal.ok(f"exchange show {answered} --json", party="messenger").json
    assert seen["files"][0]["status"] == "integrity_ok"


def test_the_identity_is_a_private_file(terminal: Terminal, answered: str) -> None:
    """The secret is in the file named and nowhere on the screen."""
    shown = terminal.ok(f"evidence identity {answered} --output id.txt", party="police")

    assert Path("id.txt").read_text().startswith("AGE-SECRET-KEY-1")
    assert stat.S_IMODE(Path("id.txt").stat().st_mode) == 0o600
    assert "AGE-SECRET" not in shown.out + shown.err


def test_no_other_verb_shows_the_secret(terminal: Terminal, answered: str) -> None:
    """Neither words nor JSON of an exchange have the identity."""
    for line in (f"exchange show {answered}", f"exchange show {answered} --json"):
        assert "AGE-SECRET" not in terminal.ok(line, party="police").out


def test_the_standard_age_program_opens_a_fetched_file(
    terminal: Terminal, answered: str
) -> None:
    """Encrypted file and identity are all that it takes."""
    age = shutil.which("age")
    if age is None:
        pytest.skip("the age program is not installed")
    terminal.ok(f"evidence fetch {answered} --encrypted-into enc", party="police")
    terminal.ok(f"evidence identity {answered} --output id.txt", party="police")

    plain = subprocess.run(
        [age, "--decrypt", "--identity", "id.txt", "enc/data.json.age"],
        capture_output=True,
        check=True,
    )
    assert plain.stdout == b'{"a": 1}'


def test_fetching_again_keeps_what_is_there(terminal: Terminal, answered: str) -> None:
    """The same file is not fetched twice; another one of its name is not touched."""
    line = f"evidence fetch {answered} --encrypted-into enc"
    terminal.ok(line, party="police")
    terminal.ok(line, party="police")
    assert terminal.world.calls.count("download") == 1

    Path("enc/data.json.age").write_text("mine")
    assert terminal.type(line, party="police").code == 1
    assert Path("enc/data.json.age").read_text() == "mine"


def test_who_is_in_copy_is_told_that_it_sees_a_part(
    terminal: Terminal, answered: str
) -> None:
    """The prosecutor got the request and not the answer."""
    shown = terminal.ok(f"exchange show {answered}", party="prosecutor")

    assert "not every message was sent to you" in shown.out
    seen = terminal.ok(f"exchange show {answered} --json", party="prosecutor").json
    assert seen["whole"] is False
    assert seen["due"] is None


def test_the_time_to_answer_is_shown_while_it_runs(
    terminal: Terminal, exchange: str
) -> None:
    """Relative and absolute, from the profile."""
    shown = terminal.ok(f"exchange show {exchange}", party="messenger")
    seen = terminal.ok(f"exchange show {exchange} --json", party="messenger").json

    assert "due      in 10 d: 2026-12-03 10:00 UTC (10 days from receipt)" in shown.out
    assert seen["due"]["time"] == "2026-12-03T10:00:00Z"
