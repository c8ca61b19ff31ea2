"""What every call passes, whatever its method: identity, permission, limits, log line.

A method is reachable only through a `Method`, which says who may call it; there is no
other way in, so nothing is open by omission.
"""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeAlias, TypeVar

import grpc
import structlog
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as AnyMessage

from rogatory.errors import (
    LimitExceeded,
    LogUnavailable,
    Malformed,
    Overloaded,
    PartyKindNotAllowed,
    RogatoryError,
)
from rogatory.v1 import directory_pb2
from rogatory_gateway.admission import Identities, Peer, Registry
from rogatory_gateway.clocks import system_clock
from rogatory_gateway.rpc.errors import internal_status, status_of

_log = structlog.get_logger("rogatory_gateway")

WORKERS = 64
"""Threads of blocking calls: as many as a group commit gathers from."""

MAX_CONCURRENT = 512
"""Blocking calls under way; a queue has no end otherwise."""

MAX_REQUEST_BYTES = 1 << 20
"""Of every request but SubmitMessage."""

AUTHORITY = directory_pb2.PARTY_KIND_AUTHORITY
PLATFORM = directory_pb2.PARTY_KIND_PLATFORM
AUDITOR = directory_pb2.PARTY_KIND_AUDITOR
OPERATOR = directory_pb2.PARTY_KIND_OPERATOR
ENROLLED = frozenset({AUTHORITY, PLATFORM, AUDITOR, OPERATOR})
EXCHANGING = frozenset({AUTHORITY, PLATFORM})

if TYPE_CHECKING:
    RpcHandler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
    RpcHandlers: TypeAlias = grpc.GenericRpcHandler[Any, Any]
else:  # generic in their stubs only
    RpcHandler = grpc.RpcMethodHandler
    RpcHandlers = grpc.GenericRpcHandler


_AuthContext: TypeAlias = Mapping[str, list[bytes]]


class _AsyncContext(Protocol):
    """What we need of a call's context; its stubs lack the second method."""

    def auth_context(self) -> _AuthContext: ...

    async def abort_with_status(self, status: grpc.Status) -> None: ...


_Request = TypeVar("_Request", bound=AnyMessage)


@dataclass(slots=True)
class Call:
    """One call, for its handler and its log line.

    Attributes:
        peer: Who calls.
        facts: What the log line says beside the usual; never payload or identifiers of
            people, accounts or content.
    """

    peer: Peer
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method(Generic[_Request]):
    """One RPC.

    Attributes:
        service: Full name of its service.
        name: Its name.
        request: The generated class of its request.
        run: The handler: (request, call) → response; a coroutine or an asynchronous
            generator function where it waits instead of blocking.
        kinds: The kinds of party that may call it.
        max_bytes: Limit of the request, checked before parsing.
    """

    service: str
    name: str
    request: type[_Request]
    run: Callable[[Any, Call], Any]
    kinds: frozenset[directory_pb2.PartyKind.ValueType]
    max_bytes: int = MAX_REQUEST_BYTES

    def parse(self, raw: bytes) -> _Request:
        """Parse a request.

        Raises:
            LimitExceeded: It is too large.
            Malformed: It is not of its type.
        """
        if len(raw) > self.max_bytes:
            raise LimitExceeded(
                f"{self.name} request",
                expected=f"at most {self.max_bytes} B",
                got=f"{len(raw)} B",
            )
        request = self.request()
        try:
            request.ParseFromString(raw)
        except DecodeError:
            expected = f"a protobuf {self.request.DESCRIPTOR.name}"
            raise Malformed(f"{self.name} request", expected=expected) from None
        return request


