"""What a dishonest operator might do to a log, done to copies of its files."""

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

from rogatory.tlog import encode_bundle, entries_path, parse_bundle

_TILE = 256


def tampered_copies(log: Path, folder: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield (name, what was done, copy of the log) for three forgeries."""
    shutil.rmtree(folder, ignore_errors=True)
    bundle = _first_bundle(log)

    copy = _copy(log, folder / "flipped-byte")
    raw = bytearray((copy / bundle).read_bytes())
    raw[len(raw) // 2] ^= 0x01
    (copy / bundle).write_bytes(bytes(raw))
    yield "flipped byte", "one bit of one entry is another", copy

    copy = _copy(log, folder / "dropped-entry")
    width = _width(copy / bundle)
    entries = list(parse_bundle((copy / bundle).read_bytes(), width))
    del entries[len(entries) // 2]
    (copy / bundle).write_bytes(encode_bundle(entries))
    yield "dropped entry", "one entry is gone, the others moved up", copy

    copy = _copy(log, folder / "altered-signature")
    text = (copy / "checkpoint").read_text()
    head, _, line = text.rstrip("\n").rpartition(" ")
    signature = bytearray(base64.b64decode(line))
    signature[-1] ^= 0x01
    altered = f"{head} {base64.b64encode(signature).decode()}\n"
    (copy / "checkpoint").write_text(altered)
    yield "altered signature", "the last signature of the checkpoint is another", copy


def _copy(log: Path, target: Path) -> Path:
    shutil.copytree(log, target)
    return target


def _size(log: Path) -> int:
    return int((log / "checkpoint").read_text().splitlines()[1])


def _first_bundle(log: Path) -> str:
    return entries_path(0, min(_TILE, _size(log)))


def _width(bundle: Path) -> int:
    return int(bundle.name) if bundle.parent.name.endswith(".p") else _TILE
