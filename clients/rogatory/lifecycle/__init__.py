"""The life of an exchange as a pure function of its messages.

Clients use it before signing, the gateway before logging, the auditor afterwards.
"""

from rogatory.lifecycle._advance import REQUEST_KINDS, advance
from rogatory.lifecycle._permitted import verify_permitted, verify_timely
from rogatory.lifecycle._state import CLARIFICATION, PENDING, ExchangeState, Part

__all__ = [
    "CLARIFICATION",
    "PENDING",
    "REQUEST_KINDS",
    "ExchangeState",
    "Part",
    "advance",
    "verify_permitted",
    "verify_timely",
]
