"""Everybody who replays the same statements has the same directory, or refuses."""

import hashlib

import pytest

from rogatory.directory import (
    MAX_STATEMENT_RECORDS,
    Directory,
    apply_statement,
    record_key,
    root_of_records,
)
from rogatory.envelope import (
    DIRECTORY_TYPE,
    MESSAGE_TYPE,
    SigningKey,
    parse_envelope,
    sign_payload,
)
from rogatory.errors import (
    ConsistencyInvalid,
    LimitExceeded,
    Malformed,
    RootMismatch,
    SignatoriesMismatch,
    SignatureInvalid,
    UnknownField,
    UnknownSigner,
    WrongOrigin,
)
from rogatory.tlog import leaf_hash, root_of_hashes
from rogatory.v1 import directory_pb2 as pb
from tests.support import wire
from tests.support.messages import CLERK
from tests.unit.directory.statements import (
    FIRST,
    OFFICE,
    OPERATOR,
    OPERATOR_AND_OTHER,
    ORIGIN,
    POLICE,
    REGISTRAR,
    REGULATOR,
    Change,
    applied,
    authority,
    encryption_key,
    existing,
    mandate,
    party,
    registrar,
    signer,
    signing_key,
    statement,
    statement_of,
    system,
)

# --- replay --------------------------------------------------------------------------


def test_the_first_statement_gives_the_first_directory() -> None:
    """Sequence 0, the digest of its envelope, and everybody it enrols."""
    raw = OFFICE.statements[0]

    directory = apply_statement(Directory(ORIGIN), raw, 1)

    assert (directory.sequence, directory.index) == (0, 1)
    assert directory.digest == hashlib.sha256(raw).digest()
    assert set(directory.parties()) == set(OFFICE.parties)
    assert directory.system_is_active(POLICE, "desk")
    ca = OFFICE.parties[POLICE].ca
    assert directory.certificate_authorities(POLICE) == (ca.der,)


def test_a_second_statement_follows_on_the_first() -> None:
    """It adds to what was there, and is the base of the third."""
    second = applied([system("laptop")])
    third = applied([system("tablet")], before=second)

    assert (second.sequence, third.sequence) == (1, 2)
    assert third.system_is_active(POLICE, "laptop")
    assert third.system_is_active(POLICE, "tablet")
    assert third.system_is_active(POLICE, "desk")
    assert len(third.records) == len(FIRST.records) + 2


def test_applying_changes_nothing_that_was_there_before() -> None:
    """A directory is a value: who holds the old one still has it."""
    before = dict(FIRST.records)

    applied([system("laptop")])

    assert FIRST.records == before
    assert not FIRST.system_is_active(POLICE, "laptop")


def test_replaying_gives_the_same_root_for_everybody() -> None:
    """The root is that of RFC 6962 over the records in order of their keys."""
    second = applied([system("laptop")])

    leaves = [leaf_hash(second.records[key]) for key in sorted(second.records)]
    assert root_of_records(second.records) == root_of_hashes(leaves)


def _set(**values: object) -> Change:
    def change(made: pb.DirectoryStatement) -> None:
        for name, value in values.items():
            setattr(made, name, value)

    return change


def test_a_statement_for_another_log() -> None:
    """A statement is bound to its log."""
    with pytest.raises(WrongOrigin):
        apply_statement(
            FIRST, statement([system()], change=_set(origin="other.example/log")), 7
        )


@pytest.mark.parametrize("sequence", [0, 2, 2**64 - 1])
def test_a_statement_out_of_sequence(sequence: int) -> None:
    """None is skipped, and none comes twice."""
    with pytest.raises(ConsistencyInvalid, match="sequence 1"):
        apply_statement(FIRST, statement([system()], change=_set(sequence=sequence)), 7)


@pytest.mark.parametrize("previous", [b"", b"\1" * 32])
def test_a_statement_that_follows_on_another(previous: bytes) -> None:
    """A fork of the directory is found at its first statement."""
    with pytest.raises(ConsistencyInvalid, match="statement before"):
        apply_statement(FIRST, statement([system()], change=_set(previous=previous)), 7)


def test_a_statement_cannot_be_replayed() -> None:
    """The same statement a second time is out of sequence."""
    raw = statement([system()])
    second = apply_statement(FIRST, raw, 7)

    with pytest.raises(ConsistencyInvalid):
        apply_statement(second, raw, 8)


def test_a_wrong_root() -> None:
    """Who signs a statement signs the whole directory after it."""
    with pytest.raises(RootMismatch):
        apply_statement(FIRST, statement([system()], change=_set(root=b"\1" * 32)), 7)


