"""How an exchange's state is stored: compact JSON, versioned."""

import json
from typing import Any

from rogatory.lifecycle import ExchangeState, Part

_VERSION = 1


def encode_state(state: ExchangeState) -> bytes:
    """Return the state's bytes."""
    return json.dumps(
        {
            "v": _VERSION,
            "id": state.exchange_id,
            "requester": state.requester,
            "addressee": state.addressee,
            "kind": state.kind,
            "profile": [state.profile_id, state.profile_digest.hex()],
            "test": state.test,
            "emergency": state.emergency,
            "participants": sorted(state.participants),
            "parts": [
                [part_id, part.state, part.act_time, part.changed]
                for part_id, part in state.parts.items()
            ],
            "files": {digest.hex(): status for digest, status in state.files.items()},
            "digests": [digest.hex() for digest in state.digests],
        },
        separators=(",", ":"),
    ).encode()


def decode_state(raw: bytes) -> ExchangeState:
    """Return the state that `encode_state` stored."""
    data: dict[str, Any] = json.loads(raw)
    if data["v"] != _VERSION:
        msg = f"exchange state: expected version {_VERSION}, got {data['v']}"
        raise RuntimeError(msg)
    return ExchangeState(
        exchange_id=data["id"],
        requester=data["requester"],
        addressee=data["addressee"],
        kind=data["kind"],
        profile_id=data["profile"][0],
        profile_digest=bytes.fromhex(data["profile"][1]),
        test=data["test"],
        emergency=data["emergency"],
        participants=frozenset(data["participants"]),
        parts={
            part_id: Part(state, act_time, changed)
            for part_id, state, act_time, changed in data["parts"]
        },
        files={bytes.fromhex(key): status for key, status in data["files"].items()},
        digests=tuple(bytes.fromhex(digest) for digest in data["digests"]),
    )
