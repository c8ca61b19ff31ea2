"""Sections: properties over many contents, audiences and changes."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rogatory.errors import (
    CommitmentMismatch,
    FieldInvalid,
    Malformed,
    RogatoryError,
    SectionUnreadable,
)
from rogatory.evidence import safe_file_name, verify_file_name
from rogatory.sealing import (
    EncryptionPrivateKey,
    SectionContext,
    commitment_of,
    encode_private_key,
    open_section,
    pad,
    padded_size,
    parse_private_key,
    seal_section,
    sealed_line_of,
    sealed_slots,
    section_info,
    unpad,
    verify_delivered,
    verify_opening,
    verify_sealed_set,
)
from rogatory.v1 import message_pb2, section_pb2

texts = st.text(max_size=40)
contexts = st.builds(SectionContext, texts, texts, texts)
names = st.from_regex(r"[a-z0-9_]{1,32}", fullmatch=True)
contents = st.binary(max_size=5000)
salts = st.binary(min_size=32, max_size=32)
KEYS = [
    EncryptionPrivateKey.from_seed(hashlib.sha256(bytes([n])).digest())
    for n in range(4)
]
# party → indices into KEYS
audiences = st.dictionaries(
    st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True),
    st.sets(st.integers(0, 3), min_size=1),
    min_size=1,
    max_size=4,
)
steady = settings(deadline=None, max_examples=50)


@given(contents)
@steady
def test_padding_round_trip(content: bytes) -> None:
    """Every content is found again in its padded form, of the next size."""
    padded = pad(content)

    assert unpad(padded) == content
    assert len(padded) == padded_size(len(content))
    assert len(padded) & (len(padded) - 1) == 0
    assert len(padded) == 1024 or len(padded) < 2 * (len(content) + 4)


@given(st.binary(max_size=40), st.sampled_from([0, 1024, 2048, 4096]), st.binary())
@settings(deadline=None)
def test_unpad_accepts_only_what_pad_makes(start: bytes, size: int, end: bytes) -> None:
    """Bytes that unpad are the padded form of what they unpad to."""
    padded = start.ljust(max(0, size - len(end)), b"\0") + end

    try:
        content = unpad(padded)
    except Malformed:
        return
    assert pad(content) == padded


places = st.tuples(contexts, names, texts)


@given(places, places)
@steady
def test_info_is_injective(
    one: tuple[SectionContext, str, str], two: tuple[SectionContext, str, str]
) -> None:
    """Two places have two infos."""
    infos = section_info(*one, b"k" * 32), section_info(*two, b"k" * 32)

    assert (infos[0] == infos[1]) == (one == two)


@given(st.binary(min_size=32, max_size=32))
@steady
def test_key_file_round_trip(seed: bytes) -> None:
    """Every seed survives its text form."""
    key = EncryptionPrivateKey.from_seed(seed)

    assert parse_private_key(encode_private_key(key)) == key


@given(st.binary(max_size=200))
@steady
def test_key_file_parser_survives_anything(raw: bytes) -> None:
    """Arbitrary bytes are refused with a domain error."""
    with pytest.raises(Malformed):
        parse_private_key(raw)


@given(names, contents, audiences, contexts, salts)
@steady
def test_everyone_in_the_audience_reads_what_was_signed(
    name: str,
    content: bytes,
    audience: dict[str, set[int]],
    context: SectionContext,
    salt: bytes,
) -> None:
    """Sealing, the gateway's check, the receiver's check and opening fit together."""
    keys = {p: [KEYS[n].public_key for n in ns] for p, ns in audience.items()}
    ids = {p: [KEYS[n].key_id for n in ns] for p, ns in audience.items()}
    sender, *others = audience
    result = seal_section(name, content, audience=keys, context=context, salt=salt)
    header = message_pb2.Header(
        sender=sender,
        recipients=[message_pb2.Recipient(party=party) for party in others],
        sections=[result.commitment],
    )

    digests = verify_sealed_set(header, result.sections, ids.__getitem__)

    line, slots = sealed_line_of(digests), sealed_slots(header, ids.__getitem__)
    for party, numbers in audience.items():
        mine = [box for box in result.sections if box.party == party]
        verify_delivered(mine, digests, line, slots=slots, party=party)
        for number in numbers:
            opened = open_section(
                result.commitment, mine, [KEYS[number]], party=party, context=context
            )
            assert (opened.content, opened.salt) == (content, salt)
    assert verify_opening(result.commitment, salt, content).content == content


@given(contents, contents, salts, salts)
@steady
def test_a_court_accepts_one_opening_only(
    content: bytes, other: bytes, salt: bytes, other_salt: bytes
) -> None:
    """No other content or salt opens a commitment."""
    assume((content, salt) != (other, other_salt))
    commitment = message_pb2.SectionCommitment(
        name="s",
        size=padded_size(len(content)),
        commitment=commitment_of(salt, pad(content)),
    )

    with pytest.raises(CommitmentMismatch):
        verify_opening(commitment, other_salt, other)


CONTEXT = SectionContext("o", "e", "m")
SEALED = seal_section(
    "s",
    b"content",
    audience={"a": [KEYS[0].public_key], "b": [KEYS[1].public_key]},
    context=CONTEXT,
    salt=bytes(32),
)
MINE = next(box for box in SEALED.sections if box.party == "b")


@given(st.data())
@settings(deadline=None, max_examples=200)
def test_a_mangled_ciphertext_never_opens(data: st.DataObject) -> None:
    """Any change to a ciphertext makes it unreadable, and raises nothing else."""
    raw = bytearray(MINE.ciphertext)
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, min(len(raw), start + 64)))
    raw[start:end] = data.draw(st.binary(max_size=64))
    assume(bytes(raw) != MINE.ciphertext)
    box = section_pb2.SealedSection(
        section="s", party="b", key_id=MINE.key_id, ciphertext=bytes(raw)
    )

    with pytest.raises(SectionUnreadable):
        open_section(SEALED.commitment, [box], KEYS, party="b", context=CONTEXT)


@given(contexts, names, st.sampled_from(["a", "b", "c"]), st.sampled_from(KEYS))
@steady
def test_a_ciphertext_opens_in_its_own_place_only(
    context: SectionContext, name: str, party: str, key: EncryptionPrivateKey
) -> None:
    """Context, name, party and key are all needed."""
    assume((context, name, party, key) != (CONTEXT, "s", "b", KEYS[1]))
    box = section_pb2.SealedSection(
        section=name, party=party, key_id=key.key_id, ciphertext=MINE.ciphertext
    )
    commitment = message_pb2.SectionCommitment()
    commitment.CopyFrom(SEALED.commitment)
    commitment.name = name

    with pytest.raises(SectionUnreadable):
        open_section(commitment, [box], KEYS, party=party, context=context)


hostile_sections = st.builds(
    section_pb2.SealedSection,
    section=st.sampled_from(["", "s", "t", "S"]),
    party=st.sampled_from(["", "a", "b", "c"]),
    key_id=st.sampled_from([b"", KEYS[0].key_id, KEYS[1].key_id]),
    ciphertext=st.sampled_from([b"", bytes(2192), bytes(2193), MINE.ciphertext]),
)
hostile_headers = st.builds(
    message_pb2.Header,
    sender=st.sampled_from(["", "a", "b"]),
    recipients=st.lists(
        st.builds(message_pb2.Recipient, party=st.sampled_from(["a", "b"])), max_size=2
    ),
    sections=st.lists(
        st.builds(
            message_pb2.SectionCommitment,
            name=st.sampled_from(["", "s", "t", "é"]),
            audience=st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=3),
            size=st.sampled_from([0, 1024, 2048, 1 << 20, (1 << 32) - 1]),
            commitment=st.sampled_from([b"", bytes(32)]),
        ),
        max_size=3,
    ),
)


@given(hostile_headers, st.lists(hostile_sections, max_size=4))
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_gateways_check_survives_anything(
    header: message_pb2.Header, boxes: list[section_pb2.SealedSection]
) -> None:
    """A hostile submission ends in digests or in a domain error."""
    ids = {"a": [KEYS[0].key_id], "b": [KEYS[1].key_id]}

    try:
        digests = verify_sealed_set(header, boxes, lambda party: ids.get(party, []))
    except RogatoryError:
        return
    assert len(digests) == sum(len(s.audience) for s in header.sections)


@given(st.text(alphabet=st.characters(), max_size=400))
@settings(deadline=None)
def test_every_text_gives_a_safe_file_name(text: str) -> None:
    """What is sent is what a receiver accepts; doing it again changes nothing."""
    name = safe_file_name(text)

    assert verify_file_name(name) == name
    assert safe_file_name(name) == name


@given(st.text(alphabet="./\\:\0 aCONUX\u202e", max_size=12))
@settings(deadline=None)
def test_tricky_texts_give_safe_file_names(text: str) -> None:
    """The same for texts made of nothing but tricks."""
    name = safe_file_name(text)

    assert verify_file_name(name) == name
    assert not set(name) & set("/\\:\0\u202e")


@given(st.text(max_size=20))
@settings(deadline=None)
def test_a_name_is_accepted_or_refused_with_its_rule(text: str) -> None:
    """The check raises nothing but its own error."""
    try:
        name = verify_file_name(text)
    except FieldInvalid:
        return
    assert name == text == Path(text).name
