"""The HTTP side of a witness: three paths, and limits that no client can stretch.

    POST /add-checkpoint                        tlog-witness
    GET  /<hex SHA-256 of the origin>/checkpoint   its monitoring endpoint
    GET  /                                      the vkeys

On the standard library's server, because none that we know sets a deadline for a whole
request, which is what a slow client must meet, and three paths are not worth one more
dependency of every client (docs/adr/0007-witness-server.md).

A request (line, headers and body) must be there within seconds of the connection or of
the last answer, and has room for so many bytes; connections are counted, in all and by
address, and one too many is closed at once. Client addresses are not logged.
"""

import contextlib
import errno
import io
import logging
import re
import socket
import socketserver
import threading
import time
from collections import Counter
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rogatory.errors import AddressInUse
from rogatory.tlog import MAX_ADD_CHECKPOINT
from rogatory.witness._witness import Answer, Witness

_log = logging.getLogger("rogatory.witness")

MAX_HEAD = 16 * 1024
"""Request line and headers."""

_BUFFER = 8 * 1024
_DRAIN = 256 * 1024
_DRAIN_S = 1.0
_CHECKPOINT = re.compile(r"/([0-9a-f]{64})/checkpoint")
_LENGTH = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What clients may take."""

    body: int = MAX_ADD_CHECKPOINT
    """Bytes of a request's body; refused by its length, before it is read."""
    request_s: float = 10.0
    """Seconds for a whole request, and for its answer to be taken."""
    connections: int = 64
    """At one time; each has a thread."""
    by_address: int = 16
    """Of them, from one address; behind a proxy all have its address."""


class WitnessServer(ThreadingHTTPServer):
    """Serves a witness until `shutdown`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self, address: tuple[str, int], witness: Witness, limits: Limits | None = None
    ) -> None:
        """Listen on an address.

        Raises:
            AddressInUse: Another process does.
            OSError: The address is not one of this machine.
        """
        self.witness = witness
        self.limits = limits or Limits()
        self._open: Counter[str] = Counter()
        self._count = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, _Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise AddressInUse(f"{address[0]}:{address[1]}") from None
            raise

    def server_bind(self) -> None:
        """Bind, without asking the name server who we are, which may take a minute."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "", self.socket.getsockname()[1]

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ANN401 socketserver's own
        """Count a connection; refuse one too many."""
        del request
        address = client_address[0]
        with self._count:
            if (
                self._open.total() >= self.limits.connections
                or self._open[address] >= self.limits.by_address
            ):
                return False
            self._open[address] += 1
            return True

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 socketserver's own
        """Start the connection's thread."""
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._closed(client_address)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 socketserver's own
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._closed(client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 socketserver's own
        """Log a bug of ours; the connection is closed."""
        del request, client_address
        _log.exception("a request failed")

    def _closed(self, client_address: Any) -> None:  # noqa: ANN401 socketserver's own
        with self._count:
            self._open[client_address[0]] -= 1
            self._open += Counter()  # forgets addresses without connections


class _Metered(io.RawIOBase):
    """A socket's bytes, up to a time and a number that are set for each request."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self._until = 0.0
        self._left = 0

    def allow(self, seconds: float, size: int) -> None:
        """Begin a request."""
        self._until = time.monotonic() + seconds
        self._left = size

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 io's own
        """Read what is there."""
        seconds = self._until - time.monotonic()
        if seconds <= 0 or self._left <= 0:
            raise TimeoutError
        self._connection.settimeout(seconds)
        found = self._connection.recv_into(buffer, min(len(buffer), self._left))
        self._left -= found
        return found


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    # Head and body are two writes: the second must not wait for the client's TCP.
    disable_nagle_algorithm = True
    server: WitnessServer

    def setup(self) -> None:
        """Read through the meter."""
        super().setup()
        self._metered = _Metered(self.connection)
        self.rfile = io.BufferedReader(self._metered, _BUFFER)

    def handle_one_request(self) -> None:
        """Read and answer one request, or close the connection."""
        limits = self.server.limits
        self._metered.allow(limits.request_s, MAX_HEAD + limits.body + _BUFFER)
        try:
            super().handle_one_request()
        except OSError:  # gone, or too slow
            self.close_connection = True

    def do_GET(self) -> None:
        """Answer who this is, or what was cosigned last."""
        found = _CHECKPOINT.fullmatch(self.path)
        if self.headers.get("Content-Length", "0") != "0" or self._is_chunked():
            self.close_connection = True  # a body that nobody reads
        if self.path == "/":
            self._send(self.server.witness.vkeys())
        elif found:
            self._send(self.server.witness.checkpoint(found[1]))
        else:
            self._send(Answer(404, b"no such page\n"))

    def do_POST(self) -> None:
        """Answer an add-checkpoint request."""
        if self.path != "/add-checkpoint":
            self._refuse(404, "no such page")
            return
        lengths = self.headers.get_all("Content-Length", [])
        if self._is_chunked() or len(lengths) != 1:
            self._refuse(411, "a request needs one Content-Length")
        elif not _LENGTH.fullmatch(lengths[0]):
            self._refuse(400, "Content-Length is not a number")
        elif int(lengths[0]) > self.server.limits.body:
            self._refuse(413, f"at most {self.server.limits.body} bytes")
        else:
            body = self.rfile.read(int(lengths[0]))
            if len(body) < int(lengths[0]):
                self.close_connection = True
                return
            self._send(self.server.witness.add_checkpoint(body))

    def handle_expect_100(self) -> bool:
        """Answer `Expect: 100-continue` by the length, not by the body."""
        length = self.headers.get("Content-Length", "")
        if _LENGTH.fullmatch(length) and int(length) > self.server.limits.body:
            return True  # do_POST refuses it, and nothing more is read
        return super().handle_expect_100()

    def _is_chunked(self) -> bool:
        return "Transfer-Encoding" in self.headers

    def _refuse(self, status: int, why: str) -> None:
        """Answer without having read the body; so the connection ends here."""
        self.close_connection = True
        self._send(Answer(status, f"{why}\n".encode()))
        # Closing with bytes unread would reset the connection, and the answer with it.
        self._metered.allow(_DRAIN_S, _DRAIN)
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            while self.rfile.read1(_BUFFER):
                pass

    def _send(self, answer: Answer) -> None:
        self.connection.settimeout(self.server.limits.request_s)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)

    def send_error(
        self, code: int, message: str | None = None, explain: str | None = None
    ) -> None:
        """Answer what http.server itself refuses, as plain text."""
        del explain
        self._refuse(code, message or "refused")

    def version_string(self) -> str:
        """Name the program, not its version."""
        return "rogatory-witness"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 http.server's own
        """Log without the client's address."""
        _log.debug(format, *args)
