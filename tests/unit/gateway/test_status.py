"""How an error leaves the gateway: one code and reason a class, never too large."""

import re

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from rogatory.errors import (
    FieldInvalid,
    ItemUnknown,
    LogUnavailable,
    Malformed,
    Overloaded,
    RogatoryError,
    Stale,
    all_errors,
)
from rogatory_gateway.rpc.errors import internal_status, status_of

SAFE_TRAILERS = 8 * 1024
"""What every gRPC client takes; beyond, the status itself may be lost."""

DETAILS = "grpc-status-details-bin"

TABLE = {
    "UNKNOWN": "UNKNOWN",
    # input
    "INVALID_INPUT": "INVALID_ARGUMENT",
    "MALFORMED": "INVALID_ARGUMENT",
    "NOT_CANONICAL": "INVALID_ARGUMENT",
    "UNKNOWN_FIELD": "INVALID_ARGUMENT",
    "LIMIT_EXCEEDED": "INVALID_ARGUMENT",
    "FIELD_INVALID": "INVALID_ARGUMENT",
    "WRONG_ORIGIN": "INVALID_ARGUMENT",
    "EXPIRED": "INVALID_ARGUMENT",
    "CLOCK_SKEW": "INVALID_ARGUMENT",
    "TABLE_INVALID": "INVALID_ARGUMENT",
    # identity
    "IDENTITY": "UNAUTHENTICATED",
    "CERTIFICATE_INVALID": "UNAUTHENTICATED",
    "UNKNOWN_ISSUER": "UNAUTHENTICATED",
    "SYSTEM_NOT_ENROLLED": "UNAUTHENTICATED",
    "INSECURE_TRANSPORT": "UNAUTHENTICATED",
    "NOT_PERMITTED": "PERMISSION_DENIED",
    "PARTY_KIND_NOT_ALLOWED": "PERMISSION_DENIED",
    "NOT_A_PARTICIPANT": "PERMISSION_DENIED",
    "DEVELOPMENT_ONLY": "FAILED_PRECONDITION",
    # signatures
    "SIGNATURE": "UNAUTHENTICATED",
    "UNKNOWN_SIGNER": "UNAUTHENTICATED",
    "SIGNATURE_INVALID": "UNAUTHENTICATED",
    "SIGNATURE_NOT_CANONICAL": "UNAUTHENTICATED",
    "SIGNATORIES_MISMATCH": "UNAUTHENTICATED",
    # rules
    "RULE": "FAILED_PRECONDITION",
    "RECIPIENT_INVALID": "FAILED_PRECONDITION",
    "PROFILE_UNKNOWN": "FAILED_PRECONDITION",
    "PROFILE_UNVERIFIED": "FAILED_PRECONDITION",
    "KIND_NOT_ALLOWED": "FAILED_PRECONDITION",
    "APPROVAL_MISSING": "FAILED_PRECONDITION",
    "CATEGORY_NOT_ALLOWED": "FAILED_PRECONDITION",
    "ITEM_UNKNOWN": "FAILED_PRECONDITION",
    "TRANSITION_NOT_ALLOWED": "FAILED_PRECONDITION",
    "PREVIOUS_UNKNOWN": "FAILED_PRECONDITION",
    "STALE": "ABORTED",
    "MESSAGE_ID_REUSED": "ALREADY_EXISTS",
    "NOT_FOUND": "NOT_FOUND",
    "EXCHANGE_UNKNOWN": "NOT_FOUND",
    "BLOB_UNKNOWN": "NOT_FOUND",
    "BLOB_INCOMPLETE": "FAILED_PRECONDITION",
    # availability
    "UNAVAILABLE": "UNAVAILABLE",
    "LOG_UNAVAILABLE": "UNAVAILABLE",
    "OVERLOADED": "RESOURCE_EXHAUSTED",
    "UNREACHABLE": "UNAVAILABLE",
    "LOG_STOPPED": "UNAVAILABLE",
}
"""What a caller can be told by the gateway; clients act on these, so they stand."""


def test_the_codes_of_reasons_are_frozen() -> None:
    """A reason never changes its code: others' programs depend on both."""
    found = {kind.reason: kind.code for kind in all_errors()}

    assert {reason: found[reason] for reason in TABLE} == TABLE


