"""The journal: appends to the log in batches and gives receipts."""

from rogatory_gateway.journal.journal import Journal, Readmit
from rogatory_gateway.journal.keys import (
    LogKeys,
    load_log_keys,
    make_log_keys,
    remove_log_keys,
)
from rogatory_gateway.journal.planning import Basis, Logged, Statement, Submission
from rogatory_gateway.journal.receipts import Receipts, entitled_openings

__all__ = [
    "Basis",
    "Journal",
    "LogKeys",
    "Logged",
    "Readmit",
    "Receipts",
    "Statement",
    "Submission",
    "entitled_openings",
    "load_log_keys",
    "make_log_keys",
    "remove_log_keys",
]
