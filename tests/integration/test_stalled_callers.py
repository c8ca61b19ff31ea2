"""Callers that stop in the middle of a request hold nothing that others need."""

import threading
from collections.abc import Iterator

from rogatory.v1 import log_service_pb2
from rogatory_gateway.dev.parties import MESSENGER, REGULATOR
from rogatory_gateway.rpc.calls import WORKERS
from tests.support.world import World

METHOD = "/rogatory.v1.ExchangeService/SubmitMessage"


def test_stalled_callers_do_not_keep_others_out(world: World) -> None:
    """More half-sent requests than there are worker threads, and all others go on."""
    caller = world.caller(REGULATOR)
    release = threading.Event()

    def half_a_request() -> Iterator[bytes]:
        release.wait()
        yield b""

    # A stream of which no message comes is, on the wire, a unary call whose request
    # never arrives.
    unary, _streams = world.stubs(MESSENGER).channels
    stalled = unary.stream_unary(METHOD, bytes, bytes)
    calls = [stalled.future(half_a_request(), timeout=60) for _ in range(WORKERS + 8)]
    answer = caller.log.GetCheckpoint(
        log_service_pb2.GetCheckpointRequest(), timeout=10
    )

    assert answer.checkpoint
    assert not any(call.done() for call in calls)
    release.set()
    for call in calls:
        call.cancel()  # type: ignore[no-untyped-call]
