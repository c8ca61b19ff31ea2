"""Failures as people and programs read them.

One shape everywhere: what failed, the facts, what to do. A failed verification is loud
and says where its evidence is. With `--json` the same facts are one JSON object.
Strings in an error may come from the other side of the wire: they are sanitised.
"""

import errno
import os
from dataclasses import dataclass, replace

import click

from rogatory.cli._exit import Exit, exit_code_of
from rogatory.cli._text import safe_block, safe_line
from rogatory.cli.output import Json, facts_text, print_json, say
from rogatory.errors import (
    FieldInvalid,
    RogatoryError,
    TableInvalid,
    VerificationError,
)

KEPT = "kept"
"""Key of `RogatoryError.metadata`: where the evidence of a failure was put."""

_PROMPT = {
    errno.ENOSPC: "make room on the disk and run the same command again",
    errno.EACCES: "check the permissions, or choose another place",
    errno.ENOENT: "check the name and the folder you are in",
    errno.EROFS: "choose a place that can be written",
    errno.EISDIR: "name a file, not a folder",
    errno.ENOTDIR: "check the name: a part of it is no folder",
}


class Failed(click.ClickException):
    """A command cannot go on, for a reason of this machine or of its user."""

    def __init__(
        self, summary: str, *, what: str = "", todo: str = "", kept: str = ""
    ) -> None:
        """Describe it: what failed, about what, what to do, what was kept."""
        super().__init__(summary)
        self.what = what
        self.todo = todo
        self.kept = kept


@dataclass(frozen=True, slots=True)
class Report:
    """A failure, ready to be shown."""

    code: Exit
    reason: str
    summary: str
    facts: tuple[tuple[str, str], ...] = ()
    problems: tuple[tuple[int, str, str], ...] = ()
    violations: tuple[tuple[str, str], ...] = ()
    text: str = ""
    """What people read, where it is not made of summary and facts."""

    def with_kept(self, words: str) -> "Report":
        """Return it with what the failed command left behind."""
        facts = [*self.facts]
        at = next((n for n, (name, _) in enumerate(facts) if name == "try"), len(facts))
        return replace(self, facts=(*facts[:at], ("kept", words), *facts[at:]))

    def show(self) -> None:
        """Tell a person."""
        say(self.text or self._lines())

    def show_json(self) -> None:
        """Tell a program, on stderr."""
        body: dict[str, Json] = {
            "reason": self.reason,
            "summary": self.summary,
            "exit_code": int(self.code),
        }
        body |= dict(self.facts)
        if self.violations:
            body["violations"] = dict(self.violations)
        if self.problems:
            body["problems"] = [
                {"line": line, "column": column, "rule": rule}
                for line, column, rule in self.problems
            ]
        print_json({"error": body}, err=True)

    def _lines(self) -> str:
        facts = [*self.facts]
        if self.reason not in _OBVIOUS:
            facts.insert(len([f for f in facts if f[0] in _BEFORE]), _reason(self))
        head = f"error: {self.summary}"
        if self.code is Exit.VERIFICATION_FAILED:
            head = f"VERIFICATION FAILED: {self.summary}   (exit {int(self.code)})"
            facts = [(name, value) for name, value in facts if name != "what"]
        body = facts_text(facts)
        return f"{head}\n{body}" if body else head


_BEFORE = ("what", "expected", "got")
_OBVIOUS = ("USAGE", "FAILED", "SYSTEM")
"""Reasons that tell a program what the words tell a person."""


def _reason(report: Report) -> tuple[str, str]:
    return ("reason", report.reason)


def report_of(error: BaseException) -> Report | None:  # noqa: PLR0911 one a kind
    """Return how a failure is shown; None if it is a bug of ours."""
    match error:
        case TableInvalid():
            return _table(error)
        case FieldInvalid():
            return _fields(error)
        case RogatoryError():
            return _ours(error)
        case Failed():
            facts = _shown(("what", error.what), ("kept", error.kept))
            facts += _shown(("try", error.todo))
            return Report(Exit.FAILED, "FAILED", error.message, facts)
        case click.ClickException():
            return _usage(error)
        case OSError():
            return _system(error)
        case _:
            return None


def _ours(error: RogatoryError) -> Report:
    summary = (type(error).__doc__ or "").strip().splitlines()[0].rstrip(".")
    summary = summary[:1].lower() + summary[1:]
    code = exit_code_of(type(error))
    if isinstance(error, VerificationError):
        summary = f"{safe_line(error.thing)}: {summary}"
    facts = _shown(
        ("what", error.thing),
        ("expected", error.expected),
        ("got", error.got),
        ("kept", error.metadata.get(KEPT, "")),
        ("missed", error.metadata.get("missed", "")),
        ("try", error.todo),
    )
    return Report(code, error.reason, summary, facts)


def _table(error: TableInvalid) -> Report:
    text = f"error: {safe_block(error.explain())}\n  try  {error.todo}"
    summary = f"{safe_line(error.name)} cannot be used; nothing was sent"
    facts = _shown(("what", error.name), ("try", error.todo))
    code = exit_code_of(type(error))
    problems = tuple(error.problems)
    return Report(code, error.reason, summary, facts, problems, text=text)


def _fields(error: FieldInvalid) -> Report:
    report = _ours(error)
    pairs = _shown(*error.violations.items())
    lines = "\n".join(f"{field}: {rule}" for field, rule in pairs)
    facts = [(name, value) for name, value in report.facts if name != "what"]
    text = facts_text([("what", lines), ("reason", error.reason), *facts])
    return replace(report, violations=pairs, text=f"error: {report.summary}\n{text}")


def _usage(error: click.ClickException) -> Report:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    todo = ""
    if isinstance(error, click.NoSuchOption) and error.option_name == "--as":
        todo = "put --as NAME right behind rogatory: rogatory --as NAME …"
    elif isinstance(context, click.Context):
        todo = f"{context.command_path} --help"
    code = Exit.USAGE if isinstance(error, click.UsageError) else Exit.FAILED
    reason = "USAGE" if code is Exit.USAGE else "FAILED"
    summary = message[:1].lower() + message[1:]
    return Report(code, reason, summary.rstrip("."), _shown(("try", todo)))


def _system(error: OSError) -> Report:
    what = os.fsdecode(error.filename) if error.filename else ""
    summary = (error.strerror or str(error) or type(error).__name__).lower()
    todo = _PROMPT.get(error.errno or 0, "")
    facts = _shown(("what", what), ("try", todo))
    return Report(Exit.FAILED, "SYSTEM", summary, facts)


def _shown(*facts: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    """Drop what is empty, and put every value on one line."""
    return tuple((name, safe_line(value)) for name, value in facts if value)
