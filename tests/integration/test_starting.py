"""A gateway that should not run does not start, and says why in one error."""

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from rogatory.errors import (
    AddressInUse,
    ConfigInvalid,
    DevelopmentOnly,
    LogStopped,
    RogatoryError,
)
from rogatory_gateway.app import GatewayApp
from rogatory_gateway.config import GatewayConfig
from rogatory_gateway.dev.parties import MESSENGER, POLICE
from rogatory_gateway.journal import make_log_keys
from tests.support.logs import Lines
from tests.support.world import ORIGIN, World


@pytest.fixture
def idle_world(tmp_path: Path, lines: Lines) -> Iterator[World]:
    """Give a world whose gateway was never started."""
    world = World(tmp_path / "world")
    yield world
    world.stop()


def _without_tls_key(world: World) -> GatewayConfig:
    world.config.tls_key.unlink()
    return world.config


def _other_tls_key(world: World) -> GatewayConfig:
    other = world.parties[POLICE].ca.issue_server(world.now())
    world.config.tls_key.write_bytes(other.key)
    return world.config


def _encrypted_tls_key(world: World) -> GatewayConfig:
    world.config.tls_key.write_bytes(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    return world.config


def _no_certificate(world: World) -> GatewayConfig:
    world.config.tls_certificate.write_bytes(b"nothing")
    return world.config


def _other_log_keys(world: World) -> GatewayConfig:
    folder = world.folder / "other-keys"
    make_log_keys(folder, ORIGIN)
    return replace(world.config, log_keys=folder)


def _no_log_keys(world: World) -> GatewayConfig:
    return replace(world.config, log_keys=world.folder / "nowhere")


def _altered_head(world: World) -> GatewayConfig:
    with closing(sqlite3.connect(world.config.database)) as connection:
        connection.execute("UPDATE head SET size = size + 1")
        connection.commit()
    return world.config


def _altered_statement(world: World) -> GatewayConfig:
    with closing(sqlite3.connect(world.config.database)) as connection:
        connection.execute("UPDATE statement SET envelope = X'00' WHERE idx = 1")
        connection.commit()
    return world.config


def _behind_its_export(world: World) -> GatewayConfig:
    assert world.config.publish is not None
    world.config.publish.mkdir()
    ahead = world.log.keys.sign(9, b"\1" * 32, int(world.now().timestamp()))
    (world.config.publish / "checkpoint").write_bytes(ahead)
    return world.config


def _publish_is_a_file(world: World) -> GatewayConfig:
    (world.folder / "file").write_bytes(b"")
    return replace(world.config, publish=world.folder / "file")


def _blobs_is_a_file(world: World) -> GatewayConfig:
    (world.folder / "file").write_bytes(b"")
    return replace(world.config, blobs=world.folder / "file")


REFUSED: dict[str, tuple[type[RogatoryError], Callable[[World], GatewayConfig]]] = {
    "no store": (
        ConfigInvalid,
        lambda world: replace(world.config, database=world.folder / "none.db"),
    ),
    "another origin": (
        ConfigInvalid,
        lambda world: replace(world.config, origin="other.example/log"),
    ),
    "no TLS key": (ConfigInvalid, _without_tls_key),
    "the key of another certificate": (ConfigInvalid, _other_tls_key),
    "an encrypted TLS key": (ConfigInvalid, _encrypted_tls_key),
    "no TLS certificate": (ConfigInvalid, _no_certificate),
    "no log keys": (ConfigInvalid, _no_log_keys),
    "another log's keys": (LogStopped, _other_log_keys),
    "a head that was altered": (LogStopped, _altered_head),
    "a statement that was altered": (RogatoryError, _altered_statement),
    "a store behind what it has published": (LogStopped, _behind_its_export),
    "a file where the export should be": (ConfigInvalid, _publish_is_a_file),
    "a file where evidence should be": (ConfigInvalid, _blobs_is_a_file),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_gateway_that_cannot_run_does_not_start(idle_world: World, name: str) -> None:
    """Whatever is wrong is found before a port is bound, with nothing left open."""
    error, spoil = REFUSED[name]
    config = spoil(idle_world)

    with pytest.raises(error):
        GatewayApp(config, dev=True)

    host, port = config.address.split(":")
    with socket.create_server((host, int(port))):
        pass


DEV_ONLY: dict[str, Callable[[World], GatewayConfig]] = {
    "throw-away certificates": lambda world: world.config,
    "a clock that can be moved": lambda world: replace(
        world.config, clock_offset=world.folder / "clock-offset"
    ),
}


@pytest.mark.parametrize("name", DEV_ONLY)
def test_what_is_for_development_is_refused_elsewhere(
    idle_world: World, name: str
) -> None:
    """A gateway without `--dev` runs on nothing that was made for a demo."""
    with pytest.raises(DevelopmentOnly):
        GatewayApp(DEV_ONLY[name](idle_world), dev=False)


def test_an_address_that_is_taken_between_opening_and_starting(
    idle_world: World,
) -> None:
    """Somebody who is quicker is told by the address as well, and stopping works."""
    app = GatewayApp(idle_world.config, dev=True)
    host, port = idle_world.config.address.split(":")

    with (
        socket.create_server((host, int(port))),
        pytest.raises(AddressInUse),
    ):
        app.start()

    app.stop()


def test_one_gateway_after_the_other_is_one_log(idle_world: World) -> None:
    """Stopped and started, again and again: the exchange goes on where it was."""
    world = idle_world
    world.start()
    request = world.submit(world.removal_request())
    for number in (1, 2):
        world.stop()
        world.start()
        world.submit(world.removal_report(request, {f"item-{number}": "REMOVED"}))

    parts = world.caller(MESSENGER).exchange(request.exchange_id).parts

    assert [part.state for part in parts] == ["removed", "removed"]
