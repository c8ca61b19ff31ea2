"""A stranger's witness and its client: `aics-witness`, another implementation.

Their witness cosigns our checkpoints, and our witness answers their client; each side
verifies what the other signed. They run in an environment of their own, which `make
conformance` makes from requirements/strangers.lock.
"""

import base64
import json
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path

import pytest

from rogatory.tlog import (
    VerifierKey,
    log_policy,
    parse_cosignatures,
    parse_note,
    parse_size_body,
    verify_policy,
)
from rogatory.witness import WitnessServer, add_log, init_witness, load_witness
from tests.support.witnessed import ORIGIN, WitnessedLog

STRANGERS = Path(__file__).parents[2] / ".venv-strangers" / "bin"
LOG = WitnessedLog()
FORK = LOG.forked(3)
NAME = "witness.example/stranger"

pytestmark = pytest.mark.conformance

CLIENT = """
import base64, json, sys
from aics_witness.feeder import FeederError, WitnessClient
asked = json.load(sys.stdin)
answers = []
with WitnessClient(asked["url"], asked["vkey"], max_attempts=1) as client:
    for step in asked["steps"]:
        def proof(old, new):
            return [base64.b64decode(each) for each in step["proofs"][str(old)]]
        try:
            answers.append(["cosigned", client.submit(step["note"], proof)])
        except FeederError as error:
            status = getattr(error, "status", None)
            answers.append([type(error).__name__, status])
json.dump(answers, sys.stdout)
"""


def stranger(program: str) -> str:
    """Return the path of a program of theirs."""
    path = STRANGERS / program
    if not path.exists():
        pytest.fail(f"there is no {path}: run `make conformance`")
    return str(path)


