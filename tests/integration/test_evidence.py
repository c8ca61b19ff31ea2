"""Files go up resumably, come down to participants only, and are never mistaken."""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from rogatory.v1 import exchange_service_pb2
from rogatory_gateway.dev.parties import MESSENGER, POLICE, PROSECUTOR, REGULATOR
from tests.support.logs import Lines
from tests.support.world import VIDEO, Signed, World, refusal_of, running_world

SIZE = 700_000


@dataclass(frozen=True)
class File:
    """A file with its name."""

    content: bytes

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.content).digest()

    def pieces(self, start: int = 0, size: int = 100_000) -> list[bytes]:
        rest = self.content[start:]
        return [rest[at : at + size] for at in range(0, len(rest), size)]


@pytest.fixture
def file() -> File:
    """Give a file that nobody has uploaded."""
    return File(os.urandom(SIZE))


def _disclosed(world: World, file: File) -> tuple[Signed, Signed]:
    """Let the platform upload a file and answer a request with it."""
    caller = world.caller(MESSENGER)
    caller.open_upload(file.sha256, len(file.content))
    caller.upload(file.sha256, 0, *file.pieces())
    request = world.submit(world.disclosure_request())
    files = {file.sha256: len(file.content)}
    report = world.disclosure_report(request, {"task-1": "DISCLOSED"}, files)
    return request, world.submit(report)


def test_a_file_goes_up_and_comes_down(world: World, file: File) -> None:
    """What one side uploads and names in a message, the other downloads unchanged."""
    request, _ = _disclosed(world, file)

    downloaded = world.caller(POLICE).download(request.exchange_id, file.sha256)

    assert downloaded == file.content


@pytest.mark.parametrize("offset", [1, 99_999, 524_288, SIZE - 1, SIZE])
def test_a_download_goes_on_from_any_offset(world: World, offset: int) -> None:
    """A download that broke off is continued where it stopped."""
    file = File(os.urandom(SIZE))
    request, _ = _disclosed(world, file)

    rest = world.caller(POLICE).download(request.exchange_id, file.sha256, offset)

    assert rest == file.content[offset:]


def test_a_download_beyond_the_end(world: World, file: File) -> None:
    """There is nothing behind the last byte."""
    request, _ = _disclosed(world, file)
    caller = world.caller(POLICE)

    refusal = refusal_of(
        lambda: caller.download(request.exchange_id, file.sha256, SIZE + 1)
    )

    assert refusal.violations == (("offset", f"at most {SIZE}"),)


def test_an_upload_resumes_where_it_stood(world: World, file: File) -> None:
    """A second upload goes on from the offset that opening it again tells."""
    caller = world.caller(MESSENGER)
    assert caller.open_upload(file.sha256, SIZE) == 0
    assert caller.upload(file.sha256, 0, *file.pieces()[:3]) == 300_000

    offset = caller.open_upload(file.sha256, SIZE)
    end = caller.upload(file.sha256, offset, *file.pieces(offset))

    assert (offset, end) == (300_000, SIZE)
    assert caller.open_upload(file.sha256, SIZE) == SIZE


@pytest.mark.parametrize("offset", [0, 99_999, 100_001, 2**63])
def test_an_upload_elsewhere_than_where_it_stands(world: World, offset: int) -> None:
    """A piece neither overwrites nor leaves a gap; the right offset is told."""
    file = File(os.urandom(SIZE))
    caller = world.caller(MESSENGER)
    caller.open_upload(file.sha256, SIZE)
    caller.upload(file.sha256, 0, file.pieces()[0])

    refusal = refusal_of(lambda: caller.upload(file.sha256, offset, b"x"))

    assert refusal.reason == "FIELD_INVALID"
    assert refusal.violations == (("offset", "100000, where the upload is"),)
    assert caller.open_upload(file.sha256, SIZE) == 100_000


def test_bytes_of_another_file_are_refused_and_forgotten(
    world: World, file: File
) -> None:
    """A file is what its name says; wrong bytes do not stay in the way."""
    caller = world.caller(MESSENGER)
    caller.open_upload(file.sha256, SIZE)

    refusal = refusal_of(lambda: caller.upload(file.sha256, 0, b"\0" * SIZE))

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.INVALID_ARGUMENT,
        "FIELD_INVALID",
    )
    assert caller.open_upload(file.sha256, SIZE) == 0
    assert caller.upload(file.sha256, 0, *file.pieces()) == SIZE


