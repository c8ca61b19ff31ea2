"""Receiving: whatever the gateway alters, withholds or invents is found and kept."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rogatory.client import Client
from rogatory.envelope import SigningKey, parse_envelope, sign_payload
from rogatory.errors import (
    CommitmentMismatch,
    ConsistencyInvalid,
    ExchangeUnknown,
    InclusionInvalid,
    MessageUnverified,
    NoteUnverified,
    NotFound,
    OpeningMismatch,
    ReceiptMismatch,
    SealedMismatch,
    SectionUnreadable,
    VerificationError,
)
from rogatory.received import Received
from rogatory.v1 import (
    disclosure_pb2,
    exchange_service_pb2,
    message_pb2,
    receipt_pb2,
    removal_pb2,
    section_pb2,
)
from rogatory_gateway.dev.parties import MESSENGER, POLICE, PROSECUTOR, REGULATOR
from tests.support.fake_gateway import FakeWorld
from tests.support.story import Story, result_rows

Delivered = receipt_pb2.DeliveredMessage


def test_a_message_arrives_verified_and_opens(story: Story) -> None:
    """All that a platform needs is in what it receives."""
    sent = story.ask_removal(2)

    (received,) = story.messenger.inbox()

    assert (received.index, received.number) == (sent.index, 1)
    assert (received.kind, received.sender) == ("removal_request", REGULATOR)
    assert received.exchange_id == sent.exchange_id
    assert received.profile is not None
    assert received.profile.id == "KR.CORRECTION"
    items = received.open_as("items", removal_pb2.RemovalItems).items
    assert [item.item_id for item in items] == ["i1", "i2"]
    assert received.open_as("reasons", removal_pb2.Reasons).file_number == "7"


def test_its_receipt_is_kept(story: Story, world: FakeWorld) -> None:
    """The receiver can prove later what it got, and when."""
    story.ask_removal()
    list(story.messenger.inbox())

    folder = story.messenger.state.folder / "messages"
    names = sorted(path.name for path in folder.iterdir())
    stem = "000000000003"
    assert names == [f"{stem}.{e}" for e in ("bin", "entry", "openings", "tlog-proof")]
    assert (folder / f"{stem}.entry").read_bytes() == world.log.entries[3]


def test_a_section_that_is_not_there_or_not_ours_is_named(story: Story) -> None:
    """Asking for the wrong section is a mistake, not a fault of anybody."""
    story.ask_removal(copies=[PROSECUTOR])
    (received,) = story.messenger.inbox()

    with pytest.raises(NotFound, match="items, reasons"):
        received.open("nothing")


def test_a_section_sealed_to_keys_that_we_do_not_hold_says_so(
    story: Story, world: FakeWorld
) -> None:
    """Another machine of the party may have them."""
    story.ask_removal()
    context = replace(world.context(MESSENGER), encryption_key_files=())
    with Client(context, gateway=world.gateway(MESSENGER), clock=world.now) as keyless:
        (received,) = keyless.inbox()

        with pytest.raises(SectionUnreadable):
            received.open("items")


def _cut_openings(delivered: Delivered) -> None:
    del delivered.receipt.openings[:]


def _cut_inbox(delivered: Delivered) -> None:
    kept = [o for o in delivered.receipt.openings if o.kind != 3]
    del delivered.receipt.openings[:]
    delivered.receipt.openings.extend(kept)


def _other_number(delivered: Delivered) -> None:
    for opening in delivered.receipt.openings:
        if opening.kind == receipt_pb2.OPENING_KIND_INBOX:
            opening.number += 1


def _other_salt(delivered: Delivered) -> None:
    for opening in delivered.receipt.openings:
        opening.salt = bytes(32)


def _short_salt(delivered: Delivered) -> None:
    for opening in delivered.receipt.openings:
        opening.salt = b"x"


def _other_ciphertext(delivered: Delivered) -> None:
    box = delivered.sealed_sections[0]
    box.ciphertext = bytes(len(box.ciphertext))


def _withheld_ciphertext(delivered: Delivered) -> None:
    del delivered.sealed_sections[0]


def _relabelled_ciphertext(delivered: Delivered) -> None:
    first, second = delivered.sealed_sections
    first.section, second.section = second.section, first.section


def _other_digests(delivered: Delivered) -> None:
    delivered.sealed_digests[0] = bytes(32)


def _no_envelope(delivered: Delivered) -> None:
    delivered.envelope = b""


def _altered_envelope(delivered: Delivered) -> None:
    raw = bytearray(delivered.envelope)
    raw[-1] ^= 1
    delivered.envelope = bytes(raw)


def _altered_entry(delivered: Delivered) -> None:
    delivered.receipt.entry = delivered.receipt.entry.replace(b"2026", b"2027", 1)


def _no_proof(delivered: Delivered) -> None:
    delivered.receipt.proof = b"trust me"


def _unsigned(delivered: Delivered) -> None:
    head = delivered.receipt.proof.split("\n— ".encode())[0]
    delivered.receipt.proof = head + "\n— x AAAAAAA=\n".encode()


LIES = {
    _cut_openings: ReceiptMismatch,
    _cut_inbox: ReceiptMismatch,
    _other_number: OpeningMismatch,
    _other_salt: OpeningMismatch,
    _short_salt: OpeningMismatch,
    _other_ciphertext: SealedMismatch,
    _withheld_ciphertext: SealedMismatch,
    _relabelled_ciphertext: SealedMismatch,
    _other_digests: SealedMismatch,
    _no_envelope: MessageUnverified,
    _altered_envelope: ReceiptMismatch,
    _altered_entry: InclusionInvalid,
    _no_proof: InclusionInvalid,
    _unsigned: NoteUnverified,
}


@pytest.mark.parametrize(("lie", "error"), LIES.items(), ids=lambda x: x.__name__)
def test_an_altered_delivery_is_refused_and_kept(
    story: Story,
    world: FakeWorld,
    lie: Callable[[Delivered], None],
    error: type[VerificationError],
) -> None:
    """Each part of a delivery is covered by what the gateway cannot forge."""
    story.ask_removal()
    world.faults.on_delivered = lie

    with pytest.raises(error) as failure:
        list(story.messenger.inbox())

    kept = Path(failure.value.metadata["kept"])
    assert kept.parent == story.messenger.state.folder / "evidence"
    assert (kept / "message.tlog-proof").exists()
    assert story.messenger.state.cursor() == 0


def admit(
    story: Story, envelope: bytes, sealed: list[section_pb2.SealedSection]
) -> None:
    """Let the gateway log a message whatever the rules say."""
    story.world.faults.admit_all = True
    story.regulator.gateway.submit(envelope, sealed)
    story.world.faults.admit_all = False


def forged(
    story: Story, change: Callable[[message_pb2.Message], None]
) -> tuple[bytes, list[section_pb2.SealedSection]]:
    """Return a request, altered by its own signer before it was signed."""
    story.ask_removal(1)
    stored = story.world.messages.pop()
    story.world.received[MESSENGER].pop()
    message = message_pb2.Message.FromString(stored.message.envelope.payload)
    change(message)
    raw = message.SerializeToString(deterministic=True)
    key = story.regulator.context.signers[0].load_key()
    return sign_payload(raw, [key]), list(stored.sealed)


def _real(message: message_pb2.Message) -> None:
    message.header.profile.digest = bytes(32)


def _no_reasons(message: message_pb2.Message) -> None:
    del message.header.sections[1:]


def _elsewhere(message: message_pb2.Message) -> None:
    message.header.origin = "other.example/log"


def _expired(message: message_pb2.Message) -> None:
    message.header.create_time.seconds -= 20 * 86400
    message.header.expire_time.seconds -= 20 * 86400


@pytest.mark.parametrize("change", [_real, _no_reasons, _elsewhere, _expired])
def test_a_message_that_should_not_have_been_logged_is_refused(
    story: Story, change: Callable[[message_pb2.Message], None]
) -> None:
    """The receiver applies profile, directory and clock itself."""
    admit(story, *forged(story, change))

    with pytest.raises((MessageUnverified, SealedMismatch)) as failure:
        list(story.messenger.inbox())

    assert Path(failure.value.metadata["kept"]).is_dir()


def test_a_message_of_nobody_is_refused(story: Story, world: FakeWorld) -> None:
    """A gateway that invents a message has no key to sign it."""
    story.ask_removal(1)
    stored = world.messages[0]
    payload = stored.message.envelope.payload
    stranger = SigningKey.generate()
    forgery = parse_envelope(sign_payload(payload, [stranger]))
    # The gateway logs its own invention: entry, proof and openings all hold.
    invented = replace(stored.message, envelope=forgery)
    world.received[MESSENGER].clear()
    world.log_message(invented, stored.sealed, stored.digests)

    with pytest.raises(MessageUnverified, match="signature") as failure:
        list(story.messenger.inbox())

    assert failure.value.metadata["cause"] == "SIGNATORIES_MISMATCH"


# --- numbers ------------------------------------------------------------------------


def test_a_withheld_message_is_missed(story: Story, world: FakeWorld) -> None:
    """Numbers have no holes."""
    for _ in range(3):
        story.ask_removal(1)
    world.faults.withheld = {2}

    inbox = story.messenger.inbox()
    assert next(inbox).number == 1
    with pytest.raises(ReceiptMismatch, match="number 3") as failure:
        next(inbox)

    assert "withholds" in str(failure.value)
    assert story.messenger.state.cursor() == 1


def test_a_withheld_first_message_is_missed(story: Story, world: FakeWorld) -> None:
    """The first number is 1."""
    story.ask_removal(1)
    story.ask_removal(1)
    world.faults.withheld = {1}

    with pytest.raises(ReceiptMismatch, match="number 2"):
        next(story.messenger.inbox())


def test_two_histories_of_a_number_are_noticed(story: Story, world: FakeWorld) -> None:
    """What was number 1 yesterday cannot be another message today."""
    story.ask_removal(1)
    story.ask_removal(1)
    list(story.messenger.inbox())
    world.received[MESSENGER].reverse()
    for number, stored in enumerate(world.received[MESSENGER], 1):
        for opening in stored.openings:
            if opening.kind == receipt_pb2.OPENING_KIND_INBOX:
                opening.number = number

    with pytest.raises(VerificationError):
        list(story.messenger.inbox(after=0))


def test_an_inbox_goes_on_behind_the_last_message_that_was_handled(
    story: Story,
) -> None:
    """A handler that fails gets its message again."""
    for _ in range(3):
        story.ask_removal(1)
    inbox = story.messenger.inbox()
    next(inbox)
    next(inbox)

    assert [received.number for received in story.messenger.inbox()] == [2, 3]
    assert list(story.messenger.inbox()) == []


def test_an_explicit_start_leaves_the_cursor_alone(story: Story) -> None:
    """Looking again does not change what is new."""
    story.ask_removal(1)
    story.ask_removal(1)

    assert [received.number for received in story.messenger.inbox(after=1)] == [2]
    assert story.messenger.state.cursor() == 0


def test_a_watch_hands_over_and_remembers(story: Story) -> None:
    """At least once: the cursor moves after the handler has returned."""
    for _ in range(3):
        story.ask_removal(1)
    got: list[int] = []

    def handle(received: Received) -> None:
        if received.number == 3:
            raise RuntimeError("out of paper")
        got.append(received.number)

    with pytest.raises(RuntimeError):
        story.messenger.watch(handle)

    assert got == [1, 2]
    assert story.messenger.state.cursor() == 2


def test_a_watch_ends_after_as_many_as_asked(story: Story) -> None:
    """For scripts."""
    for _ in range(3):
        story.ask_removal(1)
    got: list[Received] = []

    assert story.messenger.watch(got.append, stop_after=2) == 2
    assert story.messenger.watch(got.append, stop_after=0) == 0
    assert [received.number for received in got] == [1, 2]


# --- one log for everybody ----------------------------------------------------------


def test_a_rewritten_log_is_noticed(story: Story, world: FakeWorld) -> None:
    """An entry that was changed later breaks consistency with what was seen."""
    story.ask_removal(1)
    entry = world.log.entries[3]
    world.log.replace(3, entry.replace(b"T10:", b"T11:", 1))

    with pytest.raises(ConsistencyInvalid) as failure:
        story.ask_removal(1)

    kept = Path(failure.value.metadata["kept"])
    names = {path.name for path in kept.iterdir()}
    assert {"newest.checkpoint", "seen.checkpoint", "report.txt"} <= names


def test_another_root_at_the_same_size_is_noticed(
    story: Story, world: FakeWorld
) -> None:
    """Two checkpoints of one size are two logs."""
    story.ask_removal(1)
    world.log.replace(3, world.log.entries[3].replace(b"T10:", b"T11:", 1))

    with pytest.raises(ConsistencyInvalid):
        story.regulator.checkpoint()


def test_a_shorter_log_is_noticed(story: Story, world: FakeWorld) -> None:
    """A gateway that lost what it signed cannot prove that it has it."""
    story.ask_removal(1)
    story.ask_removal(1)
    world.log.truncate(4)

    with pytest.raises(ConsistencyInvalid, match="at least 5 entries"):
        story.regulator.checkpoint()


def test_an_older_checkpoint_is_proved_too(story: Story, world: FakeWorld) -> None:
    """A proof may be against an older tree, if ours contains it."""
    story.ask_removal(1)
    story.ask_removal(1)
    older = world.log.proof(3, 4)
    world.faults.on_delivered = lambda d: setattr(d.receipt, "proof", older)
    story.messenger.directory()
    story.messenger.checkpoint()

    assert next(story.messenger.inbox()).receipt.checkpoint.size == 4


def test_an_older_checkpoint_of_another_log_is_noticed(
    story: Story, world: FakeWorld
) -> None:
    """A receipt from a private fork, with a valid signature."""
    story.ask_removal(1)
    story.messenger.checkpoint()
    fork = world.log.entries[2]
    world.log.replace(2, fork.replace(b"T10:", b"T11:", 1))
    forked = world.log.proof(3, 4)
    world.log.replace(2, fork)
    story.ask_removal(1)
    world.faults.on_delivered = lambda d: setattr(d.receipt, "proof", forked)

    with pytest.raises(VerificationError):
        next(story.messenger.inbox())


def test_a_log_that_grows_while_we_ask_is_fine(story: Story, world: FakeWorld) -> None:
    """The gateway's newest checkpoint may be newer than the one to be proved."""
    story.ask_removal(1)
    list(story.messenger.inbox())
    story.ask_removal(1)
    middle = world.log.proof(3, 5)
    for _ in range(300):
        world.log.append(world.log.entries[-1])
    world.faults.on_delivered = lambda d: setattr(d.receipt, "proof", middle)

    received = next(story.messenger.inbox(after=0))

    newest = story.messenger._heads.newest()
    assert received.receipt.checkpoint.size == 5
    assert newest is not None
    assert newest.size == 305


