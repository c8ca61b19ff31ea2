"""Rules of form for directory records: each in itself, and among all others.

What stands in the directory is believed by everybody, so a record that could mean two
things, or that the rest of the protocol could not handle, never gets in: a seal that
also counts as a person, a fifth encryption key, a CA under a name that another CA has
(whose handshakes it would break).
"""

import re
from collections.abc import Iterable, Mapping
from itertools import groupby

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rogatory.envelope import NAME_PATTERN
from rogatory.errors import FieldInvalid
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2

MAX_ENCRYPTION_KEYS = 4
"""Active ones of a party: units, and one offline recovery key."""

MAX_CERTIFICATE_BYTES = 4 * 1024
MAX_NAME_BYTES = 256

ENCRYPTION_KEY_BYTES = 1_216
"""1,184 B ML-KEM-768 and 32 B X25519."""

_COUNTRY = re.compile(r"[A-Z]{2}")
_PROFILE_ID = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,62}")
_NAME_RULE = "1 to 63 of a-z, 0-9 and inner hyphens"
_CHOSEN = "a value other than UNSPECIFIED"
_SEAL = message_pb2.CAPACITY_SEAL
_ACTIVE = pb.RECORD_STATUS_ACTIVE

_NOT_WELL_FORMED = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises for bytes that are no certificate, or a strange one."""

Records = Mapping[str, pb.DirectoryRecord]
"""Record by record key."""


class _Violations:
    """Collects violations under record keys and fields."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self.key = ""

    def unless(self, holds: object, field: str, rule: str) -> None:
        if not holds:
            self.found.setdefault(f"{self.key}.{field}", rule)

    def name(self, value: str, field: str) -> None:
        self.unless(NAME_PATTERN.fullmatch(value), field, _NAME_RULE)

    def text(self, value: str, field: str) -> None:
        fits = 1 <= len(value.encode()) <= MAX_NAME_BYTES
        self.unless(fits, field, f"1 to {MAX_NAME_BYTES} bytes")

    def distinct(self, values: Iterable[object], field: str) -> None:
        listed = list(values)
        self.unless(len(set(listed)) == len(listed), field, "each once")

    def profiles(self, values: Iterable[str], field: str) -> None:
        listed = list(values)
        fit = all(_PROFILE_ID.fullmatch(value) for value in listed)
        self.unless(fit, field, "ids of profiles")
        self.distinct(listed, field)


def verify_records(changed: Records, records: Records) -> None:
    """Verify that new or replaced records are well formed and fit the others, or raise.

    Args:
        changed: The records of one statement.
        records: All records in force after it, these among them.

    Raises:
        FieldInvalid: They break a rule; each is named by record key and field.
    """
    check = _Violations()
    for key, record in changed.items():
        check.key = key
        kind = record.WhichOneof("record")
        if kind is None:
            raise AssertionError("a record without kind has no key")
        check.unless(getattr(record, kind).status, "status", _CHOSEN)
        check.name(getattr(record, kind).party, "party")
        _verify_alone(record, kind, check)
        if kind != "party":
            owner = f"party/{getattr(record, kind).party}"
            check.unless(owner in records, "party", "a party of the directory")
    if not check.found:
        _verify_together(changed, records, check)
    if check.found:
        raise FieldInvalid(check.found)


def _verify_alone(record: pb.DirectoryRecord, kind: str, check: _Violations) -> None:
    if kind == "party":
        _party(record.party, check)
    elif kind == "unit":
        check.name(record.unit.unit, "unit")
        check.text(record.unit.display_name, "display_name")
    elif kind == "certificate_authority":
        rule = f"a P-256 CA certificate of at most {MAX_CERTIFICATE_BYTES} bytes"
        found = _ca(record.certificate_authority.certificate)
        check.unless(found, "certificate", rule)
    elif kind == "system":
        check.name(record.system.system, "system")
    elif kind == "signer":
        _signer(record.signer, check)
    elif kind == "signing_key":
        check.name(record.signing_key.signer_id, "signer_id")
    elif kind == "encryption_key":
        _encryption_key(record.encryption_key, check)
    elif kind == "mandate":
        _mandate(record.mandate, check)


def _party(party: pb.PartyRecord, check: _Violations) -> None:
    check.unless(party.kind, "kind", _CHOSEN)
    is_authority = party.kind == pb.PARTY_KIND_AUTHORITY
    rule = "given for an authority, and for nobody else"
    check.unless(bool(party.authority_type) == is_authority, "authority_type", rule)
    check.unless(_COUNTRY.fullmatch(party.country), "country", "two capital letters")
    check.text(party.display_name, "display_name")
    check.profiles(party.competences, "competences")
    is_platform = party.kind == pb.PARTY_KIND_PLATFORM
    rule = "of a platform only"
    check.unless(is_platform or not party.legal_entities, "legal_entities", rule)
    check.distinct((entity.id for entity in party.legal_entities), "legal_entities")
    for i, entity in enumerate(party.legal_entities):
        where = f"legal_entities[{i}]"
        check.name(entity.id, f"{where}.id")
        check.text(entity.display_name, f"{where}.display_name")
        fits = _COUNTRY.fullmatch(entity.country)
        check.unless(fits, f"{where}.country", "two capital letters")
        for service in entity.services:
            check.name(service, f"{where}.services")
        check.distinct(entity.services, f"{where}.services")


