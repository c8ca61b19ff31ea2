"""A world in memory, a terminal in it, and the tables of the story as files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.story import Story
from tests.unit.cli.terminal import Terminal

ITEMS = """\
item_id,locator,classification,observed,reason
i1,https://files.example/가나다/1,ncii_synthetic,2026-11-20T10:00:00+09:00,합성 영상
i2,https://files.example/2,ncii_synthetic,2026-11-20T10:01:00+09:00,합성 영상
i3,https://files.example/3,other,2026-11-20T10:02:00+09:00,합성 영상
"""
RESULTS = """\
item_id,outcome,acted,ground,explanation
i1,removed,2026-11-23T09:30:00Z,,done
i2,not_found,2026-11-23T09:31:00Z,,
i3,needs_clarification,,identifier_ambiguous,어느 채널?
"""
TARGETS = """\
task_id,category,identifier_type,identifier
t1,subscriber,username,user-1
t2,subscriber,phone_e164,+999555010
"""
REQUEST = (
    "request removal --profile KR.CORRECTION --to example-messenger --items items.csv"
)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    """Give clients on a fake gateway."""
    story = Story(tmp_path / "world")
    yield story
    story.close()


@pytest.fixture
def terminal(story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Give a terminal in a folder with the three tables."""
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "items.csv").write_text(ITEMS)
    (folder / "results.csv").write_text(RESULTS)
    (folder / "targets.csv").write_text(TARGETS)
    monkeypatch.chdir(folder)
    return Terminal(story.world)
