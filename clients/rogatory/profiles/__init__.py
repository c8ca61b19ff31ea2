"""Profiles: legal bases as data, and the rules in them.

A profile is a TOML file that a lawyer can read and write (`_parse` has the format). Its
version is the SHA-256 of its bytes, which every message pins. Deny by default: whatever
a profile does not name is refused; a profile not in force is refused; one with values
that nobody has checked is refused on exchanges that are not flagged as a test.

Pure: bytes and values in, values out. `shipped` alone reads files: package data.
"""

from rogatory.profiles._explain import explain
from rogatory.profiles._model import (
    ApprovalRule,
    Basis,
    Confidence,
    Deadline,
    Objection,
    Period,
    Profile,
    Rule,
)
from rogatory.profiles._parse import FORMAT, MAX_PROFILE_BYTES, parse_profile
from rogatory.profiles._rules import Approval, verify_allowed
from rogatory.profiles._shipped import shipped

__all__ = [
    "FORMAT",
    "MAX_PROFILE_BYTES",
    "Approval",
    "ApprovalRule",
    "Basis",
    "Confidence",
    "Deadline",
    "Objection",
    "Period",
    "Profile",
    "Rule",
    "explain",
    "parse_profile",
    "shipped",
    "verify_allowed",
]