def call(*words: str, stdin: str | None = None) -> str:
    """Run a program of theirs; return its stdout."""
    command = [stranger(words[0]), *words[1:]]
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- their witness, our log -----------------------------------------------------------


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[tuple[int, VerifierKey]]:
    """Give the port and the key of their witness, which watches our log."""
    config = ["--config", str(tmp_path / "witness.json")]
    vkey = call(
        "aics-witness", "init", *config, "--name", NAME, "--listen", "127.0.0.1:0"
    )
    ours = LOG.known.keys[0].encode()
    call("aics-witness", "add-log", *config, "--origin", ORIGIN, "--vkey", ours)
    process = subprocess.Popen(
        [stranger("aics-witness"), "serve", *config], stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    found = None
    while found is None:
        line = process.stderr.readline()
        assert line, "it ended"
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
    yield int(found[1]), VerifierKey.parse(vkey.strip())
    process.terminate()
    process.communicate(timeout=20)


def ask(port: int, body: bytes) -> tuple[int, bytes, str | None]:
    """Send an add-checkpoint request of ours."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("POST", "/add-checkpoint", body)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Content-Type")


def test_their_witness_cosigns_our_checkpoints(theirs: tuple[int, VerifierKey]) -> None:
    """Step by step; each answer makes our policy's quorum."""
    port, key = theirs
    policy = log_policy(LOG.known.keys, [key])
    old = 0
    for new in (1, 2, 2, 7, 300, 1025):
        body = LOG.request(old, new)

        status, lines, _ = ask(port, body)

        assert status == 200
        assert [each.name for each in parse_cosignatures(lines)] == [NAME]
        checkpoint = body.partition(b"\n\n")[2] + lines
        assert verify_policy(checkpoint, policy).size == new
        old = new


def test_their_witness_refuses_as_ours_does(
    theirs: tuple[int, VerifierKey], ours: tuple[int, Path]
) -> None:
    """The same requests, the same statuses, bodies of sizes and content types."""
    cases = [
        LOG.request(0, 5),
        LOG.request(0, 5),
        LOG.request(4, 6),
        LOG.request(9, 6),
        FORK.request(5, 5),
        FORK.request(5, 9),
        FORK.request(0, 5),
        WitnessedLog(origin="other.example").request(0, 5),
        LOG.request(5, 6).replace(b"\n6\n", b"\n7\n"),
        b"old 5\n",
        LOG.request(5, 6).replace(b"old 5\n", b"old 05\n"),
        LOG.request(5, 6),
    ]
    for body in cases:
        their = ask(theirs[0], body)
        our = ask(ours[0], body)

        assert their[0] == our[0], body
        if our[0] == 409:
            assert parse_size_body(their[1]) == parse_size_body(our[1])
            assert their[2] == our[2] == "text/x.tlog.size"


def test_their_monitoring_endpoint_is_ours(theirs: tuple[int, VerifierKey]) -> None:
    """The same path, and a note that our verifier accepts."""
    port, key = theirs
    ask(port, LOG.request(0, 5, LOG.signers[0]))
    path = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"

    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", path)
        raw = connection.getresponse().read()

    assert verify_policy(raw, log_policy(LOG.known.keys[:1], [key])).size == 5


# --- our witness, their client --------------------------------------------------------


@pytest.fixture
def ours(tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """Give the port and the folder of our witness."""
    folder = tmp_path / "ours"
    init_witness(folder, "witness.example/ours")
    add_log(folder, LOG.known)
    server = WitnessServer(("127.0.0.1", 0), load_witness(folder))
    thread = threading.Thread(target=lambda: server.serve_forever(0.01))
    thread.start()
    yield server.server_port, folder
    server.shutdown()
    server.server_close()
    thread.join()
    server.witness.state.close()


def step(log: WitnessedLog, new: int) -> dict[str, object]:
    """Return a checkpoint with its proofs from every smaller size."""
    proofs = {
        old: [base64.b64encode(each).decode() for each in log.proof(old, new)]
        for old in range(new + 1)
    }
    return {"note": log.checkpoint(new).decode(), "proofs": proofs}


def submit(ours: tuple[int, Path], *steps: dict[str, object]) -> list[list[object]]:
    """Let their client submit checkpoints; return what came of each."""
    port, folder = ours
    vkey = (folder / "witness.vkeys").read_text().split()[0]
    asked = {"url": f"http://127.0.0.1:{port}", "vkey": vkey, "steps": steps}
    found: list[list[object]] = json.loads(
        call("python", "-c", CLIENT, stdin=json.dumps(asked))
    )
    return found


def test_their_client_accepts_our_cosignatures(ours: tuple[int, Path]) -> None:
    """It verifies them itself; our second one, ML-DSA-44, it ignores."""
    found = submit(ours, step(LOG, 3), step(LOG, 3), step(LOG, 20))

    assert [word for word, _ in found] == ["cosigned"] * 3
    with closing(load_witness(ours[1]).state) as state:
        stored = state.stored(ORIGIN)
    assert stored is not None
    assert stored.size == 20
    assert len(parse_note(stored.note).signatures) == 4


def test_their_client_learns_our_size(ours: tuple[int, Path]) -> None:
    """A new client begins with 0, is told 409, and proves from there."""
    submit(ours, step(LOG, 7))

    assert [word for word, _ in submit(ours, step(LOG, 12))] == ["cosigned"]


def test_their_client_is_told_of_a_fork(ours: tuple[int, Path]) -> None:
    """422, which it takes for the end; and the evidence is with us."""
    submit(ours, step(LOG, 7))

    found = submit(ours, step(FORK, 7), step(FORK, 9))

    assert found == [["WitnessRejected", 422], ["WitnessRejected", 422]]
    with closing(load_witness(ours[1]).state) as state:
        kinds = [each.kind for each in state.evidence()]
    assert kinds == ["fork", "unproven"]


def test_their_client_is_told_that_our_log_went_back(ours: tuple[int, Path]) -> None:
    """A smaller tree than was cosigned is an alarm on their side."""
    submit(ours, step(LOG, 7))

    assert submit(ours, step(LOG, 5)) == [["WitnessAhead", None]]
