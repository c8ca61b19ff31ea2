"""Names of evidence files: harmless on every system, whoever chose them.

A manifest comes from another party. Its file names must not lead out of the folder,
hide (leading dot), mean something else (`C:`, `a.pdf:stream`, Windows devices) or look
like something else (direction characters that turn `fdp.exe` into `exe.pdf`).
"""

import re
import unicodedata

from rogatory.errors import FieldInvalid

MAX_NAME = 255
"""Bytes of a file name, as in the manifest and in most file systems."""

_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\..*)?",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e") | frozenset(
    "\u2066\u2067\u2068\u2069"
)


def verify_file_name(name: str) -> str:
    """Verify that a name can be given to a file on any system, or raise.

    Raises:
        FieldInvalid: It is empty or longer than 255 bytes, or has a path separator, a
            colon, a control or direction character, a leading dot, a dot or space at
            its end, or is the name of a Windows device.
    """
    size = len(name.encode(errors="surrogatepass"))
    rules = {
        f"must be 1 to {MAX_NAME} bytes": 1 <= size <= MAX_NAME,
        "must not have a path separator or colon": not set(name) & set("/\\:"),
        "must not have control or direction characters": name == _visible(name),
        "must not start with a dot": not name.startswith("."),
        "must not end in a dot or space": name == name.rstrip(". "),
        "must not be a Windows device": _DEVICES.fullmatch(name) is None,
    }
    for rule, holds in rules.items():
        if not holds:
            raise FieldInvalid({"manifest.name": rule})
    return name


def safe_file_name(name: str) -> str:
    """Return the name nearest to this one that `verify_file_name` accepts.

    Args:
        name: A file name or path, from this machine or from a person.
    """
    name = _visible(unicodedata.normalize("NFC", name))
    name = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    name = re.sub(r'[:<>"|?*]', "_", name).lstrip(". ")
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    return shortened_name(name, "").rstrip(". ") or "file"


def shortened_name(name: str, suffix: str) -> str:
    """Put a suffix before the extension, within the bytes that a name may have."""
    stem, dot, extension = name.rpartition(".")
    if not stem or len(extension.encode()) > MAX_NAME // 4:
        stem, dot, extension = name, "", ""
    room = MAX_NAME - len(f"{suffix}{dot}{extension}".encode())
    stem = stem.encode()[:room].decode(errors="ignore")
    return f"{stem}{suffix}{dot}{extension}"


def _visible(name: str) -> str:
    """Drop control, line-end and direction characters, and halves of surrogates."""
    return "".join(
        char
        for char in name
        if unicodedata.category(char) not in _HIDDEN_CATEGORIES
        and char not in _DIRECTIONS
    )
