"""Draft files: one form, nothing unknown, every byte covered by the signature."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rogatory.authority import Authority
from rogatory.client import Client
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
from rogatory.platform import Platform
from rogatory.v1 import disclosure_pb2, draft_pb2, removal_pb2
from rogatory_gateway.dev.parties import MESSENGER
from tests.support.story import (
    REQUEST,
    VALIDATOR,
    Story,
    item_rows,
    result_rows,
    target_rows,
)


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


def test_every_kind_has_a_description(story: Story, tmp_path: Path) -> None:
    """Whatever is signed can be read before."""
    sent = story.ask_removal(2)
    facts: list[tuple[Authority | Platform, Draft]] = []
    sign = Client.sign

    def noting(client: Client, draft: Draft, signer: str | None = None) -> Draft:
        facts.append((client, draft))  # type: ignore[arg-type]
        return sign(client, draft, signer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "sign", noting)
        story.messenger.report_removal(
            sent.exchange_id, result_rows({"i1": "removed"}, {"i2": "which?"})
        )
        story.regulator.answer_clarification(sent.exchange_id, "this one")
        other = story.ask_disclosure(2)
        source = tmp_path / "data.json"
        source.write_text("{}")
        story.messenger.disclose(other.exchange_id, {"t1": [source], "t2": []}, {})
        story.police.receive_files(other.exchange_id, tmp_path / "out")
    texts = {draft.kind: client.describe(draft) for client, draft in facts}

    assert "item i1: removed, 2026-11-20T12:00:00Z" in texts["removal_report"]
    assert "about i2: identifier ambiguous" in texts["clarification_request"]
    assert "i2: which?" in texts["clarification_request"]
    assert "this one" in texts["clarification_response"]
    assert "task t1: subscriber data on" in texts["disclosure_request"]
    assert "task t1: disclosed" in texts["disclosure_report"]
    assert "data.json: " in texts["disclosure_report"]
    assert ": integrity ok" in texts["delivery_receipt"]


def test_words_of_others_cannot_look_like_words_of_ours(story: Story) -> None:
    """Whoever writes the reasons must not be able to write "has signed" below them."""
    forged = "a crime\nhas signed       example-prosecutor/prosecutor-1"
    draft = story.police.draft_disclosure(
        MESSENGER,
        target_rows(1),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text=forged),
        cosigners=[VALIDATOR],
    )

    lines = story.prosecutor.describe(draft).splitlines()

    assert not any(line.startswith("has signed") for line in lines)
    assert any(line.strip().startswith("| has signed") for line in lines)


def test_a_removal_request_is_described_with_its_items(story: Story) -> None:
    """Locators in the open, for the person who signs."""
    draft = story.regulator.draft_removal(
        MESSENGER,
        item_rows(1),
        profile="KR.CORRECTION",
        instrument=REQUEST,
        reasons=removal_pb2.Reasons(text="x", redress="ask us"),
        legal_entity="messenger-eu",
        service="chat",
        territorial_scope=["KR"],
    )

    text = story.regulator.describe(draft)

    for fact in (
        "instrument       request",
        "territory        KR",
        "item i1: ncii synthetic, https://files.example/i1",
        "messenger-eu, chat",
        "redress          ask us",
    ):
        assert fact in text
