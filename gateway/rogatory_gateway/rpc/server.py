"""The server: one event loop that receives, worker threads that block (ADR 0001).

A client that waits for its inbox, or that stalls in the middle of a request, costs no
thread. What blocks (admission, group commit) runs on worker threads, behind `Gate`. It
demands a client certificate of an enrolled CA.
"""

import asyncio
import errno
import os
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import grpc
import grpc.aio
import uvloop

from rogatory.errors import AddressInUse, ConfigInvalid
from rogatory_gateway.rpc.calls import RpcHandlers

_RECEIVE_BYTES = 8 << 20
"""Each method has a limit of its own, at most 5 MiB (SubmitMessage); the room above
lets what is too large get a typed answer instead of gRPC's."""

_STREAMS_END_S = 0.5
"""Watchers never end by themselves; whoever is cut off comes back and resumes."""
_MAX_PORT = 65_535

OPTIONS: list[tuple[str, Any]] = [
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
    # A call that waits for its inbox is no idle connection.
    ("grpc.max_connection_idle_ms", 300_000),
    ("grpc.max_allowed_incoming_connections", 4_000),
    # Clients behind NAT may ping, but not every second.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # A watcher that died without a word is noticed by our own pings only, and the
    # second of these is the one that ends it (ADR 0001).
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.http2.ping_timeout_ms", 20_000),
]


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


def _bind(server: grpc.aio.Server, address: str, tls: TlsFiles) -> int:
    """Bind a server and return its port.

    Raises:
        AddressInUse: Somebody listens there.
    """
    # Again, for gRPC is content with one of a name's addresses.
    require_free(address)
    try:
        return server.add_secure_port(address, tls.credentials())
    except RuntimeError as error:
        raise AddressInUse(f"address {address}", expected="a free port") from error


@cache
def _process_loop() -> asyncio.AbstractEventLoop:
    """Return the one event loop on which grpc.aio works in this process.

    Its completion queue belongs to the process: with a second loop, or after a closed
    one, it hands events to the wrong one. So the loop runs until the process ends.
    """
    loop = uvloop.new_event_loop()
    threading.Thread(target=loop.run_forever, name="grpc", daemon=True).start()
    return loop


class Server:
    """The gateway's server; its calls run on the process's one event loop."""

    def __init__(
        self,
        addresses: Sequence[str],
        tls: TlsFiles,
        handlers: Sequence[RpcHandlers],
    ) -> None:
        """Prepare to serve everything on each address; `start` binds."""
        self._addresses = list(dict.fromkeys(addresses))
        self._tls = tls
        self._handlers = handlers
        self._server: grpc.aio.Server | None = None
        self.ports: list[int] = []

    def start(self) -> asyncio.AbstractEventLoop:
        """Take calls; return the loop on which they run.

        Raises:
            AddressInUse: Somebody was quicker than we after `require_free`.
        """
        loop = _process_loop()
        asyncio.run_coroutine_threadsafe(self._start(), loop).result()
        return loop

    def stop(self) -> None:
        """End every call; what was committed stays committed."""
        if self._server is not None:
            ending = self._server.stop(_STREAMS_END_S)
            asyncio.run_coroutine_threadsafe(ending, _process_loop()).result()

    async def _start(self) -> None:
        server = grpc.aio.server(handlers=list(self._handlers), options=OPTIONS)
        self.ports = [_bind(server, each, self._tls) for each in self._addresses]
        await server.start()
        self._server = server
