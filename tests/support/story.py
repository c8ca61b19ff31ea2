"""Clients of made-up parties on a fake gateway, and what they usually say."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rogatory.authority import Authority
from rogatory.client import Sent
from rogatory.platform import Platform
from rogatory.tables import (
    ItemRow,
    ResultRow,
    TargetRow,
    parse_items,
    parse_results,
    parse_targets,
)
from rogatory.v1 import message_pb2, removal_pb2
from rogatory_gateway.dev.parties import MESSENGER, POLICE, PROSECUTOR, REGULATOR
from tests.support.fake_gateway import FakeWorld

REQUEST = removal_pb2.REMOVAL_INSTRUMENT_REQUEST
VALIDATOR = (PROSECUTOR, "prosecutor-1", message_pb2.CAPACITY_VALIDATOR)


class Story:
    """A regulator, police, a prosecutor and a messenger, each at their machine."""

    def __init__(self, folder: Path) -> None:
        self.world = FakeWorld(folder)
        self.regulator = self.authority(REGULATOR)
        self.police = self.authority(POLICE)
        self.prosecutor = self.authority(PROSECUTOR)
        self.messenger = self.platform()

    def close(self) -> None:
        for client in (self.regulator, self.police, self.prosecutor, self.messenger):
            client.close()

    def authority(self, party: str) -> Authority:
        return Authority(
            self.world.context(party),
            gateway=self.world.gateway(party),
            clock=self.world.now,
        )

    def platform(self) -> Platform:
        return Platform(
            self.world.context(MESSENGER),
            gateway=self.world.gateway(MESSENGER),
            clock=self.world.now,
        )

    def ask_removal(self, count: int = 3, copies: Sequence[str] = ()) -> Sent:
        """Let the regulator ask for the removal of items i1, i2 and so on."""
        return self.regulator.request_removal(
            MESSENGER,
            item_rows(count),
            profile="KR.CORRECTION",
            instrument=REQUEST,
            reasons=removal_pb2.Reasons(text="they are illegal", file_number="7"),
            copies=copies,
        )

    def ask_removal_with_copy(self) -> Sent:
        """Let the regulator ask, with a copy for the prosecutor."""
        return self.ask_removal(copies=[PROSECUTOR])

    def ask_disclosure(self, count: int = 2) -> Sent:
        """Let police and prosecutor ask for the data of t1, t2 and so on."""
        draft = self.police.draft_disclosure(
            MESSENGER,
            target_rows(count),
            profile="XX.SUBSCRIBER",
            reasons=removal_pb2.Reasons(text="a crime"),
            cosigners=[VALIDATOR],
        )
        draft = self.prosecutor.sign(self.police.sign(draft))
        return self.police.submit(draft)


def item_rows(count: int, prefix: str = "i") -> list[ItemRow]:
    """Return rows of a clerk's table."""
    lines = [
        f"{prefix}{n},https://files.example/{prefix}{n},ncii_synthetic,"
        "2026-11-20T10:00:00+09:00"
        for n in range(1, count + 1)
    ]
    text = "\n".join(["item_id,locator,classification,observed", *lines])
    return parse_items(text.encode(), name="items.csv")


def target_rows(count: int) -> list[TargetRow]:
    """Return rows of an officer's table."""
    lines = [f"t{n},subscriber,username,user-{n}" for n in range(1, count + 1)]
    text = "\n".join(["task_id,category,identifier_type,identifier", *lines])
    return parse_targets(text.encode(), name="targets.csv")


def result_rows(
    outcomes: Mapping[str, str], questions: Mapping[str, str] | None = None
) -> list[ResultRow]:
    """Return outcomes by item, and questions by item."""
    lines = [
        f"{item},{outcome},2026-11-20T12:00:00Z,,done"
        for item, outcome in outcomes.items()
    ]
    lines += [
        f"{item},needs_clarification,,identifier_ambiguous,{text}"
        for item, text in (questions or {}).items()
    ]
    text = "\n".join(["item_id,outcome,acted,ground,explanation", *lines])
    known = [*outcomes, *(questions or {})]
    return parse_results(text.encode(), name="results.csv", known_ids=known)
