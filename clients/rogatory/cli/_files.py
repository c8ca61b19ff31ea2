"""Reading and writing files by name, for people who may point at the wrong one.

Files are made with mode 0600, whole or not at all, and never over an existing one
unless that was asked for. `-` is stdin or stdout.
"""

import contextlib
import os
import sys
from pathlib import Path

import click

from rogatory.cli._errors import Failed

MAX_TEXT_BYTES = 16_384
"""Limit of reasons, notes and questions (docs/protocol.md; the protos' comments)."""

STREAM = "-"


def read_bytes(path: str, *, limit: int) -> bytes:
    """Read a file, or stdin for `-`; at most one byte more than the limit.

    Args:
        path: Its name.
        limit: The most that its parser accepts; that parser refuses what is longer.

    Raises:
        click.BadParameter: There is no such file.
        OSError: It cannot be read.
    """
    if path == STREAM:
        return sys.stdin.buffer.read(limit + 1)
    try:
        with Path(path).open("rb") as file:
            return file.read(limit + 1)
    except FileNotFoundError:
        raise click.BadParameter(f"there is no file {path}") from None


def shown_name(path: str) -> str:
    """Return what a file is called in messages."""
    return "stdin" if path == STREAM else path


def read_words(value: str, *, option: str, limit: int = MAX_TEXT_BYTES) -> str:
    """Return the text of an option: the value itself, or the file behind `@`.

    Raises:
        click.BadParameter: It is too long, or not UTF-8.
        OSError: The file cannot be read.
    """
    if not value.startswith("@"):
        raw = value.encode(errors="surrogateescape")
    else:
        raw = read_bytes(value[1:], limit=limit)
    if len(raw) > limit:
        rule = f"longer than {limit:,} bytes; put long texts into an annex"
        raise click.BadParameter(rule, param_hint=option)
    try:
        return raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        rule = 'not UTF-8 text: save the file as "UTF-8"'
        raise click.BadParameter(rule, param_hint=option) from None


def write_new(path: str, data: bytes, *, force: bool) -> None:
    """Write a file that is not there yet, mode 0600; to stdout for `-`.

    Raises:
        Failed: There is one, and force was not given.
        OSError: It cannot be written; then there is none.
    """
    if path == STREAM:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    target = Path(path)
    refuse_existing(target, force=force)
    # A crash before the rename leaves the old file, or none, and a `.part` beside it
    # that can be deleted.
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if force:
            part.replace(target)
        else:
            _link_new(part, target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            part.unlink()


def refuse_existing(target: Path, *, force: bool) -> None:
    """Refuse a name that is taken, before work is done for it.

    Raises:
        Failed: There is something, and force was not given.
    """
    if target.is_dir():
        raise Failed("this is a folder", what=str(target), todo="name a file in it")
    if not force and os.path.lexists(target):
        raise _exists(target)


def _link_new(part: Path, target: Path) -> None:
    """Give the file its name, unless somebody else has taken it meanwhile."""
    try:
        target.hardlink_to(part)
    except FileExistsError:
        raise _exists(target) from None
    except OSError:  # a file system without links; the gap is ours to live with
        part.replace(target)


def _exists(target: Path) -> Failed:
    return Failed(
        "the file is already there",
        what=str(target),
        todo="choose another name, or write over it with --force",
    )
