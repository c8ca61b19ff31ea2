"""What `rogatory.tlog` offers, and what importing it does not drag in."""

import subprocess
import sys

import pytest

from rogatory import tlog


def test_all_is_what_is_offered() -> None:
    """Every name is there, once, and sorted: constants, classes, functions."""
    assert [name for name in tlog.__all__ if not hasattr(tlog, name)] == []
    assert len(set(tlog.__all__)) == len(tlog.__all__)

    def group(name: str) -> tuple[int, str]:
        return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)

    assert sorted(tlog.__all__, key=group) == tlog.__all__


@pytest.mark.parametrize("module", ["grpc", "cryptography", "google.protobuf"])
def test_importing_it_is_light(module: str) -> None:
    """Hashing and parsing need neither grpc nor a cryptography library."""
    code = f"import rogatory.tlog, sys; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
