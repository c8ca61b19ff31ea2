"""Composing, signing, sending: nothing is sent in vain, nothing is lost."""

import hashlib
from datetime import timedelta
from pathlib import Path

import pytest

from rogatory.drafts import encode_draft, parse_draft
from rogatory.errors import (
    ApprovalMissing,
    CategoryNotAllowed,
    CommitmentMismatch,
    ConfigInvalid,
    Expired,
    FieldInvalid,
    LogUnavailable,
    NoteUnverified,
    ProfileUnknown,
    RecipientInvalid,
    SignatoriesMismatch,
    SignatureInvalid,
    TransitionNotAllowed,
    Unreachable,
)
from rogatory.tables import TargetRow
from rogatory.v1 import disclosure_pb2, message_pb2, receipt_pb2, removal_pb2
from rogatory_gateway.dev.parties import MESSENGER, PROSECUTOR, REGULATOR
from tests.support.fake_gateway import FakeWorld
from tests.support.story import REQUEST, VALIDATOR, Story, item_rows, target_rows


def names_in(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.glob("*"))


def test_a_request_is_signed_sealed_logged_and_its_receipt_kept(
    story: Story, world: FakeWorld
) -> None:
    """One call does it all, and leaves what proves it."""
    sent = story.ask_removal(25)

    stored = world.messages[0]
    assert (sent.index, sent.number, sent.kind) == (3, 1, "removal_request")
    assert sent.digest == stored.message.digest
    assert sent.files.envelope.read_bytes() == stored.message.envelope.raw
    assert sent.files.entry.read_bytes() == world.log.entries[3]
    opened = receipt_pb2.Receipt.FromString(sent.files.openings.read_bytes())
    assert [o.party for o in opened.openings] == [REGULATOR, MESSENGER]
    assert names_in(story.regulator.state.folder / "outbox") == []


def test_the_visible_part_has_nothing_that_identifies_content(
    story: Story, world: FakeWorld
) -> None:
    """Locators and reasons are in sections only."""
    story.ask_removal()

    raw = world.messages[0].message.envelope.raw
    assert b"files.example" not in raw
    assert b"illegal" not in raw


def test_the_flag_test_follows_the_context(story: Story, world: FakeWorld) -> None:
    """A context for trying things out can send nothing real."""
    story.ask_removal()

    assert world.messages[0].message.header.test


def test_what_the_profile_does_not_allow_never_leaves(
    story: Story, world: FakeWorld
) -> None:
    """The rules are those of the gateway, applied before anybody signs."""
    reasons = removal_pb2.Reasons(text="x")

    with pytest.raises(ProfileUnknown):
        story.regulator.request_removal(
            MESSENGER,
            item_rows(1),
            profile="KR.NOTHING",
            instrument=REQUEST,
            reasons=reasons,
        )
    with pytest.raises(RecipientInvalid):
        story.regulator.request_removal(
            PROSECUTOR,
            item_rows(1),
            profile="KR.CORRECTION",
            instrument=REQUEST,
            reasons=reasons,
        )
    rows = target_rows(1)
    content = [TargetRow(0, rows[0].target, disclosure_pb2.DATA_CATEGORY_CONTENT)]
    with pytest.raises(CategoryNotAllowed):
        story.police.draft_disclosure(
            MESSENGER,
            content,
            profile="XX.SUBSCRIBER",
            reasons=reasons,
            cosigners=[VALIDATOR],
        )

    assert "submit" not in world.calls
    assert not (story.regulator.state.folder / "outbox").exists()


def test_an_audience_without_keys_is_refused_by_party(story: Story) -> None:
    """A section that a party could not open is not sent."""
    with pytest.raises(FieldInvalid, match="no encryption key"):
        story.ask_removal(copies=["example-nobody"])


def test_a_missing_second_signature_is_found_before_the_first(story: Story) -> None:
    """The profile demands a validator: nobody is asked to sign in vain."""
    with pytest.raises(ApprovalMissing):
        story.police.draft_disclosure(
            MESSENGER,
            target_rows(1),
            profile="XX.SUBSCRIBER",
            reasons=removal_pb2.Reasons(text="x"),
        )


