"""Binding: a port that is taken is told as such, and nothing is left half-open."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rogatory.errors import AddressInUse, ConfigInvalid
from rogatory_gateway.app import GatewayApp
from rogatory_gateway.dev.parties import MESSENGER
from rogatory_gateway.rpc.server import require_free
from tests.support.logs import Lines
from tests.support.world import World


@contextmanager
def _listening(host: str = "127.0.0.1") -> Iterator[int]:
    """Let somebody else listen on a port."""
    with socket.create_server((host, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def idle_world(tmp_path: Path, lines: Lines) -> Iterator[World]:
    """Give a world whose gateway was never started."""
    world = World(tmp_path / "world")
    yield world
    world.stop()


@pytest.mark.parametrize("setting", ["address", "stream_address"])
def test_a_port_in_use_is_refused_by_its_address(
    idle_world: World, setting: str
) -> None:
    """The operator is told which of the two addresses somebody else holds."""
    with _listening() as port:
        address = f"localhost:{port}"
        # One name per setting: a mapping would not be known to the type checker.
        config = (
            replace(idle_world.config, address=address)
            if setting == "address"
            else replace(idle_world.config, stream_address=address)
        )

        with pytest.raises(AddressInUse) as caught:
            GatewayApp(config, dev=True)

    assert caught.value.thing == f"address {address}"


@pytest.mark.parametrize("setting", ["address", "stream_address"])
def test_after_a_refused_start_the_same_gateway_starts(
    idle_world: World, setting: str
) -> None:
    """A failed start holds neither the other port nor the store."""
    good = idle_world.config
    with _listening() as port:
        address = f"localhost:{port}"
        idle_world.config = (
            replace(good, address=address)
            if setting == "address"
            else replace(good, stream_address=address)
        )
        with pytest.raises(AddressInUse):
            idle_world.start()
    idle_world.config = good

    idle_world.start()

    signed = idle_world.submit(idle_world.removal_request())
    received = idle_world.caller(MESSENGER).watch().next()
    assert received.envelope == signed.envelope


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_name_with_several_addresses_needs_all_of_them(host: str) -> None:
    """`localhost` may be two addresses; sharing one with a stranger is no service."""
    if host not in {info[4][0] for info in socket.getaddrinfo("localhost", 0)}:
        host = "127.0.0.1"  # a machine without IPv6 has one address only

    with _listening_on(host) as port, pytest.raises(AddressInUse):
        require_free(f"localhost:{port}")


@contextmanager
def _listening_on(host: str) -> Iterator[int]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        "localhost:",
        "localhost:https-",
        "localhost:-1",
        "localhost:65536",
        "no-such-host.invalid:0",
        "192.0.2.1:0",  # TEST-NET-1: never an address of this machine
    ],
)
def test_what_is_no_address_of_this_machine_is_a_mistake_of_the_settings(
    address: str,
) -> None:
    """A wrong address is not reported as one that somebody else uses."""
    with pytest.raises(ConfigInvalid):
        require_free(address)


def test_a_free_address_stays_free() -> None:
    """Looking does not take the port."""
    with _listening() as port:
        pass

    require_free(f"127.0.0.1:{port}")
    require_free(f"127.0.0.1:{port}")
