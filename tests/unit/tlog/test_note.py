"""Signed notes: reading, writing, and whom to believe."""

import pytest

from rogatory.errors import ConfigInvalid, LimitExceeded, Malformed, NoteUnverified
from rogatory.tlog import (
    KeyType,
    Note,
    Signature,
    VerifierKey,
    encode_note,
    encode_signature,
    parse_note,
    verify_note,
)
from tests.unit.tlog.model import ED25519, NOW, STRANGER, WITNESS

EXAMPLE_KEY = VerifierKey.parse(
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
)
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq"
    "6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
PETER_KEY = VerifierKey.parse(
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
)
ENOCH_KEY = VerifierKey.parse(
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
)
GO_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
PETER_LINE = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKv"
    "qfqdngotpRZb6KE6RyyBwJnAM=\n"
)
ENOCH_LINE = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01o"
    "OTGwnWLox33WWd1RvMc+QQ=\n"
)
BOTH = f"{GO_TEXT}\n{PETER_LINE}{ENOCH_LINE}".encode()
TEXT = "one line\n\nand another\n"


def signed(*names: str) -> bytes:
    """Return `TEXT` as signed by our own, a witness, or a stranger."""
    signers = {"ours": ED25519, "witness": WITNESS, "stranger": STRANGER}
    lines = tuple(signers[name].sign(TEXT, NOW) for name in names)
    return encode_note(Note(TEXT, lines))


def test_the_example_of_the_specification_verifies() -> None:
    """The note and key of C2SP signed-note."""
    note = verify_note(EXAMPLE, [EXAMPLE_KEY])
    assert note.text == "This is an example message.\n"
    assert note.signers == (EXAMPLE_KEY,)
    assert encode_note(parse_note(EXAMPLE)) == EXAMPLE


def test_the_note_of_go_verifies_with_both_keys() -> None:
    """The note of golang.org/x/mod/sumdb/note, signed by two."""
    assert verify_note(BOTH, [ENOCH_KEY, PETER_KEY]).text == GO_TEXT
    assert encode_note(parse_note(BOTH)) == BOTH


def test_unknown_signatures_are_ignored() -> None:
    """With one of two keys known, the other's line does not matter."""
    assert verify_note(BOTH, [PETER_KEY]).signers == (PETER_KEY,)
    broken = BOTH.replace(b"rwz+eBzm", b"rwz+eBzz")
    assert verify_note(broken, [PETER_KEY]).signers == (PETER_KEY,)


@pytest.mark.parametrize("keys", [(ENOCH_KEY,), (PETER_KEY, ENOCH_KEY)])
def test_a_failing_signature_of_a_known_key_rejects_the_note(
    keys: tuple[VerifierKey, ...],
) -> None:
    """Also when another known key's signature is good."""
    broken = BOTH.replace(b"rwz+eBzm", b"rwz+eBzz")
    with pytest.raises(NoteUnverified, match=r"signature of EnochRoot\+af0cfe78"):
        verify_note(broken, keys)


def test_every_key_given_must_have_signed() -> None:
    """One of two is not enough."""
    peter_only = f"{GO_TEXT}\n{PETER_LINE}".encode()
    with pytest.raises(NoteUnverified, match=r"EnochRoot\+af0cfe78: expected one"):
        verify_note(peter_only, [PETER_KEY, ENOCH_KEY])


def test_known_keys_need_not_be_required() -> None:
    """With `require`, further keys are verified where they have signed."""
    peter_only = f"{GO_TEXT}\n{PETER_LINE}".encode()
    keys = [PETER_KEY, ENOCH_KEY]
    assert verify_note(peter_only, keys, require=[PETER_KEY]).signers == (PETER_KEY,)
    broken = BOTH.replace(b"rwz+eBzm", b"rwz+eBzz")
    with pytest.raises(NoteUnverified, match="EnochRoot"):
        verify_note(broken, keys, require=[PETER_KEY])


@pytest.mark.parametrize("require", [None, []])
def test_without_any_required_key_nothing_is_verified(
    require: list[VerifierKey] | None,
) -> None:
    """A note that nobody has to sign must not verify."""
    keys = [] if require is None else [PETER_KEY]
    with pytest.raises(NoteUnverified, match="at least one key to verify with"):
        verify_note(BOTH, keys, require=require)


def test_a_key_given_twice_counts_once() -> None:
    """Two mentions of one key are one key."""
    assert verify_note(signed("ours"), [ED25519.verifier_key] * 2).text == TEXT


def test_a_key_that_signs_twice_rejects_the_note() -> None:
    """Of two timestamps by one witness neither could be relied on."""
    with pytest.raises(NoteUnverified, match="expected one signature"):
        verify_note(signed("witness", "witness"), [WITNESS.verifier_key])


def test_a_stranger_may_sign_twice() -> None:
    """Lines of unknown keys are ignored, whatever they are."""
    raw = signed("stranger", "ours", "stranger")
    assert verify_note(raw, [ED25519.verifier_key]).text == TEXT


