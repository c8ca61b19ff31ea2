"""The gateway's own log: one line a call, and nothing in it that identifies."""

import hashlib
import os

from rogatory_gateway.dev.parties import MESSENGER, POLICE, REGULATOR
from tests.support.logs import Lines
from tests.support.world import World, refusal_of

ALWAYS = {"event", "log_level", "method", "peer", "reason", "duration_ms"}
FACTS = {
    "SubmitMessage": {"log_index", "repeated"},
    "WatchInbox": {"delivered"},
    "Upload": {"bytes"},
    "Download": {"bytes"},
}


def test_every_call_has_one_line_with_known_keys(world: World, lines: Lines) -> None:
    """What a line may say is a list; anything else would be found here first."""
    content = os.urandom(1000)
    digest = hashlib.sha256(content).digest()
    lines.clear()

    request = world.submit(world.disclosure_request())
    world.submit(request)
    messenger, police = world.caller(MESSENGER), world.caller(POLICE)
    messenger.open_upload(digest, len(content))
    messenger.upload(digest, 0, content)
    report = world.disclosure_report(
        request, {"task-1": "DISCLOSED"}, {digest: len(content)}
    )
    world.submit(report)
    police.download(request.exchange_id, digest)
    police.exchange(request.exchange_id)
    police.messages(request.exchange_id)
    police.received()
    police.checkpoint()
    refusal_of(lambda: police.exchange("no such exchange"))
    world.refuse(world.disclosure_report(request, {"task-1": "NO_DATA"}))

    assert [(line["method"], line["reason"]) for line in lines] == [
        ("SubmitMessage", "OK"),
        ("SubmitMessage", "OK"),
        ("OpenUpload", "OK"),
        ("Upload", "OK"),
        ("SubmitMessage", "OK"),
        ("Download", "OK"),
        ("GetExchange", "OK"),
        ("ListMessages", "OK"),
        ("ListInbox", "OK"),
        ("GetCheckpoint", "OK"),
        ("GetExchange", "EXCHANGE_UNKNOWN"),
        ("SubmitMessage", "STALE"),
    ]
    for line in lines:
        assert set(line) - FACTS.get(line["method"], set()) == ALWAYS
    _assert_silent(lines, [request.exchange_id, digest.hex(), request.digest.hex()])


def _assert_silent(lines: Lines, secrets: list[str]) -> None:
    """Demand that no line has an id, a digest, an item or a person."""
    text = repr(lines)
    for secret in (*secrets, "task-1", "officer-1", "counsel-1"):
        assert secret not in text


def test_a_refused_message_says_nothing_of_itself(world: World, lines: Lines) -> None:
    """The reason is logged; what was wrong is told to the sender only."""
    signed = world.removal_request(to=["example-nobody"], sections={})
    lines.clear()

    world.refuse(signed)

    (line,) = lines
    assert (line["peer"], line["reason"]) == (f"{REGULATOR}/desk", "FIELD_INVALID")
    _assert_silent(lines, ["example-nobody", signed.exchange_id])
