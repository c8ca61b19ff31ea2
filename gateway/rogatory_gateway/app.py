"""The only place that wires: a configuration becomes a running gateway."""

import os
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from rogatory.errors import ConfigInvalid, DevelopmentOnly
from rogatory_gateway.admission import Admission, Identities, Registry
from rogatory_gateway.clocks import Clock, offset_clock, system_clock
from rogatory_gateway.config import GatewayConfig
from rogatory_gateway.journal import Journal, Receipts, load_log_keys
from rogatory_gateway.publish import Exporter
from rogatory_gateway.rpc.calls import Gate, handlers_of
from rogatory_gateway.rpc.directory import DirectoryStatements
from rogatory_gateway.rpc.evidence import Evidence
from rogatory_gateway.rpc.exchanges import Exchanges
from rogatory_gateway.rpc.inbox import Inboxes, Waiters
from rogatory_gateway.rpc.log import LogReads
from rogatory_gateway.rpc.server import Server, TlsFiles, require_free
from rogatory_gateway.store import open_store
from rogatory_gateway.store.blobs import Blobs

EXAMPLE_MARK = "EXAMPLE"
"""In the subject of every throw-away CA; refused outside development."""


class GatewayApp:
    """A gateway: opened, started, stopped."""

    def __init__(self, config: GatewayConfig, *, dev: bool = False) -> None:
        """Open everything that a gateway needs, and bind its ports.

        Raises:
            ConfigInvalid: A file is missing or wrong.
            DevelopmentOnly: Throw-away store or certificates outside development.
            LogStopped: The log's state does not hold.
            AddressInUse: A port is taken.
        """
        if config.clock_offset is not None and not dev:
            raise DevelopmentOnly("dev.clock_offset", expected="the machine's clock")
        self.config = config
        clock: Clock = (
            offset_clock(config.clock_offset) if config.clock_offset else system_clock
        )
        certificate, key = _read(config.tls_certificate), _read(config.tls_key)
        _refuse_example(certificate, config.tls_certificate, dev=dev)
        _require_pair(certificate, key, config)
        self._store = open_store(config.database, dev=dev)
        try:
            self._open(certificate, key, clock, dev=dev)
        except BaseException:
            # A start that fails leaves nothing open, so that the next one can be tried.
            self._store.close()
            raise

    def _open(self, certificate: bytes, key: bytes, clock: Clock, *, dev: bool) -> None:
        config = self.config
        if self._store.origin != config.origin:
            raise ConfigInvalid(
                "origin", expected=self._store.origin, got=config.origin
            )
        self.keys = load_log_keys(config.log_keys, config.origin)
        self.journal = Journal(self._store, self.keys, clock)
        self.registry = Registry(self._store.read, config.origin)
        tls = TlsFiles(certificate, key, self._authorities(dev=dev))
        self._exporter = (
            Exporter(self._store.read, config.publish) if config.publish else None
        )
        if self._exporter is not None:
            self._exporter.verify_not_ahead(self.keys.verifier_keys)
        # Both before either is bound: a bound port is not given back at once.
        for address in dict.fromkeys((config.address, config.stream_address)):
            require_free(address)
        self._wire(tls, clock)

    def _wire(self, tls: TlsFiles, clock: Clock) -> None:
        config, reader = self.config, self._store.read
        receipts = Receipts(reader)
        admission = Admission(reader, self.registry, config.origin)
        gate = Gate(Identities(config.trust_domain), self.registry)
        exchanges = Exchanges(reader, admission, self.journal, receipts, clock)
        self._waiters = Waiters()
        inboxes = Inboxes(reader, receipts, self._waiters)
        evidence = Evidence(self._store, Blobs(config.blobs))
        unary = [
            *exchanges.methods(),
            *DirectoryStatements(reader).methods(),
            *LogReads(reader, receipts).methods(),
        ]
        watch, download = inboxes.method(), evidence.download_method()
        opening, upload = evidence.open_upload_method(), evidence.upload_method()
        self._gate = gate
        self._server = Server(
            [config.address, config.stream_address],
            tls,
            handlers_of(
                {method: gate.unary(method) for method in unary}
                | {
                    watch: gate.async_server_stream(watch),
                    download: gate.async_server_stream(download),
                    opening: gate.async_unary(opening),
                    upload: gate.async_client_stream(upload),
                }
            ),
        )

    def start(self) -> None:
        """Serve."""
        self.journal.on_commit(self._waiters.wake)
        if self._exporter is not None:
            exporter = self._exporter
            exporter.start()
            self.journal.on_commit(lambda _parties: exporter.changed())
        self._waiters.bind(self._server.start())

    def stop(self) -> None:
        """Stop; what was answered is durable already."""
        self._server.stop()
        self._gate.close()
        if self._exporter is not None:
            self._exporter.stop()
        self._store.close()

    @property
    def port(self) -> int:
        """The port of `config.address`."""
        return self._server.ports[0]

    def _authorities(self, *, dev: bool) -> bytes:
        directory = self.registry.current.directory
        pem = b""
        for party in sorted(directory.parties()):
            for der in directory.certificate_authorities(party):
                certificate = x509.load_der_x509_certificate(der)
                encoded = certificate.public_bytes(serialization.Encoding.PEM)
                _refuse_example(encoded, Path(f"CA of {party}"), dev=dev)
                pem += encoded
        if not pem:
            raise ConfigInvalid("directory", expected="at least one enrolled CA")
        return pem


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise ConfigInvalid(str(path), expected="a readable file", got=reason) from None


def _require_pair(certificate: bytes, key: bytes, config: GatewayConfig) -> None:
    """Refuse a key of another certificate; gRPC would blame the address for it."""
    try:
        private = serialization.load_pem_private_key(key, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        expected = "an unencrypted PKCS #8 PEM key"
        raise ConfigInvalid(str(config.tls_key), expected=expected) from None
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    leaf = x509.load_pem_x509_certificates(certificate)[0]
    if private.public_key().public_bytes(*form) != leaf.public_key().public_bytes(
        *form
    ):
        expected = f"the key of {config.tls_certificate}"
        raise ConfigInvalid(str(config.tls_key), expected=expected, got="another key")


def _refuse_example(pem: bytes, path: Path, *, dev: bool) -> None:
    try:
        chain = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ConfigInvalid(str(path), expected="PEM certificates") from None
    marked = any(
        EXAMPLE_MARK in name
        for certificate in chain
        for name in (
            certificate.subject.rfc4514_string(),
            certificate.issuer.rfc4514_string(),
        )
    )
    if marked and not dev:
        raise DevelopmentOnly(str(path), expected="a certificate that is no example")
