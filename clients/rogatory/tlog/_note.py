r"""Signed notes: a text and who signed it (C2SP signed-note).

    <text, ends in a newline>
    \n
    — <key name> <base64(u32be key id || signature)>\n      one or more

The text ends at the last empty line. `parse_note` reads; only `verify_note` says that
the text may be believed. Its rules, stricter than the specification where that is free:

- a signature by a key that is not known is ignored, whatever it holds;
- a known key's signature that fails rejects the whole note, and so does a second one;
- every key that is required must have signed, and at least one key must be required.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from types import MappingProxyType

from rogatory.errors import ConfigInvalid, InputError, Malformed, NoteUnverified
from rogatory.tlog._codec import (
    as_verification,
    decode_utf8,
    encode_base64,
    encode_utf8,
    parse_base64,
    refuse_controls,
    refuse_longer,
)
from rogatory.tlog._keys import Signature, VerifierKey, verify_signature

MAX_SIGNATURES = 64
"""The specification asks for at least 16; each log and witness may have two keys."""

MAX_NOTE = 512 * 1024
"""64 ML-DSA-44 lines are 230 kB; the longest post-quantum ones "nearly 5 kB" each."""

_DASH = "— "
_KEY_ID_SIZE = 4


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signature lines, none of them verified."""

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        encode_utf8(self.text, "note text")
        refuse_controls(self.text, "note text")
        if not self.text.endswith("\n"):
            raise Malformed("note text", expected="a newline at its end")
        if not self.signatures:
            raise Malformed("note", expected="at least one signature", got="none")
        refuse_longer(self.signatures, MAX_SIGNATURES, "note", "signatures")


@dataclass(frozen=True, slots=True)
class VerifiedNote:
    """A note whose required keys all signed; made by `verify_note` only."""

    text: str
    raw: bytes
    signers: tuple[VerifierKey, ...]
    """The known keys that signed, in the order of the note."""
    times: Mapping[str, int]
    """`<name>+<key id>` → signed timestamp, of those that sign one."""


def parse_note(raw: bytes) -> Note:
    """Read a note, verifying nothing.

    Raises:
        Malformed: Not a signed note in its one spelling.
        LimitExceeded: Longer than 512 KiB, or more than 64 signatures.
    """
    refuse_longer(raw, MAX_NOTE, "note")
    content = decode_utf8(raw, "note")
    at = content.rfind("\n\n")
    if at < 0:
        raise Malformed("note", expected="an empty line between text and signatures")
    text, lines = content[: at + 1], content[at + 2 :].split("\n")
    if lines.pop():
        raise Malformed("note", expected="a newline at its end")
    refuse_longer(lines, MAX_SIGNATURES, "note", "signatures")
    return Note(text, tuple(starmap(parse_signature, enumerate(lines, 1))))


def encode_note(note: Note) -> bytes:
    """Write a note.

    Raises:
        LimitExceeded: It would be longer than 512 KiB.
    """
    lines = [encode_signature(signature) for signature in note.signatures]
    raw = f"{note.text}\n{''.join(lines)}".encode()
    refuse_longer(raw, MAX_NOTE, "note")
    return raw


def encode_signature(signature: Signature) -> str:
    """Write one signature line, with its newline."""
    blob = signature.key_id.to_bytes(_KEY_ID_SIZE, "big") + signature.signature
    return f"{_DASH}{signature.name} {encode_base64(blob)}\n"


def verify_note(
    raw: bytes,
    keys: Sequence[VerifierKey],
    *,
    require: Sequence[VerifierKey] | None = None,
) -> VerifiedNote:
    """Verify that a note is signed by the keys that must sign it, or raise.

    Args:
        raw: The note.
        keys: The keys that are known.
        require: Those of them that must have signed; all of them unless given.

    Raises:
        NoteUnverified: The bytes are no signed note, a required key did not sign, no
            key is required, or a known key's signature fails or is there twice.
        ConfigInvalid: Two different keys share one name and key id.
    """
    required = {key.label for key in (keys if require is None else require)}
    known = _by_label([*keys, *(require or ())])
    if not required:
        raise NoteUnverified("note", expected="at least one key to verify with")
    try:
        note = parse_note(raw)
    except InputError as error:
        raise as_verification(NoteUnverified, error) from error
    times: dict[str, int] = {}
    signers: list[VerifierKey] = []
    for signature in note.signatures:
        key = known.get(signature.label)
        if key is None:
            continue
        if key in signers:
            raise NoteUnverified(f"note, {key.label}", expected="one signature")
        timestamp = verify_signature(key, note.text, signature)
        signers.append(key)
        if timestamp is not None:
            times[key.label] = timestamp
    missing = sorted(required - {key.label for key in signers})
    if missing:
        raise NoteUnverified(f"signature of {missing[0]}", expected="one", got="none")
    return VerifiedNote(note.text, raw, tuple(signers), MappingProxyType(times))


def _by_label(keys: Sequence[VerifierKey]) -> dict[str, VerifierKey]:
    known: dict[str, VerifierKey] = {}
    for key in keys:
        if known.setdefault(key.label, key) != key:
            raise ConfigInvalid("keys", expected="one key each", got=key.label)
    return known


def parse_signature(number: int, line: str) -> Signature:
    """Read one signature line, without its newline.

    Raises:
        Malformed: Not a signature line in its one spelling.
    """
    thing = f"signature line {number}"
    name, space, blob_text = line.removeprefix(_DASH).partition(" ")
    if not (line.startswith(_DASH) and space):
        raise Malformed(thing, expected="— <key name> <base64>")
    blob = parse_base64(blob_text, thing)
    identity, signature = blob[:_KEY_ID_SIZE], blob[_KEY_ID_SIZE:]
    if len(identity) != _KEY_ID_SIZE:
        raise Malformed(thing, expected="a key id of 4 bytes")
    return Signature(name, int.from_bytes(identity, "big"), signature)
