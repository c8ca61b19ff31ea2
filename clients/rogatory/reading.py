"""Reading from a gateway, with everything verified on the way in.

`Reader` is the half of a client that receives. It trusts the context's keys and trust
anchor, and nothing that the gateway says: a message reaches the caller as `Received`
only when its receipt holds, its signers signed it, the rules of its place in the log
permit it, and its ciphertexts are those that the log covers.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

from rogatory.context import Clock, Context
from rogatory.directory import Directory, ProfileSet
from rogatory.errors import ReceiptMismatch, VerificationError
from rogatory.exchanges import ExchangeView, derive_state, verify_claim
from rogatory.heads import Heads
from rogatory.joining import build_view
from rogatory.receipts import Role, VerifiedReceipt, verify_receipt
from rogatory.received import Received
from rogatory.remote import InboxWatch, Remote
from rogatory.sealing import EncryptionPrivateKey
from rogatory.state import SavedMessage, State
from rogatory.statements import Statements
from rogatory.tlog import VerifiedCheckpoint
from rogatory.v1 import exchange_service_pb2, receipt_pb2
from rogatory.verifying import (
    evidence_of,
    header_of,
    verify_ciphertexts,
    verify_logged,
)

_log = logging.getLogger("rogatory")

_READS = 4
"""How often an exchange is read again because a message came in between."""


class Reader:
    """Receives for one party; thread-safe where the gateway's channels are."""

    def __init__(
        self,
        context: Context,
        *,
        gateway: Remote | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Use a context; nothing is connected or read yet but the log's keys.

        Args:
            context: How and as whom.
            gateway: Another way to the gateway; the caller closes it.
            clock: Another clock for messages and acts.

        Raises:
            ConfigInvalid: The log's keys cannot be read.
        """
        self.context = context
        self.party = context.party
        self.now: Clock = clock or context.now
        self.state = State(context.state)
        self._vkeys = context.load_verifier_keys()
        self._own_gateway = gateway is None
        self.gateway: Remote = gateway if gateway is not None else _connect(context)
        self._heads = Heads(self.state, self._vkeys, context.origin, self.gateway)
        self._statements = Statements(
            self.state,
            self._heads,
            self.gateway,
            keys=self._vkeys,
            origin=context.origin,
            genesis=context.genesis,
        )
        self._lock = threading.RLock()
        self._decryption: Sequence[EncryptionPrivateKey] | None = None
        self._watches: set[InboxWatch] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End what waits, close the connections, let go of the files."""
        self.stop()
        if self._own_gateway:
            self.gateway.close()
        self.state.close()

    def stop(self) -> None:
        """End every `watch`, from another thread or a handler."""
        for watch in tuple(self._watches):
            watch.close()

    # --- what is in force ------------------------------------------------------------

    def directory(self) -> Directory:
        """Return the directory in force; raises what `in_force` raises."""
        return self.in_force()[0]

    def profiles(self) -> ProfileSet:
        """Return the profiles in force; raises what `in_force` raises."""
        return self.in_force()[1]

    def in_force(self) -> tuple[Directory, ProfileSet]:
        """Fetch, verify and return directory and profiles in force.

        Raises:
            VerificationError: A statement does not hold.
            Unavailable: The gateway cannot be asked now.
        """
        with self._lock:
            self._statements.fetch()
            return self._statements.directory(), self._statements.profiles()

    def checkpoint(self) -> VerifiedCheckpoint:
        """Fetch the newest checkpoint and verify it against what we have seen.

        Raises:
            VerificationError: It is not signed, or contradicts an earlier one.
            Unavailable: The gateway cannot be asked now.
        """
        raw = self.gateway.get_checkpoint()
        with self._keeping({"gateway.checkpoint": raw}):
            self._heads.accept(head := self._heads.verify(raw))
        return head

    # --- messages --------------------------------------------------------------------

    def verify_receipt(
        self,
        receipt: receipt_pb2.Receipt,
        *,
        envelope: bytes,
        sealed_digests: Sequence[bytes],
        role: Role,
    ) -> VerifiedReceipt:
        """Verify a receipt and that its checkpoint is consistent with the newest.

        Raises:
            VerificationError: It does not hold; `metadata["kept"]` is the evidence.
            Unavailable: The gateway cannot be asked for a proof now.
        """
        with self._keeping(evidence_of(envelope, receipt)):
            header = header_of(envelope)
            verified = verify_receipt(
                receipt,
                envelope=envelope,
                header=header,
                sealed_digests=sealed_digests,
                party=self.party,
                role=role,
                keys=self._vkeys,
                origin=self.context.origin,
            )
            self._heads.accept(verified.checkpoint)
        return verified

    def receive(self, delivered: receipt_pb2.DeliveredMessage) -> Received:
        """Verify a delivered message whole, and keep its receipt.

        Raises:
            VerificationError: Something about it does not hold; `metadata["kept"]` is
                the evidence.
            Unavailable: The gateway cannot be asked for a proof now.
        """
        envelope = delivered.envelope
        evidence = evidence_of(envelope, delivered.receipt)
        with self._lock, self._keeping(evidence):
            header = header_of(envelope)
            receipt = self.verify_receipt(
                delivered.receipt,
                envelope=envelope,
                sealed_digests=delivered.sealed_digests,
                role="sender" if header.sender == self.party else "recipient",
            )
            received = self._verify_delivered(delivered, receipt)
            self.record(receipt, received.digest)
        self.save(envelope, receipt)
        return received

    def record(self, receipt: VerifiedReceipt, digest: bytes) -> None:
        """Remember our number for an entry.

        Raises:
            ReceiptMismatch: It contradicts a number seen before.
        """
        kind = "sent" if receipt.role == "sender" else "received"
        self.state.record_number(kind, receipt.number, receipt.index, digest)

    def save(self, envelope: bytes, receipt: VerifiedReceipt) -> SavedMessage:
        """Keep a logged message with its receipt in the state folder."""
        openings = receipt_pb2.Receipt(openings=receipt.receipt.openings)
        return self.state.save_message(
            receipt.index,
            envelope=envelope,
            entry=receipt.receipt.entry,
            proof=receipt.receipt.proof,
            openings=openings.SerializeToString(deterministic=True),
        )

    def _verify_delivered(
        self, delivered: receipt_pb2.DeliveredMessage, receipt: VerifiedReceipt
    ) -> Received:
        """Verify what a receipt does not speak of: signers, rules, ciphertexts."""
        directory = self._statements.directory_for(
            receipt.index, receipt.entry.directory
        )
        profiles = self._statements.profiles_before(receipt.index)
        message, profile = verify_logged(
            delivered.envelope,
            receipt,
            directory=directory,
            profiles=profiles,
            origin=self.context.origin,
        )
        sealed = verify_ciphertexts(
            delivered, message, receipt, directory=directory, party=self.party
        )
        return Received(
            message, receipt, directory, profile, self.party, sealed, self.decryption
        )

    def decryption(self) -> Sequence[EncryptionPrivateKey]:
        """Return our private keys for sections, read once.

        Raises:
            ConfigInvalid: A key file cannot be read.
        """
        if self._decryption is None:
            self._decryption = self.context.load_encryption_keys()
        return self._decryption

    # --- inbox -----------------------------------------------------------------------

    def inbox(self, after: int | None = None) -> Iterator[Received]:
        """Yield what we received, oldest first, until there is no more.

        Without `after` it goes on where the last handling ended, and the cursor moves
        when the caller asks for the next message: at least once. With `after` the
        cursor is neither read nor moved; 0 gives everything.

        Raises:
            VerificationError: A message does not hold, or one is withheld.
            Unavailable: The gateway cannot be asked now.
        """
        number = self.state.cursor() if after is None else after
        while page := self.gateway.list_inbox(number):
            for delivered in page:
                received = self._receive_next(delivered, number)
                yield received
                number = received.number
                if after is None:
                    self.state.save_cursor(number)

    def watch(
        self,
        handler: Callable[[Received], None],
        *,
        stop_after: int | None = None,
        after: int | None = None,
    ) -> int:
        """Hand over what we receive, as it arrives, until `stop` or `close`.

        The cursor moves after the handler has returned: at least once.

        Args:
            handler: Called with each message. What it raises ends the watch.
            stop_after: End after so many messages.
            after: Start behind this number and leave the cursor alone.

        Returns:
            How many messages were handled.

        Raises:
            VerificationError: A message does not hold, or one is withheld.
            Unreachable: The gateway cannot be reached in the first place.
        """
        number, count = self.state.cursor() if after is None else after, 0
        if stop_after is not None and stop_after <= 0:
            return 0
        watch = self.gateway.watch_inbox(number)
        self._watches.add(watch)
        try:
            for delivered in watch:
                received = self._receive_next(delivered, number)
                handler(received)
                number = received.number
                if after is None:
                    # A crash before this line hands the message over once more.
                    self.state.save_cursor(number)
                count += 1
                if count == stop_after:
                    break
        finally:
            self._watches.discard(watch)
            watch.close()
        return count

    def _receive_next(
        self, delivered: receipt_pb2.DeliveredMessage, number: int
    ) -> Received:
        """Verify a message and that none was left out before it."""
        received = self.receive(delivered)
        got = received.number
        if received.receipt.role == "recipient" and got == number + 1:
            return received
        with self._keeping(evidence_of(delivered.envelope, delivered.receipt)):
            if received.receipt.role != "recipient":
                raise ReceiptMismatch("inbox", expected="messages to us", got="our own")
            raise ReceiptMismatch(
                "inbox",
                expected=f"number {number + 1} after number {number}",
                got=f"number {got}: the gateway withholds or repeats messages",
            )

    # --- exchanges -------------------------------------------------------------------

    def exchanges(self) -> Iterator[exchange_service_pb2.Exchange]:
        """Yield the gateway's list of our exchanges, newest first: not verified."""
        yield from self.gateway.list_exchanges()

    def exchange(self, exchange_id: str) -> ExchangeView:
        """Read, verify and join all messages of an exchange.

        Raises:
            ExchangeUnknown: There is none, or we have no part in it.
            VerificationError: A message does not hold, or the gateway's claim differs
                from what the messages say.
            Unavailable: The gateway cannot be asked now.
        """
        claim, messages = self._read(exchange_id)
        whole = len(messages) == claim.message_count
        if not messages or not (whole or self._may_miss(claim)):
            raise VerificationError(
                f"exchange {exchange_id}",
                expected=f"{claim.message_count} messages, as the gateway counts",
                got=f"{len(messages)}: it withholds some or invents some",
            )
        if not whole:
            return build_view(claim, messages, None)
        verify_claim(claim, state := derive_state(messages))
        return build_view(claim, messages, state)

    def _read(
        self, exchange_id: str
    ) -> tuple[exchange_service_pb2.Exchange, list[Received]]:
        """Read an exchange, again if a message came in between."""
        for attempt in range(1, _READS + 1):
            claim = self.gateway.get_exchange(exchange_id)
            messages = self._messages(exchange_id)
            whole = len(messages) == claim.message_count
            if whole or self._may_miss(claim) or attempt == _READS:
                return claim, messages
        raise AssertionError("the last attempt returns")

    def _may_miss(self, claim: exchange_service_pb2.Exchange) -> bool:
        """Tell whether some messages of the exchange need not concern us."""
        return self.party not in (claim.requester, claim.addressee)

    def _messages(self, exchange_id: str) -> list[Received]:
        messages: list[Received] = []
        for delivered in self.gateway.list_messages(exchange_id):
            received = self.receive(delivered)
            ordered = not messages or messages[-1].index < received.index
            if received.exchange_id != exchange_id or not ordered:
                raise ReceiptMismatch(
                    f"exchange {exchange_id}",
                    expected="its own messages in log order",
                    got=f"entry {received.index}",
                )
            messages.append(received)
        return messages

    # --- evidence --------------------------------------------------------------------

    @contextmanager
    def _keeping(self, files: Mapping[str, bytes]) -> Iterator[None]:
        """Keep files as evidence if the block ends in a failed verification."""
        try:
            yield
        except VerificationError as error:
            try:
                self.state.keep_evidence(error, files)
            except OSError as trouble:
                # The failure itself must not be lost behind a full disk.
                _log.error("evidence could not be kept: %s", trouble.strerror)
            raise


def _connect(context: Context) -> Remote:
    # Late: whoever brings a gateway of another kind needs no grpc.
    from rogatory.transport import Gateway  # noqa: PLC0415

    return Gateway(context)
