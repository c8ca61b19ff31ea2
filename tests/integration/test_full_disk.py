"""A full disk refuses and keeps quiet; once there is room, everything goes on.

Order of safety: what cannot be appended durably is not answered and not delivered.
"""

import hashlib
import os
from collections.abc import Iterator

import grpc
import pytest

from rogatory_gateway.dev.parties import MESSENGER, REGULATOR
from tests.support.disk import FULL_DISKS, no_file_grows
from tests.support.logs import Lines
from tests.support.receipts import inbox_number, prove_sent
from tests.support.world import World, refusal_of, running_world

BATCH = 30
"""Messages that surely need another page."""


@pytest.fixture(scope="module")
def own_world(
    tmp_path_factory: pytest.TempPathFactory, lines: Lines
) -> Iterator[World]:
    """Give a gateway to be mistreated."""
    with running_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.mark.parametrize("name", FULL_DISKS)
def test_nothing_is_answered_or_delivered_unlogged(own_world: World, name: str) -> None:
    """Messages that the disk does not take are refused, and nobody receives them."""
    world = own_world
    batch = [world.removal_request() for _ in range(BATCH)]
    received = len(_inbox(world))

    with FULL_DISKS[name](world):
        refusals = []
        for signed in batch:
            try:
                world.submit(signed)
            except grpc.RpcError:
                refusals.append((signed, world.refuse(signed)))
        size = world.size()
        delivered = len(_inbox(world)) - received

    assert refusals, "the disk was not full"
    assert {(r.code, r.reason, r.retry) for _, r in refusals} == {
        (grpc.StatusCode.UNAVAILABLE, "LOG_UNAVAILABLE", True)
    }
    assert delivered == BATCH - len(refusals)
    assert world.size() == size


@pytest.mark.parametrize("name", FULL_DISKS)
def test_with_room_again_the_same_message_is_logged_once(
    own_world: World, name: str
) -> None:
    """Nobody has to restart or repair anything: the next attempt just works."""
    world = own_world
    batch = [world.removal_request() for _ in range(BATCH)]
    before = world.size()
    with FULL_DISKS[name](world):
        for signed in batch:
            try:
                world.submit(signed)
            except grpc.RpcError:
                continue

    indices = set()
    for signed in batch:
        receipt = world.caller(REGULATOR).submit(signed).receipt
        indices.add(prove_sent(receipt, signed, world.log.keys.verifier_keys).index)

    assert indices == set(range(before, before + BATCH))
    assert world.size() == before + BATCH


def test_an_upload_goes_on_once_there_is_room(own_world: World) -> None:
    """An upload that the disk does not take is refused, and resumes where it stood."""
    world = own_world
    content = os.urandom(200_000)
    digest = hashlib.sha256(content).digest()
    caller = world.caller(MESSENGER)
    caller.open_upload(digest, len(content))
    caller.upload(digest, 0, content[:50_000])

    with no_file_grows(world):
        refusal = refusal_of(lambda: caller.upload(digest, 50_000, content[50_000:]))

    assert (refusal.code, refusal.reason, refusal.retry) == (
        grpc.StatusCode.UNAVAILABLE,
        "UNAVAILABLE",
        True,
    )
    offset = caller.open_upload(digest, len(content))
    assert offset == 50_000
    assert caller.upload(digest, offset, content[offset:]) == len(content)


def _inbox(world: World) -> list[int]:
    numbers: list[int] = []
    caller = world.caller(MESSENGER)
    while page := caller.received(numbers[-1] if numbers else 0):
        numbers += [inbox_number(delivered) for delivered in page]
    return numbers
