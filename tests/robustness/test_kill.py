"""The gateway is killed in the middle of batches; nothing is lost, nothing doubled.

The unit that is killed is the real process with its real store; the messages are those
of the story (25 and 123 items, in requests of one item each so that a batch has many
commits), sent by several callers over mutual TLS.
"""

import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest

from rogatory.tlog import FromOpening as From
from rogatory.tlog import (
    MessageEntry,
    VerifierKey,
    parse_entry,
    verify_from_opening,
    verify_log,
    verify_proof,
)
from rogatory.v1 import exchange_service_pb2 as pb
from rogatory.v1 import log_service_pb2, receipt_pb2
from rogatory_gateway.dev.parties import MESSENGER, REGULATOR
from tests.support.process import GatewayProcess
from tests.support.world import Signed, Stubs, World

KILLS = 10
BATCH = 148
CALLERS = 8
SEED = 20240924
_KILLED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)


class Sender:
    """Sends a batch from several threads until the gateway dies."""

    def __init__(self) -> None:
        self.receipts: dict[str, receipt_pb2.Receipt] = {}
        self._lock = threading.Lock()

    def send(
        self,
        stubs: Stubs,
        batch: Sequence[Signed],
        kill_after: int,
        kill: threading.Event,
    ) -> None:
        """Send; ask for the kill once `kill_after` messages have been answered."""
        answered = 0

        def one(signed: Signed) -> None:
            nonlocal answered
            try:
                response = stubs.submit(signed)
            except grpc.RpcError as error:
                # Killed under way: whether it was logged, only the log knows.
                if error.code() not in _KILLED:
                    raise
                return
            with self._lock:
                self._keep(signed, response.receipt)
                answered += 1
                if answered >= kill_after:
                    kill.set()

        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(one, batch))
        kill.set()

    def _keep(self, signed: Signed, receipt: receipt_pb2.Receipt) -> None:
        message_id = signed.message.header.message_id
        before = self.receipts.setdefault(message_id, receipt)
        assert before.entry == receipt.entry, "the same message has one entry"
        assert before.openings == receipt.openings, "the same message has one opening"


def keys_of(world: World) -> Sequence[VerifierKey]:
    """Return the log's public keys."""
    return world.log.keys.verifier_keys


def kill_when(asked: threading.Event, process: GatewayProcess) -> None:
    """Kill the gateway at the moment that the sender asks for."""
    asked.wait()
    process.kill()


@pytest.mark.slow
@pytest.mark.e2e
def test_ten_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    """Whatever was answered is in the log once; a re-send gives the same receipt."""
    world = World(tmp_path / "world")
    process = GatewayProcess(world)
    batch = [world.removal_request(1) for _ in range(BATCH)]
    chance = random.Random(SEED)  # noqa: S311: a test's dice
    points = sorted(chance.randrange(1, BATCH - CALLERS) for _ in range(KILLS))
    process.start()
    sender = Sender()

    for point in points:
        kill = threading.Event()
        killer = threading.Thread(target=kill_when, args=(kill, process))
        killer.start()
        # Every round sends all of it again, so each kill meets messages that are
        # logged, messages under way and messages that nobody has seen.
        sender.send(world.stubs(REGULATOR), batch, point, kill)
        killer.join()
        process.start()
    sender.send(world.stubs(REGULATOR), batch, BATCH + 1, threading.Event())

    try:
        assert len(sender.receipts) == BATCH
        _assert_log_holds_each_once(world, sender)
        _assert_inbox_is_dense(world)
    finally:
        world.stop()
        process.stop()


def _assert_log_holds_each_once(world: World, sender: Sender) -> None:
    """The export verifies, and has exactly the entries of the receipts."""
    stubs = world.stubs(REGULATOR)
    logged: list[bytes] = []
    published = world.config.publish
    assert published is not None
    size = _wait_for_export(stubs, published)
    verified = verify_log(
        lambda path: (published / path).read_bytes(),
        keys_of(world),
        on_entry=lambda _index, entry: logged.append(entry),
    )

    assert verified.checkpoint.size == size
    messages = [e for e in logged if isinstance(parse_entry(e), MessageEntry)]
    assert sorted(messages) == sorted(r.entry for r in sender.receipts.values())
    numbers = set()
    for receipt in sender.receipts.values():
        verify_proof(receipt.proof, receipt.entry, keys_of(world))
        entry = parse_entry(receipt.entry)
        assert isinstance(entry, MessageEntry)
        opening = receipt.openings[0]
        own = From(opening.salt, opening.party, opening.number)
        numbers.add(verify_from_opening(entry, own).n)
    assert numbers == set(range(1, BATCH + 1)), "sent entries are counted without gap"


def _wait_for_export(stubs: Stubs, folder: Path) -> int:
    head = stubs.log.GetCheckpoint(log_service_pb2.GetCheckpointRequest(), timeout=10)
    size = int(head.checkpoint.splitlines()[1])
    waiting = threading.Event()
    for _ in range(200):
        if int((folder / "checkpoint").read_bytes().splitlines()[1]) == size:
            return size
        waiting.wait(0.05)
    pytest.fail("the export does not reach the newest checkpoint")


def _assert_inbox_is_dense(world: World) -> None:
    """The platform received every message once, numbered without gap or repeat."""
    stubs = world.stubs(MESSENGER)
    numbers: list[int] = []
    while True:
        after = numbers[-1] if numbers else 0
        page = stubs.exchanges.ListInbox(
            pb.ListInboxRequest(after=after, page_size=50), timeout=10
        )
        if not page.messages:
            break
        numbers += [
            opening.number
            for message in page.messages
            for opening in message.receipt.openings
            if opening.kind == receipt_pb2.OPENING_KIND_INBOX
        ]
    assert numbers == list(range(1, BATCH + 1))
