"""The table of items for a removal request."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rogatory.tables._grid import Column
from rogatory.tables._hashes import encode_hashes, parse_hashes
from rogatory.tables._rows import Row, Table
from rogatory.tables._times import encode_moment
from rogatory.tables._vocabulary import CLASSIFICATIONS, LOCATOR_TYPES
from rogatory.tables._write import write_table
from rogatory.v1 import removal_pb2

COLUMNS = (
    Column(
        "item_id", "your id of the item: 1 to 64 of A-Z a-z 0-9 . _ -", required=True
    ),
    Column("locator_type", f"one of {', '.join(LOCATOR_TYPES.numbers)}; url"),
    Column(
        "locator",
        "where it is, at most 2,048 bytes; empty for hash_only",
        required=True,
    ),
    Column("sha256", "SHA-256 of the content, 64 hex digits"),
    Column("hashes", "further hashes, as function:value;function:value"),
    Column(
        "classification", f"one of {', '.join(CLASSIFICATIONS.numbers)}", required=True
    ),
    Column(
        "observed",
        "when it was seen, with zone: 2026-11-23T10:00:00+09:00",
        required=True,
    ),
    Column("media_type", "such as video/mp4"),
    Column("reason", "why this item, at most 4,096 bytes"),
    Column("legal_provision", "the provision it breaks, at most 512 bytes"),
)
_MAX_LOCATOR = 2048
_MAX_REASON = 4096
_MAX_PROVISION = 512
_MAX_MEDIA_TYPE = 255
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s]+")
_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9][\w!#$&^.+-]{0,126}/[A-Za-z0-9][\w!#$&^.+-]{0,126}", re.ASCII
)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item of a table.

    Attributes:
        line: Line of the file on which it begins; 0 if it comes from no file.
        item: What is sealed.
        classification: What stands in the visible part.
    """

    line: int
    item: removal_pb2.ContentItem
    classification: removal_pb2.Classification.ValueType


def parse_items(raw: bytes, *, name: str) -> list[ItemRow]:
    """Read a table of items.

    Args:
        raw: The file's bytes.
        name: Its name, for messages.

    Raises:
        TableInvalid: It names every cell that cannot be used, up to 50.
    """
    table = Table(raw, name=name, columns=COLUMNS, key="item_id")
    table.refuse_lost_zeros()
    rows = [_parse_row(row) for row in table]
    table.close()
    return rows


def _parse_row(row: Row) -> ItemRow:
    item_id = row.id("item_id")
    locator_type = row.word("locator_type", LOCATOR_TYPES, required=False)
    if locator_type is None:
        locator_type = removal_pb2.LOCATOR_TYPE_URL
    locator = _locator(row, locator_type)
    hashes = parse_hashes(row)
    hash_only = locator_type == removal_pb2.LOCATOR_TYPE_HASH_ONLY
    if hash_only and not (row.raw("sha256") or row.raw("hashes")):
        row.refuse("sha256", "an item that is hash_only needs a hash")
    classification = row.word("classification", CLASSIFICATIONS)
    observed = row.moment("observed", required=True)
    media_type = row.text("media_type", _MAX_MEDIA_TYPE)
    if media_type and not _MEDIA_TYPE.fullmatch(media_type):
        row.refuse("media_type", "expected a media type such as video/mp4")
    item = removal_pb2.ContentItem(
        item_id=item_id,
        locator_type=locator_type,
        locator=locator,
        hashes=hashes,
        media_type=media_type,
        observe_time=observed.time if observed else None,
        observe_offset_minutes=observed.offset_minutes if observed else 0,
        reason=row.text("reason", _MAX_REASON, prose=True),
        legal_provision=row.text("legal_provision", _MAX_PROVISION, prose=True),
    )
    unspecified = removal_pb2.CLASSIFICATION_UNSPECIFIED
    return ItemRow(row.line, item, classification or unspecified)


def _locator(row: Row, locator_type: removal_pb2.LocatorType.ValueType) -> str:
    if locator_type == removal_pb2.LOCATOR_TYPE_HASH_ONLY:
        if row.raw("locator"):
            row.refuse("locator", "an item that is hash_only has no locator")
        return ""
    locator = row.text("locator", _MAX_LOCATOR, required=True)
    is_url = locator_type == removal_pb2.LOCATOR_TYPE_URL
    if locator and is_url and not _URL.fullmatch(locator):
        row.refuse("locator", "expected a whole URL such as https://…, without spaces")
    return locator


def write_items(rows: Iterable[ItemRow]) -> bytes:
    """Write a table of items that `parse_items` reads back."""
    return write_table(
        [column.name for column in COLUMNS],
        [_cells(row.item, row.classification) for row in rows],
    )


def _cells(
    item: removal_pb2.ContentItem,
    classification: removal_pb2.Classification.ValueType,
) -> list[str]:
    sha256, hashes = encode_hashes(item)
    return [
        item.item_id,
        LOCATOR_TYPES.name(item.locator_type),
        item.locator,
        sha256,
        hashes,
        CLASSIFICATIONS.name(classification),
        encode_moment(item.observe_time, item.observe_offset_minutes),
        item.media_type,
        item.reason,
        item.legal_provision,
    ]
