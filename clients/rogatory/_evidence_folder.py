"""Where the evidence of a failed verification is put, for people and auditors.

One folder a failure, `<UTC time>-<reason>`, with what was compared and `report.txt`.
Files may hold what other parties sent in the open (envelopes, entries, proofs), never
keys and never opened sections.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rogatory.errors import VerificationError

KEPT = "kept"
"""Key of `RogatoryError.metadata`: where the evidence is."""

_MAX_TRIES = 1_000


def keep_evidence(
    folder: Path, error: VerificationError, files: Mapping[str, bytes]
) -> Path:
    """Write the evidence of a failure into a new folder below `folder`.

    Args:
        folder: Where such folders are.
        error: The failure.
        files: Bytes by name; a name may have `/` in it.

    Returns:
        The new folder.

    Raises:
        OSError: It cannot be written.
    """
    target = _new_folder(folder, error.reason)
    report = f"{error.explain()}\n\n{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n"
    add_evidence(target, {**files, "report.txt": report.encode()})
    return target


def add_evidence(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write more files into the folder of a failure; what is there stays.

    Raises:
        OSError: They cannot be written.
    """
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), path.open("xb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())


def _new_folder(folder: Path, reason: str) -> Path:
    now = datetime.now(UTC)
    stem = f"{now:%Y%m%dT%H%M%SZ}-{reason.lower().replace('_', '-')}"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1, _MAX_TRIES):
        path = folder / (stem if number == 1 else f"{stem}-{number}")
        try:
            path.mkdir(mode=0o700)
        except FileExistsError:
            continue
        return path
    raise FileExistsError(f"no free name for {stem}")
