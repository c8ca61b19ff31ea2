"""What every verb shares: the context chosen, how to speak, how to reach the gateway.

`App` is click's `obj`. Tests give one whose `sdk` is a fake of theirs.
"""

import functools
import logging
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar

import click

from rogatory.cli.output import QUIET

if TYPE_CHECKING:
    from rogatory.auditor import Auditor
    from rogatory.authority import Authority
    from rogatory.client import Client
    from rogatory.context import Context
    from rogatory.platform import Platform
    from rogatory.reading import Reader

P = ParamSpec("P")
R = TypeVar("R")

NOTHING_YET = "nothing was sent and no file was written"


class Sdk(Protocol):
    """The clients, opened for one context; a seam for tests."""

    def context(self, name: str | None) -> "Context":
        """Load the context."""
        ...

    def contexts(self) -> "Mapping[str, Path]":
        """List the contexts there are."""
        ...

    def reader(self, context: "Context") -> "AbstractContextManager[Reader]":
        """Open what reads for any party."""
        ...

    def client(self, context: "Context") -> "AbstractContextManager[Client]":
        """Open what reads, signs and sends for any party."""
        ...

    def authority(self, context: "Context") -> "AbstractContextManager[Authority]":
        """Open the client of an authority."""
        ...

    def platform(self, context: "Context") -> "AbstractContextManager[Platform]":
        """Open the client of a platform."""
        ...

    def auditor(self, context: "Context") -> "AbstractContextManager[Auditor]":
        """Open the client of an auditor."""
        ...


class RealSdk:
    """The SDK itself, imported when it is needed."""

    def context(self, name: str | None) -> "Context":
        """Load the context."""
        from rogatory.context import load_context

        return load_context(name, environ=os.environ, cwd=Path.cwd())

    def contexts(self) -> "Mapping[str, Path]":
        """List the contexts there are."""
        from rogatory.context import list_contexts

        return list_contexts(environ=os.environ, cwd=Path.cwd())

    def reader(self, context: "Context") -> "AbstractContextManager[Reader]":
        """Open what reads for any party."""
        from rogatory.reading import Reader

        return Reader(context)

    def client(self, context: "Context") -> "AbstractContextManager[Client]":
        """Open what reads, signs and sends for any party."""
        from rogatory.client import Client

        return Client(context)

    def authority(self, context: "Context") -> "AbstractContextManager[Authority]":
        """Open the client of an authority."""
        from rogatory.authority import Authority

        return Authority(context)

    def platform(self, context: "Context") -> "AbstractContextManager[Platform]":
        """Open the client of a platform."""
        from rogatory.platform import Platform

        return Platform(context)

    def auditor(self, context: "Context") -> "AbstractContextManager[Auditor]":
        """Open the client of an auditor."""
        from rogatory.auditor import Auditor

        return Auditor(context)


@dataclass(slots=True)
class App:
    """The state of one command.

    Attributes:
        context_name: From `--as`; None: from the environment.
        verbose: How often `-v` was given.
        json: Whether `--json` was given.
        sdk: The clients.
        kept: What an interruption now leaves, in words.
        now: The time.
    """

    context_name: str | None = None
    verbose: int = 0
    json: bool = False
    sdk: Sdk = field(default_factory=RealSdk)
    kept: str = NOTHING_YET
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def context(self) -> "Context":
        """Load the context that was chosen."""
        return self.sdk.context(self.context_name)

    def prefix(self) -> str:
        """Return how a next command begins, so that it can be copied."""
        if not self.context_name:
            return "rogatory"
        return f"rogatory --as {shlex.quote(self.context_name)}"


def pass_app(
    command: Callable[Concatenate[App, P], R],
) -> Callable[P, R]:
    """Give a command the `App` as its first argument."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        return command(current_app(), *args, **kwargs)

    return wrapped


def current_app() -> App:
    """Return the state of the command that runs."""
    app = click.get_current_context().find_object(App)
    if app is None:
        raise AssertionError("no command runs")
    return app


def json_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--json`; it reads `App.json`."""

    def note(ctx: click.Context, param: click.Parameter, value: Any) -> None:  # noqa: ANN401 click's own
        del param
        app = ctx.find_object(App)
        if app is not None:
            app.json = app.json or bool(value)
            ctx.meta[QUIET] = app.json

    return click.option(
        "--json",
        is_flag=True,
        expose_value=False,
        callback=note,
        is_eager=True,
        help="One JSON document on stdout (docs/cli-json.md).",
    )(command)


def force_option(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--force`."""
    return click.option(
        "--force", is_flag=True, help="Write over a file that is already there."
    )(command)


def set_up_logging(verbose: int) -> None:
    """Show the SDK's log on stderr, as far as `-v` asks for it."""
    logger = logging.getLogger("rogatory")
    for handler in [*logger.handlers]:
        logger.removeHandler(handler)
    if not verbose:
        logger.addHandler(logging.NullHandler())
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbose > 1 else logging.INFO)
