"""The way of a message to the log.

Form, signatures and rules are those of the `rogatory` package: an auditor repeats them
with the same code. What the outcome relied on (directory, profiles, the exchange's
version) is handed to the journal, which re-checks it under the head's lock.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from rogatory.directory import Directory
from rogatory.envelope import (
    Envelope,
    VerifiedMessage,
    parse_envelope,
    parse_payload,
    verify_message,
)
from rogatory.errors import (
    BlobIncomplete,
    MessageIdReused,
    NotPermitted,
    RogatoryError,
)
from rogatory.lifecycle import (
    ExchangeState,
    advance,
    verify_permitted,
    verify_timely,
)
from rogatory.sealing import verify_sealed_set
from rogatory.v1 import message_pb2, section_pb2
from rogatory_gateway.admission.identity import Peer
from rogatory_gateway.admission.registry import Registry
from rogatory_gateway.journal import Basis, Submission
from rogatory_gateway.store import Reader, StoredMessage


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same message was logged before: the original answer stands."""

    stored: StoredMessage


class Admission:
    """Admits messages to one log."""

    def __init__(self, reader: Reader, registry: Registry, origin: str) -> None:
        """Admit against a store's committed state and a registry."""
        self._reader = reader
        self._registry = registry
        self._origin = origin

    def refresh(self) -> None:
        """Take over directory and profiles that were logged since."""
        self._registry.refresh()

    def admit(
        self,
        raw: bytes,
        sealed: Sequence[section_pb2.SealedSection],
        peer: Peer,
        now: datetime,
    ) -> Submission | Repeated:
        """Verify a submitted message, or raise what is wrong with it.

        Args:
            raw: The envelope's exact bytes.
            sealed: The ciphertexts beside it.
            peer: Who submits.
            now: The gateway's time.

        Raises:
            RogatoryError: Any of its kinds that names a fault of the message.
        """
        envelope = parse_envelope(raw)
        try:
            return self._admit(envelope, sealed, peer, now)
        except RogatoryError:
            # A message that was logged is answered as then, whatever has changed
            # since: its author repeats it because the first answer was lost.
            repeated = self._repeated(envelope, peer)
            if repeated is None:
                raise
            return repeated

    def _admit(
        self,
        envelope: Envelope,
        sealed: Sequence[section_pb2.SealedSection],
        peer: Peer,
        now: datetime,
    ) -> Submission:
        in_force = self._registry.current
        directory = in_force.directory
        message = verify_message(envelope, directory.keys_of)
        header = message.header
        if header.sender != peer.party:
            raise NotPermitted("header.sender", expected="the calling party")
        verify_timely(message, origin=self._origin, now=now)
        digests = verify_sealed_set(header, sealed, _key_ids(directory))
        verify_permitted(message, directory, in_force.profiles, at=now)
        before = self._state(header.exchange_id)
        after = advance(before, message, directory)
        self._require_blobs(message)
        return Submission(
            message=message,
            payload_digest=hashlib.sha256(envelope.payload).digest(),
            sealed=sealed,
            sealed_digests=digests,
            state=after,
            basis=Basis(
                directory.index,
                in_force.profiles.index,
                before.version if before else 0,
            ),
        )

    def _repeated(self, envelope: Envelope, peer: Peer) -> Repeated | None:
        try:
            message = parse_payload(
                envelope.payload, message_pb2.Message, thing="message"
            )
        except RogatoryError:
            return None
        header = message.header
        if header.sender != peer.party or header.origin != self._origin:
            return None
        found = self._reader.message_by_id(header.message_id)
        if found is None:
            return None
        stored, payload_digest = found
        return self.repeated(stored, payload_digest, envelope)

    def repeated(
        self, stored: StoredMessage, payload_digest: bytes, envelope: Envelope
    ) -> Repeated:
        """Return the original answer to a message id that is logged.

        Raises:
            MessageIdReused: It was logged with another payload.
        """
        if payload_digest != hashlib.sha256(envelope.payload).digest():
            raise MessageIdReused("header.message_id", expected="an id of its own")
        return Repeated(stored)

    def _state(self, exchange_id: str) -> ExchangeState | None:
        found = self._reader.exchange(exchange_id)
        return found.state if found else None

    def _require_blobs(self, message: VerifiedMessage) -> None:
        if message.kind != "disclosure_report":
            return
        files = message.message.disclosure_report.files
        if not files:
            return
        uploaded = self._reader.uploads(
            message.header.sender, [file.sha256 for file in files]
        )
        for i, file in enumerate(files):
            if uploaded.get(file.sha256) != file.size:
                raise BlobIncomplete(
                    f"disclosure_report.files[{i}]",
                    expected=f"{file.size} B wholly uploaded",
                )


def _key_ids(directory: Directory) -> Callable[[str], Sequence[bytes]]:
    return lambda party: sorted(directory.encryption_keys(party))
