"""A witness that serves on a port of this machine, and a client of it."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rogatory.witness import (
    Limits,
    WitnessServer,
    load_witness,
    save_evidence,
)


class Client:
    """Speaks to a witness over one connection."""

    def __init__(self, port: int, source: str = "127.0.0.1") -> None:
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=20, source_address=(source, 0)
        )

    def post(
        self, body: bytes, path: str = "/add-checkpoint"
    ) -> tuple[int, bytes, str | None]:
        """Ask for cosignatures."""
        self.connection.request("POST", path, body)
        return self._answer()

    def get(self, path: str) -> tuple[int, bytes, str | None]:
        """Read a page."""
        self.connection.request("GET", path)
        return self._answer()

    def _answer(self) -> tuple[int, bytes, str | None]:
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Content-Type")


def post(port: int, body: bytes) -> tuple[int, bytes, str | None]:
    """Ask on a connection of its own."""
    client = Client(port)
    try:
        return client.post(body)
    finally:
        client.connection.close()


@contextmanager
def serving(folder: Path, limits: Limits | None = None) -> Iterator[int]:
    """Serve a folder's witness; give its port."""
    witness = load_witness(folder)
    witness.on_evidence = lambda: print(save_evidence(folder, witness.state))
    server = WitnessServer(("127.0.0.1", 0), witness, limits)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01))
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        witness.state.close()
