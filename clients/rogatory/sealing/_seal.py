"""Sealing: one HPKE ciphertext of `salt32 ‖ P` per active key of each audience party.

    ciphertext = enc (1,120 bytes) ‖ AES-256-GCM of salt32 ‖ P, with its 16-byte tag

The only randomness made here is HPKE's own; the salt is passed in.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rogatory.errors import FieldInvalid, LimitExceeded, Malformed
from rogatory.sealing._commitment import (
    SALT_SIZE,
    SectionContext,
    commitment_of,
    section_info,
)
from rogatory.sealing._keys import SUITE, key_id_of, parse_public_key
from rogatory.sealing._padding import pad
from rogatory.v1 import message_pb2, section_pb2

ENC_SIZE = 1120
TAG_SIZE = 16
MAX_KEYS = 4
"""Active encryption keys of a party: units, and one offline recovery key."""

MAX_CIPHERTEXT = 4 << 20
"""Bytes of ciphertext of all sections of a message."""

MAX_AUDIENCE = 9
"""The sender, the addressee and up to 7 in copy."""

_NAME = re.compile(r"[a-z0-9_]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class SealedResult:
    """A sealed section: what goes into the header, and what travels beside."""

    commitment: message_pb2.SectionCommitment
    sections: tuple[section_pb2.SealedSection, ...]


def ciphertext_size(size: int) -> int:
    """Return the length of the ciphertext of a section of that padded size."""
    return ENC_SIZE + SALT_SIZE + size + TAG_SIZE


def is_section_name(name: str) -> bool:
    """Tell whether the name can be a section's."""
    return _NAME.fullmatch(name) is not None


def seal_section(
    name: str,
    content: bytes,
    *,
    audience: Mapping[str, Sequence[bytes]],
    context: SectionContext,
    salt: bytes,
) -> SealedResult:
    """Seal a content to every key of every party of its audience.

    Sealing again what `open_section` returned (same content, salt and context) gives
    the same commitment: so a section is re-sealed to new keys.

    Args:
        name: The section's name: 1 to 32 of [a-z0-9_].
        content: At most 1,048,572 bytes.
        audience: Party id → its active encryption public keys, 1 to 4; the sender is
            one of the parties.
        context: The message that the section belongs to.
        salt: 32 bytes from a cryptographic random generator, new for every section:
            it hides the content behind the commitment.

    Returns:
        The commitment, and the ciphertexts sorted by section name, party and key id.

    Raises:
        FieldInvalid: The name, a party or a key breaks its rule.
        LimitExceeded: The content, or the sum of the ciphertexts, is too large.
        Malformed: The salt has another length.
    """
    keys = _verify_audience(name, audience)
    padded = pad(content)
    commitment = message_pb2.SectionCommitment(
        name=name,
        audience=sorted(audience),
        size=len(padded),
        commitment=commitment_of(salt, padded),
    )
    total = len(keys) * ciphertext_size(len(padded))
    if total > MAX_CIPHERTEXT:
        raise LimitExceeded(
            f"ciphertexts of section {name}",
            expected=f"at most {MAX_CIPHERTEXT} bytes",
            got=f"{total} bytes ({len(keys)} keys)",
        )
    plaintext = salt + padded
    sections = []
    for party, key_id, public_key in keys:
        info = section_info(context, name, party, key_id)
        try:
            ciphertext = SUITE.encrypt(plaintext, parse_public_key(public_key), info)
        except ValueError as e:
            # X25519 with a point of small order: the shared secret would be zero.
            raise _key_invalid(name, party, "unusable X25519 part") from e
        except Malformed as e:
            raise _key_invalid(name, party, str(e)) from e
        sections.append(
            section_pb2.SealedSection(
                section=name, party=party, key_id=key_id, ciphertext=ciphertext
            )
        )
    return SealedResult(commitment, tuple(sections))


def _verify_audience(
    name: str, audience: Mapping[str, Sequence[bytes]]
) -> list[tuple[str, bytes, bytes]]:
    """Return (party, key id, public key), sorted, or raise."""
    violations = {}
    if not is_section_name(name):
        violations["section.name"] = "must be 1 to 32 of [a-z0-9_]"
    where = f"section {name!r:.40}"
    if not 1 <= len(audience) <= MAX_AUDIENCE:
        violations[where] = f"needs 1 to {MAX_AUDIENCE} parties, got {len(audience)}"
    rows: list[tuple[str, bytes, bytes]] = []
    for party, keys in audience.items():
        if not party:
            violations[where] = "has a party without id"
        if not 1 <= len(keys) <= MAX_KEYS:
            violations[f"{where}, party {party}"] = (
                f"needs 1 to {MAX_KEYS} encryption keys, got {len(keys)}"
            )
        if len(set(keys)) != len(keys):
            violations[f"{where}, party {party}"] = "has an encryption key twice"
        try:
            rows += [(party, key_id_of(key), key) for key in keys]
        except Malformed as e:
            violations[f"{where}, party {party}"] = str(e)
    if violations:
        raise FieldInvalid(violations)
    return sorted(rows)


def _key_invalid(name: str, party: str, why: str) -> FieldInvalid:
    return FieldInvalid({f"section {name}, party {party}": f"encryption key: {why}"})
