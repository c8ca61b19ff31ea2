"""Decide whether a profile allows a message. Deny by default.

A message is allowed if one rule of the profile meets it whole: kind, sender,
categories, number of parts, sections and signatures. Where several rules are for one
kind (subscriber data with a prosecutor, content with a court), they are narrowed step
by step, and the refusal is that of the step at which the last one fell.

Signatures are counted over distinct people, never over keys: one person fills one
place, also when signing in two capacities. A seal never fills a place; where the rule
says `seal_allowed` it may sign alone.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from rogatory.errors import (
    ApprovalMissing,
    CategoryNotAllowed,
    FieldInvalid,
    KindNotAllowed,
    LimitExceeded,
    ProfileUnknown,
    ProfileUnverified,
    RogatoryError,
)
from rogatory.profiles._model import SEAL, ApprovalRule, Profile, Rule


@dataclass(frozen=True, slots=True)
class Approval:
    """One verified signature.

    Attributes:
        person: Party and signer id; the same person has the same pair.
        capacity: In which the signature counts: `issuer`, `validator`, …, `seal`.
        authority_type: What the person's party is; empty if it is no authority.
        unit: The person's unit; empty if none.
    """

    person: tuple[str, str]
    capacity: str
    authority_type: str
    unit: str


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of a message."""

    profile: Profile
    kind: str
    sender: str
    sender_kind: str
    sender_authority_type: str
    sender_competences: Collection[str]
    approvals: Sequence[Approval]
    categories: frozenset[str]
    sections: frozenset[str]
    parts: int

    @property
    def what(self) -> str:
        return f"{self.kind} under {self.profile.id}"


def verify_allowed(
    profile: Profile,
    *,
    kind: str,
    sender: str,
    sender_kind: str,
    sender_authority_type: str,
    sender_competences: Collection[str],
    approvals: Sequence[Approval],
    categories: Collection[str],
    sections: Collection[str],
    parts: int,
    test: bool,
    emergency: bool,
    at: datetime,
) -> Rule:
    """Verify that the profile allows a message, and return the rule that does.

    Args:
        profile: The profile that the message pins.
        kind: Name of the body in `Message.body`.
        sender: Party id of the sender.
        sender_kind: `authority` or `platform`.
        sender_authority_type: Such as `police`; empty for a platform.
        sender_competences: Profile ids that the directory grants to the sender.
        approvals: One per verified signature of the message.
        categories: Classifications or data categories that the body names.
        sections: Names of the message's sections.
        parts: Number of items, tasks or files in the body.
        test: Whether the exchange is flagged as a test.
        emergency: Whether the message invokes emergency rules.
        at: When the message is judged; with a zone.

    Raises:
        ProfileUnknown: The profile is not in force at that time.
        ProfileUnverified: It has unchecked values and the exchange is no test.
        KindNotAllowed: No rule lets this sender send this kind, or an emergency.
        CategoryNotAllowed: No rule covers all categories, or none is named.
        LimitExceeded: There are more parts than the rule allows.
        FieldInvalid: A section that the rule requires is missing.
        ApprovalMissing: Signatures of people are missing, or a seal may not sign.
    """
    _verify_usable(profile, test=test, at=at)
    facts = _Facts(
        profile,
        kind,
        sender,
        sender_kind,
        sender_authority_type,
        sender_competences,
        approvals,
        frozenset(categories),
        frozenset(sections),
        parts,
    )
    if emergency:
        raise KindNotAllowed(
            facts.what,
            expected="an ordinary message: the profile has no emergency rules",
            got="one that invokes them",
        )
    rules = profile.rules
    for step in _STEPS:
        refusals = [step(rule, facts) for rule in rules]
        rules = tuple(
            rule
            for rule, refusal in zip(rules, refusals, strict=True)
            if refusal is None
        )
        if not rules:
            raise _last(refusals) or KindNotAllowed(facts.what)
    return rules[0]


def _last(refusals: Sequence[RogatoryError | None]) -> RogatoryError | None:
    return refusals[-1] if refusals else None


def _verify_usable(profile: Profile, *, test: bool, at: datetime) -> None:
    if at.utcoffset() is None:
        raise ValueError("at: a time without a zone")
    until = profile.valid_until
    if at < profile.valid_from or (until is not None and at >= until):
        span = f"from {profile.valid_from.isoformat()}"
        if until is not None:
            span += f" until {until.isoformat()}"
        raise ProfileUnknown(
            f"profile {profile.id}",
            expected=f"a time at which it is in force, {span}",
            got=at.isoformat(timespec="seconds"),
        )
    if profile.unchecked and not test:
        raise ProfileUnverified(
            f"profile {profile.id}",
            expected="an exchange flagged as a test",
            got=f"values that nobody has checked: {', '.join(profile.unchecked)}",
        )


def _kind(rule: Rule, facts: _Facts) -> RogatoryError | None:
    if rule.kind == facts.kind:
        return None
    kinds = dict.fromkeys(each.kind for each in facts.profile.rules)
    return KindNotAllowed(
        facts.what, expected=f"one of {', '.join(kinds)}", got=facts.kind
    )


