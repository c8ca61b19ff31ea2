"""The Rogatory gateway: admits signed messages, logs them, delivers them.

Nothing imports this package but its own command; clients and auditors need `rogatory`.
"""
