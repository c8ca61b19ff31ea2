"""The documentation says what the code does, where a machine can tell."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from rogatory.directory import MAX_STATEMENT_RECORDS
from rogatory.envelope import BODY_KINDS, MAX_ENVELOPE_BYTES, _codec, _fields
from rogatory.errors import RogatoryError, Stale, all_errors
from rogatory.lifecycle import ExchangeState, Part, _permitted, advance
from rogatory.profiles import MAX_PROFILE_BYTES, _parse
from rogatory.sealing import _delivery, _padding, _seal
from rogatory.tlog import _entry, _note, _tree
from rogatory.v1 import disclosure_pb2, exchange_service_pb2, message_pb2, removal_pb2
from rogatory_gateway import config
from rogatory_gateway.admission import identity
from rogatory_gateway.journal import journal
from rogatory_gateway.rpc import calls, exchanges
from rogatory_gateway.store import blobs
from tests.support.messages import Office, Signed

ROOT = Path(__file__).parents[2]
OUR_PAGES = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "certs.example/README.md",
    "docs/README.md",
    "docs/guides/operator.md",
    "docs/lifecycle.md",
    "docs/protocol.md",
    "tests/vectors/protocol/README.md",
)
ADRS = sorted((ROOT / "docs" / "adr").glob("*.md"))


def read(name: str) -> str:
    """Return a page's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def table_after(page: str, marker: str) -> list[list[str]]:
    """Return the cells of the first table behind a marker, without its heading."""
    rows: list[list[str]] = []
    for line in page[page.index(marker) :].splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


# --- errors ---------------------------------------------------------------------------


def error_rows() -> list[str]:
    """Return the table of reasons as it must stand in the protocol."""
    rows = {}
    for kind in all_errors():
        meaning = (kind.__doc__ or "").strip().splitlines()[0].rstrip(".")
        rows[kind.reason] = f"| `{kind.reason}` | `{kind.code}` | {meaning} |"
    return [rows[reason] for reason in sorted(rows)]


def test_every_reason_is_in_the_protocol() -> None:
    """A reason that a client can meet is documented with its code and meaning."""
    page = read("docs/protocol.md")
    begin = page.index("<!-- generated from clients/rogatory/errors.py")
    table = page[begin : page.index("<!-- end of generated -->")].splitlines()

    assert table[3:] == error_rows()


# --- limits ---------------------------------------------------------------------------

LIMITS = {
    "envelope": MAX_ENVELOPE_BYTES,
    "signatures of an envelope, signatories of a message": _codec.MAX_SIGNATURES,
    "recipients": _fields.MAX_RECIPIENTS,
    "items or tasks of a message": _fields.MAX_PARTS,
    "evidence files of a message": _fields.MAX_FILES,
    "lifetime of a message": _fields.MAX_LIFETIME_S,
    "clock ahead of the gateway's": int(_permitted.MAX_AHEAD.total_seconds()),
    "sections of a message": _fields.MAX_SECTIONS,
    "content of a section": _padding.MAX_CONTENT,
    "padded content of all sections of a message": _delivery.MAX_SIZE_TOTAL,
    "ciphertexts of a message": _seal.MAX_CIPHERTEXT,
    "encryption keys of a party": _seal.MAX_KEYS,
    "`SubmitMessage` request": exchanges.MAX_SUBMIT_BYTES,
    "every other request": calls.MAX_REQUEST_BYTES,
    "one evidence file": blobs.MAX_FILE_BYTES,
    "entry": _entry.MAX_ENTRY,
    "signed note": _note.MAX_NOTE,
    "path of a proof": _tree.MAX_PATH,
    "records of a directory statement": MAX_STATEMENT_RECORDS,
    "profile file": MAX_PROFILE_BYTES,
    "client certificate": identity._MAX_CERTIFICATE_BYTES,
    "messages waiting to be logged": journal.MAX_WAITING,
    "entries of one append": journal.MAX_BATCH,
    "blocking calls under way": calls.MAX_CONCURRENT,
}


