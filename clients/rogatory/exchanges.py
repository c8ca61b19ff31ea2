"""An exchange as its messages tell it: state, items with their outcomes, files.

Derived from verified messages alone. The gateway's own view is a claim: `verify_claim`
compares it with what the messages say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rogatory.errors import (
    MessageUnverified,
    NotPermitted,
    RogatoryError,
    VerificationError,
)
from rogatory.lifecycle import ExchangeState, advance
from rogatory.received import Received
from rogatory.v1 import disclosure_pb2, exchange_service_pb2, removal_pb2


@dataclass(frozen=True, slots=True)
class PartView:
    """An item or task: what was asked, and what became of it.

    Attributes:
        id: Its id in the exchange.
        state: `pending`, `clarification` or the outcome.
        act_time: When the platform acted; None while open.
        logged: When the log had the message that brought this state.
        category: Classification of an item or data category of a task, in lower case.
        item: What is to be removed, as last corrected; None where we cannot read it.
        target: Whose data is asked for, likewise.
        detail: The platform's words on an item, where we can read them.
        ground: What the platform asked about it last; empty if nothing.
    """

    id: str
    state: str
    act_time: datetime | None
    logged: datetime | None
    category: str
    item: removal_pb2.ContentItem | None = None
    target: disclosure_pb2.DisclosureTarget | None = None
    detail: removal_pb2.ItemDetail | None = None
    ground: str = ""


@dataclass(frozen=True, slots=True)
class FileView:
    """An evidence file of an answer.

    Attributes:
        sha256: SHA-256 of the encrypted file.
        size: Its length.
        status: `announced`, `integrity_ok` or `integrity_failed`.
        index: Log index of the message that announced it.
        manifest: What opens it, where we can read that; it holds a secret.
    """

    sha256: bytes
    size: int
    status: str
    index: int
    manifest: disclosure_pb2.ManifestFile | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A section that is for us and that we could not read.

    Attributes:
        index: Log index of the message.
        section: The section's name.
        error: Why.
    """

    index: int
    section: str
    error: RogatoryError


@dataclass(frozen=True, slots=True)
class ExchangeView:
    """An exchange, verified.

    Attributes:
        exchange_id: Its id.
        requester: The authority that asked.
        addressee: The platform asked.
        kind: Kind of the first message; empty where we have not got it.
        profile: Id of the legal basis.
        test: Flagged as a test.
        emergency: Flagged as an emergency.
        state: The state; the gateway's word where `lifecycle` is None.
        lifecycle: What the messages say; None where we are not shown all of them.
        messages: What we sent or received of it, oldest first.
        parts: Items or tasks in the request's order.
        files: Evidence files in order of their messages.
        reasons: Why it was asked, where we can read that.
        questions: (logged, words) of each clarification and answer, oldest first.
        unreadable: Sections for us that we could not read.
        created: When the first message was logged.
        updated: When the newest was.
    """

    exchange_id: str
    requester: str
    addressee: str
    kind: str
    profile: str
    test: bool
    emergency: bool
    state: exchange_service_pb2.ExchangeState.ValueType
    lifecycle: ExchangeState | None
    messages: tuple[Received, ...]
    parts: tuple[PartView, ...]
    files: tuple[FileView, ...]
    reasons: removal_pb2.Reasons | None
    questions: tuple[tuple[datetime, str], ...]
    unreadable: tuple[Unreadable, ...]
    created: datetime
    updated: datetime

    @property
    def state_name(self) -> str:
        """The state in lower case without prefix."""
        name = exchange_service_pb2.ExchangeState.Name(self.state)
        return name.removeprefix("EXCHANGE_STATE_").lower()

    @property
    def newest(self) -> bytes:
        """Digest of the newest message that we have seen."""
        return self.messages[-1].digest

    @property
    def request(self) -> Received:
        """The message that opened it.

        Raises:
            NotPermitted: We were not shown it.
        """
        if not self.kind:
            raise NotPermitted("request", expected="a party that received it")
        return self.messages[0]

    def require_state(self) -> ExchangeState:
        """Return what all messages say together.

        Raises:
            NotPermitted: We were not shown all of them, so we cannot go on from them.
        """
        if self.lifecycle is None:
            raise NotPermitted(
                f"exchange {self.exchange_id}",
                expected="a party that is shown all of its messages",
            )
        return self.lifecycle

    def part(self, part_id: str) -> PartView | None:
        """Return an item or task."""
        return next((part for part in self.parts if part.id == part_id), None)

    def ids_in(self, state: str) -> list[str]:
        """Return the ids of items or tasks in a state."""
        return [part.id for part in self.parts if part.state == state]


def derive_state(messages: Sequence[Received]) -> ExchangeState:
    """Return what all messages of an exchange make of it, or raise.

    Raises:
        MessageUnverified: The gateway logged a message that the state did not allow.
    """
    state: ExchangeState | None = None
    for received in messages:
        try:
            state = advance(state, received.verified, received.directory)
        except RogatoryError as error:
            raise MessageUnverified(
                f"message at entry {received.index}",
                expected="one that the exchange's state allows",
                got=str(error),
                metadata={"cause": error.reason},
            ) from error
    if state is None:
        raise VerificationError("exchange", expected="at least one message", got="none")
    return state


def verify_claim(claim: exchange_service_pb2.Exchange, state: ExchangeState) -> None:
    """Verify that the gateway says of an exchange what its messages say, or raise.

    Raises:
        VerificationError: They differ; the first difference is named.
    """
    claimed = {part.id: (part.state, part.act_time.seconds) for part in claim.parts}
    derived = {i: (part.state, part.act_time or 0) for i, part in state.parts.items()}
    rows: Sequence[tuple[str, object, object]] = (
        ("requester", state.requester, claim.requester),
        ("addressee", state.addressee, claim.addressee),
        ("profile", state.profile_id, claim.profile.id),
        ("newest message", state.digests[-1].hex(), claim.newest_digest.hex()),
        ("test flag", state.test, claim.test),
        ("emergency flag", state.emergency, claim.emergency),
        ("state", int(state.state), int(claim.state)),
        ("items", sorted(derived), sorted(claimed)),
        *((f"item {i}", derived[i], claimed.get(i)) for i in derived),
    )
    for name, ours, theirs in rows:
        if ours != theirs:
            raise VerificationError(
                f"exchange {state.exchange_id}, {name}",
                expected=f"{ours}, as its messages say",
                got=str(theirs),
            )
