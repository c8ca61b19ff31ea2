"""What profiles allow: deny by default, people counted once, seals never."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TypedDict, Unpack

import pytest

from rogatory.errors import (
    ApprovalMissing,
    CategoryNotAllowed,
    FieldInvalid,
    KindNotAllowed,
    LimitExceeded,
    ProfileUnknown,
    ProfileUnverified,
)
from rogatory.profiles import Approval, Profile, Rule, parse_profile, shipped
from rogatory.profiles import verify_allowed as verify

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
XX = parse_profile(shipped()["XX.SUBSCRIBER"])
KR = parse_profile(shipped()["KR.CORRECTION"])

ISSUER = Approval(("example-police", "p1"), "issuer", "police", "")
SECOND_ISSUER = Approval(("example-police", "p2"), "issuer", "police", "")
VALIDATOR = Approval(("example-prosecutor", "v1"), "validator", "prosecutor", "")
COUNSEL = Approval(("example-messenger", "c1"), "counsel", "", "")
SEAL = Approval(("example-police", "seal"), "seal", "police", "")


class Message(TypedDict, total=False):
    kind: str
    sender: str
    sender_kind: str
    sender_authority_type: str
    sender_competences: Sequence[str]
    approvals: Sequence[Approval]
    categories: Sequence[str]
    sections: Sequence[str]
    parts: int
    test: bool
    emergency: bool
    at: datetime


def disclosure(profile: Profile = XX, **change: Unpack[Message]) -> Rule:
    """Judge the story's disclosure request, with something changed."""
    message: Message = {
        "kind": "disclosure_request",
        "sender": "example-police",
        "sender_kind": "authority",
        "sender_authority_type": "police",
        "sender_competences": ["XX.SUBSCRIBER"],
        "approvals": [ISSUER, VALIDATOR],
        "categories": ["subscriber"],
        "sections": ["targets", "reasons"],
        "parts": 1,
        "test": True,
        "emergency": False,
        "at": NOW,
    }
    message.update(change)
    return verify(profile, **message)


def report(profile: Profile = XX, **change: Unpack[Message]) -> Rule:
    """Judge the platform's answer, with something changed."""
    message: Message = {
        "kind": "disclosure_report",
        "sender": "example-messenger",
        "sender_kind": "platform",
        "sender_authority_type": "",
        "sender_competences": [],
        "approvals": [COUNSEL],
        "categories": [],
        "sections": ["manifest"],
    }
    message.update(change)
    return disclosure(profile, **message)


def receipt(*approvals: Approval) -> Rule:
    """Judge a delivery receipt with some signatures."""
    return disclosure(
        kind="delivery_receipt", categories=[], sections=[], approvals=approvals
    )


def removal(profile: Profile = KR, **change: Unpack[Message]) -> Rule:
    """Judge the story's removal request, with something changed."""
    issuer = Approval(("example-regulator", "i1"), "issuer", "regulator", "")
    message: Message = {
        "kind": "removal_request",
        "sender": "example-regulator",
        "sender_authority_type": "regulator",
        "sender_competences": ["KR.CORRECTION"],
        "approvals": [issuer],
        "categories": ["ncii_synthetic", "csam"],
        "sections": ["items", "reasons"],
        "parts": 123,
        "test": False,
    }
    message.update(change)
    return disclosure(profile, **message)


def test_the_storys_disclosure_request_is_allowed() -> None:
    """Police issue, a prosecutor of another party validates."""
    assert disclosure().kind == "disclosure_request"


def test_the_storys_removal_request_is_allowed_outside_tests() -> None:
    """All of its values are checked."""
    assert removal().kind == "removal_request"


def test_the_platforms_answer_is_allowed() -> None:
    """A person of the platform signs."""
    assert report().kind == "disclosure_report"


@pytest.mark.parametrize("profile", [KR, XX])
def test_a_platform_can_always_ask(profile: Profile) -> None:
    """Asking is under every profile, with one person."""
    rule = report(profile=profile, kind="clarification_request", sections=["question"])

    assert rule.sender_kind == "platform"


