"""Giving power takes two, and who they are depends on whose power it is."""

from collections.abc import Callable, Sequence

import pytest

from rogatory.directory import Directory, apply_statement, record_key
from rogatory.envelope import SigningKey
from rogatory.errors import ApprovalMissing
from rogatory.v1.directory_pb2 import DirectoryRecord
from rogatory_gateway.dev.pki import ExampleCa
from tests.support.messages import OFFICER, Who
from tests.unit.directory.statements import (
    MESSENGER,
    OFFICE,
    OPERATOR,
    OPERATOR_AND_OTHER,
    ORIGIN,
    OWN_TWO,
    POLICE,
    REGISTRAR,
    REGULATOR,
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
    system,
)

WHO: dict[str, Sequence[Who]] = {
    "two of the party": OWN_TWO,
    "the operator and another": OPERATOR_AND_OTHER,
    "the operator and the party": [registrar(OPERATOR), registrar(POLICE)],
    "two of another party": [registrar(REGULATOR), registrar(REGULATOR, 2)],
    "one of the party": [registrar(POLICE)],
    "one of the party and somebody of it": [registrar(POLICE), OFFICER],
    "two of the operator": [registrar(OPERATOR), registrar(OPERATOR, 2)],
}
TWO = ["two of the party", "the operator and another", "the operator and the party"]
OPERATOR_SIDE = ["the operator and another", "the operator and the party"]
Make = Callable[[], DirectoryRecord]

OWN_RECORDS: dict[str, Make] = {
    "a machine": lambda: system("laptop"),
    "a person": lambda: signer("officer-2"),
    "a signing key": lambda: signing_key(SigningKey.generate()),
    "a sealing key": encryption_key,
    "a mandate": lambda: mandate(REGULATOR, POLICE),
}
POWER_RECORDS: dict[str, Make] = {
    "a new party": party,
    "the party itself": lambda: existing(f"party/{POLICE}"),
    "a CA": lambda: authority(ExampleCa.make("new", OFFICE.now()).der),
    "a registrar": lambda: signer("registrar-3", POLICE, REGISTRAR),
}


@pytest.mark.parametrize("name", OWN_RECORDS)
@pytest.mark.parametrize("who", TWO)
def test_a_party_s_own_records_take_two(name: str, who: str) -> None:
    """Two of the party's registrars, or the operator with another party."""
    record = OWN_RECORDS[name]()

    after = applied([record], who=WHO[who])

    assert record_key(record) in after.records


@pytest.mark.parametrize("name", OWN_RECORDS)
@pytest.mark.parametrize("who", sorted(set(WHO) - set(TWO)))
def test_less_is_not_enough_for_a_party_s_own_records(name: str, who: str) -> None:
    """One registrar, two of another party, the operator alone: none of them may."""
    with pytest.raises(ApprovalMissing):
        applied([OWN_RECORDS[name]()], who=WHO[who])


@pytest.mark.parametrize("name", POWER_RECORDS)
@pytest.mark.parametrize("who", OPERATOR_SIDE)
def test_parties_cas_and_registrars_take_the_operator_and_another(
    name: str, who: str
) -> None:
    """What gives power over a party's records is never the party's own to give."""
    record = POWER_RECORDS[name]()

    after = applied([record], who=WHO[who])

    assert record_key(record) in after.records


@pytest.mark.parametrize("name", POWER_RECORDS)
@pytest.mark.parametrize("who", sorted(set(WHO) - set(OPERATOR_SIDE)))
def test_no_party_gives_itself_power(name: str, who: str) -> None:
    """Two of a party's own registrars cannot make a third, nor another CA."""
    with pytest.raises(ApprovalMissing):
        applied([POWER_RECORDS[name]()], who=WHO[who])


def test_own_registrars_vouch_for_their_own_party_only() -> None:
    """One record of another party spoils the whole statement."""
    with pytest.raises(ApprovalMissing) as caught:
        applied([system("laptop"), system("laptop", MESSENGER)], who=OWN_TWO)

    assert caught.value.thing == f"record system/{MESSENGER}/laptop"


def test_the_first_statement_needs_the_operator_and_another() -> None:
    """A log does not begin with the word of its operator alone."""
    records = [
        record
        for each in OFFICE.parties.values()
        for record in each.records(ORIGIN, OFFICE.now())
    ]

    for who in ("two of the operator", "two of the party"):
        raw = statement(records, who=WHO[who], before=Directory(ORIGIN))
        with pytest.raises(ApprovalMissing, match="first directory statement"):
            apply_statement(Directory(ORIGIN), raw, 1)
