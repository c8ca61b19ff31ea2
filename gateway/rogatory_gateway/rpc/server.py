"""The two servers: synchronous for intake, asynchronous for streams (ADR 0001).

Unary calls run on a thread pool, where group commit needs no event loop; watchers and
files run on one event loop in a thread of its own, where a waiting client costs no
thread. Both demand a client certificate of an enrolled CA.
"""

import asyncio
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from rogatory.errors import AddressInUse, ConfigInvalid

WORKERS = 32
MAX_CONCURRENT = 512
"""Calls under way; more get RESOURCE_EXHAUSTED at once instead of an unbounded queue."""

_RECEIVE_BYTES = (5 << 20) + 4096
"""Of the largest request (SubmitMessage); smaller limits are each method's own."""

_GRACE_S = 5.0

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
    """Raise unless the address can be bound; gRPC's own error would not say why.

    Raises:
        AddressInUse: Somebody listens there.
        ConfigInvalid: It is no host and port of this machine.
    """
    host, _, port = address.rpartition(":")
    try:
        info = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM)[0]
        with socket.socket(info[0], socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(info[4])
    except (ValueError, socket.gaierror):
        raise ConfigInvalid("address", expected="host:port", got=address) from None
    except OSError as error:
        raise AddressInUse(
            f"address {address}", expected="a free port", got=error.strerror or ""
        ) from None


class IntakeServer:
    """The synchronous server for unary calls."""

    def __init__(
        self,
        address: str,
        tls: TlsFiles,
        handlers: Sequence[grpc.GenericRpcHandler],
    ) -> None:
        """Bind; port 0 chooses a free one."""
        require_free(address)
        self._server = grpc.server(
            ThreadPoolExecutor(WORKERS, thread_name_prefix="intake"),
            handlers=handlers,
            options=_INTAKE_OPTIONS,
            maximum_concurrent_rpcs=MAX_CONCURRENT,
        )
        self.port = self._server.add_secure_port(address, tls.credentials())

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
        handlers: Sequence[grpc.GenericRpcHandler],
    ) -> None:
        """Prepare; `start` binds."""
        require_free(address)
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
        assert self._loop is not None
        return self._loop

    def stop(self) -> None:
        """End every stream and the thread."""
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join(2 * _GRACE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001: handed to `start`
            self._failure = error
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = grpc.aio.server(handlers=list(self._handlers), options=_OPTIONS)
        self.port = server.add_secure_port(self._address, self._tls.credentials())
        await server.start()
        self._ready.set()
        await self._stopping.wait()
        await server.stop(0.5)
