"""From a failed call to an error of our tree.

The gateway sends `google.rpc.Status` with `ErrorInfo.reason`, the name of a class of
`rogatory.errors`; the facts (`thing`, `expected`, `got`) travel in its metadata.
Without such details the failure is gRPC's own: no connection, a deadline, a limit.

What only this machine can find out is never taken from the other side: a gateway that
says "verification failed" or "your setting is wrong" is a `RemoteError` that quotes it.
"""

import contextlib
import re
from collections.abc import Mapping

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from rogatory.errors import (
    DOMAIN,
    FieldInvalid,
    IdentityError,
    LimitExceeded,
    NotPermitted,
    Overloaded,
    RemoteError,
    RogatoryError,
    SectionUnreadable,
    SetupError,
    TableInvalid,
    Unreachable,
    VerificationError,
    all_errors,
)

RETRY_AFTER = "retry_after_s"
"""Metadata: how long the gateway asks to wait, in seconds."""

_OURS_ALONE = (VerificationError, SetupError, SectionUnreadable, TableInvalid)
_BY_REASON = {
    kind.reason: kind for kind in all_errors() if not issubclass(kind, _OURS_ALONE)
}
_BY_CODE: Mapping[grpc.StatusCode, type[RogatoryError]] = {
    grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    grpc.StatusCode.UNAUTHENTICATED: IdentityError,
    grpc.StatusCode.PERMISSION_DENIED: NotPermitted,
}
_FACTS = ("thing", "expected", "got")
_MAX_TEXT = 500
_TLS = re.compile(r"ssl|tls|handshake|certificate", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


def error_of(call: grpc.RpcError, *, method: str, address: str) -> RogatoryError:
    """Return the error that a failed call stands for.

    Args:
        call: What gRPC raised.
        method: The method called.
        address: Whom.
    """
    facts = facts_of(call)
    if facts is None:
        return Unreachable(f"{method} at {address}", got=type(call).__name__)
    with contextlib.suppress(ValueError, DecodeError):
        status = rpc_status.from_call(facts)
        if status is not None:
            found = _from_details(status.details, method)
            if found is not None:
                return found
    return _from_code(facts, method, address)


def facts_of(call: object) -> grpc.Call | None:
    """Return the call in an error: gRPC raises objects that are both.

    Their types say otherwise, hence `object`.
    """
    return call if isinstance(call, grpc.Call) else None


def _from_details(details: object, method: str) -> RogatoryError | None:
    """Return what the gateway's own details say; None if there are none of ours."""
    info = error_details_pb2.ErrorInfo()
    bad = error_details_pb2.BadRequest()
    retry = error_details_pb2.RetryInfo()
    for detail in details:  # type: ignore[attr-defined]
        for kind in (info, bad, retry):
            if detail.Is(kind.DESCRIPTOR):
                detail.Unpack(kind)
    if info.domain != DOMAIN:
        return None
    metadata = {key: _clean(value) for key, value in info.metadata.items()}
    if retry.HasField("retry_delay"):
        delay = retry.retry_delay
        metadata[RETRY_AFTER] = str(delay.seconds + delay.nanos / 1e9)
    facts = {name: metadata.pop(name, "") for name in _FACTS}
    thing = facts.pop("thing") or method
    kind_of_error = _BY_REASON.get(info.reason)
    if kind_of_error is FieldInvalid:
        violations = {v.field: _clean(v.description) for v in bad.field_violations}
        error: RogatoryError = FieldInvalid(violations or {thing: "breaks its rule"})
        error.metadata.update(metadata)
        return error
    if kind_of_error is None:
        metadata["reason"] = _clean(info.reason)[:63]
        facts["got"] = f"{metadata['reason']}: {thing}"
        return RemoteError(method, got=facts["got"], metadata=metadata)
    return kind_of_error(thing, **facts, metadata=metadata)


def _from_code(call: grpc.Call, method: str, address: str) -> RogatoryError:
    """Return what gRPC's own status says."""
    code = call.code()
    text = _clean(call.details() or "")
    thing = f"{method} at {address}"
    if code is grpc.StatusCode.UNAVAILABLE:
        expected = "a connection"
        if _TLS.search(text):
            expected += " (the TLS handshake failed: check certificates and CA)"
        return Unreachable(thing, expected=expected, got=text)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Unreachable(thing, expected="an answer in time", got="none")
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in text:
        return LimitExceeded(thing, got=text)
    kind = _BY_CODE.get(code)
    if kind is not None:
        return kind(thing, got=text)
    return RemoteError(thing, got=f"{code.name}: {text}", metadata={"code": code.name})


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text)[:_MAX_TEXT]
