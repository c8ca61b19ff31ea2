r"""What a section is bound to: the commitment that is signed, and the HPKE `info`.

    commitment = SHA-256("rogatory/v1/section\n" ‖ salt32 ‖ P)
    info       = "rogatory/v1/section\n" ‖ origin ‖ exchange id ‖ message id
                 ‖ section name ‖ party ‖ key id        each as u16be length ‖ bytes

The commitment is in the signed message and says nothing without the 32-byte salt. The
info ties a ciphertext to one place: moved to another gateway, exchange, message,
section or party it does not open.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from rogatory.errors import CommitmentMismatch, LimitExceeded, Malformed
from rogatory.sealing._padding import pad
from rogatory.v1 import message_pb2

PREFIX = b"rogatory/v1/section\n"
SALT_SIZE = 32
COMMITMENT_SIZE = 32
_MAX_INFO_FIELD = 0xFFFF


@dataclass(frozen=True, slots=True)
class SectionContext:
    """The place of a section: its message, and nowhere else."""

    origin: str
    exchange_id: str
    message_id: str


@dataclass(frozen=True, slots=True)
class OpenedSection:
    """A section whose content and salt were verified against the commitment."""

    name: str
    content: bytes = field(repr=False)
    salt: bytes = field(repr=False)


def commitment_of(salt: bytes, padded: bytes) -> bytes:
    """Return the commitment to a padded content.

    Raises:
        Malformed: The salt has another length: then the bytes of salt and content
            could be divided in more than one way.
    """
    if len(salt) != SALT_SIZE:
        raise Malformed(
            "section salt", expected=f"{SALT_SIZE} bytes", got=f"{len(salt)} bytes"
        )
    return hashlib.sha256(PREFIX + salt + padded).digest()


def section_info(
    context: SectionContext, section: str, party: str, key_id: bytes
) -> bytes:
    """Return the HPKE info of one ciphertext.

    Raises:
        LimitExceeded: A field is longer than a u16 can say.
    """
    info = bytearray(PREFIX)
    names = ("origin", "exchange id", "message id", "section name", "party")
    texts = (
        context.origin,
        context.exchange_id,
        context.message_id,
        section,
        party,
    )
    values = [text.encode() for text in texts]
    for name, value in zip((*names, "key id"), (*values, key_id), strict=True):
        if len(value) > _MAX_INFO_FIELD:
            raise LimitExceeded(
                name,
                expected=f"at most {_MAX_INFO_FIELD} bytes",
                got=f"{len(value)} bytes",
            )
        info += len(value).to_bytes(2, "big") + value
    return bytes(info)


def verify_opening(
    commitment: message_pb2.SectionCommitment, salt: bytes, content: bytes
) -> OpenedSection:
    """Verify a content shown in the open against the signed commitment, or raise.

    This is how a holder shows one section to a court or an auditor: salt and content
    are enough, no key is needed. The commitment must come from a message whose
    signatures were verified.

    Raises:
        CommitmentMismatch: The content is not what was signed, or not with this salt.
        Malformed: The salt has another length.
    """
    try:
        padded = pad(content)
    except LimitExceeded as e:
        raise _mismatch(commitment, f"{len(content)} bytes of content") from e
    verify_padded(commitment, salt, padded)
    return OpenedSection(commitment.name, content, salt)


def verify_padded(
    commitment: message_pb2.SectionCommitment, salt: bytes, padded: bytes
) -> bytes:
    """Verify a padded content against the signed size and commitment, or raise.

    Raises:
        CommitmentMismatch: The size or the digest is another one.
        Malformed: The salt has another length.
    """
    digest = commitment_of(salt, padded)
    if len(padded) != commitment.size:
        raise _mismatch(commitment, f"size {len(padded)}")
    # The digest of a secret: its comparison must not tell where it differs.
    if not hmac.compare_digest(digest, commitment.commitment):
        raise _mismatch(commitment, "other content or salt")
    return padded


def _mismatch(
    commitment: message_pb2.SectionCommitment, got: str
) -> CommitmentMismatch:
    return CommitmentMismatch(
        f"section {commitment.name}",
        expected=f"size {commitment.size} and the content that was signed",
        got=got,
    )
