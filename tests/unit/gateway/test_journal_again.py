"""A message is logged once, and only on what it was admitted on."""

from dataclasses import replace

import pytest

from rogatory.directory import build_statement
from rogatory.envelope import DIRECTORY_TYPE, parse_envelope
from rogatory.tlog import (
    MessageEntry,
    parse_entry,
)
from rogatory.v1 import directory_pb2, message_pb2
from rogatory_gateway.dev.parties import OPERATOR, POLICE, REGULATOR
from rogatory_gateway.journal import Basis, Readmit, Statement
from rogatory_gateway.journal.journal import _Waiting
from rogatory_gateway.journal.planning import AlreadyLogged
from tests.support.logroom import LogRoom
from tests.support.messages import Office
from tests.unit.gateway.journals import GENESIS, append_together


def test_doubles_in_one_batch_are_one_entry(room: LogRoom) -> None:
    """Callers that race with one message get one place."""
    signed = room.office.removal_request()

    results = append_together(room, [signed] * 6)

    logged = [r for r in results if isinstance(r, tuple)]
    again = [r for r in results if isinstance(r, AlreadyLogged)]
    assert (len(logged), len(again)) == (1, 5)
    assert {r.index for r in again} == {logged[0][0].index}
    assert room.size() == GENESIS + 1


def test_doubles_across_batches_are_one_entry_with_the_same_openings(
    room: LogRoom,
) -> None:
    """A second batch finds the first one's entry, and its openings in the store."""
    signed = room.office.removal_request()
    ticket = room.admit(signed)
    first = room.journal.append(ticket)
    assert isinstance(first, tuple)

    again = room.journal.append(ticket)

    assert isinstance(again, AlreadyLogged)
    assert again.index == first[0].index
    stored = room.store.read.message_at(again.index)
    assert stored is not None
    assert room.receipts.receipt(stored, REGULATOR).entry == first[0].entry
    everything = type(first[0].openings).FromString(stored.openings)
    assert everything == first[0].openings


def test_an_id_with_another_payload_is_told_what_was_logged_under_it(
    room: LogRoom,
) -> None:
    """The journal gives the digest; whoever asked decides that it is another one."""
    first = room.office.removal_request()

    def same_id(message: message_pb2.Message) -> None:
        message.header.message_id = first.message.header.message_id

    ticket = room.admit(room.office.removal_request(change=same_id))
    logged = room.log(first)

    again = room.journal.append(ticket)

    assert isinstance(again, AlreadyLogged)
    assert again.index == logged.index
    assert again.payload_digest != ticket.payload_digest


def _statement(room: LogRoom, office: Office) -> Statement:
    """Return a directory statement that enrols one more machine."""
    who = [(OPERATOR, "registrar-1"), (POLICE, "registrar-1")]
    record = directory_pb2.SystemRecord(
        party=POLICE, system="laptop", status=directory_pb2.RECORD_STATUS_ACTIVE
    )
    raw = build_statement(
        room.registry.current.directory,
        [directory_pb2.DirectoryRecord(system=record)],
        create_time=office.now(),
        signatories=[
            message_pb2.Signatory(
                party=p, signer_id=s, capacity=message_pb2.CAPACITY_REGISTRAR
            )
            for p, s in who
        ],
        keys=[office.parties[p].signer(s).key for p, s in who],
    )
    digest = parse_envelope(raw, payload_type=DIRECTORY_TYPE).digest
    return Statement("directory", raw, digest)


def test_a_directory_that_changed_meanwhile(room: LogRoom) -> None:
    """What was admitted under the old directory is admitted again under the new one."""
    signed = room.office.removal_request()
    ticket = room.admit(signed)
    room.journal.append(_statement(room, room.office))

    with pytest.raises(Readmit):
        room.journal.append(ticket)
    room.registry.refresh()

    entry = parse_entry(room.log(signed).entry)
    assert isinstance(entry, MessageEntry)
    assert entry.directory == GENESIS


def test_a_directory_that_changes_within_the_batch(room: LogRoom) -> None:
    """The order in the batch counts: after the statement, the message is too late."""
    ticket = room.admit(room.office.removal_request())
    batch = [_Waiting(_statement(room, room.office)), _Waiting(ticket)]
    room.journal._waiting.extend(batch)
    room.journal._writing = True

    room.journal._lead()

    assert isinstance(batch[0].result, tuple)
    assert type(batch[1].result).__name__ == "Changed"


def test_profiles_that_changed_meanwhile(room: LogRoom) -> None:
    """The profiles are part of what was relied on."""
    ticket = room.admit(room.office.removal_request())
    other = replace(ticket, basis=replace(ticket.basis, profiles_index=1))

    with pytest.raises(Readmit):
        room.journal.append(other)


def test_an_exchange_that_went_on_meanwhile(room: LogRoom) -> None:
    """Two messages on one version: the second is looked at again."""
    request = room.office.removal_request()
    room.log(request)
    one = room.admit(room.office.removal_report(request, {"item-1": "REMOVED"}))
    other = room.admit(room.office.removal_report(request, {"item-2": "REMOVED"}))
    room.journal.append(one)

    with pytest.raises(Readmit):
        room.journal.append(other)

    again = room.admit(room.office.removal_report(request, {"item-2": "REMOVED"}))
    assert again.basis.exchange_version == 2
    room.journal.append(again)


def test_an_exchange_that_goes_on_within_the_batch(room: LogRoom) -> None:
    """The same for two that waited together: one is logged, one admitted again."""
    request = room.office.removal_request()
    room.log(request)
    reports = [
        room.office.removal_report(request, {f"item-{n}": "REMOVED"}) for n in (1, 2)
    ]
    batch = [_Waiting(room.admit(signed)) for signed in reports]
    room.journal._waiting.extend(batch)
    room.journal._writing = True

    room.journal._lead()

    assert isinstance(batch[0].result, tuple)
    assert type(batch[1].result).__name__ == "Changed"


def test_two_requests_for_one_exchange_id(room: LogRoom) -> None:
    """An exchange is opened once, also by two that were both admitted."""
    first = room.office.removal_request()
    second = room.office.removal_request(exchange_id=first.exchange_id)
    tickets = [room.admit(first), room.admit(second)]
    room.journal.append(tickets[0])

    with pytest.raises(Readmit):
        room.journal.append(tickets[1])


def test_the_basis_is_what_was_in_force(room: LogRoom) -> None:
    """Directory and profiles by their index, the exchange by its version."""
    request = room.office.removal_request()

    assert room.admit(request).basis == Basis(1, 2, 0)
    room.log(request)
    report = room.office.removal_report(request, {"item-1": "REMOVED"})
    assert room.admit(report).basis == Basis(1, 2, 1)
