"""Profile files: what is read, and what is refused by its path."""

import hashlib
import tomllib
from datetime import UTC, datetime, timedelta, timezone

import pytest

from rogatory import profiles
from rogatory.errors import ConfigInvalid, FieldInvalid, LimitExceeded
from rogatory.profiles import (
    ApprovalRule,
    Basis,
    Confidence,
    Period,
    Profile,
    parse_profile,
    shipped,
)
from rogatory.profiles._model import SENDER_OF
from rogatory.v1 import message_pb2

GOOD = """\
format = "rogatory-profile/v1"
id = "XX.ORDER"
country = "XX"

[title]
en = "Order"
fr = "Ordre"
ko = "명령"

[citation]
text = "Act 1"
confidence = "primary"
source = "read"

[valid_from]
time = 2026-01-01T00:00:00+09:00
confidence = "primary"
source = "read"

[[rule]]
kind = "removal_request"
from = "authority"
authority_types = ["regulator", "court"]
classifications = ["csam", "ncii"]
required_sections = ["items", "reasons"]
max_parts = 10
confidence = "primary"
source = "read"

[[rule.approvals]]
capacity = ["issuer", "requester"]
count = 2
authority_types = ["regulator"]
distinct = true
confidence = "primary"
source = "read"

[[deadline]]
for = "removal_report"
duration = "PT24H"
counted_from = "received"
confidence = "secondary"
source = "page"

[objection]
window = "P15D"
by = ["provider", "user"]
confidence = "primary"
source = "read"

[retention_content]
duration = "P6M"
confidence = "primary"
source = "read"
"""


def violations(text: str) -> dict[str, str]:
    """Return what is refused of a profile, by path."""
    with pytest.raises(FieldInvalid) as caught:
        parse_profile(text.encode())
    return caught.value.violations


