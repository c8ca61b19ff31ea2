"""Parties named on the command line: refuse a misspelt one by name, before anything."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rogatory.directory import Directory


def refuse_unknown_parties(names: Iterable[str], directory: "Directory") -> None:
    """Refuse names that the directory does not have.

    Raises:
        RecipientInvalid: It has no such active party; near names are told.
    """
    from rogatory.errors import RecipientInvalid

    for name in names:
        if directory.party(name) is not None:
            continue
        known = sorted(directory.parties())
        near = get_close_matches(name, known, n=3) or known[:10]
        raise RecipientInvalid(
            f"party {name}",
            expected=f"an active party of the directory, such as {', '.join(near)}",
        )
