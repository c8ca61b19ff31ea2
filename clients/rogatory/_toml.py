"""Strict reading of TOML tables: each key has a type, and no other may be there."""

import re
from collections.abc import Mapping

from rogatory.errors import ConfigInvalid

_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:]+\]|[^\s:/]+):[0-9]{1,5}")


class Table:
    """One table; `close` refuses keys that nobody asked for."""

    def __init__(self, values: Mapping[str, object], file: str, path: str = "") -> None:
        """Read a table that stands in a file under a path."""
        self._values = values
        self._file = file
        self._path = path
        self._known: set[str] = set()

    def where(self, key: str) -> str:
        """Name a key for an error."""
        return f"{self._file}: {self._path}{key}"

    def text(self, key: str, *, default: str | None = None) -> str:
        """Return a text that is not empty.

        Raises:
            ConfigInvalid: It is missing, empty or no text.
        """
        value = self._take(key, optional=default is not None)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value or "\0" in value:
            raise self._wrong(key, "a text", value)
        return value

    def flag(self, key: str, *, default: bool) -> bool:
        """Return true or false.

        Raises:
            ConfigInvalid: It is neither.
        """
        value = self._take(key, optional=True)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def hexadecimal(self, key: str, size: int) -> bytes:
        """Return bytes written in hexadecimal.

        Raises:
            ConfigInvalid: They are missing, or not `size` bytes.
        """
        text = self.text(key)
        if not re.fullmatch(f"[0-9a-f]{{{2 * size}}}", text):
            expected = f"{2 * size} lower-case hexadecimal digits"
            got = f"{len(text)} characters"
            raise ConfigInvalid(self.where(key), expected=expected, got=got)
        return bytes.fromhex(text)

    def address(self, key: str) -> str:
        """Return a `host:port`.

        Raises:
            ConfigInvalid: It is none.
        """
        text = self.text(key)
        if not _ADDRESS.fullmatch(text):
            raise ConfigInvalid(self.where(key), expected="host:port", got=text[:80])
        return text

    def table(self, key: str) -> "Table":
        """Return a table.

        Raises:
            ConfigInvalid: It is missing, or no table.
        """
        value = self._take(key, optional=False)
        if not isinstance(value, dict):
            raise self._wrong(key, "a table", value)
        return Table(value, self._file, f"{self._path}{key}.")

    def optional_table(self, key: str) -> "Table | None":
        """Return a table if there is one.

        Raises:
            ConfigInvalid: It is no table.
        """
        return self.table(key) if key in self._values else None

    def tables(self, key: str) -> list["Table"]:
        """Return an array of tables, which may be missing.

        Raises:
            ConfigInvalid: It is something else.
        """
        value = self._take(key, optional=True)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
            raise self._wrong(key, f"tables headed [[{key}]]", value)
        return [
            Table(each, self._file, f"{self._path}{key}[{number}].")
            for number, each in enumerate(value, 1)
        ]

    def close(self) -> None:
        """Refuse keys that nobody asked for.

        Raises:
            ConfigInvalid: There is one.
        """
        for key in self._values:
            if key not in self._known:
                known = ", ".join(sorted(self._known))
                raise ConfigInvalid(
                    self.where(key[:80]),
                    expected=f"one of the known keys: {known}",
                    got="an unknown one",
                )

    def _take(self, key: str, *, optional: bool) -> object:
        self._known.add(key)
        value = self._values.get(key)
        if value is None and not optional:
            raise ConfigInvalid(self.where(key), expected="a value", got="none")
        return value

    def _wrong(self, key: str, expected: str, value: object) -> ConfigInvalid:
        got = "nothing" if value in ("", None) else f"a {type(value).__name__}"
        return ConfigInvalid(self.where(key), expected=expected, got=got)
