"""The directory at one point of the log: records by key, and what they mean.

"Active" is a record's status at a log index, never a question of clocks.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from rogatory.envelope import VerificationKey, key_id_of
from rogatory.errors import Malformed, UnknownSigner
from rogatory.tlog import leaf_hash, root_of_hashes
from rogatory.v1 import directory_pb2, message_pb2

_ACTIVE = directory_pb2.RECORD_STATUS_ACTIVE


def record_key(record: directory_pb2.DirectoryRecord) -> str:
    """Return the key under which a record stands.

    Raises:
        Malformed: It has no kind.
    """
    kind = record.WhichOneof("record")
    if kind is None:
        raise Malformed("directory record", expected="one of the kinds of the schema")
    return _KEYS[kind](record)


_KEYS: Mapping[str, Callable[[directory_pb2.DirectoryRecord], str]] = {
    "party": lambda r: f"party/{r.party.party}",
    "unit": lambda r: f"unit/{r.unit.party}/{r.unit.unit}",
    "certificate_authority": lambda r: (
        f"ca/{r.certificate_authority.party}/"
        + hashlib.sha256(r.certificate_authority.certificate).hexdigest()
    ),
    "system": lambda r: f"system/{r.system.party}/{r.system.system}",
    "signer": lambda r: f"signer/{r.signer.party}/{r.signer.signer_id}",
    "signing_key": lambda r: f"signing-key/{key_id_of(r.signing_key.public_key).hex()}",
    "encryption_key": lambda r: (
        f"encryption-key/{r.encryption_key.party}/"
        + _encryption_key_id(r.encryption_key).hex()
    ),
    "mandate": lambda r: f"mandate/{r.mandate.party}/{r.mandate.mandate_id}",
}


def _encryption_key_id(key: directory_pb2.EncryptionKeyRecord) -> bytes:
    return hashlib.sha256(b"rogatory/v1/hpke\n" + key.public_key).digest()


def root_of_records(records: Mapping[str, bytes]) -> bytes:
    """Return the RFC 6962 root over the records' bytes, sorted by key."""
    return root_of_hashes([leaf_hash(records[key]) for key in sorted(records)])


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
    _view: _View = field(default_factory=_View)

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
        """Return an active mandate given by an active party, or None."""
        if party not in self._view.parties:
            return None
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


def directory_of(
    *,
    origin: str,
    sequence: int,
    digest: bytes,
    index: int,
    records: Mapping[str, bytes],
    parsed: Mapping[str, directory_pb2.DirectoryRecord],
) -> Directory:
    """Build a directory from records that were verified.

    Args:
        origin: Origin of the log.
        sequence: Number of the newest statement.
        digest: SHA-256 of its envelope.
        index: Its log index.
        records: Every record's bytes by record key.
        parsed: The same records.

    Raises:
        Malformed: A signing key is not in its accepted form.
    """
    view = _View()
    for key in sorted(parsed):
        record = parsed[key]
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
        own = view.encryption_keys.setdefault(sealing.party, {})
        own[_encryption_key_id(sealing)] = sealing.public_key
    elif kind == "mandate":
        mandate = record.mandate
        view.mandates[mandate.party, mandate.mandate_id] = mandate
