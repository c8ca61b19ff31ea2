"""Keys, contexts and sealed messages for the tests of `rogatory.sealing`."""

import hashlib
from collections.abc import Sequence
from functools import cache

from rogatory.sealing import (
    EncryptionPrivateKey,
    SealedResult,
    SectionContext,
    seal_section,
)
from rogatory.v1 import message_pb2, section_pb2

CONTEXT = SectionContext("log.example/rogatory", "exchange-1", "message-1")
SALT = bytes(range(32))
SENDER, PLATFORM, COURT = "xx-regulator", "yy-platform", "xx-court"


@cache
def key(party: str, number: int = 0) -> EncryptionPrivateKey:
    """Return a key that belongs to a party, the same on every call."""
    seed = hashlib.sha256(f"{party} {number}".encode()).digest()
    return EncryptionPrivateKey.from_seed(seed)


def key_ids(party: str) -> list[bytes]:
    """Return the directory's answer: every party has two active keys, sorted."""
    return sorted(key(party, number).key_id for number in range(2))


def seal(
    name: str = "targets",
    content: bytes = b"account 17",
    *,
    parties: Sequence[str] = (SENDER, PLATFORM),
    context: SectionContext = CONTEXT,
    salt: bytes = SALT,
    keys: int = 2,
) -> SealedResult:
    """Seal a section to some keys of each party."""
    audience = {
        party: [key(party, number).public_key for number in range(keys)]
        for party in parties
    }
    return seal_section(name, content, audience=audience, context=context, salt=salt)


def message(
    *results: SealedResult,
) -> tuple[message_pb2.Header, list[section_pb2.SealedSection]]:
    """Return a header with these sections, and their ciphertexts in order."""
    header = message_pb2.Header(
        sender=SENDER,
        recipients=[
            message_pb2.Recipient(party=PLATFORM),
            message_pb2.Recipient(party=COURT),
        ],
        sections=[result.commitment for result in results],
    )
    boxes = [box for result in results for box in result.sections]
    return header, sorted(boxes, key=lambda b: (b.section, b.party, b.key_id))
