"""What a profile is once it has been read: values only, nothing to decide.

Words are those of the protos in lower case without prefix: `removal_request`, `issuer`,
`police`, `ncii_synthetic`, `subscriber`.
"""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from rogatory.v1 import directory_pb2, disclosure_pb2, message_pb2, removal_pb2


def _names(numbers: Mapping[str, int], prefix: str) -> tuple[str, ...]:
    """Give an enum's names in lower case without prefix, and without UNSPECIFIED."""
    return tuple(
        name.removeprefix(prefix).lower() for name, number in numbers.items() if number
    )


SENDER_OF = MappingProxyType(
    {
        "removal_request": "authority",
        "removal_report": "platform",
        "clarification_request": "platform",
        "clarification_response": "authority",
        "disclosure_request": "authority",
        "disclosure_report": "platform",
        "delivery_receipt": "authority",
    }
)
"""Who sends each kind of message; what the gateway itself says is under no profile."""

AUTHORITY_TYPES = _names(dict(directory_pb2.AuthorityType.items()), "AUTHORITY_TYPE_")
CLASSIFICATIONS = _names(dict(removal_pb2.Classification.items()), "CLASSIFICATION_")
DATA_CATEGORIES = _names(dict(disclosure_pb2.DataCategory.items()), "DATA_CATEGORY_")
SEAL = "seal"
CAPACITIES = tuple(
    name
    for name in _names(dict(message_pb2.Capacity.items()), "CAPACITY_")
    if name != SEAL
)
"""Capacities that count as approvals; a seal never does."""

CATEGORIES_OF = MappingProxyType(
    {
        "removal_request": ("classifications", CLASSIFICATIONS),
        "disclosure_request": ("data_categories", DATA_CATEGORIES),
    }
)
"""Kinds that name categories: the key of the rule, and the vocabulary."""


class Confidence(enum.StrEnum):
    """How well a value is known.

    `protocol` marks what is no legal value but a rule of this channel, such as that the
    platform may always ask back: it claims nothing about the law.
    """

    PRIMARY = "primary"
    SECONDARY = "secondary"
    UNVERIFIED = "unverified"
    MADE_UP = "made_up"
    PROTOCOL = "protocol"

    @property
    def for_tests_only(self) -> bool:
        """Tell whether the value may be used on exchanges flagged `test` only."""
        return self in {Confidence.UNVERIFIED, Confidence.MADE_UP}


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a legal value comes from."""

    confidence: Confidence
    source: str


_UNITS = ("year", "month", "week", "day", "hour", "minute", "second")
_PERIOD = re.compile(
    r"P(?=[0-9T])(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})W)?"
    r"(?:([0-9]{1,4})D)?"
    r"(?:T(?=[0-9])(?:([0-9]{1,4})H)?(?:([0-9]{1,4})M)?(?:([0-9]{1,5})S)?)?"
)


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time as a law states it (ISO 8601).

    Months, days and seconds stay apart: a month is not 30 days, and a day is not 24
    hours when daylight-saving time changes.

    Attributes:
        text: As written, such as `P10D`.
        months: Years and months, in months.
        days: Weeks and days, in days.
        seconds: Hours, minutes and seconds, in seconds.
    """

    text: str
    months: int
    days: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read an ISO 8601 duration of whole numbers, longer than nothing.

        Raises:
            ValueError: It is none.
        """
        match = _PERIOD.fullmatch(text)
        if match is None:
            raise ValueError("not an ISO 8601 duration")
        years, months, weeks, days, hours, minutes, seconds = (
            int(number or 0) for number in match.groups()
        )
        period = cls(
            text,
            years * 12 + months,
            weeks * 7 + days,
            hours * 3600 + minutes * 60 + seconds,
        )
        if not (period.months or period.days or period.seconds):
            raise ValueError("a duration of nothing")
        return period

    def words(self) -> str:
        """Say it in plain words: `1 year 6 months`."""
        match = _PERIOD.fullmatch(self.text)
        numbers = match.groups() if match else ()
        parts = [
            f"{int(number):,} {unit}{'' if int(number) == 1 else 's'}"
            for number, unit in zip(numbers, _UNITS, strict=False)
            if number and int(number)
        ]
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """Signatures that a message must carry.

    Attributes:
        capacities: Any one of these counts.
        count: How many different people.
        authority_types: What their authority must be; empty for platforms.
        any_party: Whether people of parties other than the sender count.
    """

    capacities: tuple[str, ...]
    count: int
    authority_types: tuple[str, ...]
    any_party: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may send one kind of message, about what, and with which signatures.

    Attributes:
        kind: Name of the body in `Message.body`.
        sender_kind: `authority` or `platform`.
        authority_types: What the sending authority must be; empty for platforms.
        categories: Classifications or data categories allowed; empty for kinds that
            name none.
        required_sections: Sections that must be there.
        max_parts: Most items or tasks; None: the protocol's limit alone.
        seal_allowed: Whether the party's seal may sign, alone or beside people.
        approvals: All of them are needed, each from people of its own.
    """

    kind: str
    sender_kind: str
    authority_types: tuple[str, ...]
    categories: tuple[str, ...]
    required_sections: tuple[str, ...]
    max_parts: int | None
    seal_allowed: bool
    approvals: tuple[ApprovalRule, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when something must be sent.

    Attributes:
        kind: The kind of message that meets it.
        period: How long; None: without delay, no number in the law.
        counted_from: `received`, `valid_request` or `served`; empty: not stated.
    """

    kind: str
    period: Period | None
    counted_from: str


@dataclass(frozen=True, slots=True)
class Objection:
    """The window to object, and what follows.

    Attributes:
        window: How long one may object.
        by: Who may: `provider`, `operator`, `user`.
        decision: How long the decision may take; None: not stated.
        final: Whether the decision is final; None: not stated.
    """

    window: Period
    by: tuple[str, ...]
    decision: Period | None
    final: bool | None


@dataclass(frozen=True, slots=True)
class Profile:
    """A legal basis as data, pinned by the digest of its file.

    Attributes:
        id: Such as `KR.CORRECTION`.
        country: ISO 3166-1 alpha-2, `EU`, or `XX` for what is made up.
        title: By language: `en`, `fr`, `ko`.
        citation: The provisions.
        valid_from: First moment at which it may be used.
        valid_until: First moment at which it may no longer be used; None: open.
        rules: What is allowed; whatever no rule names is refused.
        deadlines: By when.
        objection: How to object; None: not stated.
        retention_content: How long sections and files are kept; None: not stated.
        retention_record: How long envelopes and openings are kept; None: not stated.
        bases: Where each legal value comes from, by its path in the file
            (`rule[1].approvals[2]`, counted from 1).
        digest: SHA-256 of the file's bytes.
    """

    id: str
    country: str
    title: Mapping[str, str]
    citation: str
    valid_from: datetime
    valid_until: datetime | None
    rules: tuple[Rule, ...]
    deadlines: tuple[Deadline, ...]
    objection: Objection | None
    retention_content: Period | None
    retention_record: Period | None
    bases: Mapping[str, Basis]
    digest: bytes

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Paths of the values that restrict the profile to exchanges flagged `test`."""
        return tuple(
            path
            for path, basis in self.bases.items()
            if basis.confidence.for_tests_only
        )

    def deadline_for(self, kind: str) -> Deadline | None:
        """Return the deadline that a message of this kind meets, if there is one."""
        return next((each for each in self.deadlines if each.kind == kind), None)
