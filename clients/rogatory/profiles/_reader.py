"""Read TOML tables strictly: every key is known, every broken rule is collected.

A `Reader` hands out the values of one table, notes what is wrong by path and never
raises for it, so that a lawyer sees all mistakes of a file at once. Array elements are
counted from 1 in paths: `rule[2].approvals[1].capacity`.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

MAX_TEXT = 2048
"""Characters of a text; a title or citation is far shorter."""
MAX_ELEMENTS = 64
"""Elements of an array; the longest vocabulary has 16 words."""
_SHOWN_KEY = 40


class Reader:
    """One table of a TOML document."""

    def __init__(
        self, table: dict[str, object], path: str, problems: dict[str, str]
    ) -> None:
        """Start with all keys unread.

        Args:
            table: The table as tomllib gives it.
            path: Its path; empty for the document.
            problems: Path → rule broken; shared by all readers of a document.
        """
        self._left = dict(table)
        self.path = path
        self._problems = problems

    def key(self, key: str) -> str:
        """Give the path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def refuse(self, key: str, rule: str) -> None:
        """Note the rule that a key breaks; the first one counts."""
        self._problems.setdefault(self.key(key), rule)

    def has(self, key: str) -> bool:
        """Tell whether a key is there and not yet read."""
        return key in self._left

    def _take(self, key: str, *, required: bool) -> object | None:
        value = self._left.pop(key, None)
        if value is None and required:
            self.refuse(key, "missing")
        return value

    def text(
        self, key: str, *, required: bool = True, pattern: str = "", rule: str = ""
    ) -> str:
        """Return a text in one piece, or "" after noting why not."""
        value = self._take(key, required=required)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse(key, "expected a text in quotes")
        elif not value.strip() or len(value) > MAX_TEXT:
            self.refuse(key, f"expected 1 to {MAX_TEXT:,} characters")
        elif pattern and not re.fullmatch(pattern, value):
            self.refuse(key, rule)
        else:
            return value
        return ""

    def word(self, key: str, allowed: Collection[str], *, required: bool = True) -> str:
        """Return one word of a vocabulary, or "" after noting why not."""
        value = self._take(key, required=required)
        if value is None or (isinstance(value, str) and value in allowed):
            return value or ""
        self.refuse(key, f"expected one of {', '.join(allowed)}")
        return ""

    def words(
        self,
        key: str,
        allowed: Collection[str] = (),
        *,
        required: bool = True,
        pattern: str = "",
        rule: str = "",
    ) -> tuple[str, ...]:
        """Return distinct words of a vocabulary or a pattern; a lone word is a list."""
        value = self._take(key, required=required)
        if value is None:
            return ()
        found: list[str] = []
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, str):
                self.refuse(key, "expected texts in quotes")
            elif allowed and each not in allowed:
                self.refuse(key, f"expected any of {', '.join(allowed)}")
            elif pattern and not re.fullmatch(pattern, each):
                self.refuse(key, rule)
            elif each in found:
                self.refuse(key, f"{each} is there twice")
            else:
                found.append(each)
        if isinstance(value, list) and len(value) > MAX_ELEMENTS:
            self.refuse(key, f"expected at most {MAX_ELEMENTS} elements")
        return tuple(found)

    def number(self, key: str, low: int, high: int) -> int | None:
        """Return a whole number, or None: not there, or noted why not."""
        value = self._take(key, required=False)
        if value is None:
            return None
        # bool is an int in Python, not in law.
        if isinstance(value, int) and not isinstance(value, bool):
            if low <= value <= high:
                return value
            self.refuse(key, f"expected {low:,} to {high:,}")
            return None
        self.refuse(key, "expected a whole number")
        return None

    def flag(self, key: str) -> bool | None:
        """Return true or false, or None: not there, or noted why not."""
        value = self._take(key, required=False)
        if value is None or isinstance(value, bool):
            return value
        self.refuse(key, "expected true or false")
        return None

    def moment(self, key: str) -> datetime | None:
        """Return a date-time with zone; a bare date does not say where it begins."""
        value = self._take(key, required=True)
        if isinstance(value, datetime) and value.utcoffset() is not None:
            return value
        if value is not None:
            self.refuse(key, "expected a time with zone: 2026-01-31T00:00:00+09:00")
        return None

    def table(self, key: str, *, required: bool = False) -> "Reader | None":
        """Return the reader of a sub-table, or None: not there, or noted why not."""
        value = self._take(key, required=required)
        if isinstance(value, dict):
            return Reader(value, self.key(key), self._problems)
        if value is not None:
            self.refuse(key, f"expected a table [{self.key(key)}]")
        return None

    def tables(self, key: str) -> Iterator["Reader"]:
        """Yield a reader for each table of an array of tables; none if not there."""
        value = self._take(key, required=False)
        if value is None:
            return
        if not isinstance(value, list):
            self.refuse(key, f"expected tables [[{self.key(key)}]]")
            return
        elements: Sequence[object] = value
        if len(elements) > MAX_ELEMENTS:
            self.refuse(key, f"expected at most {MAX_ELEMENTS} tables")
            return
        for number, each in enumerate(elements, start=1):
            if isinstance(each, dict):
                yield Reader(each, f"{self.key(key)}[{number}]", self._problems)
            else:
                self.refuse(key, f"expected tables [[{self.key(key)}]]")

    def close(self) -> None:
        """Refuse whatever was not read: an unknown key may be a rule misspelt."""
        for key in self._left:
            self.refuse(
                key if len(key) <= _SHOWN_KEY else f"{key[:_SHOWN_KEY]}…",
                "unknown key",
            )
