"""`rogatory`: the command line of clerks, legal teams, lawyers and auditors.

Contract:

* Data goes to stdout, talk to stderr. Reading verbs take `--json`; the shapes are in
  docs/cli-json.md and stable.
* Exit codes: 0 ok, 1 failed, 2 usage, 3 verification failed and nothing else, 4 not
  authorised, 5 unreachable or try again, 130 interrupted (docs/cli.md).
* Nothing that another party wrote reaches the terminal unsanitised.
* Files are made with mode 0600 and never overwritten unless `--force` is given.
* Importing this package imports click and nothing else of weight; each verb imports
  what it needs. `rogatory --help` and `rogatory log verify` never import grpc.
"""

import sys


def main() -> None:
    """Run the command line; the console script."""
    # Signals first: loading the rest takes longer than an impatient Ctrl-C.
    from rogatory.cli import _signals

    try:
        _signals.install()
        from rogatory.cli._main import run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        sys.exit(130)


__all__ = ["main"]
