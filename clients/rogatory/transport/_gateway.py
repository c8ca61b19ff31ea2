"""The real way to a gateway: gRPC over mutual TLS 1.3.

* Every call has a deadline. Every failure is an error of `rogatory.errors`.
* Every call is safe to repeat (a message is known by its id), and is repeated, a few
  times with growing pauses, while the gateway cannot be reached or asks to come again.
* Two channels, made when they are first used: one for unary calls, one for streams and
  files. They reconnect by themselves: a client outlives its gateway's restarts.
* Uploads and downloads go on where they stopped; a watch reconnects from its cursor.
"""

import ipaddress
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar, cast

import grpc
from google.protobuf.message import Message as AnyMessage

from rogatory.context import MAX_KEY_BYTES, Context
from rogatory.errors import ConfigInvalid, RemoteError, RogatoryError, Unreachable
from rogatory.remote import Progress
from rogatory.transport._errors import error_of
from rogatory.transport._patience import Patience
from rogatory.transport._transfers import Transfers
from rogatory.transport._watching import Stream, Watch
from rogatory.v1 import directory_service_pb2 as directory_pb
from rogatory.v1 import (
    directory_service_pb2_grpc,
    evidence_service_pb2_grpc,
    exchange_service_pb2_grpc,
    log_service_pb2_grpc,
    receipt_pb2,
    section_pb2,
)
from rogatory.v1 import exchange_service_pb2 as exchange_pb
from rogatory.v1 import log_service_pb2 as log_pb

MAX_ANSWER_BYTES = 64 << 20
"""Ten messages with 4 MiB of ciphertext each, and their envelopes."""

PAGE = 10
"""Messages of one answer, so that it stays under that."""

MAX_PAGES = 100_000
"""A gateway that always has one more page must not keep us for ever."""

_CONNECT_S = 10.0
_OPTIONS: tuple[tuple[str, str | int], ...] = (
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    # gRPC waits up to two minutes before it connects again; a restart takes seconds.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # Two contexts in one process must never share a connection.
    ("grpc.use_local_subchannel_pool", 1),
)

_Request = TypeVar("_Request", bound=AnyMessage)
_Answer = TypeVar("_Answer", bound=AnyMessage)


