"""Files of verifier keys: one vkey a line, as auditors and witnesses are given them."""

from pathlib import Path

from rogatory.errors import ConfigInvalid, InputError
from rogatory.tlog import VerifierKey

MAX_VKEYS_BYTES = 64 * 1024
"""More than 30 ML-DSA-44 keys."""


def read_vkeys(path: Path) -> tuple[VerifierKey, ...]:
    """Read the keys of a file, in its order; none if it is empty.

    Raises:
        ConfigInvalid: The file cannot be read, is too long, or holds something else.
    """
    thing = f"vkeys {path}"
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_VKEYS_BYTES + 1)
    except OSError as error:
        got = error.strerror or "an error"
        raise ConfigInvalid(thing, expected="a readable file", got=got) from None
    if len(raw) > MAX_VKEYS_BYTES:
        raise ConfigInvalid(thing, expected=f"at most {MAX_VKEYS_BYTES} bytes")
    try:
        lines = [line.strip() for line in raw.decode().splitlines()]
        return tuple(VerifierKey.parse(line) for line in lines if line)
    except (UnicodeDecodeError, InputError):
        raise ConfigInvalid(thing, expected="one vkey a line") from None
