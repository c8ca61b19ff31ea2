"""The clients with the real gateway over real mutual TLS."""

import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from rogatory.auditor import Auditor, verify_log_folder
from rogatory.authority import Authority
from rogatory.client import Client
from rogatory.context import Context, load_context
from rogatory.errors import ConsistencyInvalid, IdentityError, NotPermitted
from rogatory.platform import Platform
from rogatory.v1 import removal_pb2
from rogatory_gateway.app import GatewayApp
from rogatory_gateway.config import GatewayConfig
from rogatory_gateway.dev.workspace import free_ports, make_workspace
from tests.support.logs import captured_logs
from tests.support.story import (
    REQUEST,
    VALIDATOR,
    item_rows,
    result_rows,
    target_rows,
)

MESSENGER = "example-messenger"


class Site:
    """A workspace and its gateway, which can be restarted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (port,) = free_ports(1)
        self.config: GatewayConfig = make_workspace(folder, port=port)
        self.app: GatewayApp | None = None

    def start(self) -> None:
        self.app = GatewayApp(self.config, dev=True)
        self.app.start()

    def stop(self) -> None:
        if self.app is not None:
            self.app.stop()
            self.app = None

    def context(self, name: str) -> Context:
        environ = {"ROGATORY_CONTEXTS": str(self.folder / "contexts")}
        return load_context(name, environ=environ, cwd=self.folder)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Give a running gateway."""
    with captured_logs():
        site = Site(tmp_path / "site")
        site.start()
        yield site
        site.stop()


def ask(client: Authority, count: int = 1) -> str:
    """Ask for the removal of items; return the exchange."""
    sent = client.request_removal(
        MESSENGER,
        item_rows(count),
        profile="KR.CORRECTION",
        instrument=REQUEST,
        reasons=removal_pb2.Reasons(text="illegal"),
    )
    return sent.exchange_id


def test_a_removal_is_asked_answered_mirrored_and_verified(
    site: Site, tmp_path: Path
) -> None:
    """The main job, from the table to the auditor."""
    with (
        Authority(site.context("regulator")) as regulator,
        Platform(site.context("messenger")) as messenger,
        Auditor(site.context("auditor")) as auditor,
    ):
        exchange = ask(regulator, 123)
        assert [received.kind for received in messenger.inbox()] == ["removal_request"]
        outcomes = {f"i{n}": "removed" for n in range(1, 124)}
        messenger.report_removal(exchange, result_rows(outcomes))
        assert regulator.exchange(exchange).state_name == "answered"
        auditor.mirror_log(tmp_path / "copy")

    verified = verify_log_folder(tmp_path / "copy", site.folder / "log.vkeys")
    assert verified.entries == 5


def test_a_file_travels_while_the_gateway_is_restarted(
    site: Site, tmp_path: Path
) -> None:
    """Nothing is lost, and the watcher hears of everything once."""
    source = tmp_path / "data.bin"
    source.write_bytes(os.urandom(3_000_000))
    heard: list[str] = []
    with (
        Authority(site.context("police")) as police,
        Authority(site.context("prosecutor")) as prosecutor,
        Platform(site.context("messenger")) as messenger,
    ):
        draft = police.draft_disclosure(
            MESSENGER,
            target_rows(1),
            profile="XX.SUBSCRIBER",
            reasons=removal_pb2.Reasons(text="a crime"),
            cosigners=[VALIDATOR],
        )
        exchange = police.submit(prosecutor.sign(police.sign(draft))).exchange_id
        watcher = threading.Thread(
            target=lambda: messenger.watch(
                lambda received: heard.append(received.kind), stop_after=2
            )
        )
        watcher.start()
        messenger.disclose(exchange, {"t1": [source]})
        site.stop()
        site.start()

        (path,) = police.receive_files(exchange, tmp_path / "out")
        watcher.join(30)

        assert path.read_bytes() == source.read_bytes()
        assert heard == ["disclosure_request", "delivery_receipt"]
        assert messenger.exchange(exchange).state_name == "delivered_confirmed"


def test_processes_of_one_party_share_what_they_have_seen(site: Site) -> None:
    """Many at once, one memory: every checkpoint is proved against the newest."""
    clients = [Authority(site.context("regulator")) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(ask, client) for client in clients * 5]
        exchanges = {each.result(120) for each in done}
    numbers = [
        received.number
        for exchange in exchanges
        for received in clients[0].exchange(exchange).messages
    ]

    assert sorted(numbers) == list(range(1, 21))
    for client in clients:
        client.close()


def test_another_party_cannot_speak_for_us(site: Site) -> None:
    """The certificate says who calls; the signature who speaks."""
    own = site.context("regulator")
    police = site.context("police")
    stolen = replace(own, certificate=police.certificate, key=police.key)
    auditor = site.context("auditor")

    with Authority(stolen) as client, pytest.raises((NotPermitted, IdentityError)):
        ask(client)
    with Client(auditor) as client, pytest.raises(NotPermitted):
        client.gateway.submit(b"", [])


def test_a_gateway_with_another_log_is_found_out(site: Site, tmp_path: Path) -> None:
    """The same keys and a log that began anew: a restored backup, or a fork."""
    with Authority(site.context("regulator")) as regulator:
        backup = site.config.database.read_bytes()
        ask(regulator)
        site.stop()
        for path in site.config.database.parent.glob(f"{site.config.database.name}-*"):
            path.unlink()
        site.config.database.write_bytes(backup)
        # Its own export would stop the gateway from starting so.
        assert site.config.publish is not None
        shutil.rmtree(site.config.publish)
        site.start()
        with pytest.raises(ConsistencyInvalid):
            regulator.checkpoint()
