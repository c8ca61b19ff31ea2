"""Throw-away CAs and certificates, marked EXAMPLE, refused outside development."""

import datetime as dt
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rogatory_gateway.app import EXAMPLE_MARK

LIFETIME_DAYS = 30
_SLACK = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its private key, both PEM."""

    certificate: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class ExampleCa:
    """A throw-away CA of one party."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls, party: str, now: dt.datetime) -> "ExampleCa":
        """Make the CA of a party."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"{EXAMPLE_MARK} ONLY, CA of {party}")
        builder = _builder(name, name, key.public_key(), now)
        certificate = (
            builder.add_extension(
                x509.BasicConstraints(ca=True, path_length=0), critical=True
            )
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()),
                critical=False,
            )
            .sign(key, hashes.SHA256())
        )
        return cls(certificate, key)

    @property
    def pem(self) -> bytes:
        """The CA's certificate."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        """The CA's certificate."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def issue_client(self, uri: str, now: dt.datetime) -> Issued:
        """Issue a client certificate with one URI name."""
        names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)]
        return self._issue(names, ExtendedKeyUsageOID.CLIENT_AUTH, now)

    def issue_server(self, now: dt.datetime) -> Issued:
        """Issue a server certificate for this machine's loopback names."""
        names: list[x509.GeneralName] = [
            x509.DNSName("localhost"),
            x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        ]
        return self._issue(names, ExtendedKeyUsageOID.SERVER_AUTH, now)

    def _issue(
        self,
        names: list[x509.GeneralName],
        usage: x509.ObjectIdentifier,
        now: dt.datetime,
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(f"{EXAMPLE_MARK} ONLY")
        issuer = self.certificate.subject
        certificate = (
            _builder(subject, issuer, key.public_key(), now)
            .add_extension(
                x509.BasicConstraints(ca=False, path_length=None), critical=True
            )
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self.key.public_key()
                ),
                critical=False,
            )
            .sign(self.key, hashes.SHA256())
        )
        return Issued(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: dt.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + dt.timedelta(days=LIFETIME_DAYS))
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
