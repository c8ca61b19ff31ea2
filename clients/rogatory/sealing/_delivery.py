r"""The ciphertexts of a message as one set: what gateway and receiver can check.

Nothing is opened here. The gateway demands, at submission, exactly one ciphertext for
every (section, audience party, active encryption key), in that order, each of exactly
the length that the section's size gives; it logs

    sealed = SHA-256("rogatory/v1/sealed\n" ‖ SHA-256(ct1) ‖ SHA-256(ct2) …)

and each receiver holds the gateway to that line.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rogatory.errors import FieldInvalid, LimitExceeded, SealedMismatch
from rogatory.sealing._commitment import COMMITMENT_SIZE
from rogatory.sealing._keys import KEY_ID_SIZE
from rogatory.sealing._padding import SECTION_SIZES
from rogatory.sealing._seal import (
    MAX_AUDIENCE,
    MAX_CIPHERTEXT,
    MAX_KEYS,
    ciphertext_size,
    is_section_name,
)
from rogatory.v1 import message_pb2, section_pb2

MAX_SECTIONS = 16
"""Sections of a message."""

MAX_SIZE_TOTAL = 1 << 20
"""Bytes of padded content of all sections of a message."""

MAX_SEALED = MAX_SECTIONS * MAX_AUDIENCE * MAX_KEYS
"""Ciphertexts that a legal header can ask for."""

DIGEST_SIZE = 32


@dataclass(frozen=True, slots=True, order=True)
class SealedSlot:
    """The place of one ciphertext in the order that the log entry covers."""

    section: str
    party: str
    key_id: bytes


def sealed_line_of(digests: Sequence[bytes]) -> bytes | None:
    """Return the value of the entry's `sealed` line; `None`: there is no such line.

    Args:
        digests: SHA-256 of each ciphertext, by section name, party and key id.
    """
    if not digests:
        return None
    return hashlib.sha256(b"rogatory/v1/sealed\n" + b"".join(digests)).digest()


def sealed_slots(
    header: message_pb2.Header, keys_of: Callable[[str], Sequence[bytes]]
) -> tuple[SealedSlot, ...]:
    """Return the place of every ciphertext that the header asks for, in order.

    Args:
        header: The message's header.
        keys_of: Party id → ids of its encryption keys that were active.
    """
    return tuple(
        sorted(
            SealedSlot(section.name, party, key_id)
            for section in header.sections
            for party in section.audience
            for key_id in keys_of(party)
        )
    )


def verify_sealed_set(
    header: message_pb2.Header,
    sealed: Sequence[section_pb2.SealedSection],
    keys_of: Callable[[str], Sequence[bytes]],
) -> tuple[bytes, ...]:
    """Verify that a submission has exactly the ciphertexts that its header asks for.

    Args:
        header: The header of the submitted message.
        sealed: The ciphertexts that came with it, in their order.
        keys_of: Party id → ids of its active encryption keys.

    Returns:
        SHA-256 of each ciphertext in order: what `sealed_line_of` takes.

    Raises:
        LimitExceeded: Too many sections or ciphertexts, or too much in all.
        FieldInvalid: A commitment in the header breaks a rule; a ciphertext is
            missing, one too many, out of order or of another length. The section and
            party are named.
    """
    _verify_limits(header, sealed)
    _verify_commitments(header)
    parties = {party for section in header.sections for party in section.audience}
    keys = {party: _active(keys_of(party)) for party in parties}
    _verify_enrolled(header, keys)
    slots = sealed_slots(header, lambda party: keys[party])
    _verify_slots(header, slots, sealed)
    return tuple(hashlib.sha256(box.ciphertext).digest() for box in sealed)


def verify_delivered(
    sealed: Sequence[section_pb2.SealedSection],
    sealed_digests: Sequence[bytes],
    sealed_line: bytes | None,
    *,
    slots: Sequence[SealedSlot] | None = None,
    party: str | None = None,
) -> tuple[section_pb2.SealedSection, ...]:
    """Verify that what was delivered is what the log entry covers, or raise.

    Without `slots` the entry proves the ciphertexts' bytes, not their labels: then a
    gateway that relabels or withholds a ciphertext makes the sender look at fault.
    With `slots` that is its own fault, and found here.

    Args:
        sealed: The ciphertexts that were delivered, any part of those submitted.
        sealed_digests: SHA-256 of every ciphertext that was submitted, in order.
        sealed_line: The entry's `sealed` value; `None` when it has no such line.
        slots: `sealed_slots` of the verified header and the directory at the entry.
        party: Our party id; with `slots`: everything sealed to us must be there.

    Returns:
        What was delivered, now verified.

    Raises:
        SealedMismatch: The gateway's fault: the digests are not those of the entry, a
            ciphertext is not among them or not at its place, or one of ours is missing.
    """
    _verify_line(sealed_digests, sealed_line)
    if slots is None:
        known = frozenset(sealed_digests)
        for box in sealed:
            if hashlib.sha256(box.ciphertext).digest() not in known:
                raise _not_covered(box)
        return tuple(sealed)
    if len(slots) != len(sealed_digests):
        raise SealedMismatch(
            "sealed digests",
            expected=f"{len(slots)}, as header and directory ask for",
            got=f"{len(sealed_digests)}",
        )
    place = dict(zip(slots, sealed_digests, strict=True))
    for box in sealed:
        digest = hashlib.sha256(box.ciphertext).digest()
        if place.get(_slot_of(box)) != digest:
            raise _not_covered(box)
    missing = set(slots) - {_slot_of(box) for box in sealed}
    for slot in sorted(missing):
        if slot.party == party:
            raise SealedMismatch(
                f"section {slot.section}",
                expected=f"its ciphertext for key {slot.key_id.hex()[:16]}",
                got="none: the gateway withholds it",
            )
    return tuple(sealed)


def _verify_limits(
    header: message_pb2.Header, sealed: Sequence[section_pb2.SealedSection]
) -> None:
    """Refuse what is too much before anything else looks at it."""
    rows = (
        ("header.sections", len(header.sections), MAX_SECTIONS, "sections"),
        (
            "header.sections size in all",
            sum(section.size for section in header.sections),
            MAX_SIZE_TOTAL,
            "bytes",
        ),
        ("sealed sections", len(sealed), MAX_SEALED, "ciphertexts"),
        (
            "sealed sections in all",
            sum(len(box.ciphertext) for box in sealed),
            MAX_CIPHERTEXT,
            "bytes",
        ),
    )
    for thing, got, limit, unit in rows:
        if got > limit:
            raise LimitExceeded(
                thing, expected=f"at most {limit} {unit}", got=f"{got} {unit}"
            )


def _verify_commitments(header: message_pb2.Header) -> None:
    """Refuse commitments that break a rule of the header alone."""
    violations: dict[str, str] = {}
    allowed = {header.sender, *(recipient.party for recipient in header.recipients)}
    names: set[str] = set()
    for index, section in enumerate(header.sections):
        path = f"header.sections[{index}]"
        if not is_section_name(section.name):
            violations[f"{path}.name"] = "must be 1 to 32 of [a-z0-9_]"
        elif section.name in names:
            violations[f"{path}.name"] = f"{section.name} is there twice"
        names.add(section.name)
        audience = list(section.audience)
        if audience != sorted(set(audience)):
            violations[f"{path}.audience"] = "must be sorted, no party twice"
        elif header.sender not in audience:
            violations[f"{path}.audience"] = "must contain the sender"
        elif not allowed.issuperset(audience):
            violations[f"{path}.audience"] = "only the sender and recipients may be in"
        if section.size not in SECTION_SIZES:
            violations[f"{path}.size"] = (
                "must be 1,024 times a power of two, at most 1,048,576"
            )
        if len(section.commitment) != COMMITMENT_SIZE:
            violations[f"{path}.commitment"] = f"must be {COMMITMENT_SIZE} bytes"
    if violations:
        raise FieldInvalid(violations)


def _active(key_ids: Sequence[bytes]) -> Sequence[bytes]:
    """Return a party's key ids; the directory itself keeps these rules."""
    if len(key_ids) > MAX_KEYS or len(set(key_ids)) != len(key_ids):
        raise RuntimeError("directory has too many encryption keys, or one twice")
    if any(len(key_id) != KEY_ID_SIZE for key_id in key_ids):
        raise RuntimeError("directory has an encryption key id of another length")
    return key_ids