# --- exchanges ----------------------------------------------------------------------


def test_an_exchange_is_derived_from_its_messages(story: Story) -> None:
    """Items, outcomes, words and times, joined from sections of both sides."""
    sent = story.ask_removal(2)
    story.messenger.report_removal(
        sent.exchange_id, result_rows({"i1": "removed"}, {"i2": "which one"}), "note"
    )

    view = story.regulator.exchange(sent.exchange_id)

    assert view.state_name == "clarification"
    assert (view.requester, view.addressee) == (REGULATOR, MESSENGER)
    assert (view.kind, view.profile, view.test) == (
        "removal_request",
        "KR.CORRECTION",
        True,
    )
    assert [message.kind for message in view.messages] == [
        "removal_request",
        "removal_report",
        "clarification_request",
    ]
    one, two = view.parts
    assert (one.state, two.state) == ("removed", "clarification")
    assert one.detail is not None
    assert one.detail.explanation == "done"
    assert one.act_time is not None
    assert one.act_time.isoformat() == "2026-11-20T12:00:00+00:00"
    assert one.item is not None
    assert one.item.locator == "https://files.example/i1"
    assert two.ground == "identifier_ambiguous"
    assert [words for _, words in view.questions] == ["i2: which one"]
    assert view.unreadable == ()
    assert view.reasons is not None