def test_uploading_a_whole_file_again_is_harmless(world: World, file: File) -> None:
    """An upload whose last answer was lost is repeated without effect."""
    caller = world.caller(MESSENGER)
    caller.open_upload(file.sha256, SIZE)
    caller.upload(file.sha256, 0, *file.pieces())

    with world.unchanged():
        again = caller.upload(file.sha256, 0, file.pieces()[0])

    assert again == SIZE


def test_an_upload_that_was_not_opened(world: World, file: File) -> None:
    """Nothing is taken whose size was not announced."""
    caller = world.caller(MESSENGER)

    refusal = refusal_of(lambda: caller.upload(file.sha256, 0, b"x"))

    assert (refusal.code, refusal.reason) == (
        grpc.StatusCode.NOT_FOUND,
        "BLOB_UNKNOWN",
    )


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_name_that_is_no_sha_256(world: World, length: int) -> None:
    """Files are named by 32 bytes in every call."""
    caller, name = world.caller(MESSENGER), b"\1" * length

    opening = refusal_of(lambda: caller.open_upload(name, 1))
    upload = refusal_of(lambda: caller.upload(name, 0, b"x"))
    download = refusal_of(lambda: caller.download("", name))

    for refusal in (opening, upload, download):
        assert refusal.violations == (("sha256", "32 bytes"),)


def test_parties_do_not_share_uploads(world: World, file: File) -> None:
    """Having the name of another's file tells nothing, not even that it exists."""
    caller = world.caller(MESSENGER)
    caller.open_upload(file.sha256, SIZE)
    caller.upload(file.sha256, 0, *file.pieces())

    assert world.caller(VIDEO).open_upload(file.sha256, SIZE) == 0


@pytest.mark.parametrize("party", [REGULATOR, PROSECUTOR, VIDEO])
def test_only_those_who_sent_or_received_it_download(
    world: World, file: File, party: str
) -> None:
    """Whoever has no part in the message is told what a wrong name is told."""
    request, _ = _disclosed(world, file)
    caller = world.caller(party)

    not_mine = refusal_of(lambda: caller.download(request.exchange_id, file.sha256))
    no_such = refusal_of(lambda: caller.download(request.exchange_id, b"\1" * 32))

    assert not_mine == no_such
    assert not_mine.reason == "BLOB_UNKNOWN"


def test_the_sender_can_download_its_own_again(world: World, file: File) -> None:
    """Who sent a file may read it back."""
    request, _ = _disclosed(world, file)

    downloaded = world.caller(MESSENGER).download(request.exchange_id, file.sha256)

    assert downloaded == file.content


def test_a_file_is_read_through_the_exchange_that_names_it(
    world: World, file: File
) -> None:
    """A file of one exchange is not found in another, also not by its participants."""
    _disclosed(world, file)
    other = world.submit(world.disclosure_request())

    refusal = refusal_of(
        lambda: world.caller(POLICE).download(other.exchange_id, file.sha256)
    )

    assert refusal.reason == "BLOB_UNKNOWN"


def test_an_uploaded_file_is_nobody_s_before_a_message_names_it(
    world: World, file: File
) -> None:
    """Uploading delivers nothing."""
    request = world.submit(world.disclosure_request())
    caller = world.caller(MESSENGER)
    caller.open_upload(file.sha256, SIZE)
    caller.upload(file.sha256, 0, *file.pieces())

    refusal = refusal_of(
        lambda: world.caller(POLICE).download(request.exchange_id, file.sha256)
    )

    assert refusal.reason == "BLOB_UNKNOWN"


