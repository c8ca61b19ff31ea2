"""A gateway as a process of its own, which a test can kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.support.world import World

_START_S = 30.0
_READY = b"Next, in another terminal"


class GatewayProcess:
    """Runs a world's gateway with `serve --dev`, again and again on the same ports."""

    def __init__(self, world: World) -> None:
        self._folder = world.folder
        self._process: subprocess.Popen[bytes] | None = None
        _write_config(world)

    def start(self) -> None:
        """Start and wait until it serves."""
        command = [sys.executable, "-m", "rogatory_gateway", "serve", "--dev"]
        screen = self._folder / "screen"
        with screen.open("wb") as out, (self._folder / "stderr").open("ab") as err:
            self._process = subprocess.Popen(
                [*command, "--folder", str(self._folder)],
                stdout=out,
                stderr=err,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        give_up = time.monotonic() + _START_S
        while _READY not in screen.read_bytes():
            alive = self._process.poll() is None
            assert alive, (self._folder / "stderr").read_text()[-3000:]
            assert time.monotonic() < give_up, "the gateway did not start in time"
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill it as a power cut would, without any clean-up of its own."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """Stop it in good order, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(_START_S)


def _write_config(world: World) -> None:
    config = world.config

    def relative(path: Path) -> str:
        return str(path.relative_to(world.folder))

    assert config.publish is not None
    text = f"""\
format = "rogatory-gateway/v1"
origin = "{config.origin}"
trust_domain = "{config.trust_domain}"
address = "{config.address}"
stream_address = "{config.stream_address}"
[tls]
certificate = "{relative(config.tls_certificate)}"
key = "{relative(config.tls_key)}"
[log]
keys = "{relative(config.log_keys)}"
[store]
database = "{relative(config.database)}"
blobs = "{relative(config.blobs)}"
[publish]
folder = "{relative(config.publish)}"
"""
    (world.folder / "gateway.toml").write_text(text)