# --- usable at all --------------------------------------------------------------------


def test_a_made_up_profile_is_refused_outside_tests() -> None:
    """The error names what nobody has checked."""
    with pytest.raises(ProfileUnverified, match=r"nobody has checked: citation"):
        disclosure(test=False)


@pytest.mark.parametrize("word", ["unverified", "made_up"])
def test_one_unchecked_value_is_enough(word: str) -> None:
    """The weakest value decides."""
    raw = shipped()["KR.CORRECTION"].replace(b'"secondary"', f'"{word}"'.encode())

    with pytest.raises(ProfileUnverified, match="valid_from"):
        removal(profile=parse_profile(raw))
    assert removal(profile=parse_profile(raw), test=True).kind == "removal_request"


def test_a_profile_is_refused_before_it_is_in_force() -> None:
    """The first moment counts, in any zone."""
    first = datetime(2025, 9, 30, 15, tzinfo=UTC)
    before = datetime(2025, 9, 30, 14, 59, 59, tzinfo=UTC)

    assert removal(at=first).kind == "removal_request"
    with pytest.raises(ProfileUnknown, match="in force, from 2025-10-01"):
        removal(at=before)


def test_a_profile_is_refused_from_its_end_on() -> None:
    """The end is exclusive."""
    until = (
        b"\n[valid_until]\ntime = 2026-11-23T12:00:00Z\n"
        b'confidence = "primary"\nsource = "x"\n'
    )
    profile = parse_profile(shipped()["KR.CORRECTION"] + until)

    assert (
        removal(profile=profile, at=datetime(2026, 11, 23, 11, tzinfo=UTC)).kind
        == "removal_request"
    )
    with pytest.raises(ProfileUnknown, match="until 2026-11-23T12:00:00"):
        removal(profile=profile)


def test_a_time_without_zone_is_our_own_mistake() -> None:
    """It cannot come from outside, so it must crash."""
    with pytest.raises(ValueError, match="zone"):
        disclosure(at=datetime(2026, 1, 1))  # noqa: DTZ001 what is tested


# --- kind and sender ------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["removal_request", "submission_refusal", "", "disclosure"]
)
def test_a_kind_that_the_profile_does_not_name_is_refused(kind: str) -> None:
    """Deny by default; the error names what there is."""
    with pytest.raises(KindNotAllowed, match="one of disclosure_request"):
        disclosure(kind=kind)


def test_a_platform_cannot_send_an_authoritys_kind() -> None:
    """Nobody asks for data in the other direction."""
    with pytest.raises(KindNotAllowed, match="of kind authority, got platform"):
        disclosure(sender_kind="platform")


@pytest.mark.parametrize("authority_type", ["regulator", "prosecutor", ""])
def test_an_authority_of_another_type_is_refused(authority_type: str) -> None:
    """Here the police issue and nobody else."""
    with pytest.raises(KindNotAllowed, match="authority of type police"):
        disclosure(sender_authority_type=authority_type)


def test_an_authority_without_the_competence_is_refused() -> None:
    """The directory grants competences; a type alone is none."""
    with pytest.raises(KindNotAllowed, match=r"competence XX\.SUBSCRIBER"):
        disclosure(sender_competences=["KR.CORRECTION"])


def test_an_emergency_is_refused_where_there_are_no_rules_for_it() -> None:
    """A forged emergency must not pass as an ordinary request."""
    with pytest.raises(KindNotAllowed, match="no emergency rules"):
        disclosure(emergency=True)


# --- contents -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "categories", [["traffic"], ["subscriber", "content"], ["unspecified"], ["csam"]]
)
def test_a_category_beyond_the_profile_is_refused(categories: list[str]) -> None:
    """One is enough."""
    with pytest.raises(CategoryNotAllowed, match="only subscriber"):
        disclosure(categories=categories)


def test_a_request_that_names_no_category_is_refused() -> None:
    """Nothing said is not everything allowed."""
    with pytest.raises(CategoryNotAllowed, match="got none"):
        disclosure(categories=[])


