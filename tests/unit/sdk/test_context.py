"""Contexts: found by name, read strictly."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rogatory.context import Context, list_contexts, load_context, read_context
from rogatory.errors import ConfigInvalid, ContextUnknown
from rogatory.v1 import message_pb2

TEXT = """\
format = "rogatory-context/v1"
origin = "gateway.example/log"
address = "localhost:8443"
stream_address = "localhost:8444"
party = "example-regulator"
language = "en"
[tls]
server_ca = "../tls/ca.pem"
certificate = "../tls/own.pem"
key = "../tls/own.key"
[log]
vkeys = "../log.vkeys"
genesis = "{genesis}"
[[signer]]
id = "officer-1"
capacity = "issuer"
key = "officer.pem"
[[encryption_key]]
file = "seal.key"
[state]
folder = "../state"
""".format(genesis="ab" * 32)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Give what writes a context file."""

    def save(name: str = "regulator", text: str = TEXT, folder: str = "c") -> Path:
        path = tmp_path / folder / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return save


def test_every_value_is_read_and_paths_are_relative_to_the_file(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    """A context works from any working folder."""
    context = read_context(save())

    assert context.name == "regulator"
    assert context.origin == "gateway.example/log"
    assert (context.unit, context.test, context.clock_offset) == ("", False, None)
    assert context.server_ca == tmp_path / "tls" / "ca.pem"
    assert context.state == tmp_path / "state"
    assert context.genesis == bytes.fromhex("ab" * 32)
    assert context.signers[0].capacity == message_pb2.CAPACITY_ISSUER
    assert context.signers[0].capacity_name == "issuer"
    assert context.signers[0].key == tmp_path / "c" / "officer.pem"
    assert context.encryption_key_files == (tmp_path / "c" / "seal.key",)


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("rogatory-context/v1", "rogatory-context/v2", "format"),
        ('origin = "gateway.example/log"\n', "", "origin"),
        ('"example-regulator"', "7", "party"),
        ('"localhost:8443"', '"localhost"', "address"),
        ("[state]", "[states]", "state"),
        ("ab" * 32, "AB" * 32, "log.genesis"),
        ("ab" * 32, "ab", "log.genesis"),
        ('"issuer"', '"boss"', "signer[1].capacity"),
        ('language = "en"', 'language = "en"\nlangauge = "ko"', "langauge"),
        ('id = "officer-1"', 'id = "officer-1"\nname = "x"', "signer[1].name"),
        ('language = "en"', 'language = ""', "language"),
        ('language = "en"', 'language = "en"\ntest = "yes"', "test"),
        ("[[signer]]", "[signer]", "signer"),
        ("[tls]", "[tls", "TOML"),
    ],
)
def test_a_wrong_key_is_refused_by_name(
    save: Callable[..., Path], old: str, new: str, key: str
) -> None:
    """A misspelt or missing setting never means something else silently."""
    assert old in TEXT
    path = save(text=TEXT.replace(old, new, 1))

    with pytest.raises(ConfigInvalid) as refusal:
        read_context(path)

    assert key in str(refusal.value)


def test_two_signers_of_one_id_are_refused(save: Callable[..., Path]) -> None:
    """A signer is named by its id."""
    signer = TEXT[TEXT.index("[[signer]]") : TEXT.index("[[encryption_key]]")]

    with pytest.raises(ConfigInvalid, match="each signer once"):
        read_context(save(text=TEXT.replace(signer, signer * 2)))


def find(tmp_path: Path, name: str | None, **environ: str) -> Context:
    """Look a context up in an environment."""
    return load_context(name, environ=environ, cwd=tmp_path)


