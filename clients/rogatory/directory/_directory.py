"""The directory at one point of the log: records by key, and what they mean.

"Active" is a record's status at a log index, never a question of clocks.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from rogatory.envelope import VerificationKey, key_id_of
from rogatory.errors import Malformed, UnknownSigner
from rogatory.tlog import leaf_hash, root_of_hashes
from rogatory.v1 import directory_pb2, message_pb2

_ACTIVE = directory_pb2.RECORD_STATUS_ACTIVE
_ENCRYPTION_KEY_BYTES = 1_216


def record_key(record: directory_pb2.DirectoryRecord) -> str:
    """Return the key under which a record stands.

    Raises:
        Malformed: It has no kind.
    """
    kind = record.WhichOneof("record")
    if kind == "party":
        return f"party/{record.party.party}"
    if kind == "unit":
        return f"unit/{record.unit.party}/{record.unit.unit}"
    if kind == "certificate_authority":
        authority = record.certificate_authority
        digest = hashlib.sha256(authority.certificate).hexdigest()
        return f"ca/{authority.party}/{digest}"
    if kind == "system":
        return f"system/{record.system.party}/{record.system.system}"
    if kind == "signer":
        return f"signer/{record.signer.party}/{record.signer.signer_id}"
    if kind == "signing_key":
        return f"signing-key/{key_id_of(record.signing_key.public_key).hex()}"
    if kind == "encryption_key":
        key = record.encryption_key
        return f"encryption-key/{key.party}/{_encryption_key_id(key).hex()}"
    if kind == "mandate":
        return f"mandate/{record.mandate.party}/{record.mandate.mandate_id}"
    raise Malformed("directory record", expected="one of the kinds of the schema")


def _encryption_key_id(key: directory_pb2.EncryptionKeyRecord) -> bytes:
    return hashlib.sha256(b"rogatory/v1/hpke\n" + key.public_key).digest()


def root_of_records(records: Mapping[str, bytes]) -> bytes:
    """Return the RFC 6962 root over the records' bytes, sorted by key."""
    return root_of_hashes([leaf_hash(records[key]) for key in sorted(records)])


@dataclass(frozen=True, slots=True)
class Directory:
    """The directory after one statement.

    Attributes:
        origin: Origin of the log it belongs to.
        sequence: Number of the newest statement; -1 before the first.
        digest: SHA-256 of the newest statement's envelope; empty before the first.
        index: Log index of the newest statement; None before the first.
        records: Every record's bytes by record key.
    """

    origin: str
    sequence: int = -1
    digest: bytes = b""
    index: int | None = None
    records: Mapping[str, bytes] = field(default_factory=dict)
    _view: "_View" = field(default_factory=lambda: _View())

    def party(self, party: str) -> directory_pb2.PartyRecord | None:
        """Return an active party, or None."""
        return self._view.parties.get(party)

    def parties(self) -> Mapping[str, directory_pb2.PartyRecord]:
        """Return the active parties by id."""
        return self._view.parties

    def system_is_active(self, party: str, system: str) -> bool:
        """Tell whether the party is active and has this active system."""
        return party in self._view.parties and (party, system) in self._view.systems

    def certificate_authorities(self, party: str) -> tuple[bytes, ...]:
        """Return the DER certificates of the party's active CAs."""
        return tuple(self._view.authorities.get(party, ()))

    def encryption_keys(self, party: str) -> Mapping[bytes, bytes]:
        """Return the party's active public keys for sealing, by key id."""
        return self._view.encryption_keys.get(party, {})

    def signer(self, party: str, signer_id: str) -> directory_pb2.SignerRecord | None:
        """Return an active signer of an active party, or None."""
        if party not in self._view.parties:
            return None
        return self._view.signers.get((party, signer_id))

    def mandate(
        self, party: str, mandate_id: str
    ) -> directory_pb2.MandateRecord | None:
        """Return an active mandate given by `party`, or None."""
        return self._view.mandates.get((party, mandate_id))

    def keys_of(
        self, signatory: message_pb2.Signatory
    ) -> Mapping[bytes, VerificationKey]:
        """Return the active keys of a signer who has the named capacity.

        Raises:
            UnknownSigner: There is no such active signer, or not in that capacity.
        """
        who = f"{signatory.party}/{signatory.signer_id}"
        signer = self.signer(signatory.party, signatory.signer_id)
        if signer is None:
            raise UnknownSigner(f"signer {who}", expected="an active signer")
        if signatory.capacity not in signer.capacities:
            name = message_pb2.Capacity.Name(signatory.capacity)
            name = name.removeprefix("CAPACITY_").lower()
            raise UnknownSigner(
                f"signer {who}", expected=f"somebody enrolled as {name}"
            )
        return self._view.keys.get((signatory.party, signatory.signer_id), {})


@dataclass(slots=True)
class _View:
    """Active records, ready for look-up."""

    parties: dict[str, directory_pb2.PartyRecord] = field(default_factory=dict)
    systems: set[tuple[str, str]] = field(default_factory=set)
    authorities: dict[str, list[bytes]] = field(default_factory=dict)
    signers: dict[tuple[str, str], directory_pb2.SignerRecord] = field(
        default_factory=dict
    )
    keys: dict[tuple[str, str], dict[bytes, VerificationKey]] = field(
        default_factory=dict
    )
    encryption_keys: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    mandates: dict[tuple[str, str], directory_pb2.MandateRecord] = field(
        default_factory=dict
    )


def directory_of(
    origin: str,
    sequence: int,
    digest: bytes,
    index: int,
    records: Mapping[str, bytes],
) -> Directory:
    """Build a directory from records that were verified.

    Raises:
        Malformed: A record's key material is not in its accepted form.
    """
    view = _View()
    for key in sorted(records):
        record = directory_pb2.DirectoryRecord.FromString(records[key])
        kind = record.WhichOneof("record")
        if kind is not None and getattr(record, kind).status == _ACTIVE:
            _enter(view, record, kind)
    return Directory(origin, sequence, digest, index, records, view)


def _enter(view: _View, record: directory_pb2.DirectoryRecord, kind: str) -> None:
    if kind == "party":
        view.parties[record.party.party] = record.party
    elif kind == "system":
        view.systems.add((record.system.party, record.system.system))
    elif kind == "certificate_authority":
        authority = record.certificate_authority
        view.authorities.setdefault(authority.party, []).append(authority.certificate)
    elif kind == "signer":
        signer = record.signer
        view.signers[signer.party, signer.signer_id] = signer
    elif kind == "signing_key":
        key = VerificationKey.parse(record.signing_key.public_key)
        owner = (record.signing_key.party, record.signing_key.signer_id)
        view.keys.setdefault(owner, {})[key.key_id] = key
    elif kind == "encryption_key":
        sealing = record.encryption_key
        if len(sealing.public_key) != _ENCRYPTION_KEY_BYTES:
            got = f"{len(sealing.public_key)} B"
            expected = f"{_ENCRYPTION_KEY_BYTES} B"
            raise Malformed("encryption key", expected=expected, got=got)
        own = view.encryption_keys.setdefault(sealing.party, {})
        own[_encryption_key_id(sealing)] = sealing.public_key
    elif kind == "mandate":
        mandate = record.mandate
        view.mandates[mandate.party, mandate.mandate_id] = mandate
