"""Opening, with the fault named."""

from dataclasses import replace

import pytest

from rogatory.errors import (
    CommitmentMismatch,
    Malformed,
    SectionUnreadable,
)
from rogatory.sealing import (
    EncryptionPrivateKey,
    SectionContext,
    commitment_of,
    open_section,
    pad,
    section_info,
)
from rogatory.sealing._keys import SUITE, parse_public_key
from rogatory.v1 import message_pb2, section_pb2
from tests.unit.sealing.builders import (
    CONTEXT,
    COURT,
    PLATFORM,
    SALT,
    SENDER,
    key,
    seal,
)


def _ask(
    commitment: message_pb2.SectionCommitment,
    sealed: list[section_pb2.SealedSection],
    keys: list[EncryptionPrivateKey] | None = None,
    *,
    party: str = PLATFORM,
    context: SectionContext = CONTEXT,
) -> str:
    """Open, expect SectionUnreadable, and return who is to be asked."""
    keys = [key(PLATFORM)] if keys is None else keys
    with pytest.raises(SectionUnreadable) as caught:
        open_section(commitment, sealed, keys, party=party, context=context)
    ask = caught.value.metadata["ask"]
    assert ("ask the sender" in caught.value.got) or ask != "sender"
    return ask


def test_a_party_outside_the_audience_cannot_read() -> None:
    """The signed audience counts, not what travels beside."""
    result = seal()

    assert _ask(result.commitment, list(result.sections), party=COURT) == "sender"


def test_no_ciphertext_for_our_party_is_the_senders_to_cure() -> None:
    """Nothing of ours was sealed to."""
    result = seal()
    others = [box for box in result.sections if box.party == SENDER]

    assert _ask(result.commitment, others) == "sender"


@pytest.mark.parametrize("keys", [[], [key("nobody")], [key(PLATFORM, 2)]])
def test_a_key_that_was_not_loaded_is_ours_to_find(
    keys: list[EncryptionPrivateKey],
) -> None:
    """Our party was sealed to, for keys that we did not bring."""
    result = seal()

    assert _ask(result.commitment, list(result.sections), keys) == "ourselves"


@pytest.mark.parametrize("party", [SENDER, PLATFORM])
def test_ciphertexts_for_others_are_not_tried(party: str) -> None:
    """Another section's, or another party's: there is none for us."""
    targets, reasons = seal("targets"), seal("reasons")
    boxes = targets.sections if party == PLATFORM else reasons.sections
    others = [box for box in boxes if box.party == party]
    keys = [key(party, number) for number in range(2)]

    with pytest.raises(SectionUnreadable, match=f"a ciphertext for party {PLATFORM}"):
        open_section(reasons.commitment, others, keys, party=PLATFORM, context=CONTEXT)


def test_ciphertexts_of_another_section_are_passed_over() -> None:
    """Only the section asked for is opened."""
    one, two = seal("targets", b"1"), seal("reasons", b"2")
    both = [*one.sections, *two.sections]

    opened = open_section(
        two.commitment, both, [key(PLATFORM)], party=PLATFORM, context=CONTEXT
    )

    assert (opened.name, opened.content) == ("reasons", b"2")


@pytest.mark.parametrize(
    "context",
    [
        replace(CONTEXT, origin="other.example/log"),
        replace(CONTEXT, exchange_id="exchange-2"),
        replace(CONTEXT, message_id="message-2"),
        SectionContext(CONTEXT.origin, CONTEXT.message_id, CONTEXT.exchange_id),
    ],
)
def test_a_ciphertext_replayed_into_another_place_does_not_open(
    context: SectionContext,
) -> None:
    """Gateway, exchange and message are bound in, in their order."""
    result = seal()

    assert _ask(result.commitment, list(result.sections), context=context) == "sender"


