"""The parties and their gateway in memory."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_gateway import FakeWorld
from tests.support.story import Story


@pytest.fixture(autouse=True)
def _no_power_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing wait for the disk: no test here cuts the power."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Give clients on a fake gateway."""
    story = Story(tmp_path / "world")
    yield story
    story.close()


@pytest.fixture
def world(story: Story) -> FakeWorld:
    """Give the gateway and log of the story."""
    return story.world
