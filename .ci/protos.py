"""Generate ``clients/rogatory/v1`` from ``protos``; run it with the pinned generator.

``protos.py`` writes the files. ``protos.py --check`` writes nothing and fails if
what is there is not exactly what would be written. A generated file whose proto is
gone is removed (or reported); ``__init__.py`` is ours and stays.
"""

from __future__ import annotations

import argparse
import importlib.resources
import shutil
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
PACKAGE = Path("rogatory/v1")
TARGET = ROOT / "clients" / PACKAGE


def main() -> int:
    """Write or compare; say what changed or differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    check: bool = parser.parse_args().check

    wanted = generate()
    present = {
        path.name: path.read_bytes()
        for path in TARGET.glob("*_pb2*.py*")
        if path.is_file() and path.suffix in {".py", ".pyi"}
    }
    different = sorted(
        name
        for name in wanted.keys() | present.keys()
        if wanted.get(name) != present.get(name)
    )
    if check:
        return _report(different)
    for name in different:
        if name in wanted:
            TARGET.mkdir(parents=True, exist_ok=True)
            (TARGET / name).write_bytes(wanted[name])
        else:
            (TARGET / name).unlink()
    print(f"{len(wanted)} generated files, {len(different)} changed")
    return 0


def generate() -> dict[str, bytes]:
    """Run the generator over every proto, and return its files by name."""
    sources = sorted(
        str(path.relative_to(PROTOS)) for path in (PROTOS / PACKAGE).glob("*.proto")
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = [
            "protoc",
            f"--proto_path={PROTOS}",
            # google/protobuf/*.proto, as shipped with the generator.
            f"--proto_path={importlib.resources.files('grpc_tools') / '_proto'}",
            *_plugins("protoc-gen-mypy", "protoc-gen-mypy_grpc"),
            f"--python_out={folder}",
            f"--grpc_python_out={folder}",
            f"--mypy_out=quiet:{folder}",
            f"--mypy_grpc_out=quiet:{folder}",
            f"--descriptor_set_out={folder}/descriptors",
            *sources,
        ]
        if protoc.main(arguments) != 0:
            sys.exit("protos: the generator refused the protos, see above")
        descriptors = FileDescriptorSet.FromString(
            Path(folder, "descriptors").read_bytes()
        )
        # The plugins write an empty module for each proto without a service.
        empty = {
            f"{Path(file.name).stem}_pb2_grpc"
            for file in descriptors.file
            if not file.service
        }
        return {
            path.name: path.read_bytes()
            for path in Path(folder, PACKAGE).iterdir()
            if path.stem not in empty
        }


def _plugins(*names: str) -> list[str]:
    """Name the plugins by path, so that none from the reader's PATH is taken."""
    beside = Path(sys.executable).parent
    found = {name: shutil.which(name, path=beside) for name in names}
    return [f"--plugin={name}={path}" for name, path in found.items()]


def _report(different: list[str]) -> int:
    if not different:
        print("the generated code is what the protos give")
        return 0
    print("protos: not what `make protos` gives:", file=sys.stderr)
    for name in different:
        print(f"  {(TARGET / name).relative_to(ROOT)}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