@pytest.mark.parametrize(
    "changes",
    [
        {"section": "reasons"},
        {"party": SENDER},
        {"key_id": key(PLATFORM, 1).key_id},
    ],
    ids=["section", "party", "key_id"],
)
def test_a_relabelled_ciphertext_does_not_open(changes: dict[str, str]) -> None:
    """Section, party and key id are bound in."""
    result = seal(keys=1)
    box = section_pb2.SealedSection()
    box.CopyFrom(next(b for b in result.sections if b.party == PLATFORM))
    for field, value in changes.items():
        setattr(box, field, value)
    commitment = result.commitment
    commitment.name = box.section
    # The same secret under all labels: only the info can make the difference.
    keys = [replace_key_id(key(PLATFORM), box.key_id)]

    assert _ask(commitment, [box], keys, party=box.party) == "sender"


def replace_key_id(real: EncryptionPrivateKey, key_id: bytes) -> EncryptionPrivateKey:
    """Return a key that claims another key id."""
    copy = EncryptionPrivateKey.from_seed(real.seed)
    object.__setattr__(copy, "key_id", key_id)
    return copy


REGIONS = {
    "ml-kem": range(0, 1088, 17),
    "x25519": range(1088, 1120),
    "salt": range(1120, 1152),
    "length": range(1152, 1156),
    "content": range(1156, 1166),
    "padding": range(1166, 2176, 31),
    "tag": range(2176, 2192),
}


@pytest.mark.parametrize("region", REGIONS)
def test_no_changed_byte_of_a_ciphertext_opens(region: str) -> None:
    """Whatever is mangled, the section is unreadable, and nothing else happens."""
    result = seal(keys=1)
    good = next(box for box in result.sections if box.party == PLATFORM)
    assert len(good.ciphertext) == 2192
    for position in REGIONS[region]:
        # The top bit of an X25519 point is ignored by X25519, and not by X-Wing.
        for flip in (0x01, 0x80):
            mangled = bytearray(good.ciphertext)
            mangled[position] ^= flip
            box = section_pb2.SealedSection(
                section=good.section,
                party=good.party,
                key_id=good.key_id,
                ciphertext=bytes(mangled),
            )

            assert _ask(result.commitment, [box]) == "sender"


@pytest.mark.parametrize("size", [0, 1, 1119, 1120, 1136, 2191, 2193])
def test_a_ciphertext_of_another_length_does_not_open(size: int) -> None:
    """Cut or grown anywhere, it is unreadable."""
    result = seal(keys=1)
    good = next(box for box in result.sections if box.party == PLATFORM)
    box = section_pb2.SealedSection()
    box.CopyFrom(good)
    box.ciphertext = good.ciphertext[:size].ljust(size, b"\0")

    assert _ask(result.commitment, [box]) == "sender"


def test_more_than_any_section_can_have_is_not_even_tried() -> None:
    """The cap comes before the decryption."""
    result = seal(keys=1)
    box = section_pb2.SealedSection(
        section="targets",
        party=PLATFORM,
        key_id=key(PLATFORM).key_id,
        ciphertext=bytes(1120 + 32 + (1 << 20) + 16 + 1),
    )

    with pytest.raises(SectionUnreadable, match="1049745 bytes"):
        open_section(
            result.commitment, [box], [key(PLATFORM)], party=PLATFORM, context=CONTEXT
        )


def _box(plaintext: bytes, number: int = 0) -> section_pb2.SealedSection:
    """Seal any bytes to the platform, as a hostile sender can."""
    mine = key(PLATFORM, number)
    info = section_info(CONTEXT, "targets", PLATFORM, mine.key_id)
    return section_pb2.SealedSection(
        section="targets",
        party=PLATFORM,
        key_id=mine.key_id,
        ciphertext=SUITE.encrypt(plaintext, parse_public_key(mine.public_key), info),
    )


def _commitment(salt: bytes, padded: bytes) -> message_pb2.SectionCommitment:
    return message_pb2.SectionCommitment(
        name="targets",
        audience=[PLATFORM],
        size=len(padded),
        commitment=commitment_of(salt, padded),
    )


