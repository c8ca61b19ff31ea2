"""How an error leaves the gateway: `google.rpc.Status` with details (AIP-193).

Only errors of our own tree carry text to the outside. Whatever else goes wrong is our
fault: the caller learns that it was, and the log has the rest.
"""

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from rogatory.errors import (
    DOMAIN,
    FieldInvalid,
    Overloaded,
    RogatoryError,
    Unavailable,
)

_RETRY_S = 1
_MAX_TEXT = 500
"""Of a message: long lists of names must not overflow the trailers."""

_MAX_VIOLATIONS_BYTES = 3_000
"""Of all violations: clients take 8 KiB of trailers for sure, and base64 adds a third;
a status that overflows them is lost as a whole."""


def status_of(error: RogatoryError) -> grpc.Status:
    """Return the status that carries an error of our tree."""
    details = [
        error_details_pb2.ErrorInfo(
            reason=error.reason,
            domain=DOMAIN,
            metadata={
                "thing": error.thing[:_MAX_TEXT],
                "expected": error.expected[:_MAX_TEXT],
                "got": error.got[:_MAX_TEXT],
                **error.metadata,
            },
        )
    ]
    packed = [_packed(detail) for detail in details]
    if isinstance(error, FieldInvalid):
        packed.append(_packed(_bad_request(error)))
    if isinstance(error, (Overloaded, Unavailable)):
        delay = duration_pb2.Duration(seconds=_RETRY_S)
        packed.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    return rpc_status.to_status(
        status_pb2.Status(
            code=code_pb2.Code.Value(error.code),
            message=str(error)[:_MAX_TEXT],
            details=packed,
        )
    )


def _bad_request(error: FieldInvalid) -> error_details_pb2.BadRequest:
    """Return the first violations, as many as surely arrive."""
    bad = error_details_pb2.BadRequest()
    for field, rule in error.violations.items():
        bad.field_violations.add(field=field[:_MAX_TEXT], description=rule[:_MAX_TEXT])
        if bad.ByteSize() > _MAX_VIOLATIONS_BYTES:
            break
    return bad


def internal_status() -> grpc.Status:
    """Return the status of a failure that is ours, without any detail."""
    return rpc_status.to_status(
        status_pb2.Status(
            code=code_pb2.INTERNAL,
            message="the gateway failed; nothing was stored unless a receipt says so",
        )
    )


def _packed(detail: object) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(detail)  # type: ignore[arg-type]
    return packed