def _sender(rule: Rule, facts: _Facts) -> RogatoryError | None:
    if rule.sender_kind != facts.sender_kind:
        return KindNotAllowed(
            facts.what,
            expected=f"a sender of kind {rule.sender_kind}",
            got=facts.sender_kind,
        )
    if rule.sender_kind == "platform":
        return None
    if facts.sender_authority_type not in rule.authority_types:
        return KindNotAllowed(
            facts.what,
            expected=f"an authority of type {_either(rule.authority_types)}",
            got=facts.sender_authority_type or "none",
        )
    if facts.profile.id not in facts.sender_competences:
        return KindNotAllowed(
            facts.what,
            expected=f"a sender with the competence {facts.profile.id}",
            got=f"{facts.sender} without it",
        )
    return None


def _categories(rule: Rule, facts: _Facts) -> RogatoryError | None:
    beyond = sorted(facts.categories.difference(rule.categories))
    if beyond:
        return CategoryNotAllowed(
            facts.what,
            expected=f"only {', '.join(rule.categories) or 'none'}",
            got=", ".join(beyond),
        )
    if rule.categories and not facts.categories:
        return CategoryNotAllowed(
            facts.what, expected=f"any of {', '.join(rule.categories)}", got="none"
        )
    return None


def _parts(rule: Rule, facts: _Facts) -> RogatoryError | None:
    if rule.max_parts is None or facts.parts <= rule.max_parts:
        return None
    return LimitExceeded(
        facts.what,
        expected=f"at most {rule.max_parts:,} items or tasks",
        got=f"{facts.parts:,}",
    )


def _sections(rule: Rule, facts: _Facts) -> RogatoryError | None:
    missing = [name for name in rule.required_sections if name not in facts.sections]
    if not missing:
        return None
    return FieldInvalid(
        {
            "header.sections": f"{facts.what} needs the section "
            f"{', '.join(missing)}, which is missing"
        }
    )


def _approvals(rule: Rule, facts: _Facts) -> RogatoryError | None:
    seals = {each.person for each in facts.approvals if each.capacity == SEAL}
    if seals and not rule.seal_allowed:
        return ApprovalMissing(
            facts.what, expected="signatures of people only", got="a seal's signature"
        )
    if any(party != facts.sender for party, _ in seals):
        return ApprovalMissing(
            facts.what, expected="the sender's own seal", got="another party's seal"
        )
    if seals:
        return None
    places = [need for need in rule.approvals for _ in range(need.count)]
    # Without approvals the rule is for a seal alone, and there is none.
    if places and _all_filled(places, facts.approvals, facts.sender):
        return None
    return ApprovalMissing(
        facts.what,
        expected=_needed(rule) or "the sender's seal",
        got=_given(facts.approvals),
    )


def _all_filled(
    places: Sequence[ApprovalRule], people: Sequence[Approval], sender: str
) -> bool:
    """Tell whether each place can have a person of its own.

    Bipartite matching by augmenting paths: taking people in order would refuse a
    message because the one person who could validate was counted as an issuer first.
    """
    candidates = [
        [each.person for each in people if _fits(place, each, sender)]
        for place in places
    ]
    taken: dict[tuple[str, str], int] = {}

    def seat(place: int, seen: set[tuple[str, str]]) -> bool:
        for person in candidates[place]:
            if person in seen:
                continue
            seen.add(person)
            if person not in taken or seat(taken[person], seen):
                taken[person] = place
                return True
        return False

    return all(seat(place, set()) for place in range(len(places)))


def _fits(place: ApprovalRule, approval: Approval, sender: str) -> bool:
    if approval.capacity not in place.capacities:
        return False
    if not place.any_party and approval.person[0] != sender:
        return False
    if place.authority_types:
        return approval.authority_type in place.authority_types
    return not approval.authority_type


def _needed(rule: Rule) -> str:
    """Say which signatures a rule needs."""
    parts = []
    for need in rule.approvals:
        where = _either(need.authority_types) if need.authority_types else "platform"
        own = "" if need.any_party else ", the sender's own"
        parts.append(f"{need.count} {_either(need.capacities)} ({where}{own})")
    text = " and ".join(parts)
    several = sum(need.count for need in rule.approvals) > 1
    return f"{text}, each another person" if several else text


def _given(people: Sequence[Approval]) -> str:
    """Say which signatures there are, without naming anybody."""
    count = len({each.person for each in people})
    if not count:
        return "no person's signature"
    kinds = [f"{each.capacity} ({each.authority_type or 'no type'})" for each in people]
    return f"{count} {'person' if count == 1 else 'people'}: {', '.join(kinds)}"


def _either(words: Sequence[str]) -> str:
    return " or ".join(words)


_STEPS: tuple[Callable[[Rule, _Facts], RogatoryError | None], ...] = (
    _kind,
    _sender,
    _categories,
    _parts,
    _sections,
    _approvals,
)