def test_a_context_without_signers_says_so(story: Story, world: FakeWorld) -> None:
    """Somebody who only reads cannot compose."""
    path = world.folder / f"{REGULATOR}.toml"
    text = path.read_text()
    path.write_text(text[: text.index("[[signer]]")])
    story.regulator.close()
    story.regulator = story.authority(REGULATOR)

    with pytest.raises(ConfigInvalid, match="at least one"):
        story.ask_removal()


def test_two_people_sign_one_file(story: Story, world: FakeWorld) -> None:
    """A draft travels as a file and keeps its bytes and its digest."""
    draft = story.police.draft_disclosure(
        MESSENGER,
        target_rows(2),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text="a crime"),
        cosigners=[VALIDATOR],
    )
    first = encode_draft(story.police.sign(draft))
    second = encode_draft(story.prosecutor.sign(parse_draft(first)))
    sent = story.police.submit(parse_draft(second))

    header = world.messages[0].message.header
    assert [s.party for s in header.signatories] == ["example-police", PROSECUTOR]
    assert [r.party for r in header.recipients] == [MESSENGER, PROSECUTOR]
    assert parse_draft(second).digest == draft.digest
    assert sent.index == 3


def test_a_draft_that_not_everybody_signed_is_not_sent(
    story: Story, world: FakeWorld
) -> None:
    """Submitting too early is found here."""
    draft = story.police.draft_disclosure(
        MESSENGER,
        target_rows(1),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text="x"),
        cosigners=[VALIDATOR],
    )

    with pytest.raises(SignatoriesMismatch):
        story.police.submit(story.police.sign(draft))

    assert "submit" not in world.calls


def test_nobody_signs_what_does_not_name_them(story: Story) -> None:
    """The regulator has no place in a draft of the police."""
    draft = story.police.draft_disclosure(
        MESSENGER,
        target_rows(1),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text="x"),
        cosigners=[VALIDATOR],
    )

    with pytest.raises(SignatoriesMismatch):
        story.regulator.sign(draft)
    with pytest.raises(ConfigInvalid):
        story.police.sign(draft, "nobody")


def test_a_cosigner_finds_sections_that_are_not_what_is_signed(story: Story) -> None:
    """What is shown for signing must be what is committed to."""
    draft = story.police.draft_disclosure(
        MESSENGER,
        target_rows(1),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text="x"),
        cosigners=[VALIDATOR],
    )
    other = story.police.draft_disclosure(
        MESSENGER,
        target_rows(2),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text="x"),
        cosigners=[VALIDATOR],
    )
    # The sender builds a message whose commitment is not to the content it seals.
    message = message_pb2.Message.FromString(draft.payload)
    message.header.sections[0].commitment = other.header.sections[0].commitment
    forged = parse_draft(
        encode_draft(
            type(draft)(
                message.SerializeToString(deterministic=True), message, {}, draft.sealed
            )
        )
    )

    with pytest.raises(CommitmentMismatch):
        story.prosecutor.sign(forged)


def test_a_cosigner_finds_a_first_signature_that_does_not_hold(story: Story) -> None:
    """A second signature under a forged first one is not given."""
    draft = story.police.draft_disclosure(
        MESSENGER,
        target_rows(1),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text="x"),
        cosigners=[VALIDATOR],
    )
    signed = story.police.sign(draft)
    (key_id,) = signed.signatures
    spoiled = type(signed)(
        signed.payload, signed.message, {key_id: b"\1" * 64}, signed.sealed
    )

    with pytest.raises(SignatureInvalid):
        story.prosecutor.sign(spoiled)


# --- what is interrupted ------------------------------------------------------------


def test_an_answer_that_is_lost_is_asked_for_again(
    story: Story, world: FakeWorld
) -> None:
    """Logged but not answered: the same bytes give the same entry."""
    world.faults.after.append(Unreachable("submit"))
    with pytest.raises(Unreachable):
        story.ask_removal()

    (sent,) = story.regulator.resend_outbox()

    assert len(world.messages) == 1
    assert sent.index == world.messages[0].index
    assert names_in(story.regulator.state.folder / "outbox") == []
    assert story.regulator.resend_outbox() == []


