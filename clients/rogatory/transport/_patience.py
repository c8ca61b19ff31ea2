"""When a failed call is made again, and after how long.

Only what says "not now" is repeated: no connection, overload, a log that cannot be
written this moment. Pauses double, are spread by chance so that many clients do not
come back at once, and end.
"""

import random
from dataclasses import dataclass

from rogatory.errors import RogatoryError, Unavailable
from rogatory.transport._errors import RETRY_AFTER

_MOST_ASKED_S = 30.0
"""A gateway that asks for a longer pause gets this one."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long.

    Attributes:
        attempts: Calls in all.
        first_s: Longest pause before the second.
        most_s: Longest pause at all, unless the gateway asks for more.
        deadline_s: How long one call may take.
    """

    attempts: int = 5
    first_s: float = 0.2
    most_s: float = 3.0
    deadline_s: float = 30.0

    def pause(self, error: RogatoryError, failed: int) -> float | None:
        """Return the pause after so many failures; None: this one is final."""
        if not isinstance(error, Unavailable) or failed >= self.attempts:
            return None
        return self.spread(failed, _asked(error))

    def spread(self, failed: int, asked: float = 0.0) -> float:
        """Return a pause between half and all of its length, at least what is asked."""
        longest = min(self.most_s, self.first_s * 2.0 ** min(failed - 1, 16))
        return asked + longest * random.uniform(0.5, 1.0)  # noqa: S311 no secret


def _asked(error: RogatoryError) -> float:
    try:
        asked = float(error.metadata.get(RETRY_AFTER, "0"))
    except ValueError:
        return 0.0
    return min(max(asked, 0.0), _MOST_ASKED_S)
