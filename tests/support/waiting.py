"""Waiting for what another thread does, without guessing how long it takes."""

import threading
import time
from collections.abc import Callable

GIVE_UP_S = 20.0
_LOOK_AGAIN_S = 0.005


def until(holds: Callable[[], object], what: str) -> None:
    """Wait until something holds, or fail saying what did not come."""
    give_up = time.monotonic() + GIVE_UP_S
    pause = threading.Event()
    while not holds():
        assert time.monotonic() < give_up, f"never came: {what}"
        pause.wait(_LOOK_AGAIN_S)
