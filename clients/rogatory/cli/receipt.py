"""`rogatory receipt`: is this message in the log? Offline, from files alone."""

from pathlib import Path

import click

from rogatory.cli._app import App, json_option, pass_app
from rogatory.cli._click import Group
