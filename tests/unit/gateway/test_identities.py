"""A caller is who its certificate and the directory say, at the moment of the call."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from rogatory.directory import Directory, apply_statement, build_statement
from rogatory.errors import (
    CertificateInvalid,
    IdentityError,
    InsecureTransport,
    SystemNotEnrolled,
    UnknownIssuer,
)
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from rogatory_gateway.admission import Identities, Peer
from rogatory_gateway.dev.parties import OPERATOR, POLICE, REGULATOR
from rogatory_gateway.dev.pki import ExampleCa
from rogatory_gateway.dev.workspace import TRUST_DOMAIN
from tests.support.certificates import SERVER, Leaf, p384, rsa_2048
from tests.support.messages import Office
from tests.support.world import uri_of

OFFICE = Office()
CA = OFFICE.parties[REGULATOR].ca
OURS = uri_of(REGULATOR)
GOOD = Leaf([OURS])


def _context(pem: bytes, version: bytes = b"TLSv1.3") -> dict[str, list[bytes]]:
    return {"ssl_tls_version": [version], "x509_pem_cert": [pem]}


def _verify(
    pem: bytes,
    *,
    directory: Directory = OFFICE.directory,
    now: datetime | None = None,
    identities: Identities | None = None,
) -> Peer:
    identities = identities or Identities(TRUST_DOMAIN)
    return identities.verify(_context(pem), directory, now or datetime.now(UTC))


def test_a_certificate_in_order_names_party_system_and_kind() -> None:
    """The peer is what the one URI name says, and what the directory knows of it."""
    peer = _verify(GOOD.issued_by(CA).certificate)

    assert peer == Peer(REGULATOR, "desk", pb.PARTY_KIND_AUTHORITY)
    assert str(peer) == "example-regulator/desk"


# --- transport -----------------------------------------------------------------------


@pytest.mark.parametrize("version", [b"TLSv1.2", b"TLSv1.1", b""])
def test_anything_but_tls_1_3(version: bytes) -> None:
    """There is no option for it in gRPC, so each call is held to it."""
    pem = GOOD.issued_by(CA).certificate

    with pytest.raises(InsecureTransport):
        Identities(TRUST_DOMAIN).verify(
            _context(pem, version), OFFICE.directory, datetime.now(UTC)
        )


@pytest.mark.parametrize("context", [{}, {"ssl_tls_version": [b"TLSv1.3"]}])
def test_no_tls_or_no_certificate(context: dict[str, list[bytes]]) -> None:
    """A caller without a certificate is nobody."""
    with pytest.raises(InsecureTransport):
        Identities(TRUST_DOMAIN).verify(context, OFFICE.directory, datetime.now(UTC))


# --- form ----------------------------------------------------------------------------


def _twice_the_usage() -> bytes:
    """Return a certificate with one extension twice: broken DER that TLS may let by."""
    pem = Leaf([OURS], dns=["a.example"]).issued_by(CA).certificate
    der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
    usage = bytes.fromhex("0603551d25")  # the OID of extended key usage
    names = bytes.fromhex("0603551d11")  # and that of the subject's names
    assert der.count(usage) == der.count(names) == 1
    doubled = der.replace(names, usage)
    # The signature no longer fits, but form comes before the issuer.
    return _pem(doubled)


def _pem(der: bytes) -> bytes:
    return ssl.DER_cert_to_PEM_cert(der).encode()


def _issued(leaf: Leaf) -> Callable[[], bytes]:
    return lambda: leaf.issued_by(CA).certificate


INVALID: dict[str, Callable[[], bytes]] = {
    "no certificate at all": lambda: b"nothing",
    "a broken certificate": lambda: _pem(b"\x30\x00"),
    "an extension twice": _twice_the_usage,
    "more than 16 KiB": lambda: b"x" * (16 * 1024 + 1),
    "no usage": _issued(Leaf([OURS], usage=[])),
    "the usage of servers": _issued(Leaf([OURS], usage=[SERVER])),
    "a P-384 key": _issued(Leaf([OURS], key=p384())),
    "an RSA key": _issued(Leaf([OURS], key=rsa_2048())),
    "a CA": _issued(Leaf([OURS], ca=True)),
    "no names": _issued(Leaf([])),
    "a DNS name": _issued(Leaf([], dns=["a.example"])),
    "two URI names": _issued(Leaf([OURS, OURS + "2"])),
    "the same URI name twice": _issued(Leaf([OURS, OURS])),
    "another trust domain": _issued(Leaf([uri_of(REGULATOR, domain="b.example")])),
    "a longer trust domain": _issued(
        Leaf([uri_of(REGULATOR, domain=f"{TRUST_DOMAIN}.b.example")])
    ),
    "another scheme": _issued(Leaf([OURS.replace("spiffe", "https")])),
    "no system": _issued(Leaf([f"spiffe://{TRUST_DOMAIN}/{REGULATOR}"])),
    "an empty system": _issued(Leaf([f"spiffe://{TRUST_DOMAIN}/{REGULATOR}/"])),
    "an empty party": _issued(Leaf([f"spiffe://{TRUST_DOMAIN}//desk"])),
    "a longer path": _issued(Leaf([OURS + "/x"])),
    "a query": _issued(Leaf([OURS + "?x"])),
    "an escape": _issued(Leaf([OURS + "%20"])),
    "an upper-case party": _issued(Leaf([uri_of("Example-Regulator")])),
    "a step up": _issued(Leaf([uri_of("..", "desk")])),
}


@pytest.mark.parametrize("name", INVALID)
def test_a_certificate_that_breaks_a_rule_of_form(name: str) -> None:
    """Weak keys, a missing usage, several names: gRPC accepts them, we do not."""
    with pytest.raises(CertificateInvalid):
        _verify(INVALID[name]())


def test_other_names_beside_the_one_uri() -> None:
    """A DNS name beside it does no harm: identity is the URI alone."""
    pem = Leaf([OURS], dns=["a.example"]).issued_by(CA).certificate

    assert _verify(pem).party == REGULATOR


# --- time ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "offset", [timedelta(minutes=-6), timedelta(days=1, minutes=1)], ids=str
)
def test_a_certificate_outside_its_time(offset: timedelta) -> None:
    """Validity is looked at on each call: connections outlive certificates."""
    identities = Identities(TRUST_DOMAIN)
    pem = GOOD.issued_by(CA).certificate
    _verify(pem, identities=identities)

    with pytest.raises(CertificateInvalid, match="valid now"):
        _verify(pem, now=datetime.now(UTC) + offset, identities=identities)


def test_a_ca_outside_its_time() -> None:
    """A leaf does not outlive the CA that issued it."""
    pem = Leaf([OURS], valid_for=timedelta(days=365)).issued_by(CA).certificate
    beyond = CA.certificate.not_valid_after_utc + timedelta(seconds=1)
    _verify(pem, now=beyond - timedelta(seconds=2))

    with pytest.raises(CertificateInvalid, match="valid now"):
        _verify(pem, now=beyond)


# --- issuer --------------------------------------------------------------------------


def _by_leaf() -> bytes:
    """Return a leaf issued by another leaf of the same party."""
    issuer = GOOD.issued_by(CA)
    key = serialization.load_pem_private_key(issuer.key, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    certificate = x509.load_pem_x509_certificate(issuer.certificate)
    return Leaf([OURS]).issued_by(ExampleCa(certificate, key)).certificate


def _self_signed() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(CA.certificate.subject)
        .issuer_name(CA.certificate.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(OFFICE.founded - timedelta(minutes=1))
        .not_valid_after(OFFICE.founded + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH]),
            critical=False,
        )
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(OURS)]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


STRANGERS: dict[str, Callable[[], bytes]] = {
    "another party's CA": lambda: GOOD.issued_by(OFFICE.parties[POLICE].ca).certificate,
    "the operator's CA": lambda: (
        GOOD.issued_by(OFFICE.parties[OPERATOR].ca).certificate
    ),
    "a CA of the same name": lambda: (
        GOOD.issued_by(ExampleCa.make(REGULATOR, OFFICE.now())).certificate
    ),
    "itself, under the CA's name": _self_signed,
    "a leaf": _by_leaf,
    "our CA, for a party that does not exist": lambda: (
        Leaf([uri_of("example-nobody")]).issued_by(CA).certificate
    ),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_only_a_party_s_own_ca_vouches_for_it(name: str) -> None:
    """Any CA of gRPC's bundle could issue any name; the directory says which may."""
    with pytest.raises(UnknownIssuer):
        _verify(STRANGERS[name]())


