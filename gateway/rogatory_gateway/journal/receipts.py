"""Receipts: entry, proof and the openings to which a party is entitled."""

from collections.abc import Iterable, Sequence

from rogatory.tlog import TlogProof, encode_proof, inclusion_path
from rogatory.v1 import receipt_pb2, section_pb2
from rogatory_gateway.store import Head, Reader, StoredMessage

_DIGEST_BYTES = 32

MAX_ANSWER_BYTES = 4_000_000
"""Of the messages of one answer, unless one alone is larger: what a client of any
language receives by default is 4 MiB."""


def entitled_openings(
    openings: Iterable[receipt_pb2.Opening], *, sender: str, caller: str
) -> list[receipt_pb2.Opening]:
    """Return the openings that a party may see.

    `from` is for the sender, `to` for the sender and that recipient, `inbox` for that
    recipient alone.
    """
    return [
        opening
        for opening in openings
        if opening.party == caller
        or (caller == sender and opening.kind == receipt_pb2.OPENING_KIND_TO)
    ]


class Receipts:
    """Builds receipts and deliveries from committed rows."""

    def __init__(self, reader: Reader) -> None:
        """Read from a store."""
        self._reader = reader

    def proof(self, index: int, head: Head | None = None) -> bytes:
        """Return the tlog-proof of an entry against the newest checkpoint."""
        head = head or self.head()
        path = inclusion_path(self.read_tile, index, head.size)
        return encode_proof(TlogProof(index, tuple(path), head.checkpoint))

    def concerns(self, stored: StoredMessage, caller: str) -> bool:
        """Tell whether a party sent or received a message."""
        openings = receipt_pb2.Receipt.FromString(stored.openings).openings
        return any(opening.party == caller for opening in openings)

    def receipt(
        self, stored: StoredMessage, caller: str, head: Head | None = None
    ) -> receipt_pb2.Receipt:
        """Return the receipt of a logged message as its caller may see it."""
        everything = receipt_pb2.Receipt.FromString(stored.openings)
        return receipt_pb2.Receipt(
            entry=stored.entry,
            proof=self.proof(stored.index, head),
            openings=entitled_openings(
                everything.openings, sender=stored.sender, caller=caller
            ),
        )

    def deliveries(
        self, messages: Sequence[StoredMessage], caller: str
    ) -> list[receipt_pb2.DeliveredMessage]:
        """Return messages as the caller may see them: the first ones that fit.

        At least one, and no more than an answer may hold; whoever wants the rest asks
        again from there.
        """
        if not messages:
            return []
        # The head is read after the messages, so it covers them all.
        head = self.head()
        answer: list[receipt_pb2.DeliveredMessage] = []
        size = 0
        for stored in messages:
            delivered = self._delivered(stored, caller, head)
            size += delivered.ByteSize()
            if answer and size > MAX_ANSWER_BYTES:
                break
            answer.append(delivered)
        return answer

    def _delivered(
        self, stored: StoredMessage, caller: str, head: Head
    ) -> receipt_pb2.DeliveredMessage:
        digests = stored.sealed_digests
        return receipt_pb2.DeliveredMessage(
            envelope=stored.envelope,
            sealed_sections=[
                section_pb2.SealedSection(
                    section=name, party=party, key_id=key_id, ciphertext=ciphertext
                )
                for name, party, key_id, ciphertext in self._reader.sections(
                    stored.index, caller
                )
            ],
            sealed_digests=[
                digests[at : at + _DIGEST_BYTES]
                for at in range(0, len(digests), _DIGEST_BYTES)
            ],
            receipt=self.receipt(stored, caller, head),
        )

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """Return a tile's first hashes, as the proofs ask for them."""
        return self._reader.tile(level, index)[: _DIGEST_BYTES * width]

    def head(self) -> Head:
        """Return the log's head, which every served log has."""
        head = self._reader.head()
        if head is None:
            raise RuntimeError("the journal opens no store without a head")
        return head
