"""Options that several verbs share."""

from pathlib import Path

import click

VKEYS = click.option(
    "--vkeys",
    metavar="FILE",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The log's public keys, one vkey a line, got from somebody you trust.",
)
EVIDENCE = click.option(
    "--evidence",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="If it fails, copy what was compared into a new folder in here.",
)
DRY_RUN = click.option(
    "--dry-run",
    is_flag=True,
    help="Check everything and show what would be signed; sign and send nothing.",
)
EXCHANGE = click.argument("exchange_id", metavar="EXCHANGE")
SIGNER = click.option(
    "--signer",
    metavar="ID",
    help="Who of your context signs; otherwise the first who may.",
)