def test_a_message_is_no_directory_statement() -> None:
    """The type is signed: bytes of one kind are never another."""
    payload = parse_envelope(OFFICE.statements[0], payload_type=DIRECTORY_TYPE).payload
    raw = sign_payload(payload, [OFFICE.key(CLERK)], payload_type=MESSAGE_TYPE)

    with pytest.raises(Malformed, match="payload_type"):
        apply_statement(Directory(ORIGIN), raw, 1)


# --- the records of a statement ------------------------------------------------------


@pytest.mark.parametrize("count", [0, MAX_STATEMENT_RECORDS + 1])
def test_one_to_a_thousand_records(count: int) -> None:
    """A statement says something, and not too much at once."""
    records = [system(f"s{n}") for n in range(count)]

    with pytest.raises(LimitExceeded) as caught:
        apply_statement(FIRST, statement(records), 7)

    assert caught.value.got == str(count)


def test_one_record_twice() -> None:
    """What a record is after a statement does not depend on an order."""

    def twice(made: pb.DirectoryStatement) -> None:
        made.records.append(made.records[0])

    with pytest.raises(Malformed, match="each record once"):
        apply_statement(FIRST, statement([system()], change=twice), 7)


def test_an_unknown_field_in_a_record() -> None:
    """What this version does not know might give somebody power."""

    def more(made: pb.DirectoryStatement) -> None:
        made.records[0] += wire.lump(99, b"more")

    with pytest.raises(UnknownField):
        apply_statement(FIRST, statement([system()], change=more), 7)


def test_a_record_of_no_kind() -> None:
    """An empty record is none."""

    def empty(made: pb.DirectoryStatement) -> None:
        made.records[0] = b""

    with pytest.raises(Malformed, match="one of the kinds"):
        apply_statement(FIRST, statement([system()], change=empty), 7)


def test_the_keys_of_records_are_those_of_the_schema() -> None:
    """The key says what a record replaces; docs/protocol.md lists the forms."""
    key = SigningKey.generate()
    sealing = encryption_key(public_key=b"\1" * 1_216)
    ca = OFFICE.parties[POLICE].ca.der
    sealing_id = hashlib.sha256(b"rogatory/v1/hpke\n" + b"\1" * 1_216).hexdigest()
    keys = {
        record_key(party("example-new")): "party/example-new",
        record_key(existing("unit/example-police/cyber")): "unit/example-police/cyber",
        record_key(authority(ca)): f"ca/{POLICE}/{hashlib.sha256(ca).hexdigest()}",
        record_key(system("laptop")): f"system/{POLICE}/laptop",
        record_key(signer("officer-2")): f"signer/{POLICE}/officer-2",
        record_key(signing_key(key)): f"signing-key/{key.public.key_id.hex()}",
        record_key(sealing): f"encryption-key/{POLICE}/{sealing_id}",
        record_key(mandate()): f"mandate/{REGULATOR}/mandate-1",
    }

    assert list(keys) == list(keys.values())


# --- signatures ----------------------------------------------------------------------


def test_an_unknown_signer() -> None:
    """Only who is enrolled signs."""
    who = [registrar(OPERATOR), (REGULATOR, "registrar-9", REGISTRAR)]
    keys = [OFFICE.key(registrar(OPERATOR)), SigningKey.generate()]

    with pytest.raises(UnknownSigner):
        apply_statement(FIRST, statement([system()], who=who, keys=keys), 7)


def test_a_signer_of_a_later_statement_cannot_vouch_for_itself() -> None:
    """Only the first statement is signed by those it enrols."""
    key = SigningKey.generate()
    new = [signer("registrar-3", POLICE, REGISTRAR), signing_key(key, "registrar-3")]
    who = [registrar(POLICE), (POLICE, "registrar-3", REGISTRAR)]
    keys = [OFFICE.key(registrar(POLICE)), key]

    with pytest.raises(UnknownSigner):
        apply_statement(FIRST, statement(new, who=who, keys=keys), 7)


@pytest.mark.parametrize("signing", [0, 1])
def test_a_named_signature_missing(signing: int) -> None:
    """Both of two must be there."""
    keys = [OFFICE.key(OPERATOR_AND_OTHER[signing])]

    with pytest.raises(SignatoriesMismatch):
        apply_statement(FIRST, statement([system()], keys=keys), 7)


def test_an_altered_statement() -> None:
    """Nothing of it can be changed after signing."""
    raw = statement([system("laptop")])
    assert raw.count(b"laptop") == 1

    with pytest.raises((SignatureInvalid, RootMismatch)):
        apply_statement(FIRST, raw.replace(b"laptop", b"tablet"), 7)


def test_a_statement_s_records_are_sorted_when_we_build_it() -> None:
    """Two builders of one change write the same bytes."""
    records = [system("b"), system("a"), signer("z")]

    made = statement_of(statement(records))

    keys = [record_key(pb.DirectoryRecord.FromString(raw)) for raw in made.records]
    assert keys == sorted(keys)