def changed(old: str, new: str) -> str:
    """Return the good profile with one thing changed."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_the_public_names_are_frozen() -> None:
    """A name that is added or lost is a change of the interface."""
    assert profiles.__all__ == [
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


def test_every_value_of_a_file_is_read() -> None:
    """What the lawyer wrote is what the engine applies."""
    profile = parse_profile(GOOD.encode())

    assert (profile.id, profile.country) == ("XX.ORDER", "XX")
    assert dict(profile.title) == {"en": "Order", "fr": "Ordre", "ko": "명령"}
    assert profile.citation == "Act 1"
    seoul = timezone(timedelta(hours=9))
    assert profile.valid_from == datetime(2026, 1, 1, tzinfo=seoul)
    assert profile.valid_until is None
    [rule] = profile.rules
    assert rule.kind == "removal_request"
    assert rule.sender_kind == "authority"
    assert rule.authority_types == ("regulator", "court")
    assert rule.categories == ("csam", "ncii")
    assert rule.required_sections == ("items", "reasons")
    assert rule.max_parts == 10
    assert rule.seal_allowed is False
    assert rule.approvals == (
        ApprovalRule(("issuer", "requester"), 2, ("regulator",), any_party=False),
    )
    assert profile.retention_content == Period("P6M", 6, 0, 0)
    assert profile.retention_record is None


def test_deadlines_are_found_by_the_kind_that_meets_them() -> None:
    """The clocks ask: by when must this come?"""
    profile = parse_profile(GOOD.encode())

    deadline = profile.deadline_for("removal_report")

    assert deadline is not None
    assert deadline.period == Period("PT24H", 0, 0, 86_400)
    assert deadline.counted_from == "received"
    assert profile.deadline_for("disclosure_report") is None


def test_an_objection_keeps_what_is_not_stated_absent() -> None:
    """Unknown values are never guessed."""
    objection = parse_profile(GOOD.encode()).objection

    assert objection is not None
    assert objection.by == ("provider", "user")
    assert objection.decision is None
    assert objection.final is None


def test_each_legal_value_has_its_basis_by_path() -> None:
    """A reader of the profile finds where each value comes from."""
    bases = parse_profile(GOOD.encode()).bases

    assert bases["deadline[1]"] == Basis(Confidence.SECONDARY, "page")
    assert sorted(bases) == [
        "citation",
        "deadline[1]",
        "objection",
        "retention_content",
        "rule[1]",
        "rule[1].approvals[1]",
        "valid_from",
    ]


def test_the_digest_is_that_of_the_bytes() -> None:
    """A comment more is another version: messages pin bytes."""
    raw = GOOD.encode()

    assert parse_profile(raw).digest == hashlib.sha256(raw).digest()
    assert parse_profile(raw + b"#\n").digest != parse_profile(raw).digest


@pytest.mark.parametrize("word", ["unverified", "made_up"])
def test_unchecked_values_are_named_by_path(word: str) -> None:
    """One such value is enough to restrict the profile to tests."""
    text = changed('"secondary"', f'"{word}"')

    assert parse_profile(GOOD.encode()).unchecked == ()
    assert parse_profile(text.encode()).unchecked == ("deadline[1]",)


def test_without_delay_is_a_deadline_without_a_number() -> None:
    """The law gives none, so neither do we, and no start is demanded."""
    text = changed('"PT24H"\ncounted_from = "received"', '"WITHOUT_DELAY"')

    deadline = parse_profile(text.encode()).deadline_for("removal_report")

    assert deadline is not None
    assert deadline.period is None


def test_any_is_the_whole_vocabulary() -> None:
    """`any` is said, never implied by an absent list."""
    text = changed('["csam", "ncii"]', '"any"')

    assert len(parse_profile(text.encode()).rules[0].categories) == 16


def test_a_rule_can_be_for_a_seal_alone() -> None:
    """Automatic confirmations have no person."""
    start, end = GOOD.index("[[rule.approvals]]"), GOOD.index("[[deadline]]")
    text = (GOOD[:start] + GOOD[end:]).replace("max_parts", "seal_allowed = true\n#")

    [rule] = parse_profile(text.encode()).rules

    assert rule.seal_allowed
    assert rule.approvals == ()


def test_every_kind_of_the_schema_has_its_sender() -> None:
    """A new body in message.proto must be given one here."""
    bodies = message_pb2.Message.DESCRIPTOR.oneofs_by_name["body"].fields
    names = {field.name for field in bodies} - {"submission_refusal"}

    assert names == set(SENDER_OF)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ('id = "XX.ORDER"', "", "id"),
        ("XX.ORDER", "xx.order", "id"),
        ("XX.ORDER", "XX." + "A" * 61, "id"),
        ('country = "XX"', 'country = "Korea"', "country"),
        ('country = "XX"', "country = 1", "country"),
        ('country = "XX"', 'country = "XX"\nzone = "KST"', "zone"),
        ('ko = "명령"', "", "title.ko"),
        ('ko = "명령"', 'ko = "명령"\nde = "x"', "title.de"),
        ('ko = "명령"', 'ko = " "', "title.ko"),
        ('text = "Act 1"', "", "citation.text"),
        ('"primary"', '"sure"', "citation.confidence"),
        ('source = "read"', "", "citation.source"),
        ("time = 2026-01-01T00:00:00+09:00", "", "valid_from.time"),
        ("2026-01-01T00:00:00+09:00", "2026-01-01", "valid_from.time"),
        ("2026-01-01T00:00:00+09:00", "2026-01-01T00:00:00", "valid_from.time"),
        ("removal_request", "submission_refusal", "rule[1].kind"),
        ('from = "authority"', 'from = "auditor"', "rule[1].from"),
        ('from = "authority"', "", "rule[1].from"),
        ('["regulator", "court"]', "[]", "rule[1].authority_types"),
        ('["regulator", "court"]', '["ministry"]', "rule[1].authority_types"),
        ('["regulator", "court"]', '["court", "court"]', "rule[1].authority_types"),
        ('["regulator", "court"]', "[1]", "rule[1].authority_types"),
        ('["csam", "ncii"]', "[]", "rule[1].classifications"),
        ('["csam", "ncii"]', '["subscriber"]', "rule[1].classifications"),
        ('["csam", "ncii"]', '["any", "ncii"]', "rule[1].classifications"),
        ("classifications", "data_categories", "rule[1].data_categories"),
        ('"items",', '"Items",', "rule[1].required_sections"),
        ("max_parts = 10", "max_parts = 0", "rule[1].max_parts"),
        ("max_parts = 10", "max_parts = 1001", "rule[1].max_parts"),
        ("max_parts = 10", "max_parts = true", "rule[1].max_parts"),
        ("max_parts = 10", "seal_allowed = 1", "rule[1].seal_allowed"),
        ("max_parts = 10", "max_part = 10", "rule[1].max_part"),
        ('["issuer", "requester"]', '"seal"', "rule[1].approvals[1].capacity"),
        ('["issuer", "requester"]', "[]", "rule[1].approvals[1].capacity"),
        ("count = 2", "", "rule[1].approvals[1].count"),
        ('["provider", "user"]', "[]", "objection.by"),
        ("count = 2", "count = 0", "rule[1].approvals[1].count"),
        ("count = 2", "count = 9", "rule[1].approvals[1].count"),
        ("distinct = true", "distinct = false", "rule[1].approvals[1].distinct"),
        ("distinct = true", 'party = "all"', "rule[1].approvals[1].party"),
        ("[[rule.approvals]]", "[[rule.approval]]", "rule[1].approval"),
        ("[[rule.approvals]]", "[rule.approvals]", "rule[1].approvals"),
        ('for = "removal_report"', "", "deadline[1].for"),
        ('"PT24H"', '"24 hours"', "deadline[1].duration"),
        ('counted_from = "received"', "", "deadline[1].counted_from"),
        (
            'counted_from = "received"',
            'counted_from = "sent"',
            "deadline[1].counted_from",
        ),
        ('"P15D"', '"P0D"', "objection.window"),
        ('"P6M"', '"6M"', "retention_content.duration"),
        ("[objection]", "[objections]", "objections"),
        ("[objection]", "[[objection]]", "objection"),
        ("[retention_content]", "[retention]", "retention"),
    ],
)
def test_a_wrong_key_is_refused_by_its_path(old: str, new: str, path: str) -> None:
    """A lawyer is told which key of which rule."""
    assert path in violations(changed(old, new))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (
            '["items", "reasons"]',
            f"{[f's{n}' for n in range(65)]}",
            "required_sections",
        ),
        ("[[rule.approvals]]", "approvals = [1]\n[rule.x]", "approvals"),
        (
            "[[rule.approvals]]",
            "[[rule.approvals]]\n" * 64 + "[[rule.approvals]]",
            "approvals",
        ),
    ],
)
def test_arrays_have_an_end_and_the_right_elements(
    old: str, new: str, path: str
) -> None:
    """Sizes are limited, and tables are where tables belong."""
    assert f"rule[1].{path}" in violations(changed(old, new))


def test_all_wrong_keys_are_named_at_once() -> None:
    """A lawyer corrects a file once."""
    text = (
        changed("count = 2", "count = 0")
        .replace('"P6M"', '"6M"')
        .replace('"XX.ORDER"', '"?"')
    )

    assert sorted(violations(text)) == [
        "id",
        "retention_content.duration",
        "rule[1].approvals[1].count",
    ]


def test_a_kind_is_sent_only_by_those_who_send_it() -> None:
    """No profile can make a platform ask for removals."""
    text = changed('"removal_request"', '"removal_report"')

    assert violations(text)["rule[1].from"] == (
        "expected platform, who sends removal_report"
    )


def test_a_platform_has_no_authority_type() -> None:
    """A rule that nobody could meet is a mistake."""
    text = changed(
        '"removal_request"\nfrom = "authority"', ('"removal_report"\nfrom = "platform"')
    )

    found = violations(text)

    assert {"rule[1].authority_types", "rule[1].approvals[1].authority_types"} < set(
        found
    )


def test_a_rule_that_nobody_can_sign_is_refused() -> None:
    """Neither people nor a seal: a slip of the pen."""
    start, end = GOOD.index("[[rule.approvals]]"), GOOD.index("[[deadline]]")

    assert "rule[1].approvals" in violations(GOOD[:start] + GOOD[end:])


def test_a_rule_cannot_need_more_people_than_can_sign() -> None:
    """An envelope has at most 8 signatures."""
    start, end = GOOD.index("[[rule.approvals]]"), GOOD.index("[[deadline]]")
    approvals = GOOD[start:end].replace("count = 2", "count = 5")

    found = violations(GOOD[:start] + approvals + approvals + GOOD[end:])

    assert found == {"rule[1].approvals": "expected at most 8 people in all"}


def test_a_profile_without_rules_is_refused() -> None:
    """It would allow nothing, which nobody means."""
    start, end = GOOD.index("[[rule]]"), GOOD.index("[[deadline]]")

    assert "rule" in violations(GOOD[:start] + GOOD[end:])


def test_two_deadlines_for_one_kind_are_refused() -> None:
    """Which one counts cannot be guessed."""
    start, end = GOOD.index("[[deadline]]"), GOOD.index("[objection]")

    assert "deadline" in violations(GOOD[:end] + GOOD[start:end] + GOOD[end:])


def test_a_profile_ends_after_it_began() -> None:
    """Dates the wrong way round would switch it off in silence."""
    until = '[valid_until]\ntime = 2025-01-01T00:00:00Z\nconfidence = "primary"\n'

    found = violations(GOOD + until + 'source = "read"\n')

    assert found == {"valid_until": "expected a time after valid_from"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"a = ",
        b"\xff",
        b'format = "rogatory-profile/v2"',
        b"a = " + b"9" * 900,
        b"a = [\n" + b"[\n" * 9000,
        b"\0",
    ],
)
def test_what_is_no_profile_is_refused(raw: bytes) -> None:
    """Hostile bytes give a domain error, never a crash."""
    with pytest.raises(ConfigInvalid):
        parse_profile(raw)


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    """Python refuses it with an error of another kind than TOML's."""
    with pytest.raises((ConfigInvalid, LimitExceeded)):
        parse_profile(b"a = " + b"9" * 5000)