@pytest.mark.parametrize(
    "lie",
    [
        lambda e: setattr(e, "state", 4),
        lambda e: setattr(e.parts[0], "state", "removed"),
        lambda e: setattr(e, "test", False),
        lambda e: setattr(e, "newest_digest", bytes(32)),
        lambda e: setattr(e, "addressee", "example-other"),
        lambda e: e.parts.add(id="i9", state="pending"),
    ],
    ids=["state", "part", "test", "newest", "addressee", "more-parts"],
)
def test_a_claim_that_differs_from_the_messages_is_refused(
    story: Story,
    world: FakeWorld,
    lie: Callable[[exchange_service_pb2.Exchange], object],
) -> None:
    """The gateway's own view is believed only as far as the messages carry it."""
    sent = story.ask_removal(2)
    world.faults.on_exchange = lie

    with pytest.raises(VerificationError):
        story.regulator.exchange(sent.exchange_id)


def test_a_message_left_out_of_an_exchange_is_missed(
    story: Story, world: FakeWorld
) -> None:
    """Both sides see every message of theirs."""
    sent = story.ask_removal(1)
    story.messenger.report_removal(sent.exchange_id, result_rows({"i1": "removed"}))
    world.faults.hide_last = True

    with pytest.raises(VerificationError, match="withholds"):
        story.regulator.exchange(sent.exchange_id)