# --- directory -----------------------------------------------------------------------


def _directory_with(key: str, status: pb.RecordStatus.ValueType) -> Directory:
    """Return the directory with one record in another status."""
    record = pb.DirectoryRecord.FromString(OFFICE.directory.records[key])
    kind = record.WhichOneof("record")
    assert kind is not None
    getattr(record, kind).status = status
    who = [(OPERATOR, "registrar-1"), (POLICE, "registrar-1")]
    raw = build_statement(
        OFFICE.directory,
        [record],
        create_time=OFFICE.now(),
        signatories=[
            message_pb2.Signatory(
                party=p, signer_id=s, capacity=message_pb2.CAPACITY_REGISTRAR
            )
            for p, s in who
        ],
        keys=[OFFICE.parties[p].signer(s).key for p, s in who],
    )
    return apply_statement(OFFICE.directory, raw, 9)


def _ca_key() -> str:
    return next(
        key for key in OFFICE.directory.records if key.startswith(f"ca/{REGULATOR}")
    )


NOT_ACTIVE: dict[str, tuple[str, type[IdentityError]]] = {
    "the party": (f"party/{REGULATOR}", SystemNotEnrolled),
    "the system": (f"system/{REGULATOR}/desk", SystemNotEnrolled),
    "the CA": (_ca_key(), UnknownIssuer),
}


@pytest.mark.parametrize("name", NOT_ACTIVE)
@pytest.mark.parametrize(
    "status",
    [pb.RECORD_STATUS_SUSPENDED, pb.RECORD_STATUS_ENDED, pb.RECORD_STATUS_COMPROMISED],
    ids=pb.RecordStatus.Name,
)
def test_what_is_not_active_lets_nobody_in_from_then_on(
    name: str, status: pb.RecordStatus.ValueType
) -> None:
    """The next call on an old connection is refused as well."""
    key, error = NOT_ACTIVE[name]
    identities = Identities(TRUST_DOMAIN)
    pem = GOOD.issued_by(CA).certificate
    _verify(pem, identities=identities)

    with pytest.raises(error):
        _verify(pem, directory=_directory_with(key, status), identities=identities)


def test_a_system_that_was_never_enrolled() -> None:
    """A CA can issue names; only the directory makes them systems."""
    pem = Leaf([uri_of(REGULATOR, "laptop")]).issued_by(CA).certificate

    with pytest.raises(SystemNotEnrolled) as caught:
        _verify(pem)

    assert caught.value.thing == "system example-regulator/laptop"


def test_the_cache_is_bounded_and_changes_no_answer() -> None:
    """Many certificates come and go; the answer is that of the first look."""
    identities = Identities(TRUST_DOMAIN)
    pem = GOOD.issued_by(CA).certificate

    answers = {_verify(pem, identities=identities) for _ in range(3)}

    assert len(answers) == len(identities._leaves) == 1
