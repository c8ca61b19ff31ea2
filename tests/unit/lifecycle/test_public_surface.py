"""What `rogatory.lifecycle` and `rogatory.directory` offer is frozen."""

from types import ModuleType

import pytest

from rogatory import directory, lifecycle


@pytest.mark.parametrize(
    "module", [directory, lifecycle], ids=["directory", "lifecycle"]
)
def test_all_is_what_is_offered(module: ModuleType) -> None:
    """Every name is there, once, and sorted: constants, classes, functions."""
    names: list[str] = module.__all__

    assert [name for name in names if not hasattr(module, name)] == []
    assert len(set(names)) == len(names)

    def group(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert sorted(names, key=group) == names
