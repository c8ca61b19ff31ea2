"""The client of an auditor: mirror the log, then verify it offline.

`mirror_log` needs the gateway; everything else here works on files alone and is in
`rogatory.offline`, from where it is imported without grpc.
"""

from collections.abc import Callable
from pathlib import Path

from rogatory.client import Client
from rogatory.mirroring import Mirror
from rogatory.offline import (
    VerifiedFolder,
    VerifiedReceiptFiles,
    load_vkeys,
    verify_log_folder,
    verify_receipt_files,
)
from rogatory.tlog import VerifiedCheckpoint


class Auditor(Client):
    """Somebody who verifies the log."""

    def mirror_log(
        self, folder: Path, progress: Callable[[int, int], None] | None = None
    ) -> VerifiedCheckpoint:
        """Bring a copy of the log up to date, in the static layout (C2SP tlog-tiles).

        Entries are fetched and the tiles computed from them; `checkpoint` is replaced
        last, when their root is the one that was signed. Interrupted, it goes on from
        what is there.

        Args:
            folder: The copy; made if need be.
            progress: Told entries done and entries in all.

        Returns:
            The checkpoint that the copy now has.

        Raises:
            RootMismatch: The entries are not those that were signed.
            ConsistencyInvalid: The log is not what it was.
            Unavailable: The gateway cannot be asked now.
        """
        head = self.checkpoint()
        mirror = Mirror(folder, self.gateway, self._vkeys, self.context.origin)
        with self._keeping({"gateway.checkpoint": head.raw}):
            before = mirror.checkpoint()
            if before is not None:
                self._heads.accept(before)
            mirror.bring_to(head, progress)
        return head


__all__ = [
    "Auditor",
    "VerifiedFolder",
    "VerifiedReceiptFiles",
    "load_vkeys",
    "verify_log_folder",
    "verify_receipt_files",
]
