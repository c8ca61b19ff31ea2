"""The documentation says what the code does, where a machine can tell."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rogatory.directory import MAX_STATEMENT_RECORDS, Directory, apply_statement
from rogatory.directory import build_statement as build_directory
from rogatory.envelope import (
    BODY_KINDS,
    MAX_ENVELOPE_BYTES,
    MESSAGE_TYPE,
    Envelope,
    SigningKey,
    VerifiedMessage,
    _codec,
    _fields,
    possession_statement,
)
from rogatory.errors import RogatoryError, all_errors
from rogatory.lifecycle import ExchangeState, Part, _permitted, advance
from rogatory.profiles import MAX_PROFILE_BYTES, _parse
from rogatory.sealing import _delivery, _padding, _seal
from rogatory.tlog import _entry, _note, _tree
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import exchange_service_pb2, message_pb2
from rogatory_gateway import config
from rogatory_gateway.admission import identity
from rogatory_gateway.journal import journal
from rogatory_gateway.rpc import calls, exchanges, server
from rogatory_gateway.store import blobs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *DOCS.rglob("*.md"),
        *(ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")),
        ROOT / "certs.example" / "README.md",
    ]
)


def read(name: str) -> str:
    """Return a page's text."""
    return (ROOT / name).read_text(encoding="utf-8")


def table_after(page: str, marker: str) -> list[list[str]]:
    """Return the cells of the first table behind a marker, without its heading."""
    lines = iter(page[page.index(marker) :].splitlines()[1:])
    rows = []
    for line in lines:
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
    """A reason that a client can meet is documented with its code."""
    page = read("docs/protocol.md")
    begin = page.index("<!-- generated from clients/rogatory/errors.py")
    table = page[begin : page.index("<!-- end of generated -->")].splitlines()

    assert table[3:] == error_rows()


def test_every_reason_belongs_to_one_error() -> None:
    """A table by reason would otherwise hide one of two errors."""
    reasons = [kind.reason for kind in all_errors()]

    assert len(set(reasons)) == len(reasons)


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
    "calls under way on the unary address": server.MAX_CONCURRENT,
}


def test_limits_are_those_of_the_code() -> None:
    """The table of limits has every one of these, and no other number."""
    rows = table_after(read("docs/protocol.md"), "## 16 Limits")
    found = {what: limit for what, limit in rows}

    assert found.keys() == LIMITS.keys()
    for what, limit in LIMITS.items():
        assert re.match(rf"{limit:,}\b", found[what]), what


def test_second_numbers_of_limits_are_those_of_the_code() -> None:
    """Where a limit has two numbers, the second one holds too."""
    rows = dict(table_after(read("docs/protocol.md"), "## 16 Limits"))

    assert f"{_note.MAX_SIGNATURES} signatures" in rows["signed note"]
    assert f"{_parse.MAX_LINE_BYTES:,} a line" in rows["profile file"]
    assert _fields.MAX_SECTIONS == _delivery.MAX_SECTIONS
    assert _fields.MAX_SIGNATORIES == _codec.MAX_SIGNATURES


# --- kinds and states -----------------------------------------------------------------


def test_kinds_are_those_of_the_schema() -> None:
    """Every body of the schema has its row, under its field number."""
    rows = table_after(read("docs/protocol.md"), "## 7 Kinds of message")
    fields = message_pb2.Message.DESCRIPTOR.fields_by_name

    assert [row[0].strip("`") for row in rows] == list(BODY_KINDS)
    assert [int(row[1]) for row in rows] == [fields[kind].number for kind in BODY_KINDS]


def example_directory() -> Directory:
    """Return a directory with a made-up authority, platform and operator."""
    key = {name: SigningKey.generate() for name in ("o", "a", "p")}
    kinds = {
        "o": pb.PARTY_KIND_OPERATOR,
        "a": pb.PARTY_KIND_AUTHORITY,
        "p": pb.PARTY_KIND_PLATFORM,
    }
    records = []
    for party, signer in key.items():
        stated = possession_statement("o/l", party, "r", signer.public.spki)
        records += [
            pb.DirectoryRecord(
                party=pb.PartyRecord(
                    party=party, kind=kinds[party], status=pb.RECORD_STATUS_ACTIVE
                )
            ),
            pb.DirectoryRecord(
                signer=pb.SignerRecord(
                    party=party,
                    signer_id="r",
                    capacities=[message_pb2.CAPACITY_REGISTRAR],
                    status=pb.RECORD_STATUS_ACTIVE,
                )
            ),
            pb.DirectoryRecord(
                signing_key=pb.SigningKeyRecord(
                    party=party,
                    signer_id="r",
                    algorithm=signer.public.algorithm,
                    public_key=signer.public.spki,
                    proof_of_possession=signer.sign(stated),
                    status=pb.RECORD_STATUS_ACTIVE,
                )
            ),
        ]
    before = Directory("o/l")
    raw = build_directory(
        before,
        records,
        create_time=NOW,
        signatories=[
            message_pb2.Signatory(
                party=p, signer_id="r", capacity=message_pb2.CAPACITY_REGISTRAR
            )
            for p in ("o", "a")
        ],
        keys=[key["o"], key["a"]],
    )
    return apply_statement(before, raw, 1)
