"""Contexts: how this machine reaches one gateway, as which party, with which keys.

A context is a TOML file (`rogatory-context/v1`); paths in it are relative to the file.
Reading is strict: a key that is missing, unknown or of another type is refused by name
(`ConfigInvalid`), so that a misspelt `genesis` never means "no trust anchor".

    format = "rogatory-context/v1"
    origin = "gateway.example/log"
    address = "localhost:8443"           unary calls
    stream_address = "localhost:8444"    WatchInbox and EvidenceService
    party = "example-regulator"
    unit = "online-harms"                optional
    language = "en"
    test = true                          optional: every exchange is flagged as a test
    [tls]        server_ca, certificate, key
    [log]        vkeys (one vkey a line), genesis (hex SHA-256 of the first directory
                 statement's envelope: the trust anchor)
    [[signer]]   id, capacity, key       any number; PKCS #8 PEM
    [[encryption_key]] file              any number, the newest first
    [state]      folder
    [dev]        clock_offset            optional; story time, never TLS

Keys are read when they are used, never before, and are in no `repr`.
"""

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from rogatory._toml import Table
from rogatory.envelope import SigningKey, parse_signing_key
from rogatory.errors import ConfigInvalid, ContextUnknown, RogatoryError
from rogatory.offline import load_vkeys
from rogatory.sealing import EncryptionPrivateKey, parse_private_key
from rogatory.tlog import VerifierKey
from rogatory.v1 import message_pb2

FORMAT = "rogatory-context/v1"
MAX_CONTEXT_BYTES = 64 * 1024
"""A context has some thirty lines."""

MAX_KEY_BYTES = 64 * 1024
"""The longest key file, ML-DSA-65 in PEM, has 6 KiB."""

_MAX_OFFSET_S = 10 * 366 * 24 * 3600
_DIGEST_BYTES = 32
_CAPACITIES = {
    name.removeprefix("CAPACITY_").lower(): number
    for name, number in message_pb2.Capacity.items()
    if number
}

Clock: TypeAlias = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class ContextSigner:
    """Somebody whose key this machine may use.

    Attributes:
        id: The signer's id in the directory.
        capacity: In which it signs.
        key: File with the private key.
    """

    id: str
    capacity: message_pb2.Capacity.ValueType
    key: Path

    @property
    def capacity_name(self) -> str:
        """The capacity in lower case without prefix: `issuer`, `counsel`, `seal`."""
        name = message_pb2.Capacity.Name(self.capacity)
        return name.removeprefix("CAPACITY_").lower()

    def load_key(self) -> SigningKey:
        """Read the private key.

        Raises:
            ConfigInvalid: The file cannot be read or holds no such key.
        """
        raw = _read(self.key, MAX_KEY_BYTES, "signer.key")
        return parse_signing_key(raw, thing=str(self.key))