def test_a_name_is_found_in_each_folder_in_order(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    """What the environment names comes before what lies about."""
    home = str(tmp_path / "home")
    places = [
        "own",
        ".demo/contexts",
        ".dev/contexts",
        "home/.config/rogatory/contexts",
    ]
    for folder in reversed(places):
        path = save(folder=folder)
        found = find(tmp_path, "regulator", ROGATORY_CONTEXTS="own", HOME=home)
        assert found.path == path


def test_the_end_of_a_name_is_enough_if_it_is_the_only_one(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    """`regulator` finds `example-regulator`, unless there are two such."""
    path = save("example-regulator")

    assert find(tmp_path, "regulator", ROGATORY_CONTEXTS="c").path == path

    save("other-regulator")
    with pytest.raises(ContextUnknown, match=r"example-regulator or other-regulator"):
        find(tmp_path, "regulator", ROGATORY_CONTEXTS="c")


def test_a_path_is_taken_as_it_is(save: Callable[..., Path], tmp_path: Path) -> None:
    """A context need not be in a folder that is searched."""
    path = save("x", folder="elsewhere")

    assert find(tmp_path, "elsewhere/x.toml").path == path


def test_without_a_name_the_environment_decides(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    """ROGATORY_CONTEXT is the context of a shell."""
    path = save()

    environ = {"ROGATORY_CONTEXT": "regulator", "ROGATORY_CONTEXTS": "c"}
    assert find(tmp_path, None, **environ).path == path


@pytest.mark.parametrize("name", [None, "nobody", "no/such.toml"])
def test_an_unknown_context_says_where_it_was_looked_for(
    save: Callable[..., Path], tmp_path: Path, name: str | None
) -> None:
    """The message is enough to find the mistake."""
    save()

    with pytest.raises(ContextUnknown) as refusal:
        find(tmp_path, name, ROGATORY_CONTEXTS="c")

    assert "regulator" in str(refusal.value) or "a file" in str(refusal.value)


def test_a_misspelt_name_gets_the_one_that_is_meant(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    """A near match is offered, and the folders searched are named."""
    save()

    with pytest.raises(ContextUnknown, match="is regulator meant") as refusal:
        find(tmp_path, "regulater", ROGATORY_CONTEXTS="c")

    assert str(tmp_path / "c") in refusal.value.metadata["searched"]


def test_contexts_are_listed_once_each(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    """A name that is in two folders is the one that would be used."""
    first = save(folder="c")
    save(folder=".demo/contexts")
    save("police", folder=".demo/contexts")

    found = list_contexts(environ={"ROGATORY_CONTEXTS": "c"}, cwd=tmp_path)

    assert set(found) == {"regulator", "police"}
    assert found["regulator"] == first


def test_the_story_clock_is_ahead_by_the_seconds_in_its_file(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    """A story of days plays in seconds; without the file the clock is right."""
    text = TEXT + '[dev]\nclock_offset = "../offset"\n'
    context = read_context(save(text=text))
    plain = context.now()

    (tmp_path / "offset").write_text("3600\n")

    assert 3590 < (context.now() - plain).total_seconds() < 3660
    (tmp_path / "offset").write_text("soon")
    with pytest.raises(ConfigInvalid):
        context.now()


def test_keys_that_cannot_be_read_are_refused_by_file(
    save: Callable[..., Path],
) -> None:
    """A missing or damaged key is named when it is needed, not before."""
    context = read_context(save())
    (context.path.parent / "officer.pem").write_text("no key")
    (context.path.parent / "seal.key").write_text("no key")

    with pytest.raises(ConfigInvalid, match=r"officer\.pem"):
        context.signers[0].load_key()
    with pytest.raises(ConfigInvalid, match=r"seal\.key"):
        context.load_encryption_keys()
    with pytest.raises(ConfigInvalid, match=r"log\.vkeys"):
        context.load_verifier_keys()


def test_a_signer_that_is_not_there_is_refused_with_those_that_are(
    save: Callable[..., Path],
) -> None:
    """`--signer` with a wrong id."""
    with pytest.raises(ConfigInvalid, match="officer-1"):
        read_context(save()).signer("officer-9")
