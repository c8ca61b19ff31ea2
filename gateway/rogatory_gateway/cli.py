"""The operator's command: `rogatory-gateway`."""

import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rogatory.errors import DevelopmentOnly, RogatoryError

if TYPE_CHECKING:
    from rogatory_gateway.app import GatewayApp
    from rogatory_gateway.config import GatewayConfig

_DEV_FOLDER = Path(".dev")
_DEV_PORT = 8443


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rogatory")
def gateway() -> None:
    """Run a Rogatory gateway.

    \b
    Example:
      rogatory-gateway serve --dev
    """


@gateway.command()
@click.option("--config", "config_path", type=click.Path(path_type=Path))
@click.option("--dev", is_flag=True, help="Throw-away keys and made-up parties.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=_DEV_FOLDER,
    show_default=True,
    help="With --dev: where everything is kept; made if missing.",
)
@click.option(
    "--port",
    type=click.IntRange(1, 65534),
    default=_DEV_PORT,
    show_default=True,
    help="With --dev, for a new folder: port of the gateway.",
)
@click.option("--fresh", is_flag=True, help="With --dev: begin anew with new keys.")
def serve(
    config_path: Path | None, dev: bool, folder: Path, port: int, fresh: bool
) -> None:
    """Serve until interrupted.

    \b
    Example:
      rogatory-gateway serve --dev
      rogatory-gateway serve --config /etc/rogatory/gateway.toml
    """
    if dev == (config_path is not None):
        raise click.UsageError("give either --config FILE or --dev")
    from rogatory_gateway.app import GatewayApp
    from rogatory_gateway.config import load_config
    from rogatory_gateway.dev import workspace
    from rogatory_gateway.logs import configure_logs
    from rogatory_gateway.rpc.server import require_free

    configure_logs()
    if config_path is not None:
        config = load_config(config_path)
    elif workspace.is_workspace(folder) and not fresh:
        config = workspace.open_workspace(folder)
    else:
        # Before the old folder goes: a port in use must not cost anybody their keys.
        require_free(f"localhost:{port}")
        config = workspace.make_workspace(folder, port=port)
    app = GatewayApp(config, dev=dev)
    app.start()
    _say(_dev_screen(app, folder) if dev else _screen(app))
    _wait_for_signal()
    click.echo("stopping: calls under way end first", err=True)
    app.stop()


@gateway.command()
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Envelope of the first directory statement.",
)
@click.option(
    "--profiles",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Envelope of the first profiles statement.",
)
def init(config_path: Path, directory: Path, profiles: Path) -> None:
    """Create a new log: its keys, its store and its first entries.

    \b
    Example:
      rogatory-gateway init --config gateway.toml \\
          --directory first-directory.bin --profiles first-profiles.bin
    """
    from rogatory_gateway.clocks import system_clock
    from rogatory_gateway.config import load_config
    from rogatory_gateway.setup import init_log

    config = load_config(config_path)
    if config.clock_offset is not None:
        raise DevelopmentOnly("dev.clock_offset", expected="the machine's clock")
    made = init_log(
        config,
        directory.read_bytes(),
        profiles.read_bytes(),
        clock=system_clock,
        dev=False,
    )
    for key in made.keys.verifier_keys:
        click.echo(key.encode())
    click.echo("compare by voice with every party before they trust it:", err=True)
    click.echo(f"  first directory statement  {_spoken(made.genesis)}", err=True)


@gateway.command()
@click.option("--config", "config_path", type=click.Path(path_type=Path), required=True)
@click.option("--dev", is_flag=True, help="The store was made with --dev.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def export(config_path: Path, folder: Path, dev: bool) -> None:
    """Write the log as static files (C2SP tlog-tiles) into FOLDER.

    \b
    Example:
      rogatory-gateway export --config gateway.toml public/log
    """
    from rogatory_gateway.config import load_config
    from rogatory_gateway.publish import Exporter
    from rogatory_gateway.store import open_store

    store = open_store(load_config(config_path).database, dev=dev)
    size = Exporter(store.read, folder).export()
    click.echo(f"{size} entries in {folder}")


def _screen(app: "GatewayApp") -> str:
    config: GatewayConfig = app.config
    addresses = " and ".join(dict.fromkeys((config.address, config.stream_address)))
    return f"serving {config.origin} on {addresses}"


def _dev_screen(app: "GatewayApp", folder: Path) -> str:
    fingerprint = app.keys.verifier_keys[0].encode()
    names = ", ".join(sorted(p.stem for p in (folder / "contexts").glob("*.toml")))
    return f"""
Rogatory DEV MODE. Keys are throw-away. NOT FOR REAL REQUESTS.

  gRPC (mutual TLS 1.3)  localhost:{app.port}
  log                    {app.config.origin}
  log key                {fingerprint}
  static log             {app.config.publish}
  contexts               {folder / "contexts"}: {names}

Next, in another terminal:
  export ROGATORY_CONTEXTS={(folder / "contexts").resolve()}
  rogatory --as regulator doctor
Ctrl-C to stop; `--fresh` begins anew."""


def _say(text: str) -> None:
    click.echo(text)
    sys.stdout.flush()


def _wait_for_signal() -> None:
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    done.wait()


def _spoken(digest: bytes) -> str:
    text = digest.hex()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def main() -> None:
    """Run the command; every error of ours becomes a text and exit code 1."""
    try:
        gateway(standalone_mode=True)
    except RogatoryError as error:
        click.echo(f"error: {error.explain()}", err=True)
        sys.exit(1)
