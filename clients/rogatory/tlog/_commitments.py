r"""What the log's entries commit to, and how a commitment is opened.

    sealed  SHA-256("rogatory/v1/sealed\n" || SHA-256(ct 1) || SHA-256(ct 2) ...)
    from    SHA-256("rogatory/v1/from\n"  || salt || u8 len || party || u64be n)
    to      SHA-256("rogatory/v1/to\n"    || salt || u8 len || party)
    inbox   SHA-256("rogatory/v1/inbox\n" || salt || u8 len || party || u64be m)

The salt has 32 random bytes of its own for each commitment: whoever does not hold it
learns nothing from the hash, and whoever does cannot open it to another party or count.
n counts the entries that the party sent, m those that it received.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from rogatory.errors import Malformed
from rogatory.tlog._codec import (
    MAX_U64,
    encode_utf8,
    refuse_bad_line,
    refuse_other_size,
    refuse_outside,
)

SALT_SIZE = 32
"""As many bits as the hash: no guessing of parties, however few there are."""


def from_commitment(salt: bytes, party: str, n: int) -> bytes:
    """Commit to the sender of an entry, and that this is the `n`-th it sent.

    Raises:
        Malformed: The salt has not 32 bytes, or the party is no name.
        LimitExceeded: The party has more than 255 bytes, or `n` no 64 bits.
    """
    return _commit(b"rogatory/v1/from\n", salt, party, _count(n))


def to_commitment(salt: bytes, party: str) -> bytes:
    """Commit to one recipient of an entry.

    Raises:
        Malformed: The salt has not 32 bytes, or the party is no name.
        LimitExceeded: The party has more than 255 bytes.
    """
    return _commit(b"rogatory/v1/to\n", salt, party, b"")


def inbox_commitment(salt: bytes, party: str, m: int) -> bytes:
    """Commit to the entry being the `m`-th that a recipient received.

    Raises:
        Malformed: The salt has not 32 bytes, or the party is no name.
        LimitExceeded: The party has more than 255 bytes, or `m` no 64 bits.
    """
    return _commit(b"rogatory/v1/inbox\n", salt, party, _count(m))


def sealed_digest(ciphertexts: Iterable[bytes]) -> bytes:
    """Digest the ciphertexts of a message, by section name, party and key id.

    Raises:
        Malformed: There is none: such an entry has no `sealed` line.
    """
    hashes = b"".join(hashlib.sha256(value).digest() for value in ciphertexts)
    if not hashes:
        raise Malformed("sealed", expected="at least one ciphertext", got="none")
    return hashlib.sha256(b"rogatory/v1/sealed\n" + hashes).digest()


@dataclass(frozen=True, slots=True)
class FromOpening:
    """Who sent an entry, and which of its entries this is."""

    salt: bytes
    party: str
    n: int

    def __post_init__(self) -> None:
        """Refuse what nothing can commit to."""
        self.commitment()

    def commitment(self) -> bytes:
        """Return the commitment that this opens."""
        return from_commitment(self.salt, self.party, self.n)


@dataclass(frozen=True, slots=True)
class ToOpening:
    """Whom an entry is for."""

    salt: bytes
    party: str

    def __post_init__(self) -> None:
        """Refuse what nothing can commit to."""
        self.commitment()

    def commitment(self) -> bytes:
        """Return the commitment that this opens."""
        return to_commitment(self.salt, self.party)


@dataclass(frozen=True, slots=True)
class InboxOpening:
    """Which of the entries that a party received this is."""

    salt: bytes
    party: str
    m: int

    def __post_init__(self) -> None:
        """Refuse what nothing can commit to."""
        self.commitment()

    def commitment(self) -> bytes:
        """Return the commitment that this opens."""
        return inbox_commitment(self.salt, self.party, self.m)


def _commit(label: bytes, salt: bytes, party: str, count: bytes) -> bytes:
    refuse_other_size(salt, SALT_SIZE, "salt")
    refuse_bad_line(party, "party")
    name = encode_utf8(party, "party")
    return hashlib.sha256(label + salt + bytes([len(name)]) + name + count).digest()


def _count(number: int) -> bytes:
    refuse_outside(number, 0, MAX_U64, "count")
    return number.to_bytes(8, "big")