@dataclass(frozen=True, slots=True)
class Context:
    """One way to one gateway.

    Attributes:
        name: The file's name without `.toml`.
        path: The file.
        origin: Origin of the gateway's log.
        address: `host:port` of unary calls.
        stream_address: `host:port` of streams.
        party: Our party id.
        unit: Our unit; empty if none.
        language: BCP 47 tag of our texts.
        test: Whether every exchange we open is flagged as a test.
        server_ca: PEM file with the operator's CA, the only one trusted.
        certificate: PEM file with our system's certificate.
        key: PEM file with its private key.
        vkeys: File with the log's vkeys.
        genesis: SHA-256 of the first directory statement's envelope.
        signers: Whose keys we may use.
        encryption_key_files: Files with our private keys for sections.
        state: Folder for what this machine remembers.
        clock_offset: File with the story's seconds ahead, in development only.
    """

    name: str
    path: Path
    origin: str
    address: str
    stream_address: str
    party: str
    unit: str
    language: str
    test: bool
    server_ca: Path
    certificate: Path
    key: Path
    vkeys: Path
    genesis: bytes
    signers: tuple[ContextSigner, ...]
    encryption_key_files: tuple[Path, ...]
    state: Path
    clock_offset: Path | None

    def now(self) -> datetime:
        """Return the time for messages and acts: UTC, or the story's in development.

        Raises:
            ConfigInvalid: The offset file holds no whole number of seconds.
        """
        return datetime.now(UTC) + timedelta(seconds=self._offset())

    def signer(self, signer_id: str) -> ContextSigner:
        """Return the signer of that id.

        Raises:
            ConfigInvalid: The context has none.
        """
        for signer in self.signers:
            if signer.id == signer_id:
                return signer
        known = ", ".join(signer.id for signer in self.signers) or "none at all"
        raise ConfigInvalid(
            f"{self.path}: signer {signer_id}", expected=f"one of: {known}"
        )

    def load_verifier_keys(self) -> tuple[VerifierKey, ...]:
        """Read the log's keys.

        Raises:
            ConfigInvalid: The file does not hold both keys of this log.
        """
        keys = load_vkeys(self.vkeys)
        if keys[0].name != self.origin:
            raise ConfigInvalid(
                f"{self.vkeys}", expected=f"keys of {self.origin}", got=keys[0].name
            )
        return keys

    def load_encryption_keys(self) -> tuple[EncryptionPrivateKey, ...]:
        """Read our private keys for sections.

        Raises:
            ConfigInvalid: A file cannot be read or holds no such key.
        """
        return tuple(_load_encryption_key(path) for path in self.encryption_key_files)

    def _offset(self) -> int:
        if self.clock_offset is None:
            return 0
        try:
            text = self.clock_offset.read_text(encoding="ascii").strip() or "0"
            offset = int(text)
        except FileNotFoundError:
            return 0
        except (OSError, ValueError):
            raise ConfigInvalid(
                str(self.clock_offset), expected="a whole number of seconds"
            ) from None
        if not 0 <= offset <= _MAX_OFFSET_S:
            raise ConfigInvalid(
                str(self.clock_offset), expected=f"0 to {_MAX_OFFSET_S} seconds"
            )
        return offset


