"""Rules of form for every field of a message, in one place for all sides.

`verify_fields` says whether a message is well formed in itself: patterns, sizes, what
is required. It knows no clock, no directory and no profile. All violations are
collected, each under its field's path; those of count limits are `LimitExceeded` on
their own.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from google.protobuf.message import Message as AnyMessage
from google.protobuf.timestamp_pb2 import Timestamp

from rogatory.envelope._ids import ID_PATTERN
from rogatory.envelope._payload import body_of, kind_of
from rogatory.errors import FieldInvalid, LimitExceeded
from rogatory.v1 import (
    clarification_pb2,
    disclosure_pb2,
    message_pb2,
    refusal_pb2,
    removal_pb2,
)

MAX_PARTS = 1_000
"""Items or tasks of one message."""

MAX_FILES = 64
MAX_RECIPIENTS = 8
MAX_SIGNATORIES = 8
MAX_SECTIONS = 16
MAX_ORIGIN_BYTES = 255
MAX_LIFETIME_S = 30 * 24 * 3600
"""From create_time to expire_time."""

NAME_PATTERN = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""Ids of parties, units, systems, signers, legal entities, services, mandates."""

PART_ID_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SECTION_NAME_PATTERN = re.compile(r"[a-z0-9_]{1,32}")
_ORIGIN = re.compile(r"[!-*,-~]{1,255}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,4}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_PROFILE_ID = re.compile(r"[A-Z0-9][A-Z0-9.-]{0,62}")
_REASON = re.compile(r"[A-Z][A-Z0-9_]{0,62}")
_SECTION_SIZES = frozenset(1024 << n for n in range(11))

_NAME_RULE = "1 to 63 of a-z, 0-9 and inner hyphens"
_DIGEST_BYTES = 32
_NONCE_BYTES = 16
_MIN_TIME_S = 946_684_800  # 2000-01-01
_MAX_TIME_S = 32_503_680_000  # 3000-01-01
_NANOS_PER_S = 1_000_000_000


class _Violations:
    """Collects violations under field paths."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def unless(self, holds: object, path: str, rule: str) -> None:
        if not holds:
            self.found.setdefault(path, rule)

    def name(self, value: str, path: str, *, optional: bool = False) -> None:
        empty_is_fine = optional and not value
        self.unless(empty_is_fine or NAME_PATTERN.fullmatch(value), path, _NAME_RULE)

    def digest(self, value: bytes, path: str) -> None:
        self.unless(len(value) == _DIGEST_BYTES, path, "32 bytes")

    def time(self, owner: AnyMessage, field: str, path: str) -> None:
        rule = "a time between the years 2000 and 2999"
        present = owner.HasField(field)
        self.unless(present and _is_time(getattr(owner, field)), path, rule)

    def some(self, count: int, limit: int, path: str) -> None:
        self.unless(count, path, "at least one")
        if count > limit:
            raise LimitExceeded(path, expected=f"at most {limit}", got=str(count))

    def part_ids(self, ids: Sequence[str], path: str, field: str) -> None:
        self.some(len(ids), MAX_PARTS, path)
        seen: set[str] = set()
        for i, part_id in enumerate(ids):
            where = f"{path}[{i}].{field}" if field else f"{path}[{i}]"
            rule = "1 to 64 of letters, digits, dot, underscore, hyphen"
            self.unless(PART_ID_PATTERN.fullmatch(part_id), where, rule)
            self.unless(part_id not in seen, where, "an id of its own")
            seen.add(part_id)

    def chosen(self, values: Iterable[int], path: str, field: str) -> None:
        for i, value in enumerate(values):
            self.unless(value, f"{path}[{i}].{field}", "a value other than UNSPECIFIED")

    def files(self, digests: Sequence[bytes], path: str) -> None:
        if len(digests) > MAX_FILES:
            got = str(len(digests))
            raise LimitExceeded(path, expected=f"at most {MAX_FILES}", got=got)
        for i, digest in enumerate(digests):
            self.digest(digest, f"{path}[{i}].sha256")
        self.unless(len(set(digests)) == len(digests), path, "each file once")


def _is_time(time: Timestamp) -> bool:
    return _MIN_TIME_S <= time.seconds < _MAX_TIME_S and 0 <= time.nanos < _NANOS_PER_S


def verify_fields(message: message_pb2.Message) -> None:
    """Verify that a message is well formed, or raise.

    Raises:
        LimitExceeded: It has too many of something.
        FieldInvalid: Fields break their rules; names up to 50 of them.
        Malformed: It has no body.
    """
    check = _Violations()
    if not message.HasField("header"):
        raise FieldInvalid({"header": "required"})
    _header(message.header, check)
    _BODIES[kind_of(message)](body_of(message), check)
    if check.found:
        raise FieldInvalid(check.found)


def _header(header: message_pb2.Header, check: _Violations) -> None:
    check.unless(_ORIGIN.fullmatch(header.origin), "header.origin", "an origin")
    id_rule = "a UUIDv7 in lower-case text form"
    for field in ("message_id", "exchange_id"):
        fits = ID_PATTERN.fullmatch(getattr(header, field))
        check.unless(fits, f"header.{field}", id_rule)
    if header.previous:
        check.digest(header.previous, "header.previous")
    check.name(header.sender, "header.sender")
    check.name(header.unit, "header.unit", optional=True)
    if header.HasField("on_behalf_of"):
        check.name(header.on_behalf_of.party, "header.on_behalf_of.party")
        check.name(header.on_behalf_of.mandate_id, "header.on_behalf_of.mandate_id")
    _recipients(header, check)
    _signatories(header, check)
    _times(header, check)
    check.unless(len(header.nonce) == _NONCE_BYTES, "header.nonce", "16 bytes")
    language = _LANGUAGE.fullmatch(header.language)
    check.unless(language, "header.language", "a BCP 47 language tag")
    profile = _PROFILE_ID.fullmatch(header.profile.id)
    check.unless(profile, "header.profile.id", "a profile id")
    check.digest(header.profile.digest, "header.profile.digest")
    _sections(header, check)


def _recipients(header: message_pb2.Header, check: _Violations) -> None:
    path = "header.recipients"
    check.some(len(header.recipients), MAX_RECIPIENTS, path)
    seen = {header.sender}
    for i, recipient in enumerate(header.recipients):
        where = f"{path}[{i}]"
        check.name(recipient.party, f"{where}.party")
        check.unless(recipient.party not in seen, f"{where}.party", "a party once")
        seen.add(recipient.party)
        check.name(recipient.legal_entity, f"{where}.legal_entity", optional=True)
        check.name(recipient.service, f"{where}.service", optional=True)


def _signatories(header: message_pb2.Header, check: _Violations) -> None:
    path = "header.signatories"
    check.some(len(header.signatories), MAX_SIGNATORIES, path)
    seen: set[tuple[str, str]] = set()
    for i, signatory in enumerate(header.signatories):
        where = f"{path}[{i}]"
        check.name(signatory.party, f"{where}.party")
        check.name(signatory.signer_id, f"{where}.signer_id")
        person = (signatory.party, signatory.signer_id)
        check.unless(person not in seen, where, "each signatory once")
        seen.add(person)
    check.chosen((s.capacity for s in header.signatories), path, "capacity")


def _times(header: message_pb2.Header, check: _Violations) -> None:
    check.time(header, "create_time", "header.create_time")
    check.time(header, "expire_time", "header.expire_time")
    lifetime = header.expire_time.seconds - header.create_time.seconds
    rule = "after create_time by at most 30 days"
    check.unless(0 < lifetime <= MAX_LIFETIME_S, "header.expire_time", rule)


def _sections(header: message_pb2.Header, check: _Violations) -> None:
    path = "header.sections"
    if len(header.sections) > MAX_SECTIONS:
        got = str(len(header.sections))
        raise LimitExceeded(path, expected=f"at most {MAX_SECTIONS}", got=got)
    allowed = {header.sender, *(r.party for r in header.recipients)}
    names: set[str] = set()
    for i, section in enumerate(header.sections):
        where = f"{path}[{i}]"
        fits = SECTION_NAME_PATTERN.fullmatch(section.name)
        check.unless(fits, f"{where}.name", "1 to 32 of a-z, 0-9 and underscore")
        check.unless(section.name not in names, f"{where}.name", "a name once")
        names.add(section.name)
        audience = list(section.audience)
        ordered = audience == sorted(set(audience))
        check.unless(ordered, f"{where}.audience", "sorted, each party once")
        within = set(audience) <= allowed
        check.unless(within, f"{where}.audience", "the sender or recipients only")
        among = header.sender in audience
        check.unless(among, f"{where}.audience", "the sender among them")
        rule = "1,024 times a power of two, at most 1,048,576"
        check.unless(section.size in _SECTION_SIZES, f"{where}.size", rule)
        check.digest(section.commitment, f"{where}.commitment")


def _removal_request(body: removal_pb2.RemovalRequest, check: _Violations) -> None:
    path = "removal_request.items"
    chosen = body.instrument
    rule = "a value other than UNSPECIFIED"
    check.unless(chosen, "removal_request.instrument", rule)
    check.part_ids([item.item_id for item in body.items], path, "item_id")
    check.chosen((item.classification for item in body.items), path, "classification")
    for i, country in enumerate(body.territorial_scope):
        where = f"removal_request.territorial_scope[{i}]"
        check.unless(_COUNTRY.fullmatch(country), where, "an ISO 3166-1 alpha-2 code")


def _removal_report(body: removal_pb2.RemovalReport, check: _Violations) -> None:
    path = "removal_report.results"
    _results(body.results, "item_id", path, check)


def _results(
    results: Sequence[removal_pb2.ItemResult] | Sequence[disclosure_pb2.TaskResult],
    id_field: str,
    path: str,
    check: _Violations,
) -> None:
    check.part_ids([getattr(r, id_field) for r in results], path, id_field)
    check.chosen((r.outcome for r in results), path, "outcome")
    for i, result in enumerate(results):
        check.time(result, "act_time", f"{path}[{i}].act_time")


def _clarification_request(
    body: clarification_pb2.ClarificationRequest, check: _Violations
) -> None:
    path = "clarification_request.points"
    check.part_ids([p.id for p in body.points], path, "id")
    check.chosen((p.ground for p in body.points), path, "ground")


def _clarification_response(
    body: clarification_pb2.ClarificationResponse, check: _Violations
) -> None:
    check.part_ids(body.ids, "clarification_response.ids", "")


def _disclosure_request(
    body: disclosure_pb2.DisclosureRequest, check: _Violations
) -> None:
    path = "disclosure_request.tasks"
    check.part_ids([t.task_id for t in body.tasks], path, "task_id")
    check.chosen((t.category for t in body.tasks), path, "category")
    if body.HasField("confidentiality"):
        where = "disclosure_request.confidentiality"
        rule = "a value other than UNSPECIFIED"
        check.unless(body.confidentiality.mode, f"{where}.mode", rule)
        check.time(body.confidentiality, "expire_time", f"{where}.expire_time")


def _disclosure_report(
    body: disclosure_pb2.DisclosureReport, check: _Violations
) -> None:
    _results(body.results, "task_id", "disclosure_report.results", check)
    check.files([f.sha256 for f in body.files], "disclosure_report.files")
    for i, file in enumerate(body.files):
        where = f"disclosure_report.files[{i}].size"
        check.unless(file.size, where, "the encrypted file's length in bytes")


def _delivery_receipt(body: disclosure_pb2.DeliveryReceipt, check: _Violations) -> None:
    path = "delivery_receipt.files"
    check.unless(body.files, path, "at least one")
    check.files([f.sha256 for f in body.files], path)
    check.chosen((f.status for f in body.files), path, "status")


def _submission_refusal(
    body: refusal_pb2.SubmissionRefusal, check: _Violations
) -> None:
    check.digest(body.refused_digest, "submission_refusal.refused_digest")
    fits = _REASON.fullmatch(body.reason)
    check.unless(fits, "submission_refusal.reason", "an upper-case reason")


_BODIES: dict[str, Callable[[Any, _Violations], None]] = {
    "removal_request": _removal_request,
    "removal_report": _removal_report,
    "clarification_request": _clarification_request,
    "clarification_response": _clarification_response,
    "disclosure_request": _disclosure_request,
    "disclosure_report": _disclosure_report,
    "delivery_receipt": _delivery_receipt,
    "submission_refusal": _submission_refusal,
}
