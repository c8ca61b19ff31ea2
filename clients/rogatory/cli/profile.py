"""`rogatory profile`: what a legal basis allows, in words a lawyer can check."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._files import read_bytes
from rogatory.cli.output import Column, Json, out, print_json, print_table, rfc3339, say

if TYPE_CHECKING:
    from rogatory.profiles import Profile, Rule

_SHIPPED = click.option(
    "--shipped",
    is_flag=True,
    help="Those that come with this version; needs no gateway.",
)


@click.group(cls=Group, example="rogatory --as regulator profile show KR.CORRECTION")
def profile() -> None:
    """Legal bases: who may ask for what, with which signatures, by when."""


@profile.command("list", example="rogatory --as regulator profile list")
@_SHIPPED
@json_option
@pass_app
def list_(app: App, shipped: bool) -> None:
    """List the profiles in force at the gateway."""
    found = _profiles(app, shipped=shipped)
    if app.json:
        print_json({"profiles": [_summary(each) for each in found.values()]})
        return
    columns = [Column("PROFILE"), Column("COUNTRY"), Column("USE"), Column("TITLE")]
    rows = [
        (each.id, each.country, _use(each), each.title.get("en", ""))
        for each in found.values()
    ]
    print_table(columns, rows)


@profile.command(
    example="rogatory --as regulator profile show KR.CORRECTION\n"
    "rogatory profile show --shipped XX.SUBSCRIBER"
)
@click.argument("profile_id", metavar="ID")
@_SHIPPED
@json_option
@pass_app
def show(app: App, profile_id: str, shipped: bool) -> None:
    """Say in plain words what a profile allows, and how well that is known."""
    from rogatory.errors import ProfileUnknown
    from rogatory.profiles import explain

    found = _profiles(app, shipped=shipped)
    if profile_id not in found:
        where = "of this version" if shipped else "in force at this gateway"
        raise ProfileUnknown(
            f"profile {profile_id}",
            expected=f"one {where}: {', '.join(found) or 'there is none'}",
        )
    if app.json:
        print_json(_whole(found[profile_id]))
    else:
        out(explain(found[profile_id]).rstrip("\n"))


@profile.command(example="rogatory profile check MY.PROFILE.toml")
@click.argument("file", metavar="FILE")
@json_option
@pass_app
def check(app: App, file: str) -> None:
    """Read a profile file and say what it would allow, or what is wrong with it."""
    from rogatory.profiles import MAX_PROFILE_BYTES, explain, parse_profile

    parsed = parse_profile(read_bytes(file, limit=MAX_PROFILE_BYTES))
    if app.json:
        print_json(_whole(parsed))
        return
    out(explain(parsed).rstrip("\n"))
    say(f"{file} is a profile; it counts only where a gateway has it in force")


def _profiles(app: App, *, shipped: bool) -> "Mapping[str, Profile]":
    if shipped:
        from rogatory.profiles import parse_profile
        from rogatory.profiles import shipped as files

        return {name: parse_profile(raw) for name, raw in files().items()}
    with app.sdk.reader(app.context()) as reader:
        return reader.profiles().profiles


def _use(each: "Profile") -> str:
    return "tests only" if each.unchecked else "checked"


def _summary(each: "Profile") -> dict[str, Json]:
    until = each.valid_until
    return {
        "id": each.id,
        "version": each.digest.hex(),
        "country": each.country,
        "title": dict(each.title),
        "citation": each.citation,
        "valid_from": rfc3339(each.valid_from),
        "valid_until": rfc3339(until) if until else None,
        "tests_only": bool(each.unchecked),
    }


def _whole(each: "Profile") -> dict[str, Json]:
    return {
        **_summary(each),
        "rules": [_rule(rule) for rule in each.rules],
        "deadlines": [
            {
                "kind": deadline.kind,
                "period": deadline.period.text if deadline.period else None,
                "counted_from": deadline.counted_from or None,
            }
            for deadline in each.deadlines
        ],
        "bases": {
            path: {"confidence": basis.confidence.value, "source": basis.source}
            for path, basis in each.bases.items()
        },
    }


def _rule(rule: "Rule") -> dict[str, Json]:
    return {
        "kind": rule.kind,
        "sender_kind": rule.sender_kind,
        "authority_types": list(rule.authority_types),
        "categories": list(rule.categories),
        "required_sections": list(rule.required_sections),
        "max_parts": rule.max_parts,
        "seal_allowed": rule.seal_allowed,
        "approvals": [
            {
                "capacities": list(need.capacities),
                "count": need.count,
                "authority_types": list(need.authority_types),
                "any_party": need.any_party,
            }
            for need in rule.approvals
        ],
    }
