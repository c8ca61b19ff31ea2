"""Logged messages: received and verified, or sent with a receipt that holds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from google.protobuf.message import Message as AnyMessage

from rogatory.directory import Directory
from rogatory.envelope import VerifiedMessage, parse_payload
from rogatory.errors import NotFound
from rogatory.profiles import Profile
from rogatory.receipts import VerifiedReceipt
from rogatory.sealing import EncryptionPrivateKey, SectionContext, open_section
from rogatory.state import SavedMessage
from rogatory.v1 import message_pb2, section_pb2

_M = TypeVar("_M", bound=AnyMessage)


@dataclass(frozen=True, slots=True)
class Received:
    """A message that its signers signed, the log holds and the rules permit.

    Only `Client.receive` makes one. Sections are opened when they are asked for.

    Attributes:
        verified: The message.
        receipt: Its place in the log, and our number for it.
        directory: The directory in force at its place.
        profile: The profile in force at its place; None for what the gateway says.
        party: Our party id.
    """

    verified: VerifiedMessage
    receipt: VerifiedReceipt
    directory: Directory
    profile: Profile | None
    party: str
    _sealed: Sequence[section_pb2.SealedSection] = field(repr=False)
    _keys: Callable[[], Sequence[EncryptionPrivateKey]] = field(repr=False)

    @property
    def header(self) -> message_pb2.Header:
        """The message's header."""
        return self.verified.header

    @property
    def message(self) -> message_pb2.Message:
        """The whole message."""
        return self.verified.message

    @property
    def kind(self) -> str:
        """The message's kind, such as `removal_request`."""
        return self.verified.kind

    @property
    def body(self) -> AnyMessage:
        """The visible body."""
        return self.verified.body

    @property
    def digest(self) -> bytes:
        """SHA-256 of the envelope's bytes."""
        return self.verified.digest

    @property
    def message_id(self) -> str:
        """The message's id."""
        return self.header.message_id

    @property
    def exchange_id(self) -> str:
        """The exchange's id."""
        return self.header.exchange_id

    @property
    def sender(self) -> str:
        """Party id of the sender."""
        return self.header.sender

    @property
    def index(self) -> int:
        """Its log index."""
        return self.receipt.index

    @property
    def time(self) -> datetime:
        """When it was logged."""
        return self.receipt.time

    @property
    def number(self) -> int:
        """Its number in our inbox; among what we sent, if it is ours."""
        return self.receipt.number

    @property
    def sections(self) -> tuple[str, ...]:
        """Names of the sections of whose audience we are."""
        return tuple(
            section.name
            for section in self.header.sections
            if self.party in section.audience
        )

    def open(self, section: str) -> bytes:
        """Open a section with our keys and verify it against what was signed.

        Raises:
            NotFound: The message has no such section.
            SectionUnreadable: It is not sealed to us, or to keys that we do not hold.
            CommitmentMismatch: It opens to other content than was signed.
            Malformed: What was signed is not in the one padded form.
        """
        for commitment in self.header.sections:
            if commitment.name == section:
                break
        else:
            names = ", ".join(each.name for each in self.header.sections) or "none"
            raise NotFound(f"section {section}", expected=f"one of: {names}")
        place = SectionContext(
            self.header.origin, self.header.exchange_id, self.header.message_id
        )
        opened = open_section(
            commitment, self._sealed, self._keys(), party=self.party, context=place
        )
        return opened.content

    def open_as(self, section: str, kind: type[_M]) -> _M:
        """Open a section and parse its content.

        Raises:
            Malformed: The content is no such message; and what `open` raises.
            UnknownField: It holds something that this version does not know.
        """
        return parse_payload(self.open(section), kind, thing=f"section {section}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that is in the log.

    Attributes:
        message_id: Its id.
        exchange_id: Its exchange.
        kind: Its kind.
        index: Log index.
        time: When it was logged.
        number: n: as which of our entries it counts.
        digest: SHA-256 of the envelope.
        files: Where envelope, entry, proof and openings are kept.
    """

    message_id: str
    exchange_id: str
    kind: str
    index: int
    time: datetime
    number: int
    digest: bytes
    files: SavedMessage
