"""Who calls is established on every call, by certificate and directory, or refused.

What TLS itself refuses has no reason to tell: the connection fails. What gRPC lets
through (weak or strange certificates of an enrolled CA) is told by name.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rogatory.v1 import directory_service_pb2, message_pb2
from rogatory_gateway.dev.parties import (
    AUDITOR,
    MESSENGER,
    OPERATOR,
    POLICE,
    REGULATOR,
)
from rogatory_gateway.dev.pki import ExampleCa, Issued
from tests.support.certificates import SERVER, Leaf, p384, rsa_2048
from tests.support.logs import Lines
from tests.support.world import (
    ORIGIN,
    TIMEOUT_S,
    Signed,
    Stubs,
    World,
    refusal_of,
    uri_of,
)

Certificate = Callable[[World], Issued | None]
OURS = uri_of(REGULATOR)


def _by_own_ca(leaf: Leaf) -> Certificate:
    return lambda world: leaf.issued_by(world.parties[REGULATOR].ca)


def _by_unknown_ca(name: str) -> Certificate:
    ca = ExampleCa.make(name, datetime.now(UTC))
    return lambda _: Leaf([OURS]).issued_by(ca)


def _issued_by_a_leaf(world: World) -> Issued:
    leaf = world.client_certificate(REGULATOR)
    key = serialization.load_pem_private_key(leaf.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    certificate = x509.load_pem_x509_certificate(leaf.certificate)
    issued = Leaf([OURS]).issued_by(ExampleCa(certificate, key))
    return Issued(issued.certificate + leaf.certificate, issued.key)


REFUSED_BY_TLS: dict[str, Certificate] = {
    "no client certificate": lambda _: None,
    "a CA that nobody enrolled": _by_unknown_ca("example-nobody"),
    "another CA under the name of the enrolled one": _by_unknown_ca(REGULATOR),
    "expired": _by_own_ca(Leaf([OURS], valid_from=timedelta(days=-2))),
    "not valid yet": _by_own_ca(Leaf([OURS], valid_from=timedelta(hours=1))),
    "for servers only": _by_own_ca(Leaf([OURS], usage=[SERVER])),
    "issued by a leaf": _issued_by_a_leaf,
}


@pytest.mark.parametrize("name", REFUSED_BY_TLS)
def test_no_connection_without_a_certificate_of_an_enrolled_ca(
    world: World, name: str
) -> None:
    """Whoever shows no valid certificate of an enrolled CA reaches no method at all."""
    stubs = world.stubs_with(REFUSED_BY_TLS[name](world))
    signed = world.removal_request()

    with world.unchanged():
        refusal = refusal_of(lambda: stubs.submit(signed))

    assert refusal.code is grpc.StatusCode.UNAVAILABLE
    assert refusal.reason == ""


REFUSED_BY_US: dict[str, tuple[Certificate, str]] = {
    "another party's CA naming our system": (
        lambda world: Leaf([OURS]).issued_by(world.parties[POLICE].ca),
        "UNKNOWN_ISSUER",
    ),
    "the operator's CA naming our system": (
        lambda world: Leaf([OURS]).issued_by(world.parties[OPERATOR].ca),
        "UNKNOWN_ISSUER",
    ),
    "no extended key usage": (
        _by_own_ca(Leaf([OURS], usage=[])),
        "CERTIFICATE_INVALID",
    ),
    "an RSA key": (_by_own_ca(Leaf([OURS], key=rsa_2048())), "CERTIFICATE_INVALID"),
    "a P-384 key": (_by_own_ca(Leaf([OURS], key=p384())), "CERTIFICATE_INVALID"),
    "no names at all": (_by_own_ca(Leaf([])), "CERTIFICATE_INVALID"),
    "a DNS name only": (
        _by_own_ca(Leaf([], dns=["regulator.example"])),
        "CERTIFICATE_INVALID",
    ),
    "two URI names": (
        _by_own_ca(Leaf([OURS, uri_of(POLICE)])),
        "CERTIFICATE_INVALID",
    ),
    "another trust domain": (
        _by_own_ca(Leaf([uri_of(REGULATOR, domain="other.example")])),
        "CERTIFICATE_INVALID",
    ),
    "a longer path": (_by_own_ca(Leaf([OURS + "/more"])), "CERTIFICATE_INVALID"),
    "a party that does not exist": (
        _by_own_ca(Leaf([uri_of("example-nobody")])),
        "UNKNOWN_ISSUER",
    ),
    "a system that is not enrolled": (
        _by_own_ca(Leaf([uri_of(REGULATOR, "laptop")])),
        "SYSTEM_NOT_ENROLLED",
    ),
}


@pytest.mark.parametrize("name", REFUSED_BY_US)
def test_a_strange_certificate_of_an_enrolled_ca_is_refused_by_name(
    world: World, name: str
) -> None:
    """What TLS lets through is still held to every rule, on the unary server."""
    certificate, reason = REFUSED_BY_US[name]
    stubs = world.stubs_with(certificate(world))
    signed = world.removal_request()

    with world.unchanged():
        refusal = refusal_of(lambda: stubs.submit(signed))

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.UNAUTHENTICATED,
        reason,
    )


@pytest.mark.parametrize("name", REFUSED_BY_US)
def test_the_stream_server_holds_to_the_same_rules(world: World, name: str) -> None:
    """There is no second door: a stream needs the same certificate as a call."""
    certificate, reason = REFUSED_BY_US[name]
    stubs = world.stubs_with(certificate(world))

    refusal = refusal_of(stubs.watch().next)

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.UNAUTHENTICATED,
        reason,
    )


NO_DIGEST = b""
NOT_A_MESSAGE = Signed(message_pb2.Message(), b"")

WRONG_KIND: dict[str, tuple[str, Callable[[Stubs], object]]] = {
    "an auditor submits": (AUDITOR, lambda s: s.submit(NOT_A_MESSAGE)),
    "the operator submits": (OPERATOR, lambda s: s.submit(NOT_A_MESSAGE)),
    "the operator watches an inbox": (OPERATOR, lambda s: s.watch().next()),
    "the operator reads an exchange": (OPERATOR, lambda s: s.exchange("")),
    "an auditor opens an upload": (AUDITOR, lambda s: s.open_upload(NO_DIGEST, 1)),
    "an auditor uploads": (AUDITOR, lambda s: s.upload(NO_DIGEST, 0, b"x")),
    "the operator downloads": (OPERATOR, lambda s: s.download("", NO_DIGEST)),
}


@pytest.mark.parametrize("name", WRONG_KIND)
def test_the_wrong_kind_of_party_is_refused_before_its_request_is_read(
    world: World, name: str
) -> None:
    """A call is for some kinds of party only; the refusal names which."""
    party, call = WRONG_KIND[name]
    stubs = world.stubs(party)

    with world.unchanged():
        refusal = refusal_of(lambda: call(stubs))

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "PARTY_KIND_NOT_ALLOWED",
    )
    assert "authority or" in dict(refusal.metadata)["expected"]


def test_everybody_enrolled_reads_log_and_directory(world: World) -> None:
    """The public parts of the log are for every party, also for those without a say."""
    for party in (REGULATOR, MESSENGER, AUDITOR, OPERATOR):
        stubs = world.stubs(party)

        checkpoint = stubs.checkpoint()
        statements = stubs.directory.ListStatements(
            directory_service_pb2.ListStatementsRequest(), timeout=TIMEOUT_S
        )

        assert checkpoint.startswith(ORIGIN.encode())
        assert [s.index for s in statements.statements] == [1, 2]


def test_a_refused_caller_leaves_one_line_without_a_name(
    world: World, lines: Lines
) -> None:
    """A caller who is not established is not named in the log, only counted."""
    stubs = world.stubs_with(Leaf([OURS]).issued_by(world.parties[POLICE].ca))
    lines.clear()

    refusal_of(stubs.checkpoint)

    (line,) = lines
    assert (line["event"], line["method"], line["peer"], line["reason"]) == (
        "rpc",
        "GetCheckpoint",
        None,
        "UNKNOWN_ISSUER",
    )