def _verify_enrolled(
    header: message_pb2.Header, keys: dict[str, Sequence[bytes]]
) -> None:
    violations = {
        f"section {section.name}, party {party}": (
            "has no active encryption key in the directory"
        )
        for section in header.sections
        for party in section.audience
        if not keys[party]
    }
    if violations:
        raise FieldInvalid(violations)


def _verify_slots(
    header: message_pb2.Header,
    slots: Sequence[SealedSlot],
    sealed: Sequence[section_pb2.SealedSection],
) -> None:
    """Refuse any other ciphertexts than one a slot, in order, of the right length."""
    sizes = {section.name: ciphertext_size(section.size) for section in header.sections}
    wanted, seen = set(slots), set[SealedSlot]()
    violations: dict[str, str] = {}
    for index, box in enumerate(sealed):
        slot = _slot_of(box)
        if slot not in wanted:
            violations[f"sealed[{index}]"] = _why_not_wanted(slot, slots)
        elif slot in seen:
            violations[f"sealed[{index}]"] = f"{_title(slot)} is there twice"
        elif len(box.ciphertext) != sizes[slot.section]:
            violations[f"sealed[{index}]"] = (
                f"{_title(slot)} must be {sizes[slot.section]} bytes,"
                f" got {len(box.ciphertext)}"
            )
        seen.add(slot)
    for slot in slots:
        if slot not in seen:
            violations[_title(slot)] = "ciphertext is missing"
    if not violations and [_slot_of(box) for box in sealed] != list(slots):
        violations["sealed"] = "must be sorted by section name, party and key id"
    if violations:
        raise FieldInvalid(violations)


