"""What `doctor` finds at the gateway: reachable, honest, fresh, and knowing us."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rogatory.cli._exit import Exit
from rogatory.cli._findings import Finding, Result, failed, ok
from rogatory.cli.output import clock_and_distance, count, duration, utc
from rogatory.errors import RogatoryError, Unreachable

if TYPE_CHECKING:
    from rogatory.context import Context
    from rogatory.directory import Directory
    from rogatory.reading import Reader
    from rogatory.tlog import VerifiedCheckpoint

_MAX_BEHIND = timedelta(minutes=2)
"""How far ahead a message may be dated (docs/protocol.md)."""

_OLD = timedelta(days=7)
_CONNECT_S = 5.0
_START = "start the gateway, or check address, network and firewall"
_LATER = ("log", "clock", "streams", "directory", "ourselves")


def remote_findings(reader: "Reader") -> Iterator[Finding]:
    """Yield what only the gateway can tell."""
    context = reader.context
    try:
        head = reader.checkpoint()
    except Unreachable as error:
        yield _unreachable(context, error)
        for check in _LATER:
            yield Finding(check, Result.SKIPPED, "the gateway did not answer")
        return
    except RogatoryError as error:
        yield failed("gateway", error)
        for check in _LATER:
            yield Finding(check, Result.SKIPPED, "the gateway did not answer")
        return
    yield ok("gateway", f"{context.address} serves {head.origin}")
    now = reader.now()
    signed = max(head.times.values(), default=None)
    yield _log(head, now, signed)
    yield _clock(now, signed)
    yield _streams(context)
    try:
        directory = reader.directory()
    except RogatoryError as error:
        yield failed("directory", error)
        yield Finding("ourselves", Result.SKIPPED, "the directory does not verify")
        return
    parties = count(len(directory.parties()), "party")
    yield ok("directory", f"statement {directory.sequence} verified, {parties}")
    yield _ourselves(context, directory)


def _unreachable(context: "Context", error: Unreachable) -> Finding:
    """Find out how far one comes: name, port, TLS, our certificate."""
    host, _, port = context.address.rpartition(":")
    host, met = host.strip("[]"), False
    tls = ssl.create_default_context(cafile=str(context.server_ca))
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    tls.set_alpn_protocols(["h2"])
    try:
        tls.load_cert_chain(context.certificate, context.key)
        with socket.create_connection((host, int(port)), _CONNECT_S) as plain:
            met = True
            with tls.wrap_socket(plain, server_hostname=host) as sealed:
                # In TLS 1.3 a refused certificate is told only now.
                refused = not sealed.recv(1)
    except ssl.SSLCertVerificationError as problem:
        what = f"{context.address}: its certificate: {problem.verify_message}"
        todo = "check address and server_ca: is this the gateway you mean?"
        return _no_gateway(what, todo, Exit.NOT_AUTHORISED)
    except (TimeoutError, socket.gaierror) as problem:
        what = f"{context.address}: {(problem.strerror or str(problem)).lower()}"
        return _no_gateway(what, _START, Exit.UNREACHABLE)
    except OSError as problem:  # TLS errors are OSErrors too
        refused = met
        if not met:
            what = f"{context.address}: {(problem.strerror or str(problem)).lower()}"
            return _no_gateway(what, _START, Exit.UNREACHABLE)
    if refused:
        what = f"{context.address} answers and does not accept our certificate"
        todo = "use one of a CA that is enrolled for your party; ask the operator"
        return _no_gateway(what, todo, Exit.NOT_AUTHORISED)
    todo = "try again; if it stays so, tell the operator"
    return _no_gateway(str(error), todo, Exit.UNREACHABLE)


def _no_gateway(what: str, todo: str, code: Exit) -> Finding:
    return Finding("gateway", Result.PROBLEM, what, todo, code)


def _log(head: "VerifiedCheckpoint", now: datetime, signed: int | None) -> Finding:
    size = count(head.size, "entry")
    if signed is None:
        return ok("log", f"{size}, both signatures hold")
    when = utc(signed)
    what = f"{size}, both signatures hold, signed {clock_and_distance(when, now)}"
    if now - when > _OLD:
        todo = "if that is not a quiet week, ask the operator"
        return Finding("log", Result.NOTE, what, todo)
    return ok("log", what)


def _clock(now: datetime, signed: int | None) -> Finding:
    """Compare clocks, as far as a checkpoint's time tells it."""
    if signed is None:
        return Finding("clock", Result.SKIPPED, "the checkpoint has no time")
    ahead = now - utc(signed)
    if ahead < -_MAX_BEHIND:
        return Finding(
            "clock",
            Result.PROBLEM,
            f"this machine is {duration(-ahead)} behind the gateway",
            "set this machine's clock (NTP)",
        )
    if ahead < timedelta(0):
        return ok("clock", f"{duration(-ahead)} behind the gateway at least")
    return ok("clock", f"not behind the gateway; ahead by {duration(ahead)} at most")


def _streams(context: "Context") -> Finding:
    host, _, port = context.stream_address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S):
            return ok("streams", f"{context.stream_address} answers")
    except OSError as error:
        return Finding(
            "streams",
            Result.PROBLEM,
            f"{context.stream_address}: {(error.strerror or str(error)).lower()}",
            "check address, network and firewall: watching and files need it",
            Exit.UNREACHABLE,
        )


def _ourselves(  # noqa: PLR0911 one a finding
    context: "Context", directory: "Directory"
) -> Finding:
    """The directory has our party, our signers' keys and our key for sections."""
    if directory.party(context.party) is None:
        return _not_enrolled(f"{context.party} is no active party")
    for signer in context.signers:
        from rogatory.v1 import message_pb2

        named = message_pb2.Signatory(
            party=context.party, signer_id=signer.id, capacity=signer.capacity
        )
        try:
            known = directory.keys_of(named)
            enrolled = signer.load_key().public.key_id in known
        except RogatoryError as error:
            return _not_enrolled(str(error))
        if not enrolled:
            return _not_enrolled(f"the key of {signer.id} is not the enrolled one")
    try:
        ours = {key.key_id for key in context.load_encryption_keys()}
    except RogatoryError as error:
        return failed("ourselves", error)
    enrolled_keys = set(directory.encryption_keys(context.party))
    if enrolled_keys - ours:
        return Finding(
            "ourselves",
            Result.NOTE,
            "sections are also sealed to keys that this machine does not have",
            "add the missing [[encryption_key]] to the context, if it is yours",
        )
    if not enrolled_keys:
        return _not_enrolled("no key for sealed sections is enrolled")
    what = f"{context.party}, {count(len(context.signers), 'signer')}, keys as enrolled"
    return ok("ourselves", what)


def _not_enrolled(what: str) -> Finding:
    todo = "have your registrars enrol it, or correct the context"
    return Finding("ourselves", Result.PROBLEM, what, todo, Exit.NOT_AUTHORISED)
