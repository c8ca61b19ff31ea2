"""A folder with everything a development gateway and its parties need.

| where | what |
|---|---|
| `gateway.toml`, `gateway/` | the gateway's configuration, store, keys |
| `contexts/NAME.toml` | for `rogatory --as NAME` |
| `tls/`, `keys/` | certificates and keys, all throw-away |
| `published/`, `log.vkeys` | the static export of the log, and its keys |
| `state/` | what each party's client remembers |
| `clock-offset` | seconds that all of them are ahead |
"""

import os
import shutil
import socket
from datetime import UTC, datetime
from pathlib import Path

from rogatory.envelope import encode_signing_key
from rogatory.sealing import encode_private_key
from rogatory.v1 import message_pb2
from rogatory_gateway.clocks import offset_clock
from rogatory_gateway.config import GatewayConfig, load_config
from rogatory_gateway.dev.parties import (
    OPERATOR,
    SYSTEM,
    ExampleParty,
    first_statements,
    make_parties,
)
from rogatory_gateway.setup import init_log

ORIGIN = "gateway.example/log"
TRUST_DOMAIN = "gateway.example"
_REGISTRAR = message_pb2.CAPACITY_REGISTRAR
_CONFIG = "gateway.toml"


def is_workspace(folder: Path) -> bool:
    """Tell whether a folder holds a whole workspace."""
    return (folder / _CONFIG).exists()


def open_workspace(folder: Path) -> GatewayConfig:
    """Return the configuration of a workspace."""
    return load_config(folder / _CONFIG)


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on right now."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def make_workspace(folder: Path, *, port: int) -> GatewayConfig:
    """Make a workspace with new keys; what was there before is removed.

    Built beside and renamed into place, so that a half-made one is never used.
    """
    building = folder.with_name(f"{folder.name}.new")
    for old in (building, folder):
        if old.exists():
            shutil.rmtree(old)
    building.mkdir(parents=True, mode=0o700)
    now = datetime.now(UTC)
    parties = make_parties(now)
    for party in parties.values():
        _write_party(building, party, now)
    operator = parties[OPERATOR]
    _write(building / "tls" / "operator-ca.pem", operator.ca.pem, mode=0o644)
    server = operator.ca.issue_server(now)
    _write(building / "gateway" / "tls.pem", server.certificate, mode=0o644)
    _write(building / "gateway" / "tls.key", server.key)
    _write(building / "clock-offset", b"0\n", mode=0o644)
    config_text = _gateway_toml(port)
    _write(building / _CONFIG, config_text.encode(), mode=0o644)
    config = load_config(building / _CONFIG)
    directory, profiles = first_statements(parties, ORIGIN, now)
    clock = offset_clock(building / "clock-offset")
    log = init_log(config, directory, profiles, clock=clock, dev=True)
    vkeys = "".join(f"{key.encode()}\n" for key in log.keys.verifier_keys)
    _write(building / "log.vkeys", vkeys.encode(), mode=0o644)
    for party in parties.values():
        if party.party != OPERATOR:
            text = _context_toml(party, port, log.genesis)
            name = party.party.removeprefix("example-")
            _write(building / "contexts" / f"{name}.toml", text.encode(), mode=0o644)
    # A crash before this leaves only the folder beside, which the next run removes.
    building.replace(folder)
    return open_workspace(folder)


def _write_party(folder: Path, party: ExampleParty, now: datetime) -> None:
    uri = f"spiffe://{TRUST_DOMAIN}/{party.party}/{SYSTEM}"
    leaf = party.ca.issue_client(uri, now)
    _write(folder / "tls" / f"{party.party}.pem", leaf.certificate, mode=0o644)
    _write(folder / "tls" / f"{party.party}.key", leaf.key)
    keys = folder / "keys" / party.party
    for signer in party.signers:
        _write(keys / f"{signer.signer_id}.pem", encode_signing_key(signer.key))
    _write(keys / "sealing.key", encode_private_key(party.sealing))


def _gateway_toml(port: int) -> str:
    return f"""\
# Development gateway with throw-away keys. Not for real requests.
format = "rogatory-gateway/v1"
origin = "{ORIGIN}"
trust_domain = "{TRUST_DOMAIN}"
address = "localhost:{port}"
stream_address = "localhost:{port}"

[tls]
certificate = "gateway/tls.pem"
key = "gateway/tls.key"

[log]
keys = "gateway/log-keys"

[store]
database = "gateway/store.db"
blobs = "gateway/blobs"

[publish]
folder = "published"

[dev]
clock_offset = "clock-offset"
"""


def _context_toml(party: ExampleParty, port: int, genesis: bytes) -> str:
    name = party.party
    lines = [
        "# Made-up party with throw-away keys. Not for real requests.",
        'format = "rogatory-context/v1"',
        f'origin = "{ORIGIN}"',
        f'address = "localhost:{port}"',
        f'stream_address = "localhost:{port}"',
        f'party = "{name}"',
        *([f'unit = "{party.unit}"'] if party.unit else []),
        'language = "en"',
        "test = true",
        "",
        "[tls]",
        'server_ca = "../tls/operator-ca.pem"',
        f'certificate = "../tls/{name}.pem"',
        f'key = "../tls/{name}.key"',
        "",
        "[log]",
        'vkeys = "../log.vkeys"',
        f'genesis = "{genesis.hex()}"',
    ]
    for signer in party.signers:
        capacity = signer.capacities[0]
        if capacity == _REGISTRAR:
            continue
        word = message_pb2.Capacity.Name(capacity).removeprefix("CAPACITY_").lower()
        lines += [
            "",
            "[[signer]]",
            f'id = "{signer.signer_id}"',
            f'capacity = "{word}"',
            f'key = "../keys/{name}/{signer.signer_id}.pem"',
        ]
    lines += [
        "",
        "[[encryption_key]]",
        f'file = "../keys/{name}/sealing.key"',
        "",
        "[state]",
        f'folder = "../state/{name}"',
        "",
        "[dev]",
        'clock_offset = "../clock-offset"',
        "",
    ]
    return "\n".join(lines)


def _write(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
