"""The contract of a store: what was appended is there, whole, also after reopening."""

import stat
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from rogatory.errors import (
    ConfigInvalid,
    DevelopmentOnly,
    LogUnavailable,
    StoreExists,
)
from rogatory.tlog import Tile
from rogatory_gateway.store import Head, Rows, Store, create_store, open_store

HEAD = Head(2, b"\1" * 32, 1_800_000_000, b"checkpoint", 1, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Give a place for a store."""
    return tmp_path / "deep" / "store.db"


@pytest.fixture
def store(path: Path) -> Store:
    """Give an empty store."""
    return create_store(path, origin="a.example/log", dev=True)


def _message(index: int, exchange: str = "e", position: int = 0) -> dict[str, object]:
    return {
        "idx": index,
        "message_id": f"m{index}",
        "exchange_id": exchange,
        "position": position,
        "kind": "removal_request",
        "sender": "a",
        "payload_digest": b"\2" * 32,
        "envelope": b"envelope %d" % index,
        "openings": b"",
        "sealed_digests": b"",
    }


def _rows(*indices: int, party: str = "b") -> Rows:
    rows = Rows()
    for position, index in enumerate(indices):
        rows.entry.append({"idx": index, "body": b"entry %d" % index})
        rows.message.append(_message(index, position=position))
        rows.delivery.append({"party": party, "number": position + 1, "idx": index})
    return rows


# --- creating and opening ------------------------------------------------------------


def test_a_store_keeps_what_was_fixed_when_it_was_made(
    store: Store, path: Path
) -> None:
    """Origin and development mode are the store's own, not the configuration's."""
    store.close()

    again = open_store(path, dev=True)

    assert (again.origin, again.dev) == ("a.example/log", True)
    again.close()


def test_only_the_owner_reads_the_file(store: Store, path: Path) -> None:
    """Ciphertexts and openings are nobody else's."""
    store.close()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_store_is_made_once(store: Store, path: Path) -> None:
    """A second creation touches nothing."""
    store.close()
    before = path.read_bytes()

    with pytest.raises(StoreExists):
        create_store(path, origin="b.example/log", dev=True)

    assert path.read_bytes() == before


def test_a_store_that_is_not_there_is_not_made_by_opening(path: Path) -> None:
    """A typing mistake in a path does not begin a second log."""
    with pytest.raises(ConfigInvalid, match="init"):
        open_store(path, dev=True)

    assert not path.exists()


@pytest.mark.parametrize("made_with_dev", [True, False])
def test_development_and_real_stores_are_kept_apart(
    path: Path, made_with_dev: bool
) -> None:
    """Neither is opened as the other: throw-away keys sign nothing real."""
    create_store(path, origin="a.example/log", dev=made_with_dev).close()

    with pytest.raises(DevelopmentOnly):
        open_store(path, dev=not made_with_dev)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 100])
def test_a_file_that_is_no_store_is_refused(path: Path, content: bytes) -> None:
    """Whatever lies there, the operator gets one sentence and no traceback."""
    path.parent.mkdir()
    path.write_bytes(content)

    with pytest.raises(ConfigInvalid):
        open_store(path, dev=True)


