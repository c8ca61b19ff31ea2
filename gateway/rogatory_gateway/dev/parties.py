"""The made-up parties of development, and their first directory statement.

No real authority or platform: ids begin with `example-`, the country is XX, and the
names say that they are made up.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from rogatory.directory import (
    Directory,
    ProfileSet,
    apply_statement,
    build_profiles,
    build_statement,
)
from rogatory.envelope import SigningKey, possession_statement
from rogatory.profiles import shipped
from rogatory.sealing import EncryptionPrivateKey
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from rogatory_gateway.dev.pki import ExampleCa

OPERATOR = "example-operator"
REGULATOR = "example-regulator"
POLICE = "example-police"
PROSECUTOR = "example-prosecutor"
MESSENGER = "example-messenger"
AUDITOR = "example-auditor"
SYSTEM = "desk"
_EPOCH = timedelta(days=90)
_SEED_BYTES = 32

_ISSUER = message_pb2.CAPACITY_ISSUER
_REQUESTER = message_pb2.CAPACITY_REQUESTER
_VALIDATOR = message_pb2.CAPACITY_VALIDATOR
_COUNSEL = message_pb2.CAPACITY_COUNSEL
_REGISTRAR = message_pb2.CAPACITY_REGISTRAR
_AUDITOR = message_pb2.CAPACITY_AUDITOR
_SEAL = message_pb2.CAPACITY_SEAL
_ACTIVE = pb.RECORD_STATUS_ACTIVE


@dataclass(frozen=True, slots=True)
class ExampleSigner:
    """A made-up signer with its key."""

    signer_id: str
    capacities: tuple[message_pb2.Capacity.ValueType, ...]
    unit: str = ""
    key: SigningKey = field(default_factory=SigningKey.generate)


@dataclass(frozen=True, slots=True)
class ExampleParty:
    """A made-up party with its keys.

    Attributes:
        record: What the directory says of it.
        unit: Its unit; empty if none.
        signers: Its signers.
        ca: Its CA.
        sealing: Its key for sealed sections.
    """

    record: pb.PartyRecord
    unit: str
    signers: tuple[ExampleSigner, ...]
    ca: ExampleCa
    sealing: EncryptionPrivateKey

    @property
    def party(self) -> str:
        """Its id."""
        return self.record.party

    def signer(self, signer_id: str) -> ExampleSigner:
        """Return one of its signers."""
        return next(s for s in self.signers if s.signer_id == signer_id)

    def records(self, origin: str, now: datetime) -> Iterator[pb.DirectoryRecord]:
        """Yield its directory records."""
        yield pb.DirectoryRecord(party=self.record)
        if self.unit:
            yield pb.DirectoryRecord(
                unit=pb.UnitRecord(
                    party=self.party,
                    unit=self.unit,
                    display_name=f"Made-up unit {self.unit}",
                    status=_ACTIVE,
                )
            )
        yield pb.DirectoryRecord(
            certificate_authority=pb.CertificateAuthorityRecord(
                party=self.party, certificate=self.ca.der, status=_ACTIVE
            )
        )
        yield pb.DirectoryRecord(
            system=pb.SystemRecord(party=self.party, system=SYSTEM, status=_ACTIVE)
        )
        sealing = pb.EncryptionKeyRecord(
            party=self.party, public_key=self.sealing.public_key, status=_ACTIVE
        )
        sealing.epoch_start_time.FromDatetime(now)
        sealing.epoch_end_time.FromDatetime(now + _EPOCH)
        yield pb.DirectoryRecord(encryption_key=sealing)
        for signer in self.signers:
            yield from self._signer_records(signer, origin)

    def _signer_records(
        self, signer: ExampleSigner, origin: str
    ) -> Iterator[pb.DirectoryRecord]:
        yield pb.DirectoryRecord(
            signer=pb.SignerRecord(
                party=self.party,
                signer_id=signer.signer_id,
                unit=signer.unit,
                capacities=signer.capacities,
                status=_ACTIVE,
            )
        )
        public = signer.key.public
        stated = possession_statement(origin, self.party, signer.signer_id, public.spki)
        yield pb.DirectoryRecord(
            signing_key=pb.SigningKeyRecord(
                party=self.party,
                signer_id=signer.signer_id,
                algorithm=public.algorithm,
                public_key=public.spki,
                proof_of_possession=signer.key.sign(stated),
                status=_ACTIVE,
            )
        )


def make_parties(now: datetime) -> dict[str, ExampleParty]:
    """Make every party with new keys."""

    def party(
        party_id: str,
        kind: pb.PartyKind.ValueType,
        signers: tuple[ExampleSigner, ...],
        *,
        unit: str = "",
        **facts: object,
    ) -> ExampleParty:
        name = party_id.removeprefix("example-")
        record = pb.PartyRecord(
            party=party_id,
            kind=kind,
            country="XX",
            display_name=f"Example {name} (made up)",
            status=_ACTIVE,
            **facts,  # type: ignore[arg-type]
        )
        seal = ExampleSigner("seal", (_SEAL,))
        return ExampleParty(
            record,
            unit,
            (*signers, seal),
            ExampleCa.make(party_id, now),
            EncryptionPrivateKey.from_seed(os.urandom(_SEED_BYTES)),
        )

    registrars = ("registrar-1", "registrar-2")

    def with_registrars(*signers: ExampleSigner) -> tuple[ExampleSigner, ...]:
        return (*signers, *(ExampleSigner(r, (_REGISTRAR,)) for r in registrars))

    authority, platform = pb.PARTY_KIND_AUTHORITY, pb.PARTY_KIND_PLATFORM
    entity = pb.LegalEntity(
        id="messenger-eu",
        display_name="Example messenger EU (made up)",
        country="XX",
        services=["chat", "channels"],
    )
    made = [
        party(OPERATOR, pb.PARTY_KIND_OPERATOR, with_registrars()),
        party(
            REGULATOR,
            authority,
            with_registrars(
                ExampleSigner("clerk-1", (_ISSUER, _REQUESTER), "online-harms")
            ),
            unit="online-harms",
            authority_type=pb.AUTHORITY_TYPE_REGULATOR,
            competences=["KR.CORRECTION"],
        ),
        party(
            POLICE,
            authority,
            with_registrars(ExampleSigner("officer-1", (_ISSUER, _REQUESTER), "cyber")),
            unit="cyber",
            authority_type=pb.AUTHORITY_TYPE_POLICE,
            competences=["XX.SUBSCRIBER"],
        ),
        party(
            PROSECUTOR,
            authority,
            with_registrars(ExampleSigner("prosecutor-1", (_VALIDATOR,))),
            authority_type=pb.AUTHORITY_TYPE_PROSECUTOR,
        ),
        party(
            MESSENGER,
            platform,
            with_registrars(ExampleSigner("counsel-1", (_COUNSEL,))),
            legal_entities=[entity],
        ),
        party(
            AUDITOR,
            pb.PARTY_KIND_AUDITOR,
            with_registrars(ExampleSigner("auditor-1", (_AUDITOR,))),
        ),
    ]
    return {each.party: each for each in made}


def first_statements(
    parties: dict[str, ExampleParty], origin: str, now: datetime
) -> tuple[bytes, bytes]:
    """Return the envelopes of the first directory and profiles statements."""
    vouching = [
        (OPERATOR, "registrar-1"),
        (REGULATOR, "registrar-1"),
    ]
    signatories = [
        message_pb2.Signatory(party=p, signer_id=s, capacity=_REGISTRAR)
        for p, s in vouching
    ]
    keys = [parties[p].signer(s).key for p, s in vouching]
    before = Directory(origin)
    directory = build_statement(
        before,
        [r for each in parties.values() for r in each.records(origin, now)],
        create_time=now,
        signatories=signatories,
        keys=keys,
    )
    profiles = build_profiles(
        ProfileSet(origin),
        shipped().values(),
        create_time=now,
        signatories=signatories,
        keys=keys,
    )
    apply_statement(before, directory, 1)  # what does not verify is never written
    return directory, profiles
