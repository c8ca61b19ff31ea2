"""Directory and profiles: from a trust anchor, at every place of the log."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rogatory.client import Client
from rogatory.directory import build_profiles, build_statement
from rogatory.envelope import SigningKey
from rogatory.errors import (
    ConsistencyInvalid,
    InclusionInvalid,
    MessageUnverified,
    ProfileUnknown,
    ReceiptMismatch,
    UnknownSigner,
    VerificationError,
)
from rogatory.profiles import shipped
from rogatory.tlog import DirectoryEntry, encode_entry
from rogatory.v1 import (
    directory_pb2,
    directory_service_pb2,
    message_pb2,
    removal_pb2,
)
from rogatory_gateway.dev.parties import MESSENGER, OPERATOR, REGULATOR
from tests.support.fake_gateway import FakeWorld
from tests.support.story import REQUEST, Story, item_rows

Statement = directory_service_pb2.LoggedStatement
_VOUCHING = ((OPERATOR, "registrar-1"), (REGULATOR, "registrar-1"))


def vouching(
    world: FakeWorld,
) -> tuple[list[message_pb2.Signatory], list[SigningKey]]:
    """Return the two who give power, and their keys."""
    registrar = message_pb2.CAPACITY_REGISTRAR
    return [
        message_pb2.Signatory(party=p, signer_id=s, capacity=registrar)
        for p, s in _VOUCHING
    ], [world.parties[p].signer(s).key for p, s in _VOUCHING]


def change(world: FakeWorld, record: directory_pb2.DirectoryRecord) -> bytes:
    """Return the next directory statement."""
    signatories, keys = vouching(world)
    return build_statement(
        world.directory,
        [record],
        create_time=world.time,
        signatories=signatories,
        keys=keys,
    )


def a_record(world: FakeWorld) -> directory_pb2.DirectoryRecord:
    """Return some record as it stands."""
    raw = next(iter(world.directory.records.values()))
    return directory_pb2.DirectoryRecord.FromString(raw)


def suspended(world: FakeWorld, party: str, signer: str) -> bytes:
    """Return a statement that suspends a signer."""
    record = directory_pb2.DirectoryRecord.FromString(
        world.directory.records[f"signer/{party}/{signer}"]
    )
    record.signer.status = directory_pb2.RECORD_STATUS_SUSPENDED
    return change(world, record)


def test_both_are_fetched_verified_and_remembered(
    story: Story, world: FakeWorld
) -> None:
    """Later commands fetch only what is new."""
    directory = story.regulator.directory()
    profiles = story.regulator.profiles()

    assert directory.index == 1
    assert set(directory.parties()) == set(world.parties)
    assert profiles.index == 2
    assert set(profiles.profiles) == {"KR.CORRECTION", "XX.SUBSCRIBER"}
    world.calls.clear()
    story.authority(REGULATOR).directory()
    assert world.calls == ["list_statements"]


def test_a_first_statement_other_than_the_trust_anchor_is_refused(
    story: Story, world: FakeWorld
) -> None:
    """The context says which directory it is; the gateway cannot found another."""
    context = replace(world.context(REGULATOR), genesis=bytes(32))
    client = Client(context, gateway=world.gateway(REGULATOR))

    with pytest.raises(VerificationError, match="trust anchor") as failure:
        client.directory()

    assert (Path(failure.value.metadata["kept"]) / "statement.bin").exists()
    client.close()


def _other_envelope(statement: Statement) -> None:
    statement.envelope += b"x"


def _other_index(statement: Statement) -> None:
    statement.index += 1


def _no_entry(statement: Statement) -> None:
    statement.entry = b"entry"


def _wrong_kind(statement: Statement) -> None:
    statement.entry = statement.entry.replace(b"kind directory", b"kind profiles")


@pytest.mark.parametrize(
    ("lie", "error"),
    [
        (_other_envelope, ReceiptMismatch),
        (_other_index, InclusionInvalid),
        (_no_entry, InclusionInvalid),
        (_wrong_kind, InclusionInvalid),
    ],
    ids=["envelope", "index", "entry", "kind"],
)
def test_a_statement_that_is_not_the_logged_one_is_refused(
    story: Story,
    world: FakeWorld,
    lie: Callable[[Statement], None],
    error: type[VerificationError],
) -> None:
    """Only what everybody can see in the log counts."""
    world.faults.on_statement = lie

    with pytest.raises(error):
        story.regulator.directory()


def test_a_statement_that_gives_power_without_two_signatures_is_refused(
    story: Story, world: FakeWorld
) -> None:
    """Logged is not enough: the rules must hold."""
    story.regulator.directory()
    signatories, keys = vouching(world)
    lonely = build_statement(
        world.directory,
        [a_record(world)],
        create_time=world.time,
        signatories=signatories[:1],
        keys=keys[:1],
    )
    digest = hashlib.sha256(lonely).digest()
    entry = encode_entry(DirectoryEntry(world.time, 1, digest))
    index = world.log.append(entry)
    world.statements.append(Statement(index=index, envelope=lonely, entry=entry))

    with pytest.raises(MessageUnverified) as failure:
        story.regulator.directory()

    assert failure.value.metadata["cause"] == "APPROVAL_MISSING"


def test_a_message_is_judged_by_the_directory_of_its_place(
    story: Story, world: FakeWorld
) -> None:
    """What somebody signed while active stands after they were suspended."""
    story.ask_removal(1)
    world.state_anew(suspended(world, REGULATOR, "clerk-1"))

    (received,) = story.messenger.inbox()

    assert received.directory.index == 1
    with pytest.raises(UnknownSigner):
        story.ask_removal(1)


def test_a_message_of_a_suspended_signer_is_refused(
    story: Story, world: FakeWorld
) -> None:
    """The gateway may not log it; if it does, everybody sees that."""
    story.regulator.directory()
    draft = story.ask_removal(1)
    stored = world.messages.pop()
    world.received[MESSENGER].clear()
    world.state_anew(suspended(world, REGULATOR, "clerk-1"))
    world.log_message(stored.message, stored.sealed, stored.digests)

    with pytest.raises(MessageUnverified) as failure:
        list(story.messenger.inbox())

    assert failure.value.metadata["cause"] == "UNKNOWN_SIGNER"
    assert draft.index == 3


def test_an_entry_that_names_an_older_directory_is_refused(
    story: Story, world: FakeWorld
) -> None:
    """A gateway cannot judge by yesterday's directory."""
    story.regulator.directory()
    draft = story.regulator.draft_removal(
        MESSENGER,
        item_rows(1),
        profile="KR.CORRECTION",
        instrument=REQUEST,
        reasons=removal_pb2.Reasons(text="x"),
    )
    draft = story.regulator.sign(draft)
    world.state_anew(change(world, a_record(world)))
    world.directory = replace(world.directory, index=1)
    story.regulator.gateway.submit(draft.envelope(), draft.sealed)

    with pytest.raises(VerificationError, match="directory 3"):
        list(story.messenger.inbox())