def test_limits_are_those_of_the_code() -> None:
    """The table of limits has every one of these, and no other number."""
    found = dict(table_after(read("docs/protocol.md"), "## 16 Limits"))

    assert found.keys() == LIMITS.keys()
    for what, limit in LIMITS.items():
        assert re.match(rf"{limit:,}(?![\d,])", found[what]), what


def test_second_numbers_of_limits_are_those_of_the_code() -> None:
    """Where a limit has two numbers, or stands in two places, all agree."""
    found = dict(table_after(read("docs/protocol.md"), "## 16 Limits"))

    assert f"{_note.MAX_SIGNATURES} signatures" in found["signed note"]
    assert f"{_parse.MAX_LINE_BYTES:,} a line" in found["profile file"]
    assert _fields.MAX_SECTIONS == _delivery.MAX_SECTIONS
    assert _fields.MAX_SIGNATORIES == _codec.MAX_SIGNATURES


# --- kinds and states -----------------------------------------------------------------


def test_kinds_are_those_of_the_schema() -> None:
    """Every body of the schema has its row, under its field number."""
    rows = table_after(read("docs/protocol.md"), "## 7 Kinds of message")
    fields = message_pb2.Message.DESCRIPTOR.fields_by_name

    assert [row[0].strip("`") for row in rows] == list(BODY_KINDS)
    assert [int(row[1]) for row in rows] == [fields[kind].number for kind in BODY_KINDS]


def test_classifications_are_those_of_the_schema() -> None:
    """Every classification has its row of other vocabularies."""
    rows = table_after(read("docs/protocol.md"), "## 19 Classifications")
    names = [
        value.name.removeprefix("CLASSIFICATION_")
        for value in removal_pb2.Classification.DESCRIPTOR.values
        if value.number
    ]

    assert [row[0].strip("`") for row in rows] == names


def test_outcomes_are_those_of_the_schema() -> None:
    """The lifecycle names every outcome that a part can have."""
    page = read("docs/lifecycle.md")
    for enum, prefix in (
        (removal_pb2.ItemOutcome.DESCRIPTOR, "ITEM_OUTCOME_"),
        (disclosure_pb2.TaskOutcome.DESCRIPTOR, "TASK_OUTCOME_"),
    ):
        for value in enum.values:
            if value.number:
                assert f"`{value.name.removeprefix(prefix).lower()}`" in page


@cache
def office() -> Office:
    """Return made-up parties; making their keys takes a moment."""
    return Office()


def opened(request: Signed, state: str) -> ExchangeState:
    """Return the request's exchange with its only part in a state."""
    begun = advance(None, office().verified(request), office().directory)
    parts = {part_id: Part(state, None, 0) for part_id in begun.parts}
    return replace(begun, parts=parts)


def written(kind: str, request: Signed, part: str) -> Signed:
    """Return a message of a kind about a part, written after the request."""
    write = {
        "removal_report": lambda: office().removal_report(request, {part: "REMOVED"}),
        "disclosure_report": lambda: office().disclosure_report(
            request, {part: "NO_DATA"}
        ),
        "clarification_request": lambda: office().clarification_request(
            request, [part]
        ),
        "clarification_response": lambda: office().clarification_response(
            request, [part]
        ),
    }
    return write[kind]()


def outcome_of(kind: str, state: str, part: str | None = None) -> str:
    """Return what a message does to a part: its new state, or the reason."""
    disclosure = kind == "disclosure_report"
    request = (
        office().disclosure_request(tasks=1)
        if disclosure
        else office().removal_request(items=1)
    )
    only = "task-1" if disclosure else "item-1"
    message = office().verified(written(kind, request, part or only))
    try:
        after = advance(opened(request, state), message, office().directory)
    except RogatoryError as error:
        return f"`{error.reason}`"
    found = after.parts[only].state
    return "the outcome" if found in {"removed", "no_data"} else f"`{found}`"


