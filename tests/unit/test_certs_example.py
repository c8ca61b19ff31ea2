"""The commands of certs.example/README.md make what the gateway demands."""

import re
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from rogatory.directory import Directory, apply_statement, build_statement
from rogatory.errors import (
    CertificateInvalid,
    DevelopmentOnly,
    RogatoryError,
    UnknownIssuer,
)
from rogatory.v1 import directory_pb2 as pb
from rogatory.v1 import message_pb2
from rogatory_gateway.admission import Identities
from rogatory_gateway.app import _refuse_example
from rogatory_gateway.dev.parties import OPERATOR, REGULATOR
from tests.support.messages import Office

FOLDER = Path(__file__).parents[2] / "certs.example"
FILES = ("ca.cnf", "client.cnf")

if shutil.which("openssl") is None:
    pytest.skip("openssl is not on the path", allow_module_level=True)


def commands() -> list[str]:
    """Return the commands of the page, in order."""
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines()]


def run_all(folder: Path) -> None:
    """Run the commands in a folder."""
    for name in FILES:
        shutil.copy(FOLDER / name, folder)
    for command in commands():
        assert command.startswith("openssl ")
        subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which the commands were run as they stand."""
    folder = tmp_path_factory.mktemp("certs")
    run_all(folder)
    return folder


@pytest.fixture(scope="module")
def office() -> Office:
    """Return made-up parties, the regulator among them."""
    return Office()


def enrolled(office: Office, der: bytes) -> Directory:
    """Return the directory with one more CA of the regulator."""
    who = (OPERATOR, REGULATOR)
    statement = build_statement(
        office.directory,
        [
            pb.DirectoryRecord(
                certificate_authority=pb.CertificateAuthorityRecord(
                    party=REGULATOR, certificate=der, status=pb.RECORD_STATUS_ACTIVE
                )
            )
        ],
        create_time=office.founded,
        signatories=[
            message_pb2.Signatory(
                party=party,
                signer_id="registrar-1",
                capacity=message_pb2.CAPACITY_REGISTRAR,
            )
            for party in who
        ],
        keys=[office.parties[party].signer("registrar-1").key for party in who],
    )
    return apply_statement(office.directory, statement, 3)


def verify(pem: bytes, directory: Directory, now: datetime | None = None) -> str:
    """Let the gateway establish who calls with a certificate."""
    context = {"ssl_tls_version": [b"TLSv1.3"], "x509_pem_cert": [pem]}
    identities = Identities("gateway.example")
    return str(identities.verify(context, directory, now or datetime.now(UTC)))


def test_the_certificate_is_accepted(made: Path, office: Office) -> None:
    """The page's certificate meets every rule that the page states."""
    directory = enrolled(office, (made / "ca.der").read_bytes())

    peer = verify((made / "client.pem").read_bytes(), directory)

    assert peer == "example-regulator/desk"


def test_its_ca_must_be_enrolled(made: Path, office: Office) -> None:
    """The same certificate is nobody's before its CA is in the directory."""
    with pytest.raises(UnknownIssuer):
        verify((made / "client.pem").read_bytes(), office.directory)


def test_it_ends(made: Path, office: Office) -> None:
    """A certificate is refused on the day after its last."""
    directory = enrolled(office, (made / "ca.der").read_bytes())
    later = datetime.now(UTC) + timedelta(days=31)

    with pytest.raises(CertificateInvalid):
        verify((made / "client.pem").read_bytes(), directory, later)


@pytest.mark.parametrize("name", ["ca.pem", "client.pem"])
def test_unchanged_names_are_refused_outside_development(made: Path, name: str) -> None:
    """Who forgets to edit the files cannot run a real gateway with the result."""
    pem = (made / name).read_bytes()

    with pytest.raises(DevelopmentOnly):
        _refuse_example(pem, Path(name), dev=False)


URI = "URI:spiffe://gateway.example/example-regulator/desk"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("extendedKeyUsage = clientAuth\n", ""),
        ("extendedKeyUsage = clientAuth\n", "extendedKeyUsage = serverAuth\n"),
        ("basicConstraints = critical, CA:FALSE\n", ""),
        (URI, f"{URI}, {URI}2"),
        (URI, "DNS:desk.gateway.example"),
        (URI, "URI:spiffe://elsewhere.example/example-regulator/desk"),
        (URI, "URI:spiffe://gateway.example/example-regulator"),
    ],
    ids=[
        "no-usage",
        "server-usage",
        "no-constraints",
        "two-names",
        "dns-name",
        "other-domain",
        "no-system",
    ],
)
def test_every_rule_of_the_page_is_held(
    tmp_path: Path, made: Path, office: Office, before: str, after: str
) -> None:
    """A certificate that breaks one rule of the table is refused."""
    for name in ("ca.key", "ca.pem", "client.csr"):
        shutil.copy(made / name, tmp_path)
    text = (FOLDER / "client.cnf").read_text(encoding="utf-8")
    assert before in text
    (tmp_path / "client.cnf").write_text(text.replace(before, after), encoding="utf-8")
    issue = next(each for each in commands() if each.startswith("openssl x509 -req"))
    subprocess.run(issue.split(), cwd=tmp_path, check=True, capture_output=True)
    directory = enrolled(office, (made / "ca.der").read_bytes())

    with pytest.raises(RogatoryError) as caught:
        verify((tmp_path / "client.pem").read_bytes(), directory)
    assert caught.value.reason == "CERTIFICATE_INVALID"


def test_no_certificate_or_key_is_committed() -> None:
    """The folder holds text that says how, and nothing that was made."""
    ignored = (FOLDER / ".gitignore").read_text(encoding="utf-8").splitlines()

    assert ignored[1] == "*"
    assert {line[1:] for line in ignored if line.startswith("!")} == {
        ".gitignore",
        "README.md",
        *FILES,
    }


def test_the_ca_issues_leaves_only(made: Path) -> None:
    """A path length of 0 keeps the party's CA from making other CAs."""
    ca = x509.load_pem_x509_certificate((made / "ca.pem").read_bytes())
    constraints = ca.extensions.get_extension_for_class(x509.BasicConstraints).value

    assert (constraints.ca, constraints.path_length) == (True, 0)
