"""The public vectors of transparency-dev/merkle, where they are at hand.

They live beside the repository, in `../shared/vectors/rfc6962`.
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from rogatory.errors import VerificationError
from rogatory.tlog import verify_consistency, verify_inclusion

VECTORS = Path(__file__).parents[4] / "shared" / "vectors" / "rfc6962"
CASES = sorted(VECTORS.glob("*/**/*.json"))


def load(path: Path) -> dict[str, Any]:
    """Return one case, its base64 decoded."""
    case: dict[str, Any] = json.loads(path.read_text())
    for name in ("root", "leafHash", "root1", "root2"):
        if name in case:
            case[name] = base64.b64decode(case[name] or "")
    case["proof"] = [base64.b64decode(value) for value in case["proof"] or []]
    return case


def verify(case: dict[str, Any]) -> None:
    """Verify a case of either kind."""
    if "leafHash" in case:
        index, size = case["leafIdx"], case["treeSize"]
        verify_inclusion(case["leafHash"], index, size, case["proof"], case["root"])
    else:
        sizes, roots = (case["size1"], case["size2"]), (case["root1"], case["root2"])
        verify_consistency(*sizes, case["proof"], *roots)


@pytest.mark.skipif(not CASES, reason=f"no vectors in {VECTORS}")
def test_all_cases_are_here() -> None:
    """There are 98 cases of each kind."""
    kinds = [path.relative_to(VECTORS).parts[0] for path in CASES]
    assert kinds.count("inclusion") == kinds.count("consistency") == 98


@pytest.mark.skipif(not CASES, reason=f"no vectors in {VECTORS}")
@pytest.mark.parametrize(
    "path", CASES, ids=lambda path: str(path.relative_to(VECTORS).with_suffix(""))
)
def test_case(path: Path) -> None:
    """A case is accepted or refused as it says."""
    case = load(path)
    if case["wantErr"]:
        with pytest.raises(VerificationError):
            verify(case)
    else:
        verify(case)