def test_a_party_in_copy_sees_what_concerns_it(story: Story) -> None:
    """It takes the gateway's word for the state, and says so."""
    sent = story.ask_disclosure(1)
    story.messenger.disclose(
        sent.exchange_id, {}, {"t1": disclosure_pb2.TASK_OUTCOME_NO_DATA}
    )

    view = story.prosecutor.exchange(sent.exchange_id)

    assert view.state_name == "answered"
    assert view.lifecycle is None
    assert [message.kind for message in view.messages] == ["disclosure_request"]
    assert view.parts[0].target is not None


def test_an_exchange_of_others_does_not_exist_for_us(story: Story) -> None:
    """Ids cannot be probed."""
    sent = story.ask_removal(1)

    with pytest.raises(ExchangeUnknown):
        story.police.exchange(sent.exchange_id)


def test_exchanges_are_listed_newest_first(story: Story) -> None:
    """For an overview."""
    first = story.ask_removal(1)
    second = story.ask_removal(1)

    found = [each.exchange_id for each in story.regulator.exchanges()]

    assert found == [second.exchange_id, first.exchange_id]


def test_a_section_that_does_not_open_leaves_the_rest_readable(
    story: Story, world: FakeWorld
) -> None:
    """What cannot be read is listed with the reason."""
    sent = story.ask_removal(1)
    context = replace(world.context(MESSENGER), encryption_key_files=())
    with Client(context, gateway=world.gateway(MESSENGER), clock=world.now) as keyless:
        view = keyless.exchange(sent.exchange_id)

    assert [each.section for each in view.unreadable] == ["items", "reasons"]
    assert view.parts[0].item is None
    assert view.parts[0].state == "pending"


def test_a_section_other_than_committed_is_evidence_against_the_sender(
    story: Story,
) -> None:
    """Provable with what was kept: it opens, to something else than was signed."""

    def swap(message: message_pb2.Message) -> None:
        message.header.sections[0].commitment = bytes(32)

    admit(story, *forged(story, swap))
    (received,) = story.messenger.inbox()

    with pytest.raises(CommitmentMismatch):
        received.open("items")


def test_a_closed_client_stops_its_watches(story: Story) -> None:
    """Closing twice is harmless."""
    story.police.close()
    story.police.close()

    assert story.police.gateway.closed is False  # type: ignore[attr-defined]
    assert story.police.party == POLICE
