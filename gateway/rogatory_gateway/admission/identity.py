"""Who calls: the certificate's rules, checked on every call.

gRPC by itself accepts weak keys, a missing usage, several names and any CA of its
bundle for any name; it keeps connections alive beyond a certificate's end. So each call
is held to this: TLS 1.3; a P-256 leaf with the client-authentication usage, valid now,
with exactly one URI name `spiffe://<trust domain>/<party>/<system>`; issued directly by
a CA enrolled for that very party; the system active in the directory.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from rogatory.directory import Directory
from rogatory.envelope import NAME_PATTERN
from rogatory.errors import (
    CertificateInvalid,
    InsecureTransport,
    SystemNotEnrolled,
    UnknownIssuer,
)
from rogatory.v1 import directory_pb2

_CACHED = 4_096
_MAX_CERTIFICATE_BYTES = 16 * 1024

_NOT_WELL_FORMED = (
    ValueError,
    UnsupportedAlgorithm,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises for certificates that gRPC may have let through."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A caller whose identity is established.

    Attributes:
        party: Party id.
        system: Id of its machine.
        kind: What the party is.
    """

    party: str
    system: str
    kind: directory_pb2.PartyKind.ValueType

    def __str__(self) -> str:
        """Return `party/system`, for logs."""
        return f"{self.party}/{self.system}"


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A certificate that meets the rules of form and was issued by its party's CA.

    It is valid while both are.
    """

    party: str
    system: str
    not_before: datetime
    not_after: datetime


class Identities:
    """Verifies callers' certificates; caches what does not change with time."""

    def __init__(self, trust_domain: str) -> None:
        """Verify for one SPIFFE trust domain."""
        self._prefix = f"spiffe://{trust_domain}/"
        self._leaves: OrderedDict[tuple[bytes, int | None], _Leaf] = OrderedDict()
        self._lock = threading.Lock()

    def verify(
        self,
        auth_context: Mapping[str, Sequence[bytes]],
        directory: Directory,
        now: datetime,
    ) -> Peer:
        """Establish who calls, or raise.

        Args:
            auth_context: gRPC's `auth_context()` of the call.
            directory: The directory in force.
            now: The machine's time: TLS never follows a story's clock.

        Raises:
            InsecureTransport: Not TLS 1.3, or no certificate.
            CertificateInvalid: Key, usage, names or validity.
            UnknownIssuer: Not issued by a CA enrolled for the party it names.
            SystemNotEnrolled: The party or system is not active.
        """
        if list(auth_context.get("ssl_tls_version", ())) != [b"TLSv1.3"]:
            raise InsecureTransport("connection", expected="TLS 1.3")
        chain = auth_context.get("x509_pem_cert")
        if not chain:
            raise InsecureTransport("connection", expected="a client certificate")
        leaf = self._leaf(chain[0], directory)
        if not leaf.not_before <= now <= leaf.not_after:
            raise CertificateInvalid(
                "client certificate",
                expected="a certificate that is valid now",
                got=f"one valid until {leaf.not_after:%Y-%m-%dT%H:%M:%SZ}",
            )
        party = directory.party(leaf.party)
        if party is None or not directory.system_is_active(leaf.party, leaf.system):
            raise SystemNotEnrolled(
                f"system {leaf.party}/{leaf.system}", expected="active in the directory"
            )
        return Peer(leaf.party, leaf.system, party.kind)

    def _leaf(self, pem: bytes, directory: Directory) -> _Leaf:
        # The directory's index is part of the key: another CA set, another answer.
        key = (hashlib.sha256(pem).digest(), directory.index)
        with self._lock:
            leaf = self._leaves.get(key)
            if leaf is not None:
                self._leaves.move_to_end(key)
                return leaf
        leaf = self._parse(pem, directory)
        with self._lock:
            self._leaves[key] = leaf
            if len(self._leaves) > _CACHED:
                self._leaves.popitem(last=False)
        return leaf

    def _parse(self, pem: bytes, directory: Directory) -> _Leaf:
        if len(pem) > _MAX_CERTIFICATE_BYTES:
            raise CertificateInvalid("client certificate", expected="at most 16 KiB")
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            party, system = self._names(certificate)
            _require_key_and_usage(certificate)
        except _NOT_WELL_FORMED:
            raise CertificateInvalid(
                "client certificate", expected="a well-formed X.509 leaf"
            ) from None
        authorities = directory.certificate_authorities(party)
        issuer = _issuer_of(certificate, authorities, party)
        return _Leaf(
            party,
            system,
            max(certificate.not_valid_before_utc, issuer.not_valid_before_utc),
            min(certificate.not_valid_after_utc, issuer.not_valid_after_utc),
        )

    def _names(self, certificate: x509.Certificate) -> tuple[str, str]:
        extension = certificate.extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        uris = extension.value.get_values_for_type(x509.UniformResourceIdentifier)
        expected = f"exactly one URI name {self._prefix}<party>/<system>"
        if len(uris) != 1:
            raise CertificateInvalid(
                "client certificate", expected=expected, got=f"{len(uris)} URI names"
            )
        path = uris[0].removeprefix(self._prefix).split("/")
        if not uris[0].startswith(self._prefix) or len(path) != 2:  # noqa: PLR2004
            raise CertificateInvalid("client certificate", expected=expected)
        party, system = path
        if not NAME_PATTERN.fullmatch(party) or not NAME_PATTERN.fullmatch(system):
            raise CertificateInvalid("client certificate", expected=expected)
        return party, system


def _require_key_and_usage(certificate: x509.Certificate) -> None:
    key = certificate.public_key()
    p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(
        key.curve, ec.SECP256R1
    )
    if not p256:
        raise CertificateInvalid("client certificate", expected="a P-256 key")
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    if constraints.value.ca:
        raise CertificateInvalid("client certificate", expected="a leaf, not a CA")
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage.value:
        raise CertificateInvalid(
            "client certificate", expected="the client-authentication usage"
        )


def _issuer_of(
    certificate: x509.Certificate, authorities: tuple[bytes, ...], party: str
) -> x509.Certificate:
    for der in authorities:
        authority = x509.load_der_x509_certificate(der)
        try:
            certificate.verify_directly_issued_by(authority)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
            continue
        return authority
    raise UnknownIssuer("client certificate", expected=f"issued by a CA of {party}")
