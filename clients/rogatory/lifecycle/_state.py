"""The state of an exchange: what each item or task has come to.

A *part* is an item of a removal or a task of a disclosure. Its state is `pending`,
`clarification`, or the name of its outcome in lower case ("removed", "no_data").
Everything else is derived.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rogatory.v1 import exchange_service_pb2

PENDING = "pending"
CLARIFICATION = "clarification"
_OPEN = frozenset({PENDING, CLARIFICATION})

FILE_ANNOUNCED = "announced"


@dataclass(frozen=True, slots=True)
class Part:
    """One item or task.

    Attributes:
        state: `pending`, `clarification` or an outcome.
        act_time: When the platform acted, Unix seconds; None while open.
        changed: Position in the exchange of the message that last changed it.
    """

    state: str
    act_time: int | None
    changed: int


@dataclass(frozen=True, slots=True)
class ExchangeState:
    """An exchange after some of its messages.

    Attributes:
        exchange_id: Its id.
        requester: The authority that asked.
        addressee: The platform asked.
        kind: Kind of the first message.
        profile_id: Legal basis.
        profile_digest: Version of it.
        test: Flagged as a test.
        emergency: Flagged as an emergency.
        participants: Every party that sent or received a message of it.
        parts: Part by item or task id, in the request's order.
        files: `announced`, `integrity_ok` or `integrity_failed` by file digest.
        digests: Envelope digests of the messages, oldest first; the position of a
            message is its index here.
    """

    exchange_id: str
    requester: str
    addressee: str
    kind: str
    profile_id: str
    profile_digest: bytes
    test: bool
    emergency: bool
    participants: frozenset[str]
    parts: Mapping[str, Part]
    files: Mapping[bytes, str] = field(default_factory=dict)
    digests: tuple[bytes, ...] = ()

    @property
    def version(self) -> int:
        """Number of messages so far."""
        return len(self.digests)

    @property
    def state(self) -> exchange_service_pb2.ExchangeState.ValueType:
        """The exchange's state, derived from its parts and files."""
        states = [part.state for part in self.parts.values()]
        if CLARIFICATION in states:
            return exchange_service_pb2.EXCHANGE_STATE_CLARIFICATION
        still_open = states.count(PENDING)
        if still_open == len(states):
            return exchange_service_pb2.EXCHANGE_STATE_RECEIVED
        if still_open:
            return exchange_service_pb2.EXCHANGE_STATE_PARTIALLY_ANSWERED
        if self.files and set(self.files.values()) == {"integrity_ok"}:
            return exchange_service_pb2.EXCHANGE_STATE_DELIVERED_CONFIRMED
        return exchange_service_pb2.EXCHANGE_STATE_ANSWERED

    def is_open(self, part_id: str) -> bool:
        """Tell whether a part waits for an outcome."""
        return self.parts[part_id].state in _OPEN

    def missed_since(self, position: int, part_ids: list[str]) -> tuple[bytes, ...]:
        """Return digests of messages after `position` that bear on these parts."""
        changed = {self.parts[part_id].changed for part_id in part_ids}
        return tuple(self.digests[at] for at in sorted(changed) if at > position)
