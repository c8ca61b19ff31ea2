"""The few strict codecs that every log format shares.

Each accepts one spelling of a value and refuses all others: a number without leading
zeros, padded standard base64 whose unused bits are zero, a line without control
characters. Two spellings of one value would let a byte change unnoticed.
"""

import base64
import binascii
import re
from collections.abc import Sized

from rogatory.errors import (
    InputError,
    LimitExceeded,
    Malformed,
    NotCanonical,
    VerificationError,
)

HASH_SIZE = 32
"""SHA-256, the one hash of every format here."""

MAX_SIZE = 2**63 - 1
"""Largest tree size: every peer keeps it in a signed 64-bit integer."""

MAX_TIME = 2**63 - 1
"""Largest timestamp that tlog-cosignature allows."""

MAX_U64 = 2**64 - 1

MAX_NAME = 255
"""Longest origin, key name or party id in bytes: each travels behind one length byte
(tlog-cosignature `opaque cosigner_name<1..2^8-1>`)."""

_MAX_DIGITS = 20
"""2^64-1 has 20 digits; longer text is refused before it is converted."""

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


def refuse_longer(raw: Sized, limit: int, thing: str, unit: str = "bytes") -> None:
    """Refuse what is longer than its limit, before anything reads it.

    Raises:
        LimitExceeded: `raw` is longer than `limit`.
    """
    if len(raw) > limit:
        raise LimitExceeded(
            thing, expected=f"at most {limit} {unit}", got=f"{len(raw)} {unit}"
        )


def refuse_other_size(raw: bytes, size: int, thing: str) -> None:
    """Refuse bytes that do not have exactly `size` bytes.

    Raises:
        Malformed: The length differs.
    """
    if len(raw) != size:
        raise Malformed(thing, expected=f"{size} bytes", got=f"{len(raw)} bytes")


def refuse_outside(number: int, least: int, most: int, thing: str) -> None:
    """Refuse a number outside `least`..`most`.

    Raises:
        LimitExceeded: The number is outside.
    """
    if not least <= number <= most:
        raise LimitExceeded(thing, expected=f"{least} to {most}", got=str(number))


def as_verification(
    kind: type[VerificationError], error: InputError
) -> VerificationError:
    """Say of evidence that cannot be read that it does not hold.

    Whoever verifies is shown evidence by somebody else: to be told to correct one's
    input would be wrong, and so would any exit code but that of a failed verification.
    """
    return kind(error.thing, expected=error.expected, got=error.got)


def parse_decimal(text: str, thing: str, *, most: int = MAX_SIZE) -> int:
    """Read an ASCII decimal number without sign or leading zeros.

    Raises:
        Malformed: Not a decimal number, or not its one spelling.
        LimitExceeded: Greater than `most`.
    """
    if not (text.isascii() and text.isdigit()):
        raise Malformed(thing, expected="a decimal number", got=f"{len(text)} others")
    refuse_longer(text, _MAX_DIGITS, thing, "digits")
    number = int(text)
    if str(number) != text:
        raise NotCanonical(thing, expected="no leading zeros", got="some")
    refuse_outside(number, 0, most, thing)
    return number


def parse_base64(text: str, thing: str, *, size: int | None = None) -> bytes:
    """Read padded standard base64 (RFC 4648 section 4) in its one spelling.

    Args:
        text: The characters.
        thing: What they are, for the error.
        size: How many bytes they must carry, when that is fixed.

    Raises:
        Malformed: Not base64, not canonical, or not `size` bytes.
    """
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Malformed(thing, expected="padded standard base64") from None
    if encode_base64(value) != text:
        # RFC 4648 section 3.5: unused bits could otherwise be set at will.
        raise NotCanonical(thing, expected="base64 with zero padding bits")
    if size is not None:
        refuse_other_size(value, size, thing)
    return value


def encode_base64(value: bytes) -> str:
    """Write padded standard base64."""
    return base64.b64encode(value).decode("ascii")


def decode_utf8(raw: bytes, thing: str) -> str:
    r"""Decode UTF-8 that has no ASCII control character but `\n`.

    Raises:
        Malformed: Not UTF-8, or a control character.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(thing, expected="UTF-8") from None
    refuse_controls(text, thing)
    return text


def refuse_controls(text: str, thing: str) -> None:
    r"""Refuse ASCII control characters other than `\n` (signed-note, Format).

    Raises:
        Malformed: There is one.
    """
    if _CONTROL.search(text):
        raise Malformed(thing, expected="no control characters but newline")


def encode_utf8(text: str, thing: str) -> bytes:
    """Encode as UTF-8.

    Raises:
        Malformed: The text holds a lone surrogate.
    """
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        raise Malformed(thing, expected="UTF-8") from None


def refuse_bad_line(line: str, thing: str, *, limit: int = MAX_NAME) -> None:
    """Refuse what cannot stand on one line of a note.

    Raises:
        Malformed: Empty, more than one line, or control characters.
        LimitExceeded: More than `limit` bytes.
    """
    if not line or "\n" in line:
        raise Malformed(thing, expected="one line that is not empty")
    refuse_controls(line, thing)
    refuse_longer(encode_utf8(line, thing), limit, thing)


def refuse_bad_name(name: str, thing: str) -> None:
    """Refuse what is no key name: spaces and `+` separate names from keys.

    Raises:
        Malformed: Empty, control characters, a Unicode space, or a plus.
        LimitExceeded: More than 255 bytes.
    """
    refuse_bad_line(name, thing)
    if "+" in name or any(character.isspace() for character in name):
        raise Malformed(thing, expected="a name without spaces and plus signs")