def load_context(
    name: str | None,
    *,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Context:
    """Find and read a context.

    Args:
        name: Path of a file; or a name, looked up as `NAME.toml`, then as the only
            `…-NAME.toml`, in the folders of `context_folders`. None: what the
            environment variable `ROGATORY_CONTEXT` says.
        environ: The environment; the process's own unless given.
        cwd: The working folder; the process's own unless given.

    Raises:
        ContextUnknown: There is no such context, or no name at all.
        ConfigInvalid: The file is not usable; it names the key.
    """
    environ = os.environ if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    name = name or environ.get("ROGATORY_CONTEXT")
    if not name:
        known = ", ".join(sorted(list_contexts(environ=environ, cwd=cwd)))
        raise ContextUnknown(
            "context",
            expected="a name (--as NAME, or ROGATORY_CONTEXT)",
            got=f"none; there are: {known}" if known else "none",
        )
    if "/" in name or name.endswith(".toml"):
        path = cwd / name
        if not path.is_file():
            raise ContextUnknown(f"context {name}", expected="a file", got="none")
        return read_context(path)
    return read_context(_find(name, environ, cwd))


def list_contexts(
    *, environ: Mapping[str, str] | None = None, cwd: Path | None = None
) -> dict[str, Path]:
    """Return every context by name, the first of a name as `load_context` finds it."""
    environ = os.environ if environ is None else environ
    cwd = Path.cwd() if cwd is None else cwd
    found: dict[str, Path] = {}
    for folder in context_folders(environ=environ, cwd=cwd):
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def context_folders(*, environ: Mapping[str, str], cwd: Path) -> list[Path]:
    """Return where contexts are looked for, the first wins."""
    folders = []
    if own := environ.get("ROGATORY_CONTEXTS"):
        folders.append(cwd / own)
    folders += [cwd / ".demo" / "contexts", cwd / ".dev" / "contexts"]
    home = environ.get("XDG_CONFIG_HOME")
    if not home and "HOME" in environ:
        home = f"{environ['HOME']}/.config"
    if home:
        folders.append(Path(home) / "rogatory" / "contexts")
    return folders


def read_context(path: Path) -> Context:
    """Read a context file.

    Raises:
        ConfigInvalid: It is not usable; it names the key.
    """
    raw = _read(path, MAX_CONTEXT_BYTES, "context")
    try:
        table = Table(tomllib.loads(raw.decode()), str(path))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        place = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "UTF-8"
        raise ConfigInvalid(f"{path}", expected="a TOML file", got=place) from None
    base = _Base(path)
    if (found := table.text("format")) != FORMAT:
        raise ConfigInvalid(f"{path}: format", expected=FORMAT, got=found)
    tls, log = table.table("tls"), table.table("log")
    state, dev = table.table("state"), table.optional_table("dev")
    offset = dev.text("clock_offset") if dev else ""
    context = Context(
        name=path.stem,
        path=path.absolute(),
        origin=table.text("origin"),
        address=table.address("address"),
        stream_address=table.address("stream_address"),
        party=table.text("party"),
        unit=table.text("unit", default=""),
        language=table.text("language"),
        test=table.flag("test", default=False),
        server_ca=base / tls.text("server_ca"),
        certificate=base / tls.text("certificate"),
        key=base / tls.text("key"),
        vkeys=base / log.text("vkeys"),
        genesis=log.hexadecimal("genesis", _DIGEST_BYTES),
        signers=tuple(_signer(each, base) for each in table.tables("signer")),
        encryption_key_files=tuple(
            base / _only(each, "file") for each in table.tables("encryption_key")
        ),
        state=base / state.text("folder"),
        clock_offset=base / offset if offset else None,
    )
    for each in (table, tls, log, state, dev):
        if each:
            each.close()
    ids = [signer.id for signer in context.signers]
    if len(set(ids)) != len(ids):
        raise ConfigInvalid(f"{path}: signer.id", expected="each signer once")
    return context


class _Base:
    """The folder to which the paths in a context are relative."""

    def __init__(self, path: Path) -> None:
        self._folder = path.resolve().parent

    def __truediv__(self, text: str) -> Path:
        """Return a path without `..` in it, for people to read."""
        return Path(os.path.normpath(self._folder / text))


def _signer(table: Table, base: _Base) -> ContextSigner:
    capacity = table.text("capacity")
    if capacity not in _CAPACITIES:
        raise ConfigInvalid(
            table.where("capacity"),
            expected=f"one of {', '.join(_CAPACITIES)}",
            got=capacity,
        )
    signer = ContextSigner(
        table.text("id"), _CAPACITIES[capacity], base / table.text("key")
    )
    table.close()
    return signer


def _only(table: Table, key: str) -> str:
    value = table.text(key)
    table.close()
    return value


def _find(name: str, environ: Mapping[str, str], cwd: Path) -> Path:
    found = list_contexts(environ=environ, cwd=cwd)
    if name in found:
        return found[name]
    longer = [known for known in found if known.endswith(f"-{name}")]
    if len(longer) == 1:
        return found[longer[0]]
    folders = context_folders(environ=environ, cwd=cwd)
    searched = ", ".join(str(folder) for folder in folders)
    near = longer or get_close_matches(name, list(found), n=3, cutoff=0.5)
    if near:
        got = f"none; is {' or '.join(near)} meant?"
    elif found:
        got = f"none; there are: {', '.join(sorted(found))}"
    else:
        got = "no context at all"
    raise ContextUnknown(
        f"context {name}",
        expected=f"{name}.toml in one of: {searched}",
        got=got,
        metadata={"searched": searched, "near": ",".join(near)},
    )


def _load_encryption_key(path: Path) -> EncryptionPrivateKey:
    raw = _read(path, MAX_KEY_BYTES, "encryption_key.file")
    try:
        return parse_private_key(raw)
    except RogatoryError as error:
        raise ConfigInvalid(str(path), expected=error.expected, got=error.got) from None


def _read(path: Path, limit: int, what: str) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise ConfigInvalid(
            f"{what} {path}", expected="a readable file", got=error.strerror or "error"
        ) from None
    if len(raw) > limit:
        raise ConfigInvalid(f"{what} {path}", expected=f"at most {limit} bytes")
    return raw
