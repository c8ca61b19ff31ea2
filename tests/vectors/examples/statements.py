"""The first directory and profiles statements of a log."""

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from rogatory.directory import (
    Directory,
    ProfileSet,
    apply_profiles,
    apply_statement,
    build_profiles,
    build_statement,
    record_key,
    root_of_records,
)
from rogatory.envelope import SigningKey
from rogatory.tlog import leaf_hash
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from tests.vectors.examples.common import (
    ANSWERS,
    ASKS,
    NOW,
    OPERATOR,
    ORIGIN,
    UNIX,
    Json,
    sha256,
)
from tests.vectors.examples.keys import (
    CLERK,
    COUNSEL,
    REGISTRAR_1,
    REGISTRAR_2,
    SEALING,
    p256_key,
    possession,
)

ACTIVE = pb.RECORD_STATUS_ACTIVE

PROFILE = """\
# Made up for the worked examples: no such law exists.
format = "rogatory-profile/v1"
id = "XX.REMOVAL"
country = "XX"

[title]
en = "Removal (made-up law of the made-up country XX)"
fr = "Retrait (loi imaginaire du pays imaginaire XX)"
ko = "삭제 (가상의 국가 XX의 가상 법률)"

[citation]
text = "Made-up Act on Removal of XX, section 1"
confidence = "made_up"
source = "made up for the worked examples"

[valid_from]
time = 2020-01-01T00:00:00Z
confidence = "made_up"
source = "made up for the worked examples"

[[rule]]
kind = "removal_request"
from = "authority"
authority_types = ["regulator"]
classifications = "any"
required_sections = ["items"]
confidence = "made_up"
source = "made up for the worked examples"

[[rule.approvals]]
capacity = "issuer"
count = 1
authority_types = ["regulator"]
confidence = "made_up"
source = "made up for the worked examples"

[[rule]]
kind = "removal_report"
from = "platform"
confidence = "made_up"
source = "made up for the worked examples"

[[rule.approvals]]
capacity = "counsel"
count = 1
confidence = "made_up"
source = "made up for the worked examples"
""".encode()


def example_ca() -> bytes:
    """Return the DER certificate of a made-up CA."""
    key = p256_key("ca of the regulator")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "EXAMPLE ONLY")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def people() -> list[tuple[str, str, str, message_pb2.Capacity.ValueType, SigningKey]]:
    """Return (party, signer id, unit, capacity, key) of every signer."""
    return [
        (OPERATOR, "registrar-1", "", message_pb2.CAPACITY_REGISTRAR, REGISTRAR_1),
        (ASKS, "registrar-1", "", message_pb2.CAPACITY_REGISTRAR, REGISTRAR_2),
        (ASKS, "clerk-1", "online-harms", message_pb2.CAPACITY_ISSUER, CLERK),
        (ANSWERS, "counsel-1", "", message_pb2.CAPACITY_COUNSEL, COUNSEL),
    ]


def example_records(ca: bytes) -> list[pb.DirectoryRecord]:
    """Return at least one record of every kind."""
    common = {"country": "XX", "status": ACTIVE}
    parties = [
        pb.PartyRecord(
            party=OPERATOR,
            kind=pb.PARTY_KIND_OPERATOR,
            display_name="Example operator (made up)",
            **common,  # type: ignore[arg-type]
        ),
        pb.PartyRecord(
            party=ASKS,
            kind=pb.PARTY_KIND_AUTHORITY,
            authority_type=pb.AUTHORITY_TYPE_REGULATOR,
            display_name="Example regulator (made up)",
            competences=["XX.REMOVAL"],
            **common,  # type: ignore[arg-type]
        ),
        pb.PartyRecord(
            party=ANSWERS,
            kind=pb.PARTY_KIND_PLATFORM,
            display_name="Example messenger (made up)",
            **common,  # type: ignore[arg-type]
        ),
    ]
    records = [pb.DirectoryRecord(party=each) for each in parties]
    unit = pb.UnitRecord(
        party=ASKS, unit="online-harms", display_name="Made-up unit", status=ACTIVE
    )
    authority = pb.CertificateAuthorityRecord(party=ASKS, certificate=ca, status=ACTIVE)
    mandate = pb.MandateRecord(
        party=ANSWERS,
        mandate_id="night-desk",
        mandatary=ASKS,
        profiles=["XX.REMOVAL"],
        status=ACTIVE,
    )
    mandate.start_time.FromSeconds(UNIX)
    mandate.end_time.FromSeconds(UNIX + 86_400)
    records += [
        pb.DirectoryRecord(unit=unit),
        pb.DirectoryRecord(certificate_authority=authority),
        pb.DirectoryRecord(
            system=pb.SystemRecord(party=ASKS, system="desk", status=ACTIVE)
        ),
        pb.DirectoryRecord(mandate=mandate),
    ]
    for party, sealing_key in SEALING.items():
        sealing = pb.EncryptionKeyRecord(
            party=party, public_key=sealing_key.public_key, status=ACTIVE
        )
        sealing.epoch_start_time.FromSeconds(UNIX)
        sealing.epoch_end_time.FromSeconds(UNIX + 90 * 86_400)
        records.append(pb.DirectoryRecord(encryption_key=sealing))
    for party, signer_id, unit_id, capacity, key in people():
        signer = pb.SignerRecord(
            party=party,
            signer_id=signer_id,
            unit=unit_id,
            capacities=[capacity],
            status=ACTIVE,
        )
        public = pb.SigningKeyRecord(
            party=party,
            signer_id=signer_id,
            algorithm=key.public.algorithm,
            public_key=key.public.spki,
            proof_of_possession=possession(party, signer_id, key),
            status=ACTIVE,
        )
        records += [
            pb.DirectoryRecord(signer=signer),
            pb.DirectoryRecord(signing_key=public),
        ]
    return records


def make_statements() -> Json:
    """Return the first directory and profiles statements of a log."""
    ca = example_ca()
    records = example_records(ca)
    signatories = [
        message_pb2.Signatory(
            party=party,
            signer_id="registrar-1",
            capacity=message_pb2.CAPACITY_REGISTRAR,
        )
        for party in (OPERATOR, ASKS)
    ]
    keys = [REGISTRAR_1, REGISTRAR_2]
    before = Directory(ORIGIN)
    first = build_statement(
        before, records, create_time=NOW, signatories=signatories, keys=keys
    )
    directory = apply_statement(before, first, 1)
    none = ProfileSet(ORIGIN)
    profiles = build_profiles(
        none, [PROFILE], create_time=NOW, signatories=signatories, keys=keys
    )
    apply_profiles(none, directory, profiles, 2)
    encoded = {
        record_key(record): record.SerializeToString(deterministic=True)
        for record in records
    }
    assert directory.records == encoded
    return {
        "origin": ORIGIN,
        "ca": ca.hex(),
        "records": [
            {
                "key": key,
                "record": encoded[key].hex(),
                "leaf": leaf_hash(encoded[key]).hex(),
            }
            for key in sorted(encoded)
        ],
        "root": root_of_records(encoded).hex(),
        "directory_envelope": first.hex(),
        "directory_digest": sha256(first),
        "profile": PROFILE.hex(),
        "profile_digest": sha256(PROFILE),
        "profiles_envelope": profiles.hex(),
        "profiles_digest": sha256(profiles),
    }
