"""The configuration is read strictly: what is not understood is refused by name."""

from pathlib import Path

import pytest

from rogatory.errors import ConfigInvalid
from rogatory_gateway.config import GatewayConfig, load_config

GOOD = """\
format = "rogatory-gateway/v1"
origin = "a.example/log"
trust_domain = "a.example"
address = "localhost:8443"
stream_address = "localhost:8444"

[tls]
certificate = "tls.pem"
key = "/etc/rogatory/tls.key"

[log]
keys = "keys"

[store]
database = "data/store.db"
blobs = "data/blobs"

[publish]
folder = "public"
"""


def _load(tmp_path: Path, text: str | bytes) -> GatewayConfig:
    path = tmp_path / "gateway.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_config(path)


def test_a_whole_configuration(tmp_path: Path) -> None:
    """Relative paths are relative to the file, absolute ones stay."""
    config = _load(tmp_path, GOOD)

    assert config == GatewayConfig(
        origin="a.example/log",
        trust_domain="a.example",
        address="localhost:8443",
        stream_address="localhost:8444",
        tls_certificate=tmp_path / "tls.pem",
        tls_key=Path("/etc/rogatory/tls.key"),
        log_keys=tmp_path / "keys",
        database=tmp_path / "data" / "store.db",
        blobs=tmp_path / "data" / "blobs",
        publish=tmp_path / "public",
        clock_offset=None,
    )


def test_what_is_optional_may_be_absent(tmp_path: Path) -> None:
    """Without a folder nothing is published; the clock is the machine's."""
    config = _load(tmp_path, GOOD.replace('[publish]\nfolder = "public"\n', ""))

    assert (config.publish, config.clock_offset) == (None, None)


REQUIRED = [
    "format",
    "origin",
    "trust_domain",
    "address",
    "stream_address",
    "certificate",
    "key",
    "keys",
    "database",
    "blobs",
]


@pytest.mark.parametrize("key", REQUIRED)
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    """There is no default for what decides where and what a log is."""
    lines = [line for line in GOOD.splitlines() if not line.startswith(f"{key} =")]

    with pytest.raises(ConfigInvalid) as caught:
        _load(tmp_path, "\n".join(lines))

    assert caught.value.thing.split(".")[-1].split(", ")[-1] == key


@pytest.mark.parametrize("value", ["1", "true", '""', '["a"]', "2026-01-01"])
def test_a_value_that_is_no_text_is_named(tmp_path: Path, value: str) -> None:
    """A key has a text, not something that looks like one."""
    with pytest.raises(ConfigInvalid, match="origin") as caught:
        _load(tmp_path, GOOD.replace('"a.example/log"', value))

    assert caught.value.expected == "a text"


UNKNOWN: dict[str, tuple[str, str]] = {
    "a key at the top": ('colour = "red"\n' + GOOD, "colour"),
    "a key in a table": (GOOD + 'mode = "fast"\n', "publish.mode"),
    "a table": (GOOD + '[postgres]\nurl = "x"\n', "postgres.url"),
    "an empty table": (GOOD + "[postgres]\n", "postgres"),
    "a table in a table": (GOOD + '[publish.more]\nx = "y"\n', "publish.more"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_unknown_is_named(tmp_path: Path, name: str) -> None:
    """A setting that has no effect is a mistake that nobody would notice."""
    text, key = UNKNOWN[name]

    with pytest.raises(ConfigInvalid) as caught:
        _load(tmp_path, text)

    assert (caught.value.expected, caught.value.got) == ("known keys", key)


def test_another_format_is_refused(tmp_path: Path) -> None:
    """A later format is not guessed at."""
    with pytest.raises(ConfigInvalid) as caught:
        _load(tmp_path, GOOD.replace("gateway/v1", "gateway/v2"))

    assert caught.value.got == "rogatory-gateway/v2"


@pytest.mark.parametrize(
    "content",
    [b"\xff\xfe", b"origin = ", b"[[tls]]\n", b'origin = "a"\norigin = "b"'],
    ids=["not UTF-8", "not TOML", "an array of tables", "a key twice"],
)
def test_what_is_no_toml(tmp_path: Path, content: bytes) -> None:
    """A file that cannot be read says so in one sentence."""
    with pytest.raises(ConfigInvalid):
        _load(tmp_path, content)


def test_more_than_64_kib(tmp_path: Path) -> None:
    """A configuration is small; anything else is another file."""
    with pytest.raises(ConfigInvalid, match="64 KiB"):
        _load(tmp_path, GOOD + "#" * (64 << 10))


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_a_file_that_cannot_be_read(tmp_path: Path, name: str) -> None:
    """No file, or a folder: the path and the reason are told."""
    with pytest.raises(ConfigInvalid, match="a readable file"):
        load_config(tmp_path / name)
