"""A witness over real HTTP: every status, hostile clients, restarts."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest

from rogatory.errors import AddressInUse
from rogatory.tlog import (
    encode_policy,
    log_policy,
    parse_policy,
    parse_size_body,
    verify_checkpoint,
    verify_policy,
)
from rogatory.witness import (
    Limits,
    WitnessServer,
    add_log,
    init_witness,
    load_log_keys,
    load_witness,
)
from tests.support.witness_server import Client, post, serving
from tests.support.witnessed import ORIGIN, WitnessedLog

LOG = WitnessedLog()
FORK = LOG.forked(3)
HASH = sha256(ORIGIN.encode()).hexdigest()
TEXT = "text/plain; charset=utf-8"
QUICK = Limits(request_s=1.0, connections=8, by_address=4)
POST = b"POST /add-checkpoint HTTP/1.1\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of a witness that watches one log."""
    folder = tmp_path / "witness"
    init_witness(folder, "witness.example/w1")
    add_log(folder, LOG.known)
    return folder


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """Give the port of a witness that serves."""
    with serving(folder, QUICK) as port:
        yield port


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    """Give a client of it."""
    client = Client(port)
    yield client
    client.connection.close()


# --- answers --------------------------------------------------------------------------


def test_a_log_is_cosigned_step_by_step_on_one_connection(
    client: Client, folder: Path
) -> None:
    """Each answer makes the checkpoint good for a policy that asks for the witness."""
    keys = load_log_keys(folder / "witness.vkeys")
    policy = parse_policy(encode_policy(log_policy(LOG.known.keys, keys)))
    old = 0
    for new in (0, 1, 1, 5, 300, 300, 1000):
        body = LOG.request(old, new)
        status, lines, kind = client.post(body)

        assert (status, kind) == (200, TEXT)
        checkpoint = body.partition(b"\n\n")[2]
        assert verify_policy(checkpoint + lines, policy).size == new
        assert client.get(f"/{HASH}/checkpoint")[1] == checkpoint + lines
        old = new


def test_every_refusal_has_its_status(client: Client) -> None:
    """The table of tlog-witness, over the wire."""
    assert client.post(LOG.request(0, 5))[0] == 200

    other = WitnessedLog(origin="other.example")
    refusals = {
        404: other.request(0, 3),
        403: LOG.request(5, 6).replace(b"AAAA", b"AAAB"),
        400: LOG.request(9, 6),
        422: FORK.request(5, 8),
    }
    lines = LOG.request(5, 6).split(b"\n")
    lines[-2] = lines[-2][:-8] + b"AAAA" + lines[-2][-4:]
    refusals[403] = b"\n".join(lines)
    for status, body in refusals.items():
        assert client.post(body)[::2] == (status, TEXT), status
    status, body, kind = client.post(LOG.request(0, 9))
    assert (status, parse_size_body(body), kind) == (409, 5, "text/x.tlog.size")
    assert client.post(b"old 1\n")[0] == 400
    assert client.post(FORK.request(5, 5))[0] == 422
    assert client.post(LOG.request(5, 9))[0] == 200


def test_pages(client: Client, folder: Path) -> None:
    """The vkeys at the root; 404 for what there is not."""
    vkeys = (folder / "witness.vkeys").read_bytes()

    assert client.get("/") == (200, vkeys, TEXT)
    assert client.get(f"/{HASH}/checkpoint")[0] == 404
    assert client.get(f"/{'0' * 64}/checkpoint")[0] == 404
    for path in ("/add-checkpoint", "/..", f"/{HASH.upper()}/checkpoint", "/?x"):
        assert client.get(path)[0] == 404


def test_a_log_is_watched_as_soon_as_it_is_added(client: Client, folder: Path) -> None:
    """Without a restart."""
    other = WitnessedLog(origin="other.example")
    body = other.request(0, 3)
    assert client.post(body)[0] == 404

    add_log(folder, other.known)

    assert client.post(body)[0] == 200


def test_evidence_of_an_equivocating_log_is_kept(client: Client, folder: Path) -> None:
    """Two signed checkpoints as files, which anybody can verify."""
    client.post(LOG.request(0, 5))

    assert client.post(FORK.request(5, 5))[0] == 422

    paths = sorted((folder / "evidence").iterdir())
    held, offered = (
        verify_checkpoint(path.read_bytes(), LOG.known.keys) for path in paths
    )
    assert (held.size, offered.size) == (5, 5)
    assert held.root != offered.root


