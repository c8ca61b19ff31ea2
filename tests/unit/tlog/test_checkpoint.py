"""Checkpoints: their text, and the two signatures that a log gives it."""

import pytest

from rogatory.errors import (
    ConfigInvalid,
    LimitExceeded,
    Malformed,
    NoteUnverified,
    RootMismatch,
)
from rogatory.tlog import (
    EMPTY_ROOT,
    Checkpoint,
    Note,
    VerifierKey,
    encode_checkpoint_text,
    encode_note,
    encode_signature,
    parse_checkpoint_text,
    sign_checkpoint,
    verify_checkpoint,
    verify_note,
)
from tests.unit.tlog.model import (
    ED25519,
    LOG_KEYS,
    LOG_SIGNERS,
    MLDSA44,
    NOW,
    ORIGIN,
    STRANGER,
    WITNESS,
)

SPEC_TEXT = (
    b"example.com/behind-the-sofa\n20852163\n"
    b"CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
)
HEAD = Checkpoint(ORIGIN, 7, bytes(range(32)))
SIGNED = sign_checkpoint(HEAD, LOG_SIGNERS, NOW)


def test_the_example_of_the_specification_is_read() -> None:
    """The text of C2SP tlog-checkpoint."""
    checkpoint = parse_checkpoint_text(SPEC_TEXT)
    assert checkpoint.origin == "example.com/behind-the-sofa"
    assert checkpoint.size == 20_852_163
    assert checkpoint.root.hex().startswith("0ac5186a")
    assert encode_checkpoint_text(checkpoint) == SPEC_TEXT


def test_text_may_be_given_as_string() -> None:
    """The text of a verified note is a string."""
    assert parse_checkpoint_text(SPEC_TEXT.decode()) == parse_checkpoint_text(SPEC_TEXT)


def test_extension_lines_are_kept() -> None:
    """They are read in their order and written again."""
    text = SPEC_TEXT + b"one\n\xe2\x80\x94 two\n"
    checkpoint = parse_checkpoint_text(text)
    assert checkpoint.extensions == ("one", "— two")
    assert encode_checkpoint_text(checkpoint) == text


def test_an_origin_may_be_no_url() -> None:
    """The form of an origin is a recommendation only; 255 bytes are allowed."""
    origin = "any + text " + "é" * 122
    text = encode_checkpoint_text(Checkpoint(origin, 0, EMPTY_ROOT))
    assert parse_checkpoint_text(text).origin == origin


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "at least three lines"),
        (b"a\n1\n", "at least three lines"),
        (SPEC_TEXT[:-1], "at least three lines"),
        (SPEC_TEXT + b"extension", "each with its newline"),
        (SPEC_TEXT + b"\n", "one line that is not empty"),
        (SPEC_TEXT.replace(b"\n208", b"\n0208"), "no leading zeros"),
        (SPEC_TEXT.replace(b"\n208", b"\n+208"), "a decimal number"),
        (SPEC_TEXT.replace(b"\n208", "\n٢08".encode()), "a decimal number"),
        (SPEC_TEXT.replace(b"\n20852163", b"\n"), "a decimal number"),
        (SPEC_TEXT.replace(b"q2I=", b"q2J="), "zero padding bits"),
        (SPEC_TEXT.replace(b"CsUY", b""), "expected 32 bytes, got 29"),
        (SPEC_TEXT.replace(b"CsUY", b"Cs-Y"), "padded standard base64"),
        (b"\n" + SPEC_TEXT.partition(b"\n")[2], "one line that is not empty"),
        (SPEC_TEXT.replace(b"sofa", b"so\tfa"), "no control characters"),
        (SPEC_TEXT.replace(b"sofa", b"so\xfffa"), "UTF-8"),
        (SPEC_TEXT.replace(b"\n", b"\r\n"), "no control characters"),
    ],
)
def test_what_is_no_checkpoint_is_refused(text: bytes, reason: str) -> None:
    """Each deviation from the three lines is named."""
    with pytest.raises(Malformed, match=reason):
        parse_checkpoint_text(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"x" * 16_385, "at most 16384 bytes"),
        (b"a" * 256 + SPEC_TEXT, "origin: expected at most 255 bytes"),
        (
            SPEC_TEXT.replace(b"20852163", b"9223372036854775808"),
            "expected 0 to 9223372036854775807",
        ),
        (SPEC_TEXT.replace(b"20852163", b"1" * 21), "at most 20 digits"),
    ],
)
def test_limits_are_kept(text: bytes, reason: str) -> None:
    """Whole text, origin and size each have theirs."""
    with pytest.raises(LimitExceeded, match=reason):
        parse_checkpoint_text(text)


def test_extension_lines_have_the_limit_of_the_text() -> None:
    """What could not be read again is not written."""
    with pytest.raises(LimitExceeded, match="at most 16384 bytes"):
        encode_checkpoint_text(Checkpoint("a", 0, EMPTY_ROOT, ("x" * 16_384,)))


def test_both_signatures_of_the_log_verify() -> None:
    """What a log signs verifies with its two keys, and tells when."""
    verified = verify_checkpoint(SIGNED, LOG_KEYS)
    assert verified.checkpoint == HEAD
    assert (verified.origin, verified.size, verified.root) == (ORIGIN, 7, HEAD.root)
    assert verified.raw == SIGNED
    assert verified.times == {MLDSA44.verifier_key.label: NOW}
    assert verified.signers == LOG_KEYS


