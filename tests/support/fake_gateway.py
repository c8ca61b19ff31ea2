"""A gateway in memory that can lie, forget, fork and fail, for tests of the clients.

It keeps a real log with real keys and admits messages by the rules of the package, so
that an honest one satisfies every check of a client; each fault is one attribute.

    world = FakeWorld(folder)                 parties, log, contexts on disk
    gateway = world.gateway("example-police")  a `rogatory.remote.Remote`
    gateway.faults.on_receipt = …              and so on
"""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519, mldsa

from rogatory.context import Context, read_context
from rogatory.directory import (
    Directory,
    ProfileSet,
    apply_profiles,
    apply_statement,
)
from rogatory.envelope import (
    VerifiedMessage,
    encode_signing_key,
    parse_envelope,
    verify_message,
)
from rogatory.errors import ExchangeUnknown, NotFound, RogatoryError
from rogatory.lifecycle import ExchangeState, advance, verify_permitted, verify_timely
from rogatory.remote import Progress
from rogatory.sealing import encode_private_key, sealed_line_of, verify_sealed_set
from rogatory.tlog import (
    Checkpoint,
    Delivery,
    DirectoryEntry,
    MessageEntry,
    NoteSigner,
    ProfilesEntry,
    StartEntry,
    TlogProof,
    consistency_path,
    encode_bundle,
    encode_entry,
    encode_proof,
    from_commitment,
    inbox_commitment,
    inclusion_path,
    leaf_hash,
    root_of_hashes,
    sign_checkpoint,
    to_commitment,
)
from rogatory.v1 import (
    directory_service_pb2,
    exchange_service_pb2,
    message_pb2,
    receipt_pb2,
    section_pb2,
)
from rogatory_gateway.dev.parties import ExampleParty, first_statements, make_parties

ORIGIN = "gateway.example/log"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@cache
def example_parties() -> dict[str, ExampleParty]:
    """Return the made-up parties; making keys takes time, so once a run."""
    return make_parties(START)


@cache
def _first_statements() -> tuple[bytes, bytes]:
    return first_statements(example_parties(), ORIGIN, START)


@dataclass(slots=True)
class Stored:
    """A logged message."""

    index: int
    message: VerifiedMessage
    sealed: Sequence[section_pb2.SealedSection]
    digests: tuple[bytes, ...]
    openings: list[receipt_pb2.Opening]


class FakeLog:
    """A log in memory."""

    def __init__(self) -> None:
        self.signers = (
            NoteSigner.from_ed25519(ORIGIN, ed25519.Ed25519PrivateKey.generate()),
            NoteSigner.from_mldsa44(ORIGIN, mldsa.MLDSA44PrivateKey.generate()),
        )
        self.entries: list[bytes] = []
        self.leaves: list[bytes] = []

    @property
    def vkeys(self) -> bytes:
        return b"".join(f"{s.verifier_key.encode()}\n".encode() for s in self.signers)

    def append(self, entry: bytes) -> int:
        self.entries.append(entry)
        self.leaves.append(leaf_hash(entry))
        return len(self.entries) - 1

    def replace(self, index: int, entry: bytes) -> None:
        """Rewrite history."""
        self.entries[index] = entry
        self.leaves[index] = leaf_hash(entry)

    def truncate(self, size: int) -> None:
        """Forget the newest entries."""
        del self.entries[size:], self.leaves[size:]

    def checkpoint(self, size: int | None = None) -> bytes:
        size = len(self.leaves) if size is None else size
        root = root_of_hashes(self.leaves[:size])
        return sign_checkpoint(Checkpoint(ORIGIN, size, root), self.signers, 1)

    def tile(self, level: int, index: int, width: int, /) -> bytes:
        span = 256**level
        first = index * 256
        return b"".join(
            root_of_hashes(self.leaves[place * span : (place + 1) * span])
            for place in range(first, first + width)
        )

    def proof(self, index: int, size: int | None = None) -> bytes:
        size = len(self.leaves) if size is None else size
        path = tuple(inclusion_path(self.tile, index, size))
        return encode_proof(TlogProof(index, path, self.checkpoint(size)))


