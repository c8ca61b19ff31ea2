"""The wire: errors with their facts, patience, streams and files that go on."""

# ruff: noqa: ANN401 the handlers of a gRPC server take and give any message

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from rogatory.context import Context
from rogatory.errors import (
    BlobMismatch,
    BlobUnknown,
    ConfigInvalid,
    ExchangeUnknown,
    FieldInvalid,
    IdentityError,
    LimitExceeded,
    LogUnavailable,
    NotPermitted,
    Overloaded,
    RemoteError,
    RogatoryError,
    Stale,
    Unreachable,
    VerificationError,
    all_errors,
)
from rogatory.transport import Gateway, Patience
from rogatory.transport._errors import _BY_REASON
from rogatory.v1 import evidence_service_pb2 as evidence
from rogatory.v1 import exchange_service_pb2 as exchanges
from rogatory.v1 import log_service_pb2 as logs
from rogatory.v1 import receipt_pb2
from rogatory_gateway.dev.parties import REGULATOR
from rogatory_gateway.dev.pki import ExampleCa
from rogatory_gateway.rpc.errors import status_of
from tests.support.fake_gateway import FakeWorld

EXCHANGES = "rogatory.v1.ExchangeService"
EVIDENCE = "rogatory.v1.EvidenceService"
LOG = "rogatory.v1.LogService"
QUICK = Patience(attempts=4, first_s=0.01, most_s=0.02, deadline_s=5.0)


