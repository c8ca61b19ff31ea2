"""Draft files: one form, nothing unknown, every byte covered by the signature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rogatory.describing import describe_draft
from rogatory.drafts import (
    MAX_DRAFT_BYTES,
    Draft,
    content_of,
    encode_draft,
    parse_draft,
)
from rogatory.errors import (
    FieldInvalid,
    LimitExceeded,
    Malformed,
    NotCanonical,
    RogatoryError,
    UnknownField,
)
from rogatory.v1 import disclosure_pb2, draft_pb2, removal_pb2
from rogatory_gateway.dev.parties import MESSENGER
from tests.support.story import VALIDATOR, Story, target_rows


@pytest.fixture
def draft(story: Story) -> Draft:
    """Give a draft that one of two people has signed."""
    draft = story.police.draft_disclosure(
        MESSENGER,
        target_rows(2),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text="a crime", file_number="7"),
        cosigners=[VALIDATOR],
    )
    return story.police.sign(draft)


def test_a_draft_comes_back_as_it_was(draft: Draft) -> None:
    """The file is the draft."""
    assert parse_draft(encode_draft(draft)) == draft


def test_the_digest_is_that_of_what_is_signed(draft: Draft) -> None:
    """Two people compare it by voice; a signature does not change it."""
    unsigned = Draft(draft.payload, draft.message, {}, draft.sealed)

    assert unsigned.digest == draft.digest
    assert len(draft.digest) == 32


def test_other_bytes_are_refused(draft: Draft) -> None:
    """Strict, with the reason."""
    raw = encode_draft(draft)
    other = draft_pb2.Draft.FromString(raw)
    other.payload_type = "text/plain"
    twice = draft_pb2.Draft.FromString(raw)
    twice.signatures.append(twice.signatures[0])
    empty = draft_pb2.Draft.FromString(raw)
    empty.payload = b""
    rows = [
        (b"\xff", Malformed),
        (other.SerializeToString(), Malformed),
        (raw + b"\x2a\x00", UnknownField),
        (twice.SerializeToString(), NotCanonical),
        (empty.SerializeToString(), FieldInvalid),
        (bytes(MAX_DRAFT_BYTES + 1), LimitExceeded),
    ]
    for spoiled, error in rows:
        with pytest.raises(error):
            parse_draft(spoiled)


def test_fields_in_another_order_are_refused(draft: Draft) -> None:
    """One draft has one file."""
    parts = draft_pb2.Draft(payload=draft.payload).SerializeToString()
    rest = draft_pb2.Draft.FromString(encode_draft(draft))
    rest.ClearField("payload")

    with pytest.raises(NotCanonical):
        parse_draft(rest.SerializeToString(deterministic=True) + parts)


def test_every_cut_is_refused(draft: Draft) -> None:
    """A half-copied file is no draft, or no longer this one."""
    raw = encode_draft(draft)
    for size in range(0, len(raw), 97):
        try:
            found = parse_draft(raw[:size])
        except RogatoryError:
            continue
        assert found != draft


@given(st.binary(max_size=200))
def test_no_bytes_make_it_crash(raw: bytes) -> None:
    """Hostile files end in an error of ours."""
    with pytest.raises(RogatoryError):
        parse_draft(raw)


def test_a_description_has_all_that_is_signed(story: Story, draft: Draft) -> None:
    """The second person sees what the first one asked, opened, and the digest."""
    text = story.prosecutor.describe(draft)

    for fact in (
        "a request for data",
        "a test",
        "example-police (Example police (made up))",
        "example-messenger",
        "XX.SUBSCRIBER",
        "task t1: subscriber data on username user-1",
        "a crime",
        "example-police/officer-1 has signed",
        "example-prosecutor/prosecutor-1 has not signed yet",
        draft.digest.hex(),
    ):
        assert fact in text


def test_a_description_for_somebody_outside_says_what_is_not_read(
    story: Story, draft: Draft
) -> None:
    """Nobody is led to sign what was not shown."""
    text = story.regulator.describe(draft)

    assert "user-1" not in text
    assert "section targets" in text


def test_a_description_names_what_differs_from_the_sealed_list(
    story: Story, draft: Draft
) -> None:
    """A task that is visible but not sealed, and the other way round."""
    sealed = disclosure_pb2.DisclosureTargets(targets=[target_rows(3)[2].target])
    directory, profiles = story.police.in_force()

    text = describe_draft(
        draft,
        {"targets": content_of(sealed)},
        directory=directory,
        profile=profiles.profiles["XX.SUBSCRIBER"],
    )

    assert "task t1: subscriber data, NOT IN THE SEALED LIST" in text
    assert "task t3: ONLY IN THE SEALED LIST" in text
