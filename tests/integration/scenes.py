"""What was logged before a bad message comes, and a table of such messages."""

from collections.abc import Callable
from dataclasses import dataclass

import grpc

from rogatory.errors import all_errors
from rogatory.v1 import message_pb2
from tests.support.world import Signed, World

CODES = {kind.reason: kind.code for kind in all_errors()}
"""The one table of gRPC codes; its own test freezes it."""

Change = Callable[[message_pb2.Message], None]


@dataclass(frozen=True)
class Scene:
    """What was logged before: each test speaks of it and changes nothing in it.

    Attributes:
        world: The gateway and its parties.
        request: A removal request with three items.
        report: The platform's report that item-1 is removed.
        disclosure: A disclosure request with two tasks.
    """

    world: World
    request: Signed
    report: Signed
    disclosure: Signed


Bad = Callable[[Scene], Signed]


class Cases(dict[str, tuple[str, Bad]]):
    """Bad messages by name, each with the reason for which it is refused."""

    def __call__(self, name: str, reason: str) -> Callable[[Bad], Bad]:
        """Add a case: `@case("expired", "EXPIRED")`."""

        def add(build: Bad) -> Bad:
            self[name] = (reason, build)
            return build

        return add

    def refused(self, scene: Scene, name: str) -> None:
        """Submit the message of a case, and demand its refusal and nothing else."""
        reason, build = self[name]
        signed = build(scene)

        with scene.world.unchanged():
            refusal = scene.world.refuse(signed)

        told = (refusal.code, refusal.reason)
        assert told == (grpc.StatusCode[CODES[reason]], reason), refusal.text


def header_with(**values: object) -> Change:
    """Return a change of header fields."""

    def change(message: message_pb2.Message) -> None:
        for name, value in values.items():
            setattr(message.header, name, value)

    return change
