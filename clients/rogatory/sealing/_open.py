"""Opening: from ciphertext to verified content, with the fault named.

Call `verify_delivered` first: it settles what the gateway answers for. Of what then
remains, every error but one is the sender's to cure:

    SectionUnreadable    ask=sender: nothing is sealed to our party, or what is does not
                         open. ask=ourselves: it is sealed to keys of ours that were not
                         passed in
    CommitmentMismatch   it opens to other bytes than were signed: evidence, keep it
    Malformed            the very bytes that were signed are not in the one padded form
"""

from collections.abc import Iterator, Sequence

from cryptography.exceptions import InvalidTag

from rogatory.errors import CommitmentMismatch, Malformed, SectionUnreadable
from rogatory.sealing._commitment import (
    SALT_SIZE,
    OpenedSection,
    SectionContext,
    section_info,
    verify_padded,
)
from rogatory.sealing._keys import SUITE, EncryptionPrivateKey
from rogatory.sealing._padding import SECTION_SIZES, unpad
from rogatory.sealing._seal import ciphertext_size
from rogatory.v1 import message_pb2, section_pb2

_MAX_SIZE = ciphertext_size(SECTION_SIZES[-1])


def open_section(
    commitment: message_pb2.SectionCommitment,
    sealed: Sequence[section_pb2.SealedSection],
    keys: Sequence[EncryptionPrivateKey],
    *,
    party: str,
    context: SectionContext,
) -> OpenedSection:
    """Open a section with one of our keys and verify it against the commitment.

    Every ciphertext for our party and keys is tried until one opens to what was signed.

    Args:
        commitment: From the header of a message whose signatures were verified.
        sealed: The ciphertexts as delivered, after `verify_delivered`; those of other
            sections, parties and keys are passed over.
        keys: Our private keys.
        party: Our party id.
        context: The message's place, from the same header.

    Raises:
        SectionUnreadable: No ciphertext is for us, or none opens; the text and
            `metadata["ask"]` (`sender` or `ourselves`) say who can cure it.
        CommitmentMismatch: A ciphertext opens, to another size or content than was
            signed: the sender's fault, provably.
        Malformed: What was signed is not in the one padded form: the sender's fault,
            provably; the commitment itself holds.
    """
    name = commitment.name
    mismatch: CommitmentMismatch | None = None
    unreadable: SectionUnreadable | None = None
    for key, box in _verify_addressed(commitment, sealed, keys, party):
        try:
            plaintext = _decrypt(box, key, context)
            salt, padded = plaintext[:SALT_SIZE], plaintext[SALT_SIZE:]
            verify_padded(commitment, salt, padded)
        except CommitmentMismatch as e:
            mismatch = mismatch or e
        except SectionUnreadable as e:
            unreadable = unreadable or e
        else:
            return OpenedSection(name, _unpad(name, padded), salt)
    # A provable wrong outweighs a ciphertext that is only garbage.
    failure = mismatch or unreadable
    if failure is None:
        raise AssertionError("no ciphertext was tried and none was missed")
    raise failure


def _verify_addressed(
    commitment: message_pb2.SectionCommitment,
    sealed: Sequence[section_pb2.SealedSection],
    keys: Sequence[EncryptionPrivateKey],
    party: str,
) -> Iterator[tuple[EncryptionPrivateKey, section_pb2.SealedSection]]:
    """Return each ciphertext for us with its key, at least one, or raise."""
    name = commitment.name
    if party not in commitment.audience:
        raise SectionUnreadable(
            f"section {name}",
            expected=f"party {party} in its audience",
            got="other parties; ask the sender if that is an error",
            metadata={"ask": "sender"},
        )
    ours = [box for box in sealed if (box.section, box.party) == (name, party)]
    if not ours:
        raise SectionUnreadable(
            f"section {name}",
            expected=f"a ciphertext for party {party}",
            got="none; ask the sender to seal it to our keys in the directory",
            metadata={"ask": "sender"},
        )
    by_id = {key.key_id: key for key in keys}
    found = [(by_id[box.key_id], box) for box in ours if box.key_id in by_id]
    if not found:
        ids = ", ".join(sorted(box.key_id.hex()[:16] for box in ours)[:4])
        raise SectionUnreadable(
            f"section {name}",
            expected=f"one of the keys it is sealed to ({ids})",
            got=f"{len(by_id)} other keys; load the right key file, or ask the sender "
            "to seal it again",
            metadata={"ask": "ourselves"},
        )
    return iter(found)


def _decrypt(
    box: section_pb2.SealedSection,
    key: EncryptionPrivateKey,
    context: SectionContext,
) -> bytes:
    """Return `salt32 ‖ P`, not yet verified against anything."""
    info = section_info(context, box.section, box.party, box.key_id)
    problem = "it does not open"
    if len(box.ciphertext) > _MAX_SIZE:
        problem = f"{len(box.ciphertext)} bytes"
    else:
        try:
            plaintext = SUITE.decrypt(box.ciphertext, key.hpke_key, info)
        except InvalidTag:
            # From nowhere on purpose: HPKE does not say more, and must not.
            pass
        else:
            if len(plaintext) >= SALT_SIZE:
                return plaintext
            problem = f"{len(plaintext)} bytes inside"
    raise SectionUnreadable(
        f"section {box.section}",
        expected=f"a ciphertext for key {box.key_id.hex()[:16]} and this message",
        got=f"{problem}; ask the sender to seal it again",
        metadata={"ask": "sender"},
    ) from None


def _unpad(name: str, padded: bytes) -> bytes:
    try:
        return unpad(padded)
    except Malformed as e:
        raise Malformed(
            f"section {name}",
            expected="what was signed in the one padded form",
            got="another form; ask the sender for a correct message",
        ) from e
