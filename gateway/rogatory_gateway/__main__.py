"""`python -m rogatory_gateway`: the operator's command."""

from rogatory_gateway.cli import main

main()
