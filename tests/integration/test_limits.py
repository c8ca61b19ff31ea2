"""Every limit is checked before what is behind it is read, and names the size."""

import os

import grpc
import pytest

from rogatory.v1 import (
    directory_service_pb2,
    evidence_service_pb2,
    exchange_service_pb2,
    log_service_pb2,
    message_pb2,
    removal_pb2,
    section_pb2,
)
from rogatory_gateway.dev.parties import MESSENGER, REGULATOR
from tests.support.world import TIMEOUT_S, Refusal, Signed, World, refusal_of

KIB, MIB = 1 << 10, 1 << 20
MOST = 2**64 - 1


def _over(limit: str, got: str) -> tuple[grpc.StatusCode, str, str, str]:
    return (grpc.StatusCode.INVALID_ARGUMENT, "LIMIT_EXCEEDED", limit, got)


def _told(refusal: Refusal) -> tuple[grpc.StatusCode, str, str, str]:
    facts = dict(refusal.metadata)
    got = facts.get("got", "")
    return (refusal.code, refusal.reason, facts.get("expected", ""), got)


def test_an_envelope_of_more_than_256_kib(world: World) -> None:
    """The envelope's size is the first thing that is looked at."""
    signed = Signed(message_pb2.Message(), b"\0" * (256 * KIB + 1))

    with world.unchanged():
        refusal = world.refuse_from(world.caller(REGULATOR), signed)

    assert _told(refusal) == _over("at most 262144 B", "262145 B")


@pytest.mark.parametrize("size", [5 * MIB + 1, 5 * MIB + 64 * KIB, 7 * MIB])
def test_a_submission_of_more_than_5_mib(world: World, size: int) -> None:
    """A whole request that is too large gets a typed answer too, not just gRPC's."""
    box = section_pb2.SealedSection(ciphertext=b"")
    empty = exchange_service_pb2.SubmitMessageRequest(sealed_sections=[box]).ByteSize()
    box.ciphertext = b"\0" * (size - empty - 8)
    request = exchange_service_pb2.SubmitMessageRequest(sealed_sections=[box])
    assert request.ByteSize() == size

    with world.unchanged():
        refusal = refusal_of(
            lambda: world.caller(REGULATOR).exchanges.SubmitMessage(
                request, timeout=TIMEOUT_S
            )
        )

    assert _told(refusal) == _over("at most 5242880 B", f"{size} B")


def test_ciphertexts_of_more_than_4_mib(world: World) -> None:
    """What is sealed may take 4 MiB in all, however it is spread."""
    signed = world.removal_request()
    signed.sealed[0].ciphertext += b"\0" * (4 * MIB)
    total = sum(len(box.ciphertext) for box in signed.sealed)

    with world.unchanged():
        refusal = world.refuse(signed)

    assert _told(refusal) == _over("at most 4194304 bytes", f"{total} bytes")


def test_sections_of_more_than_1_mib(world: World) -> None:
    """Content is limited by what the header commits to, before any ciphertext."""
    audience = [REGULATOR]
    half = os.urandom(600 * KIB)
    sections = {"items": (half, audience), "reasons": (half, audience)}
    signed = world.removal_request(sections=sections)

    with world.unchanged():
        refusal = world.refuse(signed)

    assert _told(refusal) == _over("at most 1048576 bytes", f"{2 * MIB} bytes")


def test_more_than_1000_items(world: World) -> None:
    """A thousand items pass, one more does not."""
    world.submit(world.removal_request(1000))

    with world.unchanged():
        refusal = world.refuse(world.removal_request(1001))

    assert _told(refusal) == _over("at most 1000", "1001")


def test_other_requests_of_more_than_1_mib(world: World) -> None:
    """Only a submission may be large."""
    caller = world.caller(REGULATOR)

    refusal = refusal_of(lambda: caller.exchange("x" * MIB))

    assert _told(refusal) == _over("at most 1048576 B", f"{MIB + 4} B")


def test_a_piece_of_an_upload_of_more_than_1_mib(world: World) -> None:
    """Files travel in pieces, so that one never fills the memory."""
    caller = world.caller(MESSENGER)
    digest = os.urandom(32)
    caller.open_upload(digest, 3 * MIB)

    refusal = refusal_of(lambda: caller.upload(digest, 0, b"\0" * (MIB + 1)))

    assert _told(refusal)[:3] == _over("at most 1048576 B a piece", "")[:3]
    assert caller.open_upload(digest, 3 * MIB) == 0


@pytest.mark.parametrize("size", [0, (64 << 30) + 1, MOST])
def test_a_file_of_no_bytes_or_more_than_64_gib(world: World, size: int) -> None:
    """An upload says before its first byte how long it will be."""
    caller = world.caller(MESSENGER)

    with world.unchanged():
        refusal = refusal_of(lambda: caller.open_upload(os.urandom(32), size))

    assert _told(refusal) == _over("1 to 68719476736 B", str(size))


def test_a_request_that_is_no_protobuf(world: World) -> None:
    """Bytes that are no request of the method are told so by our own reason."""
    channel = world.caller(REGULATOR).channels[0]
    raw = channel.unary_unary("/rogatory.v1.ExchangeService/GetExchange", bytes, bytes)

    refusal = refusal_of(lambda: raw(b"\xff\xff", timeout=TIMEOUT_S))

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "MALFORMED",
    )


