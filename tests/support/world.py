"""A gateway in this process, with made-up parties that connect over mutual TLS.

Everything is real but the process boundary: certificates, TLS 1.3, both servers, the
store on disk. `unchanged` holds a refusal to its promise that nothing was written.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from rogatory.v1 import (
    directory_service_pb2_grpc,
    evidence_service_pb2,
    evidence_service_pb2_grpc,
    exchange_service_pb2,
    exchange_service_pb2_grpc,
    log_service_pb2,
    log_service_pb2_grpc,
    receipt_pb2,
)
from rogatory_gateway.app import GatewayApp
from rogatory_gateway.dev.parties import OPERATOR, SYSTEM
from rogatory_gateway.dev.pki import Issued
from rogatory_gateway.dev.workspace import ORIGIN, TRUST_DOMAIN, free_ports
from rogatory_gateway.setup import init_log
from tests.support.files import gateway_config
from tests.support.messages import (
    CLERK,
    COUNSEL,
    OFFICER,
    VALIDATOR,
    VIDEO_COUNSEL,
    Office,
    Options,
    Signed,
    Who,
    fresh_id,
    profile_reference,
)
from tests.support.platforms import VIDEO

__all__ = [
    "CLERK",
    "COUNSEL",
    "OFFICER",
    "ORIGIN",
    "VALIDATOR",
    "VIDEO",
    "VIDEO_COUNSEL",
    "Options",
    "Refusal",
    "Signed",
    "Stubs",
    "Who",
    "World",
    "fresh_id",
    "profile_reference",
    "reason_of",
    "refusal_of",
    "running_world",
]

TIMEOUT_S = 30.0


@dataclass(slots=True)
class Stubs:
    """Stubs of one client certificate."""

    exchanges: exchange_service_pb2_grpc.ExchangeServiceStub
    inbox: exchange_service_pb2_grpc.ExchangeServiceStub
    evidence: evidence_service_pb2_grpc.EvidenceServiceStub
    directory: directory_service_pb2_grpc.DirectoryServiceStub
    log: log_service_pb2_grpc.LogServiceStub
    channels: tuple[grpc.Channel, grpc.Channel]

    def submit(self, signed: Signed) -> exchange_service_pb2.SubmitMessageResponse:
        return self.exchanges.SubmitMessage(signed.request(), timeout=TIMEOUT_S)

    def exchange(self, exchange_id: str) -> exchange_service_pb2.Exchange:
        request = exchange_service_pb2.GetExchangeRequest(exchange_id=exchange_id)
        return self.exchanges.GetExchange(request, timeout=TIMEOUT_S).exchange

    def messages(self, exchange_id: str) -> list[receipt_pb2.DeliveredMessage]:
        request = exchange_service_pb2.ListMessagesRequest(exchange_id=exchange_id)
        return list(self.exchanges.ListMessages(request, timeout=TIMEOUT_S).messages)

    def received(self, after: int = 0) -> list[receipt_pb2.DeliveredMessage]:
        request = exchange_service_pb2.ListInboxRequest(after=after)
        return list(self.exchanges.ListInbox(request, timeout=TIMEOUT_S).messages)

    def watch(self, after: int = 0) -> "Watch":
        request = exchange_service_pb2.WatchInboxRequest(after=after)
        return Watch(self.inbox.WatchInbox(request, timeout=TIMEOUT_S))

    def open_upload(self, sha256: bytes, size: int) -> int:
        request = evidence_service_pb2.OpenUploadRequest(sha256=sha256, size=size)
        return self.evidence.OpenUpload(request, timeout=TIMEOUT_S).offset

    def upload(self, sha256: bytes, offset: int, *pieces: bytes) -> int:
        requests = [evidence_service_pb2.UploadRequest(data=data) for data in pieces]
        requests[0].sha256 = sha256
        requests[0].offset = offset
        return self.evidence.Upload(iter(requests), timeout=TIMEOUT_S).offset

    def download(self, exchange_id: str, sha256: bytes, offset: int = 0) -> bytes:
        request = evidence_service_pb2.DownloadRequest(
            exchange_id=exchange_id, sha256=sha256, offset=offset
        )
        answers = self.evidence.Download(request, timeout=TIMEOUT_S)
        return b"".join(answer.data for answer in answers)

    def checkpoint(self) -> bytes:
        request = log_service_pb2.GetCheckpointRequest()
        return self.log.GetCheckpoint(request, timeout=TIMEOUT_S).checkpoint


class Watch:
    """An inbox being watched."""

    def __init__(self, call: Any) -> None:  # noqa: ANN401
        self._call = call

    def next(self) -> receipt_pb2.DeliveredMessage:
        """Wait for the next message."""
        response: exchange_service_pb2.WatchInboxResponse = next(self._call)
        return response.message

    def end(self) -> None:
        """Hang up."""
        self._call.cancel()


class World(Office):
    """Made-up parties and a gateway that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        port, stream_port = free_ports(2)
        server = self.parties[OPERATOR].ca.issue_server(self.founded)
        self.config = gateway_config(folder, server, port, stream_port)
        self.log = init_log(self.config, *self.statements, clock=self.now, dev=True)
        self.app: GatewayApp | None = None
        self._channels: list[grpc.Channel] = []
        self._callers: dict[str, Stubs] = {}

    def start(self) -> None:
        self.app = GatewayApp(self.config, dev=True)
        self.app.start()

    def stop(self) -> None:
        for channel in self._channels:
            channel.close()
        self._channels.clear()
        self._callers.clear()
        if self.app is not None:
            self.app.stop()
            self.app = None

    @property
    def running(self) -> GatewayApp:
        assert self.app is not None, "the gateway is not running"
        return self.app

    # --- connecting --------------------------------------------------------------

    def client_certificate(self, party: str, system: str = SYSTEM) -> Issued:
        return self.parties[party].ca.issue_client(uri_of(party, system), self.now())

    def caller(self, party: str) -> Stubs:
        """Return stubs of a party's system, the same ones every time."""
        if party not in self._callers:
            self._callers[party] = self.stubs(party)
        return self._callers[party]

    def submit(self, signed: Signed) -> Signed:
        """Submit a message as its sender, and return it."""
        self.caller(signed.message.header.sender).submit(signed)
        return signed

    def refuse(self, signed: Signed) -> "Refusal":
        """Submit a message as its sender, and return how it is refused."""
        return self.refuse_from(self.caller(signed.message.header.sender), signed)

    def refuse_from(self, stubs: Stubs, signed: Signed) -> "Refusal":
        """Submit a message as somebody, and return how it is refused."""
        return refusal_of(lambda: stubs.submit(signed))

    def stubs(self, party: str) -> Stubs:
        return self.stubs_with(self.client_certificate(party))

    def stubs_with(self, issued: Issued | None) -> Stubs:
        credentials = grpc.ssl_channel_credentials(
            self.parties[OPERATOR].ca.pem,
            issued.key if issued else None,
            issued.certificate if issued else None,
        )
        unary = grpc.secure_channel(self.config.address, credentials)
        stream = grpc.secure_channel(self.config.stream_address, credentials)
        self._channels += [unary, stream]
        return Stubs(
            exchange_service_pb2_grpc.ExchangeServiceStub(unary),
            exchange_service_pb2_grpc.ExchangeServiceStub(stream),
            evidence_service_pb2_grpc.EvidenceServiceStub(stream),
            directory_service_pb2_grpc.DirectoryServiceStub(unary),
            log_service_pb2_grpc.LogServiceStub(unary),
            (unary, stream),
        )

    # --- what is stored ----------------------------------------------------------

    def size(self) -> int:
        """Return the number of entries of the log."""
        with closing(self._database()) as connection:
            (size,) = connection.execute("SELECT size FROM head").fetchone()
        return int(size)

    @contextmanager
    def unchanged(self) -> Iterator[None]:
        """Demand that not one row of the store is another in the end."""
        before = self._rows()
        yield
        assert self._rows() == before, "something was written"

    def _rows(self) -> dict[str, list[tuple[object, ...]]]:
        with closing(self._database()) as connection:
            connection.execute("BEGIN")
            tables = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table'"
            ).fetchall()
            return {
                name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
                for (name,) in tables
            }

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.config.database}?mode=ro", uri=True)


@contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """Give a world with a running gateway; stop it in the end."""
    world = World(folder)
    world.start()
    try:
        yield world
    finally:
        world.stop()


def uri_of(party: str, system: str = SYSTEM, domain: str = TRUST_DOMAIN) -> str:
    """Return the URI name of a system."""
    return f"spiffe://{domain}/{party}/{system}"


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a caller is told when a call fails.

    Attributes:
        code: gRPC status.
        reason: Stable reason; empty where the connection itself was refused.
        text: The status' message.
        metadata: The facts beside the reason.
        violations: Field path → rule.
        retry: Whether the caller is told to try again.
    """

    code: grpc.StatusCode
    reason: str
    text: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    violations: tuple[tuple[str, str], ...] = ()
    retry: bool = False


_T = TypeVar("_T")


def refusal_of(call: Callable[[], _T]) -> Refusal:
    """Make a call that must fail, and return how."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return _refusal(error)
    raise AssertionError(f"the call was answered: {str(answer)[:200]!r}")


def reason_of(error: grpc.RpcError) -> str:
    """Return the stable reason in an error's details."""
    return _refusal(error).reason


def _refusal(error: grpc.RpcError) -> Refusal:
    call: Any = error  # every error of a call is the call itself; the stubs deny it
    text = call.details() or ""
    status = rpc_status.from_call(call)
    if status is None or not status.details:
        return Refusal(call.code(), "", text)
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in status.details:
        for kind in (info, bad, retry):
            if detail.Is(kind.DESCRIPTOR):
                detail.Unpack(kind)
    assert info.domain == "rogatory"
    return Refusal(
        call.code(),
        info.reason,
        text,
        tuple(sorted(info.metadata.items())),
        tuple((v.field, v.description) for v in bad.field_violations),
        retry=bool(retry.retry_delay.seconds),
    )
