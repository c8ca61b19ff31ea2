"""A record that could mean two things, or break what relies on it, never gets in."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from rogatory.envelope import SigningKey
from rogatory.errors import FieldInvalid, Malformed
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from rogatory.v1.directory_pb2 import DirectoryRecord
from rogatory_gateway.dev.pki import ExampleCa
from tests.unit.directory.statements import (
    FIRST,
    MESSENGER,
    OFFICE,
    OPERATOR,
    POLICE,
    REGULATOR,
    applied,
    authority,
    encryption_key,
    existing,
    mandate,
    party,
    signer,
    signing_key,
    system,
)

UNSPECIFIED = pb.RECORD_STATUS_UNSPECIFIED
AUTHORITY, PLATFORM = pb.PARTY_KIND_AUTHORITY, pb.PARTY_KIND_PLATFORM
POLICE_TYPE = pb.AUTHORITY_TYPE_POLICE
SEAL, ISSUER = message_pb2.CAPACITY_SEAL, message_pb2.CAPACITY_ISSUER


def _certificate(
    *,
    ca: bool = True,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
    name: str = "EXAMPLE",
    key_id: bytes | None = None,
) -> bytes:
    """Return a self-signed certificate, DER."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(OFFICE.now())
        .not_valid_after(OFFICE.now() + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if key_id is not None:
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier(key_id), critical=False
        )
    certificate = builder.sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER)


def _entities(*entities: pb.LegalEntity) -> DirectoryRecord:
    return party("example-new", PLATFORM, legal_entities=entities)


def _entity(**facts: object) -> pb.LegalEntity:
    fields = {"id": "new-eu", "display_name": "New", "country": "XX", **facts}
    return pb.LegalEntity(**fields)  # type: ignore[arg-type]


def _unit(unit: str, display_name: str = "A unit") -> DirectoryRecord:
    return DirectoryRecord(
        unit=pb.UnitRecord(
            party=POLICE,
            unit=unit,
            display_name=display_name,
            status=pb.RECORD_STATUS_ACTIVE,
        )
    )


def _epoch_backwards() -> DirectoryRecord:
    record = encryption_key()
    record.encryption_key.epoch_end_time.seconds = 1
    return record


def _without_profiles() -> DirectoryRecord:
    record = mandate()
    record.mandate.ClearField("profiles")
    return record


def _no_capacity() -> DirectoryRecord:
    record = signer()
    record.signer.ClearField("capacities")
    return record


