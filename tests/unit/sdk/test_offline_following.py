"""Following a log: every pair of sizes, and every fork between them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from rogatory.errors import ConfigInvalid, ConsistencyInvalid
from rogatory.following import follow_log_folder
from rogatory.offline import verify_log_folder
from rogatory.tlog import VerifierKey
from tests.support.static_log import StaticLog
from tests.support.witnessed import signers_of

ORIGIN = "log.example/followed"
SIGNERS = signers_of(ORIGIN)[:1]  # one key: there are many checkpoints to sign
KEYS: Sequence[VerifierKey] = [signer.verifier_key for signer in SIGNERS]
LARGEST = 9


def histories(folder: Path) -> dict[tuple[int, int], Path]:
    """Write a log of every size that leaves the first history at every place."""
    found = {}
    for size in range(1, LARGEST + 1):
        for fork in range(size + 1):
            entries = [b"%d %d" % (at, at >= fork) for at in range(size)]
            found[size, fork] = folder / f"{size}-{fork}"
            StaticLog(entries, SIGNERS, ORIGIN).write(found[size, fork])
    return found


def test_what_continues_is_accepted_and_nothing_else(tmp_path: Path) -> None:
    """For all sizes up to 9 and every place where a second history begins."""
    logs = histories(tmp_path)
    state = tmp_path / "seen"
    for old in range(1, LARGEST + 1):
        first = logs[old, old]
        for (size, fork), folder in logs.items():
            state.write_bytes((first / "checkpoint").read_bytes())
            if size >= old and fork >= old:
                followed = follow_log_folder(folder, KEYS, state)
                assert followed.change == ("grown" if size > old else "unchanged")
                assert followed.now.size == size
                continue
            with pytest.raises(ConsistencyInvalid) as caught:
                follow_log_folder(folder, KEYS, state, evidence=tmp_path / "kept")
            word = "rolled back" if size < old else "forked"
            assert word in caught.value.thing
            assert state.read_bytes() == (first / "checkpoint").read_bytes()


def test_somebody_must_be_trusted(tmp_path: Path) -> None:
    """Neither keys nor a policy: nothing can be verified."""
    StaticLog([b"x"], SIGNERS, ORIGIN).write(tmp_path)

    with pytest.raises(ConfigInvalid):
        verify_log_folder(tmp_path, None, any_entries=True)
