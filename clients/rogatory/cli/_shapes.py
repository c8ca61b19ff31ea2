"""The JSON shapes of exchanges and messages (docs/cli-json.md).

Secrets are in no shape: the age identity of a file is printed by `evidence identity`
alone.
"""

from datetime import UTC
from typing import TYPE_CHECKING

from rogatory.cli._words import due_json, notes
from rogatory.cli.output import Json, rfc3339

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from rogatory.exchanges import ExchangeView, FileView, PartView
    from rogatory.received import Received
    from rogatory.v1 import (
        disclosure_pb2,
        exchange_service_pb2,
        message_pb2,
        removal_pb2,
    )


def claim_json(claim: "exchange_service_pb2.Exchange") -> dict[str, Json]:
    """Return an exchange as the gateway lists it."""
    from rogatory.v1 import exchange_service_pb2

    state = exchange_service_pb2.ExchangeState.Name(claim.state)
    return {
        "exchange_id": claim.exchange_id,
        "requester": claim.requester,
        "addressee": claim.addressee,
        "profile": claim.profile.id,
        "profile_version": claim.profile.digest.hex(),
        "test": claim.test,
        "emergency": claim.emergency,
        "state": state.removeprefix("EXCHANGE_STATE_").lower(),
        "create_time": _time(claim.create_time),
        "update_time": _time(claim.update_time),
        "message_count": claim.message_count,
    }


def view_json(view: "ExchangeView") -> dict[str, Json]:
    """Return an exchange, verified and whole."""
    version = view.lifecycle.profile_digest.hex() if view.lifecycle else None
    reasons = view.reasons
    return {
        "exchange_id": view.exchange_id,
        "kind": view.kind or None,
        "requester": view.requester,
        "addressee": view.addressee,
        "profile": view.profile,
        "profile_version": version,
        "test": view.test,
        "emergency": view.emergency,
        "state": view.state_name,
        "create_time": rfc3339(view.created),
        "update_time": rfc3339(view.updated),
        "message_count": len(view.messages),
        "whole": view.lifecycle is not None,
        "due": due_json(view),
        "reasons": reasons
        and {
            "file_number": reasons.file_number or None,
            "text": reasons.text,
            "redress": reasons.redress or None,
        },
        "parts": [_part(part) for part in view.parts],
        "files": [_file(file) for file in view.files],
        "questions": [
            {"time": rfc3339(time), "text": text} for time, text in view.questions
        ],
        "notes": [
            {"index": message.index, "time": rfc3339(message.time), "text": text}
            for message, text in notes(view)
        ],
        "messages": [message_json(each) for each in view.messages],
        "unreadable": [
            {
                "index": each.index,
                "section": each.section,
                "reason": each.error.reason,
                "problem": str(each.error),
            }
            for each in view.unreadable
        ],
    }


def message_json(received: "Received") -> dict[str, Json]:
    """Return a message: who said what kind of thing when, and where it is logged."""
    header = received.header
    return {
        "index": received.index,
        "number": received.number,
        "time": rfc3339(received.time),
        "kind": received.kind,
        "sender": received.sender,
        "recipients": [each.party for each in header.recipients],
        "signatories": [_signatory(each) for each in header.signatories],
        "exchange_id": received.exchange_id,
        "message_id": received.message_id,
        "profile": header.profile.id,
        "test": header.test,
        "emergency": header.emergency,
        "digest": received.digest.hex(),
    }


def _part(part: "PartView") -> dict[str, Json]:
    detail = part.detail
    return {
        "id": part.id,
        "category": part.category,
        "state": part.state,
        "act_time": rfc3339(part.act_time) if part.act_time else None,
        "log_time": rfc3339(part.logged) if part.logged else None,
        "ground": part.ground or None,
        "explanation": detail.explanation if detail else None,
        "copies_found": detail.copies_found if detail else None,
        "copies_removed": detail.copies_removed if detail else None,
        "item": _item(part.item) if part.item else None,
        "target": _target(part.target) if part.target else None,
    }


def _item(item: "removal_pb2.ContentItem") -> dict[str, Json]:
    from rogatory.v1 import removal_pb2

    hashes: list[Json] = []
    for each in item.hashes:
        name = removal_pb2.HashAlgorithm.Name(each.algorithm)
        algorithm = name.removeprefix("HASH_ALGORITHM_").lower()
        hashes.append({"algorithm": algorithm, "value": each.value})
    locator_type = removal_pb2.LocatorType.Name(item.locator_type)
    return {
        "locator_type": locator_type.removeprefix("LOCATOR_TYPE_").lower(),
        "locator": item.locator or None,
        "hashes": hashes,
        "media_type": item.media_type or None,
        "observe_time": _time(item.observe_time),
        "reason": item.reason or None,
        "legal_provision": item.legal_provision or None,
    }


def _target(target: "disclosure_pb2.DisclosureTarget") -> dict[str, Json]:
    from rogatory.v1 import disclosure_pb2

    identifier_type = disclosure_pb2.IdentifierType.Name(target.identifier_type)
    start = target.HasField("range_start_time")
    end = target.HasField("range_end_time")
    return {
        "identifier_type": identifier_type.removeprefix("IDENTIFIER_TYPE_").lower(),
        "identifier": target.identifier,
        "service": target.service or None,
        "range_start_time": _time(target.range_start_time) if start else None,
        "range_end_time": _time(target.range_end_time) if end else None,
    }


def _file(file: "FileView") -> dict[str, Json]:
    manifest = file.manifest
    return {
        "sha256": file.sha256.hex(),
        "size": file.size,
        "status": file.status,
        "index": file.index,
        "name": manifest.name if manifest else None,
        "media_type": manifest.media_type if manifest else None,
        "plaintext_sha256": manifest.plaintext_sha256.hex() if manifest else None,
        "plaintext_size": manifest.plaintext_size if manifest else None,
        "task_ids": list(manifest.task_ids) if manifest else None,
    }


def _signatory(signatory: "message_pb2.Signatory") -> str:
    from rogatory.v1 import message_pb2

    name = message_pb2.Capacity.Name(signatory.capacity)
    capacity = name.removeprefix("CAPACITY_").lower()
    return f"{signatory.party}/{signatory.signer_id}:{capacity}"


def _time(time: "Timestamp") -> str | None:
    """Write a time of another party; None if it is beyond the calendar."""
    try:
        return rfc3339(time.ToDatetime(UTC))
    except (ValueError, OverflowError):
        return None