@pytest.mark.parametrize(
    "plaintext",
    [
        SALT + pad(b"other"),
        bytes(32) + pad(b"signed"),
        SALT + pad(b"signed" + bytes(2000)),
        SALT + pad(b"signed")[:-1],
        SALT,
        SALT[:-1] + b"\0" + pad(b"signed"),
    ],
    ids=["content", "salt", "larger", "shorter", "nothing", "shifted"],
)
def test_opening_to_other_bytes_than_signed_is_a_mismatch(plaintext: bytes) -> None:
    """The sender signed one thing and sealed another: evidence against it."""
    commitment = _commitment(SALT, pad(b"signed"))

    with pytest.raises(CommitmentMismatch, match="section targets"):
        open_section(
            commitment,
            [_box(plaintext)],
            [key(PLATFORM)],
            party=PLATFORM,
            context=CONTEXT,
        )


def test_less_than_a_salt_inside_is_unreadable() -> None:
    """There is nothing that a commitment could be compared with."""
    commitment = _commitment(SALT, pad(b"signed"))

    assert _ask(commitment, [_box(SALT[:31])]) == "sender"


@pytest.mark.parametrize(
    "padded",
    [
        pad(b"signed")[:-1] + b"\1",
        pad(b"signed") + bytes(1024),
        pad(b"signed")[:1000],
        b"\xff" * 1024,
        b"",
    ],
    ids=["dirty", "wide", "odd", "length", "empty"],
)
def test_signed_bytes_in_another_form_are_malformed(padded: bytes) -> None:
    """The commitment holds, so it is no mismatch; the sender must sign again."""
    with pytest.raises(Malformed, match="in the one padded form"):
        open_section(
            _commitment(SALT, padded),
            [_box(SALT + padded)],
            [key(PLATFORM)],
            party=PLATFORM,
            context=CONTEXT,
        )


def test_a_commitment_of_another_length_is_a_mismatch() -> None:
    """A short digest never matches."""
    commitment = _commitment(SALT, pad(b"signed"))
    commitment.commitment = commitment.commitment[:16]

    with pytest.raises(CommitmentMismatch):
        open_section(
            commitment,
            [_box(SALT + pad(b"signed"))],
            [key(PLATFORM)],
            party=PLATFORM,
            context=CONTEXT,
        )


def test_one_ciphertext_that_holds_is_enough() -> None:
    """Garbage and lies beside it do not keep us from what was signed."""
    padded = pad(b"signed")
    good, lie, garbage = _box(SALT + padded), _box(SALT + pad(b"lie"), 1), _box(b"")

    opened = open_section(
        _commitment(SALT, padded),
        [garbage, lie, good],
        [key(PLATFORM), key(PLATFORM, 1)],
        party=PLATFORM,
        context=CONTEXT,
    )

    assert opened.content == b"signed"


def test_a_provable_wrong_outweighs_garbage() -> None:
    """When nothing holds, the strongest evidence is reported."""
    lie, garbage = _box(SALT + pad(b"lie"), 1), _box(b"")

    with pytest.raises(CommitmentMismatch):
        open_section(
            _commitment(SALT, pad(b"signed")),
            [garbage, lie],
            [key(PLATFORM), key(PLATFORM, 1)],
            party=PLATFORM,
            context=CONTEXT,
        )


def test_errors_do_not_quote_content_or_salt() -> None:
    """A mismatch is shown to both sides; the content is not."""
    with pytest.raises(CommitmentMismatch) as caught:
        open_section(
            _commitment(SALT, pad(b"signed")),
            [_box(SALT + pad(b"account 17"))],
            [key(PLATFORM)],
            party=PLATFORM,
            context=CONTEXT,
        )

    assert "account 17" not in caught.value.explain()
    assert SALT.hex() not in caught.value.explain()
