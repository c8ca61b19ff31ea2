"""Applying directory statements, with the rule of two signatures.

Giving power takes two: records of a party need two of its own registrars, or a
registrar of the operator together with a registrar of another party. Parties, their CAs
and their registrars always need the operator and another party. The first
statement vouches for itself: it is signed by registrars that it enrols, of the operator
and of at least one other party, and its fingerprint is compared by voice.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from rogatory.directory._directory import (
    Directory,
    directory_of,
    record_key,
    root_of_records,
)
from rogatory.directory._records import Records, verify_records
from rogatory.envelope import (
    DIRECTORY_TYPE,
    SigningKey,
    VerificationKey,
    parse_envelope,
    parse_payload,
    possession_statement,
    sign_payload,
    verify_signatories,
)
from rogatory.errors import (
    ApprovalMissing,
    ConsistencyInvalid,
    LimitExceeded,
    Malformed,
    RootMismatch,
    WrongOrigin,
)
from rogatory.v1 import directory_pb2, message_pb2
from rogatory.v1.directory_pb2 import DirectoryRecord

MAX_STATEMENT_RECORDS = 1_000
"""Records of one statement; more go into the next."""

_OPERATOR = directory_pb2.PARTY_KIND_OPERATOR
_REGISTRAR = message_pb2.CAPACITY_REGISTRAR
_TWO = 2


def apply_statement(directory: Directory, raw: bytes, index: int) -> Directory:
    """Verify a directory statement and return the directory after it, or raise.

    Args:
        directory: The directory before.
        raw: The statement's envelope, exact bytes.
        index: Its log index.

    Raises:
        Malformed: Envelope, statement or a record is not in its form.
        WrongOrigin: It is for another log.
        ConsistencyInvalid: It does not follow on the directory before.
        SignatureError: A signature or a proof of possession does not hold.
        ApprovalMissing: The signatories may not give this power.
        FieldInvalid: A record breaks a rule, alone or among the others.
        LimitExceeded: There are none, or more than 1,000 of them.
        RootMismatch: The records do not hash to the stated root.
    """
    envelope = parse_envelope(raw, payload_type=DIRECTORY_TYPE)
    statement = parse_payload(
        envelope.payload, directory_pb2.DirectoryStatement, thing="directory statement"
    )
    _require_next(directory, statement)
    encoded, changed = _parse_records(statement)
    records = {**directory.records, **encoded}
    if root_of_records(records) != statement.root:
        raise RootMismatch("directory statement", expected="the root of its records")
    parsed = {key: DirectoryRecord.FromString(records[key]) for key in records}
    verify_records(changed, parsed)
    after = directory_of(
        origin=directory.origin,
        sequence=statement.sequence,
        digest=envelope.digest,
        index=index,
        records=records,
        parsed=parsed,
    )
    _require_possession(directory, changed)
    voucher = after if directory.sequence < 0 else directory
    verify_signatories(envelope, statement.signatories, voucher.keys_of)
    first = directory.sequence < 0
    _require_power(voucher, statement.signatories, changed, first=first)
    return after


def build_statement(
    directory: Directory,
    records: Iterable[DirectoryRecord],
    *,
    create_time: datetime,
    signatories: Sequence[message_pb2.Signatory],
    keys: Sequence[SigningKey],
) -> bytes:
    """Build and sign the statement that follows on `directory`.

    Returns:
        The envelope's bytes.
    """
    encoded = {
        record_key(record): record.SerializeToString(deterministic=True)
        for record in records
    }
    statement = directory_pb2.DirectoryStatement(
        origin=directory.origin,
        sequence=directory.sequence + 1,
        previous=directory.digest,
        records=[encoded[key] for key in sorted(encoded)],
        root=root_of_records({**directory.records, **encoded}),
        signatories=signatories,
    )
    statement.create_time.FromDatetime(create_time)
    payload = statement.SerializeToString(deterministic=True)
    return sign_payload(payload, keys, payload_type=DIRECTORY_TYPE)


def _require_next(
    directory: Directory, statement: directory_pb2.DirectoryStatement
) -> None:
    if statement.origin != directory.origin:
        raise WrongOrigin(
            "directory statement", expected=directory.origin, got=statement.origin
        )
    if statement.sequence != directory.sequence + 1:
        raise ConsistencyInvalid(
            "directory statement",
            expected=f"sequence {directory.sequence + 1}",
            got=str(statement.sequence),
        )
    if statement.previous != directory.digest:
        raise ConsistencyInvalid(
            "directory statement", expected="the digest of the statement before"
        )


def _parse_records(
    statement: directory_pb2.DirectoryStatement,
) -> tuple[dict[str, bytes], dict[str, DirectoryRecord]]:
    """Return the statement's records by key: their bytes, and what they say."""
    if not 1 <= len(statement.records) <= MAX_STATEMENT_RECORDS:
        raise LimitExceeded(
            "directory statement",
            expected=f"1 to {MAX_STATEMENT_RECORDS} records",
            got=str(len(statement.records)),
        )
    encoded: dict[str, bytes] = {}
    changed: dict[str, DirectoryRecord] = {}
    for raw in statement.records:
        record = parse_payload(raw, DirectoryRecord, thing="directory record")
        key = record_key(record)
        if key in changed:
            raise Malformed("directory statement", expected="each record once")
        encoded[key], changed[key] = raw, record
    return encoded, changed


