"""docs/cli-json.md is what the commands print: same fields, same types."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.story import Story, result_rows
from tests.unit.cli.conftest import REQUEST
from tests.unit.cli.terminal import Terminal

PAGE = Path(__file__).parents[3] / "docs" / "cli-json.md"
_BLOCK = re.compile(r"^```json ([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = {
    name: json.loads(text) for name, text in _BLOCK.findall(PAGE.read_text("utf-8"))
}
ASK = (
    "request disclosure --profile XX.SUBSCRIBER --to example-messenger "
    "--targets targets.csv --reasons 'a crime' "
    "--cosigner example-prosecutor/prosecutor-1:validator --draft order.draft"
)
OPEN = {"title", "kinds", "bases"}
"""Objects whose keys are data."""


def differences(  # documents of any shape
    found: Any,  # noqa: ANN401
    example: Any,  # noqa: ANN401
    path: str = "",
) -> list[str]:
    """Return where a document has other fields or types than its example."""
    if found is None or example is None:
        return []
    if type(found) is not type(example):
        return [f"{path}: {type(found).__name__}, not {type(example).__name__}"]
    if isinstance(found, dict):
        if path.rpartition(".")[2] in OPEN:
            return [
                line
                for value in found.values()
                for line in differences(value, next(iter(example.values())), path)
            ]
        wrong = sorted(found.keys() ^ example.keys())
        lines = [f"{path}.{key}: not in both" for key in wrong]
        for key in found.keys() & example.keys():
            lines += differences(found[key], example[key], f"{path}.{key}")
        return lines
    if isinstance(found, list) and example:
        return [
            line for value in found for line in differences(value, example[0], path)
        ]
    return []


@pytest.fixture
def exchange(story: Story) -> str:
    """Let a request be asked and answered in part, with a question and a note."""
    exchange_id = story.ask_removal(3).exchange_id
    rows = result_rows({"i1": "removed"}, {"i2": "which one?"})
    story.messenger.report_removal(exchange_id, rows, note="a note")
    return exchange_id


@pytest.fixture
def disclosure(terminal: Terminal, story: Story) -> str:
    """Let data be asked for and disclosed."""
    exchange_id = story.ask_disclosure(1).exchange_id
    Path("data.zip").write_bytes(b"PK")
    terminal.ok(
        f"respond disclosure {exchange_id} --file data.zip --task t1 --note words",
        party="messenger",
    )
    return exchange_id


@pytest.mark.parametrize(
    ("name", "line", "party"),
    [
        ("exchange list", "exchange list", "regulator"),
        ("exchange show", "exchange show EXCHANGE", "regulator"),
        ("inbox list", "inbox list", "messenger"),
        ("outbox list", "outbox list", "regulator"),
        ("log mirror", "log mirror copy", "auditor"),
        ("profile list", "profile list", "regulator"),
        ("profile list", "profile list --shipped", ""),
        ("profile show", "profile show XX.SUBSCRIBER", "regulator"),
        ("tables columns", "tables columns results", ""),
        ("context list", "context list", ""),
        ("context show", "context show", "regulator"),
        ("sent", REQUEST, "regulator"),
        ("draft", ASK, "police"),
    ],
)
def test_a_verb_prints_what_its_page_says(
    terminal: Terminal, exchange: str, name: str, line: str, party: str
) -> None:
    """Fields and types are those of the example."""
    shown = terminal.ok(f"{line.replace('EXCHANGE', exchange)} --json", party=party)

    assert differences(shown.json, EXAMPLES[name]) == []


def test_a_disclosure_has_targets_and_files(
    terminal: Terminal, disclosure: str
) -> None:
    """The shapes that a removal has not."""
    shown = terminal.ok(f"exchange show {disclosure} --json", party="police").json

    assert differences(shown, EXAMPLES["exchange show"]) == []
    target = shown["parts"][0]["target"]
    assert differences(target, EXAMPLES["target"]) == []
    assert target.keys() == EXAMPLES["target"].keys()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("evidence receive", "evidence receive EXCHANGE --into case"),
        ("evidence fetch", "evidence fetch EXCHANGE --encrypted-into enc"),
    ],
)
def test_evidence_prints_what_its_page_says(
    terminal: Terminal, disclosure: str, name: str, line: str
) -> None:
    """Fields and types are those of the example."""
    line = line.replace("EXCHANGE", disclosure)

    shown = terminal.ok(f"{line} --json", party="police")

    assert differences(shown.json, EXAMPLES[name]) == []


def test_drafts_print_what_their_page_says(terminal: Terminal) -> None:
    """Fields and types are those of the examples."""
    terminal.ok(ASK, party="police")

    shown = terminal.ok("draft show order.draft --json", party="prosecutor")
    assert differences(shown.json, EXAMPLES["draft show"]) == []
    signed = terminal.ok("cosign order.draft --yes --json", party="prosecutor")
    assert differences(signed.json, EXAMPLES["cosign"]) == []
    sent = terminal.ok("draft submit order.draft --json", party="police")
    assert differences(sent.json, EXAMPLES["sent"]) == []


def test_offline_verbs_print_what_their_page_says(
    terminal: Terminal, exchange: str
) -> None:
    """Fields and types are those of the examples."""
    vkeys = terminal.world.folder / "log.vkeys"
    terminal.ok("log mirror copy", party="auditor")
    verified = terminal.ok(f"log verify copy --vkeys {vkeys} --json").json
    entries = terminal.ok("log show copy 3 --json").json
    messages = terminal.world.folder / "state" / "example-regulator" / "messages"
    stem = messages / "000000000003"
    receipt = terminal.ok(
        f"receipt verify {stem}.entry {stem}.tlog-proof --envelope {stem}.bin "
        f"--vkeys {vkeys} --json"
    ).json

    assert differences(verified, EXAMPLES["log verify"]) == []
    assert differences(entries, EXAMPLES["log show"]) == []
    assert differences(receipt, EXAMPLES["receipt verify"]) == []


def test_an_error_prints_what_its_page_says(terminal: Terminal, exchange: str) -> None:
    """Three fields always, the others where there is something to say."""
    Path("vkeys").write_bytes((terminal.world.folder / "log.vkeys").read_bytes())
    terminal.ok("log mirror copy", party="auditor")
    checkpoint = Path("copy/checkpoint")
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"\n6\n", b"\n5\n"))

    shown = terminal.type("log verify copy --vkeys vkeys --json")

    error = json.loads(shown.err)["error"]
    assert {"reason", "summary", "exit_code"} <= error.keys()
    assert error.keys() <= EXAMPLES["error"]["error"].keys()


def test_every_json_verb_is_in_the_page() -> None:
    """Whatever takes --json has a shape that is documented."""
    from tests.unit.cli.cli_page import verbs

    documented = {*EXAMPLES, "profile check", "inbox watch", "outbox send"}
    sending = ("request ", "respond ", "draft submit")
    for path, command, _ in verbs():
        name = path.removeprefix("rogatory ")
        takes_json = any("--json" in param.opts for param in command.params)
        if takes_json and not name.startswith(sending):
            assert name in documented, name
