"""What `doctor` finds on this machine: files, permissions, keys, certificate, state."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from rogatory.cli._exit import Exit, exit_code_of
from rogatory.cli.output import clock, count, duration
from rogatory.errors import RogatoryError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

    from rogatory.context import Context

_SOON = timedelta(days=14)
_MAX_PEM = 64 * 1024


class Result(Enum):
    """How a check went."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table.

    Attributes:
        check: What was looked at.
        result: How it went.
        what: What was found.
        todo: What to do.
        code: Exit code if it is a problem.
    """

    check: str
    result: Result
    what: str
    todo: str = ""
    code: Exit = Exit.FAILED


def ok(check: str, what: str) -> Finding:
    """Return that a check went well."""
    return Finding(check, Result.OK, what)


def failed(check: str, error: RogatoryError) -> Finding:
    """Return an error of ours as a finding."""
    code = exit_code_of(type(error))
    return Finding(check, Result.PROBLEM, str(error), error.todo, code)


def local_findings(context: "Context") -> Iterator[Finding]:
    """Yield what can be found without a network."""
    yield ok("context", f"{context.path}: {context.party} at {context.address}")
    yield _files(context)
    yield _certificate(context)
    yield _keys(context)
    yield _log_keys(context)
    yield _state(context)


def _files(context: "Context") -> Finding:
    """Every file is there, and nobody else reads the secret ones."""
    secret = [context.key, *(each.key for each in context.signers)]
    secret += context.encryption_key_files
    for path in [context.server_ca, context.certificate, context.vkeys, *secret]:
        if not path.is_file() or not os.access(path, os.R_OK):
            return Finding(
                "files",
                Result.PROBLEM,
                f"{_plain(path)} cannot be read",
                "put the file there, or correct the context",
            )
    for path in secret:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            return Finding(
                "files",
                Result.PROBLEM,
                f"others on this machine can use {_plain(path)} (mode {mode:03o})",
                f"chmod 600 {_plain(path)}",
            )
    return ok("files", f"{count(len(secret), 'secret file')}, yours alone")


def _certificate(context: "Context") -> Finding:  # noqa: PLR0911 one a finding
    """The certificate is of this party, fits its key and lives."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        raw = _read(context.certificate)
        certificate = x509.load_pem_x509_certificate(raw)
        key = load_pem_private_key(_read(context.key), password=None)
        names = _uris(certificate)
    except (OSError, ValueError, TypeError, x509.ExtensionNotFound) as error:
        what = f"{_plain(context.certificate)}: {type(error).__name__.lower()}"
        todo = "put a PEM certificate with one URI name, and its key, in their places"
        return _bad_certificate(what, todo)
    if key.public_key() != certificate.public_key():
        what = f"{_plain(context.key)} is not the key of the certificate"
        return _bad_certificate(what, "use the key that the certificate was issued for")
    if not any(f"/{context.party}/" in name for name in names):
        what = f"issued to {', '.join(names) or 'nobody'}, not to {context.party}"
        return _bad_certificate(what, "use a certificate of this context's party")
    now, end = datetime.now(UTC), certificate.not_valid_after_utc
    if now < certificate.not_valid_before_utc:
        what = f"valid from {clock(certificate.not_valid_before_utc)} on"
        return _bad_certificate(what, "set this machine's clock")
    if now >= end:
        what = f"expired {duration(now - end)} ago"
        return _bad_certificate(what, "get a new one from your party's CA")
    left = f"{names[0]}, expires in {duration(end - now)}: {clock(end)}"
    if end - now < _SOON:
        todo = "get a new one from your party's CA"
        return Finding("certificate", Result.NOTE, left, todo)
    return ok("certificate", left)


def _bad_certificate(what: str, todo: str) -> Finding:
    return Finding("certificate", Result.PROBLEM, what, todo, Exit.NOT_AUTHORISED)


def _uris(certificate: "Certificate") -> list[str]:
    from cryptography import x509

    extension = certificate.extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    return extension.value.get_values_for_type(x509.UniformResourceIdentifier)


def _keys(context: "Context") -> Finding:
    """Signing keys and keys for sections can be used."""
    try:
        for signer in context.signers:
            signer.load_key()
        sealing = context.load_encryption_keys()
    except RogatoryError as error:
        return failed("keys", error)
    who = ", ".join(f"{each.id} ({each.capacity_name})" for each in context.signers)
    return ok("keys", f"{who or 'nobody signs'}; {count(len(sealing), 'sealing key')}")


def _log_keys(context: "Context") -> Finding:
    try:
        keys = context.load_verifier_keys()
    except RogatoryError as error:
        return failed("log keys", error)
    ids = ", ".join(f"{key.key_id:08x}" for key in keys)
    return ok("log keys", f"{context.origin}: {ids}")


def _state(context: "Context") -> Finding:
    """The state folder can be written, and nothing waits in it."""
    from rogatory.state import State

    folder = context.state
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding(
            "state",
            Result.PROBLEM,
            f"{_plain(folder)} cannot be written",
            "correct its owner or permissions: receipts are kept there",
        )
    kept = len([*folder.glob("evidence/*")])
    if kept:
        return Finding(
            "state",
            Result.NOTE,
            f"{count(kept, 'failed verification')} kept in {_plain(folder)}/evidence",
            "show it to the operator and the auditor",
        )
    if waiting := len(State(folder).outbox()):
        return Finding(
            "state",
            Result.NOTE,
            f"{count(waiting, 'message')} cut off on the way",
            "rogatory outbox list, then rogatory outbox send",
        )
    return ok("state", _plain(folder))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MAX_PEM)


def _plain(path: Path) -> str:
    return os.path.normpath(path)