def _require_possession(directory: Directory, changed: Records) -> None:
    """Every new key proves that its signer holds it, and keeps its signer for ever."""
    for key, record in changed.items():
        if record.WhichOneof("record") != "signing_key":
            continue
        new = record.signing_key
        before = directory.records.get(key)
        if before is not None:
            old = DirectoryRecord.FromString(before).signing_key
            if (old.party, old.signer_id) != (new.party, new.signer_id):
                raise ConsistencyInvalid(
                    "signing key", expected="the signer it was enrolled for"
                )
        public = VerificationKey.parse(new.public_key)
        if public.algorithm != new.algorithm:
            raise Malformed("signing key", expected="the algorithm of the key itself")
        stated = possession_statement(
            directory.origin, new.party, new.signer_id, new.public_key
        )
        public.verify(stated, new.proof_of_possession, thing="proof of possession")


def _require_power(
    voucher: Directory,
    signatories: Iterable[message_pb2.Signatory],
    changed: Records,
    *,
    first: bool,
) -> None:
    registrars = [s.party for s in signatories if s.capacity == _REGISTRAR]
    operators = {p for p in registrars if _kind(voucher, p) == _OPERATOR}
    others = set(registrars) - operators
    if operators and others:
        return
    if first:
        raise ApprovalMissing(
            "first directory statement",
            expected="registrars of the operator and of another party",
        )
    for key, record in sorted(changed.items()):
        owner = _owner(record)
        if _makes_a_registrar(record) or registrars.count(owner) < _TWO:
            expected = "registrars of the operator and of another party"
            if not _makes_a_registrar(record):
                expected = f"two registrars of {owner}, or {expected}"
            raise ApprovalMissing(f"record {key}", expected=expected)


def _makes_a_registrar(record: DirectoryRecord) -> bool:
    """Tell whether a record gives the power over a party's other records."""
    return (
        record.WhichOneof("record") in ("party", "certificate_authority")
        or _REGISTRAR in record.signer.capacities
    )


def _kind(directory: Directory, party: str) -> directory_pb2.PartyKind.ValueType | None:
    record = directory.party(party)
    return record.kind if record else None


def _owner(record: DirectoryRecord) -> str:
    kind = record.WhichOneof("record")
    if kind is None:
        raise AssertionError("a record without kind has no key")
    owner: str = getattr(record, kind).party
    return owner
