"""Exchanges in any state, told as messages one after the other."""

from dataclasses import dataclass, field

from rogatory.directory import Directory
from rogatory.lifecycle import ExchangeState, advance
from tests.support.messages import Office, Signed

OFFICE = Office()
FILE, OTHER_FILE = b"\7" * 32, b"\x08" * 32


@dataclass(slots=True)
class Exchange:
    """An exchange under way; `says` is one message more."""

    state: ExchangeState | None = None
    said: list[Signed] = field(default_factory=list)
    directory: Directory = field(default_factory=lambda: OFFICE.directory)

    def says(self, signed: Signed) -> ExchangeState:
        """Advance by a message, or raise."""
        self.state = advance(self.state, OFFICE.verified(signed), self.directory)
        self.said.append(signed)
        return self.state

    @property
    def first(self) -> Signed:
        """The request."""
        return self.said[0]

    @property
    def newest(self) -> Signed:
        """The newest message."""
        return self.said[-1]

    def part(self, part_id: str) -> str:
        """Return the state of an item or task."""
        assert self.state is not None
        return self.state.parts[part_id].state


def removal(items: int = 3) -> Exchange:
    """Return an exchange opened by a removal request."""
    exchange = Exchange()
    exchange.says(OFFICE.removal_request(items, sections={}))
    return exchange


def disclosure(tasks: int = 3) -> Exchange:
    """Return an exchange opened by a disclosure request."""
    exchange = Exchange()
    exchange.says(OFFICE.disclosure_request(tasks, sections={}))
    return exchange


def asked(exchange: Exchange, *ids: str) -> Exchange:
    """Let the platform ask about some parts."""
    exchange.says(OFFICE.clarification_request(exchange.newest, ids, sections={}))
    return exchange


def answered(exchange: Exchange, *ids: str) -> Exchange:
    """Let the authority answer about some parts."""
    exchange.says(OFFICE.clarification_response(exchange.newest, ids))
    return exchange