Make = Callable[[], DirectoryRecord]
BAD: dict[str, tuple[str, Make]] = {
    "a machine without status": ("status", lambda: system(status=UNSPECIFIED)),
    "a machine without name": ("system", lambda: system("")),
    "a machine with a slash": ("system", lambda: system("a/b")),
    "a machine of nobody": ("party", lambda: system("laptop", "example-nobody")),
    "a party without kind": (
        "kind",
        lambda: party("example-new", pb.PARTY_KIND_UNSPECIFIED),
    ),
    "a party with a strange id": ("party", lambda: party("Example New")),
    "an authority without type": (
        "authority_type",
        lambda: party("example-new", AUTHORITY),
    ),
    "a platform with a type": (
        "authority_type",
        lambda: party("example-new", PLATFORM, authority_type=POLICE_TYPE),
    ),
    "a country in words": ("country", lambda: party(country="Korea")),
    "a party without name": ("display_name", lambda: party(display_name="")),
    "a name of 257 bytes": ("display_name", lambda: party(display_name="한" * 86)),
    "a competence that is no profile": (
        "competences",
        lambda: party(competences=["everything"]),
    ),
    "a competence twice": ("competences", lambda: party(competences=["A.B", "A.B"])),
    "legal entities of an auditor": (
        "legal_entities",
        lambda: party(legal_entities=[_entity()]),
    ),
    "a legal entity twice": (
        "legal_entities",
        lambda: _entities(_entity(), _entity()),
    ),
    "a legal entity without id": (
        "legal_entities[0].id",
        lambda: _entities(_entity(id="")),
    ),
    "a legal entity without name": (
        "legal_entities[0].display_name",
        lambda: _entities(_entity(display_name="")),
    ),
    "a legal entity without country": (
        "legal_entities[0].country",
        lambda: _entities(_entity(country="")),
    ),
    "a service twice": (
        "legal_entities[0].services",
        lambda: _entities(_entity(services=["chat", "chat"])),
    ),
    "a unit without id": ("unit", lambda: _unit("")),
    "a unit without name": ("display_name", lambda: _unit("cyber-2", "")),
    "a signer without id": ("signer_id", lambda: signer("")),
    "a signer without capacity": ("capacities", _no_capacity),
    "a signer of capacity unspecified": (
        "capacities",
        lambda: signer("new", POLICE, message_pb2.CAPACITY_UNSPECIFIED),
    ),
    "a capacity twice": ("capacities", lambda: signer("new", POLICE, ISSUER, ISSUER)),
    "a seal that is also a person": (
        "capacities",
        lambda: signer("new", POLICE, SEAL, ISSUER),
    ),
    "a signer of a unit that is not there": ("unit", lambda: signer(unit="moon")),
    "a key of a signer who is not there": (
        "signer_id",
        lambda: signing_key(SigningKey.generate(), "officer-9"),
    ),
    "a sealing key one byte short": (
        "public_key",
        lambda: encryption_key(public_key=b"\1" * 1_215),
    ),
    "an epoch that ends before it begins": ("epoch_end_time", _epoch_backwards),
    "a mandate for oneself": ("mandatary", lambda: mandate(REGULATOR, REGULATOR)),
    "a mandate for nobody": ("mandatary", lambda: mandate("")),
    "a mandate for nothing": ("profiles", _without_profiles),
    "a mandate that ends before it begins": ("end_time", lambda: mandate(start=3)),
    "a CA that is no certificate": ("certificate", lambda: authority(b"\x30\x00")),
    "a CA of no bytes": ("certificate", lambda: authority(b"")),
    "a CA of more than 4 KiB": ("certificate", lambda: authority(b"\0" * 4_097)),
    "a leaf as CA": ("certificate", lambda: authority(_certificate(ca=False))),
    "an RSA CA": (
        "certificate",
        lambda: authority(_certificate(key=rsa.generate_private_key(65537, 2048))),
    ),
    "a P-384 CA": (
        "certificate",
        lambda: authority(_certificate(key=ec.generate_private_key(ec.SECP384R1()))),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_record_that_breaks_a_rule_is_named_by_key_and_field(name: str) -> None:
    """Whoever keeps the directory is told which record, which field, which rule."""
    field, make = BAD[name]

    with pytest.raises(FieldInvalid) as caught:
        applied([make()])

    (path,) = caught.value.violations
    assert path.endswith(f".{field}")


def test_records_in_order_are_enrolled() -> None:
    """What keeps every rule gets in, whatever its kind."""
    records = [
        party("example-new", AUTHORITY, authority_type=POLICE_TYPE),
        _unit("cyber-2"),
        signer("officer-2", unit="cyber-2"),
        system("laptop"),
        encryption_key(),
        mandate(),
        authority(_certificate()),
        signing_key(SigningKey.generate(), "officer-2"),
    ]

    after = applied(records)

    assert len(after.records) == len(FIRST.records) + len(records)


def test_a_key_without_a_key() -> None:
    """A signing key of no bytes has no accepted form."""
    record = signing_key(SigningKey.generate())
    record.signing_key.public_key = b""

    with pytest.raises(Malformed):
        applied([record])


# --- CAs among one another -----------------------------------------------------------


def _refused_ca(der: bytes, party_id: str = POLICE) -> None:
    with pytest.raises(FieldInvalid) as caught:
        applied([authority(der, party_id)])

    (rule,) = set(caught.value.violations.values())
    assert rule == "a subject and a key id that no other CA has"


def test_a_ca_under_the_name_of_another() -> None:
    """In gRPC's bundle the second of one name breaks the first one's handshakes."""
    _refused_ca(ExampleCa.make(REGULATOR, OFFICE.now()).der)


def test_a_ca_with_the_key_id_of_another() -> None:
    """The subject key identifier leads to the issuer as well."""
    theirs = OFFICE.parties[REGULATOR].ca.certificate
    extension = theirs.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)

    _refused_ca(_certificate(key_id=extension.value.digest))


def test_the_certificate_of_another_party_s_ca() -> None:
    """A CA vouches for one party; the same certificate cannot be two parties'."""
    _refused_ca(OFFICE.parties[REGULATOR].ca.der)


def test_the_name_of_a_ca_that_has_ended_stays_taken() -> None:
    """Connections may live on that were made with it."""
    der = OFFICE.parties[REGULATOR].ca.der
    record = authority(der, REGULATOR)
    record.certificate_authority.status = pb.RECORD_STATUS_ENDED
    ended = applied([record])

    with pytest.raises(FieldInvalid):
        applied([authority(ExampleCa.make(REGULATOR, OFFICE.now()).der)], before=ended)


def test_a_second_ca_of_a_party_under_its_own_name() -> None:
    """A party changes its CA by enrolling the next one beside it."""
    der = _certificate(name="EXAMPLE next")

    after = applied([authority(der)])

    assert set(after.certificate_authorities(POLICE)) == {
        OFFICE.parties[POLICE].ca.der,
        der,
    }


# --- encryption keys among one another -----------------------------------------------


def test_at_most_four_active_sealing_keys() -> None:
    """Every section is sealed to all of them, so their number is bounded."""
    full = applied([encryption_key() for _ in range(3)])
    assert len(full.encryption_keys(POLICE)) == 4

    with pytest.raises(FieldInvalid) as caught:
        applied([encryption_key()], before=full)

    assert caught.value.violations == {
        f"party/{POLICE}.encryption_keys": "at most 4 active"
    }


def test_a_fifth_sealing_key_when_one_has_ended() -> None:
    """Only active keys count."""
    full = applied([encryption_key() for _ in range(3)])
    sealing = OFFICE.parties[POLICE].sealing
    old = existing(f"encryption-key/{POLICE}/{sealing.key_id.hex()}")
    old.encryption_key.status = pb.RECORD_STATUS_ENDED

    after = applied([old, encryption_key()], before=full)

    assert len(after.encryption_keys(POLICE)) == 4
    assert sealing.key_id not in after.encryption_keys(POLICE)


def test_other_parties_keys_do_not_count() -> None:
    """The limit is one party's."""
    records = [encryption_key(p) for p in (POLICE, MESSENGER, OPERATOR) for _ in "123"]

    after = applied(records)

    assert len(after.encryption_keys(POLICE)) == 4
