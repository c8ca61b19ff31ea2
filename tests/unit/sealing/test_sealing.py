"""Sealing to an audience."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rogatory.errors import (
    FieldInvalid,
    LimitExceeded,
    Malformed,
)
from rogatory.sealing import (
    commitment_of,
    open_section,
    pad,
    seal_section,
    section_info,
)
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


def _open_by_hand(sealed: section_pb2.SealedSection, seed: bytes) -> bytes:
    """Open with nothing but hashes, ML-KEM, X25519 and AES-GCM (X-Wing, RFC 9180)."""
    suite = b"HPKE\x64\x7a\x00\x01\x00\x02"

    def extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite + label + ikm, "sha256")

    def expand(prk: bytes, label: bytes, context: bytes, length: int) -> bytes:
        text = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hmac.digest(prk, text + b"\x01", "sha256")[:length]

    expanded = hashlib.shake_256(seed).digest(96)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64])
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:])
    ct_m, ct_x = sealed.ciphertext[:1088], sealed.ciphertext[1088:1120]
    shared = (
        mlkem.decapsulate(ct_m)
        + x25519.exchange(X25519PublicKey.from_public_bytes(ct_x))
        + ct_x
        + x25519.public_key().public_bytes_raw()
    )
    secret = hashlib.sha3_256(shared + b"\x5c\x2e\x2f\x2f\x5e\x5c").digest()
    info = section_info(CONTEXT, sealed.section, sealed.party, sealed.key_id)
    hashes = extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", info)
    prk = extract(secret, b"secret", b"")
    aes_key = expand(prk, b"key", b"\0" + hashes, 32)
    nonce = expand(prk, b"base_nonce", b"\0" + hashes, 12)
    return AESGCM(aes_key).decrypt(nonce, sealed.ciphertext[1120:], b"")


def test_ciphertext_is_hpke_of_salt_and_padded_content() -> None:
    """A hand-written RFC 9180 with X-Wing opens what we seal."""
    result = seal(content=b"account 17")
    sealed = next(box for box in result.sections if box.party == PLATFORM)
    seeds = {key(PLATFORM, n).key_id: key(PLATFORM, n).seed for n in range(2)}

    plaintext = _open_by_hand(sealed, seeds[sealed.key_id])

    assert plaintext == SALT + pad(b"account 17")


def test_commitment_names_section_audience_and_size() -> None:
    """What goes into the header is complete, and the audience is sorted."""
    result = seal("reasons", b"x" * 1500, parties=(PLATFORM, SENDER, COURT))

    assert result.commitment == message_pb2.SectionCommitment(
        name="reasons",
        audience=sorted([PLATFORM, SENDER, COURT]),
        size=2048,
        commitment=commitment_of(SALT, pad(b"x" * 1500)),
    )


def test_one_ciphertext_a_key_sorted_by_party_and_key_id() -> None:
    """The order is that of the log entry."""
    result = seal(parties=(PLATFORM, SENDER), keys=4)

    places = [(box.section, box.party, box.key_id) for box in result.sections]
    assert places == sorted(places)
    assert len(set(places)) == 8
    assert {len(box.ciphertext) for box in result.sections} == {1120 + 32 + 1024 + 16}


def test_ciphertexts_share_nothing() -> None:
    """Each is made with an ephemeral key of its own."""
    result = seal(keys=2)

    assert len({box.ciphertext[:1088] for box in result.sections}) == 4
    assert len({box.ciphertext[1088:1120] for box in result.sections}) == 4


@pytest.mark.parametrize("party", [SENDER, PLATFORM])
@pytest.mark.parametrize("number", [0, 1])
def test_each_key_of_the_audience_opens(party: str, number: int) -> None:
    """Any one key of a party is enough."""
    result = seal(content=b"account 17")

    opened = open_section(
        result.commitment,
        result.sections,
        [key("nobody"), key(party, number)],
        party=party,
        context=CONTEXT,
    )

    assert (opened.name, opened.content, opened.salt) == (
        "targets",
        b"account 17",
        SALT,
    )


def test_resealing_gives_the_same_commitment() -> None:
    """A section that was opened can be sealed to new keys under the old signature."""
    old = seal(content=b"account 17")
    opened = open_section(
        old.commitment, old.sections, [key(SENDER)], party=SENDER, context=CONTEXT
    )

    new = seal_section(
        opened.name,
        opened.content,
        audience={
            SENDER: [key(SENDER).public_key],
            PLATFORM: [key(PLATFORM, 7).public_key],
        },
        context=CONTEXT,
        salt=opened.salt,
    )

    assert new.commitment == old.commitment
    read = open_section(
        old.commitment,
        new.sections,
        [key(PLATFORM, 7)],
        party=PLATFORM,
        context=CONTEXT,
    )
    assert read.content == b"account 17"


@pytest.mark.parametrize("name", ["", "A", "targets ", "a-b", "a" * 33, "é", "a\n"])
def test_a_name_outside_the_rule_is_refused(name: str) -> None:
    """Names are 1 to 32 of [a-z0-9_]."""
    with pytest.raises(FieldInvalid, match=r"section\.name"):
        seal(name)


def test_an_audience_of_nobody_is_refused() -> None:
    """A section without readers is a mistake."""
    with pytest.raises(FieldInvalid, match="1 to 9 parties, got 0"):
        seal(parties=())


def test_an_audience_of_ten_is_refused() -> None:
    """A message has one sender and at most 8 recipients."""
    with pytest.raises(FieldInvalid, match="1 to 9 parties, got 10"):
        seal(parties=[f"p{number}" for number in range(10)])


@pytest.mark.parametrize("count", [0, 5])
def test_a_party_has_one_to_four_keys(count: int) -> None:
    """The party is named."""
    with pytest.raises(
        FieldInvalid, match=f"party {PLATFORM}: needs 1 to 4 encryption keys"
    ):
        seal(parties=(PLATFORM,), keys=count)


def test_a_key_given_twice_is_refused() -> None:
    """It would be two ciphertexts for one place."""
    twice = [key(PLATFORM).public_key] * 2

    with pytest.raises(FieldInvalid, match="has an encryption key twice"):
        seal_section("a", b"", audience={PLATFORM: twice}, context=CONTEXT, salt=SALT)


def test_a_party_without_id_is_refused() -> None:
    """An empty party id is nobody's."""
    with pytest.raises(FieldInvalid, match="a party without id"):
        seal(parties=("",))


