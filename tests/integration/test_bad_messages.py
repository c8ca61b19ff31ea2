"""Well-signed messages that must not be said: by header, by profile, by whom."""

import hashlib
from datetime import datetime, timedelta

import grpc
import pytest

from rogatory.v1 import (
    disclosure_pb2,
    message_pb2,
    refusal_pb2,
)
from rogatory_gateway.dev.parties import (
    MESSENGER,
    POLICE,
    PROSECUTOR,
    REGULATOR,
)
from tests.integration.scenes import Cases, Change, Scene, header_with
from tests.support.world import (
    COUNSEL,
    OFFICER,
    VALIDATOR,
    VIDEO,
    VIDEO_COUNSEL,
    Options,
    Signed,
    World,
)

SEAL = message_pb2.CAPACITY_SEAL
case = Cases()


@case("another gateway's origin", "WRONG_ORIGIN")
def _origin(scene: Scene) -> Signed:
    return scene.world.removal_request(change=header_with(origin="other.example/log"))


@case("an id that is no UUIDv7", "FIELD_INVALID")
def _bad_id(scene: Scene) -> Signed:
    return scene.world.removal_request(change=header_with(message_id="1234"))


def _moved(world: World, by: timedelta) -> Change:
    """Write at another time, for an hour."""

    def change(message: message_pb2.Message) -> None:
        start = int((world.now() + by).timestamp())
        message.header.create_time.FromSeconds(start)
        message.header.expire_time.FromSeconds(start + 3600)

    return change


@case("expired", "EXPIRED")
def _expired(scene: Scene) -> Signed:
    return scene.world.removal_request(
        change=_moved(scene.world, timedelta(hours=-1, seconds=-1))
    )


@case("created in the future", "CLOCK_SKEW")
def _future(scene: Scene) -> Signed:
    return scene.world.removal_request(change=_moved(scene.world, timedelta(minutes=3)))


