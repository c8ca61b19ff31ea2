r"""What a log and a witness say to each other (C2SP tlog-witness, add-checkpoint).

    old <size>\n                     leaves of the last checkpoint that was cosigned
    <base64 of 32 bytes>\n ...       0 to 63: the consistency proof from there
    \n
    <the signed checkpoint, verbatim>

The answer 200 is signature lines of a note, one or more; the answer 409 to a stale old
size is `<size>\n`, of the type `SIZE_TYPE`. Parsing proves nothing: a log verifies the
answer as part of its checkpoint (`verify_policy`, `verify_checkpoint`), a witness
verifies the checkpoint and the proof.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rogatory.errors import Malformed
from rogatory.tlog._checkpoint import parse_checkpoint_text
from rogatory.tlog._codec import (
    HASH_SIZE,
    MAX_SIZE,
    decode_utf8,
    encode_base64,
    parse_base64,
    parse_decimal,
    refuse_longer,
    refuse_other_size,
    refuse_outside,
)
from rogatory.tlog._keys import Signature
from rogatory.tlog._note import (
    MAX_SIGNATURES,
    encode_signature,
    parse_note,
    parse_signature,
)

MAX_HASHES = 63
"""tlog-witness: the client MUST NOT send more."""

MAX_ADD_CHECKPOINT = 64 * 1024
"""63 hashes are 2.8 kB; 15 ML-DSA-44 lines fit beside them. Some witnesses stop at
16 KiB: a log sends its own signatures only."""

MAX_RESPONSE = 64 * 1024
"""As many lines."""

MAX_SIZE_BODY = 20
"""2^63-1 has 19 digits; and the newline."""

SIZE_TYPE = "text/x.tlog.size"

_OLD = "old "


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A request as read; nothing in it is verified."""

    old_size: int
    proof: tuple[bytes, ...]
    checkpoint: bytes
    """The signed note."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        refuse_outside(self.old_size, 0, MAX_SIZE, "old size")
        refuse_longer(self.proof, MAX_HASHES, "consistency proof", "hashes")
        for value in self.proof:
            refuse_other_size(value, HASH_SIZE, "consistency proof")
        parse_checkpoint_text(parse_note(self.checkpoint).text)


def parse_add_checkpoint(raw: bytes) -> AddCheckpoint:
    """Read the body of a request, verifying nothing.

    Raises:
        Malformed: Not a request in its one spelling, or no checkpoint in it.
        LimitExceeded: Longer than 64 KiB, or a part is too long.
    """
    thing = "add-checkpoint request"
    refuse_longer(raw, MAX_ADD_CHECKPOINT, thing)
    head, empty_line, checkpoint = raw.partition(b"\n\n")
    if not empty_line:
        raise Malformed(thing, expected="an empty line before the checkpoint")
    first, *lines = decode_utf8(head, thing).split("\n")
    if not first.startswith(_OLD):
        raise Malformed(thing, expected="old <size>")
    old_size = parse_decimal(first.removeprefix(_OLD), "old size")
    refuse_longer(lines, MAX_HASHES, "consistency proof", "hashes")
    proof = tuple(
        parse_base64(line, "consistency proof", size=HASH_SIZE) for line in lines
    )
    return AddCheckpoint(old_size, proof, checkpoint)


def encode_add_checkpoint(request: AddCheckpoint) -> bytes:
    """Write the body of a request.

    Raises:
        LimitExceeded: It would be longer than 64 KiB.
    """
    lines = [f"{_OLD}{request.old_size}", *map(encode_base64, request.proof)]
    raw = "\n".join(lines).encode() + b"\n\n" + request.checkpoint
    refuse_longer(raw, MAX_ADD_CHECKPOINT, "add-checkpoint request")
    return raw


def parse_cosignatures(raw: bytes) -> tuple[Signature, ...]:
    """Read the signature lines of an answer, verifying nothing.

    Raises:
        Malformed: Not signature lines in their one spelling, or none.
        LimitExceeded: Longer than 64 KiB, or more than 64 lines.
    """
    thing = "cosignatures"
    refuse_longer(raw, MAX_RESPONSE, thing)
    lines = decode_utf8(raw, thing).split("\n")
    if lines.pop() or not lines:
        raise Malformed(thing, expected="lines, each with its newline")
    refuse_longer(lines, MAX_SIGNATURES, thing, "lines")
    return tuple(parse_signature(number, line) for number, line in enumerate(lines, 1))


def encode_cosignatures(signatures: Sequence[Signature]) -> bytes:
    """Write the signature lines of an answer.

    Raises:
        Malformed: There is none.
        LimitExceeded: More than 64, or longer than 64 KiB.
    """
    if not signatures:
        raise Malformed("cosignatures", expected="at least one", got="none")
    refuse_longer(signatures, MAX_SIGNATURES, "cosignatures", "lines")
    raw = "".join(encode_signature(signature) for signature in signatures).encode()
    refuse_longer(raw, MAX_RESPONSE, "cosignatures")
    return raw


def parse_size_body(raw: bytes) -> int:
    """Read the size that a witness names with 409.

    Raises:
        Malformed: Not a number in its one spelling and a newline.
        LimitExceeded: Too long, or greater than 2^63-1.
    """
    thing = "tree size"
    refuse_longer(raw, MAX_SIZE_BODY, thing)
    text = decode_utf8(raw, thing)
    if not text.endswith("\n"):
        raise Malformed(thing, expected="a newline at its end")
    return parse_decimal(text[:-1], thing)


def encode_size_body(size: int) -> bytes:
    """Write the size that a witness names with 409.

    Raises:
        LimitExceeded: The size is negative or greater than 2^63-1.
    """
    refuse_outside(size, 0, MAX_SIZE, "tree size")
    return b"%d\n" % size