def test_what_a_message_does_to_parts() -> None:
    """The table of kinds and states is what the code does."""
    rows = table_after(read("docs/lifecycle.md"), "## What a message does to parts")

    assert len(rows) == 4
    for name, on_pending, on_clarification, on_outcome, on_unknown in rows:
        kind = name.strip("`")
        assert outcome_of(kind, "pending") == on_pending
        assert outcome_of(kind, "clarification") == on_clarification
        assert outcome_of(kind, "refused") == on_outcome
        assert outcome_of(kind, "pending", "no-such-part") == on_unknown


def test_states_of_an_exchange() -> None:
    """The table of states has all of them, and its rows hold in their order."""
    rows = table_after(read("docs/lifecycle.md"), "## States of an exchange")
    state = opened(office().removal_request(items=1), "pending")
    cases = {
        "CLARIFICATION": (("pending", "clarification", "removed"), {}),
        "RECEIVED": (("pending", "pending"), {}),
        "PARTIALLY_ANSWERED": (("pending", "removed"), {}),
        "DELIVERED_CONFIRMED": (("partial",), {b"f": "integrity_ok"}),
        "ANSWERED": (("partial",), {b"f": "integrity_ok", b"g": "announced"}),
    }

    assert [row[0].strip("`") for row in rows] == list(cases)
    for name, (states, files) in cases.items():
        parts = {str(i): Part(word, None, 0) for i, word in enumerate(states)}
        found = replace(state, parts=parts, files=files).state
        assert exchange_service_pb2.ExchangeState.Name(found).endswith(f"STATE_{name}")


def test_the_example_of_stale_messages() -> None:
    """What the lifecycle tells as an example happens."""
    here, directory = office(), office().directory
    request = here.removal_request(items=2)
    a, b = "item-1", "item-2"
    state = advance(None, here.verified(request), directory)
    asks = here.clarification_request(request, [a])
    state = advance(state, here.verified(asks), directory)
    state = advance(
        state, here.verified(here.removal_report(request, {b: "REMOVED"})), directory
    )
    answers = here.clarification_response(request, [a], previous=asks.digest)
    state = advance(state, here.verified(answers), directory)

    late = here.removal_report(request, {a: "REMOVED"}, previous=asks.digest)
    with pytest.raises(Stale) as caught:
        advance(state, here.verified(late), directory)
    assert caught.value.metadata["missed"] == answers.digest.hex()

    again = here.removal_report(request, {a: "REMOVED"}, previous=answers.digest)
    state = advance(state, here.verified(again), directory)
    assert state.parts[a].state == "removed"


# --- configuration --------------------------------------------------------------------


def test_every_configuration_key_is_in_the_operators_guide() -> None:
    """A key without a stated consequence is not offered."""
    rows = table_after(read("docs/guides/operator.md"), "## Configuration")
    keys = {
        f"{table}.{key}".strip(".")
        for table, names in config._KEYS.items()
        for key in names
    }

    assert {row[0].strip("`") for row in rows} == keys
    assert all(len(row) == 4 and row[3] for row in rows)


# --- pages ----------------------------------------------------------------------------

_LINK = re.compile(r"\]\(([^)#]*)(?:#([^)]*))?\)")


def anchors(page: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in headings
    }


@pytest.mark.parametrize(
    "name", [*OUR_PAGES, *(str(path.relative_to(ROOT)) for path in ADRS)]
)
def test_links_lead_somewhere(name: str) -> None:
    """Every relative link names a file, and every anchor a heading."""
    for target, anchor in _LINK.findall(read(name)):
        if "://" in target:
            continue
        path = (ROOT / name).parent / target if target else ROOT / name
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path.read_text(encoding="utf-8")), anchor


def test_decisions_are_listed_and_numbered() -> None:
    """The index names every decision, and no number is used twice."""
    index = read("docs/README.md")

    assert all(f"(adr/{path.name})" in index for path in ADRS)
    assert len({path.name[:4] for path in ADRS}) == len(ADRS)