def test_another_encoding_is_refused_by_line() -> None:
    """Lawyers' editors save Korean in CP949."""
    with pytest.raises(ConfigInvalid, match="line 8"):
        parse_profile(GOOD.encode("cp949"))


def test_sizes_are_refused_before_reading() -> None:
    """The limits are named with what came."""
    with pytest.raises(LimitExceeded, match="32,768 bytes, got 32,769"):
        parse_profile(b"#" * 32_769)
    with pytest.raises(LimitExceeded, match="1,024 bytes, got 1,025"):
        parse_profile(b"\n#" + b"." * 1024)


def test_every_cut_and_change_of_a_file_is_read_or_refused() -> None:
    """No bytes make the parser raise anything but its own errors."""
    raw = shipped()["XX.SUBSCRIBER"]
    expected = (ConfigInvalid, FieldInvalid, LimitExceeded)
    read = 0

    for place in range(0, len(raw), 13):
        for mangled in (
            raw[:place],
            raw[:place] + b"]" + raw[place + 1 :],
            raw[:place] + raw[place + 40 :],
        ):
            try:
                read += isinstance(parse_profile(mangled), Profile)
            except expected:
                continue

    assert read


@pytest.mark.parametrize(
    ("text", "months", "days", "seconds", "words"),
    [
        ("P10D", 0, 10, 0, "10 days"),
        ("P1D", 0, 1, 0, "1 day"),
        ("P1Y6M", 18, 0, 0, "1 year 6 months"),
        ("P2W", 0, 14, 0, "2 weeks"),
        ("PT36H", 0, 0, 129_600, "36 hours"),
        ("P1DT1H1M1S", 0, 1, 3661, "1 day 1 hour 1 minute 1 second"),
        ("P0Y5D", 0, 5, 0, "5 days"),
    ],
)
def test_durations_keep_months_days_and_seconds_apart(
    text: str, months: int, days: int, seconds: int, words: str
) -> None:
    """A month is not 30 days, and a day is not always 24 hours."""
    period = Period.parse(text)

    assert period == Period(text, months, days, seconds)
    assert period.words() == words


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1D", "P1DT", "P-1D", "P1.5D", "P0D", "P1H", "p1d", "P１D"],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    """One form only."""
    with pytest.raises(ValueError, match="duration"):
        Period.parse(text)


def test_the_shipped_profiles_are_read_and_named_by_their_ids() -> None:
    """A file is found by the id that it gives itself."""
    files = shipped()

    assert sorted(files) == ["KR.CORRECTION", "XX.SUBSCRIBER"]
    for profile_id, raw in files.items():
        assert parse_profile(raw).id == profile_id


def test_the_korean_profile_rests_on_checked_sources_only() -> None:
    """It is usable on exchanges that are no tests."""
    profile = parse_profile(shipped()["KR.CORRECTION"])

    assert profile.unchecked == ()
    assert profile.valid_from <= datetime(2026, 1, 1, tzinfo=UTC)
    assert profile.objection is not None
    assert profile.objection.window.days == 15
    deadline = profile.deadline_for("removal_report")
    assert deadline is not None
    assert deadline.period is None
    assert profile.retention_content is None


def test_the_made_up_profile_says_so_and_is_for_tests_only() -> None:
    """Nobody takes the law of XX for one."""
    raw = shipped()["XX.SUBSCRIBER"]
    profile = parse_profile(raw)

    assert b"MADE UP" in raw
    assert "made-up" in profile.title["en"]
    assert "citation" in profile.unchecked
    deadline = profile.deadline_for("disclosure_report")
    assert deadline is not None
    assert deadline.period == Period("P10D", 0, 10, 0)


def test_shipped_files_are_plain_toml() -> None:
    """Another program can read them with nothing of ours."""
    for raw in shipped().values():
        assert tomllib.loads(raw.decode())["format"] == "rogatory-profile/v1"
