"""One gRPC connection for the load driver: HTTP/2 frames over mutual TLS, non-blocking.

A Python gRPC client costs about as much CPU a call as the server that it should load.
This one knows only what a unary call needs (RFC 9113; gRPC over HTTP/2): it writes the
headers and the message in one TLS record, as gRPC's own client does, keeps the same few
headers in the server's HPACK table, answers PING and SETTINGS, and keeps to the send
windows. An answer without a message is an error, and ends the run.
"""

import socket
import ssl
import struct
from collections import deque
from pathlib import Path

CLOSED = "closed"
"""What an error says when the server ended the connection."""

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST, _SETTINGS, _PING, _GOAWAY, _WINDOW = 0, 1, 3, 4, 6, 7, 8
_END_STREAM, _END_HEADERS, _ACK = 0x1, 0x4, 0x1
_INITIAL_WINDOW_SETTING = 4
_FIRST_WINDOW = 65_535
_LARGEST_WINDOW = (1 << 31) - 1
_MAX_FRAME = 16_384
_HEAD = 9
_READ_BYTES = 256 * 1024


class CallFailed(Exception):
    """The server answered with anything but a message."""


def client_context(authority: bytes, certificate: Path, key: Path) -> ssl.SSLContext:
    """Return TLS 1.3 with a client certificate, for HTTP/2."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=authority.decode())
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    return context


class Connection:
    """One connection to one method; calls are named by tokens."""

    def __init__(self, address: str, context: ssl.SSLContext, method: str) -> None:
        """Connect, shake hands, and say hello; blocks."""
        host, _, port = address.rpartition(":")
        plain = socket.create_connection((host, int(port)), timeout=30)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = context.wrap_socket(plain, server_hostname=host)
        self.socket.setblocking(False)
        self._headers = _first_headers(method, address)
        self._stream = 1
        self._calls: dict[int, int] = {}
        self._received: dict[int, bytearray] = {}
        self._credit = _FIRST_WINDOW
        self._stream_credit = _FIRST_WINDOW
        self._held: deque[tuple[int, bytes]] = deque()
        self._in = bytearray()
        hello = _INITIAL_WINDOW_SETTING.to_bytes(2, "big") + _u32(_LARGEST_WINDOW)
        more = _u32(_LARGEST_WINDOW - _FIRST_WINDOW)
        self._out = bytearray(
            _PREFACE + _frame(_SETTINGS, 0, 0, hello) + _frame(_WINDOW, 0, 0, more)
        )
        self.flush()

    def call(self, message: bytes, token: int) -> None:
        """Begin a call; its token comes back from `receive`."""
        stream, self._stream = self._stream, self._stream + 2
        self._calls[stream] = token
        self._received[stream] = bytearray()
        self._held.append((stream, message))
        self._release()

    def receive(self) -> list[tuple[int, bytes]]:
        """Read what has come; return (token, answer) of calls that have ended.

        Raises:
            CallFailed: A call was refused, or the connection has ended.
        """
        while True:
            try:
                got = self.socket.recv(_READ_BYTES)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            if not got:
                raise CallFailed(CLOSED)
            self._in += got
        done = self._frames()
        self.flush()
        return done

    def flush(self) -> bool:
        """Write what waits; tell whether all of it is gone."""
        try:
            while self._out:
                del self._out[: self.socket.send(self._out)]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        return True

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def _release(self) -> None:
        """Write the calls that the send windows have room for."""
        while self._held and len(self._held[0][1]) + 5 <= self._credit:
            stream, message = self._held.popleft()
            body = b"\0" + _u32(len(message)) + message
            if len(body) > self._stream_credit:
                raise CallFailed(f"{len(body)} B exceed a stream's window")
            self._credit -= len(body)
            self._out += _frame(_HEADERS, _END_HEADERS, stream, self._headers)
            self._headers = _LATER_HEADERS
            for at in range(0, len(body), _MAX_FRAME):
                last = at + _MAX_FRAME >= len(body)
                flags = _END_STREAM if last else 0
                self._out += _frame(_DATA, flags, stream, body[at : at + _MAX_FRAME])
        self.flush()

    def _frames(self) -> list[tuple[int, bytes]]:
        done: list[tuple[int, bytes]] = []
        data, at = self._in, 0
        while len(data) - at >= _HEAD:
            end = at + _HEAD + int.from_bytes(data[at : at + 3], "big")
            if end > len(data):
                break
            kind, flags = data[at + 3], data[at + 4]
            stream = int.from_bytes(data[at + 5 : at + _HEAD], "big")
            payload = bytes(data[at + _HEAD : end])
            at = end
            if kind == _DATA:
                self._received[stream] += payload
            if kind in (_DATA, _HEADERS):
                if flags & _END_STREAM:
                    done.append(self._ended(stream, payload))
            else:
                self._control(kind, flags, payload)
        del data[:at]
        return done

    def _ended(self, stream: int, payload: bytes) -> tuple[int, bytes]:
        answer = self._received.pop(stream)
        if len(answer) <= 5:
            raise CallFailed(f"refused: {_printable(payload)}")
        return self._calls.pop(stream), bytes(answer[5:])

    def _control(self, kind: int, flags: int, payload: bytes) -> None:
        if kind == _WINDOW:
            # Windows of single streams never matter: a request is smaller than one.
            self._credit += int.from_bytes(payload, "big")
            self._release()
        elif kind == _PING and not flags & _ACK:
            self._out += _frame(_PING, _ACK, 0, payload)
        elif kind == _SETTINGS and not flags & _ACK:
            for number, value in struct.iter_unpack(">HI", payload):
                if number == _INITIAL_WINDOW_SETTING:
                    self._stream_credit = value
            self._out += _frame(_SETTINGS, _ACK, 0, b"")
        elif kind in (_RST, _GOAWAY):
            raise CallFailed(f"frame {kind}: {_printable(payload)}")


def _u32(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return b"%b%c%c%b%b" % (
        len(payload).to_bytes(3, "big"),
        kind,
        flags,
        _u32(stream),
        payload,
    )


def _text(value: str) -> bytes:
    return b"%c%b" % (len(value), value.encode())


def _first_headers(method: str, address: str) -> bytes:
    """Return a header block that enters our headers into the HPACK table.

    RFC 7541 section 6.2.1; static names: `:authority` 1, `:path` 4, content-type 31,
    user-agent 58.
    """
    return b"".join(
        (
            b"\x83\x87",  # :method POST, :scheme https
            b"\x44" + _text(method),
            b"\x41" + _text(address),
            b"\x40" + _text("te") + _text("trailers"),
            b"\x5f" + _text("application/grpc"),
            b"\x7a" + _text("grpc-bench/1"),
            b"\x40" + _text("grpc-timeout") + _text("60S"),
        )
    )


_LATER_HEADERS = b"\x83\x87" + bytes(0x80 | 62 + back for back in range(5, -1, -1))
"""The same by table index: 62 is the newest entry."""


def _printable(payload: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in payload)[:300]
