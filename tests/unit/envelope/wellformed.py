"""Messages of every kind that are in order, to be spoilt."""

from collections.abc import Callable

import pytest

from rogatory.envelope import verify_fields
from rogatory.errors import FieldInvalid
from rogatory.v1 import message_pb2, refusal_pb2
from tests.support.messages import Office, Signed

Message = message_pb2.Message
Change = Callable[[Message], object]

OFFICE = Office()
FILE = b"\7" * 32


def messages_in_order() -> dict[str, Signed]:
    """Return a message of every kind that is in order."""
    request = OFFICE.removal_request(2)
    disclosure = OFFICE.disclosure_request(2)
    files = {FILE: 100}
    refusal = refusal_pb2.SubmissionRefusal(refused_digest=FILE, reason="STALE")
    return {
        "removal_request": request,
        "removal_report": OFFICE.removal_report(request, {"item-1": "REMOVED"}),
        "clarification_request": OFFICE.clarification_request(request, ["item-1"]),
        "clarification_response": OFFICE.clarification_response(request, ["item-1"]),
        "disclosure_request": disclosure,
        "disclosure_report": OFFICE.disclosure_report(
            disclosure, {"task-1": "DISCLOSED"}, files
        ),
        "delivery_receipt": OFFICE.delivery_receipt(disclosure, {FILE: "INTEGRITY_OK"}),
        "submission_refusal": OFFICE.message(
            refusal,
            who=[("example-operator", "seal", message_pb2.CAPACITY_SEAL)],
            to=["example-police"],
            profile="XX.SUBSCRIBER",
        ),
    }


MESSAGES = messages_in_order()


def copy_of(kind: str) -> Message:
    """Return a message of a kind, to be changed."""
    copy = Message()
    copy.CopyFrom(MESSAGES[kind].message)
    return copy


def violations_of(message: Message) -> dict[str, str]:
    """Return what is wrong with a message, by path."""
    with pytest.raises(FieldInvalid) as caught:
        verify_fields(message)
    return caught.value.violations
