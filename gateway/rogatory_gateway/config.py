"""The gateway's configuration: one TOML file, read strictly.

Secrets are in files that the configuration names, never in it, in the environment or in
arguments.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rogatory.errors import ConfigInvalid

FORMAT = "rogatory-gateway/v1"
_MAX_BYTES = 64 * 1024

_KEYS = {
    "": {"format", "origin", "trust_domain", "address", "stream_address"},
    "tls": {"certificate", "key"},
    "log": {"keys"},
    "store": {"database", "blobs"},
    "publish": {"folder"},
    "dev": {"clock_offset"},
}


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """What a gateway is told.

    Attributes:
        origin: Origin of its log.
        trust_domain: SPIFFE trust domain of its clients' names.
        address: host:port to serve on; port 0 chooses a free one.
        stream_address: A second one, which clients use for streams; may be the same.
        tls_certificate: Server chain, PEM.
        tls_key: Its key, PEM.
        log_keys: Folder of the log's keys.
        database: SQLite file.
        blobs: Folder of evidence files.
        publish: Folder of the static export of the log; None: no export.
        clock_offset: Development only: file with seconds to be ahead.
    """

    origin: str
    trust_domain: str
    address: str
    stream_address: str
    tls_certificate: Path
    tls_key: Path
    log_keys: Path
    database: Path
    blobs: Path
    publish: Path | None = None
    clock_offset: Path | None = None


def load_config(path: Path) -> GatewayConfig:
    """Read a configuration; relative paths are relative to the file.

    Raises:
        ConfigInvalid: It cannot be read, or a key is unknown, missing or wrong.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigInvalid(
            f"configuration {path}",
            expected="a readable file",
            got=error.strerror or "",
        ) from None
    if len(raw) > _MAX_BYTES:
        raise ConfigInvalid(f"configuration {path}", expected="at most 64 KiB")
    try:
        data = tomllib.loads(raw.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigInvalid(
            f"configuration {path}", expected="TOML in UTF-8", got=str(error)
        ) from None
    return _parse(data, path)


def _parse(data: dict[str, Any], path: Path) -> GatewayConfig:
    tables = {"": {k: v for k, v in data.items() if not isinstance(v, dict)}}
    tables |= {k: v for k, v in data.items() if isinstance(v, dict)}
    for name, table in tables.items():
        unknown = set(table) - _KEYS.get(name, set())
        if name not in _KEYS or unknown:
            first = f"{name}.{min(unknown, default='')}".strip(".")
            raise ConfigInvalid(
                f"configuration {path}", expected="known keys", got=first
            )

    def text(key: str, *, required: bool = True) -> str:
        table, _, name = key.rpartition(".")
        value = tables.get(table, {}).get(name)
        if value is None and not required:
            return ""
        if not isinstance(value, str) or not value:
            raise ConfigInvalid(f"configuration {path}, {key}", expected="a text")
        return value

    def file(key: str) -> Path:
        return path.parent / text(key)

    def optional_file(key: str) -> Path | None:
        value = text(key, required=False)
        return path.parent / value if value else None

    if text("format") != FORMAT:
        raise ConfigInvalid(
            f"configuration {path}, format", expected=FORMAT, got=text("format")
        )
    return GatewayConfig(
        origin=text("origin"),
        trust_domain=text("trust_domain"),
        address=text("address"),
        stream_address=text("stream_address"),
        tls_certificate=file("tls.certificate"),
        tls_key=file("tls.key"),
        log_keys=file("log.keys"),
        database=file("store.database"),
        blobs=file("store.blobs"),
        publish=optional_file("publish.folder"),
        clock_offset=optional_file("dev.clock_offset"),
    )
