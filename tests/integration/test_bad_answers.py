"""Well-signed messages that do not fit their exchange, or their ciphertexts."""

import os
from collections.abc import Callable

import pytest

from rogatory.v1 import (
    message_pb2,
    section_pb2,
)
from rogatory_gateway.dev.parties import (
    AUDITOR,
    MESSENGER,
    POLICE,
    REGULATOR,
)
from tests.integration.scenes import Cases, Scene, header_with
from tests.support.world import (
    Signed,
    fresh_id,
)

SEAL = message_pb2.CAPACITY_SEAL
case = Cases()


@case("a second opening of an exchange", "TRANSITION_NOT_ALLOWED")
def _twice(scene: Scene) -> Signed:
    return scene.world.removal_request(exchange_id=scene.request.exchange_id)


@case("a first message that claims to follow", "PREVIOUS_UNKNOWN")
def _first_with_previous(scene: Scene) -> Signed:
    return scene.world.removal_request(previous=scene.request.digest)


@case("an answer in an exchange that does not exist", "EXCHANGE_UNKNOWN")
def _no_exchange(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, exchange_id=fresh_id()
    )


@case("an answer that follows nothing", "PREVIOUS_UNKNOWN")
def _no_previous(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, previous=b""
    )


@case("an answer that follows a message of another exchange", "PREVIOUS_UNKNOWN")
def _other_previous(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, previous=scene.disclosure.digest
    )


@case("an answer to what was answered meanwhile", "STALE")
def _stale(scene: Scene) -> Signed:
    return scene.world.removal_report(scene.request, {"item-1": "NOT_FOUND"})


@case("another outcome where one stands", "TRANSITION_NOT_ALLOWED")
def _second_outcome(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-1": "NOT_FOUND"}, previous=scene.report.digest
    )


@case("an outcome for an item that does not exist", "ITEM_UNKNOWN")
def _unknown_item(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED", "item-9": "REMOVED"}
    )


@case("an answer where nothing was asked", "TRANSITION_NOT_ALLOWED")
def _nothing_asked(scene: Scene) -> Signed:
    return scene.world.clarification_response(scene.request, ["item-2"])


@case("an answer that leaves the test", "FIELD_INVALID")
def _leaves_test(scene: Scene) -> Signed:
    return scene.world.removal_report(
        scene.request, {"item-2": "REMOVED"}, change=header_with(test=False)
    )


@case("files that were not uploaded", "BLOB_INCOMPLETE")
def _no_files(scene: Scene) -> Signed:
    return scene.world.disclosure_report(
        scene.disclosure, {"task-1": "DISCLOSED"}, {os.urandom(32): 100}
    )


@case("disclosed without a file", "FIELD_INVALID")
def _disclosed_nothing(scene: Scene) -> Signed:
    return scene.world.disclosure_report(scene.disclosure, {"task-1": "DISCLOSED"})


@case("a receipt for a file that nobody sent", "ITEM_UNKNOWN")
def _receipt_for_nothing(scene: Scene) -> Signed:
    return scene.world.delivery_receipt(
        scene.disclosure, {os.urandom(32): "INTEGRITY_OK"}
    )


def _resealed(
    scene: Scene, change: Callable[[list[section_pb2.SealedSection]], object]
) -> Signed:
    signed = scene.world.removal_request()
    change(signed.sealed)
    return signed


@case("a ciphertext missing", "FIELD_INVALID")
def _ciphertext_missing(scene: Scene) -> Signed:
    return _resealed(scene, lambda sealed: sealed.pop())


@case("no ciphertext at all", "FIELD_INVALID")
def _no_ciphertext(scene: Scene) -> Signed:
    return _resealed(scene, lambda sealed: sealed.clear())


@case("a ciphertext twice", "FIELD_INVALID")
def _ciphertext_twice(scene: Scene) -> Signed:
    return _resealed(scene, lambda sealed: sealed.append(sealed[-1]))


@case("ciphertexts in another order", "FIELD_INVALID")
def _ciphertext_order(scene: Scene) -> Signed:
    return _resealed(scene, lambda sealed: sealed.reverse())


@case("a ciphertext one byte short", "FIELD_INVALID")
def _ciphertext_short(scene: Scene) -> Signed:
    def change(sealed: list[section_pb2.SealedSection]) -> None:
        sealed[0].ciphertext = sealed[0].ciphertext[:-1]

    return _resealed(scene, change)


@case("a ciphertext for a party outside the audience", "FIELD_INVALID")
def _ciphertext_outside(scene: Scene) -> Signed:
    def change(sealed: list[section_pb2.SealedSection]) -> None:
        sealed[0].party = AUDITOR

    return _resealed(scene, change)


@case("a ciphertext for a key that is not enrolled", "FIELD_INVALID")
def _ciphertext_other_key(scene: Scene) -> Signed:
    def change(sealed: list[section_pb2.SealedSection]) -> None:
        sealed[0].key_id = os.urandom(32)

    return _resealed(scene, change)


@case("a ciphertext of a section that the header does not name", "FIELD_INVALID")
def _ciphertext_unknown_section(scene: Scene) -> Signed:
    def change(sealed: list[section_pb2.SealedSection]) -> None:
        sealed[0].section = "other"

    return _resealed(scene, change)


@case("a section that the sender cannot open", "FIELD_INVALID")
def _section_without_sender(scene: Scene) -> Signed:
    sections = {"items": (b"x", [MESSENGER]), "reasons": (b"x", [MESSENGER])}
    return scene.world.removal_request(sections=sections)


@case("a section for a party that does not receive the message", "FIELD_INVALID")
def _section_for_a_stranger(scene: Scene) -> Signed:
    audience = [POLICE, REGULATOR]
    sections = {"items": (b"x", audience), "reasons": (b"x", audience)}
    return scene.world.removal_request(sections=sections)


@pytest.mark.parametrize("name", case)
def test_a_bad_message_is_refused_by_name_and_leaves_nothing(
    scene: Scene, name: str
) -> None:
    """What must not be said is refused with its reason, and changes nothing."""
    case.refused(scene, name)


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
