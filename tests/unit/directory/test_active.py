"""Keys prove that their signer holds them; what is not active does not count."""

import hashlib

import pytest

from rogatory.envelope import SigningKey
from rogatory.errors import (
    ConsistencyInvalid,
    Malformed,
    SignatureInvalid,
    UnknownSigner,
)
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from tests.support.messages import OFFICER as WHO
from tests.unit.directory.statements import (
    FIRST,
    OFFICE,
    OWN_TWO,
    POLICE,
    REGULATOR,
    applied,
    existing,
    mandate,
    signer,
    signing_key,
)

SUSPENDED = pb.RECORD_STATUS_SUSPENDED
OFFICER = message_pb2.Signatory(
    party=POLICE, signer_id="officer-1", capacity=message_pb2.CAPACITY_ISSUER
)


def test_a_new_key_counts_at_once() -> None:
    """A second key of a signer is enrolled beside the first."""
    key = SigningKey.generate()

    after = applied([signing_key(key)], who=OWN_TWO)

    assert set(after.keys_of(OFFICER)) == {
        key.public.key_id,
        OFFICE.key(WHO).public.key_id,
    }


def test_a_proof_of_possession_by_another_key() -> None:
    """Nobody enrols a key that they do not hold."""
    record = signing_key(SigningKey.generate())
    record.signing_key.public_key = SigningKey.generate().public.spki

    with pytest.raises(SignatureInvalid) as caught:
        applied([record])

    assert caught.value.thing == "proof of possession"


@pytest.mark.parametrize(
    "proven_for",
    [(POLICE, "registrar-1"), (REGULATOR, "officer-1")],
)
def test_a_proof_of_possession_for_another_signer(proven_for: tuple[str, str]) -> None:
    """A proof cannot be taken over by somebody else."""
    with pytest.raises(SignatureInvalid):
        applied([signing_key(SigningKey.generate(), proven_for=proven_for)])


def test_a_proof_of_possession_for_another_log() -> None:
    """A proof given at one gateway is none at another."""
    with pytest.raises(SignatureInvalid):
        applied([signing_key(SigningKey.generate(), origin="other.example/log")])


def test_a_key_under_another_algorithm() -> None:
    """The record cannot say something else than the key itself."""
    record = signing_key(SigningKey.generate())
    record.signing_key.algorithm = pb.SIGNATURE_ALGORITHM_ML_DSA_65

    with pytest.raises(Malformed, match="algorithm"):
        applied([record])


def test_a_key_in_another_form() -> None:
    """What is enrolled is the one accepted form of a key."""
    record = signing_key(SigningKey.generate())
    record.signing_key.public_key += b"\0"

    with pytest.raises(Malformed):
        applied([record])


def test_a_key_belongs_to_one_signer_for_ever() -> None:
    """It cannot be moved to somebody else, also not with a proof, also when ended."""
    key = SigningKey.generate()
    ended = pb.RECORD_STATUS_ENDED
    enrolled = applied([signing_key(key)])
    gone = applied([signing_key(key, status=ended)], before=enrolled)

    for before in (enrolled, gone):
        with pytest.raises(ConsistencyInvalid, match="enrolled for"):
            applied([signing_key(key, "registrar-1")], before=before)


# --- status --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "status",
    [SUSPENDED, pb.RECORD_STATUS_ENDED, pb.RECORD_STATUS_COMPROMISED],
    ids=pb.RecordStatus.Name,
)
def test_a_signer_who_is_not_active_signs_no_more(
    status: pb.RecordStatus.ValueType,
) -> None:
    """Whatever took the power away, the signature no longer counts."""
    after = applied([signer("officer-1", status=status)])

    assert after.signer(POLICE, "officer-1") is None
    with pytest.raises(UnknownSigner):
        after.keys_of(OFFICER)


def test_a_suspended_signer_can_come_back() -> None:
    """Suspended is not for ever; the record stands and gets another status."""
    suspended = applied([signer("officer-1", status=SUSPENDED)])

    again = applied([signer("officer-1")], before=suspended)

    assert set(again.keys_of(OFFICER)) == set(FIRST.keys_of(OFFICER))


def test_a_key_that_is_not_active_verifies_no_more() -> None:
    """The signer stays, the key goes."""
    key = OFFICE.key(WHO)

    after = applied([signing_key(key, status=SUSPENDED)])

    assert after.keys_of(OFFICER) == {}


def test_nothing_of_a_suspended_party_is_active() -> None:
    """Its signers, systems and mandates fall with it."""
    given = applied([mandate(REGULATOR, POLICE)])
    assert given.mandate(POLICE, "mandate-1") is not None
    record = existing(f"party/{POLICE}")
    record.party.status = SUSPENDED

    after = applied([record], before=given)

    assert after.party(POLICE) is None
    assert POLICE not in after.parties()
    assert not after.system_is_active(POLICE, "desk")
    assert after.signer(POLICE, "officer-1") is None
    assert after.mandate(POLICE, "mandate-1") is None
    with pytest.raises(UnknownSigner):
        after.keys_of(OFFICER)


def test_what_is_suspended_is_not_looked_up() -> None:
    """Machines, CAs and sealing keys count while they are active."""
    key = f"encryption-key/{POLICE}/{OFFICE.parties[POLICE].sealing.key_id.hex()}"
    ca = OFFICE.parties[POLICE].ca.der
    records = [
        existing(f"system/{POLICE}/desk"),
        existing(f"ca/{POLICE}/{hashlib.sha256(ca).hexdigest()}"),
        existing(key),
    ]
    for record in records:
        kind = record.WhichOneof("record")
        assert kind is not None
        getattr(record, kind).status = SUSPENDED

    after = applied(records)

    assert not after.system_is_active(POLICE, "desk")
    assert after.certificate_authorities(POLICE) == ()
    assert after.encryption_keys(POLICE) == {}


def test_a_capacity_that_was_not_given() -> None:
    """The refusal names the capacity, not the person's others."""
    supervisor = message_pb2.Signatory(
        party=POLICE, signer_id="officer-1", capacity=message_pb2.CAPACITY_SUPERVISOR
    )

    with pytest.raises(UnknownSigner, match="enrolled as supervisor"):
        FIRST.keys_of(supervisor)
