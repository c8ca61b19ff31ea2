"""A second platform, which has no part in what the others do."""

import os
from datetime import datetime

from rogatory.sealing import EncryptionPrivateKey
from rogatory.v1 import directory_pb2, message_pb2
from rogatory_gateway.dev.parties import ExampleParty, ExampleSigner
from rogatory_gateway.dev.pki import ExampleCa

VIDEO = "example-video"


def second_platform(now: datetime) -> ExampleParty:
    """Make it with new keys."""
    record = directory_pb2.PartyRecord(
        party=VIDEO,
        kind=directory_pb2.PARTY_KIND_PLATFORM,
        country="XX",
        display_name="Example video (made up)",
        status=directory_pb2.RECORD_STATUS_ACTIVE,
    )
    return ExampleParty(
        record,
        "",
        (ExampleSigner("counsel-1", (message_pb2.CAPACITY_COUNSEL,)),),
        ExampleCa.make(VIDEO, now),
        EncryptionPrivateKey.from_seed(os.urandom(32)),
    )
