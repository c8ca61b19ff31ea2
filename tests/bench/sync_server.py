"""The fastest grpcio server for a bare unary call: synchronous, on a thread pool.

Echo and floor run on it, so that the gateway is held against the best there is. The
gateway itself does not: a caller that stalls within a request pins one of its threads
(docs/adr/0001-server-shape.md).
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc

from rogatory_gateway.rpc.calls import MAX_CONCURRENT, WORKERS, RpcHandlers
from rogatory_gateway.rpc.server import OPTIONS, TlsFiles

_GRACE_S = 5.0


class SyncServer:
    """A synchronous server with the gateway's options and certificates."""

    def __init__(
        self, address: str, tls: TlsFiles, handlers: Sequence[RpcHandlers]
    ) -> None:
        """Bind; port 0 chooses a free one."""
        self._server = grpc.server(
            ThreadPoolExecutor(WORKERS),
            handlers=list(handlers),
            options=OPTIONS,
            maximum_concurrent_rpcs=MAX_CONCURRENT,
        )
        self.port = self._server.add_secure_port(address, tls.credentials())

    def start(self) -> None:
        """Take calls."""
        self._server.start()

    def stop(self) -> None:
        """Take no more calls, and let those under way end."""
        self._server.stop(_GRACE_S).wait()