def test_what_was_not_logged_is_sent_again(story: Story, world: FakeWorld) -> None:
    """Refused for now, then taken: once."""
    draft = story.regulator.draft_removal(
        MESSENGER,
        item_rows(1),
        profile="KR.CORRECTION",
        instrument=REQUEST,
        reasons=removal_pb2.Reasons(text="x"),
    )
    draft = story.regulator.sign(draft)
    world.faults.on_submit.append(LogUnavailable("log"))
    with pytest.raises(LogUnavailable):
        story.regulator.submit(draft)

    assert world.messages == []
    assert len(story.regulator.resend_outbox()) == 1
    assert len(world.messages) == 1


def test_what_is_refused_for_good_is_set_aside(story: Story, world: FakeWorld) -> None:
    """The outbox would otherwise be stuck for ever."""
    world.faults.after.append(Unreachable("submit"))
    with pytest.raises(Unreachable):
        story.ask_removal()
    world.messages.clear()
    world.time += timedelta(days=40)

    with pytest.raises(Expired):
        story.regulator.resend_outbox()

    (name,) = names_in(story.regulator.state.folder / "outbox")
    assert name.endswith(".refused")


def test_a_follow_up_may_be_submitted_twice(story: Story, world: FakeWorld) -> None:
    """Also after the exchange has moved on."""
    story.ask_removal(1)
    exchange = next(iter(world.states))
    state = story.messenger.exchange(exchange).require_state()
    body = removal_pb2.RemovalReport()
    result = body.results.add(item_id="i1", outcome=removal_pb2.ITEM_OUTCOME_REMOVED)
    result.act_time.FromDatetime(world.time)
    draft = story.messenger.compose(
        body, recipients=[REGULATOR], profile="", sections={}, exchange=state
    )
    draft = story.messenger.sign(draft)

    first = story.messenger.submit(draft)
    second = story.messenger.submit(draft)

    assert first.index == second.index


def test_a_second_answer_to_an_item_is_refused_here(story: Story) -> None:
    """An outcome stands; the state is known before signing."""
    story.ask_removal(1)
    exchange = next(iter(story.world.states))
    state = story.messenger.exchange(exchange).require_state()
    body = removal_pb2.RemovalReport()
    result = body.results.add(item_id="i1", outcome=removal_pb2.ITEM_OUTCOME_REMOVED)
    result.act_time.FromDatetime(story.world.time)
    draft = story.messenger.compose(
        body, recipients=[REGULATOR], profile="", sections={}, exchange=state
    )
    story.messenger.submit(story.messenger.sign(draft))

    again = story.messenger.exchange(exchange).require_state()
    with pytest.raises(TransitionNotAllowed):
        story.messenger.compose(
            body, recipients=[REGULATOR], profile="", sections={}, exchange=again
        )


# --- receipts that do not hold ------------------------------------------------------


def test_a_receipt_that_does_not_hold_is_kept_and_the_draft_too(
    story: Story, world: FakeWorld
) -> None:
    """Evidence of the gateway, and the message to send again."""
    world.faults.on_receipt = lambda receipt: setattr(
        receipt, "proof", receipt.proof.replace(b"index 3", b"index 4")
    )
    story.regulator.directory()

    with pytest.raises(Exception, match="inclusion") as failure:
        story.ask_removal()

    kept = Path(failure.value.metadata["kept"])  # type: ignore[attr-defined]
    digest = hashlib.sha256((kept / "message.bin").read_bytes()).digest()
    assert digest == world.messages[0].message.digest
    assert (kept / "message.tlog-proof").exists()
    assert (kept / "report.txt").exists()
    assert len(story.regulator.state.outbox()) == 1


def test_a_checkpoint_without_the_second_signature_is_refused(
    story: Story, world: FakeWorld
) -> None:
    """Both of the log's keys must sign."""
    story.regulator.directory()
    world.log.signers = world.log.signers[:1]  # type: ignore[assignment]

    with pytest.raises(NoteUnverified):
        story.ask_removal()
