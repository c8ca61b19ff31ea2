"""Files that a gateway under test needs."""

from pathlib import Path

from rogatory_gateway.config import GatewayConfig
from rogatory_gateway.dev.pki import Issued
from rogatory_gateway.dev.workspace import ORIGIN, TRUST_DOMAIN


def gateway_config(
    folder: Path, server: Issued, port: int, stream_port: int
) -> GatewayConfig:
    """Write a server certificate and return the configuration that uses it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tls.pem").write_bytes(server.certificate)
    (folder / "tls.key").write_bytes(server.key)
    return GatewayConfig(
        origin=ORIGIN,
        trust_domain=TRUST_DOMAIN,
        address=f"localhost:{port}",
        stream_address=f"localhost:{stream_port}",
        tls_certificate=folder / "tls.pem",
        tls_key=folder / "tls.key",
        log_keys=folder / "log-keys",
        database=folder / "store.db",
        blobs=folder / "blobs",
        publish=folder / "log",
    )