class Gateway:
    """A gateway, reached as the party of a context; a `rogatory.remote.Remote`."""

    def __init__(self, context: Context, *, patience: Patience | None = None) -> None:
        """Prepare; nothing is read or connected before the first call."""
        self._context = context
        self._patience = patience or Patience()
        self._lock = threading.Lock()
        self._channels: dict[str, grpc.Channel] = {}
        self._closed = False

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            self._closed = True
            for channel in self._channels.values():
                channel.close()
            self._channels.clear()

    # --- exchanges -------------------------------------------------------------------

    def submit(
        self, envelope: bytes, sealed: Sequence[section_pb2.SealedSection]
    ) -> receipt_pb2.Receipt:
        """Submit a message.

        Raises:
            RogatoryError: The gateway refuses it, or cannot be reached.
        """
        request = exchange_pb.SubmitMessageRequest(
            envelope=envelope, sealed_sections=sealed
        )
        return self._call(self._exchanges().SubmitMessage, request).receipt

    def get_exchange(self, exchange_id: str) -> exchange_pb.Exchange:
        """Return the gateway's view of an exchange.

        Raises:
            RogatoryError: There is none for us, or the gateway cannot be reached.
        """
        request = exchange_pb.GetExchangeRequest(exchange_id=exchange_id)
        return self._call(self._exchanges().GetExchange, request).exchange

    def list_exchanges(self) -> Iterator[exchange_pb.Exchange]:
        """Yield our exchanges without parts, newest first.

        Raises:
            RogatoryError: The gateway refuses, or cannot be reached.
        """
        token = ""
        for _ in range(MAX_PAGES):
            request = exchange_pb.ListExchangesRequest(page_token=token)
            answer = self._call(self._exchanges().ListExchanges, request)
            yield from answer.exchanges
            token = answer.next_page_token
            if not token:
                return
        raise RemoteError("ListExchanges", got=f"more than {MAX_PAGES} pages")

    def list_messages(self, exchange_id: str) -> Iterator[receipt_pb2.DeliveredMessage]:
        """Yield the messages of an exchange that we sent or received, oldest first.

        Raises:
            RogatoryError: There is none for us, or the gateway cannot be reached.
        """
        token = ""
        for _ in range(MAX_PAGES):
            request = exchange_pb.ListMessagesRequest(
                exchange_id=exchange_id, page_size=PAGE, page_token=token
            )
            answer = self._call(self._exchanges().ListMessages, request)
            yield from answer.messages
            token = answer.next_page_token
            if not token:
                return
        raise RemoteError("ListMessages", got=f"more than {MAX_PAGES} pages")

    def list_inbox(
        self, after: int, page_size: int = PAGE
    ) -> Sequence[receipt_pb2.DeliveredMessage]:
        """Return a page of what we received, oldest first.

        Raises:
            RogatoryError: The gateway refuses, or cannot be reached.
        """
        request = exchange_pb.ListInboxRequest(after=after, page_size=page_size)
        return self._call(self._exchanges().ListInbox, request).messages

    def watch_inbox(self, after: int) -> Watch:
        """Wait for what we receive, behind a number; reconnects by itself.

        Raises:
            Unreachable: No connection in the first place.
        """
        channel = self._channel(self._context.stream_address)
        try:
            grpc.channel_ready_future(channel).result(timeout=_CONNECT_S)
        except grpc.FutureTimeoutError:
            raise Unreachable(
                f"WatchInbox at {self._context.stream_address}",
                expected=f"a connection within {_CONNECT_S:.0f} s (check "
                "stream_address and certificates)",
                got="none",
            ) from None
        stub = exchange_service_pb2_grpc.ExchangeServiceStub(channel)

        def open_stream(number: int) -> Stream:
            # No deadline: the watch itself notices silence.
            request = exchange_pb.WatchInboxRequest(after=number)
            return cast("Stream", stub.WatchInbox(request))

        return Watch(
            open_stream,
            lambda broken: self._stream_error(broken, "WatchInbox"),
            party=self._context.party,
            after=after,
            patience=self._patience,
        )

    # --- directory and log -----------------------------------------------------------

    def list_statements(
        self, after_index: int
    ) -> Sequence[directory_pb.LoggedStatement]:
        """Return statements logged after an index; empty when there are no more.

        Raises:
            RogatoryError: The gateway refuses, or cannot be reached.
        """
        channel = self._channel(self._context.address)
        stub = directory_service_pb2_grpc.DirectoryServiceStub(channel)
        request = directory_pb.ListStatementsRequest(after_index=after_index)
        return self._call(stub.ListStatements, request).statements

    def get_checkpoint(self) -> bytes:
        """Return the newest checkpoint.

        Raises:
            RogatoryError: The gateway refuses, or cannot be reached.
        """
        request = log_pb.GetCheckpointRequest()
        return self._call(self._log().GetCheckpoint, request).checkpoint

    def get_tile(self, level: int, index: int, width: int, /) -> bytes:
        """Return the first hashes of a tile.

        Raises:
            RogatoryError: There is none, or the gateway cannot be reached.
        """
        request = log_pb.GetTileRequest(level=level, index=index, width=width)
        return self._call(self._log().GetTile, request).tile

    def get_entry_bundle(self, index: int, width: int) -> bytes:
        """Return the first entries of a bundle.

        Raises:
            RogatoryError: There are none, or the gateway cannot be reached.
        """
        request = log_pb.GetEntryBundleRequest(index=index, width=width)
        return self._call(self._log().GetEntryBundle, request).bundle

    def get_inclusion_proof(self, index: int) -> bytes:
        """Return the tlog-proof of an entry.

        Raises:
            RogatoryError: There is none, or the gateway cannot be reached.
        """
        request = log_pb.GetInclusionProofRequest(index=index)
        return self._call(self._log().GetInclusionProof, request).proof

    def get_consistency_proof(self, old_size: int) -> tuple[Sequence[bytes], bytes]:
        """Return the path from an older tree, and the newest checkpoint it leads to.

        Raises:
            RogatoryError: There is none, or the gateway cannot be reached.
        """
        request = log_pb.GetConsistencyProofRequest(old_size=old_size)
        answer = self._call(self._log().GetConsistencyProof, request)
        return answer.path, answer.checkpoint

    # --- files -----------------------------------------------------------------------

    def upload(
        self, path: Path, sha256: bytes, size: int, progress: Progress | None = None
    ) -> None:
        """Upload an encrypted file, from where an earlier attempt came to.

        Raises:
            RogatoryError: The gateway refuses it, or cannot be reached.
            OSError: The file cannot be read.
        """
        self._transfers().upload(path, sha256, size, progress)

    def download(
        self,
        exchange_id: str,
        sha256: bytes,
        target: Path,
        *,
        size: int,
        progress: Progress | None = None,
    ) -> None:
        """Download an encrypted file; `target` appears when it is whole and verified.

        Raises:
            BlobMismatch: It is not the one that was announced.
            RogatoryError: The gateway refuses it, or cannot be reached.
            OSError: The file cannot be written.
        """
        transfers = self._transfers()
        transfers.download(exchange_id, sha256, target, size=size, progress=progress)

    # --- inside ----------------------------------------------------------------------

    def _call(
        self,
        method: "grpc.UnaryUnaryMultiCallable[_Request, _Answer]",
        request: _Request,
    ) -> _Answer:
        """Make a unary call, again while the gateway says "not now"."""
        failed = 0
        while True:
            try:
                return method(request, timeout=self._patience.deadline_s)
            except grpc.RpcError as broken:
                name = type(request).DESCRIPTOR.name.removesuffix("Request")
                error = error_of(broken, method=name, address=self._context.address)
                failed += 1
                pause = self._patience.pause(error, failed)
                if pause is None:
                    raise error from broken
            time.sleep(pause)

    def _stream_error(self, broken: grpc.RpcError, method: str) -> RogatoryError:
        address = self._context.stream_address
        return error_of(broken, method=method, address=address)

    def _exchanges(self) -> exchange_service_pb2_grpc.ExchangeServiceStub:
        channel = self._channel(self._context.address)
        return exchange_service_pb2_grpc.ExchangeServiceStub(channel)

    def _log(self) -> log_service_pb2_grpc.LogServiceStub:
        return log_service_pb2_grpc.LogServiceStub(self._channel(self._context.address))

    def _transfers(self) -> Transfers:
        channel = self._channel(self._context.stream_address)
        stub = evidence_service_pb2_grpc.EvidenceServiceStub(channel)
        return Transfers(stub, self._stream_error, self._patience)

    def _channel(self, address: str) -> grpc.Channel:
        with self._lock:
            if self._closed:
                raise RuntimeError("the gateway's connections are closed")
            channel = self._channels.get(address)
            if channel is None:
                channel = self._connect(address)
                self._channels[address] = channel
            return channel

    def _connect(self, address: str) -> grpc.Channel:
        context = self._context
        credentials = grpc.ssl_channel_credentials(
            root_certificates=_pem(context.server_ca, "tls.server_ca"),
            private_key=_pem(context.key, "tls.key"),
            certificate_chain=_pem(context.certificate, "tls.certificate"),
        )
        options = [*_OPTIONS]
        if _is_loopback(address):
            # A proxy for the outside world must not be asked for our own machine.
            options.append(("grpc.enable_http_proxy", 0))
        return grpc.secure_channel(address, credentials, options=options)


def _pem(path: Path, key: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_KEY_BYTES + 1)
    except OSError as error:
        raise ConfigInvalid(
            f"{key} {path}", expected="a readable file", got=error.strerror or "error"
        ) from None
    if len(raw) > MAX_KEY_BYTES or b"-----BEGIN " not in raw:
        raise ConfigInvalid(f"{key} {path}", expected="a PEM file")
    return raw


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
