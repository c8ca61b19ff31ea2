"""Well-signed messages that must not be said: by rule, by profile, by state, by time.

Each is submitted over mutual TLS by the party that wrote it, is refused with its own
reason, and leaves not one row behind.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import grpc
import pytest

from rogatory.errors import all_errors
from rogatory.v1 import (
    disclosure_pb2,
    message_pb2,
    refusal_pb2,
    section_pb2,
)
from rogatory_gateway.dev.parties import (
    AUDITOR,
    MESSENGER,
    POLICE,
    PROSECUTOR,
    REGULATOR,
)
from tests.support.world import (
    COUNSEL,
    OFFICER,
    VALIDATOR,
    VIDEO,
    VIDEO_COUNSEL,
    Options,
    Signed,
    World,
    fresh_id,
)

CODES = {kind.reason: kind.code for kind in all_errors()}
SEAL = message_pb2.CAPACITY_SEAL


@dataclass(frozen=True)
class Scene:
    """What was logged before: each test speaks of it and changes nothing in it.

    Attributes:
        world: The gateway and its parties.
        request: A removal request with three items.
        report: The platform's report that item-1 is removed.
        disclosure: A disclosure request with two tasks.
    """

    world: World
    request: Signed
    report: Signed
    disclosure: Signed


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    """Log a request, a report and a disclosure request."""
    request = world.submit(world.removal_request(3))
    report = world.submit(world.removal_report(request, {"item-1": "REMOVED"}))
    disclosure = world.submit(world.disclosure_request())
    return Scene(world, request, report, disclosure)


Bad = Callable[[Scene], Signed]
Change = Callable[[message_pb2.Message], None]
CASES: dict[str, tuple[str, Bad]] = {}


def _case(name: str, reason: str) -> Callable[[Bad], Bad]:
    def add(build: Bad) -> Bad:
        CASES[name] = (reason, build)
        return build

    return add


def _header(**values: object) -> Change:
    def change(message: message_pb2.Message) -> None:
        for name, value in values.items():
            setattr(message.header, name, value)

    return change


# --- header --------------------------------------------------------------------------


@_case("another gateway's origin", "WRONG_ORIGIN")
def _origin(scene: Scene) -> Signed:
    return scene.world.removal_request(change=_header(origin="other.example/log"))


@_case("an id that is no UUIDv7", "FIELD_INVALID")
def _bad_id(scene: Scene) -> Signed:
    return scene.world.removal_request(change=_header(message_id="1234"))


def _moved(world: World, by: timedelta) -> Change:
    """Write at another time, for an hour."""

    def change(message: message_pb2.Message) -> None:
        start = int((world.now() + by).timestamp())
        message.header.create_time.FromSeconds(start)
        message.header.expire_time.FromSeconds(start + 3600)

    return change


@_case("expired", "EXPIRED")
def _expired(scene: Scene) -> Signed:
    return scene.world.removal_request(
        change=_moved(scene.world, timedelta(hours=-1, seconds=-1))
    )


@_case("created in the future", "CLOCK_SKEW")
def _future(scene: Scene) -> Signed:
    return scene.world.removal_request(change=_moved(scene.world, timedelta(minutes=3)))


@_case("valid for 31 days", "FIELD_INVALID")
def _too_long(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        header = message.header
        seconds = header.create_time.seconds + 30 * 24 * 3600 + 1
        header.expire_time.FromSeconds(seconds)

    return scene.world.removal_request(change=change)


@_case("act dated in the future", "FIELD_INVALID")
def _act_in_future(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        late: datetime = scene.world.now() + timedelta(minutes=3)
        result = message.removal_report.results[0]
        result.act_time.FromSeconds(int(late.timestamp()))

    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, change=change
    )


@_case("acting for another without a mandate", "NOT_PERMITTED")
def _no_mandate(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.on_behalf_of.party = POLICE
        message.header.on_behalf_of.mandate_id = "mandate-1"

    return scene.world.removal_request(change=change)


# --- recipients ----------------------------------------------------------------------


@_case("a recipient that does not exist", "RECIPIENT_INVALID")
def _unknown_recipient(scene: Scene) -> Signed:
    return scene.world.removal_request(to=["example-nobody"], sections=_own_sections())


@_case("a request to an authority", "RECIPIENT_INVALID")
def _not_a_platform(scene: Scene) -> Signed:
    return scene.world.removal_request(to=[POLICE, MESSENGER])


@_case("a legal entity that the platform does not have", "RECIPIENT_INVALID")
def _unknown_entity(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.recipients[0].legal_entity = "messenger-moon"

    return scene.world.removal_request(change=change)


@_case("a service that the entity does not have", "RECIPIENT_INVALID")
def _unknown_service(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.recipients[0].legal_entity = "messenger-eu"
        message.header.recipients[0].service = "maps"

    return scene.world.removal_request(change=change)


@_case("an answer to another than the requester", "RECIPIENT_INVALID")
def _wrong_recipient(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, to=[POLICE, REGULATOR]
    )


def _own_sections() -> dict[str, tuple[bytes, list[str]]]:
    return {"items": (b"x", [REGULATOR]), "reasons": (b"x", [REGULATOR])}


# --- profile -------------------------------------------------------------------------


@_case("a profile in another version", "PROFILE_UNKNOWN")
def _profile_digest(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.profile.digest = hashlib.sha256(b"other").digest()

    return scene.world.removal_request(change=change)


@_case("a profile that is not in force", "PROFILE_UNKNOWN")
def _profile_id(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.profile.id = "XX.NOTHING"

    return scene.world.removal_request(change=change)


@_case("a made-up profile on an exchange that is no test", "PROFILE_UNVERIFIED")
def _no_test(scene: Scene) -> Signed:
    return scene.world.disclosure_request(change=_header(test=False))


@_case("a kind that the profile does not know", "KIND_NOT_ALLOWED")
def _kind(scene: Scene) -> Signed:
    return scene.world.removal_request(profile="XX.SUBSCRIBER")


@_case("a request by a platform", "KIND_NOT_ALLOWED")
def _platform_asks(scene: Scene) -> Signed:
    return scene.world.removal_request(
        who=[VIDEO_COUNSEL],
        sections={"items": (b"x", [VIDEO]), "reasons": (b"x", [VIDEO])},
    )


@_case("an authority without the competence", "KIND_NOT_ALLOWED")
def _competence(scene: Scene) -> Signed:
    sections = {"items": (b"x", [POLICE]), "reasons": (b"x", [POLICE])}
    return scene.world.removal_request(who=[OFFICER], sections=sections)


@_case("an emergency under a profile without rules for it", "KIND_NOT_ALLOWED")
def _emergency(scene: Scene) -> Signed:
    return scene.world.removal_request(change=_header(emergency=True))


@_case("a category that the profile does not cover", "CATEGORY_NOT_ALLOWED")
def _category(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        task = message.disclosure_request.tasks[1]
        task.category = disclosure_pb2.DATA_CATEGORY_CONTENT

    return scene.world.disclosure_request(change=change)


@_case("more tasks than the profile allows", "LIMIT_EXCEEDED")
def _tasks(scene: Scene) -> Signed:
    return scene.world.disclosure_request(51)


@_case("a section missing that the profile demands", "FIELD_INVALID")
def _no_reasons(scene: Scene) -> Signed:
    return scene.world.removal_request(sections={"items": (b"x", [REGULATOR])})


@_case("a prosecutor's validation missing", "APPROVAL_MISSING")
def _not_validated(scene: Scene) -> Signed:
    return scene.world.disclosure_request(who=[OFFICER])


@_case("validated by somebody of the police", "APPROVAL_MISSING")
def _validated_by_police(scene: Scene) -> Signed:
    registrar = (POLICE, "registrar-1", message_pb2.CAPACITY_REGISTRAR)
    return scene.world.disclosure_request(who=[OFFICER, registrar])


@_case("a seal where a person is needed", "APPROVAL_MISSING")
def _seal(scene: Scene) -> Signed:
    return scene.world.removal_request(who=[(REGULATOR, "seal", SEAL)])


@_case("a seal beside the person", "APPROVAL_MISSING")
def _seal_beside(scene: Scene) -> Signed:
    return scene.world.disclosure_request(
        who=[OFFICER, VALIDATOR, (PROSECUTOR, "seal", SEAL)]
    )


# --- who may say what ----------------------------------------------------------------


@_case("the gateway's own words from a party", "PARTY_KIND_NOT_ALLOWED")
def _gateways_words(scene: Scene) -> Signed:
    refusal = refusal_pb2.SubmissionRefusal(
        refused_digest=scene.report.digest, reason="STALE"
    )
    options: Options = {"who": [COUNSEL], "to": [REGULATOR], "profile": "KR.CORRECTION"}
    return scene.world.message(refusal, **options)


@_case("a report by a platform that was not asked", "NOT_A_PARTICIPANT")
def _not_asked(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, who=[VIDEO_COUNSEL]
    )


# --- state ---------------------------------------------------------------------------


@_case("a second opening of an exchange", "TRANSITION_NOT_ALLOWED")
def _twice(scene: Scene) -> Signed:
    return scene.world.removal_request(exchange_id=scene.request.exchange_id)


@_case("a first message that claims to follow", "PREVIOUS_UNKNOWN")
def _first_with_previous(scene: Scene) -> Signed:
    return scene.world.removal_request(previous=scene.request.digest)


@_case("an answer in an exchange that does not exist", "EXCHANGE_UNKNOWN")
def _no_exchange(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, exchange_id=fresh_id()
    )


@_case("an answer that follows nothing", "PREVIOUS_UNKNOWN")
def _no_previous(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, previous=b""
    )


@_case("an answer that follows a message of another exchange", "PREVIOUS_UNKNOWN")
def _other_previous(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, previous=scene.disclosure.digest
    )


@_case("an answer to what was answered meanwhile", "STALE")
def _stale(scene: Scene) -> Signed:
    return scene.world.removal_report(scene.request, {"item-1": "NOT_FOUND"})


@_case("another outcome where one stands", "TRANSITION_NOT_ALLOWED")
def _second_outcome(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-1": "NOT_FOUND"}, previous=scene.report.digest
    )


@_case("an outcome for an item that does not exist", "ITEM_UNKNOWN")
def _unknown_item(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED", "item-9": "REMOVED"}
    )


@_case("an answer where nothing was asked", "TRANSITION_NOT_ALLOWED")
def _nothing_asked(scene: Scene) -> Signed:
    return scene.world.clarification_response(scene.request, ["item-2"])


@_case("an answer that leaves the test", "FIELD_INVALID")
def _leaves_test(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, change=_header(test=False)
    )


@_case("files that were not uploaded", "BLOB_INCOMPLETE")
def _no_files(scene: Scene) -> Signed:
    return scene.world.disclosure_report(
        scene.disclosure, {"task-1": "DISCLOSED"}, {os.urandom(32): 100}
    )


@_case("disclosed without a file", "FIELD_INVALID")
def _disclosed_nothing(scene: Scene) -> Signed:
    return scene.world.disclosure_report(scene.disclosure, {"task-1": "DISCLOSED"})


@_case("a receipt for a file that nobody sent", "ITEM_UNKNOWN")
def _receipt_for_nothing(scene: Scene) -> Signed:
    return scene.world.delivery_receipt(
        scene.disclosure, {os.urandom(32): "INTEGRITY_OK"}
    )


# --- sections ------------------------------------------------------------------------


def _resealed(
    scene: Scene, change: Callable[[list[section_pb2.SealedSection]], object]
) -> Signed:
    signed = scene.world.removal_request()
    change(signed.sealed)
    return signed


@_case("a ciphertext missing", "FIELD_INVALID")
def _ciphertext_missing(scene: Scene) -> Signed:
    return _resealed(scene, lambda sealed: sealed.pop())


@_case("no ciphertext at all", "FIELD_INVALID")
def _no_ciphertext(scene: Scene) -> Signed:
    return _resealed(scene, lambda sealed: sealed.clear())


@_case("a ciphertext twice", "FIELD_INVALID")
def _ciphertext_twice(scene: Scene) -> Signed:
    return _resealed(scene, lambda sealed: sealed.append(sealed[-1]))


@_case("ciphertexts in another order", "FIELD_INVALID")
def _ciphertext_order(scene: Scene) -> Signed:
    return _resealed(scene, lambda sealed: sealed.reverse())


@_case("a ciphertext one byte short", "FIELD_INVALID")
def _ciphertext_short(scene: Scene) -> Signed:
    def change(sealed: list[section_pb2.SealedSection]) -> None:
        sealed[0].ciphertext = sealed[0].ciphertext[:-1]

    return _resealed(scene, change)


@_case("a ciphertext for a party outside the audience", "FIELD_INVALID")
def _ciphertext_outside(scene: Scene) -> Signed:
    def change(sealed: list[section_pb2.SealedSection]) -> None:
        sealed[0].party = AUDITOR

    return _resealed(scene, change)


@_case("a ciphertext for a key that is not enrolled", "FIELD_INVALID")
def _ciphertext_other_key(scene: Scene) -> Signed:
    def change(sealed: list[section_pb2.SealedSection]) -> None:
        sealed[0].key_id = os.urandom(32)

    return _resealed(scene, change)


@_case("a ciphertext of a section that the header does not name", "FIELD_INVALID")
def _ciphertext_unknown_section(scene: Scene) -> Signed:
    def change(sealed: list[section_pb2.SealedSection]) -> None:
        sealed[0].section = "other"

    return _resealed(scene, change)


@_case("a section that the sender cannot open", "FIELD_INVALID")
def _section_without_sender(scene: Scene) -> Signed:
    sections = {"items": (b"x", [MESSENGER]), "reasons": (b"x", [MESSENGER])}
    return scene.world.removal_request(sections=sections)


@_case("a section for a party that does not receive the message", "FIELD_INVALID")
def _section_for_a_stranger(scene: Scene) -> Signed:
    audience = [POLICE, REGULATOR]
    sections = {"items": (b"x", audience), "reasons": (b"x", audience)}
    return scene.world.removal_request(sections=sections)


@pytest.mark.parametrize("name", CASES)
def test_a_bad_message_is_refused_by_name_and_leaves_nothing(
    scene: Scene, name: str
) -> None:
    """What must not be said is refused with its reason, and changes nothing."""
    reason, build = CASES[name]
    signed = build(scene)

    with scene.world.unchanged():
        refusal = scene.world.refuse(signed)

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode[CODES[reason]],
        reason,
    ), refusal.text


def test_a_party_cannot_submit_for_another(scene: Scene) -> None:
    """A message well signed by its sender is refused from another party's system."""
    signed = scene.world.removal_request()

    with scene.world.unchanged():
        stubs = scene.world.caller(POLICE)
        refusal = scene.world.refuse_from(stubs, signed)

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.PERMISSION_DENIED,
        "NOT_PERMITTED",
    )


def test_a_stale_message_is_told_what_it_missed(scene: Scene) -> None:
    """The refusal names the envelopes that the author had not seen."""
    refusal = scene.world.refuse(_stale(scene))

    assert dict(refusal.metadata)["missed"] == scene.report.digest.hex()


def test_what_does_not_bear_on_it_does_not_make_a_message_stale(scene: Scene) -> None:
    """A report on other items passes, although its author had not seen the last one."""
    late = scene.world.removal_report(scene.request, {"item-3": "NOT_FOUND"})

    scene.world.submit(late)

    parts = scene.world.caller(REGULATOR).exchange(scene.request.exchange_id).parts
    assert {p.id: p.state for p in parts} == {
        "item-1": "removed",
        "item-2": "pending",
        "item-3": "not_found",
    }


def test_several_violations_are_told_at_once_by_path(scene: Scene) -> None:
    """Whoever corrects a message sees all of its fields that are wrong."""
    signed = scene.world.removal_request(
        change=_header(nonce=b"short", language="", message_id="x")
    )

    refusal = scene.world.refuse(signed)

    assert [field for field, _ in refusal.violations] == [
        "header.message_id",
        "header.nonce",
        "header.language",
    ]