def _why_not_wanted(slot: SealedSlot, slots: Sequence[SealedSlot]) -> str:
    """Say what is wrong with a ciphertext that has no place, by names we know."""
    places = {(other.section, other.party) for other in slots}
    if slot.section not in {section for section, _ in places}:
        return "its section is not in the header"
    if (slot.section, slot.party) not in places:
        return f"section {slot.section}: its party is not in the audience"
    return (
        f"section {slot.section}, party {slot.party}: sealed to a key that is not"
        " active; fetch the directory and seal again"
    )


def _slot_of(box: section_pb2.SealedSection) -> SealedSlot:
    return SealedSlot(box.section, box.party, box.key_id)


def _title(slot: SealedSlot) -> str:
    key = slot.key_id.hex()[:16]
    return f"section {slot.section}, party {slot.party}, key {key}"


def _verify_line(digests: Sequence[bytes], line: bytes | None) -> None:
    if any(len(digest) != DIGEST_SIZE for digest in digests):
        raise SealedMismatch("sealed digests", expected=f"{DIGEST_SIZE} bytes each")
    computed = sealed_line_of(digests)
    if computed != line:
        raise SealedMismatch(
            "sealed digests",
            expected="no sealed line" if line is None else line.hex(),
            got="none" if computed is None else computed.hex(),
        )


def _not_covered(box: section_pb2.SealedSection) -> SealedMismatch:
    return SealedMismatch(
        f"ciphertext of section {box.section} for party {box.party}",
        expected="one that the entry covers at its place",
        got=hashlib.sha256(box.ciphertext).hexdigest(),
    )
