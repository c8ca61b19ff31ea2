"""Empty tables to fill in, and what goes into them."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from rogatory.tables import _items, _results, _targets
from rogatory.tables._grid import Column
from rogatory.tables._write import write_table

TableName = Literal["items", "results", "targets"]

_COLUMNS: Mapping[TableName, Sequence[Column]] = MappingProxyType(
    {
        "items": _items.COLUMNS,
        "results": _results.COLUMNS,
        "targets": _targets.COLUMNS,
    }
)


def template(table: TableName) -> bytes:
    """Return a table with its header line only: an example row could be sent."""
    return write_table([column.name for column in _COLUMNS[table]], [])


def describe(table: TableName) -> str:
    """Say what goes into each column, one a line."""
    columns = _COLUMNS[table]
    width = max(len(column.name) for column in columns)
    return "".join(
        f"{column.name:<{width}}  {'needed  ' if column.required else 'optional'}  "
        f"{column.help}\n"
        for column in columns
    )