@dataclass
class Server:
    """A gRPC server over mutual TLS that does what a test says.

    Attributes:
        context: How to reach it.
        answers: What is done by method, each time it is called.
        calls: What was called.
    """

    context: Context
    answers: dict[str, Callable[[Any, grpc.ServicerContext], Any]] = field(
        default_factory=dict
    )
    calls: list[str] = field(default_factory=list)
    credentials: grpc.ServerCredentials | None = None
    port: int = 0
    server: grpc.Server | None = None

    def start(self) -> None:
        """Listen, on the same port as before."""
        rows: list[tuple[str, str, Any, str]] = [
            (EXCHANGES, "GetExchange", exchanges.GetExchangeRequest, "unary_unary"),
            (EXCHANGES, "ListExchanges", exchanges.ListExchangesRequest, "unary_unary"),
            (EXCHANGES, "ListMessages", exchanges.ListMessagesRequest, "unary_unary"),
            (EXCHANGES, "WatchInbox", exchanges.WatchInboxRequest, "unary_stream"),
            (LOG, "GetCheckpoint", logs.GetCheckpointRequest, "unary_unary"),
            (EVIDENCE, "OpenUpload", evidence.OpenUploadRequest, "unary_unary"),
            (EVIDENCE, "Upload", evidence.UploadRequest, "stream_unary"),
            (EVIDENCE, "Download", evidence.DownloadRequest, "unary_stream"),
        ]
        handlers: dict[str, dict[str, Any]] = {}
        for service, name, request, shape in rows:
            maker = getattr(grpc, f"{shape}_rpc_method_handler")
            handlers.setdefault(service, {})[name] = maker(
                self._runner(name),
                request_deserializer=request.FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
        self.server = grpc.server(
            ThreadPoolExecutor(8),
            handlers=[
                grpc.method_handlers_generic_handler(service, methods)
                for service, methods in handlers.items()
            ],
            options=[("grpc.so_reuseport", 0)],
        )
        assert self.credentials is not None
        address = f"localhost:{self.port}"
        self.port = self.server.add_secure_port(address, self.credentials)
        self.server.start()
        address = f"localhost:{self.port}"
        self.context = replace(self.context, address=address, stream_address=address)

    def stop(self) -> None:
        """Stop listening and end what runs."""
        if self.server is not None:
            self.server.stop(0).wait()

    def gateway(self, patience: Patience = QUICK) -> Gateway:
        """Return a client."""
        return Gateway(self.context, patience=patience)

    def _runner(self, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        def run(request: Any, context: grpc.ServicerContext) -> Any:
            self.calls.append(name)
            return self.answers[name](request, context)

        return run


@pytest.fixture(scope="module")
def authority() -> ExampleCa:
    """Give the operator's CA."""
    return ExampleCa.make("example-operator", datetime.now(UTC))


@pytest.fixture
def server(tmp_path: Path, authority: ExampleCa) -> Iterator[Server]:
    """Give a server that runs."""
    now = datetime.now(UTC)
    world = FakeWorld(tmp_path)
    client = authority.issue_client("spiffe://gateway.example/example-regulator/d", now)
    listens = authority.issue_server(now)
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    (tmp_path / "c").write_bytes(client.certificate)
    (tmp_path / "k").write_bytes(client.key)
    server = Server(world.context(REGULATOR))
    server.credentials = grpc.ssl_server_credentials(
        [(listens.key, listens.certificate)],
        root_certificates=authority.pem,
        require_client_auth=True,
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def gateway(server: Server) -> Iterator[Gateway]:
    """Give a client of it."""
    gateway = server.gateway()
    yield gateway
    gateway.close()


def fail(error: RogatoryError) -> Callable[[Any, grpc.ServicerContext], Any]:
    """Answer with an error as the real gateway sends it."""

    def run(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort_with_status(status_of(error))

    return run


def abort(
    code: grpc.StatusCode, text: str = ""
) -> Callable[[Any, grpc.ServicerContext], Any]:
    """Answer with a bare status."""

    def run(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(code, text)

    return run


def in_turn(
    *answers: Callable[[Any, grpc.ServicerContext], Any],
) -> Callable[[Any, grpc.ServicerContext], Any]:
    """Do one after the other; the last for ever."""
    left = list(answers)

    def run(request: Any, context: grpc.ServicerContext) -> Any:
        return (left.pop(0) if len(left) > 1 else left[0])(request, context)

    return run


def say(message: Any) -> Callable[[Any, grpc.ServicerContext], Any]:
    """Answer with a message."""
    return lambda *_: message


CHECKPOINT = logs.GetCheckpointResponse(checkpoint=b"head")

# --- errors -------------------------------------------------------------------------


def test_reasons_are_unique() -> None:
    """One reason is one class, or the client would raise another error."""
    reasons = [kind.reason for kind in all_errors()]

    assert len(set(reasons)) == len(reasons)
    assert not any(issubclass(k, VerificationError) for k in _BY_REASON.values())


@pytest.mark.parametrize(
    "error",
    [
        ExchangeUnknown("exchange_id", expected="one of ours"),
        Stale("previous", expected="newest", got="old", metadata={"missed": "ab"}),
        LimitExceeded("envelope", expected="at most 1", got="2"),
        FieldInvalid({"header.nonce": "16 bytes", "header.unit": "a name"}),
        NotPermitted("call"),
        IdentityError("certificate", expected="one"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_arrives_as_it_was_raised(
    server: Server, gateway: Gateway, error: RogatoryError
) -> None:
    """Class, facts, violations and metadata survive the wire."""
    server.answers["GetCheckpoint"] = fail(error)

    with pytest.raises(type(error)) as arrived:
        gateway.get_checkpoint()

    assert type(arrived.value) is type(error)
    assert str(arrived.value) == str(error)
    assert arrived.value.metadata == error.metadata
    if isinstance(error, FieldInvalid):
        assert isinstance(arrived.value, FieldInvalid)
        assert arrived.value.violations == error.violations
    assert len(server.calls) == 1


@pytest.mark.parametrize(
    "error", [VerificationError("log"), ConfigInvalid("file"), RogatoryError("x")]
)
def test_what_only_we_can_find_out_is_not_believed(
    server: Server, gateway: Gateway, error: RogatoryError
) -> None:
    """A gateway that claims that verification failed has verified nothing for us."""
    server.answers["GetCheckpoint"] = fail(error)

    with pytest.raises(RogatoryError) as arrived:
        gateway.get_checkpoint()

    assert type(arrived.value) in (RemoteError, RogatoryError)
    assert not isinstance(arrived.value, VerificationError)


def test_an_unknown_reason_is_quoted(server: Server, gateway: Gateway) -> None:
    """A newer gateway may have reasons that we do not know."""
    status = status_pb2.Status(code=9, message="no")
    info = error_details_pb2.ErrorInfo(reason="TOO_SOON", domain="rogatory")
    status.details.add().Pack(info)
    server.answers["GetCheckpoint"] = lambda _, context: context.abort_with_status(
        rpc_status.to_status(status)
    )

    with pytest.raises(RemoteError, match="TOO_SOON"):
        gateway.get_checkpoint()


@pytest.mark.parametrize(
    ("code", "text", "error"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, "", IdentityError),
        (grpc.StatusCode.PERMISSION_DENIED, "", NotPermitted),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "", Overloaded),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "message larger than max", LimitExceeded),
        (grpc.StatusCode.INTERNAL, "boom\x1b[2J", RemoteError),
        (grpc.StatusCode.UNAVAILABLE, "", Unreachable),
    ],
)
def test_a_bare_status_has_a_class(
    server: Server,
    gateway: Gateway,
    code: grpc.StatusCode,
    text: str,
    error: type[RogatoryError],
) -> None:
    """What gRPC or a proxy says, without details of ours."""
    server.answers["GetCheckpoint"] = abort(code, text)

    with pytest.raises(error) as arrived:
        gateway.get_checkpoint()

    assert "\x1b" not in str(arrived.value)


def test_a_method_that_is_not_there_is_a_remote_error(
    server: Server, gateway: Gateway
) -> None:
    """An older gateway."""
    with pytest.raises(RemoteError, match="UNIMPLEMENTED"):
        gateway.get_tile(0, 0, 1)


def test_another_ca_is_unreachable_with_a_hint(server: Server) -> None:
    """A failed handshake looks like a dead gateway: the message says where to look."""
    stranger = ExampleCa.make("stranger", datetime.now(UTC))
    path = server.context.path.parent / "other-ca.pem"
    path.write_bytes(stranger.pem)
    gateway = Gateway(replace(server.context, server_ca=path), patience=QUICK)

    with pytest.raises(Unreachable) as failure:
        gateway.get_checkpoint()

    assert "certificates" in str(failure.value)
    gateway.close()


def test_nobody_there_is_unreachable(server: Server) -> None:
    """After a few attempts."""
    server.stop()
    gateway = server.gateway()

    with pytest.raises(Unreachable):
        gateway.get_checkpoint()

    gateway.close()


def test_a_late_answer_is_unreachable(server: Server) -> None:
    """Every call has a deadline."""

    def slow(*_: object) -> logs.GetCheckpointResponse:
        threading.Event().wait(0.5)
        return CHECKPOINT

    server.answers["GetCheckpoint"] = slow
    gateway = server.gateway(Patience(attempts=1, deadline_s=0.1))

    with pytest.raises(Unreachable, match="in time"):
        gateway.get_checkpoint()

    gateway.close()


@pytest.mark.parametrize("name", ["ca.pem", "c", "k"])
def test_a_missing_or_wrong_file_is_named(server: Server, name: str) -> None:
    """Before anything is connected."""
    (server.context.path.parent / name).write_text("nothing")
    gateway = server.gateway()

    with pytest.raises(ConfigInvalid, match=name):
        gateway.get_checkpoint()

    gateway.close()


# --- patience -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "trouble",
    [
        abort(grpc.StatusCode.UNAVAILABLE),
        fail(LogUnavailable("log")),
        fail(Overloaded("queue")),
    ],
    ids=["unavailable", "log", "overloaded"],
)
def test_a_call_is_made_again_while_the_gateway_says_not_now(
    server: Server,
    gateway: Gateway,
    trouble: Callable[[Any, grpc.ServicerContext], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two failures, then an answer; the gateway's own wish is heeded."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    server.answers["GetCheckpoint"] = in_turn(trouble, trouble, say(CHECKPOINT))

    assert gateway.get_checkpoint() == b"head"

    assert len(server.calls) == 3
    assert len(pauses) == 2
    assert all(pause > 0 for pause in pauses)


def test_what_is_refused_is_not_asked_again(server: Server, gateway: Gateway) -> None:
    """A refusal is an answer."""
    server.answers["GetCheckpoint"] = fail(NotPermitted("call"))

    with pytest.raises(NotPermitted):
        gateway.get_checkpoint()

    assert len(server.calls) == 1


def test_patience_ends(server: Server, gateway: Gateway) -> None:
    """As many attempts as said."""
    server.answers["GetCheckpoint"] = abort(grpc.StatusCode.UNAVAILABLE)

    with pytest.raises(Unreachable):
        gateway.get_checkpoint()

    assert len(server.calls) == QUICK.attempts


def test_pauses_double_up_to_the_longest() -> None:
    """And are spread, so that clients do not come back all at once."""
    patience = Patience(first_s=1.0, most_s=5.0)
    found = {n: {patience.spread(n) for _ in range(200)} for n in (1, 2, 3, 4, 99)}

    for n, longest in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 5.0), (99, 5.0)):
        assert longest / 2 <= min(found[n]) < max(found[n]) <= longest


def test_a_client_outlives_a_restart(server: Server, gateway: Gateway) -> None:
    """The same object is used before and after."""
    server.answers["GetCheckpoint"] = say(CHECKPOINT)
    gateway.get_checkpoint()
    server.stop()
    with pytest.raises(Unreachable):
        gateway.get_checkpoint()
    server.start()
    patient = Patience(attempts=50, first_s=0.02, most_s=0.1)
    gateway._patience = patient

    assert gateway.get_checkpoint() == b"head"


def test_a_closed_gateway_makes_no_connections(gateway: Gateway) -> None:
    """A mistake of ours, and no error of the gateway."""
    gateway.close()

    with pytest.raises(RuntimeError):
        gateway.get_checkpoint()


# --- pages --------------------------------------------------------------------------


def test_pages_are_followed_to_the_last(server: Server, gateway: Gateway) -> None:
    """Tokens are passed on as they came."""
    pages = {
        "": (["a", "b"], "7"),
        "7": (["c"], "x"),
        "x": ([], ""),
    }

    def answer(request: exchanges.ListExchangesRequest, _: object) -> Any:
        ids, token = pages[request.page_token]
        return exchanges.ListExchangesResponse(
            exchanges=[exchanges.Exchange(exchange_id=i) for i in ids],
            next_page_token=token,
        )

    server.answers["ListExchanges"] = answer

    found = [each.exchange_id for each in gateway.list_exchanges()]

    assert found == ["a", "b", "c"]


def test_pages_without_end_are_refused(
    server: Server, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway cannot keep a client busy for ever."""
    monkeypatch.setattr("rogatory.transport._gateway.MAX_PAGES", 3)
    page = exchanges.ListMessagesResponse(next_page_token="more")
    server.answers["ListMessages"] = say(page)

    with pytest.raises(RemoteError, match="more than 3 pages"):
        list(gateway.list_messages("e"))


# --- watching -----------------------------------------------------------------------


def delivered(number: int) -> exchanges.WatchInboxResponse:
    """Return a message of that inbox number."""
    message = receipt_pb2.DeliveredMessage(envelope=b"%d" % number)
    message.receipt.openings.add(
        kind=receipt_pb2.OPENING_KIND_INBOX, party=REGULATOR, number=number
    )
    return exchanges.WatchInboxResponse(message=message)


def test_a_watch_reconnects_behind_the_last_message(
    server: Server, gateway: Gateway
) -> None:
    """Streams break, end and fall silent; numbers go on."""
    asked: list[int] = []

    def answer(request: exchanges.WatchInboxRequest, context: Any) -> Iterator[Any]:
        asked.append(request.after)
        if request.after == 0:
            yield delivered(1)
            yield exchanges.WatchInboxResponse()
            yield delivered(2)
            context.abort(grpc.StatusCode.UNAVAILABLE, "restart")
        elif request.after == 2:
            yield delivered(3)  # and ends in good order
        else:
            yield delivered(request.after + 1)

    server.answers["WatchInbox"] = answer
    watch = gateway.watch_inbox(0)

    got = [next(watch).envelope for _ in range(5)]
    watch.close()

    assert got == [b"1", b"2", b"3", b"4", b"5"]
    assert asked == [0, 2, 3, 4]
    assert list(watch) == []


def test_a_watch_that_is_refused_says_why(server: Server, gateway: Gateway) -> None:
    """It does not try for ever what is not allowed."""
    server.answers["WatchInbox"] = fail(NotPermitted("call"))

    with pytest.raises(NotPermitted):
        next(gateway.watch_inbox(0))


def test_a_watch_can_be_closed_from_another_thread(
    server: Server, gateway: Gateway
) -> None:
    """While it waits."""
    waiting = threading.Event()

    def answer(_: object, context: grpc.ServicerContext) -> Iterator[Any]:
        gone = threading.Event()
        context.add_callback(gone.set)
        waiting.set()
        gone.wait(10)
        yield from ()

    server.answers["WatchInbox"] = answer
    watch = gateway.watch_inbox(0)
    got: list[object] = []
    reader = threading.Thread(target=lambda: got.extend(watch))
    reader.start()
    assert waiting.wait(5)
    watch.close()
    reader.join(5)

    assert not reader.is_alive()
    assert got == []


def test_a_silent_stream_is_taken_for_dead(
    server: Server, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that a firewall forgot gives no error."""
    monkeypatch.setattr("rogatory.transport._watching.SILENCE_S", 0.05)
    monkeypatch.setattr("rogatory.transport._watching._PATROL_S", 0.02)

    def silent(_: object, context: grpc.ServicerContext) -> Iterator[Any]:
        gone = threading.Event()
        context.add_callback(gone.set)
        gone.wait(10)
        yield from ()

    server.answers["WatchInbox"] = in_turn(silent, lambda *_: iter([delivered(1)]))
    watch = gateway.watch_inbox(0)

    assert next(watch).envelope == b"1"
    watch.close()


def test_a_watch_with_nobody_there_says_so(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong stream_address is found at once, not retried for ever."""
    monkeypatch.setattr("rogatory.transport._gateway._CONNECT_S", 0.2)
    server.stop()
    gateway = server.gateway()

    with pytest.raises(Unreachable, match="stream_address"):
        gateway.watch_inbox(0)

    gateway.close()


# --- files --------------------------------------------------------------------------


class Blobs:
    """The evidence service: what it has, and how it fails."""

    def __init__(self, server: Server) -> None:
        self.data = b""
        self.break_after: list[int] = []
        server.answers["OpenUpload"] = self.open
        server.answers["Upload"] = self.upload
        server.answers["Download"] = self.download

    def open(self, request: Any, context: Any) -> evidence.OpenUploadResponse:
        return evidence.OpenUploadResponse(offset=len(self.data))

    def upload(self, pieces: Any, context: Any) -> evidence.UploadResponse:
        limit = self.break_after.pop(0) if self.break_after else None
        for number, piece in enumerate(pieces):
            if number == limit:
                context.abort(grpc.StatusCode.UNAVAILABLE, "restart")
            if number == 0:
                assert piece.offset == len(self.data)
                assert len(piece.sha256) == 32
            self.data += piece.data
        return evidence.UploadResponse(offset=len(self.data))

    def download(self, request: Any, context: Any) -> Iterator[Any]:
        limit = self.break_after.pop(0) if self.break_after else None
        rest = self.data[request.offset :]
        for number in range(0, len(rest), 100_000):
            if number // 100_000 == limit:
                context.abort(grpc.StatusCode.UNAVAILABLE, "restart")
            yield evidence.DownloadResponse(data=rest[number : number + 100_000])


@pytest.fixture
def blobs(server: Server) -> Blobs:
    """Give the evidence service."""
    return Blobs(server)


CONTENT = os.urandom(1_000_000)
DIGEST = hashlib.sha256(CONTENT).digest()


def test_an_upload_goes_on_where_it_stopped(
    gateway: Gateway, blobs: Blobs, tmp_path: Path
) -> None:
    """Broken twice, whole in the end, and nothing is sent twice."""
    (tmp_path / "f").write_bytes(CONTENT)
    blobs.break_after = [2, 1]
    told: list[tuple[int, int]] = []

    gateway.upload(
        tmp_path / "f", DIGEST, len(CONTENT), lambda *facts: told.append(facts)
    )

    assert blobs.data == CONTENT
    assert told[0] == (0, len(CONTENT))
    assert told[-1] == (len(CONTENT), len(CONTENT))


def test_an_upload_that_is_there_is_not_sent_again(
    server: Server, gateway: Gateway, blobs: Blobs, tmp_path: Path
) -> None:
    """After a crash between upload and message."""
    (tmp_path / "f").write_bytes(CONTENT)
    blobs.data = CONTENT

    gateway.upload(tmp_path / "f", DIGEST, len(CONTENT))

    assert server.calls == ["OpenUpload"]


def test_an_upload_that_never_moves_ends(
    server: Server, gateway: Gateway, blobs: Blobs, tmp_path: Path
) -> None:
    """Attempts without progress are counted."""
    (tmp_path / "f").write_bytes(CONTENT)
    blobs.break_after = [0] * 99

    with pytest.raises(Unreachable):
        gateway.upload(tmp_path / "f", DIGEST, len(CONTENT))

    assert server.calls.count("Upload") == QUICK.attempts


def test_what_goes_wrong_while_reading_comes_out_as_it_is(
    gateway: Gateway, blobs: Blobs, tmp_path: Path
) -> None:
    """A progress that raises ends the work; gRPC would hide it."""
    (tmp_path / "f").write_bytes(CONTENT)

    def stop(done: int, _: int) -> None:
        if done:
            raise OSError("disk gone")

    with pytest.raises(OSError, match="disk gone"):
        gateway.upload(tmp_path / "f", DIGEST, len(CONTENT), stop)


def test_a_download_goes_on_where_it_stopped(
    gateway: Gateway, blobs: Blobs, tmp_path: Path
) -> None:
    """Broken twice, whole and verified in the end."""
    blobs.data = CONTENT
    blobs.break_after = [2, 3]
    target = tmp_path / "f.age"

    gateway.download("e", DIGEST, target, size=len(CONTENT))

    assert target.read_bytes() == CONTENT
    assert [path.name for path in tmp_path.glob("f.age*")] == ["f.age"]


def test_a_download_that_was_killed_goes_on(
    server: Server, gateway: Gateway, blobs: Blobs, tmp_path: Path
) -> None:
    """What is there is not fetched again."""
    blobs.data = CONTENT
    target = tmp_path / "f.age"
    (tmp_path / "f.age.part").write_bytes(CONTENT[:900_000])
    seen: list[tuple[int, int]] = []

    gateway.download(
        "e", DIGEST, target, size=len(CONTENT), progress=lambda *f: seen.append(f)
    )

    assert target.read_bytes() == CONTENT
    assert len(seen) == 1


@pytest.mark.parametrize("served", [CONTENT[:-1] + b"x", CONTENT + b"x", b""])
def test_another_file_than_announced_is_refused_and_kept(
    gateway: Gateway, blobs: Blobs, tmp_path: Path, served: bytes
) -> None:
    """The name appears only over the right bytes."""
    blobs.data = served
    target = tmp_path / "f.age"

    with pytest.raises(BlobMismatch):
        gateway.download("e", DIGEST, target, size=len(CONTENT))

    assert not target.exists()


def test_a_file_that_is_not_there_is_named(
    server: Server, gateway: Gateway, tmp_path: Path
) -> None:
    """Not ours, or not uploaded."""
    server.answers["Download"] = fail(BlobUnknown("sha256"))

    with pytest.raises(BlobUnknown):
        gateway.download("e", DIGEST, tmp_path / "f", size=1)
