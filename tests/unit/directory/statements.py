"""Directory statements that are in order, or wrong in one way."""

import os
from collections.abc import Callable, Iterable, Sequence

from rogatory.directory import Directory, apply_statement, build_statement
from rogatory.envelope import (
    DIRECTORY_TYPE,
    SigningKey,
    parse_envelope,
    possession_statement,
    sign_payload,
)
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from rogatory_gateway.dev.parties import MESSENGER, OPERATOR, POLICE, REGULATOR
from rogatory_gateway.dev.workspace import ORIGIN
from tests.support.messages import Office, Who

REGISTRAR = message_pb2.CAPACITY_REGISTRAR
ACTIVE = pb.RECORD_STATUS_ACTIVE


def registrar(party: str, number: int = 1) -> Who:
    """Return one of a party's two registrars."""
    return (party, f"registrar-{number}", REGISTRAR)


OPERATOR_AND_OTHER = [registrar(OPERATOR), registrar(REGULATOR)]
OWN_TWO = [registrar(POLICE), registrar(POLICE, 2)]
Change = Callable[[pb.DirectoryStatement], object]

OFFICE = Office()
FIRST = apply_statement(Directory(ORIGIN), OFFICE.statements[0], 1)
"""The directory after its first statement."""


def statement(
    records: Iterable[pb.DirectoryRecord],
    *,
    who: Sequence[Who] = OPERATOR_AND_OTHER,
    before: Directory = FIRST,
    keys: Sequence[SigningKey] | None = None,
    change: Change | None = None,
) -> bytes:
    """Build the next statement; `change` spoils it before it is signed."""
    signatories = [
        message_pb2.Signatory(party=p, signer_id=s, capacity=c) for p, s, c in who
    ]
    signing = [OFFICE.key(each) for each in who] if keys is None else keys
    raw = build_statement(
        before,
        records,
        create_time=OFFICE.now(),
        signatories=signatories,
        keys=signing,
    )
    if change is None:
        return raw
    made = statement_of(raw)
    change(made)
    payload = made.SerializeToString(deterministic=True)
    return sign_payload(payload, signing, payload_type=DIRECTORY_TYPE)


def statement_of(raw: bytes) -> pb.DirectoryStatement:
    """Return what an envelope says."""
    payload = parse_envelope(raw, payload_type=DIRECTORY_TYPE).payload
    return pb.DirectoryStatement.FromString(payload)


def applied(
    records: Iterable[pb.DirectoryRecord],
    *,
    who: Sequence[Who] = OPERATOR_AND_OTHER,
    before: Directory = FIRST,
) -> Directory:
    """Return the directory after records were logged."""
    return apply_statement(before, statement(records, who=who, before=before), 7)


# --- records -------------------------------------------------------------------------


def system(
    name: str = "laptop",
    party: str = POLICE,
    status: pb.RecordStatus.ValueType = ACTIVE,
) -> pb.DirectoryRecord:
    """Return a record of a machine."""
    return pb.DirectoryRecord(
        system=pb.SystemRecord(party=party, system=name, status=status)
    )


def signer(
    signer_id: str = "officer-2",
    party: str = POLICE,
    *capacities: message_pb2.Capacity.ValueType,
    unit: str = "",
    status: pb.RecordStatus.ValueType = ACTIVE,
) -> pb.DirectoryRecord:
    """Return a record of a person; an issuer unless told otherwise."""
    return pb.DirectoryRecord(
        signer=pb.SignerRecord(
            party=party,
            signer_id=signer_id,
            unit=unit,
            capacities=capacities or [message_pb2.CAPACITY_ISSUER],
            status=status,
        )
    )


def signing_key(
    key: SigningKey,
    signer_id: str = "officer-1",
    party: str = POLICE,
    *,
    proven_for: tuple[str, str] | None = None,
    origin: str = ORIGIN,
    status: pb.RecordStatus.ValueType = ACTIVE,
) -> pb.DirectoryRecord:
    """Return a record of a key; `proven_for` spoils its proof of possession."""
    proven_party, proven_signer = proven_for or (party, signer_id)
    public = key.public
    stated = possession_statement(origin, proven_party, proven_signer, public.spki)
    return pb.DirectoryRecord(
        signing_key=pb.SigningKeyRecord(
            party=party,
            signer_id=signer_id,
            algorithm=public.algorithm,
            public_key=public.spki,
            proof_of_possession=key.sign(stated),
            status=status,
        )
    )


def encryption_key(
    party: str = POLICE,
    *,
    public_key: bytes = b"",
    status: pb.RecordStatus.ValueType = ACTIVE,
) -> pb.DirectoryRecord:
    """Return a record of a key for sealing."""
    record = pb.EncryptionKeyRecord(
        party=party, public_key=public_key or os.urandom(1_216), status=status
    )
    record.epoch_start_time.FromSeconds(1_700_000_000)
    record.epoch_end_time.FromSeconds(1_800_000_000)
    return pb.DirectoryRecord(encryption_key=record)


def party(
    party_id: str = "example-new",
    kind: pb.PartyKind.ValueType = pb.PARTY_KIND_AUDITOR,
    **facts: object,
) -> pb.DirectoryRecord:
    """Return a record of a party."""
    fields: dict[str, object] = {
        "country": "XX",
        "display_name": "Example (made up)",
        "status": ACTIVE,
        **facts,
    }
    record = pb.PartyRecord(party=party_id, kind=kind, **fields)  # type: ignore[arg-type]
    return pb.DirectoryRecord(party=record)


def authority(der: bytes, party: str = POLICE) -> pb.DirectoryRecord:
    """Return a record of a CA."""
    return pb.DirectoryRecord(
        certificate_authority=pb.CertificateAuthorityRecord(
            party=party, certificate=der, status=ACTIVE
        )
    )


def mandate(
    mandatary: str = POLICE, party: str = REGULATOR, start: int = 1, end: int = 2
) -> pb.DirectoryRecord:
    """Return a record of a mandate."""
    record = pb.MandateRecord(
        party=party,
        mandate_id="mandate-1",
        mandatary=mandatary,
        profiles=["KR.CORRECTION"],
        status=ACTIVE,
    )
    record.start_time.FromSeconds(1_700_000_000 + start)
    record.end_time.FromSeconds(1_700_000_000 + end)
    return pb.DirectoryRecord(mandate=record)


def existing(key: str, directory: Directory = FIRST) -> pb.DirectoryRecord:
    """Return a record as it stands."""
    return pb.DirectoryRecord.FromString(directory.records[key])


__all__ = ["MESSENGER", "OPERATOR", "ORIGIN", "POLICE", "REGULATOR"]
