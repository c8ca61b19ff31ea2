"""What authorities and platforms do, told as they do it."""

from pathlib import Path

import pytest

from rogatory.errors import (
    ApprovalMissing,
    BlobMismatch,
    FieldInvalid,
    ItemUnknown,
    LimitExceeded,
    Malformed,
    NotPermitted,
    TransitionNotAllowed,
)
from rogatory.tables import ResultRow
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    removal_pb2,
)
from tests.support.fake_gateway import FakeWorld
from tests.support.story import (
    VALIDATOR,
    Story,
    item_rows,
    result_rows,
    target_rows,
)

DISCLOSED = disclosure_pb2.TASK_OUTCOME_DISCLOSED
UNDECIDED = removal_pb2.ITEM_OUTCOME_UNSPECIFIED
NO_DATA = disclosure_pb2.TASK_OUTCOME_NO_DATA
AMBIGUOUS = clarification_pb2.CLARIFICATION_GROUND_IDENTIFIER_AMBIGUOUS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Give a file of a platform's."""
    path = tmp_path / "subscriber.json"
    path.write_bytes(b'{"name": "made up"}' * 1000)
    return path


# --- removal ------------------------------------------------------------------------


def test_every_item_reaches_an_outcome(story: Story) -> None:
    """Asked, answered, one sent back, corrected, answered."""
    sent = story.ask_removal(3)
    exchange = sent.exchange_id
    reports = story.messenger.report_removal(
        exchange,
        result_rows({"i1": "removed", "i2": "already_gone"}, {"i3": "which one?"}),
        "quick",
    )
    story.regulator.answer_clarification(exchange, "this one", item_rows(3)[2:])
    story.messenger.report_removal(exchange, result_rows({"i3": "not_found"}))

    view = story.regulator.exchange(exchange)
    assert [report.kind for report in reports] == [
        "removal_report",
        "clarification_request",
    ]
    assert [part.state for part in view.parts] == [
        "removed",
        "already_gone",
        "not_found",
    ]
    assert view.state_name == "answered"
    assert [words for _, words in view.questions] == ["i3: which one?", "this one"]


def test_the_platform_reads_items_as_last_corrected(story: Story) -> None:
    """A corrected row replaces the one of the request."""
    sent = story.ask_removal(2)
    story.messenger.ask(sent.exchange_id, {"i2": AMBIGUOUS}, "which?")
    (corrected,) = item_rows(2)[1:]
    corrected.item.locator = "https://files.example/right"
    story.regulator.answer_clarification(sent.exchange_id, "", [corrected])

    items = story.messenger.items(sent.exchange_id)

    assert [item.locator for item in items] == [
        "https://files.example/i1",
        "https://files.example/right",
    ]


def test_items_are_not_for_those_who_were_not_asked(story: Story) -> None:
    """A disclosure has none."""
    sent = story.ask_disclosure(1)

    with pytest.raises(Malformed):
        story.messenger.items(sent.exchange_id)


def test_an_item_that_was_not_asked_for_cannot_be_reported(story: Story) -> None:
    """Nothing is sent for a wrong id."""
    sent = story.ask_removal(1)
    rows = result_rows({"i1": "removed", "i9": "removed"})

    with pytest.raises(ItemUnknown, match="i9"):
        story.messenger.report_removal(sent.exchange_id, rows)

    assert len(story.world.messages) == 1


def test_a_question_that_is_too_long_is_refused_before_anything_is_sent(
    story: Story,
) -> None:
    """Neither half of the table goes out."""
    sent = story.ask_removal(6)
    rows = result_rows({"i1": "removed"})
    rows += [
        ResultRow(0, f"i{n}", UNDECIDED, AMBIGUOUS, None, 0, "x" * 4096, 0, 0)
        for n in range(2, 7)
    ]

    with pytest.raises(LimitExceeded):
        story.messenger.report_removal(sent.exchange_id, rows)

    assert len(story.world.messages) == 1


def test_an_answer_to_no_question_is_refused(story: Story) -> None:
    """And so is one about another item, and one without words."""
    sent = story.ask_removal(2)
    with pytest.raises(TransitionNotAllowed):
        story.regulator.answer_clarification(sent.exchange_id, "yes")
    story.messenger.ask(sent.exchange_id, {"i2": AMBIGUOUS}, "which?")

    with pytest.raises(FieldInvalid, match="i1"):
        story.regulator.answer_clarification(sent.exchange_id, "", item_rows(1))
    with pytest.raises(FieldInvalid):
        story.regulator.answer_clarification(sent.exchange_id, "")


def test_a_copy_goes_to_others_who_can_read_it(story: Story) -> None:
    """A prosecutor in copy opens the items, and answers nothing."""
    sent = story.ask_removal_with_copy()

    (received,) = story.prosecutor.inbox()

    assert received.sections == ("items", "reasons")
    assert received.open("items")
    story.messenger.ask(sent.exchange_id, {"i2": AMBIGUOUS}, "which?")
    with pytest.raises(NotPermitted, match="all of its messages"):
        story.prosecutor.answer_clarification(sent.exchange_id, "x")


# --- disclosure ---------------------------------------------------------------------