@dataclass(slots=True)
class Faults:
    """What goes wrong; nothing unless set.

    Attributes:
        on_submit: Raised by the next submissions, before anything is done.
        after: Raised by the next submissions, after they were logged.
        on_receipt: Alters each receipt on its way out.
        on_delivered: Alters each delivered message on its way out.
        on_statement: Alters each statement on its way out.
        on_exchange: Alters the gateway's view of an exchange.
        withheld: Inbox numbers that are not delivered.
        hide_last: Leave the newest message out of `list_messages`.
        on_bundle: Alters each bundle on its way out.
        admit_all: Log messages whatever the rules say.
    """

    on_submit: list[RogatoryError] = field(default_factory=list)
    after: list[RogatoryError] = field(default_factory=list)
    on_receipt: Callable[[receipt_pb2.Receipt], object] | None = None
    on_delivered: Callable[[receipt_pb2.DeliveredMessage], object] | None = None
    on_statement: Callable[[directory_service_pb2.LoggedStatement], object] | None = (
        None
    )
    on_exchange: Callable[[exchange_service_pb2.Exchange], object] | None = None
    on_bundle: Callable[[int, bytes], bytes] | None = None
    withheld: set[int] = field(default_factory=set)
    hide_last: bool = False
    admit_all: bool = False


class FakeWorld:
    """Made-up parties, a log, and a context on disk for each party."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.parties = example_parties()
        self.log = FakeLog()
        self.time = START + timedelta(hours=1)
        self.statements: list[directory_service_pb2.LoggedStatement] = []
        self.directory = Directory(ORIGIN)
        self.profiles = ProfileSet(ORIGIN)
        self.messages: list[Stored] = []
        self.states: dict[str, ExchangeState] = {}
        self.received: dict[str, list[Stored]] = {}
        self.sent: dict[str, int] = {}
        self.blobs: dict[bytes, bytes] = {}
        self.faults = Faults()
        self.calls: list[str] = []
        vkeys = tuple(signer.verifier_key for signer in self.log.signers)
        self.log.append(encode_entry(StartEntry(self.time, ORIGIN, vkeys)))
        for raw in _first_statements():
            self.state_anew(raw)
        self._write_contexts()

    def now(self) -> datetime:
        return self.time

    def state_anew(self, envelope: bytes) -> int:
        """Log a statement."""
        digest = hashlib.sha256(envelope).digest()
        index, before = len(self.log.entries), self.directory.index
        if not self.statements or b"directory.v1+protobuf" in envelope:
            self.directory = apply_statement(self.directory, envelope, index)
            entry = encode_entry(DirectoryEntry(self.time, before, digest))
        else:
            self.profiles = apply_profiles(
                self.profiles, self.directory, envelope, index
            )
            entry = encode_entry(ProfilesEntry(self.time, before, digest))
        self.log.append(entry)
        self.statements.append(
            directory_service_pb2.LoggedStatement(
                index=index, envelope=envelope, entry=entry
            )
        )
        return index

    def gateway(self, party: str) -> "FakeGateway":
        return FakeGateway(self, party)

    def context(self, party: str, state: str = "") -> Context:
        """Return a party's context; another `state` is another machine of it."""
        path = self.folder / f"{party}.toml"
        if state:
            text = path.read_text().replace(f'"state/{party}"', f'"state/{state}"')
            path = self.folder / f"{state}.toml"
            path.write_text(text)
        return read_context(path)

    def forget(self, party: str) -> None:
        """Remove what a party's machine remembers."""
        shutil.rmtree(self.folder / "state" / party, ignore_errors=True)

    def log_message(
        self,
        message: VerifiedMessage,
        sealed: Sequence[section_pb2.SealedSection],
        digests: tuple[bytes, ...],
    ) -> Stored:
        """Append a message, counted for everybody."""
        header = message.header
        openings: list[receipt_pb2.Opening] = []

        def opened(kind: str, party: str, number: int) -> bytes:
            salt = os.urandom(32)
            value = receipt_pb2.OpeningKind.Value(f"OPENING_KIND_{kind}")
            openings.append(
                receipt_pb2.Opening(kind=value, party=party, salt=salt, number=number)
            )
            return salt

        n = self.sent[header.sender] = self.sent.get(header.sender, 0) + 1
        sender = from_commitment(opened("FROM", header.sender, n), header.sender, n)
        deliveries = []
        for recipient in header.recipients:
            party = recipient.party
            m = len(self.received.setdefault(party, [])) + 1
            to = to_commitment(opened("TO", party, 0), party)
            inbox = inbox_commitment(opened("INBOX", party, m), party, m)
            deliveries.append(Delivery(to, inbox))
        entry = MessageEntry(
            self.time,
            self.directory.index,
            message.digest,
            sealed_line_of(digests),
            sender,
            tuple(deliveries),
        )
        index = self.log.append(encode_entry(entry))
        stored = Stored(index, message, sealed, digests, openings)
        self.messages.append(stored)
        for recipient in header.recipients:
            self.received[recipient.party].append(stored)
        return stored

    def _write_contexts(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "log.vkeys").write_bytes(self.log.vkeys)
        first = hashlib.sha256(self.statements[0].envelope).hexdigest()
        for party in self.parties.values():
            name = party.party
            lines = [
                'format = "rogatory-context/v1"',
                f'origin = "{ORIGIN}"',
                'address = "localhost:1"',
                'stream_address = "localhost:2"',
                f'party = "{name}"',
                'language = "en"',
                "test = true",
                'tls = { server_ca = "ca.pem", certificate = "c", key = "k" }',
                f'log = {{ vkeys = "log.vkeys", genesis = "{first}" }}',
                f'state = {{ folder = "state/{name}" }}',
                f'[[encryption_key]]\nfile = "{name}.seal"',
            ]
            (self.folder / f"{name}.seal").write_bytes(
                encode_private_key(party.sealing)
            )
            for signer in party.signers:
                word = message_pb2.Capacity.Name(signer.capacities[0])
                word = word.removeprefix("CAPACITY_").lower()
                key = f"{name}.{signer.signer_id}.pem"
                (self.folder / key).write_bytes(encode_signing_key(signer.key))
                lines.append(
                    f'[[signer]]\nid = "{signer.signer_id}"\ncapacity = "{word}"\n'
                    f'key = "{key}"'
                )
            (self.folder / f"{name}.toml").write_text("\n".join(lines) + "\n")


