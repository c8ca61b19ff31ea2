"""What a batch adds to the log: entries, rows and outcomes, from what waits.

Runs under the head's lock, and reads nothing but what it is handed. For each ticket, in
order: has the message id been logged (then the original answer stands), is what
admission relied on still so (else it is admitted again), and if so, its entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from rogatory.envelope import VerifiedMessage
from rogatory.lifecycle import ExchangeState
from rogatory.sealing import sealed_line_of
from rogatory.tlog import (
    Delivery,
    DirectoryEntry,
    MessageEntry,
    ProfilesEntry,
    encode_entry,
    from_commitment,
    inbox_commitment,
    to_commitment,
)
from rogatory.v1 import receipt_pb2, section_pb2
from rogatory_gateway.store import Head, Rows
from rogatory_gateway.store.states import encode_state

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Basis:
    """What admission relied on; the append re-checks it under the lock."""

    directory_index: int | None
    profiles_index: int | None
    exchange_version: int


@dataclass(frozen=True, slots=True)
class Submission:
    """An admitted message.

    Attributes:
        message: Verified.
        payload_digest: SHA-256 of the payload.
        sealed: Its ciphertexts, in the order that the entry covers.
        sealed_digests: SHA-256 of each.
        state: The exchange after it; None for the gateway's own words.
        basis: What admission relied on.
    """

    message: VerifiedMessage
    payload_digest: bytes
    sealed: Sequence[section_pb2.SealedSection]
    sealed_digests: tuple[bytes, ...]
    state: ExchangeState | None
    basis: Basis


@dataclass(frozen=True, slots=True)
class Statement:
    """A directory or profiles statement, verified."""

    kind: str
    envelope: bytes
    digest: bytes


@dataclass(frozen=True, slots=True)
class Logged:
    """A place in the log with what its receipt needs."""

    index: int
    entry: bytes
    openings: receipt_pb2.Receipt


@dataclass(frozen=True, slots=True)
class AlreadyLogged:
    """The message id was logged before, at this index, with this payload digest."""

    index: int
    payload_digest: bytes


@dataclass(frozen=True, slots=True)
class Changed:
    """What admission relied on has changed: admit the message again."""


Outcome: TypeAlias = Logged | AlreadyLogged | Changed


@dataclass(frozen=True, slots=True)
class Found:
    """What was read under the lock for a batch."""

    messages: Mapping[str, tuple[int, bytes]]
    exchanges: Mapping[str, tuple[int, int, int]]
    counters: Mapping[str, tuple[int, int]]


@dataclass(slots=True)
class Plan:
    """What the batch adds.

    Attributes:
        entries: New entries, from the head's size on.
        rows: Rows beside the entries.
        outcomes: One per ticket.
        time: Of the new entries, Unix seconds.
        directory_index: Of the newest directory entry after the batch.
        profiles_index: Of the newest profiles entry after the batch.
        parties: Who received something.
    """

    entries: list[bytes]
    rows: Rows
    outcomes: list[Outcome]
    time: int
    directory_index: int | None
    profiles_index: int | None
    parties: set[str]


class Planner:
    """Plans one batch."""

    def __init__(self, head: Head, found: Found, time: datetime, salts: bytes) -> None:
        """Start at a head.

        Args:
            head: The log's head under the lock.
            found: What the store has of the batch's messages.
            time: Time of the entries; not before the head's.
            salts: Random bytes, 32 for each opening of the batch.
        """
        self._head = head
        self._time = time
        self._unix = int(time.timestamp())
        self._salts = salts
        self._salt_at = 0
        self._messages = dict(found.messages)
        self._exchanges = dict(found.exchanges)
        self._counters = dict(found.counters)
        self.plan = Plan(
            [],
            Rows(),
            [],
            self._unix,
            head.directory_index,
            head.profiles_index,
            set(),
        )

    def add(self, ticket: Submission | Statement) -> None:
        """Plan one ticket and note its outcome."""
        if isinstance(ticket, Statement):
            outcome: Outcome = self._add_statement(ticket)
        else:
            outcome = self._known(ticket) or self._add_submission(ticket)
        self.plan.outcomes.append(outcome)

    def finish(self) -> Plan:
        """Return the plan with the projections' final rows."""
        for party, (sent, received) in self._counters.items():
            self.plan.rows.counter[party] = {"sent": sent, "received": received}
        return self.plan

    def _known(self, ticket: Submission) -> Outcome | None:
        header = ticket.message.header
        logged = self._messages.get(header.message_id)
        if logged is not None:
            return AlreadyLogged(*logged)
        version = self._exchanges.get(header.exchange_id, (0, 0, 0))[0]
        now = Basis(
            self.plan.directory_index,
            self.plan.profiles_index,
            version if ticket.state is not None else ticket.basis.exchange_version,
        )
        return None if now == ticket.basis else Changed()

    def _add_statement(self, ticket: Statement) -> Logged:
        index = self._next_index()
        kind = DirectoryEntry if ticket.kind == "directory" else ProfilesEntry
        entry = encode_entry(
            kind(
                time=self._time,
                directory=self.plan.directory_index,
                digest=ticket.digest,
            )
        )
        self._append(index, entry)
        self.plan.rows.statement.append(
            {"idx": index, "kind": ticket.kind, "envelope": ticket.envelope}
        )
        if ticket.kind == "directory":
            self.plan.directory_index = index
        else:
            self.plan.profiles_index = index
        return Logged(index, entry, receipt_pb2.Receipt())

    def _add_submission(self, ticket: Submission) -> Logged:
        header = ticket.message.header
        index = self._next_index()
        recipients = [recipient.party for recipient in header.recipients]
        sender, deliveries, openings = self._commit(header.sender, recipients)
        entry = encode_entry(
            MessageEntry(
                time=self._time,
                directory=self.plan.directory_index,
                digest=ticket.message.digest,
                sealed=sealed_line_of(ticket.sealed_digests),
                sender=sender,
                deliveries=deliveries,
            )
        )
        self._append(index, entry)
        self._add_rows(ticket, index, openings)
        for party in recipients:
            number = self._counters[party][1]
            self.plan.rows.delivery.append(
                {"party": party, "number": number, "idx": index}
            )
        self.plan.parties.update(recipients)
        self._messages[header.message_id] = (index, ticket.payload_digest)
        if ticket.state is not None:
            self._advance(ticket.state, index)
        return Logged(index, entry, openings)

    def _commit(
        self, sender: str, recipients: Sequence[str]
    ) -> tuple[bytes, tuple[Delivery, ...], receipt_pb2.Receipt]:
        """Count the entry for everybody and commit to the counts."""
        openings = receipt_pb2.Receipt()

        def opened(
            kind: receipt_pb2.OpeningKind.ValueType, party: str, n: int
        ) -> bytes:
            salt = self._salt()
            openings.openings.add(kind=kind, party=party, salt=salt, number=n)
            return salt

        sent, received = self._counters.get(sender, (0, 0))
        self._counters[sender] = (sent + 1, received)
        salt = opened(receipt_pb2.OPENING_KIND_FROM, sender, sent + 1)
        commitment = from_commitment(salt, sender, sent + 1)
        deliveries = []
        for party in recipients:
            sent, received = self._counters.get(party, (0, 0))
            number = received + 1
            self._counters[party] = (sent, number)
            to_salt = opened(receipt_pb2.OPENING_KIND_TO, party, 0)
            inbox_salt = opened(receipt_pb2.OPENING_KIND_INBOX, party, number)
            deliveries.append(
                Delivery(
                    to_commitment(to_salt, party),
                    inbox_commitment(inbox_salt, party, number),
                )
            )
        return commitment, tuple(deliveries), openings

    def _add_rows(
        self, ticket: Submission, index: int, openings: receipt_pb2.Receipt
    ) -> None:
        message = ticket.message
        header = message.header
        self.plan.rows.message.append(
            {
                "idx": index,
                "message_id": header.message_id,
                "exchange_id": header.exchange_id,
                "position": ticket.basis.exchange_version if ticket.state else -1,
                "kind": message.kind,
                "sender": header.sender,
                "payload_digest": ticket.payload_digest,
                "envelope": message.envelope.raw,
                "openings": openings.SerializeToString(deterministic=True),
                "sealed_digests": b"".join(ticket.sealed_digests),
            }
        )
        self.plan.rows.section.extend(
            {
                "idx": index,
                "ordinal": ordinal,
                "party": box.party,
                "name": box.section,
                "key_id": box.key_id,
                "ciphertext": box.ciphertext,
            }
            for ordinal, box in enumerate(ticket.sealed)
        )
        if message.kind == "disclosure_report":
            self.plan.rows.blob_grant.extend(
                {
                    "exchange_id": header.exchange_id,
                    "sha256": file.sha256,
                    "owner": header.sender,
                    "idx": index,
                }
                for file in message.message.disclosure_report.files
            )

    def _advance(self, state: ExchangeState, index: int) -> None:
        _, first_index, create_time = self._exchanges.get(
            state.exchange_id, (0, index, self._unix)
        )
        self._exchanges[state.exchange_id] = (state.version, first_index, create_time)
        self.plan.rows.exchange[state.exchange_id] = {
            "version": state.version,
            "first_idx": first_index,
            "create_time": create_time,
            "update_time": self._unix,
            "state": encode_state(state),
        }
        self.plan.rows.participation.extend(
            {
                "party": party,
                "first_idx": first_index,
                "exchange_id": state.exchange_id,
            }
            for party in sorted(state.participants)
        )

    def _next_index(self) -> int:
        return self._head.size + len(self.plan.entries)

    def _append(self, index: int, entry: bytes) -> None:
        self.plan.entries.append(entry)
        self.plan.rows.entry.append({"idx": index, "body": entry})

    def _salt(self) -> bytes:
        salt = self._salts[self._salt_at : self._salt_at + SALT_BYTES]
        if len(salt) != SALT_BYTES:
            raise RuntimeError("not enough salts for the batch")
        self._salt_at += SALT_BYTES
        return salt


def salts_needed(ticket: Submission | Statement) -> int:
    """Return how many salts a ticket takes."""
    if isinstance(ticket, Statement):
        return 0
    return 1 + 2 * len(ticket.message.header.recipients)


def entry_time(now: datetime, head_time: int) -> datetime:
    """Return the time of the next entries: now, but not before the newest entry."""
    unix = max(int(now.timestamp()), head_time)
    return datetime.fromtimestamp(unix, UTC)
