"""Too much at once is refused at once; what was begun is finished, whoever waits."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import grpc
import pytest

from rogatory.v1 import exchange_service_pb2 as pb
from rogatory_gateway.admission import Identities
from rogatory_gateway.dev.parties import OPERATOR, REGULATOR
from rogatory_gateway.dev.workspace import TRUST_DOMAIN
from rogatory_gateway.rpc.calls import (
    EXCHANGING,
    MAX_CONCURRENT,
    Call,
    Gate,
    Method,
    handlers_of,
)
from rogatory_gateway.rpc.server import Server, TlsFiles
from tests.support.logs import Lines
from tests.support.waiting import until
from tests.support.world import TIMEOUT_S, World, refusal_of

SERVICE = "rogatory.v1.SlowService"
CHANNELS = 8
"""One connection carries 128 calls at a time."""

TOO_MANY = 5


@dataclass
class Slow:
    """A server with one method, which blocks until it is let go."""

    channels: list[grpc.Channel]
    let_go: threading.Event = field(default_factory=threading.Event)
    begun: list[Call] = field(default_factory=list)

    def call(self, number: int = 0) -> "Callable[..., grpc.CallFuture[bytes]]":
        """Return the method on one of the connections."""
        channel = self.channels[number % CHANNELS]
        method = channel.unary_unary(f"/{SERVICE}/Wait", bytes, bytes)
        return lambda timeout=TIMEOUT_S: method.future(b"", timeout=timeout)

    def wait(
        self, _request: pb.GetExchangeRequest, call: Call
    ) -> pb.GetExchangeResponse:
        """Block a worker thread."""
        self.begun.append(call)
        assert self.let_go.wait(TIMEOUT_S)
        return pb.GetExchangeResponse()


@pytest.fixture
def slow(world: World) -> Iterator[Slow]:
    """Give the server, with everybody let go in the end."""
    operator = world.parties[OPERATOR]
    server = operator.ca.issue_server(world.now())
    authorities = b"".join(party.ca.pem for party in world.parties.values())
    tls = TlsFiles(server.certificate, server.key, authorities)
    gate = Gate(Identities(TRUST_DOMAIN), world.running.registry)
    slow = Slow([])
    method = Method(SERVICE, "Wait", pb.GetExchangeRequest, slow.wait, EXCHANGING)
    serving = Server(["localhost:0"], tls, handlers_of({method: gate.unary(method)}))
    serving.start()
    issued = world.client_certificate(REGULATOR)
    credentials = grpc.ssl_channel_credentials(
        operator.ca.pem, issued.key, issued.certificate
    )
    for number in range(CHANNELS):
        options = [("grpc.use_local_subchannel_pool", 1), ("test.number", number)]
        address = f"localhost:{serving.ports[0]}"
        slow.channels.append(grpc.secure_channel(address, credentials, options))
    yield slow
    slow.let_go.set()
    serving.stop()
    gate.close()
    for channel in slow.channels:
        channel.close()


def test_calls_beyond_the_bound_are_refused_at_once(slow: Slow, lines: Lines) -> None:
    """Their callers are told to come back, while the others are still served."""
    lines.clear()
    calls = [slow.call(number)() for number in range(MAX_CONCURRENT + TOO_MANY)]

    until(lambda: _done(calls) == TOO_MANY, "the refusals")
    refused = [refusal_of(call.result) for call in calls if call.done()]
    slow.let_go.set()
    until(lambda: _done(calls) == len(calls), "the answers")

    assert {(r.code, r.reason, r.retry) for r in refused} == {
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", True)
    }
    codes = [call.code() for call in calls]
    assert codes.count(grpc.StatusCode.OK) == MAX_CONCURRENT
    until(lambda: len(lines) == len(calls), "a line for each")
    reasons = [line["reason"] for line in lines]
    assert (reasons.count("OVERLOADED"), reasons.count("OK")) == (
        TOO_MANY,
        MAX_CONCURRENT,
    )


def _done(calls: "list[grpc.CallFuture[bytes]]") -> int:
    return sum(call.done() for call in calls)


def test_what_was_begun_is_finished_although_nobody_waits(
    slow: Slow, lines: Lines
) -> None:
    """A caller that gives up does not stop what may be on its way to the disk."""
    lines.clear()

    refusal = refusal_of(slow.call()(timeout=0.3).result)

    assert refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED
    assert lines == []
    slow.let_go.set()
    until(lambda: lines, "the line of the call")
    assert [line["reason"] for line in lines] == ["OK"]