@pytest.mark.parametrize("uploaded", [0, 100_000])
def test_a_message_whose_file_is_not_whole_waits_for_it(
    world: World, file: File, uploaded: int
) -> None:
    """The same message is refused until its file is there, and then logged."""
    request = world.submit(world.disclosure_request())
    files = {file.sha256: SIZE}
    report = world.disclosure_report(request, {"task-1": "DISCLOSED"}, files)
    caller = world.caller(MESSENGER)
    caller.open_upload(file.sha256, SIZE)
    if uploaded:
        caller.upload(file.sha256, 0, file.content[:uploaded])

    with world.unchanged():
        refusal = world.refuse(report)
    caller.upload(file.sha256, uploaded, *file.pieces(uploaded))
    world.submit(report)

    assert refusal.reason == "BLOB_INCOMPLETE"
    downloaded = world.caller(POLICE).download(request.exchange_id, file.sha256)
    assert downloaded == file.content


def test_a_message_that_names_another_size(world: World, file: File) -> None:
    """The signed size is the file's; a message cannot speak of another one."""
    _disclosed(world, file)
    request = world.submit(world.disclosure_request())
    files = {file.sha256: SIZE - 1}

    refusal = world.refuse(
        world.disclosure_report(request, {"task-1": "DISCLOSED"}, files)
    )

    assert refusal.reason == "BLOB_INCOMPLETE"


def test_confirming_what_arrived_ends_the_exchange(world: World, file: File) -> None:
    """The police's receipt for every file is the state `delivered confirmed`."""
    request, report = _disclosed(world, file)
    rest = world.submit(world.disclosure_report(report, {"task-2": "NO_DATA"}))

    receipt = world.delivery_receipt(rest, {file.sha256: "INTEGRITY_OK"})
    world.submit(receipt)

    state = world.caller(MESSENGER).exchange(request.exchange_id).state
    assert state == exchange_service_pb2.EXCHANGE_STATE_DELIVERED_CONFIRMED


@pytest.fixture
def own_world(tmp_path: Path, lines: Lines) -> Iterator[World]:
    """Give a gateway that can be restarted."""
    with running_world(tmp_path / "world") as world:
        yield world


def test_an_upload_resumes_after_a_restart(own_world: World, file: File) -> None:
    """What was answered is on the disk."""
    world = own_world
    world.caller(MESSENGER).open_upload(file.sha256, SIZE)
    world.caller(MESSENGER).upload(file.sha256, 0, *file.pieces()[:3])
    world.stop()
    world.start()

    offset = world.caller(MESSENGER).open_upload(file.sha256, SIZE)
    end = world.caller(MESSENGER).upload(file.sha256, offset, *file.pieces(offset))

    assert (offset, end) == (300_000, SIZE)


def _spool(world: World, file: File) -> Path:
    name = f"{file.sha256.hex()}.part"
    return world.config.blobs / "spool" / MESSENGER / name


def test_a_crash_after_the_last_byte_is_finished_by_opening_again(
    own_world: World, file: File
) -> None:
    """A whole file in the spool, not yet moved: the next call moves it."""
    world = own_world
    world.caller(MESSENGER).open_upload(file.sha256, SIZE)
    _spool(world, file).parent.mkdir(parents=True, exist_ok=True)
    _spool(world, file).write_bytes(file.content)

    offset = world.caller(MESSENGER).open_upload(file.sha256, SIZE)

    assert offset == SIZE
    assert not _spool(world, file).exists()
    _disclosed_again(world, file)


def test_a_crash_between_moving_and_noting_is_finished_by_opening_again(
    own_world: World, file: File
) -> None:
    """A whole file in its place, not yet noted: nobody has to send it again."""
    world = own_world
    world.caller(MESSENGER).open_upload(file.sha256, SIZE)
    place = world.config.blobs / "files" / MESSENGER / file.sha256.hex()
    place.parent.mkdir(parents=True)
    place.write_bytes(file.content)

    offset = world.caller(MESSENGER).open_upload(file.sha256, SIZE)

    assert offset == SIZE
    _disclosed_again(world, file)


def _disclosed_again(world: World, file: File) -> None:
    request = world.submit(world.disclosure_request())
    files = {file.sha256: SIZE}
    world.submit(world.disclosure_report(request, {"task-1": "DISCLOSED"}, files))
    downloaded = world.caller(POLICE).download(request.exchange_id, file.sha256)
    assert downloaded == file.content
