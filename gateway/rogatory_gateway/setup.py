"""Creating a log: explicit, once, and logged from its first entry on.

Entry 0 is `start`, entry 1 the first directory statement, entry 2 the first profiles
statement. Both statements are verified here exactly as everybody will verify them.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from rogatory.directory import (
    Directory,
    ProfileSet,
    apply_profiles,
    apply_statement,
)
from rogatory.envelope import DIRECTORY_TYPE, PROFILES_TYPE, parse_envelope
from rogatory.errors import StoreExists
from rogatory_gateway.config import GatewayConfig
from rogatory_gateway.journal import (
    Journal,
    LogKeys,
    Statement,
    make_log_keys,
    remove_log_keys,
)
from rogatory_gateway.journal.journal import append_all, begin_log
from rogatory_gateway.store import create_store

_DIRECTORY_INDEX = 1
_PROFILES_INDEX = 2


@dataclass(frozen=True, slots=True)
class NewLog:
    """What `init` made.

    Attributes:
        keys: The log's keys.
        genesis: SHA-256 of the first directory statement, to be compared by voice.
    """

    keys: LogKeys
    genesis: bytes


def init_log(
    config: GatewayConfig,
    directory: bytes,
    profiles: bytes,
    *,
    clock: Callable[[], datetime],
    dev: bool,
) -> NewLog:
    """Create keys, store and log of a new gateway.

    Args:
        config: Where everything goes.
        directory: Envelope of the first directory statement.
        profiles: Envelope of the first profiles statement.
        clock: The time source.
        dev: Only for development, with throw-away keys.

    Raises:
        StoreExists: There is a log in this place; nothing was touched.
        RogatoryError: A statement does not verify; nothing was made.
    """
    first = apply_statement(Directory(config.origin), directory, _DIRECTORY_INDEX)
    empty = ProfileSet(config.origin)
    apply_profiles(empty, first, profiles, _PROFILES_INDEX)
    if config.database.exists():
        raise StoreExists(f"store {config.database}", expected="no file there")
    keys = make_log_keys(config.log_keys, config.origin)
    # A crash from here on leaves keys without a log, which the next `init` names.
    try:
        _make_store(config, keys, directory, profiles, clock=clock, dev=dev)
    except BaseException:
        remove_log_keys(config.log_keys)
        raise
    return NewLog(keys, first.digest)


def _make_store(
    config: GatewayConfig,
    keys: LogKeys,
    directory: bytes,
    profiles: bytes,
    *,
    clock: Callable[[], datetime],
    dev: bool,
) -> None:
    """Make the store beside its place and move it there when the log is whole."""
    building = config.database.with_name(f"{config.database.name}.new")
    for suffix in ("", "-wal", "-shm"):  # of an earlier run that was killed
        building.with_name(building.name + suffix).unlink(missing_ok=True)
    store = create_store(building, origin=config.origin, dev=dev)
    try:
        begin_log(store, keys, clock())
        append_all(
            Journal(store, keys, clock),
            [
                _statement("directory", directory, DIRECTORY_TYPE),
                _statement("profiles", profiles, PROFILES_TYPE),
            ],
        )
    finally:
        store.close()  # which empties the write-ahead log into the file
    building.replace(config.database)
    descriptor = os.open(config.database.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _statement(kind: str, raw: bytes, payload_type: str) -> Statement:
    envelope = parse_envelope(raw, payload_type=payload_type)
    return Statement(kind, raw, envelope.digest)
