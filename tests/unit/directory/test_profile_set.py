"""Profiles come into force by signed statements of the operator and another party."""

import hashlib
from collections.abc import Callable, Sequence

import pytest

from rogatory.directory import ProfileSet, apply_profiles, build_profiles
from rogatory.envelope import (
    DIRECTORY_TYPE,
    PROFILES_TYPE,
    parse_envelope,
    sign_payload,
)
from rogatory.errors import (
    ApprovalMissing,
    ConfigInvalid,
    ConsistencyInvalid,
    InputError,
    Malformed,
    ProfileUnknown,
    SignatoriesMismatch,
    UnknownSigner,
    WrongOrigin,
)
from rogatory.profiles import shipped
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from tests.support.messages import Who, profile_reference
from tests.unit.directory.statements import (
    FIRST,
    OFFICE,
    OPERATOR,
    OPERATOR_AND_OTHER,
    ORIGIN,
    POLICE,
    REGULATOR,
    existing,
    registrar,
)
from tests.unit.directory.statements import applied as applied_directory

Change = Callable[[pb.ProfilesStatement], object]
EMPTY = ProfileSet(ORIGIN)
BOTH = list(shipped().values())
ONE = [shipped()["KR.CORRECTION"]]


def _statement(
    profiles: Sequence[bytes] = BOTH,
    *,
    who: Sequence[Who] = OPERATOR_AND_OTHER,
    before: ProfileSet = EMPTY,
    change: Change | None = None,
    payload_type: str = PROFILES_TYPE,
) -> bytes:
    keys = [OFFICE.key(each) for each in who]
    raw = build_profiles(
        before,
        profiles,
        create_time=OFFICE.now(),
        signatories=[
            message_pb2.Signatory(party=p, signer_id=s, capacity=c) for p, s, c in who
        ],
        keys=keys,
    )
    payload = parse_envelope(raw, payload_type=PROFILES_TYPE).payload
    made = pb.ProfilesStatement.FromString(payload)
    if change is not None:
        change(made)
    payload = made.SerializeToString(deterministic=True)
    return sign_payload(payload, keys, payload_type=payload_type)


def _set(**values: object) -> Change:
    def change(made: pb.ProfilesStatement) -> None:
        for name, value in values.items():
            setattr(made, name, value)

    return change


def test_the_profiles_of_a_statement_are_in_force() -> None:
    """Each is found by its id in exactly the version that was signed."""
    raw = _statement()

    profiles = apply_profiles(EMPTY, FIRST, raw, 2)

    assert (profiles.sequence, profiles.index) == (0, 2)
    assert profiles.digest == hashlib.sha256(raw).digest()
    for name in shipped():
        assert profiles.get(profile_reference(name)).id == name


def test_a_statement_replaces_the_whole_set() -> None:
    """What a later statement does not have is no longer in force."""
    before = apply_profiles(EMPTY, FIRST, _statement(), 2)

    after = apply_profiles(before, FIRST, _statement(ONE, before=before), 3)

    assert set(after.profiles) == {"KR.CORRECTION"}
    with pytest.raises(ProfileUnknown, match="a profile in force"):
        after.get(profile_reference("XX.SUBSCRIBER"))


def test_another_version_is_not_in_force() -> None:
    """A message pins the bytes of the profile, not its name."""
    profiles = apply_profiles(EMPTY, FIRST, _statement(), 2)
    reference = message_pb2.ProfileReference(id="KR.CORRECTION", digest=b"\1" * 32)

    with pytest.raises(ProfileUnknown) as caught:
        profiles.get(reference)

    assert caught.value.got == "version 0101010101010101"


def test_no_profiles_at_all_can_be_in_force() -> None:
    """An operator can take every profile out of force."""
    profiles = apply_profiles(EMPTY, FIRST, _statement([]), 2)

    assert profiles.profiles == {}


