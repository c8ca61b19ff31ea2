"""The real way to a gateway: gRPC over mutual TLS 1.3.

The only part of the SDK that imports grpc. What is offline never imports this.
"""

from rogatory.transport._errors import error_of
from rogatory.transport._gateway import MAX_ANSWER_BYTES, Gateway
from rogatory.transport._patience import Patience
from rogatory.transport._watching import SILENCE_S, Watch

__all__ = ["MAX_ANSWER_BYTES", "SILENCE_S", "Gateway", "Patience", "Watch", "error_of"]
