r"""The text of a checkpoint: which log, how many leaves, which root (tlog-checkpoint).

    <origin>\n
    <size, decimal>\n
    <root, base64 of 32 bytes>\n
    [extension lines]

The text alone proves nothing; `verify_checkpoint` reads it from a signed note.
"""

from dataclasses import dataclass

from rogatory.errors import Malformed
from rogatory.tlog._codec import (
    HASH_SIZE,
    MAX_SIZE,
    decode_utf8,
    encode_base64,
    encode_utf8,
    parse_base64,
    parse_decimal,
    refuse_bad_line,
    refuse_longer,
    refuse_other_size,
    refuse_outside,
)

MAX_CHECKPOINT_TEXT = 16 * 1024
"""Three short lines; the rest is room for extension lines of other logs. Witnesses in
the wild refuse requests above 16 KiB."""

_MANDATORY_LINES = 3


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself at one moment."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines, which ML-DSA-44 signatures do not cover; ours has none."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        refuse_bad_line(self.origin, "checkpoint origin")
        refuse_outside(self.size, 0, MAX_SIZE, "checkpoint size")
        refuse_other_size(self.root, HASH_SIZE, "checkpoint root")
        for line in self.extensions:
            refuse_bad_line(
                line, "checkpoint extension line", limit=MAX_CHECKPOINT_TEXT
            )


def parse_checkpoint_text(text: bytes | str) -> Checkpoint:
    """Read the text of a checkpoint, without any signature.

    Raises:
        Malformed: Not the three lines in their one spelling.
        LimitExceeded: Longer than 16 KiB, or the size is greater than 2^63-1.
    """
    thing = "checkpoint"
    refuse_longer(text, MAX_CHECKPOINT_TEXT, thing)
    raw = encode_utf8(text, thing) if isinstance(text, str) else text
    lines = decode_utf8(raw, thing).split("\n")
    if len(lines) <= _MANDATORY_LINES or lines.pop():
        raise Malformed(thing, expected="at least three lines, each with its newline")
    origin, size, root, *extensions = lines
    return Checkpoint(
        origin,
        parse_decimal(size, "checkpoint size"),
        parse_base64(root, "checkpoint root", size=HASH_SIZE),
        tuple(extensions),
    )


def encode_checkpoint_text(checkpoint: Checkpoint) -> bytes:
    """Write the text of a checkpoint.

    Raises:
        LimitExceeded: The extension lines make it longer than 16 KiB.
    """
    root = encode_base64(checkpoint.root)
    lines = [checkpoint.origin, str(checkpoint.size), root, *checkpoint.extensions]
    raw = "".join(f"{line}\n" for line in lines).encode()
    refuse_longer(raw, MAX_CHECKPOINT_TEXT, "checkpoint")
    return raw
