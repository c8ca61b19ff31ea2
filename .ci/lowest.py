"""Import every module of the SDK, with the oldest versions that it allows.

Generated code refuses a runtime older than its generator, and a new API slips in
unseen where only the newest versions are tested: both end here. Run it in the
environment of ``requirements/lowest.lock``, with warnings as errors.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Import all of ``rogatory``, or fail with the first module that does not."""
    sys.path.insert(0, str(ROOT / "clients"))
    package = importlib.import_module("rogatory")
    names = [
        module.name
        for module in pkgutil.walk_packages(package.__path__, "rogatory.")
        # Importing a __main__ would run it.
        if not module.name.endswith("__main__")
    ]
    for name in names:
        importlib.import_module(name)
    shown = ", ".join(
        f"{name} {version(name)}" for name in ("protobuf", "grpcio", "cryptography")
    )
    print(f"{len(names)} modules of rogatory import with {shown}")


if __name__ == "__main__":
    main()
