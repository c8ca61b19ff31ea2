"""A section, the request that commits to it, and the report on that."""

import hashlib

from rogatory.envelope import (
    MESSAGE_TYPE,
    SigningKey,
    new_id,
    pae,
    parse_envelope,
    sign_payload,
)
from rogatory.sealing import (
    SectionContext,
    commitment_of,
    open_section,
    pad,
    seal_section,
    sealed_line_of,
    section_info,
)
from rogatory.v1 import message_pb2, removal_pb2, section_pb2
from tests.vectors.examples.common import (
    ANSWERS,
    ASKS,
    ORIGIN,
    UNIX,
    Json,
    chance,
    holds,
    sha256,
)
from tests.vectors.examples.keys import CLERK, COUNSEL, SEALING
from tests.vectors.examples.statements import PROFILE

EXCHANGE_ID = new_id(UNIX * 1000, chance("exchange id", 10))
REQUEST_ID = new_id(UNIX * 1000, chance("request id", 10))
REPORT_ID = new_id((UNIX + 3600) * 1000, chance("report id", 10))
SALT = chance("salt of the section items")


def section_content() -> bytes:
    """Return the content of the section `items`."""
    item = removal_pb2.ContentItem(
        item_id="item-1",
        locator_type=removal_pb2.LOCATOR_TYPE_URL,
        locator="https://channel.example/post/1",
    )
    item.observe_time.FromSeconds(UNIX - 3600)
    return removal_pb2.RemovalItems(items=[item]).SerializeToString(deterministic=True)


def make_section(kept: Json) -> tuple[Json, message_pb2.SectionCommitment]:
    """Return one sealed section, from content to ciphertexts."""
    content, place = section_content(), SectionContext(ORIGIN, EXCHANGE_ID, REQUEST_ID)
    padded = pad(content)
    fresh = seal_section(
        "items",
        content,
        audience={party: [key.public_key] for party, key in SEALING.items()},
        context=place,
        salt=SALT,
    )
    before = {
        row["key_id"]: row["ciphertext"] for row in (kept or {}).get("sealed", [])
    }
    sealed: list[section_pb2.SealedSection] = []
    for box in fresh.sections:
        again = section_pb2.SealedSection()
        again.CopyFrom(box)
        again.ciphertext = bytes.fromhex(before.get(box.key_id.hex(), ""))
        old = opens(fresh.commitment, again, place)
        sealed.append(again if old else box)
    assert commitment_of(SALT, padded) == fresh.commitment.commitment
    rows = [
        {
            "section": box.section,
            "party": box.party,
            "key_id": box.key_id.hex(),
            "info": section_info(place, "items", box.party, box.key_id).hex(),
            "ciphertext": box.ciphertext.hex(),
            "ciphertext_sha256": sha256(box.ciphertext),
        }
        for box in sealed
    ]
    line = sealed_line_of([hashlib.sha256(box.ciphertext).digest() for box in sealed])
    assert line is not None
    row = {
        "origin": ORIGIN,
        "exchange_id": EXCHANGE_ID,
        "message_id": REQUEST_ID,
        "name": "items",
        "content": content.hex(),
        "padded": padded.hex(),
        "size": len(padded),
        "salt": SALT.hex(),
        "commitment": fresh.commitment.commitment.hex(),
        "sealed": rows,
        "sealed_line": line.hex(),
    }
    return row, fresh.commitment


def opens(
    commitment: message_pb2.SectionCommitment,
    box: section_pb2.SealedSection,
    place: SectionContext,
) -> bool:
    """Tell whether a ciphertext kept from before opens to what is committed."""
    key = SEALING[box.party]
    return holds(
        lambda: open_section(commitment, [box], [key], party=box.party, context=place)
    )


def header(
    *, message_id: str, sender: str, to: str, previous: bytes, when: int
) -> message_pb2.Header:
    """Return a header with its times, nonce and profile."""
    signer, capacity = (
        ("clerk-1", message_pb2.CAPACITY_ISSUER)
        if sender == ASKS
        else ("counsel-1", message_pb2.CAPACITY_COUNSEL)
    )
    made = message_pb2.Header(
        origin=ORIGIN,
        message_id=message_id,
        exchange_id=EXCHANGE_ID,
        previous=previous,
        sender=sender,
        unit="online-harms" if sender == ASKS else "",
        recipients=[message_pb2.Recipient(party=to)],
        signatories=[
            message_pb2.Signatory(party=sender, signer_id=signer, capacity=capacity)
        ],
        nonce=chance(f"nonce {message_id}", 16),
        language="en",
        test=True,
        profile=message_pb2.ProfileReference(
            id="XX.REMOVAL", digest=hashlib.sha256(PROFILE).digest()
        ),
    )
    made.create_time.FromSeconds(when)
    made.expire_time.FromSeconds(when + 86_400)
    return made


def request_message(commitment: message_pb2.SectionCommitment) -> message_pb2.Message:
    """Return a request for one item."""
    first = header(
        message_id=REQUEST_ID, sender=ASKS, to=ANSWERS, previous=b"", when=UNIX
    )
    first.sections.append(commitment)
    item = removal_pb2.RemovalItem(
        item_id="item-1", classification=removal_pb2.CLASSIFICATION_NCII_SYNTHETIC
    )
    body = removal_pb2.RemovalRequest(
        instrument=removal_pb2.REMOVAL_INSTRUMENT_REQUEST, items=[item]
    )
    return message_pb2.Message(header=first, removal_request=body)


def report_message(previous: str) -> message_pb2.Message:
    """Return the report on it, without any section."""
    report = message_pb2.Message(
        header=header(
            message_id=REPORT_ID,
            sender=ANSWERS,
            to=ASKS,
            previous=bytes.fromhex(previous),
            when=UNIX + 3600,
        )
    )
    result = report.removal_report.results.add(
        item_id="item-1", outcome=removal_pb2.ITEM_OUTCOME_REMOVED
    )
    result.act_time.FromSeconds(UNIX + 3000)
    return report


def message_row(case: str, message: message_pb2.Message, key: SigningKey) -> Json:
    """Return a message from its payload to its digest."""
    payload = message.SerializeToString(deterministic=True)
    envelope = sign_payload(payload, [key])
    return {
        "case": case,
        "payload": payload.hex(),
        "pae": pae(MESSAGE_TYPE, payload).hex(),
        "key_id": key.public.key_id.hex(),
        "spki": key.public.spki.hex(),
        "signature": dict(parse_envelope(envelope).signatures)[key.public.key_id].hex(),
        "envelope": envelope.hex(),
        "digest": sha256(envelope),
    }


def make_messages(commitment: message_pb2.SectionCommitment) -> Json:
    """Return the request and the report."""
    asked = message_row("request", request_message(commitment), CLERK)
    report = report_message(asked["digest"])
    return [asked, message_row("report", report, COUNSEL)]