def test_two_keys_of_one_name_and_id_are_refused() -> None:
    """An accident of 1 in 2^32, or an attempt."""
    key = ED25519.verifier_key
    twin = VerifierKey.of(key.name, KeyType.ED25519, bytes(32))
    object.__setattr__(twin, "key_id", key.key_id)
    with pytest.raises(ConfigInvalid, match="one key each"):
        verify_note(signed("ours"), [key, twin])


def test_times_are_told_by_key() -> None:
    """A witness's timestamp is returned under its label."""
    key = WITNESS.verifier_key
    note = verify_note(signed("witness"), [key])
    assert note.times == {f"{key.name}+{key.key_id:08x}": NOW}


def test_the_text_ends_at_the_last_empty_line() -> None:
    """The text may hold empty lines itself."""
    assert parse_note(signed("ours")).text == TEXT
    doubled = signed("ours").replace("\n\n—".encode(), "\n\n\n—".encode())
    assert parse_note(doubled).text == TEXT + "\n"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "an empty line between"),
        (GO_TEXT.encode(), "an empty line between"),
        (f"{GO_TEXT}\n".encode(), "at least one signature"),
        (f"{GO_TEXT}\n{PETER_LINE}"[:-1].encode(), "a newline at its end"),
        (f"\x01{GO_TEXT}\n{PETER_LINE}".encode(), "no control characters"),
        (b"\xff" + BOTH, "UTF-8"),
        (f"{GO_TEXT}\n{PETER_LINE}Unexpected line.\n".encode(), "— <key name>"),
        (BOTH.replace(b"PeterN", b"Peter N"), "padded standard base64"),
        (BOTH.replace(b"PeterN", "Peter\u00a0N".encode()), "without spaces"),
        (BOTH.replace(b"PeterN", b"Peter+N"), "without spaces and plus"),
        (BOTH.replace(b"JnAM=", b"JnAN="), "zero padding bits"),
        (BOTH.replace(b"JnAM=", b"JnAM"), "padded standard base64"),
        (f"{GO_TEXT}\n— name AAAA\n".encode(), "a key id of 4 bytes"),
        (f"{GO_TEXT}\n— name AAAAAA==\n".encode(), "expected a signature, got none"),
        (f"{GO_TEXT}\n—  AAAAAAA=\n".encode(), "one line that is not empty"),
        (f"{GO_TEXT}\n— name\n".encode(), "— <key name> <base64>"),
        (f"{GO_TEXT}\n- name AAAAAAA=\n".encode(), "— <key name> <base64>"),
    ],
)
def test_what_is_no_note_is_refused(raw: bytes, reason: str) -> None:
    """Each deviation from the format is named."""
    with pytest.raises(Malformed, match=reason):
        parse_note(raw)


def test_what_is_no_note_is_not_verified() -> None:
    """Whoever verifies is told that verification failed, not to correct the input."""
    with pytest.raises(NoteUnverified, match="note: expected an empty line"):
        verify_note(b"hello\n", [PETER_KEY])


def test_a_broken_signature_line_is_named_by_its_number() -> None:
    """Of several lines, the one to look at."""
    with pytest.raises(Malformed, match="signature line 2: expected padded"):
        parse_note(BOTH.replace(b"EnochRoot rwz", b"EnochRoot _wz"))


def test_64_signatures_are_read_and_65_are_not() -> None:
    """The specification asks for 16 at least and a limit."""
    head = f"{GO_TEXT}\n".encode()
    assert len(parse_note(head + PETER_LINE.encode() * 64).signatures) == 64
    with pytest.raises(LimitExceeded, match="at most 64 signatures, got 65"):
        parse_note(head + PETER_LINE.encode() * 65)


def test_a_note_too_long_is_refused_before_it_is_read() -> None:
    """512 KiB hold 64 of the longest post-quantum signatures and more."""
    with pytest.raises(LimitExceeded, match="at most 524288 bytes"):
        parse_note(b"\xff" * 524_289)
    with pytest.raises(LimitExceeded, match="at most 524288 bytes"):
        encode_note(Note("x" * 524_288 + "\n", (ED25519.sign("x\n", NOW),)))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no newline", "a newline at its end"),
        ("tab\there\n", "no control characters"),
        ("\ud800\n", "UTF-8"),
    ],
)
def test_a_text_without_encoding_cannot_be_a_note(text: str, reason: str) -> None:
    """A value that exists can be written."""
    with pytest.raises(Malformed, match=reason):
        Note(text, (ED25519.sign("x\n", NOW),))


def test_a_note_needs_a_signature() -> None:
    """A text alone is not a note."""
    with pytest.raises(Malformed, match="at least one signature"):
        Note("x\n", ())


def test_a_key_id_has_32_bits() -> None:
    """It is written as four bytes."""
    with pytest.raises(LimitExceeded, match="signature key id"):
        Signature("name", 2**32, b"x")


def test_a_signature_is_one_line() -> None:
    """A witness answers with such lines."""
    assert encode_signature(parse_note(BOTH).signatures[0]) == PETER_LINE