def _signer(signer: pb.SignerRecord, check: _Violations) -> None:
    check.name(signer.signer_id, "signer_id")
    if signer.unit:
        check.name(signer.unit, "unit")
    capacities = list(signer.capacities)
    check.unless(
        capacities and all(capacities), "capacities", f"at least one; {_CHOSEN}"
    )
    check.distinct(capacities, "capacities")
    alone = _SEAL not in capacities or capacities == [_SEAL]
    check.unless(alone, "capacities", "of a seal: nothing else, it is no person")


def _encryption_key(key: pb.EncryptionKeyRecord, check: _Violations) -> None:
    fits = len(key.public_key) == ENCRYPTION_KEY_BYTES
    check.unless(fits, "public_key", f"{ENCRYPTION_KEY_BYTES} bytes")
    ordered = key.epoch_start_time.seconds < key.epoch_end_time.seconds
    check.unless(ordered, "epoch_end_time", "after epoch_start_time")


def _mandate(mandate: pb.MandateRecord, check: _Violations) -> None:
    check.name(mandate.mandate_id, "mandate_id")
    check.name(mandate.mandatary, "mandatary")
    other = mandate.mandatary != mandate.party
    check.unless(other, "mandatary", "another than the party that gives it")
    check.unless(mandate.profiles, "profiles", "at least one")
    check.profiles(mandate.profiles, "profiles")
    ordered = mandate.start_time.seconds < mandate.end_time.seconds
    check.unless(ordered, "end_time", "after start_time")


def _verify_together(changed: Records, records: Records, check: _Violations) -> None:
    for key, record in changed.items():
        check.key = key
        kind = record.WhichOneof("record")
        if kind == "signing_key":
            own = record.signing_key
            signer = f"signer/{own.party}/{own.signer_id}"
            check.unless(signer in records, "signer_id", "a signer of the directory")
        elif kind == "signer" and record.signer.unit:
            unit = f"unit/{record.signer.party}/{record.signer.unit}"
            check.unless(unit in records, "unit", "a unit of the directory")
    if any(record.HasField("certificate_authority") for record in changed.values()):
        _verify_authorities(changed, records, check)
    if any(record.HasField("encryption_key") for record in changed.values()):
        _verify_encryption_keys(records, check)


def _verify_authorities(changed: Records, records: Records, check: _Violations) -> None:
    """Refuse two CAs that TLS could take for one another, whatever their status."""
    seen: dict[bytes, str] = {}
    for key in sorted(records, key=lambda key: (key in changed, key)):
        if not records[key].HasField("certificate_authority"):
            continue
        found = _ca(records[key].certificate_authority.certificate)
        if found is None:
            raise AssertionError("a CA that is enrolled was verified")
        check.key = key
        for mark in _marks(found):
            taken = seen.setdefault(mark, key) != key
            rule = "a subject and a key id that no other CA has"
            check.unless(not taken, "certificate", rule)


def _verify_encryption_keys(records: Records, check: _Violations) -> None:
    owners = sorted(
        record.encryption_key.party
        for record in records.values()
        if record.HasField("encryption_key") and record.encryption_key.status == _ACTIVE
    )
    for owner, group in groupby(owners):
        check.key = f"party/{owner}"
        fits = len(list(group)) <= MAX_ENCRYPTION_KEYS
        check.unless(fits, "encryption_keys", f"at most {MAX_ENCRYPTION_KEYS} active")


def _ca(der: bytes) -> x509.Certificate | None:
    """Return a certificate that can be a party's CA, or None."""
    if len(der) > MAX_CERTIFICATE_BYTES:
        return None
    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        constraints = certificate.extensions.get_extension_for_class(
            x509.BasicConstraints
        )
    except _NOT_WELL_FORMED:
        return None
    p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(
        key.curve, ec.SECP256R1
    )
    return certificate if p256 and constraints.value.ca else None


def _marks(certificate: x509.Certificate) -> tuple[bytes, ...]:
    """Return what must be unique: the subject, and the subject key identifier."""
    try:
        extension = certificate.extensions.get_extension_for_class(
            x509.SubjectKeyIdentifier
        )
    except x509.ExtensionNotFound:
        spki = certificate.public_key().public_bytes(
            Encoding.DER, PublicFormat.SubjectPublicKeyInfo
        )
        mark = b"key " + spki
    else:
        mark = b"key id " + extension.value.digest
    return b"subject " + certificate.subject.public_bytes(), mark
