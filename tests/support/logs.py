"""The gateway's own log, kept in a list instead of shown."""

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

Lines = list[MutableMapping[str, Any]]


@contextmanager
def captured_logs() -> Iterator[Lines]:
    """Give the list into which every line goes; what was configured comes back."""
    capture = structlog.testing.LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[capture], cache_logger_on_first_use=False)
    try:
        yield capture.entries
    finally:
        structlog.configure(**before)
