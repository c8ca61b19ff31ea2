"""A directory that changes while the gateway runs: power given and taken at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from rogatory.directory import build_statement
from rogatory.envelope import DIRECTORY_TYPE, SigningKey, parse_envelope
from rogatory.envelope import possession_statement as possession
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from rogatory_gateway.dev.parties import MESSENGER, OPERATOR, POLICE, REGULATOR
from rogatory_gateway.journal import Statement
from tests.support.logs import Lines
from tests.support.world import ORIGIN, World, running_world

REGISTRARS = [(OPERATOR, "registrar-1"), (POLICE, "registrar-1")]


@pytest.fixture
def own_world(tmp_path: Path, lines: Lines) -> Iterator[World]:
    """Give a gateway whose directory may change."""
    with running_world(tmp_path / "world") as world:
        yield world


def _log(world: World, *records: pb.DirectoryRecord) -> None:
    """Log a directory statement, as another process of the gateway would."""
    raw = build_statement(
        world.running.registry.current.directory,
        records,
        create_time=world.now(),
        signatories=[
            message_pb2.Signatory(
                party=p, signer_id=s, capacity=message_pb2.CAPACITY_REGISTRAR
            )
            for p, s in REGISTRARS
        ],
        keys=[world.parties[p].signer(s).key for p, s in REGISTRARS],
    )
    digest = parse_envelope(raw, payload_type=DIRECTORY_TYPE).digest
    world.running.journal.append(Statement("directory", raw, digest))


def _changed(world: World, key: str, **values: object) -> pb.DirectoryRecord:
    """Return a record of the directory with other values."""
    records = world.running.registry.current.directory.records
    record = pb.DirectoryRecord.FromString(records[key])
    kind = record.WhichOneof("record")
    assert kind is not None
    for name, value in values.items():
        setattr(getattr(record, kind), name, value)
    return record


SUSPENDED = pb.RECORD_STATUS_SUSPENDED


def test_a_message_is_admitted_again_under_the_new_directory(own_world: World) -> None:
    """A change by somebody else does not lock anybody out, and the entry names it."""
    world = own_world
    _log(world, _changed(world, f"party/{POLICE}", display_name="Example, renamed"))

    signed = world.submit(world.removal_request())

    (message,) = world.caller(REGULATOR).messages(signed.exchange_id)
    assert b"\ndirectory 3\n" in message.receipt.entry


def test_a_signer_who_was_suspended_signs_nothing_more(own_world: World) -> None:
    """Although admission had seen the signer active a moment before."""
    world = own_world
    _log(world, _changed(world, f"signer/{REGULATOR}/clerk-1", status=SUSPENDED))

    with world.unchanged():
        refusal = world.refuse(world.removal_request())

    assert refusal.reason == "UNKNOWN_SIGNER"


def test_a_party_that_was_suspended_receives_nothing_more(own_world: World) -> None:
    """A request to it is refused, not kept for later."""
    world = own_world
    _log(world, _changed(world, f"party/{MESSENGER}", status=SUSPENDED))

    with world.unchanged():
        refusal = world.refuse(world.removal_request())

    assert refusal.reason == "RECIPIENT_INVALID"


def test_a_new_key_signs_from_its_statement_on(own_world: World) -> None:
    """A key is refused before it is enrolled, and accepted after."""
    world = own_world
    key = SigningKey.generate()
    request = world.removal_request()
    signed = world.sign(request.message, [key], request.sealed)
    before = world.refuse(signed)
    stated = possession(ORIGIN, REGULATOR, "clerk-1", key.public.spki)
    record = pb.SigningKeyRecord(
        party=REGULATOR,
        signer_id="clerk-1",
        algorithm=key.public.algorithm,
        public_key=key.public.spki,
        proof_of_possession=key.sign(stated),
        status=pb.RECORD_STATUS_ACTIVE,
    )
    _log(world, pb.DirectoryRecord(signing_key=record))
    world.running.registry.refresh()

    world.submit(signed)

    assert before.reason == "SIGNATORIES_MISMATCH"


NOT_ACTIVE: dict[str, tuple[Callable[[World], str], str]] = {
    "system": (lambda _: f"system/{REGULATOR}/desk", "SYSTEM_NOT_ENROLLED"),
    "party": (lambda _: f"party/{REGULATOR}", "SYSTEM_NOT_ENROLLED"),
    "CA": (lambda world: _ca_of(world, REGULATOR), "UNKNOWN_ISSUER"),
}


def _ca_of(world: World, party: str) -> str:
    records = world.running.registry.current.directory.records
    return next(key for key in records if key.startswith(f"ca/{party}/"))


@pytest.mark.parametrize("name", NOT_ACTIVE)
def test_an_open_connection_is_refused_from_the_next_call_on(
    own_world: World, name: str
) -> None:
    """Live connections outlive what let them in; calls do not."""
    world = own_world
    key, reason = NOT_ACTIVE[name]
    caller = world.caller(REGULATOR)
    caller.checkpoint()
    _log(world, _changed(world, key(world), status=SUSPENDED))
    world.running.registry.refresh()

    refusal = world.refuse_from(caller, world.removal_request())

    assert (refusal.code, refusal.reason) == (grpc.StatusCode.UNAUTHENTICATED, reason)
