"""Exit codes, and which error has which.

| code | meaning |
|---|---|
| 0 | ok |
| 1 | failed |
| 2 | usage: the command line cannot be understood |
| 3 | verification failed, and nothing else |
| 4 | not authorised: certificate, permission or signature |
| 5 | unreachable: the same command can be repeated later |
| 130 | interrupted by Ctrl-C |
"""

from enum import IntEnum

from rogatory.errors import (
    IdentityError,
    NotPermitted,
    RogatoryError,
    SignatureError,
    Unavailable,
    VerificationError,
)


class Exit(IntEnum):
    """What the process tells its caller."""

    OK = 0
    FAILED = 1
    USAGE = 2
    VERIFICATION_FAILED = 3
    NOT_AUTHORISED = 4
    UNREACHABLE = 5
    INTERRUPTED = 130


_CODES: tuple[tuple[type[RogatoryError], Exit], ...] = (
    (VerificationError, Exit.VERIFICATION_FAILED),
    (IdentityError, Exit.NOT_AUTHORISED),
    (NotPermitted, Exit.NOT_AUTHORISED),
    (SignatureError, Exit.NOT_AUTHORISED),
    (Unavailable, Exit.UNREACHABLE),
)


def exit_code_of(kind: type[RogatoryError]) -> Exit:
    """Return the exit code of a class of errors."""
    for base, code in _CODES:
        if issubclass(kind, base):
            return code
    return Exit.FAILED