def test_a_kind_without_categories_takes_none() -> None:
    """A report that names some is no report of this profile."""
    with pytest.raises(CategoryNotAllowed, match="only none"):
        report(categories=["subscriber"])


def test_more_parts_than_allowed_are_refused() -> None:
    """The limit and the number are named."""
    assert disclosure(parts=50).kind == "disclosure_request"
    with pytest.raises(LimitExceeded, match="at most 50 items or tasks, got 51"):
        disclosure(parts=51)


def test_a_missing_section_is_named() -> None:
    """Reasons are mandatory."""
    with pytest.raises(FieldInvalid, match="needs the section reasons"):
        disclosure(sections=["targets"])


# --- signatures -----------------------------------------------------------------------


def test_a_missing_approval_is_said_in_plain_words() -> None:
    """A clerk understands who must still sign."""
    with pytest.raises(ApprovalMissing) as caught:
        disclosure(approvals=[ISSUER])

    assert caught.value.expected == (
        "1 issuer (police, the sender's own) and 1 validator (prosecutor), "
        "each another person"
    )
    assert caught.value.got == "1 person: issuer (police)"


def test_nobody_is_named_in_an_error() -> None:
    """Ids of people stay out of messages."""
    with pytest.raises(ApprovalMissing) as caught:
        disclosure(approvals=[ISSUER, SECOND_ISSUER])

    assert "p2" not in caught.value.explain()


def test_one_person_in_two_capacities_counts_once() -> None:
    """Two signatures by one hand are one approval."""
    person = ("example-prosecutor", "v1")
    profile = parse_profile(
        shipped()["XX.SUBSCRIBER"].replace(
            b'authority_types = ["police"]', b'authority_types = ["prosecutor"]'
        )
    )
    both = [
        Approval(person, "issuer", "prosecutor", ""),
        Approval(person, "validator", "prosecutor", ""),
    ]
    other = Approval(("example-prosecutor", "v2"), "validator", "prosecutor", "")
    change: Message = {
        "sender": "example-prosecutor",
        "sender_authority_type": "prosecutor",
        "approvals": both,
    }

    with pytest.raises(ApprovalMissing, match="1 person"):
        disclosure(profile, **change)
    change["approvals"] = [*both, other]
    assert disclosure(profile, **change).kind == "disclosure_request"


def test_people_are_placed_so_that_all_places_are_filled() -> None:
    """Who can validate is not used up as an issuer because listed first."""
    raw = shipped()["XX.SUBSCRIBER"].replace(
        b'authority_types = ["prosecutor"]', b'authority_types = ["police"]'
    )
    able = [
        Approval(ISSUER.person, "issuer", "police", ""),
        Approval(ISSUER.person, "validator", "police", ""),
    ]

    assert (
        disclosure(profile=parse_profile(raw), approvals=[*able, SECOND_ISSUER]).kind
        == "disclosure_request"
    )
    assert (
        disclosure(
            profile=parse_profile(raw), approvals=[SECOND_ISSUER, *reversed(able)]
        ).kind
        == "disclosure_request"
    )


def test_two_keys_of_one_person_count_once() -> None:
    """People are counted, never keys."""
    raw = shipped()["XX.SUBSCRIBER"].replace(b"count = 1", b"count = 2", 1)
    profile = parse_profile(raw)

    with pytest.raises(ApprovalMissing, match="2 issuer"):
        disclosure(profile=profile, approvals=[ISSUER, ISSUER, VALIDATOR])
    assert (
        disclosure(profile=profile, approvals=[ISSUER, SECOND_ISSUER, VALIDATOR]).kind
        == "disclosure_request"
    )


@pytest.mark.parametrize(
    "validator",
    [
        Approval(("example-prosecutor", "v1"), "issuer", "prosecutor", ""),
        Approval(("example-police", "p2"), "validator", "police", ""),
        Approval(("example-messenger", "v1"), "validator", "", ""),
        Approval(("example-court", "v1"), "supervisor", "court", ""),
    ],
)
def test_another_capacity_or_authority_does_not_validate(validator: Approval) -> None:
    """Both must be right, in one signature."""
    with pytest.raises(ApprovalMissing):
        disclosure(approvals=[ISSUER, validator])