def test_racing_requests_never_roll_back(port: int) -> None:
    """Of those with one old size one wins; what is cosigned only grows."""
    sizes = [0]
    for _ in range(5):
        old = sizes[-1]
        bodies = [LOG.request(old, old + more) for more in (1, 2, 3, 4)]
        start = threading.Barrier(4)
        found: list[int] = []

        def ask(body: bytes, start: threading.Barrier, found: list[int]) -> None:
            start.wait()
            found.append(post(port, body)[0])

        threads = [
            threading.Thread(target=ask, args=(body, start, found)) for body in bodies
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(found) == [200, 409, 409, 409]
        sizes.append(parse_size_body(post(port, LOG.request(0, 99))[1]))
        assert sizes[-1] > old


def test_a_restart_keeps_the_state(folder: Path) -> None:
    """The new process knows where the old one stood."""
    with serving(folder) as port:
        assert post(port, LOG.request(0, 5))[0] == 200

    with serving(folder) as port:
        assert post(port, FORK.request(0, 5))[0] == 409
        assert post(port, FORK.request(5, 6))[0] == 422
        assert post(port, LOG.request(5, 6))[0] == 200


def test_an_address_in_use_is_said(folder: Path, port: int) -> None:
    """By an error of ours."""
    other = load_witness(folder)
    with pytest.raises(AddressInUse, match=str(port)):
        WitnessServer(("127.0.0.1", port), other)
    other.state.close()


# --- hostile clients ------------------------------------------------------------------


def raw(port: int, *pieces: bytes, source: str = "127.0.0.1") -> bytes:
    """Send bytes; return all that comes until the other side closes."""
    with socket.create_connection(
        ("127.0.0.1", port), timeout=20, source_address=(source, 0)
    ) as connection:
        with suppress(OSError):
            for piece in pieces:
                connection.sendall(piece)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the other side closes."""
    found = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            found += piece
    return found


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (POST + b"\r\n", 411),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", 411),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 411),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 65537\r\n\r\n", 413),
        (POST + b"Content-Length: 1e9\r\n\r\n", 400),
        (POST + b"Content-Length: 99999\r\nExpect: 100-continue\r\n\r\n", 413),
        (b"POST /other HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 404),
        (b"PUT /add-checkpoint HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 501),
        (b"nonsense\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused_and_closed(
    port: int, head: bytes, status: int
) -> None:
    """In plain text, before any body is read."""
    found = raw(port, head)

    if found.startswith(b"HTTP/1.1 "):
        assert found.startswith(b"HTTP/1.1 %d " % status)
        assert b"\r\nContent-Type: text/plain" in found
    else:
        assert status == 400  # a client that speaks no HTTP gets a line of text
    assert b"<" not in found


def test_a_gibibyte_is_not_read(port: int) -> None:
    """Neither announced nor in headers without end; others are served meanwhile."""
    head = POST + b"Content-Length: 1073741824\r\n\r\n"
    piece = bytes(1 << 20)
    began = time.monotonic()
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head)
        with suppress(OSError):
            for _ in range(1024):
                connection.sendall(piece)
                sent += len(piece)
    endless = raw(port, b"GET / HTTP/1.1\r\n", b"X: " + b"a" * (1 << 20))

    assert sent < 64 << 20
    assert time.monotonic() - began < 10
    assert b"200" not in endless[:16]
    assert post(port, LOG.request(0, 5))[0] == 200


@pytest.mark.parametrize("drip", [b"", b"P", b"X-a: b\r\n"])
def test_a_slow_client_is_cut_off(port: int, drip: bytes) -> None:
    """The time is for the whole request, so that a byte now and then buys nothing."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(POST + b"" if drip else b"")
        began = time.monotonic()
        connection.settimeout(0.1)
        ended = False
        while not ended and time.monotonic() - began < 15:
            with suppress(TimeoutError):
                try:
                    if drip:
                        connection.sendall(drip)
                    ended = connection.recv(1) == b""
                except ConnectionError:
                    ended = True

    assert ended
    assert time.monotonic() - began < 5


def test_slow_clients_of_one_address_do_not_hurt_others(port: int) -> None:
    """They have their share of connections; who comes from elsewhere is served."""
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(12)]
    for connection in held:
        with suppress(OSError):
            connection.sendall(
                b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
            )

    began = time.monotonic()
    client = Client(port, source="127.0.0.2")
    status = client.post(LOG.request(0, 5))[0]
    took = time.monotonic() - began

    assert status == 200
    assert took < 0.9, "it waited for the slow ones to be cut off"
    client.connection.close()
    for connection in held:
        connection.close()


def test_connections_are_counted_back(port: int) -> None:
    """Whoever goes makes room: many short connections, one after the other."""
    for _ in range(30):
        client = Client(port)
        assert client.get("/")[0] == 200
        client.connection.close()
