"""Rogatory: signed requests and answers over mutual TLS, in a verifiable log.

The package for everybody but the operator of a gateway: authorities, platforms and
auditors. The server is `rogatory_gateway`.
"""

__version__ = "0.1.0"