def test_a_store_of_another_schema_is_refused(store: Store, path: Path) -> None:
    """A newer gateway's store is not touched by an older one."""
    with store._writer.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()

    with pytest.raises(ConfigInvalid) as caught:
        open_store(path, dev=True)

    assert caught.value.got == "schema 9999"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A folder that is a file is told as a mistake of the settings."""
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(ConfigInvalid, match="a place to write"):
        create_store(tmp_path / "file" / "store.db", origin="a.example", dev=True)


# --- appending and reading -----------------------------------------------------------


def test_an_empty_store_has_no_head(store: Store) -> None:
    """Nothing is there before the first append."""
    with store.appending() as tx:
        assert tx.head() is None
    assert store.read.head() is None
    assert store.read.entries(0, 10) == []
    store.close()


def test_what_was_appended_is_read_back_after_reopening(
    store: Store, path: Path
) -> None:
    """Head, entries, messages, inbox, tiles, counters: all of one transaction."""
    rows = _rows(0, 1)
    rows.counter["b"] = {"sent": 0, "received": 2}
    rows.statement.append({"idx": 0, "kind": "directory", "envelope": b"statement"})
    with store.appending() as tx:
        tx.write(HEAD, rows, [Tile(0, 0, b"\3" * 64)])
    store.close()

    again = open_store(path, dev=True)
    read = again.read

    assert read.head() == HEAD
    assert read.entries(0, 2) == [b"entry 0", b"entry 1"]
    assert read.entries(1, 2) == [b"entry 1"]
    assert read.tile(0, 0) == b"\3" * 64
    assert read.tile(1, 0) == b""
    assert [m.envelope for m in read.inbox("b", 0, 10)] == [
        b"envelope 0",
        b"envelope 1",
    ]
    assert [m.index for m in read.inbox("b", 1, 10)] == [1]
    assert read.inbox("a", 0, 10) == []
    assert [m.index for m in read.messages("e", -1, 10)] == [0, 1]
    assert [m.index for m in read.messages("e", 0, 10)] == [1]
    assert read.statements(-1, 10) == [(0, "directory", b"statement", b"entry 0")]
    found = read.message_by_id("m1")
    assert found is not None
    assert (found[0].index, found[0].entry, found[1]) == (1, b"entry 1", b"\2" * 32)
    with again.appending() as tx:
        assert tx.counters(["a", "b"]) == {"b": (0, 2)}
        assert tx.known_messages(["m0", "m9"]) == {"m0": (0, b"\2" * 32)}
    again.close()


def test_an_append_that_fails_leaves_nothing(store: Store) -> None:
    """All of a batch or none of it."""
    failure = RuntimeError("in the middle")
    with pytest.raises(RuntimeError), store.appending() as tx:  # noqa: PT012
        tx.write(HEAD, _rows(0, 1), [Tile(0, 0, b"\3" * 64)])
        raise failure

    assert store.read.head() is None
    assert store.read.entries(0, 10) == []
    assert store.read.message_by_id("m0") is None
    assert store.read.tile(0, 0) == b""
    store.close()


def test_a_second_entry_at_the_same_index_is_impossible(store: Store) -> None:
    """The database itself refuses to write history twice."""
    with store.appending() as tx:
        tx.write(HEAD, _rows(0), [])

    with pytest.raises(LogUnavailable), store.appending() as tx:
        tx.write(HEAD, _rows(0), [])

    store.close()


def test_a_message_id_is_unique_in_the_database_too(store: Store) -> None:
    """The last line of defence against a doubled message."""
    with store.appending() as tx:
        tx.write(HEAD, _rows(0), [])
    rows = _rows(1)
    rows.message[0]["message_id"] = "m0"
    rows.delivery[0]["number"] = 2

    with pytest.raises(LogUnavailable), store.appending() as tx:
        tx.write(HEAD, rows, [])

    store.close()


def test_a_tile_and_a_head_are_replaced_in_place(store: Store) -> None:
    """The growing edge has one row per tile, the head has one row."""
    with store.appending() as tx:
        tx.write(HEAD, Rows(), [Tile(0, 0, b"\3" * 32)])
    longer = Head(3, b"\4" * 32, HEAD.time + 1, b"newer", 1, 2)
    with store.appending() as tx:
        tx.write(longer, Rows(), [Tile(0, 0, b"\3" * 64)])

    assert store.read.head() == longer
    assert store.read.tile(0, 0) == b"\3" * 64
    store.close()


def test_readers_see_nothing_of_an_append_under_way(store: Store) -> None:
    """What is not committed is not delivered."""
    with store.appending() as tx:
        tx.write(HEAD, _rows(0), [])
        under_way = store.read.head(), store.read.inbox("b", 0, 10)

    assert under_way == (None, [])
    assert store.read.head() == HEAD
    store.close()


def test_one_appends_while_another_waits(store: Store) -> None:
    """The head's lock: appends never mix, whoever holds it longer."""
    order: list[str] = []
    inside = threading.Event()

    def second() -> None:
        inside.wait()
        with store.appending():
            order.append("second")

    thread = threading.Thread(target=second)
    thread.start()
    with store.appending() as tx:
        inside.set()
        tx.write(HEAD, Rows(), [])
        order.append("first")
    thread.join()

    assert order == ["first", "second"]
    store.close()


def test_an_error_of_the_database_names_no_values(store: Store) -> None:
    """Parameters are identifiers and payload: no text ever has them."""
    with store.appending() as tx:
        tx.write(HEAD, _rows(0), [])

    with pytest.raises(LogUnavailable) as caught, store.appending() as tx:
        tx.write(HEAD, _rows(0), [])

    assert "envelope 0" not in f"{caught.value} {caught.value.__cause__}"
    store.close()


def test_a_closed_log_cannot_be_read_and_says_so(store: Store, path: Path) -> None:
    """A file that goes away under a running gateway is no internal error."""
    store.close()
    path.unlink()
    path.mkdir()

    with pytest.raises((LogUnavailable, ConfigInvalid)):
        store.read.head()


# --- uploads -------------------------------------------------------------------------


def test_an_upload_is_announced_once_and_completed(store: Store) -> None:
    """The first announcement stands; only whole uploads are found by messages."""
    digest = b"\5" * 32
    store.announce_upload("p", digest, 10)

    again = store.announce_upload("p", digest, 99)

    assert (again.size, again.complete) == (10, False)
    assert store.read.uploads("p", [digest]) == {}
    store.complete_upload("p", digest)
    assert store.read.uploads("p", [digest]) == {digest: 10}
    assert store.read.uploads("q", [digest]) == {}
    assert store.upload("q", digest) is None
    store.close()
