"""A stranger in Go reads our logs: `go/`, on Go's standard library alone.

Another language, another Ed25519, another ML-DSA-44, another reading of RFC 6962. The
toolchain comes from requirements/strangers.lock; nothing is fetched when it builds.
"""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from rogatory.tlog import (
    AddCheckpoint,
    Checkpoint,
    Edge,
    TlogProof,
    VerifierKey,
    all_tiles,
    consistency_path,
    encode_add_checkpoint,
    encode_bundle,
    encode_proof,
    entries_path,
    inclusion_path,
    leaf_hash,
    root_of,
    sign_checkpoint,
    tile_path,
    verify_log,
)
from tests.support.witnessed import NOW, ORIGIN, signers_of

ROOT = Path(__file__).parents[2]
DEMO = ROOT / ".demo"
GO = ROOT / ".venv-strangers" / "bin" / "go"
SOURCE = Path(__file__).parent / "go"

Stranger = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.conformance


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Stranger:
    """Build the program, offline and outside the source tree; give a way to run it."""
    if not GO.exists():
        pytest.fail(f"there is no {GO}: run `make conformance`")
    scratch = tmp_path_factory.mktemp("go")
    program = scratch / "stranger"
    environment = {
        "PATH": os.defpath,
        "HOME": str(scratch),
        "GOCACHE": str(scratch / "cache"),
        "GOPATH": str(scratch / "path"),
        "GOENV": "off",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
    }
    built = subprocess.run(
        [GO, "build", "-trimpath", "-buildvcs=false", "-o", program, "."],
        cwd=SOURCE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    # 50 MB of compiled standard library, which pytest would keep for three runs.
    shutil.rmtree(scratch / "cache")

    def run(*arguments: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *arguments], capture_output=True, text=True, check=False
        )

    return run


def keys_of(vkeys: Path) -> list[VerifierKey]:
    """Read a log's two keys."""
    return [VerifierKey.parse(vkey) for vkey in vkeys.read_text().split()]


def expected(arguments: list[Path]) -> object:
    """Return what our own verifier finds, in the stranger's form."""
    log, vkeys, *proofs = arguments
    found = verify_log(lambda path: (log / path).read_bytes(), keys_of(vkeys))
    head = found.checkpoint
    return {
        "origin": head.origin,
        "size": head.size,
        "root": base64.b64encode(head.root).decode(),
        "ed25519": True,
        "mldsa44": True,
        "entries": found.entries,
        "tiles": len(list(all_tiles(head.size))),
        "proofs": sum(path.suffix == ".tlog-proof" for path in proofs),
        "consistency": sum(path.suffix == ".add-checkpoint" for path in proofs),
    }


# --- the log of the demo --------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a copy of the demo's log, keys and receipts."""
    if not (DEMO / "log" / "checkpoint").exists():
        pytest.fail("there is no .demo/log: run `make demo` first")
    for name in ("log", "receipts"):
        shutil.copytree(DEMO / name, tmp_path / name)
    shutil.copy(DEMO / "log.vkeys", tmp_path)
    return tmp_path


def files(copy: Path) -> list[Path]:
    """Return the arguments with which the stranger verifies everything."""
    receipts = sorted((copy / "receipts").glob("*.tlog-proof"))
    assert receipts
    return [copy / "log", copy / "log.vkeys", *receipts]


def test_go_reads_the_log_of_the_demo_as_we_do(stranger: Stranger, copy: Path) -> None:
    """Both signatures, every entry, every tile, every receipt."""
    arguments = files(copy)

    done = stranger(*arguments)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected(arguments)


def flip(path: Path, at: int) -> None:
    """Change one bit of one byte."""
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


def change_entry(copy: Path) -> None:
    """Change the last byte of the last entry."""
    flip(max((copy / "log" / "tile" / "entries").rglob("*.p/*")), -1)


def change_tile(copy: Path) -> None:
    """Change the last hash of the last tile of level 0."""
    flip(max((copy / "log" / "tile" / "0").rglob("*.p/*")), -1)


def change_line(copy: Path, number: int, change: Callable[[str], str]) -> None:
    """Change one line of the checkpoint."""
    path = copy / "log" / "checkpoint"
    lines = path.read_text().split("\n")
    lines[number] = change(lines[number])
    path.write_text("\n".join(lines))


def change_size(copy: Path) -> None:
    """Claim one entry more."""
    change_line(copy, 1, lambda size: str(int(size) + 1))


def change_blob(line: str) -> str:
    """Change a bit in the middle of a signature."""
    head, _, text = line.rpartition(" ")
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return f"{head} {base64.b64encode(raw).decode()}"


def change_ed25519(copy: Path) -> None:
    """Alter the first signature."""
    change_line(copy, 4, change_blob)


def change_mldsa44(copy: Path) -> None:
    """Alter the second signature."""
    change_line(copy, 5, change_blob)


def drop_mldsa44(copy: Path) -> None:
    """Take the second signature away."""
    path = copy / "log" / "checkpoint"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:5]))


