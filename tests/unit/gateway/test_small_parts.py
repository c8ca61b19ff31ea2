"""Clocks, logs and the registry: small parts with rules of their own."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rogatory.directory import build_statement
from rogatory.envelope import DIRECTORY_TYPE, parse_envelope
from rogatory.errors import ConfigInvalid, RogatoryError
from rogatory.v1 import directory_pb2, message_pb2
from rogatory_gateway.admission import Registry
from rogatory_gateway.clocks import offset_clock, system_clock
from rogatory_gateway.dev.parties import OPERATOR, POLICE
from rogatory_gateway.dev.workspace import ORIGIN
from rogatory_gateway.journal import Statement
from rogatory_gateway.store.states import decode_state, encode_state
from tests.support.logroom import LogRoom
from tests.unit.gateway.journals import GENESIS

# --- clocks --------------------------------------------------------------------------


def test_the_system_s_clock_is_in_utc() -> None:
    """No time without a zone, and no zone but UTC."""
    assert system_clock().utcoffset() == timedelta(0)


def test_a_clock_is_ahead_by_what_its_file_says_now(tmp_path: Path) -> None:
    """The file is read at each call; without one there is no offset."""
    path = tmp_path / "offset"
    clock = offset_clock(path)
    ahead = []
    for text in (None, "", "0", "3600\n"):
        if text is not None:
            path.write_text(text)
        ahead.append(round((clock() - datetime.now(UTC)).total_seconds()))

    assert ahead == [0, 0, 0, 3600]


@pytest.mark.parametrize("text", ["x", "1.5", "-1", "9" * 12, "١", "\xff"])
def test_an_offset_that_is_none(tmp_path: Path, text: str) -> None:
    """A whole number of seconds up to ten years, in ASCII."""
    path = tmp_path / "offset"
    path.write_text(text)

    with pytest.raises(ConfigInvalid):
        offset_clock(path)()


# --- logs ----------------------------------------------------------------------------

_SCRIPT = """
import structlog
from rogatory_gateway.logs import configure_logs
configure_logs()
log = structlog.get_logger("rogatory_gateway")
log.info("rpc", method="SubmitMessage", reason="OK", log_index=7)
try:
    secret = "example-suspect"
    raise KeyError(secret)
except KeyError as error:
    log.error("internal_error", error=type(error).__name__)
"""


def test_log_lines_are_json_on_standard_error() -> None:
    """One object a line, with level and time, when nobody reads along."""
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=True
    )

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.stdout == ""
    assert [line["event"] for line in lines] == ["rpc", "internal_error"]
    assert lines[0]["log_index"] == 7
    assert lines[0]["level"] == "info"
    assert lines[0]["timestamp"].endswith("Z")
    assert "suspect" not in done.stderr


# --- registry ------------------------------------------------------------------------


def _enrol_laptop(room: LogRoom) -> None:
    who = [(OPERATOR, "registrar-1"), (POLICE, "registrar-1")]
    record = directory_pb2.SystemRecord(
        party=POLICE, system="laptop", status=directory_pb2.RECORD_STATUS_ACTIVE
    )
    raw = build_statement(
        room.registry.current.directory,
        [directory_pb2.DirectoryRecord(system=record)],
        create_time=room.office.now(),
        signatories=[
            message_pb2.Signatory(
                party=p, signer_id=s, capacity=message_pb2.CAPACITY_REGISTRAR
            )
            for p, s in who
        ],
        keys=[room.office.parties[p].signer(s).key for p, s in who],
    )
    digest = parse_envelope(raw, payload_type=DIRECTORY_TYPE).digest
    room.journal.append(Statement("directory", raw, digest))


def test_the_registry_replays_what_is_logged(room: LogRoom) -> None:
    """A restarted gateway has the directory and profiles of its log."""
    _enrol_laptop(room)

    registry = Registry(room.store.read, ORIGIN)

    assert registry.current.directory.index == GENESIS
    assert registry.current.directory.system_is_active(POLICE, "laptop")
    assert registry.current.profiles.index == 2


def test_the_registry_takes_over_what_was_logged_since(room: LogRoom) -> None:
    """A refresh reads on from where it was; a second one changes nothing."""
    before = room.registry.current
    _enrol_laptop(room)
    assert room.registry.current is before

    room.registry.refresh()
    after = room.registry.current
    room.registry.refresh()

    assert after.directory.system_is_active(POLICE, "laptop")
    assert room.registry.current is after


def test_a_statement_that_was_altered_in_the_store_is_not_replayed(
    room: LogRoom,
) -> None:
    """The gateway trusts its own store no more than anybody else's."""
    with room.store._writer.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE statement SET envelope = substr(envelope, 1, 1000) WHERE idx = 1"
        )

    with pytest.raises(RogatoryError):
        Registry(room.store.read, ORIGIN)


# --- stored states -------------------------------------------------------------------


def test_a_state_of_another_version_is_our_own_mistake(room: LogRoom) -> None:
    """A store is migrated as a whole: a row of a later version cannot be here."""
    signed = room.office.removal_request()
    raw = encode_state(room.admit(signed).state or pytest.fail("a state"))

    with pytest.raises(RuntimeError, match="expected version 1, got 2"):
        decode_state(raw.replace(b'"v":1', b'"v":2'))
