"""A log begins once, explicitly, whole or not at all."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from rogatory.envelope import DIRECTORY_TYPE, parse_envelope
from rogatory.errors import (
    ConfigInvalid,
    LogDamaged,
    RogatoryError,
    StoreExists,
    WrongOrigin,
)
from rogatory.tlog import DirectoryEntry, ProfilesEntry, StartEntry, parse_entry
from rogatory_gateway.config import GatewayConfig
from rogatory_gateway.dev.workspace import ORIGIN
from rogatory_gateway.journal import load_log_keys
from rogatory_gateway.journal.journal import begin_log
from rogatory_gateway.setup import NewLog, init_log
from rogatory_gateway.store import open_store
from tests.support.logroom import LogRoom, log_config
from tests.support.messages import Office

NOW = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> GatewayConfig:
    """Give a configuration of which nothing exists."""
    return log_config(tmp_path / "gateway")


def _init(config: GatewayConfig, statements: tuple[bytes, bytes]) -> NewLog:
    return init_log(config, *statements, clock=lambda: NOW, dev=True)


def _files(config: GatewayConfig) -> list[str]:
    folder = config.database.parent
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
    )


def _contents(config: GatewayConfig) -> dict[str, bytes]:
    folder = config.database.parent
    return {name: (folder / name).read_bytes() for name in _files(config)}


def test_a_log_begins_with_start_directory_and_profiles(
    config: GatewayConfig, office: Office
) -> None:
    """Entry 0 names the log and its keys; 1 and 2 are the statements it is given."""
    made = _init(config, office.statements)

    store = open_store(config.database, dev=True)
    start, directory, profiles = map(parse_entry, store.read.entries(0, 9))
    store.close()
    assert isinstance(start, StartEntry)
    assert (start.origin, start.time, start.previous) == (ORIGIN, NOW, None)
    assert start.vkeys == made.keys.verifier_keys
    first, _ = office.statements
    digest = parse_envelope(first, payload_type=DIRECTORY_TYPE).digest
    assert isinstance(directory, DirectoryEntry)
    assert (directory.directory, directory.digest) == (None, digest)
    assert isinstance(profiles, ProfilesEntry)
    assert profiles.directory == 1
    assert made.genesis == digest


def test_the_keys_are_for_the_owner_only_and_are_those_of_the_log(
    config: GatewayConfig, office: Office
) -> None:
    """Two files, mode 0600, that load as the keys that signed."""
    made = _init(config, office.statements)

    files = sorted(config.log_keys.iterdir())
    assert [f.name for f in files] == ["log.ed25519.pem", "log.mldsa44.pem"]
    assert {f.stat().st_mode & 0o777 for f in files} == {0o600}
    loaded = load_log_keys(config.log_keys, ORIGIN)
    assert loaded.verifier_keys == made.keys.verifier_keys


def test_a_second_log_in_the_same_place_is_refused_and_touches_nothing(
    config: GatewayConfig, office: Office
) -> None:
    """The store of a running log cannot be overwritten by mistake."""
    _init(config, office.statements)
    before = {
        name: (config.database.parent / name).read_bytes() for name in _files(config)
    }

    with pytest.raises(StoreExists):
        _init(config, office.statements)

    after = {
        name: (config.database.parent / name).read_bytes() for name in _files(config)
    }
    assert after == before


def test_keys_of_another_log_are_not_taken_over(
    config: GatewayConfig, office: Office
) -> None:
    """Keys without their store may be a lost log: it is not begun a second time."""
    _init(config, office.statements)
    config.database.unlink()

    with pytest.raises(StoreExists, match="log key"):
        _init(config, office.statements)

    assert _files(config) == ["keys/log.ed25519.pem", "keys/log.mldsa44.pem"]


def _swapped(office: Office) -> tuple[bytes, bytes]:
    directory, profiles = office.statements
    return profiles, directory


def _of_others(office: Office) -> tuple[bytes, bytes]:
    return office.statements[0], Office().statements[1]


BAD: dict[str, Callable[[Office], tuple[bytes, bytes]]] = {
    "nothing": lambda _: (b"", b""),
    "the two swapped": _swapped,
    "profiles signed by others": _of_others,
}


@pytest.mark.parametrize("name", BAD)
def test_a_statement_that_does_not_verify_makes_nothing(
    config: GatewayConfig, office: Office, name: str
) -> None:
    """Verified here exactly as everybody will verify it, before a file is made."""
    with pytest.raises(RogatoryError):
        _init(config, BAD[name](office))

    assert not config.database.parent.exists()


def test_statements_for_another_log_make_nothing(
    config: GatewayConfig, office: Office
) -> None:
    """The origin of configuration and statements is one."""
    with pytest.raises(WrongOrigin):
        _init(replace(config, origin="other.example/log"), office.statements)

    assert not config.database.parent.exists()


def test_a_failure_in_the_middle_leaves_no_keys_and_can_be_repeated(
    config: GatewayConfig, office: Office
) -> None:
    """Whatever goes wrong, the next `init` begins from nothing."""

    def broken() -> datetime:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        init_log(config, *office.statements, clock=broken, dev=True)
    assert not config.database.exists()
    assert list(config.log_keys.iterdir()) == []

    _init(config, office.statements)

    assert _files(config) == [
        "keys/log.ed25519.pem",
        "keys/log.mldsa44.pem",
        "store.db",
    ]


def test_what_a_killed_init_left_is_swept_away(
    config: GatewayConfig, office: Office
) -> None:
    """A half-made store beside the place is nobody's."""
    config.database.parent.mkdir(parents=True)
    for suffix in ("", "-wal", "-shm"):
        config.database.with_name(f"store.db.new{suffix}").write_bytes(b"half")

    _init(config, office.statements)

    assert not [name for name in _files(config) if "new" in name]


def test_a_place_that_cannot_be_written(config: GatewayConfig, office: Office) -> None:
    """The operator is told which place, and nothing else is left there."""
    config.database.parent.mkdir(parents=True)
    config.log_keys.write_bytes(b"a file where a folder should be")

    with pytest.raises(ConfigInvalid, match="log keys"):
        _init(config, office.statements)

    assert not config.database.exists()


def test_a_log_that_has_begun_does_not_begin_again(room: LogRoom) -> None:
    """Entry 0 is written into an empty store only."""
    with pytest.raises(LogDamaged, match="no log yet"):
        begin_log(room.store, room.keys, NOW)


@pytest.mark.parametrize("name", ["log.ed25519.pem", "log.mldsa44.pem"])
@pytest.mark.parametrize("content", [None, b"", b"nothing", "swap"])
def test_log_keys_that_cannot_be_used_are_named(
    room: LogRoom, name: str, content: bytes | str | None
) -> None:
    """A missing file, an empty one, garbage, and the other kind of key."""
    folder = room.config.log_keys
    other = next(path for path in folder.iterdir() if path.name != name)
    if content is None:
        (folder / name).unlink()
    elif content == "swap":
        (folder / name).write_bytes(other.read_bytes())
    else:
        (folder / name).write_bytes(content)  # type: ignore[arg-type]

    with pytest.raises(ConfigInvalid) as caught:
        load_log_keys(folder, ORIGIN)

    assert caught.value.thing == str(folder / name)