class Gate:
    """Lets calls in and writes one line for each."""

    def __init__(self, identities: Identities, registry: Registry) -> None:
        """Check callers against a registry's directory."""
        self._identities = identities
        self._registry = registry
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="worker")
        self._running = 0  # touched on the event loop only

    def close(self) -> None:
        """Let the calls under way end, and take no more."""
        self._workers.shutdown()

    def enter(self, method: Method[Any], auth: _AuthContext) -> Call:
        """Establish who calls and whether that party may, or raise."""
        peer = self._identities.verify(
            auth, self._registry.current.directory, system_clock()
        )
        if peer.kind not in method.kinds:
            kinds = (directory_pb2.PartyKind.Name(kind) for kind in method.kinds)
            allowed = sorted(kind.removeprefix("PARTY_KIND_").lower() for kind in kinds)
            raise PartyKindNotAllowed(method.name, expected=" or ".join(allowed))
        return Call(peer)

    def unary(self, method: Method[Any]) -> RpcHandler:
        """Return the handler of a unary method that blocks: it runs on a worker thread.

        gRPC calls it when the request has wholly arrived, so a caller that stalls in
        the middle of one holds memory, but no thread. At most `MAX_CONCURRENT` calls
        run or wait for a thread; one more is refused at once.
        """

        async def handle(raw: bytes, context: _AsyncContext) -> bytes:
            response, status = await self._on_worker(method, raw, context)
            if status is not None:
                await context.abort_with_status(status)
            return response

        return grpc.unary_unary_rpc_method_handler(handle)

    async def _on_worker(
        self, method: Method[Any], raw: bytes, context: _AsyncContext
    ) -> tuple[bytes, grpc.Status | None]:
        if self._running >= MAX_CONCURRENT:
            with _Line(method.name) as line:
                raise Overloaded(
                    "calls", expected=f"at most {MAX_CONCURRENT} at a time"
                )
            return b"", line.status
        self._running += 1
        loop = asyncio.get_running_loop()
        # Not cancelled when the caller gives up: what was begun is finished and logged.
        auth = context.auth_context()
        work = loop.run_in_executor(self._workers, self._answer, method, raw, auth)
        work.add_done_callback(self._done)
        return await asyncio.shield(work)

    def _done(self, _work: object) -> None:
        self._running -= 1

    def _answer(
        self, method: Method[Any], raw: bytes, auth: _AuthContext
    ) -> tuple[bytes, grpc.Status | None]:
        response = b""
        with _Line(method.name) as line:
            line.call = self.enter(method, auth)
            answer = method.run(method.parse(raw), line.call)
            response = answer.SerializeToString()
            line.answered()
        return response, line.status

    def async_unary(self, method: Method[Any]) -> RpcHandler:
        """Return the handler of a unary method that waits on the event loop."""

        async def handle(raw: bytes, context: _AsyncContext) -> bytes:
            response = b""
            with _Line(method.name) as line:
                line.call = self.enter(method, context.auth_context())
                answer = await method.run(method.parse(raw), line.call)
                response = answer.SerializeToString()
                line.answered()
            if line.status is not None:
                await context.abort_with_status(line.status)
            return response

        return grpc.unary_unary_rpc_method_handler(handle)

    def async_server_stream(self, method: Method[Any]) -> RpcHandler:
        """Return the handler of a method that answers with a stream."""

        async def handle(raw: bytes, context: _AsyncContext) -> AsyncIterator[bytes]:
            with _Line(method.name) as line:
                line.call = self.enter(method, context.auth_context())
                # Closed at once when the caller hangs up, not when it is collected.
                async with aclosing(
                    method.run(method.parse(raw), line.call)
                ) as answers:
                    async for answer in answers:
                        yield answer.SerializeToString()
                line.answered()
            if line.status is not None:
                await context.abort_with_status(line.status)

        return grpc.unary_stream_rpc_method_handler(handle)

    def async_client_stream(self, method: Method[Any]) -> RpcHandler:
        """Return the handler of a method that takes a stream."""

        async def handle(stream: AsyncIterator[bytes], context: _AsyncContext) -> bytes:
            response = b""
            with _Line(method.name) as line:
                line.call = self.enter(method, context.auth_context())
                requests = (method.parse(raw) async for raw in stream)
                answer = await method.run(requests, line.call)
                response = answer.SerializeToString()
                line.answered()
            if line.status is not None:
                await context.abort_with_status(line.status)
            return response

        return grpc.stream_unary_rpc_method_handler(handle)


class _Line:
    """The canonical log line of one call, and the outermost boundary of its errors.

    As a context it takes every `Exception`, notes what the caller is told of it in
    `status`, and writes the line in the end. Cancellation passes through.
    """

    def __init__(self, method: str) -> None:
        self._method = method
        self._started = time.perf_counter()
        self.call: Call | None = None
        self.status: grpc.Status | None = None
        # What stands if neither of the next two is reached: the caller went away.
        self._reason = "CANCELLED"

    def answered(self) -> None:
        """Note that the caller gets its answer."""
        self._reason = "OK"

    def __enter__(self) -> Self:
        """Begin the call."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: object,
    ) -> bool:
        """End it: take an error, write the line."""
        failed = isinstance(error, Exception)
        if isinstance(error, Exception):
            self._failed(error)
        self._write()
        return failed

    def _failed(self, error: Exception) -> None:
        """Note how the call failed and what its caller is told."""
        if isinstance(error, RogatoryError):
            self._reason = error.reason
            self.status = status_of(error)
            if isinstance(error, LogUnavailable):
                _log.error("log_unavailable", cause=type(error.__cause__).__name__)
            return
        self._reason = "INTERNAL"
        self.status = internal_status()
        # Not what the exception says: that may be payload, or a query's parameters.
        _log.error(
            "internal_error",
            method=self._method,
            error=type(error).__name__,
            where=[
                f"{frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ],
        )

    def _write(self) -> None:
        """Write the line."""
        facts = self.call.facts if self.call else {}
        _log.info(
            "rpc",
            method=self._method,
            peer=str(self.call.peer) if self.call else None,
            reason=self._reason,
            duration_ms=round((time.perf_counter() - self._started) * 1000, 2),
            **facts,
        )


def handlers_of(
    methods: dict[Method[Any], RpcHandler],
) -> list[RpcHandlers]:
    """Return generic handlers for methods, by service."""
    services: dict[str, dict[str, RpcHandler]] = {}
    for method, handler in methods.items():
        services.setdefault(method.service, {})[method.name] = handler
    return [
        grpc.method_handlers_generic_handler(service, handlers)
        for service, handlers in services.items()
    ]
