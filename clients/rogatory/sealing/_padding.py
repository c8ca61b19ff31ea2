"""Padding: the length of a section says little about its content.

`P = u32be length ‖ content ‖ zeros`, to the next of 1, 2, 4 … 1024 KiB
(docs/protocol.md). Every content has exactly one padded form: another size or a byte
other than zero behind the content is refused, so that nothing can hide there.
"""

from rogatory.errors import LimitExceeded, Malformed

LENGTH_SIZE = 4
"""Bytes of the length before the content."""

SECTION_SIZES = tuple(1024 << power for power in range(11))
"""The padded sizes: 1 KiB to 1 MiB."""

MAX_CONTENT = SECTION_SIZES[-1] - LENGTH_SIZE
"""Bytes of content in the largest section; what is larger travels as evidence file."""


def padded_size(length: int) -> int:
    """Return the padded size of a content of that length.

    Raises:
        LimitExceeded: The content does not fit in the largest section.
    """
    if length < 0:
        raise ValueError("length of a content is negative")
    for size in SECTION_SIZES:
        if LENGTH_SIZE + length <= size:
            return size
    raise LimitExceeded(
        "section content",
        expected=f"at most {MAX_CONTENT} bytes",
        got=f"{length} bytes",
    )


def pad(content: bytes) -> bytes:
    """Return the one padded form of the content.

    Raises:
        LimitExceeded: The content does not fit in the largest section.
    """
    size = padded_size(len(content))
    return (len(content).to_bytes(LENGTH_SIZE, "big") + content).ljust(size, b"\0")


def unpad(padded: bytes) -> bytes:
    """Return the content of its one padded form.

    Raises:
        LimitExceeded: The padded form is larger than the largest section.
        Malformed: The size, the length inside or a padding byte is not the one that
            `pad` makes.
    """
    if len(padded) > SECTION_SIZES[-1]:
        raise LimitExceeded(
            "padded section",
            expected=f"at most {SECTION_SIZES[-1]} bytes",
            got=f"{len(padded)} bytes",
        )
    if len(padded) not in SECTION_SIZES:
        raise Malformed(
            "padded section",
            expected="1,024 bytes times a power of two",
            got=f"{len(padded)} bytes",
        )
    length = int.from_bytes(padded[:LENGTH_SIZE], "big")
    end = LENGTH_SIZE + length
    if end > len(padded) or padded_size(length) != len(padded):
        raise Malformed(
            "padded section",
            expected=f"a length inside that fills {len(padded)} bytes",
            got=f"{length} bytes",
        )
    if padded.count(0, end) != len(padded) - end:
        raise Malformed(
            "padded section", expected="zeros behind the content", got="another byte"
        )
    return padded[LENGTH_SIZE:end]
