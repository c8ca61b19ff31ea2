"""The spreadsheets of the demo's story: synthetic, deterministic, on reserved domains.

The numbers are those of a true story (25 and then 123 items asked for in a month, each
answered with a report, the slowest after 36 hours); everything else is made up.
"""

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

FIRST_BATCH = 25
SECOND_BATCH = 123
UNCLEAR = "v-0007"
"""The item of the first batch whose link is wrong."""

_OUTCOMES = (
    (200, "removed"),
    (230, "access_disabled_global"),
    (250, "already_gone"),
    (256, "not_found"),
)
"""Outcomes by a draw of one byte: about four in five are removed."""

_SEEN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
_DOMAINS = ("messenger.example", "channels.example", "files.example")
_ITEM_COLUMNS = (
    "item_id",
    "locator",
    "sha256",
    "classification",
    "observed",
    "reason",
    "legal_provision",
)

SUBSCRIBER_RECORD = """\
{
  "note": "Synthetic. No such person, account or number exists.",
  "account": "channel-admin-0001",
  "registered": "2026-03-14T10:22:31+09:00",
  "email": "someone@example.com",
  "phone": "+999 5550 0100"
}
"""


def item_ids(first: int, count: int) -> list[str]:
    """Return ids of items, as the clerk numbers them."""
    return [f"v-{number:04d}" for number in range(first, first + count)]


def items_csv(ids: Sequence[str]) -> bytes:
    """Return the clerk's spreadsheet for these items."""
    return _csv([_ITEM_COLUMNS, *(_item(item_id) for item_id in ids)])


def spoiled_items_csv(ids: Sequence[str]) -> bytes:
    """Return the same spreadsheet after a careless save: two cells are unusable."""
    rows = [list(_item(item_id)) for item_id in ids]
    rows[3][0] = "1.23E+17"
    rows[11][4] = "2026-11-01 14:30"
    return _csv([_ITEM_COLUMNS, *rows])


def corrected_csv(item_id: str) -> bytes:
    """Return the item whose link was wrong, with the right one."""
    row = list(_item(item_id))
    row[1] = f"https://channels.example/c/corrected/{item_id}"
    return _csv([_ITEM_COLUMNS, row])


def targets_csv() -> bytes:
    """Return whose data the police ask for."""
    return _csv(
        [
            ("task_id", "category", "identifier_type", "identifier", "service"),
            ("t-1", "subscriber", "account_id", "channel-admin-0001", "channels"),
        ]
    )


def outcome_of(item_id: str) -> str:
    """Return what becomes of an item: most are removed, some were gone before."""
    draw = _digest(item_id, "outcome")[0]
    return next(outcome for limit, outcome in _OUTCOMES if draw < limit)


def minutes_of(item_id: str, most: int) -> int:
    """Return after how many minutes, up to `most`, the platform acts on an item."""
    return 5 + int.from_bytes(_digest(item_id, "minutes")[:2], "big") % (most - 5)


def results_csv(acted: Mapping[str, datetime]) -> bytes:
    """Return the legal team's spreadsheet: an outcome and a time for each item."""
    rows = [
        (item_id, outcome_of(item_id), "", time.isoformat(timespec="seconds"), "")
        for item_id, time in acted.items()
    ]
    return _csv([("item_id", "outcome", "ground", "acted", "explanation"), *rows])


def question_csv(item_id: str) -> bytes:
    """Return the legal team's spreadsheet that sends one item back."""
    text = "The link opens nothing; which channel is meant?"
    row = (item_id, "needs_clarification", "identifier_ambiguous", "", text)
    return _csv([("item_id", "outcome", "ground", "acted", "explanation"), row])


def _item(item_id: str) -> tuple[str, ...]:
    digest = _digest(item_id, "content").hex()
    seen = _SEEN + timedelta(minutes=13 * int(item_id.removeprefix("v-")))
    domain = _DOMAINS[int(digest[0], 16) % len(_DOMAINS)]
    return (
        item_id,
        f"https://{domain}/c/{digest[:8]}/{int(digest[8:12], 16)}",
        digest,
        "ncii_synthetic",
        seen.isoformat(),
        "Synthetic intimate video of a person who did not consent (made-up case)",
        "정보통신망법 44조의7",
    )


def _digest(item_id: str, purpose: str) -> bytes:
    return hashlib.sha256(f"rogatory demo\n{purpose}\n{item_id}".encode()).digest()


def _csv(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")
