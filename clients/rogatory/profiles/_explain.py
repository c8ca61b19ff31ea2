"""Say in plain words what a profile allows, for `rogatory profile show`."""

from collections.abc import Iterator

from rogatory.profiles._model import (
    CATEGORIES_OF,
    Basis,
    Confidence,
    Deadline,
    Period,
    Profile,
    Rule,
)

_CONFIDENCE = {
    Confidence.PRIMARY: "the law's own text was read",
    Confidence.SECONDARY: "taken from a secondary source",
    Confidence.UNVERIFIED: "nobody has checked this",
    Confidence.MADE_UP: "made up",
    Confidence.PROTOCOL: "a rule of this channel, not of the law",
}
_KINDS = {
    "removal_request": "ask for the removal of content",
    "removal_report": "report what became of content",
    "clarification_request": "ask what is meant",
    "clarification_response": "answer what is meant",
    "disclosure_request": "ask for data",
    "disclosure_report": "answer with data, or say why not",
    "delivery_receipt": "confirm what arrived",
}
_STARTS = {
    "received": "the platform's receipt of the request",
    "valid_request": "the request's being complete",
    "served": "service of the request",
}


def explain(profile: Profile) -> str:
    """Say in plain words what the profile allows, and how well that is known."""
    return "\n".join(_lines(profile)) + "\n"


def _lines(profile: Profile) -> Iterator[str]:
    yield f"{profile.id}: {profile.title.get('en', '')}"
    for language, title in profile.title.items():
        if language != "en":
            yield f"  {language}         {title}"
    yield f"  country    {profile.country}"
    yield f"  basis      {profile.citation}"
    yield f"             {_basis(profile.bases['citation'])}"
    yield f"  in force   {_in_force(profile)}"
    for key in ("valid_from", "valid_until"):
        if key in profile.bases:
            yield f"             {_basis(profile.bases[key])}"
    yield f"  version    SHA-256 {profile.digest.hex()}"
    if profile.unchecked:
        yield "  use        exchanges flagged as a test only"
    for number, rule in enumerate(profile.rules, start=1):
        yield from _rule(rule, f"rule[{number}]", profile)
    for number, deadline in enumerate(profile.deadlines, start=1):
        yield ""
        yield _deadline(deadline)
        yield f"  {_basis(profile.bases[f'deadline[{number}]'])}"
    yield from _objection(profile)
    yield ""
    for key, what, period in (
        ("retention_content", "Sections and files", profile.retention_content),
        ("retention_record", "The record", profile.retention_record),
    ):
        yield from _retention(profile, key, what, period)
    yield "Whatever is not named here is refused."


def _basis(basis: Basis) -> str:
    return f"[{_CONFIDENCE[basis.confidence]}: {basis.source}]"


def _in_force(profile: Profile) -> str:
    start = f"from {profile.valid_from.isoformat()}"
    if profile.valid_until is None:
        return f"{start}, no end known"
    return f"{start} until {profile.valid_until.isoformat()}"


def _rule(rule: Rule, path: str, profile: Profile) -> Iterator[str]:
    who = "A platform"
    if rule.authority_types:
        who = f"An authority ({' or '.join(rule.authority_types)})"
    yield ""
    yield f"{who} may {_KINDS[rule.kind]} ({rule.kind})"
    yield f"  {_basis(profile.bases[path])}"
    if rule.sender_kind == "authority":
        yield f"  if the directory grants it the competence {profile.id}"
    if rule.categories:
        everything = rule.categories == CATEGORIES_OF[rule.kind][1]
        named = "any category" if everything else ", ".join(rule.categories)
        yield f"  about: {named}"
    if rule.required_sections:
        yield f"  with the sections: {', '.join(rule.required_sections)}"
    if rule.max_parts is not None:
        yield f"  at most {rule.max_parts:,} items or tasks in one message"
    for number, need in enumerate(rule.approvals, start=1):
        people = "1 person" if need.count == 1 else f"{need.count} different people"
        party = "any party" if need.any_party else "the sender"
        if need.authority_types:
            party += f" ({' or '.join(need.authority_types)})"
        yield f"  signed by {people} of {party}, as {' or '.join(need.capacities)}"
        yield f"    {_basis(profile.bases[f'{path}.approvals[{number}]'])}"
    if len(rule.approvals) > 1:
        yield "  nobody counts twice, also not in two capacities"
    if rule.seal_allowed:
        other = "or " if rule.approvals else ""
        yield f"  {other}signed by the party's seal alone, automatically"


def _deadline(deadline: Deadline) -> str:
    by = deadline.period.words() if deadline.period else "without delay"
    text = f"Time for the {deadline.kind}: {by}"
    if deadline.counted_from:
        text += f", counted from {_STARTS[deadline.counted_from]}"
    return text


def _objection(profile: Profile) -> Iterator[str]:
    objection = profile.objection
    if objection is None:
        return
    yield ""
    yield f"Objection: {', '.join(objection.by)} within {objection.window.words()}"
    if objection.decision is not None:
        final = {True: ", and is final", False: ", and is not final", None: ""}
        yield (
            f"  the decision takes at most {objection.decision.words()}"
            f"{final[objection.final]}"
        )
    yield f"  {_basis(profile.bases['objection'])}"


def _retention(
    profile: Profile, key: str, what: str, period: Period | None
) -> Iterator[str]:
    if period is None:
        yield f"{what}: how long to keep is not stated"
    else:
        yield f"{what}: kept for {period.words()}"
        yield f"  {_basis(profile.bases[key])}"