@pytest.mark.parametrize(
    ("public_key", "problem"),
    [
        (b"", "expected 1216 bytes, got 0 bytes"),
        (key(PLATFORM).public_key[:-1], "expected 1216 bytes, got 1215 bytes"),
        # A coefficient of 4095 is not below q = 3329 (FIPS 203 section 7.2).
        (b"\xff" * 3 + key(PLATFORM).public_key[3:], "a valid ML-KEM-768"),
        # The point of order 1: the X25519 secret would be zero for everybody.
        (key(PLATFORM).public_key[:1184] + bytes(32), "unusable X25519 part"),
    ],
    ids=["empty", "short", "modulus", "small-order"],
)
def test_a_public_key_that_is_not_sound_is_refused(
    public_key: bytes, problem: str
) -> None:
    """The party whose key it is is named."""
    audience = {PLATFORM: [public_key]}

    with pytest.raises(FieldInvalid, match=f"party {PLATFORM}: .*{problem}"):
        seal_section("a", b"", audience=audience, context=CONTEXT, salt=SALT)


def test_salt_of_another_length_is_refused() -> None:
    """Nothing is sealed under a salt that cannot be committed to."""
    with pytest.raises(Malformed, match="section salt"):
        seal(salt=bytes(31))


def test_content_and_ciphertexts_have_limits() -> None:
    """Limit and size are named, before anything is encrypted."""
    with pytest.raises(LimitExceeded, match="at most 1048572 bytes, got 1048573"):
        seal(content=bytes(1048573))
    with pytest.raises(LimitExceeded, match=r"at most 4194304 bytes, got .*\(4 keys\)"):
        seal(content=bytes(1048572))


def test_largest_section_goes_to_three_keys() -> None:
    """1 MiB of content is possible."""
    content = bytes(1048572)
    result = seal(content=content, parties=(SENDER, PLATFORM, COURT), keys=1)

    opened = open_section(
        result.commitment, result.sections, [key(COURT)], party=COURT, context=CONTEXT
    )

    assert opened.content == content