def test_a_statement_for_another_log() -> None:
    """Profiles are bound to their log."""
    with pytest.raises(WrongOrigin):
        apply_profiles(EMPTY, FIRST, _statement(change=_set(origin="o.example")), 2)


FOLLOWS: dict[str, Change] = {
    "a later sequence": _set(sequence=1),
    "another previous": _set(previous=b"\1" * 32),
}


@pytest.mark.parametrize("name", FOLLOWS)
def test_a_statement_that_does_not_follow(name: str) -> None:
    """The first follows on nothing, every other one on the one before."""
    with pytest.raises(ConsistencyInvalid):
        apply_profiles(EMPTY, FIRST, _statement(change=FOLLOWS[name]), 2)


def test_a_statement_twice() -> None:
    """A replay is out of sequence."""
    raw = _statement()
    profiles = apply_profiles(EMPTY, FIRST, raw, 2)

    with pytest.raises(ConsistencyInvalid):
        apply_profiles(profiles, FIRST, raw, 3)


def test_a_directory_statement_is_none_of_profiles() -> None:
    """The type that was signed decides."""
    with pytest.raises(Malformed, match="payload_type"):
        apply_profiles(EMPTY, FIRST, _statement(payload_type=DIRECTORY_TYPE), 2)


WHO: dict[str, list[Who]] = {
    "the operator alone": [registrar(OPERATOR)],
    "two of the operator": [registrar(OPERATOR), registrar(OPERATOR, 2)],
    "two other parties": [registrar(POLICE), registrar(REGULATOR)],
    "a party without the operator": [registrar(POLICE)],
    "the operator and somebody who is no registrar": [
        registrar(OPERATOR),
        (POLICE, "officer-1", message_pb2.CAPACITY_ISSUER),
    ],
}


@pytest.mark.parametrize("name", WHO)
def test_profiles_take_the_operator_and_another_party(name: str) -> None:
    """What may be asked of platforms is no decision of one side."""
    with pytest.raises(ApprovalMissing):
        apply_profiles(EMPTY, FIRST, _statement(who=WHO[name]), 2)


def test_a_named_signature_missing() -> None:
    """Naming somebody is not signing for them."""

    def also(made: pb.ProfilesStatement) -> None:
        made.signatories.add(
            party=POLICE,
            signer_id="registrar-1",
            capacity=message_pb2.CAPACITY_REGISTRAR,
        )

    with pytest.raises(SignatoriesMismatch):
        apply_profiles(EMPTY, FIRST, _statement(change=also), 2)


def test_a_suspended_registrar_signs_nothing() -> None:
    """The directory at the statement's place in the log decides who signs."""
    record = existing(f"signer/{REGULATOR}/registrar-1")
    record.signer.status = pb.RECORD_STATUS_SUSPENDED

    with pytest.raises(UnknownSigner):
        apply_profiles(EMPTY, applied_directory([record]), _statement(), 2)


def test_profiles_out_of_order_or_twice() -> None:
    """One set has one form: sorted by id, each once."""

    def reverse(made: pb.ProfilesStatement) -> None:
        made.profiles[:] = reversed(made.profiles)

    def twice(made: pb.ProfilesStatement) -> None:
        made.profiles.append(made.profiles[-1])

    for change in (reverse, twice):
        with pytest.raises(Malformed, match="sorted, each once"):
            apply_profiles(EMPTY, FIRST, _statement(change=change), 2)


@pytest.mark.parametrize("content", [b"", b"\xff", b"id = 1", ONE[0] + b"\nx = 1\n"])
def test_a_profile_that_cannot_be_read(content: bytes) -> None:
    """A set with a profile that means nothing is never in force."""

    def spoil(made: pb.ProfilesStatement) -> None:
        made.profiles[0] = content

    with pytest.raises((InputError, ConfigInvalid)):
        apply_profiles(EMPTY, FIRST, _statement(change=spoil), 2)
