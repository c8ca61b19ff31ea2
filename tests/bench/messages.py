"""Messages made before the clock starts: built, sealed and signed by several processes.

Each is one SubmitMessageRequest as bytes, with ids of its own, so that none is ever
answered as a repetition: what a test would send (`tests.support`), signed with Ed25519.
"""

import multiprocessing
from multiprocessing.pool import Pool

from tests.support.world import Who, World

FORK = multiprocessing.get_context("fork")
_CHUNK = 32
_worlds: list[World] = []
"""The world of this process; its keys have no form that could be sent to another."""


class BenchWorld(World):
    """Made-up parties whose signers all have Ed25519 keys."""

    def _give_key(self, who: Who, key: object) -> None:
        """Give nobody a key of another algorithm, as tests need it."""


class Presigner:
    """Makes messages of one world, in as many processes as there are CPUs."""

    def __init__(self, world: BenchWorld, processes: int) -> None:
        """Fork the processes; no gRPC object may exist yet."""
        _worlds[:] = [world]
        self._pool: Pool = FORK.Pool(processes)

    def requests(self, count: int) -> list[bytes]:
        """Return removal requests: one signature, two small sealed sections."""
        pairs = self._pool.map(_request, [False] * count, _CHUNK)
        return [request for request, _ in pairs]

    def answered(self, count: int) -> tuple[list[bytes], list[bytes]]:
        """Return removal requests, and a report on one item of each."""
        pairs = self._pool.map(_request, [True] * count, _CHUNK)
        return [request for request, _ in pairs], [report for _, report in pairs]

    def close(self) -> None:
        """End the processes."""
        self._pool.terminate()
        self._pool.join()


def _request(answered: bool) -> tuple[bytes, bytes]:
    (world,) = _worlds
    request = world.removal_request()
    report = b""
    if answered:
        signed = world.removal_report(request, {"item-1": "REMOVED"})
        report = signed.request().SerializeToString()
    return request.request().SerializeToString(), report
