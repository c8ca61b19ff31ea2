"""Tables: spreadsheets in and out, for the clerk and the platform's legal team.

Reading is strict and helpful: UTF-8 or UTF-16, `,` `;` or tab; everything that cannot
be used is collected, with line and column, into one `TableInvalid`, and what a
spreadsheet mangled (1.23E+17, a lost zero or plus) is refused by name, never sent. No
message repeats what a cell holds beyond ids: locators and identifiers are personal
data.

Written tables open in a spreadsheet without running anything, and read back unchanged.

Pure: bytes in, values out.
"""

from rogatory.tables._decode import MAX_TABLE_BYTES
from rogatory.tables._grid import MAX_ROWS
from rogatory.tables._items import ItemRow, parse_items, write_items
from rogatory.tables._results import ResultRow, parse_results, write_results
from rogatory.tables._targets import TargetRow, parse_targets, write_targets
from rogatory.tables._templates import TableName, describe, template
from rogatory.tables._write import write_table

__all__ = [
    "MAX_ROWS",
    "MAX_TABLE_BYTES",
    "ItemRow",
    "ResultRow",
    "TableName",
    "TargetRow",
    "describe",
    "parse_items",
    "parse_results",
    "parse_targets",
    "template",
    "write_items",
    "write_results",
    "write_table",
    "write_targets",
]