def test_an_inbox_after_the_greatest_number_is_empty(world: World) -> None:
    """A cursor that no message will ever reach is no error of the gateway's."""
    assert world.caller(REGULATOR).received(after=MOST) == []


def test_statements_after_the_greatest_index_are_none(world: World) -> None:
    """The same for the directory."""
    request = directory_service_pb2.ListStatementsRequest(after_index=MOST)

    answer = world.caller(REGULATOR).directory.ListStatements(
        request, timeout=TIMEOUT_S
    )

    assert list(answer.statements) == []


NOT_THERE = {
    "a level above the highest": log_service_pb2.GetTileRequest(level=6, width=1),
    "a level that is empty": log_service_pb2.GetTileRequest(level=5, width=1),
    "the last tile there could be": log_service_pb2.GetTileRequest(index=MOST, width=1),
    "more than a tile": log_service_pb2.GetTileRequest(width=257),
    "none of a tile": log_service_pb2.GetTileRequest(width=0),
    "the last bundle there could be": log_service_pb2.GetEntryBundleRequest(
        index=MOST, width=1
    ),
    "a bundle that is not full": log_service_pb2.GetEntryBundleRequest(width=256),
    "more than a bundle": log_service_pb2.GetEntryBundleRequest(width=257),
    "the proof of an entry to come": log_service_pb2.GetInclusionProofRequest(
        index=MOST
    ),
    "consistency with nothing": log_service_pb2.GetConsistencyProofRequest(),
    "consistency with a tree to come": log_service_pb2.GetConsistencyProofRequest(
        old_size=MOST
    ),
}


@pytest.mark.parametrize("name", NOT_THERE)
def test_what_the_log_does_not_have_is_not_found(world: World, name: str) -> None:
    """Nothing beyond the newest checkpoint is served, however large the number."""
    request = NOT_THERE[name]
    method = type(request).__name__.removesuffix("Request")
    call = getattr(world.caller(REGULATOR).log, method)

    refusal = refusal_of(lambda: call(request, timeout=TIMEOUT_S))

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.NOT_FOUND, "NOT_FOUND")


NO_PAGES = {
    "fewer than none": exchange_service_pb2.ListExchangesRequest(page_size=-1),
    "more than 200": exchange_service_pb2.ListExchangesRequest(page_size=201),
    "a token that is no number": exchange_service_pb2.ListExchangesRequest(
        page_token="x"
    ),
    "a token below zero": exchange_service_pb2.ListExchangesRequest(page_token="-1"),
    "a token beyond any log": exchange_service_pb2.ListExchangesRequest(
        page_token="9" * 40
    ),
}


@pytest.mark.parametrize("name", NO_PAGES)
def test_a_page_that_cannot_be(world: World, name: str) -> None:
    """A page size out of range and a token we never gave are refused, not bent."""
    stub = world.caller(REGULATOR).exchanges

    refusal = refusal_of(lambda: stub.ListExchanges(NO_PAGES[name], timeout=TIMEOUT_S))

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "MALFORMED",
    )


def test_a_refusal_with_a_thousand_violations_arrives_whole(world: World) -> None:
    """The worst refusal keeps its reason: details never overflow the trailers."""

    def spoil(message: message_pb2.Message) -> None:
        for item in message.removal_request.items:
            item.classification = removal_pb2.CLASSIFICATION_UNSPECIFIED
            item.item_id = "no such id " + "x" * 200

    refusal = world.refuse(world.removal_request(1000, change=spoil))

    assert refusal.reason == "FIELD_INVALID"
    assert 1 < len(refusal.violations) <= 50


def test_a_refusal_with_the_longest_violations_arrives_whole(world: World) -> None:
    """Also when each violation is as long as names allow."""
    signed = world.removal_request()
    box = signed.sealed[0]
    signed.sealed += [
        section_pb2.SealedSection(
            section=box.section, party=box.party, key_id=os.urandom(32), ciphertext=b"x"
        )
        for _ in range(500)
    ]

    refusal = world.refuse(signed)

    assert refusal.reason == "FIELD_INVALID"
    assert 1 < len(refusal.violations) <= 50


def test_an_upload_announced_with_another_size(world: World) -> None:
    """One file has one size; the first announcement stands."""
    caller = world.caller(MESSENGER)
    digest = os.urandom(32)
    caller.open_upload(digest, 10)

    refusal = refusal_of(lambda: caller.open_upload(digest, 11))

    assert refusal.violations == (("size", "10, as announced before"),)


def test_an_upload_beyond_what_was_announced(world: World) -> None:
    """No more is taken than was announced; what fitted stays."""
    caller = world.caller(MESSENGER)
    digest = os.urandom(32)
    caller.open_upload(digest, 10)

    refusal = refusal_of(lambda: caller.upload(digest, 0, b"12345", b"6789012"))

    assert _told(refusal)[:3] == _over("10 B as announced", "")[:3]
    assert caller.open_upload(digest, 10) == 5


def test_an_upload_without_a_first_piece(world: World) -> None:
    """A stream that says nothing names no file."""
    stub = world.caller(MESSENGER).evidence
    nothing: list[evidence_service_pb2.UploadRequest] = []

    refusal = refusal_of(lambda: stub.Upload(iter(nothing), timeout=TIMEOUT_S))

    assert refusal.violations == (("sha256", "required in the first piece"),)
