"""The profiles that come with the package, as bytes.

The one place of this package that reads files: its own package data, at call time.
"""

from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType


def shipped() -> Mapping[str, bytes]:
    """Return the files that come with this version, by profile id, sorted."""
    folder = resources.files("rogatory.profiles") / "data"
    files = sorted(
        (each for each in folder.iterdir() if each.name.endswith(".toml")),
        key=lambda each: each.name,
    )
    return MappingProxyType(
        {each.name.removesuffix(".toml"): each.read_bytes() for each in files}
    )
