"""A gateway in this process, with made-up parties that can send whatever bytes we like.

Tests of bad input need to build what no client of ours would build, so this speaks the
wire: messages from keyword arguments, envelopes from keys, plain gRPC stubs over real
mutual TLS on loopback ports.
"""

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from rogatory.envelope import MESSAGE_TYPE, SigningKey, new_id, sign_payload
from rogatory.profiles import parse_profile, shipped
from rogatory.sealing import SectionContext, seal_section
from rogatory.v1 import (
    directory_service_pb2_grpc,
    evidence_service_pb2_grpc,
    exchange_service_pb2,
    exchange_service_pb2_grpc,
    log_service_pb2_grpc,
    message_pb2,
    removal_pb2,
    section_pb2,
)
from rogatory_gateway.app import GatewayApp
from rogatory_gateway.dev.parties import (
    MESSENGER,
    OPERATOR,
    REGULATOR,
    SYSTEM,
    ExampleParty,
    first_statements,
    make_parties,
)
from rogatory_gateway.dev.pki import Issued
from rogatory_gateway.dev.workspace import ORIGIN, TRUST_DOMAIN, free_ports
from rogatory_gateway.setup import init_log
from tests.support.files import gateway_config

CLERK = (REGULATOR, "clerk-1", message_pb2.CAPACITY_ISSUER)
COUNSEL = (MESSENGER, "counsel-1", message_pb2.CAPACITY_COUNSEL)
Who = tuple[str, str, message_pb2.Capacity.ValueType]


@dataclass(slots=True)
class Signed:
    """A message ready to be submitted, open to tampering."""

    message: message_pb2.Message
    envelope: bytes
    sealed: list[section_pb2.SealedSection] = field(default_factory=list)

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.envelope).digest()

    def request(self) -> exchange_service_pb2.SubmitMessageRequest:
        return exchange_service_pb2.SubmitMessageRequest(
            envelope=self.envelope, sealed_sections=self.sealed
        )


@dataclass(slots=True)
class Stubs:
    """Stubs of one client certificate."""

    exchanges: exchange_service_pb2_grpc.ExchangeServiceStub
    inbox: exchange_service_pb2_grpc.ExchangeServiceStub
    evidence: evidence_service_pb2_grpc.EvidenceServiceStub
    directory: directory_service_pb2_grpc.DirectoryServiceStub
    log: log_service_pb2_grpc.LogServiceStub

    def submit(self, signed: Signed) -> exchange_service_pb2.SubmitMessageResponse:
        return self.exchanges.SubmitMessage(signed.request(), timeout=30)


