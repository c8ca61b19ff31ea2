"""The two servers: synchronous for intake, asynchronous for streams (ADR 0001).

Unary calls run on a thread pool, where group commit needs no event loop; watchers and
files run on one event loop in a thread of its own, where a waiting client costs no
thread. Both demand a client certificate of an enrolled CA.
"""

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from rogatory.errors import AddressInUse, ConfigInvalid
from rogatory_gateway.rpc.calls import RpcHandlers

WORKERS = 64
MAX_CONCURRENT = 512
"""Calls under way; more get RESOURCE_EXHAUSTED at once, for a queue has no end."""

_RECEIVE_BYTES = 8 << 20
"""Each method has a limit of its own, at most 5 MiB (SubmitMessage); the room above
lets what is too large get a typed answer instead of gRPC's."""

_GRACE_S = 5.0
_MAX_PORT = 65_535

_OPTIONS: list[tuple[str, Any]] = [
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", _RECEIVE_BYTES),
    ("grpc.max_metadata_size", 8192),
    # Fewer than 100 makes warm clients see RST_STREAM storms; the real bound is above.
    ("grpc.max_concurrent_streams", 128),
    # A peer that connects and stays silent is gone after these.
    ("grpc.server_handshake_timeout_ms", 5_000),
    ("grpc.http2.settings_timeout", 5_000),
    # Certificates are checked per call, but a removed CA must also end connections.
    ("grpc.max_connection_age_ms", 600_000),
    ("grpc.max_connection_age_grace_ms", 30_000),
    ("grpc.max_allowed_incoming_connections", 4_000),
    # Clients behind NAT may ping, but not every second.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
]
_INTAKE_OPTIONS = [*_OPTIONS, ("grpc.max_connection_idle_ms", 300_000)]


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What the servers show and whom they believe, as PEM.

    Attributes:
        certificate: The server's chain.
        key: Its private key.
        client_authorities: CA certificates of the enrolled parties.
    """

    certificate: bytes
    key: bytes
    client_authorities: bytes

    def credentials(self) -> grpc.ServerCredentials:
        """Return gRPC credentials that demand a client certificate."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)],
            root_certificates=self.client_authorities,
            require_client_auth=True,
        )


def require_free(address: str) -> None:
    """Raise unless an address can be bound; gRPC's own error would not say why.

    A name with several addresses (`localhost`) needs all of those that this machine
    has: gRPC would serve on the rest, and let a stranger answer on the one taken.

    Raises:
        AddressInUse: Somebody listens there.
        ConfigInvalid: It is no host and port of this machine.
    """
    try:
        found = socket.getaddrinfo(*_split(address), type=socket.SOCK_STREAM)
    except (ValueError, socket.gaierror):
        raise ConfigInvalid("address", expected="host:port", got=address) from None
    failures = [error for info in found if (error := _probe(info[0], info[4]))]
    for error in failures:
        if error.errno == errno.EADDRINUSE:
            got = os.strerror(error.errno)
            thing = f"address {address}"
            raise AddressInUse(thing, expected="a free port", got=got) from None
    if len(failures) == len(found):
        raise ConfigInvalid(
            f"address {address}",
            expected="one that this machine can serve on",
            got=failures[0].strerror or "",
        ) from None


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and int(port) <= _MAX_PORT
    if not host or not is_port:
        raise ValueError("address: expected host:port")
    # An IPv6 address stands in brackets here, and without them for the resolver.
    return host.removeprefix("[").removesuffix("]"), int(port)


def _probe(family: int, address: Any) -> OSError | None:  # noqa: ANN401
    """Bind for a moment; return why that is not possible."""
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def _bind(server: "grpc.Server | grpc.aio.Server", address: str, tls: TlsFiles) -> int:
    """Bind a server and return its port.

    Raises:
        AddressInUse: Somebody was quicker than we after `require_free`.
    """
    try:
        return server.add_secure_port(address, tls.credentials())
    except RuntimeError as error:
        raise AddressInUse(f"address {address}", expected="a free port") from error


class IntakeServer:
    """The synchronous server for unary calls."""

    def __init__(
        self,
        address: str,
        tls: TlsFiles,
        handlers: Sequence[RpcHandlers],
    ) -> None:
        """Bind; port 0 chooses a free one."""
        self._server = grpc.server(
            ThreadPoolExecutor(WORKERS, thread_name_prefix="intake"),
            handlers=list(handlers),
            options=_INTAKE_OPTIONS,
            maximum_concurrent_rpcs=MAX_CONCURRENT,
        )
        self.port = _bind(self._server, address, tls)

    def start(self) -> None:
        """Take calls."""
        self._server.start()

    def stop(self) -> None:
        """Take no more calls, and let those under way end."""
        self._server.stop(_GRACE_S).wait()


class StreamServer:
    """The asynchronous server, on an event loop in a thread of its own."""

    def __init__(
        self,
        address: str,
        tls: TlsFiles,
        handlers: Sequence[RpcHandlers],
    ) -> None:
        """Prepare; `start` binds."""
        self._address = address
        self._tls = tls
        self._handlers = handlers
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
        self.port = 0

    def start(self) -> asyncio.AbstractEventLoop:
        """Take calls; return the loop on which they run."""
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        if self._loop is None:
            raise AssertionError("the loop runs before it is said to be ready")
        return self._loop

    def stop(self) -> None:
        """End every stream and the thread."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(2 * _GRACE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001
            # Not swallowed: `start` raises it in the thread that waits for us.
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = grpc.aio.server(handlers=list(self._handlers), options=_OPTIONS)
        self.port = _bind(server, self._address, self._tls)
        await server.start()
        self._ready.set()
        await self._stopping.wait()
        await server.stop(0.5)
