"""Client certificates that keep the gateway's rules, or break one of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from rogatory_gateway.dev.pki import ExampleCa, Issued

CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
SERVER = ExtendedKeyUsageOID.SERVER_AUTH
Key: TypeAlias = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def p256() -> Key:
    """Return a key of the one accepted kind."""
    return ec.generate_private_key(ec.SECP256R1())


def p384() -> Key:
    """Return a key of another curve."""
    return ec.generate_private_key(ec.SECP384R1())


def rsa_2048() -> Key:
    """Return a key of another algorithm."""
    return rsa.generate_private_key(65537, 2048)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A certificate to be issued; the defaults keep every rule.

    Attributes:
        uris: URI names.
        usage: Extended key usages; empty: no such extension.
        ca: Claim to be a CA.
        valid_from: From now.
        valid_for: From its start.
        key: Its key.
        dns: DNS names beside the URIs.
        doubled: Have the key usage extension twice, which only broken CAs do.
    """

    uris: Sequence[str]
    usage: Sequence[x509.ObjectIdentifier] = (CLIENT,)
    ca: bool = False
    valid_from: timedelta = timedelta(minutes=-5)
    valid_for: timedelta = timedelta(days=1)
    key: Key = field(default_factory=p256)
    dns: Sequence[str] = ()

    def issued_by(self, ca: ExampleCa) -> Issued:
        """Return it with its key, as PEM."""
        start = datetime.now(UTC) + self.valid_from
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "EXAMPLE ONLY")])
        names: list[x509.GeneralName] = [
            *(x509.UniformResourceIdentifier(uri) for uri in self.uris),
            *(x509.DNSName(each) for each in self.dns),
        ]
        constraints = x509.BasicConstraints(ca=self.ca, path_length=None)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(ca.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + self.valid_for)
            .add_extension(constraints, critical=True)
        )
        if names:
            extension = x509.SubjectAlternativeName(names)
            builder = builder.add_extension(extension, critical=False)
        if self.usage:
            usages = x509.ExtendedKeyUsage(self.usage)
            builder = builder.add_extension(usages, critical=False)
        certificate = builder.sign(ca.key, hashes.SHA256())
        return Issued(
            certificate.public_bytes(serialization.Encoding.PEM),
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