def test_files_arrive_whole_and_are_confirmed(
    story: Story, world: FakeWorld, file: Path, tmp_path: Path
) -> None:
    """Encrypted, uploaded, downloaded, decrypted, receipted."""
    sent = story.ask_disclosure(2)
    told: list[tuple[str, int, int]] = []
    story.messenger.disclose(
        sent.exchange_id,
        {"t1": [file]},
        {"t2": NO_DATA},
        note="UTC throughout",
        progress=lambda *facts: told.append(facts),
    )
    (sealed,) = world.blobs.values()

    paths = story.police.receive_files(
        sent.exchange_id, tmp_path / "out", lambda *facts: told.append(facts)
    )

    assert [path.name for path in paths] == ["subscriber.json"]
    assert paths[0].read_bytes() == file.read_bytes()
    assert b"made up" not in sealed
    view = story.messenger.exchange(sent.exchange_id)
    assert view.state_name == "delivered_confirmed"
    assert [part.state for part in view.parts] == ["disclosed", "no_data"]
    assert [each.status for each in view.files] == ["integrity_ok"]
    assert {what.split()[0] for what, _, _ in told} == {
        "encrypt",
        "upload",
        "download",
        "decrypt",
    }
    for client in (story.messenger, story.police):
        assert list(client.state.spool.iterdir()) == []


def test_what_opens_a_file_is_in_no_repr(story: Story, file: Path) -> None:
    """A view that is printed gives no secret away."""
    sent = story.ask_disclosure(1)
    story.messenger.disclose(sent.exchange_id, {"t1": [file]})

    view = story.police.exchange(sent.exchange_id)

    assert view.files[0].manifest is not None
    assert "AGE-SECRET-KEY" in view.files[0].manifest.age_identity
    assert "AGE-SECRET-KEY" not in repr(view.files)


def test_one_file_can_answer_two_tasks(story: Story, file: Path) -> None:
    """It travels once."""
    sent = story.ask_disclosure(2)
    story.messenger.disclose(sent.exchange_id, {"t1": [file], "t2": [file]})

    (found,) = story.police.exchange(sent.exchange_id).files
    assert found.manifest is not None
    assert list(found.manifest.task_ids) == ["t1", "t2"]


def test_a_media_type_can_be_given(story: Story, file: Path) -> None:
    """Otherwise it is guessed from the name."""
    sent = story.ask_disclosure(1)
    story.messenger.disclose(sent.exchange_id, [(file, ["t1"], "text/x-made-up")])

    (found,) = story.police.exchange(sent.exchange_id).files
    assert found.manifest is not None
    assert found.manifest.media_type == "text/x-made-up"


def test_no_data_needs_no_file(story: Story) -> None:
    """And leaves nothing to receive."""
    sent = story.ask_disclosure(1)
    story.messenger.disclose(sent.exchange_id, {}, {"t1": NO_DATA})

    assert story.police.exchange(sent.exchange_id).state_name == "answered"
    assert story.police.receive_files(sent.exchange_id, story.world.folder) == []


def test_a_task_that_was_not_asked_is_refused_before_anything_is_uploaded(
    story: Story, world: FakeWorld, file: Path
) -> None:
    """No file leaves for a wrong id."""
    sent = story.ask_disclosure(1)

    with pytest.raises(FieldInvalid, match="t9"):
        story.messenger.disclose(sent.exchange_id, {"t9": [file]})

    assert world.blobs == {}


def test_a_file_that_decrypts_to_something_else_is_reported_as_failed(
    story: Story, world: FakeWorld, file: Path, tmp_path: Path
) -> None:
    """The receiver says so under its signature, and keeps the file."""
    sent = story.ask_disclosure(1)
    story.messenger.disclose(sent.exchange_id, {"t1": [file]})
    real = story.police.exchange

    def lied_to(exchange_id: str) -> object:
        view = real(exchange_id)
        for each in view.files:
            assert each.manifest is not None
            each.manifest.plaintext_sha256 = bytes(32)
        return view

    story.police.exchange = lied_to  # type: ignore[method-assign, assignment]
    with pytest.raises(BlobMismatch) as failure:
        story.police.receive_files(sent.exchange_id, tmp_path / "out")
    story.police.exchange = real  # type: ignore[method-assign]

    assert (Path(failure.value.metadata["kept"]) / "file.age").exists()
    assert list((tmp_path / "out").iterdir()) == []
    (found,) = story.messenger.exchange(sent.exchange_id).files
    assert found.status == "integrity_failed"


def test_a_second_receipt_is_not_sent(
    story: Story, world: FakeWorld, file: Path, tmp_path: Path
) -> None:
    """Receiving again gives the files again and says nothing new."""
    sent = story.ask_disclosure(1)
    story.messenger.disclose(sent.exchange_id, {"t1": [file]})
    story.police.receive_files(sent.exchange_id, tmp_path / "a")
    count = len(world.messages)

    assert len(story.police.receive_files(sent.exchange_id, tmp_path / "b")) == 1
    assert len(world.messages) == count


def test_a_seal_may_not_disclose(story: Story, file: Path) -> None:
    """The profile wants a person; the seal is refused before anything is signed."""
    sent = story.ask_disclosure(1)

    with pytest.raises(ApprovalMissing):
        story.messenger.disclose(sent.exchange_id, {"t1": [file]}, signer="seal")


def test_secrecy_travels_with_the_request(story: Story) -> None:
    """It has a mode and an end."""
    secrecy = disclosure_pb2.Confidentiality(
        mode=disclosure_pb2.CONFIDENTIALITY_MODE_COURT_ORDER
    )
    secrecy.expire_time.FromDatetime(story.world.time)
    draft = story.police.draft_disclosure(
        "example-messenger",
        target_rows(1),
        profile="XX.SUBSCRIBER",
        reasons=removal_pb2.Reasons(text="x"),
        cosigners=[VALIDATOR],
        confidentiality=secrecy,
    )

    assert "secrecy          court order" in story.police.describe(draft)
