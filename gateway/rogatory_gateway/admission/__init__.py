"""Admission: what a message must pass before it is logged.

Transport identity → limits → form → signatures → directory → rules → lifecycle.
"""

from rogatory_gateway.admission.admission import Admission, Repeated
from rogatory_gateway.admission.identity import Identities, Peer
from rogatory_gateway.admission.registry import Registry

__all__ = ["Admission", "Identities", "Peer", "Registry", "Repeated"]