@pytest.mark.parametrize("missing", [0, 1])
def test_each_of_the_two_signatures_is_demanded(missing: int) -> None:
    """A checkpoint with one of them is refused, whichever is missing."""
    half = sign_checkpoint(HEAD, LOG_SIGNERS[1 - missing :][:1], NOW)
    with pytest.raises(NoteUnverified, match="expected one, got none"):
        verify_checkpoint(half, LOG_KEYS)


def test_no_signed_bit_can_flip() -> None:
    """Origin, size, root, timestamp: nothing that is signed can change unseen."""
    head = SIGNED.index(b"\n\n")
    for at in range(head):
        flipped = bytearray(SIGNED)
        flipped[at] ^= 1
        with pytest.raises(NoteUnverified):
            verify_checkpoint(bytes(flipped), LOG_KEYS)


def test_the_origin_is_checked() -> None:
    """A checkpoint of another log is refused, however well signed."""
    assert verify_checkpoint(SIGNED, LOG_KEYS, origin=ORIGIN).origin == ORIGIN
    with pytest.raises(NoteUnverified, match=r"origin: expected other\.example"):
        verify_checkpoint(SIGNED, LOG_KEYS, origin="other.example")


def test_without_an_origin_it_is_the_name_of_the_keys() -> None:
    """A key of one log does not speak for another."""
    foreign = sign_checkpoint(Checkpoint("other.example", 7, bytes(32)), LOG_SIGNERS, 1)
    with pytest.raises(NoteUnverified, match=r"expected log\.example/rogatory"):
        verify_checkpoint(foreign, LOG_KEYS)
    assert verify_checkpoint(foreign, LOG_KEYS, origin="other.example").size == 7


def test_witnesses_are_verified_where_they_signed() -> None:
    """A witness need not be there; when it is, its signature must hold."""
    witness = WITNESS.verifier_key
    assert verify_checkpoint(SIGNED, LOG_KEYS, witnesses=[witness]).signers == LOG_KEYS
    cosigned = sign_checkpoint(HEAD, [*LOG_SIGNERS, WITNESS], NOW)
    verified = verify_checkpoint(cosigned, LOG_KEYS, witnesses=[witness])
    assert verified.times[witness.label] == NOW
    assert witness in verified.signers
    line = encode_signature(WITNESS.sign("another text\n", NOW)).encode()
    with pytest.raises(NoteUnverified, match=r"witness\.example"):
        verify_checkpoint(SIGNED + line, LOG_KEYS, witnesses=[witness])


def test_a_witness_alone_is_no_log() -> None:
    """The log's own keys must be given."""
    with pytest.raises(NoteUnverified, match="at least one key"):
        verify_checkpoint(SIGNED, [], witnesses=[WITNESS.verifier_key])


def test_two_keys_of_one_id_are_a_mistake_of_the_caller() -> None:
    """It is reported as such, and not as a bad signature."""
    twin = VerifierKey.of(ORIGIN, ED25519.verifier_key.type, bytes(32))
    object.__setattr__(twin, "key_id", ED25519.verifier_key.key_id)
    with pytest.raises(ConfigInvalid):
        verify_checkpoint(SIGNED, LOG_KEYS, witnesses=[twin])


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    """A valid signature does not make a checkpoint of any text."""
    raw = encode_note(Note("hello\n", (STRANGER.sign("hello\n", NOW),)))
    assert verify_note(raw, [STRANGER.verifier_key]).text == "hello\n"
    with pytest.raises(NoteUnverified, match="at least three lines"):
        verify_checkpoint(raw, [STRANGER.verifier_key])


def test_the_empty_tree_has_one_root() -> None:
    """Size 0 with any other root is neither signed nor believed."""
    empty = sign_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), LOG_SIGNERS, NOW)
    assert verify_checkpoint(empty, LOG_KEYS).size == 0
    wrong = Checkpoint(ORIGIN, 0, bytes(32))
    with pytest.raises(RootMismatch, match="checkpoint of size 0"):
        sign_checkpoint(wrong, LOG_SIGNERS, NOW)
    text = encode_checkpoint_text(wrong).decode()
    raw = encode_note(Note(text, (ED25519.sign(text, NOW),)))
    with pytest.raises(RootMismatch, match="checkpoint of size 0"):
        verify_checkpoint(raw, [ED25519.verifier_key])


def test_a_checkpoint_with_extension_lines_is_not_signed_with_mldsa() -> None:
    """That signature would not cover them."""
    extended = Checkpoint(ORIGIN, 7, bytes(32), ("extension",))
    with pytest.raises(Malformed, match="no extension lines"):
        sign_checkpoint(extended, LOG_SIGNERS, NOW)
    raw = sign_checkpoint(extended, [ED25519], NOW)
    verified = verify_checkpoint(raw, [ED25519.verifier_key])
    assert verified.checkpoint.extensions == ("extension",)


def test_signing_needs_a_signer() -> None:
    """A note without signature is none."""
    with pytest.raises(Malformed, match="at least one signature"):
        sign_checkpoint(HEAD, [], NOW)