def test_every_class_has_a_reason_of_its_own_and_a_code_of_grpc() -> None:
    """One class, one reason, UPPER_SNAKE, at most 63 characters (AIP-193)."""
    kinds = list(all_errors())
    reasons = [kind.reason for kind in kinds]

    assert len(set(reasons)) == len(reasons)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]{0,62}", reason) for reason in reasons)
    assert all(hasattr(grpc.StatusCode, kind.code) for kind in kinds)


def test_every_class_has_a_sentence_and_says_what_to_do() -> None:
    """The docstring is what a person reads, so it is one sentence."""
    for kind in all_errors():
        sentence = (kind.__doc__ or "").strip().splitlines()[0]
        assert sentence.endswith("."), kind
        assert kind.todo, kind


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    """Whoever reads the module sees every class."""
    import rogatory.errors as module

    drawn = set(re.findall(r"[├└│ ─]+([A-Z][A-Za-z]+)", module.__doc__ or ""))

    missing = {kind.__name__ for kind in all_errors()} - drawn - {"RogatoryError"}
    assert missing == set()


def _details(error: RogatoryError) -> tuple[grpc.Status, status_pb2.Status, int]:
    status = status_of(error)
    metadata = dict(status.trailing_metadata or ())
    raw = metadata[DETAILS]
    assert isinstance(raw, bytes)
    # Binary trailers travel in base64; the message is percent-encoded.
    size = len(raw) * 4 // 3 + 3 * len(status.details.encode())
    return status, status_pb2.Status.FromString(raw), size


def test_an_error_carries_its_reason_and_facts() -> None:
    """`ErrorInfo`: reason, domain, the thing, what was expected, what came."""
    error = Malformed("envelope", expected="a protobuf Envelope", got="text")

    status, rich, _ = _details(error)

    assert status.code is grpc.StatusCode.INVALID_ARGUMENT
    assert status.details == rich.message
    assert rich.message == "envelope: expected a protobuf Envelope, got text"
    info = error_details_pb2.ErrorInfo()
    assert rich.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("MALFORMED", "rogatory")
    assert dict(info.metadata) == {
        "thing": "envelope",
        "expected": "a protobuf Envelope",
        "got": "text",
    }


@pytest.mark.parametrize("error", [Overloaded("queue"), LogUnavailable("log")])
def test_what_passes_says_when_to_try_again(error: RogatoryError) -> None:
    """A caller that may try again is told after how long."""
    _, rich, _ = _details(error)

    retry = error_details_pb2.RetryInfo()
    assert rich.details[-1].Unpack(retry)
    assert retry.retry_delay.seconds == 1


def test_violations_are_a_bad_request() -> None:
    """Each field with its rule, in order."""
    _, rich, _ = _details(FieldInvalid({"a.b": "32 bytes", "a.c": "required"}))

    bad = error_details_pb2.BadRequest()
    assert rich.details[1].Unpack(bad)
    assert [(v.field, v.description) for v in bad.field_violations] == [
        ("a.b", "32 bytes"),
        ("a.c", "required"),
    ]


LARGEST: dict[str, RogatoryError] = {
    "long violations": FieldInvalid({str(n) + "x" * 600: "y" * 600 for n in range(99)}),
    "many violations": FieldInvalid(
        {f"items[{n}].id": "rule " * 12 for n in range(99)}
    ),
    "many names": ItemUnknown("items " + "i" * 700, expected="e" * 700, got="g" * 700),
    "what was missed": Stale("x", metadata={"missed": ",".join(["0" * 64] * 10)}),
}


@pytest.mark.parametrize("name", LARGEST)
def test_no_status_is_too_large_for_a_client(name: str) -> None:
    """A status that overflows the trailers is lost, and its reason with it."""
    _, rich, size = _details(LARGEST[name])

    assert size < SAFE_TRAILERS
    assert rich.details


def test_our_own_failure_has_no_detail() -> None:
    """INTERNAL, a fixed sentence, nothing else."""
    status = internal_status()

    rich = status_pb2.Status.FromString(
        dict(status.trailing_metadata or ())[DETAILS]  # type: ignore[arg-type]
    )
    assert status.code is grpc.StatusCode.INTERNAL
    assert list(rich.details) == []