def test_the_profiles_are_those_before_the_entry(
    story: Story, world: FakeWorld
) -> None:
    """A profile that is withdrawn later was in force then."""
    story.ask_removal(1)
    only = {"XX.SUBSCRIBER": shipped()["XX.SUBSCRIBER"]}
    signatories, keys = vouching(world)
    world.state_anew(
        build_profiles(
            world.profiles,
            only.values(),
            create_time=world.time,
            signatories=signatories,
            keys=keys,
        )
    )

    (received,) = story.messenger.inbox()

    assert received.profile is not None
    assert received.profile.id == "KR.CORRECTION"
    with pytest.raises(ProfileUnknown, match=r"one of: XX\.SUBSCRIBER"):
        story.ask_removal(1)


def test_a_damaged_memory_is_fetched_again(story: Story, world: FakeWorld) -> None:
    """Our own disk is no evidence against anybody."""
    story.regulator.directory()
    path = story.regulator.state.folder / "statements" / "000000000001.bin"
    path.write_bytes(path.read_bytes()[:-1])

    assert story.authority(REGULATOR).directory().index == 1
    assert path.read_bytes() == world.statements[0].envelope


def test_statements_out_of_order_are_refused(story: Story, world: FakeWorld) -> None:
    """A list that goes back would apply a statement twice."""
    world.faults.on_statement = lambda s: setattr(s, "index", 0)

    with pytest.raises((ReceiptMismatch, ConsistencyInvalid, InclusionInvalid)):
        story.regulator.directory()
