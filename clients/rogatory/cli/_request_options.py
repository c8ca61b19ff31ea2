"""What the options of a request mean: shared ones, cosigners, secrecy."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

from rogatory.cli._app import json_option
from rogatory.cli._options import DRY_RUN, SIGNER

if TYPE_CHECKING:
    from rogatory.authority import Cosigner
    from rogatory.v1 import disclosure_pb2

P = ParamSpec("P")
R = TypeVar("R")

COSIGNER_FORM = "PARTY/SIGNER:CAPACITY"
MODES = ("delay_user_notice", "court_order", "statutory")


def request_options(command: Callable[P, R]) -> Callable[P, R]:
    """Give a command the options of every request."""
    options: list[Callable[[Any], Any]] = [
        click.option(
            "--profile",
            metavar="ID",
            required=True,
            help="The legal basis, as `profile list` shows it.",
        ),
        click.option(
            "--to", metavar="PARTY", required=True, help="The platform asked."
        ),
        click.option(
            "--legal-entity",
            metavar="ID",
            default="",
            help="Its company addressed.",
        ),
        click.option(
            "--service", metavar="ID", default="", help="Its service concerned."
        ),
        click.option(
            "--copy",
            "copies",
            metavar="PARTY",
            multiple=True,
            help="Who also receives and can read it; may be repeated.",
        ),
        click.option(
            "--file-number", metavar="TEXT", default="", help="Your own reference."
        ),
        click.option(
            "--redress",
            metavar="TEXT",
            default="",
            help="How to contest it; @FILE reads it from a file.",
        ),
        SIGNER,
        DRY_RUN,
        json_option,
    ]
    for option in reversed(options):
        command = option(command)
    return command


def parse_cosigner(text: str) -> "Cosigner":
    """Read `PARTY/SIGNER:CAPACITY`.

    Raises:
        click.BadParameter: It is none.
    """
    from rogatory.v1 import message_pb2

    who, _, capacity = text.rpartition(":")
    party, _, signer_id = who.partition("/")
    name = f"CAPACITY_{capacity.upper()}"
    if not party or not signer_id or name not in message_pb2.Capacity.keys():  # noqa: SIM118 an enum
        words = [_short(each) for each in message_pb2.Capacity.keys()[1:]]
        rule = f"expected {COSIGNER_FORM}, the capacity one of {', '.join(words)}"
        raise click.BadParameter(rule, param_hint="--cosigner")
    return party, signer_id, message_pb2.Capacity.Value(name)


def parse_secrecy(
    mode: str | None, until: str | None
) -> "disclosure_pb2.Confidentiality | None":
    """Read why and until when the user is not told; None if nobody asks for it.

    Raises:
        click.UsageError: One of the two is missing, or the end is no time.
    """
    from datetime import datetime

    from rogatory.v1 import disclosure_pb2

    if mode is None and until is None:
        return None
    if mode is None or until is None:
        raise click.UsageError("secrecy needs both --secrecy and --secrecy-until")
    try:
        end = datetime.fromisoformat(until)
    except ValueError:
        end = datetime.min  # noqa: DTZ901 refused below, having no zone
    if end.tzinfo is None:
        rule = "expected a time with its zone, such as 2026-12-23T00:00:00+09:00"
        raise click.BadParameter(rule, param_hint="--secrecy-until")
    found = disclosure_pb2.Confidentiality(
        mode=disclosure_pb2.ConfidentialityMode.Value(
            f"CONFIDENTIALITY_MODE_{mode.upper()}"
        )
    )
    found.expire_time.FromDatetime(end)
    return found


def _short(name: str) -> str:
    return name.removeprefix("CAPACITY_").lower()