@case("valid for 31 days", "FIELD_INVALID")
def _too_long(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        header = message.header
        seconds = header.create_time.seconds + 30 * 24 * 3600 + 1
        header.expire_time.FromSeconds(seconds)

    return scene.world.removal_request(change=change)


@case("act dated in the future", "FIELD_INVALID")
def _act_in_future(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        late: datetime = scene.world.now() + timedelta(minutes=3)
        result = message.removal_report.results[0]
        result.act_time.FromSeconds(int(late.timestamp()))

    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, change=change
    )


@case("acting for another without a mandate", "NOT_PERMITTED")
def _no_mandate(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.on_behalf_of.party = POLICE
        message.header.on_behalf_of.mandate_id = "mandate-1"

    return scene.world.removal_request(change=change)


@case("a recipient that does not exist", "RECIPIENT_INVALID")
def _unknown_recipient(scene: Scene) -> Signed:
    return scene.world.removal_request(to=["example-nobody"], sections=_own_sections())


@case("a request to an authority", "RECIPIENT_INVALID")
def _not_a_platform(scene: Scene) -> Signed:
    return scene.world.removal_request(to=[POLICE, MESSENGER])


@case("a legal entity that the platform does not have", "RECIPIENT_INVALID")
def _unknown_entity(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.recipients[0].legal_entity = "messenger-moon"

    return scene.world.removal_request(change=change)


@case("a service that the entity does not have", "RECIPIENT_INVALID")
def _unknown_service(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.recipients[0].legal_entity = "messenger-eu"
        message.header.recipients[0].service = "maps"

    return scene.world.removal_request(change=change)


@case("an answer to another than the requester", "RECIPIENT_INVALID")
def _wrong_recipient(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, to=[POLICE, REGULATOR]
    )


def _own_sections() -> dict[str, tuple[bytes, list[str]]]:
    return {"items": (b"x", [REGULATOR]), "reasons": (b"x", [REGULATOR])}


@case("a profile in another version", "PROFILE_UNKNOWN")
def _profile_digest(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.profile.digest = hashlib.sha256(b"other").digest()

    return scene.world.removal_request(change=change)


@case("a profile that is not in force", "PROFILE_UNKNOWN")
def _profile_id(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        message.header.profile.id = "XX.NOTHING"

    return scene.world.removal_request(change=change)


@case("a made-up profile on an exchange that is no test", "PROFILE_UNVERIFIED")
def _no_test(scene: Scene) -> Signed:
    return scene.world.disclosure_request(change=header_with(test=False))


@case("a kind that the profile does not know", "KIND_NOT_ALLOWED")
def _kind(scene: Scene) -> Signed:
    return scene.world.removal_request(profile="XX.SUBSCRIBER")


@case("a request by a platform", "KIND_NOT_ALLOWED")
def _platform_asks(scene: Scene) -> Signed:
    return scene.world.removal_request(
        who=[VIDEO_COUNSEL],
        sections={"items": (b"x", [VIDEO]), "reasons": (b"x", [VIDEO])},
    )


@case("an authority without the competence", "KIND_NOT_ALLOWED")
def _competence(scene: Scene) -> Signed:
    sections = {"items": (b"x", [POLICE]), "reasons": (b"x", [POLICE])}
    return scene.world.removal_request(who=[OFFICER], sections=sections)


@case("an emergency under a profile without rules for it", "KIND_NOT_ALLOWED")
def _emergency(scene: Scene) -> Signed:
    return scene.world.removal_request(change=header_with(emergency=True))


@case("a category that the profile does not cover", "CATEGORY_NOT_ALLOWED")
def _category(scene: Scene) -> Signed:
    def change(message: message_pb2.Message) -> None:
        task = message.disclosure_request.tasks[1]
        task.category = disclosure_pb2.DATA_CATEGORY_CONTENT

    return scene.world.disclosure_request(change=change)


@case("more tasks than the profile allows", "LIMIT_EXCEEDED")
def _tasks(scene: Scene) -> Signed:
    return scene.world.disclosure_request(51)


@case("a section missing that the profile demands", "FIELD_INVALID")
def _no_reasons(scene: Scene) -> Signed:
    return scene.world.removal_request(sections={"items": (b"x", [REGULATOR])})


@case("a prosecutor's validation missing", "APPROVAL_MISSING")
def _not_validated(scene: Scene) -> Signed:
    return scene.world.disclosure_request(who=[OFFICER])


@case("validated by somebody of the police", "APPROVAL_MISSING")
def _validated_by_police(scene: Scene) -> Signed:
    registrar = (POLICE, "registrar-1", message_pb2.CAPACITY_REGISTRAR)
    return scene.world.disclosure_request(who=[OFFICER, registrar])


@case("a seal where a person is needed", "APPROVAL_MISSING")
def _seal(scene: Scene) -> Signed:
    return scene.world.removal_request(who=[(REGULATOR, "seal", SEAL)])


@case("a seal beside the person", "APPROVAL_MISSING")
def _seal_beside(scene: Scene) -> Signed:
    return scene.world.disclosure_request(
        who=[OFFICER, VALIDATOR, (PROSECUTOR, "seal", SEAL)]
    )


@case("the gateway's own words from a party", "PARTY_KIND_NOT_ALLOWED")
def _gateways_words(scene: Scene) -> Signed:
    refusal = refusal_pb2.SubmissionRefusal(
        refused_digest=scene.report.digest, reason="STALE"
    )
    options: Options = {"who": [COUNSEL], "to": [REGULATOR], "profile": "KR.CORRECTION"}
    return scene.world.message(refusal, **options)


@case("a report by a platform that was not asked", "NOT_A_PARTICIPANT")
def _not_asked(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, who=[VIDEO_COUNSEL]
    )


@pytest.mark.parametrize("name", case)
def test_a_bad_message_is_refused_by_name_and_leaves_nothing(
    scene: Scene, name: str
) -> None:
    """What must not be said is refused with its reason, and changes nothing."""
    case.refused(scene, name)


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


def test_several_violations_are_told_at_once_by_path(scene: Scene) -> None:
    """Whoever corrects a message sees all of its fields that are wrong."""
    signed = scene.world.removal_request(
        change=header_with(nonce=b"short", language="", message_id="x")
    )

    refusal = scene.world.refuse(signed)

    assert [field for field, _ in refusal.violations] == [
        "header.message_id",
        "header.nonce",
        "header.language",
    ]
