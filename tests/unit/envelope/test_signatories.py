"""The header names its signatories; the envelope carries exactly theirs."""

from collections.abc import Sequence

import pytest

from rogatory.envelope import (
    MESSAGE_TYPE,
    SigningKey,
    encode_envelope,
    pae,
    parse_envelope,
    sign_payload,
    verify_message,
    verify_signatories,
)
from rogatory.errors import (
    FieldInvalid,
    Malformed,
    RogatoryError,
    SignatoriesMismatch,
    SignatureInvalid,
    UnknownSigner,
)
from rogatory.v1 import message_pb2
from tests.support.messages import CLERK, COUNSEL, OFFICER, VALIDATOR, Office, Signed

ISSUER = message_pb2.CAPACITY_ISSUER
VALIDATING = message_pb2.CAPACITY_VALIDATOR

Signatory = tuple[str, str, message_pb2.Capacity.ValueType]
ALICE: Signatory = ("party", "alice", ISSUER)
BOB: Signatory = ("party", "bob", VALIDATING)

KEYS = {name: SigningKey.generate() for name in ("alice", "alice-2", "bob", "eve")}
OWNERS = {"alice": ("alice", "alice-2"), "bob": ("bob",)}
CAPACITIES = {"alice": {ISSUER, message_pb2.CAPACITY_REQUESTER}, "bob": {VALIDATING}}
PAYLOAD = b"payload"


def _keys_of(signatory: message_pb2.Signatory) -> dict[bytes, object]:
    """Look up like a directory: alice has two keys, bob one, eve is not enrolled."""
    name = signatory.signer_id
    if signatory.capacity not in CAPACITIES.get(name, set()):
        raise UnknownSigner(name)
    return {KEYS[k].public.key_id: KEYS[k].public for k in OWNERS[name]}


def _verify(named: Sequence[Signatory], signing: Sequence[str]) -> None:
    envelope = parse_envelope(sign_payload(PAYLOAD, [KEYS[name] for name in signing]))
    signatories = [
        message_pb2.Signatory(party=p, signer_id=s, capacity=c) for p, s, c in named
    ]
    verify_signatories(envelope, signatories, _keys_of)  # type: ignore[arg-type]


GOOD: dict[str, tuple[list[Signatory], list[str]]] = {
    "one": ([ALICE], ["alice"]),
    "one, by the second of her keys": ([ALICE], ["alice-2"]),
    "two": ([ALICE, BOB], ["alice", "bob"]),
    "two, named the other way round": ([BOB, ALICE], ["alice", "bob"]),
}


@pytest.mark.parametrize("name", GOOD)
def test_exactly_the_named_signatures_verify(name: str) -> None:
    """One signature by each, by whichever of their active keys."""
    _verify(*GOOD[name])


MISMATCHES: dict[str, tuple[list[Signatory], list[str]]] = {
    "one missing": ([ALICE, BOB], ["alice"]),
    "the other missing": ([ALICE, BOB], ["bob"]),
    "one too many": ([ALICE], ["alice", "bob"]),
    "a stranger's beside": ([ALICE], ["alice", "eve"]),
    "a stranger's instead": ([ALICE], ["eve"]),
    "two by one person": ([ALICE], ["alice", "alice-2"]),
    "one person named twice, signing once": ([ALICE, ALICE], ["alice"]),
    "one person named twice, signing with two keys": (
        [ALICE, ALICE],
        ["alice", "alice-2"],
    ),
    "one person in two capacities, with two keys": (
        [ALICE, ("party", "alice", message_pb2.CAPACITY_REQUESTER)],
        ["alice", "alice-2"],
    ),
    "nobody named": ([], ["alice"]),
}


@pytest.mark.parametrize("name", MISMATCHES)
def test_none_can_be_stripped_added_or_counted_twice(name: str) -> None:
    """The signatures are those of the named people: no fewer, no more, each once."""
    with pytest.raises(SignatoriesMismatch):
        _verify(*MISMATCHES[name])


