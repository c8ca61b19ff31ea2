"""A terminal for the command line: real clients, a gateway in memory.

terminal = Terminal(world)
shown = terminal.type("exchange list", party="regulator")
"""

import json
import shlex
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from click.testing import CliRunner

from rogatory.auditor import Auditor
from rogatory.authority import Authority
from rogatory.cli._app import App
from rogatory.cli._main import rogatory
from rogatory.client import Client
from rogatory.context import Context
from rogatory.errors import ContextUnknown, RogatoryError
from rogatory.platform import Platform
from rogatory.reading import Reader
from tests.support.fake_gateway import FakeGateway, FakeWorld


class Troubled(FakeGateway):
    """A gateway that answers the first question with an error."""

    def __init__(self, world: FakeWorld, party: str, error: RogatoryError) -> None:
        super().__init__(world, party)
        self.error = error

    def list_exchanges(self) -> NoReturn:
        raise self.error

    def get_checkpoint(self) -> NoReturn:
        raise self.error


@dataclass
class WorldSdk:
    """Clients on the gateway of a world; implements `Sdk`."""

    world: FakeWorld
    trouble: RogatoryError | None = None
    """What the gateway answers to everything."""

    def context(self, name: str | None) -> Context:
        if name is None or f"example-{name}" not in self.world.parties:
            raise ContextUnknown(f"context {name}", expected="one of the world")
        return self.world.context(f"example-{name}")

    def contexts(self) -> Mapping[str, Path]:
        names = [name.removeprefix("example-") for name in self.world.parties]
        return {name: self.context(name).path for name in names}

    def _gateway(self, context: Context) -> FakeGateway:
        if self.trouble:
            return Troubled(self.world, context.party, self.trouble)
        return self.world.gateway(context.party)

    def reader(self, context: Context) -> AbstractContextManager[Reader]:
        return Reader(context, gateway=self._gateway(context), clock=self.world.now)

    def client(self, context: Context) -> AbstractContextManager[Client]:
        return Client(context, gateway=self._gateway(context), clock=self.world.now)

    def authority(self, context: Context) -> AbstractContextManager[Authority]:
        return Authority(context, gateway=self._gateway(context), clock=self.world.now)

    def platform(self, context: Context) -> AbstractContextManager[Platform]:
        return Platform(context, gateway=self._gateway(context), clock=self.world.now)

    def auditor(self, context: Context) -> AbstractContextManager[Auditor]:
        return Auditor(context, gateway=self._gateway(context), clock=self.world.now)


@dataclass(frozen=True)
class Shown:
    """What a command printed, and how it ended."""

    out: str
    err: str
    code: int

    @property
    def json(self) -> Any:  # noqa: ANN401 a document
        return json.loads(self.out)


@dataclass
class Terminal:
    """Types commands in a folder of its own."""

    world: FakeWorld
    trouble: RogatoryError | None = None
    """What the gateway answers to everything."""
    app: Callable[["Terminal"], App] = field(
        default=lambda terminal: App(sdk=WorldSdk(terminal.world, terminal.trouble))
    )

    def type(self, line: str, *, party: str = "", stdin: str | None = None) -> Shown:
        """Type a command behind `rogatory`; words are split as a shell does."""
        words = [*(["--as", party] if party else []), *shlex.split(line)]
        found = CliRunner().invoke(
            rogatory, words, input=stdin, obj=self.app(self), prog_name="rogatory"
        )
        return Shown(found.stdout, found.stderr, found.exit_code)

    def ok(self, line: str, *, party: str = "") -> Shown:
        """Type a command that must end well."""
        shown = self.type(line, party=party)
        assert shown.code == 0, shown.err
        return shown
