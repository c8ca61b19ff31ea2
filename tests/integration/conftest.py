"""One gateway over real mutual TLS for each module; its log goes into a list."""

from collections.abc import Iterator

import pytest

from tests.integration.scenes import Scene
from tests.support.logs import Lines, captured_logs
from tests.support.world import World, running_world


@pytest.fixture(scope="module")
def lines() -> Iterator[Lines]:
    """Give the gateway's log lines, oldest first."""
    with captured_logs() as found:
        yield found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, lines: Lines) -> Iterator[World]:
    """Give made-up parties and a running gateway, shared by a module's tests."""
    with running_world(tmp_path_factory.mktemp("world")) as running:
        yield running


@pytest.fixture(scope="module")
def scene(world: World) -> Scene:
    """Log a request, a report and a disclosure request."""
    request = world.submit(world.removal_request(3))
    report = world.submit(world.removal_report(request, {"item-1": "REMOVED"}))
    disclosure = world.submit(world.disclosure_request())
    return Scene(world, request, report, disclosure)