class FakeWatch:
    """Yields what is there; then waits for nothing and ends."""

    def __init__(self, gateway: "FakeGateway", after: int) -> None:
        self._gateway = gateway
        self._after = after
        self.closed = False

    def __iter__(self) -> "FakeWatch":
        return self

    def __next__(self) -> receipt_pb2.DeliveredMessage:
        page = [] if self.closed else self._gateway.list_inbox(self._after, 1)
        if not page:
            raise StopIteration
        self._after += 1
        return page[0]

    def close(self) -> None:
        self.closed = True


class FakeGateway:
    """The gateway as one party sees it; implements `rogatory.remote.Remote`."""

    def __init__(self, world: FakeWorld, party: str) -> None:
        self.world = world
        self.party = party
        self.closed = False

    @property
    def faults(self) -> Faults:
        return self.world.faults

    def close(self) -> None:
        self.closed = True

    # --- exchanges ---------------------------------------------------------------

    def submit(
        self, envelope: bytes, sealed: Sequence[section_pb2.SealedSection]
    ) -> receipt_pb2.Receipt:
        self._called("submit")
        if self.faults.on_submit:
            raise self.faults.on_submit.pop(0)
        stored = self._known(envelope) or self._admit(envelope, sealed)
        if self.faults.after:
            raise self.faults.after.pop(0)
        return self._receipt(stored)

    def _known(self, envelope: bytes) -> Stored | None:
        digest = hashlib.sha256(envelope).digest()
        for stored in self.world.messages:
            if stored.message.digest == digest:
                return stored
        return None

    def _admit(
        self, envelope: bytes, sealed: Sequence[section_pb2.SealedSection]
    ) -> Stored:
        world = self.world
        message = verify_message(parse_envelope(envelope), world.directory.keys_of)
        header = message.header
        digests = tuple(hashlib.sha256(box.ciphertext).digest() for box in sealed)
        if not self.faults.admit_all:
            verify_timely(message, origin=ORIGIN, now=world.time)
            verify_sealed_set(
                header, sealed, lambda p: sorted(world.directory.encryption_keys(p))
            )
            verify_permitted(message, world.directory, world.profiles, at=world.time)
            before = world.states.get(header.exchange_id)
            after = advance(before, message, world.directory)
            world.states[header.exchange_id] = after
        return world.log_message(message, list(sealed), digests)

    def get_exchange(self, exchange_id: str) -> exchange_service_pb2.Exchange:
        self._called("get_exchange")
        state = self._state(exchange_id)
        exchange = exchange_service_pb2.Exchange(
            exchange_id=exchange_id,
            requester=state.requester,
            addressee=state.addressee,
            profile=message_pb2.ProfileReference(
                id=state.profile_id, digest=state.profile_digest
            ),
            test=state.test,
            emergency=state.emergency,
            state=state.state,
            newest_digest=state.digests[-1],
            message_count=state.version,
        )
        for part_id, part in state.parts.items():
            added = exchange.parts.add(id=part_id, state=part.state)
            if part.act_time is not None:
                added.act_time.FromSeconds(part.act_time)
        if self.faults.on_exchange:
            self.faults.on_exchange(exchange)
        return exchange

    def list_exchanges(self) -> Iterator[exchange_service_pb2.Exchange]:
        self._called("list_exchanges")
        for exchange_id in reversed(self.world.states):
            if self.party in self.world.states[exchange_id].participants:
                yield self.get_exchange(exchange_id)

    def list_messages(self, exchange_id: str) -> Iterator[receipt_pb2.DeliveredMessage]:
        self._called("list_messages")
        self._state(exchange_id)
        found = [
            stored
            for stored in self.world.messages
            if stored.message.header.exchange_id == exchange_id
            and self._concerned(stored)
        ]
        for stored in found[: -1 if self.faults.hide_last else None]:
            yield self._delivered(stored)

    def list_inbox(
        self, after: int, page_size: int = 10
    ) -> Sequence[receipt_pb2.DeliveredMessage]:
        self._called("list_inbox")
        inbox = self.world.received.get(self.party, [])
        return [
            self._delivered(stored)
            for number, stored in enumerate(inbox, 1)
            if number > after and number not in self.faults.withheld
        ][:page_size]

    def watch_inbox(self, after: int) -> FakeWatch:
        self._called("watch_inbox")
        return FakeWatch(self, after)

    # --- directory and log -------------------------------------------------------

    def list_statements(
        self, after_index: int
    ) -> Sequence[directory_service_pb2.LoggedStatement]:
        self._called("list_statements")
        found = [s for s in self.world.statements if s.index > after_index][:2]
        if self.faults.on_statement:
            found = [_copy(statement) for statement in found]
            for statement in found:
                self.faults.on_statement(statement)
        return found

    def get_checkpoint(self) -> bytes:
        self._called("get_checkpoint")
        return self.world.log.checkpoint()

    def get_tile(self, level: int, index: int, width: int, /) -> bytes:
        self._called("get_tile")
        return self.world.log.tile(level, index, width)

    def get_entry_bundle(self, index: int, width: int) -> bytes:
        self._called("get_entry_bundle")
        first = 256 * index
        raw = encode_bundle(self.world.log.entries[first : first + width])
        return self.faults.on_bundle(index, raw) if self.faults.on_bundle else raw

    def get_inclusion_proof(self, index: int) -> bytes:
        self._called("get_inclusion_proof")
        return self.world.log.proof(index)

    def get_consistency_proof(self, old_size: int) -> tuple[Sequence[bytes], bytes]:
        self._called("get_consistency_proof")
        log = self.world.log
        if not 1 <= old_size <= len(log.entries):
            raise NotFound("old_size")
        path = consistency_path(log.tile, old_size, len(log.entries))
        return path, log.checkpoint()

    # --- files -------------------------------------------------------------------

    def upload(
        self, path: Path, sha256: bytes, size: int, progress: Progress | None = None
    ) -> None:
        self._called("upload")
        self.world.blobs[sha256] = path.read_bytes()
        if progress:
            progress(size, size)

    def download(
        self,
        exchange_id: str,
        sha256: bytes,
        target: Path,
        *,
        size: int,
        progress: Progress | None = None,
    ) -> None:
        self._called("download")
        target.write_bytes(self.world.blobs[sha256])
        if progress:
            progress(size, size)

    # --- inside ------------------------------------------------------------------

    def _called(self, name: str) -> None:
        self.world.calls.append(name)

    def _state(self, exchange_id: str) -> ExchangeState:
        state = self.world.states.get(exchange_id)
        if state is None or self.party not in state.participants:
            raise ExchangeUnknown("exchange_id")
        return state

    def _concerned(self, stored: Stored) -> bool:
        return any(opening.party == self.party for opening in stored.openings)

    def _receipt(self, stored: Stored) -> receipt_pb2.Receipt:
        sender = stored.message.header.sender
        receipt = receipt_pb2.Receipt(
            entry=self.world.log.entries[stored.index],
            proof=self.world.log.proof(stored.index),
            openings=[
                opening
                for opening in stored.openings
                if opening.party == self.party
                or (
                    self.party == sender and opening.kind == receipt_pb2.OPENING_KIND_TO
                )
            ],
        )
        if self.faults.on_receipt:
            self.faults.on_receipt(receipt)
        return receipt

    def _delivered(self, stored: Stored) -> receipt_pb2.DeliveredMessage:
        delivered = receipt_pb2.DeliveredMessage(
            envelope=stored.message.envelope.raw,
            sealed_sections=[box for box in stored.sealed if box.party == self.party],
            sealed_digests=stored.digests,
            receipt=self._receipt(stored),
        )
        if self.faults.on_delivered:
            self.faults.on_delivered(delivered)
        return delivered


def _copy(
    statement: directory_service_pb2.LoggedStatement,
) -> directory_service_pb2.LoggedStatement:
    copy = directory_service_pb2.LoggedStatement()
    copy.CopyFrom(statement)
    return copy
