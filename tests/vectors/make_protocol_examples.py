"""Make the worked examples of docs/protocol.md: `tests/vectors/protocol/`.

    python -m tests.vectors.make_protocol_examples [FOLDER]

Unlike its neighbours this script uses the code of Rogatory: it writes down what that
does. `test_protocol_vectors.py` reads the files back without it, step by step as
docs/protocol.md tells a stranger to.

Two things are random by nature, HPKE's encapsulation and ML-DSA signatures; what is
already in the folder is kept while it still holds, so that the files stay as they are.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.vectors.examples.common import Json
from tests.vectors.examples.envelopes import make_envelopes
from tests.vectors.examples.keys import make_keys, make_pae, make_signatures
from tests.vectors.examples.log import make_log
from tests.vectors.examples.messages import (
    make_messages,
    make_section,
    request_message,
)
from tests.vectors.examples.payloads import make_payloads
from tests.vectors.examples.statements import make_statements


def make(folder: Path) -> dict[str, Json]:
    """Return the content of every file.

    Args:
        folder: Where earlier ones may be.
    """
    kept = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    statements = make_statements()
    section, commitment = make_section(kept.get("section"))
    messages = make_messages(commitment)
    return {
        "keys": make_keys(),
        "pae": make_pae(),
        "signatures": make_signatures(kept.get("signatures")),
        "envelopes": make_envelopes(),
        "statements": statements,
        "section": section,
        "messages": messages,
        "payloads": make_payloads(request_message(commitment)),
        "log": make_log(statements, section, messages, kept.get("log")),
    }


def encode(content: Json) -> str:
    """Return the text of one file."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def write(folder: Path, files: Mapping[str, Json]) -> None:
    """Write the files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.json").write_text(encode(content), encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Write all files, and say where."""
    here = Path(__file__).parent / "protocol"
    folder = Path(arguments[0]) if arguments else here
    files = make(folder)
    write(folder, files)
    print(f"{len(files)} files in {folder}")


if __name__ == "__main__":
    main(sys.argv[1:])