def test_a_capacity_that_the_signer_does_not_have() -> None:
    """A signature counts only as what its signer is enrolled for."""
    with pytest.raises(UnknownSigner):
        _verify([("party", "alice", VALIDATING)], ["alice"])


def test_a_signature_over_another_payload() -> None:
    """A valid signature is valid for these very bytes."""
    other = KEYS["alice"].sign(pae(MESSAGE_TYPE, b"other"))
    raw = encode_envelope(PAYLOAD, MESSAGE_TYPE, {KEYS["alice"].public.key_id: other})
    alice = message_pb2.Signatory(party="party", signer_id="alice", capacity=ISSUER)

    with pytest.raises(SignatureInvalid) as caught:
        verify_signatories(parse_envelope(raw), [alice], _keys_of)  # type: ignore[arg-type]

    assert caught.value.thing == "signature of header.signatories[0]"


# --- whole messages ------------------------------------------------------------------


@pytest.fixture(scope="module")
def office() -> Office:
    """Give people who sign; nothing in these tests changes them."""
    return Office()


def _verified(office: Office, raw: bytes) -> None:
    verify_message(parse_envelope(raw), office.directory.keys_of)


def test_a_message_in_order_is_verified(office: Office) -> None:
    """What comes out is what was signed."""
    signed = office.disclosure_request()

    verified = office.verified(signed)

    assert verified.message == signed.message
    assert verified.header == signed.message.header
    assert verified.body == signed.message.disclosure_request
    assert (verified.kind, verified.digest) == ("disclosure_request", signed.digest)


def test_every_signature_of_a_message_is_needed(office: Office) -> None:
    """Stripping either of two signatures leaves nothing that verifies."""
    signed = office.disclosure_request()
    payload = parse_envelope(signed.envelope).payload

    for keys in ([office.key(OFFICER)], [office.key(VALIDATOR)]):
        with pytest.raises(SignatoriesMismatch):
            _verified(office, sign_payload(payload, keys))


def test_a_message_cannot_name_one_person_twice(office: Office) -> None:
    """Two capacities of one person are one person, also in the header."""
    signed = office.removal_request(
        who=[CLERK, (CLERK[0], CLERK[1], message_pb2.CAPACITY_REQUESTER)]
    )

    with pytest.raises(FieldInvalid) as caught:
        _verified(office, signed.envelope)

    assert caught.value.violations == {"header.signatories[1]": "each signatory once"}


def test_a_message_without_a_body_is_none(office: Office) -> None:
    """A header alone says nothing."""
    signed = office.removal_request(
        change=lambda message: message.ClearField("removal_request")
    )

    with pytest.raises(Malformed, match=r"message\.body"):
        _verified(office, signed.envelope)


def _mangled(signed: Signed) -> list[bytes]:
    raw = signed.envelope
    prefixes = [raw[:end] for end in range(len(raw))]
    flips = [
        raw[:at] + bytes([raw[at] ^ flip]) + raw[at + 1 :]
        for at in range(len(raw))
        for flip in (0x01, 0x80)
    ]
    return prefixes + flips


@pytest.mark.parametrize("who", [CLERK, OFFICER])
def test_no_prefix_and_no_changed_byte_verifies(office: Office, who: Signatory) -> None:
    """Whatever is done to a byte of a signed message, it is refused with our error."""
    signed = office.removal_request(1, who=[who], sections={})
    _verified(office, signed.envelope)

    for raw in _mangled(signed):
        with pytest.raises(RogatoryError):
            _verified(office, raw)


def test_no_changed_byte_verifies_with_ml_dsa(office: Office) -> None:
    """The same for the long signature, with every tenth byte."""
    before = office.removal_request(1, sections={})
    signed = office.removal_report(before, {"item-1": "REMOVED"}, who=[COUNSEL])
    raw = signed.envelope
    _verified(office, raw)

    for at in range(0, len(raw), 10):
        with pytest.raises(RogatoryError):
            _verified(office, raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
