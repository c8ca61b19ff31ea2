"""Ctrl-C and SIGTERM end a command within a second, wherever it waits.

Python runs a signal's handler between two bytecodes of the main thread. A signal that
comes just before that thread begins to wait on a lock is noticed when the wait is over:
up to a connection's whole deadline later. So a thread of its own is told of every
signal by C (`set_wakeup_fd`) and nudges the main thread out of its wait.
"""

import logging
import os
import signal
import threading
import time
from types import FrameType

from rogatory.errors import VerificationError

_came = threading.Event()
_log = logging.getLogger("rogatory.cli")

_NUDGE = signal.SIGURG
"""Ignored by default, and used by nobody here: it only interrupts a wait."""

_PAUSE_S = 0.1
_NUDGES = 5


def install() -> None:
    """Make both signals a `KeyboardInterrupt` that comes at once."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(_NUDGE, _nothing)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    main = threading.main_thread().ident
    if main is None:
        raise AssertionError("the main thread runs this")
    threading.Thread(target=_nudge, args=(reader, main), daemon=True).start()
    # grpc's threads fail loudly when their channel is closed under them.
    threading.excepthook = _thread_failed


def _nudge(reader: int, main: int) -> None:
    while numbers := os.read(reader, 64):
        if set(numbers) <= {_NUDGE}:
            continue  # our own
        for _ in range(_NUDGES):
            time.sleep(_PAUSE_S)
            signal.pthread_kill(main, _NUDGE)


def is_interruption(error: BaseException) -> bool:
    """Tell whether an error is an interruption, or what one made of a wait.

    A `KeyboardInterrupt` in the middle of a lock's own code comes out as another error,
    and a call that it cancels as an unreachable gateway. A failed verification is never
    taken for one.
    """
    if isinstance(error, KeyboardInterrupt):
        return True
    return _came.is_set() and not isinstance(error, VerificationError)


def _interrupt(number: int, frame: FrameType | None) -> None:
    del number, frame
    _came.set()
    raise KeyboardInterrupt


def _nothing(number: int, frame: FrameType | None) -> None:
    del number, frame


def _thread_failed(failure: threading.ExceptHookArgs) -> None:
    _log.debug("a thread ended: %s", failure.exc_value, exc_info=failure.exc_value)
