"""A witness: cosigns the checkpoints of logs, each only if it continues the last one.

For any C2SP log, by anybody: C2SP tlog-witness with its monitoring endpoint, Ed25519
and ML-DSA-44 cosignatures in one answer. A client that asks for the signatures of a few
witnesses cannot be shown a history of its own by the log alone.

`decide` is the rule; `WitnessState` keeps it true over crashes and races; `Witness`
joins them with keys; `WitnessServer` is the network. A folder holds all of one witness.
"""

from rogatory.witness._deciding import (
    Cosign,
    KnownLog,
    Offer,
    Refuse,
    Stored,
    decide,
    verify_offer,
)
from rogatory.witness._folder import (
    add_log,
    init_witness,
    load_log_keys,
    load_witness,
    save_evidence,
)
from rogatory.witness._serving import Limits, WitnessServer
from rogatory.witness._state import Evidence, WitnessState
from rogatory.witness._witness import Answer, Witness

__all__ = [
    "Answer",
    "Cosign",
    "Evidence",
    "KnownLog",
    "Limits",
    "Offer",
    "Refuse",
    "Stored",
    "Witness",
    "WitnessServer",
    "WitnessState",
    "add_log",
    "decide",
    "init_witness",
    "load_log_keys",
    "load_witness",
    "save_evidence",
    "verify_offer",
]
