"""A log without servers: store, journal and admission, as the gateway wires them."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rogatory.tlog import VerifiedLog, verify_log
from rogatory_gateway.admission import Admission, Peer, Registry
from rogatory_gateway.admission.admission import Repeated
from rogatory_gateway.config import GatewayConfig
from rogatory_gateway.dev.parties import SYSTEM
from rogatory_gateway.dev.workspace import ORIGIN, TRUST_DOMAIN
from rogatory_gateway.journal import (
    Journal,
    Logged,
    Receipts,
    Submission,
    load_log_keys,
)
from rogatory_gateway.publish import Exporter
from rogatory_gateway.setup import init_log
from rogatory_gateway.store import Store, open_store
from tests.support.messages import Office, Signed


def log_config(folder: Path) -> GatewayConfig:
    """Return a configuration of which only the log's places are used."""
    nowhere = folder / "unused"
    return GatewayConfig(
        origin=ORIGIN,
        trust_domain=TRUST_DOMAIN,
        address="localhost:0",
        stream_address="localhost:0",
        tls_certificate=nowhere,
        tls_key=nowhere,
        log_keys=folder / "keys",
        database=folder / "store.db",
        blobs=folder / "blobs",
    )


class LogRoom:
    """A fresh log of made-up parties; `open` and `close` as often as needed."""

    def __init__(
        self,
        office: Office,
        folder: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.office = office
        self.folder = folder
        self.clock = clock
        self.config = log_config(folder)
        init_log(self.config, *office.statements, clock=clock, dev=True)
        self.keys = load_log_keys(self.config.log_keys, ORIGIN)
        self.open()

    def open(self) -> None:
        """Open the store as a starting gateway does."""
        self.store: Store = open_store(self.config.database, dev=True)
        try:
            self.journal = Journal(self.store, self.keys, self.clock)
        except BaseException:
            self.store.close()
            raise
        self.registry = Registry(self.store.read, ORIGIN)
        self.admission = Admission(self.store.read, self.registry, ORIGIN)
        self.receipts = Receipts(self.store.read)

    def close(self) -> None:
        self.store.close()

    def size(self) -> int:
        head = self.store.read.head()
        assert head is not None
        return head.size

    def admit(self, signed: Signed) -> Submission:
        """Admit a message that is in order, and was not logged before."""
        admitted = self.admission.admit(
            signed.envelope, signed.sealed, self.peer(signed), self.clock()
        )
        assert not isinstance(admitted, Repeated)
        return admitted

    def log(self, signed: Signed) -> Logged:
        """Admit and append a message."""
        result = self.journal.append(self.admit(signed))
        assert isinstance(result, tuple)
        return result[0]

    def peer(self, signed: Signed) -> Peer:
        """Return the sender's system."""
        sender = signed.message.header.sender
        record = self.registry.current.directory.party(sender)
        assert record is not None
        return Peer(sender, SYSTEM, record.kind)

    def verify(self) -> VerifiedLog:
        """Export the log anew and verify every byte of it."""
        self.exports = getattr(self, "exports", 0) + 1
        folder = self.folder / f"export-{self.exports}"
        Exporter(self.store.read, folder).export()
        return verify_log(
            lambda path: (folder / path).read_bytes(), self.keys.verifier_keys
        )