class World:
    """Made-up parties and a gateway that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        now = datetime.now(UTC)
        self.parties: dict[str, ExampleParty] = make_parties(now)
        port, stream_port = free_ports(2)
        operator = self.parties[OPERATOR]
        self.config = gateway_config(
            folder, operator.ca.issue_server(now), port, stream_port
        )
        statements = first_statements(self.parties, ORIGIN, now)
        self.log = init_log(self.config, *statements, clock=self.now, dev=True)
        self.app: GatewayApp | None = None
        self._channels: list[grpc.Channel] = []

    def now(self) -> datetime:
        return datetime.now(UTC)

    def start(self) -> None:
        self.app = GatewayApp(self.config, dev=True)
        self.app.start()

    def stop(self) -> None:
        for channel in self._channels:
            channel.close()
        self._channels.clear()
        if self.app is not None:
            self.app.stop()
            self.app = None

    # --- connecting --------------------------------------------------------------

    def client_certificate(self, party: str, system: str = SYSTEM) -> Issued:
        uri = f"spiffe://{TRUST_DOMAIN}/{party}/{system}"
        return self.parties[party].ca.issue_client(uri, self.now())

    def stubs(self, party: str) -> Stubs:
        return self.stubs_with(self.client_certificate(party))

    def stubs_with(self, issued: Issued | None) -> Stubs:
        credentials = grpc.ssl_channel_credentials(
            self.parties[OPERATOR].ca.pem,
            issued.key if issued else None,
            issued.certificate if issued else None,
        )
        unary = grpc.secure_channel(self.config.address, credentials)
        stream = grpc.secure_channel(self.config.stream_address, credentials)
        self._channels += [unary, stream]
        return Stubs(
            exchange_service_pb2_grpc.ExchangeServiceStub(unary),
            exchange_service_pb2_grpc.ExchangeServiceStub(stream),
            evidence_service_pb2_grpc.EvidenceServiceStub(stream),
            directory_service_pb2_grpc.DirectoryServiceStub(unary),
            log_service_pb2_grpc.LogServiceStub(unary),
        )

    # --- messages ----------------------------------------------------------------

    def key(self, who: Who) -> SigningKey:
        return self.parties[who[0]].signer(who[1]).key

    def message(
        self,
        who: Sequence[Who],
        to: Sequence[str],
        *,
        profile: str = "KR.CORRECTION",
        exchange_id: str = "",
        previous: bytes = b"",
        sections: Mapping[str, tuple[bytes, Sequence[str]]] | None = None,
        change: Callable[[message_pb2.Message], None] | None = None,
        **body: Any,
    ) -> Signed:
        """Build, seal and sign; `change` may spoil the message before it is signed."""
        message_id = fresh_id()
        header = message_pb2.Header(
            origin=ORIGIN,
            message_id=message_id,
            exchange_id=exchange_id or fresh_id(),
            previous=previous,
            sender=who[0][0],
            recipients=[message_pb2.Recipient(party=party) for party in to],
            signatories=[
                message_pb2.Signatory(party=p, signer_id=s, capacity=c)
                for p, s, c in who
            ],
            nonce=os.urandom(16),
            language="en",
            test=True,
            profile=profile_reference(profile),
        )
        now = int(self.now().timestamp())
        header.create_time.FromSeconds(now)
        header.expire_time.FromSeconds(now + 3600)
        context = SectionContext(ORIGIN, header.exchange_id, message_id)
        sealed: list[section_pb2.SealedSection] = []
        for name, (content, audience) in sorted((sections or {}).items()):
            result = seal_section(
                name,
                content,
                audience={p: [self.parties[p].sealing.public_key] for p in audience},
                context=context,
                salt=os.urandom(32),
            )
            header.sections.append(result.commitment)
            sealed += result.sections
        message = message_pb2.Message(header=header, **body)
        if change is not None:
            change(message)
        return self.sign(message, [self.key(each) for each in who], sealed)

    def sign(
        self,
        message: message_pb2.Message,
        keys: Sequence[SigningKey],
        sealed: Sequence[section_pb2.SealedSection] = (),
    ) -> Signed:
        payload = message.SerializeToString(deterministic=True)
        envelope = sign_payload(payload, keys, payload_type=MESSAGE_TYPE)
        return Signed(message, envelope, list(sealed))

    def removal_request(self, items: int = 2, **options: Any) -> Signed:
        """Return a request of the regulator to the platform that is in order."""
        ids = [f"item-{n}" for n in range(1, items + 1)]
        audience = [MESSENGER, REGULATOR]
        content = removal_pb2.RemovalItems(
            items=[removal_pb2.ContentItem(item_id=i) for i in ids]
        )
        sections = {
            "items": (content.SerializeToString(), audience),
            "reasons": (removal_pb2.Reasons(text="x").SerializeToString(), audience),
        }
        request = removal_pb2.RemovalRequest(
            instrument=removal_pb2.REMOVAL_INSTRUMENT_REQUEST,
            items=[
                removal_pb2.RemovalItem(
                    item_id=i,
                    classification=removal_pb2.CLASSIFICATION_NCII_SYNTHETIC,
                )
                for i in ids
            ],
        )
        defaults: dict[str, Any] = {"who": [CLERK], "to": [MESSENGER]}
        return self.message(
            sections=sections, removal_request=request, **{**defaults, **options}
        )

    def removal_report(
        self, request: Signed, outcomes: Mapping[str, str], **options: Any
    ) -> Signed:
        """Return the platform's report on some items of a request."""
        report = removal_pb2.RemovalReport()
        for item_id, outcome in outcomes.items():
            result = report.results.add(
                item_id=item_id,
                outcome=removal_pb2.ItemOutcome.Value(f"ITEM_OUTCOME_{outcome}"),
            )
            result.act_time.FromSeconds(int(self.now().timestamp()))
        defaults: dict[str, Any] = {
            "who": [COUNSEL],
            "to": [REGULATOR],
            "exchange_id": request.message.header.exchange_id,
            "previous": request.digest,
        }
        return self.message(removal_report=report, **{**defaults, **options})


@contextmanager
def running_world(folder: Path) -> Iterator[World]:
    """Give a world with a running gateway; stop it in the end."""
    world = World(folder)
    world.start()
    try:
        yield world
    finally:
        world.stop()


def fresh_id() -> str:
    return new_id(time.time_ns() // 1_000_000, os.urandom(10))


def profile_reference(profile: str) -> message_pb2.ProfileReference:
    return message_pb2.ProfileReference(
        id=profile, digest=parse_profile(shipped()[profile]).digest
    )


def reason_of(error: grpc.RpcError) -> str:
    """Return the stable reason in an error's details."""
    status = rpc_status.from_call(error)
    assert status is not None, f"no details in {error!r}"
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "rogatory"
    return info.reason
