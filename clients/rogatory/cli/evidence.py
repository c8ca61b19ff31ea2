"""`rogatory evidence`: the files of an answer.

`receive` does all of it: download, verify, decrypt, confirm. `identity` and `fetch`
give the two halves that the standard `age` program needs instead of ours.
"""

import hashlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rogatory.cli._app import App, force_option, json_option, pass_app
from rogatory.cli._click import Group
from rogatory.cli._errors import Failed
from rogatory.cli._files import write_new
from rogatory.cli._options import EXCHANGE, SIGNER
from rogatory.cli.output import Json, Progress, count, out, print_json, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rogatory.exchanges import ExchangeView, FileView

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(
    cls=Group, example="rogatory --as police evidence receive 01936f3c-… --into case/"
)
def evidence() -> None:
    """Encrypted files that answer a request."""


@evidence.command(
    example="rogatory --as police evidence receive 01936f3c-… --into case/"
)
@EXCHANGE
@click.option(
    "--into",
    "folder",
    metavar="FOLDER",
    required=True,
    type=_FOLDER,
    help="Where the decrypted files go; made if need be.",
)
@SIGNER
@json_option
@pass_app
def receive(app: App, *, exchange_id: str, folder: Path, signer: str | None) -> None:
    """Download, verify and decrypt all files, and confirm to the platform.

    A file appears under its name only when it is whole and is what was announced. No
    file is overwritten: a second one of a name gets a number. What does not hold is
    confirmed as such, and the evidence is kept.
    """
    app.kept = (
        f"files that are whole are in {folder}, downloads go on where they stopped; "
        "run the same command again"
    )
    with (
        app.sdk.authority(app.context()) as authority,
        Progress("receiving") as progress,
    ):
        paths = authority.receive_files(
            exchange_id, folder, progress.step, signer=signer
        )
        confirmed = _confirmation(authority.exchange(exchange_id)) if paths else None
    if app.json:
        files: list[Json] = [
            {"file": str(path), "size": path.stat().st_size} for path in paths
        ]
        print_json({"exchange_id": exchange_id, "files": files, "index": confirmed})
        return
    for path in paths:
        out(str(path))
    if not paths:
        say("the exchange has no files yet")
        return
    say(
        f"{count(len(paths), 'file')} verified and decrypted, confirmed by entry "
        f"{confirmed}, exchange {exchange_id}"
    )
    say(f"next: {app.prefix()} exchange show {exchange_id}")


@evidence.command(
    example="rogatory --as police evidence fetch 01936f3c-… --encrypted-into case/"
)
@EXCHANGE
@click.option(
    "--encrypted-into",
    "folder",
    metavar="FOLDER",
    required=True,
    type=_FOLDER,
    help="Where the encrypted files go; made if need be.",
)
@json_option
@pass_app
def fetch(app: App, *, exchange_id: str, folder: Path) -> None:
    """Download the files as they are, encrypted, for the standard age program.

    `evidence identity` gives what opens one. Nothing is confirmed to the platform.
    """
    app.kept = "downloads go on where they stopped; run the same command again"
    done: list[tuple[Path, FileView]] = []
    with (
        app.sdk.reader(app.context()) as reader,
        Progress("downloading") as progress,
    ):
        view = reader.exchange(exchange_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, target in _targets(view, folder):
            if not _is_there(target, file):
                reader.gateway.download(
                    exchange_id,
                    file.sha256,
                    target,
                    size=file.size,
                    progress=progress.update,
                )
                target.chmod(0o600)
            done.append((target, file))
    if app.json:
        files: list[Json] = [
            {"file": str(path), "sha256": file.sha256.hex(), "size": file.size}
            for path, file in done
        ]
        print_json({"exchange_id": exchange_id, "files": files})
        return
    for path, _ in done:
        out(str(path))
    if done:
        then = f"evidence identity {exchange_id} --output identity.txt"
        say(f"next: {app.prefix()} {then}")
        first = shlex.quote(str(done[0][0]))
        say(f"then: age --decrypt --identity identity.txt {first}")
    else:
        say("the exchange has no files yet")


@evidence.command(
    example="rogatory --as police evidence identity 01936f3c-… \\\n"
    "    --file subscriber.json --output identity.txt"
)
@EXCHANGE
@click.option(
    "--file",
    "name",
    metavar="NAME",
    help="Its name, or the SHA-256 of the encrypted file; not needed if there is one.",
)
@click.option(
    "--output",
    metavar="FILE",
    required=True,
    help="Where the secret goes, mode 0600; - for stdout.",
)
@force_option
@pass_app
def identity(
    app: App, *, exchange_id: str, name: str | None, output: str, force: bool
) -> None:
    """Write the age identity that opens one file: a secret, to be deleted after use."""
    with app.sdk.reader(app.context()) as reader:
        view = reader.exchange(exchange_id)
    manifest = _one(view, name).manifest
    if manifest is None:
        raise Failed(
            "the manifest is not sealed to this party, or to keys that are gone",
            what=f"exchange {exchange_id}",
            todo="ask the platform to seal it to the keys in the directory",
        )
    write_new(output, f"{manifest.age_identity}\n".encode(), force=force)
    say(f"the identity opens {manifest.name} and nothing else; delete it after use")


def _confirmation(view: "ExchangeView") -> int | None:
    """Return the entry of the newest delivery receipt."""
    found = [each.index for each in view.messages if each.kind == "delivery_receipt"]
    return found[-1] if found else None


def _one(view: "ExchangeView", name: str | None) -> "FileView":
    """Return the file of that name or digest, or the only one."""
    found = [
        file
        for file in view.files
        if name is None
        or file.sha256.hex() == name
        or (file.manifest and file.manifest.name == name)
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(_name(file) for file in view.files) or "none"
    raise Failed(
        "several files fit" if found else "there is no such file",
        what=f"exchange {view.exchange_id} has: {names}",
        todo="name one with --file, by name or by SHA-256",
    )


def _targets(view: "ExchangeView", folder: Path) -> "Sequence[tuple[FileView, Path]]":
    """Give every file a name of its own in the folder."""
    from rogatory.evidence import safe_file_name

    taken: set[str] = set()
    pairs = []
    for file in view.files:
        named = file.manifest.name if file.manifest else file.sha256.hex()
        name = f"{safe_file_name(named)}.age"
        if name in taken:
            name = f"{file.sha256.hex()}.age"
        taken.add(name)
        pairs.append((file, folder / name))
    return pairs


def _is_there(target: Path, file: "FileView") -> bool:
    """Tell whether a file was fetched before; refuse another one under its name."""
    if not target.exists():
        return False
    with target.open("rb") as opened:
        if hashlib.file_digest(opened, "sha256").digest() == file.sha256:
            return True
    raise Failed(
        "another file has this name",
        what=str(target),
        todo="fetch into an empty folder",
    )


def _name(file: "FileView") -> str:
    return file.manifest.name if file.manifest else file.sha256.hex()