def change_receipt(copy: Path) -> None:
    """Let a receipt stand beside another entry."""
    flip(min((copy / "receipts").glob("*.entry")), -1)


@pytest.mark.parametrize(
    ("tamper", "reason"),
    [
        (change_entry, "do not hash to the signed root"),
        (change_tile, "has other hashes than the entries"),
        (change_size, "Ed25519 does not verify"),
        (change_ed25519, "Ed25519 does not verify"),
        (change_mldsa44, "invalid signature"),
        (drop_mldsa44, "no signature of key"),
        (change_receipt, "the entry is not at index"),
    ],
)
def test_go_refuses_a_changed_copy(
    stranger: Stranger, copy: Path, tamper: Callable[[Path], None], reason: str
) -> None:
    """So its yes means something; and each time for its own reason."""
    tamper(copy)

    done = stranger(*files(copy))

    assert (done.returncode, done.stdout) == (1, "")
    assert reason in done.stderr


# --- a log with three levels of tiles -------------------------------------------------

SIZE = 256 * 256 + 300
STEPS = [
    *((old, new) for new in range(1, 13) for old in range(new + 1)),
    (7, 300),
    (256, 257),
    (300, 65_536),
    (65_536, SIZE),
    (65_535, SIZE),
    (SIZE, SIZE),
]


class LargeLog:
    """A log whose tiles have three levels, with partial ones on each."""

    def __init__(self) -> None:
        """Grow it at once."""
        self.signers = signers_of(ORIGIN)
        self.entries = [b"entry %d" % number for number in range(SIZE)]
        growth = Edge.empty().extend([leaf_hash(entry) for entry in self.entries])
        self.tiles = {(tile.level, tile.index): tile.hashes for tile in growth.tiles}

    def read(self, level: int, index: int, width: int, /) -> bytes:
        """Return the first hashes of a tile."""
        return self.tiles[level, index][: 32 * width]

    def checkpoint(self, size: int) -> bytes:
        """Return the signed checkpoint of a size."""
        head = Checkpoint(ORIGIN, size, root_of(self.read, size))
        return sign_checkpoint(head, self.signers, NOW)

    def write(self, folder: Path) -> list[Path]:
        """Write log, keys and proofs; return the stranger's arguments."""
        log, vkeys = folder / "log", folder / "log.vkeys"
        served = {"checkpoint": self.checkpoint(SIZE)}
        for level, index, width in all_tiles(SIZE):
            served[tile_path(level, index, width)] = self.tiles[level, index]
            if level == 0:
                entries = self.entries[256 * index :][:width]
                served[entries_path(index, width)] = encode_bundle(entries)
        for path, raw in served.items():
            (log / path).parent.mkdir(parents=True, exist_ok=True)
            (log / path).write_bytes(raw)
        keys = [signer.verifier_key.encode() for signer in self.signers]
        vkeys.write_text("\n".join(keys) + "\n")
        return [log, vkeys, *self._proofs(folder)]

    def _proofs(self, folder: Path) -> list[Path]:
        written = []
        for old, new in STEPS:
            index = max(old - 1, 0)
            proof = folder / f"{old}-{new}.tlog-proof"
            path = tuple(inclusion_path(self.read, index, new))
            raw = encode_proof(TlogProof(index, path, self.checkpoint(new), b"x"))
            proof.write_bytes(raw)
            proof.with_suffix(".entry").write_bytes(self.entries[index])
            request = folder / f"{old}-{new}.add-checkpoint"
            path = tuple(consistency_path(self.read, old, new)) if old else ()
            raw = encode_add_checkpoint(AddCheckpoint(old, path, self.checkpoint(new)))
            request.write_bytes(raw)
            written += [proof, request]
        return written


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Give the stranger's arguments for the large log."""
    return LargeLog().write(tmp_path_factory.mktemp("large"))


def test_go_reads_a_large_log_as_we_do(stranger: Stranger, large: list[Path]) -> None:
    """Three levels of tiles, inclusion proofs, and consistency between sizes."""
    done = stranger(*large)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected(large)


def test_go_refuses_every_changed_proof_hash(
    stranger: Stranger, large: list[Path], tmp_path: Path
) -> None:
    """Each hash of an inclusion proof and of a consistency proof counts."""
    log, vkeys, *proofs = large
    for path in [each for each in proofs if each.stem == f"65535-{SIZE}"]:
        changed = tmp_path / path.name
        changed.with_suffix(".entry").write_bytes(
            path.with_suffix(".entry").read_bytes()
        )
        top, _, note = path.read_text().partition("\n\n")
        lines = top.split("\n")
        hashes = [at for at, line in enumerate(lines) if len(line) == 44]
        assert len(hashes) > 10
        for at in hashes:
            other = [*lines]
            other[at] = base64.b64encode(bytes(32)).decode()
            changed.write_text("\n".join(other) + "\n\n" + note)

            done = stranger(log, vkeys, changed)

            assert (done.returncode, done.stdout) == (1, "")
            assert path.name in done.stderr
