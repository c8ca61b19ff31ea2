"""Our own mistakes: the caller learns that there was one, and nothing about it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import NoReturn

import grpc
import pytest

from rogatory.v1 import exchange_service_pb2 as pb
from rogatory_gateway.admission import Identities
from rogatory_gateway.dev.parties import OPERATOR, REGULATOR
from rogatory_gateway.dev.workspace import TRUST_DOMAIN
from rogatory_gateway.rpc.calls import EXCHANGING, Call, Gate, Method, handlers_of
from rogatory_gateway.rpc.server import Server, TlsFiles
from tests.support.logs import Lines
from tests.support.waiting import until
from tests.support.world import TIMEOUT_S, World, refusal_of

SECRET = "010-1234-5678 example-suspect"
SERVICE = "rogatory.v1.BrokenService"


def _fail() -> NoReturn:
    raise KeyError(SECRET)


def _unary(_request: object, _call: Call) -> NoReturn:
    _fail()


async def _async_unary(_request: object, _call: Call) -> NoReturn:
    _fail()


async def _server_stream(
    _request: object, _call: Call
) -> AsyncIterator[pb.WatchInboxResponse]:
    yield pb.WatchInboxResponse()
    _fail()


async def _client_stream(pieces: AsyncIterator[object], _call: Call) -> NoReturn:
    async for _piece in pieces:
        _fail()
    raise AssertionError("no piece came")


async def _waits(_request: object, call: Call) -> pb.GetExchangeResponse:
    call.facts["waits"] = True
    await asyncio.sleep(TIMEOUT_S)
    return pb.GetExchangeResponse()


def _method(name: str, run: Callable[..., object]) -> Method[pb.GetExchangeRequest]:
    return Method(SERVICE, name, pb.GetExchangeRequest, run, EXCHANGING)


@pytest.fixture(scope="module")
def broken(world: World) -> Iterator[grpc.Channel]:
    """Give a channel to a server whose methods all fail, behind the real gate."""
    operator = world.parties[OPERATOR]
    server = operator.ca.issue_server(world.now())
    authorities = b"".join(party.ca.pem for party in world.parties.values())
    tls = TlsFiles(server.certificate, server.key, authorities)
    gate = Gate(Identities(TRUST_DOMAIN), world.running.registry)
    methods = {
        (each := _method("Unary", _unary)): gate.unary(each),
        (each := _method("AsyncUnary", _async_unary)): gate.async_unary(each),
        (each := _method("Waits", _waits)): gate.async_unary(each),
        (each := _method("Server", _server_stream)): gate.async_server_stream(each),
        (each := _method("Client", _client_stream)): gate.async_client_stream(each),
    }
    serving = Server(["localhost:0"], tls, handlers_of(methods))
    serving.start()
    issued = world.client_certificate(REGULATOR)
    credentials = grpc.ssl_channel_credentials(
        operator.ca.pem, issued.key, issued.certificate
    )
    with grpc.secure_channel(f"localhost:{serving.ports[0]}", credentials) as channel:
        yield channel
    serving.stop()
    gate.close()


def _call_unary(channel: grpc.Channel) -> object:
    return channel.unary_unary(f"/{SERVICE}/Unary", bytes, bytes)(
        b"", timeout=TIMEOUT_S
    )


def _call_async_unary(channel: grpc.Channel) -> object:
    method = channel.unary_unary(f"/{SERVICE}/AsyncUnary", bytes, bytes)
    return method(b"", timeout=TIMEOUT_S)


def _call_server_stream(channel: grpc.Channel) -> object:
    method = channel.unary_stream(f"/{SERVICE}/Server", bytes, bytes)
    return list(method(b"", timeout=TIMEOUT_S))


def _call_client_stream(channel: grpc.Channel) -> object:
    method = channel.stream_unary(f"/{SERVICE}/Client", bytes, bytes)
    return method(iter([b""]), timeout=TIMEOUT_S)


CALLS = {
    "Unary": _call_unary,
    "AsyncUnary": _call_async_unary,
    "Server": _call_server_stream,
    "Client": _call_client_stream,
}


@pytest.mark.parametrize("name", CALLS)
def test_an_unexpected_failure_tells_the_caller_nothing(
    broken: grpc.Channel, name: str
) -> None:
    """The caller gets INTERNAL and a fixed sentence, however the call failed."""
    refusal = refusal_of(lambda: CALLS[name](broken))

    assert refusal.code is grpc.StatusCode.INTERNAL
    assert refusal.text == (
        "the gateway failed; nothing was stored unless a receipt says so"
    )
    assert refusal.reason == ""


@pytest.mark.parametrize("name", CALLS)
def test_the_log_names_the_code_that_failed_and_no_data(
    broken: grpc.Channel, lines: Lines, name: str
) -> None:
    """Where it failed is logged; what an exception says may be payload, and is not."""
    lines.clear()

    refusal_of(lambda: CALLS[name](broken))

    error, rpc = lines
    assert (error["event"], error["method"]) == ("internal_error", name)
    assert error["error"] == "KeyError"
    assert error["where"][-1].endswith(" _fail")
    assert (rpc["event"], rpc["method"], rpc["reason"]) == ("rpc", name, "INTERNAL")
    assert SECRET not in repr(lines)
    assert "exc_info" not in error


def test_a_call_that_its_caller_gave_up_leaves_its_line(
    broken: grpc.Channel, lines: Lines
) -> None:
    """One line per call, also for the ones that nobody waited for."""
    lines.clear()
    method = broken.unary_unary(f"/{SERVICE}/Waits", bytes, bytes)

    refusal = refusal_of(lambda: method(b"", timeout=0.2))

    assert refusal.code is grpc.StatusCode.DEADLINE_EXCEEDED
    until(lambda: lines, "the line of the call")
    assert [(line["waits"], line["reason"]) for line in lines] == [(True, "CANCELLED")]
