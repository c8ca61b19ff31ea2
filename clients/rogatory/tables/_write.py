"""Write tables for spreadsheets.

UTF-8 with byte-order mark, so that spreadsheets read Korean; `,`; CRLF. Cells cannot
run as formulas (`_guard`). Control characters other than tab and line breaks, which
only a hostile sender would have put there, are shown as U+FFFD.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Sequence

from rogatory.tables._guard import encode_cell

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Write a table.

    Args:
        columns: Names for the header line.
        rows: As many cells each.

    Raises:
        ValueError: A row has another number of cells.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([_cell(column) for column in columns])
    for row in rows:
        if len(row) != len(columns):
            raise ValueError(f"{len(row)} cells for {len(columns)} columns")
        writer.writerow([_cell(cell) for cell in row])
    return codecs.BOM_UTF8 + buffer.getvalue().encode()


def _cell(text: str) -> str:
    return encode_cell(_CONTROL.sub("\ufffd", text))