def test_another_partys_issuer_does_not_issue_for_the_sender() -> None:
    """Police elsewhere cannot stand in for the sender's own people."""
    stranger = Approval(("other-police", "p1"), "issuer", "police", "")

    with pytest.raises(ApprovalMissing):
        disclosure(approvals=[stranger, VALIDATOR])


@pytest.mark.parametrize(
    "counsel",
    [
        Approval(("other-platform", "c1"), "counsel", "", ""),
        Approval(("example-messenger", "c1"), "counsel", "police", ""),
        Approval(("example-messenger", "c1"), "issuer", "", ""),
    ],
)
def test_only_the_platforms_own_counsel_answers(counsel: Approval) -> None:
    """Nobody else speaks for it."""
    with pytest.raises(ApprovalMissing):
        report(approvals=[counsel])


def test_further_signatures_do_no_harm() -> None:
    """A requester may sign beside those who must."""
    requester = Approval(("example-police", "r1"), "requester", "police", "")

    assert (
        disclosure(approvals=[requester, ISSUER, VALIDATOR]).kind
        == "disclosure_request"
    )


# --- seals ----------------------------------------------------------------------------


def test_a_seal_is_refused_where_the_rule_does_not_allow_it() -> None:
    """Also beside all the people needed: it must not look like one more."""
    with pytest.raises(ApprovalMissing, match="a seal's signature"):
        disclosure(approvals=[ISSUER, VALIDATOR, SEAL])


def test_a_seal_never_discloses() -> None:
    """A disclosure needs a person."""
    seal = Approval(("example-messenger", "seal"), "seal", "", "")

    with pytest.raises(ApprovalMissing, match="signatures of people only"):
        report(approvals=[seal])


def test_a_seal_may_sign_alone_where_the_rule_says_so() -> None:
    """Delivery receipts are automatic."""
    assert receipt(SEAL).seal_allowed


def test_a_person_may_sign_where_a_seal_may() -> None:
    """The seal is allowed, not required."""
    assert receipt(ISSUER).kind == "delivery_receipt"


def test_another_partys_seal_is_refused() -> None:
    """A seal speaks for its own party only."""
    stranger = Approval(("other-police", "seal"), "seal", "police", "")

    with pytest.raises(ApprovalMissing, match="another party's seal"):
        receipt(stranger)


def test_no_signature_at_all_is_refused() -> None:
    """Nothing is allowed by nobody."""
    with pytest.raises(ApprovalMissing, match="no person's signature"):
        receipt()


# --- several rules for one kind -------------------------------------------------------

COURT_RULE = b"""
[[rule]]
kind = "disclosure_request"
from = "authority"
authority_types = ["police"]
data_categories = ["subscriber", "content"]
confidence = "made_up"
source = "x"

[[rule.approvals]]
capacity = "validator"
count = 1
authority_types = ["court"]
party = "any"
confidence = "made_up"
source = "x"
"""


def test_the_rule_that_covers_the_categories_decides_who_signs() -> None:
    """Content needs a court; a prosecutor is enough for subscriber data."""
    profile = parse_profile(shipped()["XX.SUBSCRIBER"] + COURT_RULE)
    court = Approval(("example-court", "j1"), "validator", "court", "")

    assert disclosure(profile=profile).categories == ("subscriber",)
    assert "content" in (
        disclosure(
            profile=profile, categories=["subscriber", "content"], approvals=[court]
        ).categories
    )
    with pytest.raises(ApprovalMissing, match=r"1 validator \(court\)"):
        disclosure(profile=profile, categories=["content"])


def test_no_rule_borrows_from_another() -> None:
    """A message meets one rule whole: traffic is in neither."""
    profile = parse_profile(shipped()["XX.SUBSCRIBER"] + COURT_RULE)

    with pytest.raises(CategoryNotAllowed):
        disclosure(profile=profile, categories=["subscriber", "traffic"])
