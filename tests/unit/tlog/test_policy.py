"""tlog-policy: the whole grammar, and what a policy accepts."""

import itertools
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from rogatory.errors import LimitExceeded, Malformed, NoteUnverified
from rogatory.tlog import (
    Checkpoint,
    KeyType,
    NoteSigner,
    Policy,
    PolicyGroup,
    PolicyKey,
    VerifierKey,
    encode_note,
    encode_policy,
    log_policy,
    parse_note,
    parse_policy,
    sign_checkpoint,
    verify_policy,
)
from tests.unit.tlog.model import (
    ED25519,
    LOG_KEYS,
    LOG_SIGNERS,
    MLDSA44,
    NOW,
    ORIGIN,
    STRANGER,
)

WITNESSES = tuple(
    NoteSigner.from_ed25519_cosigner(
        f"witness.example/{name}",
        Ed25519PrivateKey.from_private_bytes(bytes([at]) * 32),
    )
    for at, name in enumerate(["x1", "x2", "x3", "y1", "y2", "y3"], 1)
)
NAMES = ("X1", "X2", "X3", "Y1", "Y2", "Y3")
LOG_LINE = f"log {ED25519.verifier_key.encode()}\n"
LINES = [
    f"witness {name} {signer.verifier_key.encode()}\n"
    for name, signer in zip(NAMES, WITNESSES, strict=True)
]
EXAMPLE = "".join(
    [
        LOG_LINE,
        "\n",
        *LINES[:3],
        "group X-witnesses 2 X1 X2 X3\n",
        "\n",
        *LINES[3:],
        "group Y-witnesses any Y1 Y2 Y3\n",
        "\n",
        "group X-and-Y all X-witnesses Y-witnesses\n",
        "quorum X-and-Y\n",
    ]
).encode()
"""The example of the specification, with keys."""

HEAD = Checkpoint(ORIGIN, 7, bytes(range(32)))


def signed(*signers: NoteSigner) -> bytes:
    """Return a checkpoint signed by these."""
    return sign_checkpoint(HEAD, signers, NOW)


def policy(*lines: str) -> bytes:
    """Return a policy file of a log, a witness W, and some lines."""
    return "".join([LOG_LINE, LINES[0].replace("X1", "W"), *lines]).encode()


# --- reading --------------------------------------------------------------------------


def test_the_example_of_the_specification_is_read() -> None:
    """Logs, witnesses and groups of groups, with their thresholds."""
    found = parse_policy(EXAMPLE)

    assert [log.key for log in found.logs] == [ED25519.verifier_key]
    assert tuple(found.witnesses) == tuple(name.encode() for name in NAMES)
    assert found.groups[b"X-witnesses"] == PolicyGroup(2, (b"X1", b"X2", b"X3"))
    assert found.groups[b"Y-witnesses"].threshold == 1
    assert found.groups[b"X-and-Y"].threshold == 2
    assert found.quorum == b"X-and-Y"


def test_a_policy_is_read_as_written() -> None:
    """Writing and reading give the same policy; `all` and `any` are kept as words."""
    found = parse_policy(EXAMPLE)
    written = encode_policy(found)

    assert parse_policy(written) == found
    assert b"group Y-witnesses any Y1" in written
    assert b"group X-and-Y all X-witnesses" in written


def test_space_tabs_comments_and_empty_lines_mean_nothing() -> None:
    """White space is space and tab, anywhere; `#` begins a line."""
    loose = b"# ours \xff\n \t# too\n\n" + EXAMPLE.replace(b" ", b" \t ").replace(
        b"quorum", b"\t quorum"
    ).replace(b"X-and-Y\n", b"X-and-Y \t\n")

    assert parse_policy(loose) == parse_policy(EXAMPLE)


def test_names_and_urls_are_octets() -> None:
    """Not UTF-8, not normalised: K and the Kelvin sign are two names."""
    names = [b"K", "\u212a".encode(), b"\xff\xfe", b"#1"]
    lines = [
        b"witness %s %s https://\xff.example/\n" % (name, line.split()[2].encode())
        for name, line in zip(names, LINES, strict=False)
    ]
    raw = b"".join([*lines, b"quorum \xff\xfe\n"])

    found = parse_policy(raw)

    assert list(found.witnesses) == names
    assert found.witnesses[b"K"].url == b"https://\xff.example/"
    assert encode_policy(found) == raw


def test_a_policy_may_have_no_logs_and_no_witnesses() -> None:
    """Only the quorum is mandatory; such a policy accepts nothing by itself."""
    found = parse_policy(b"quorum none\n")

    assert found == Policy(())
    with pytest.raises(NoteUnverified, match="a signature by a log of the policy"):
        verify_policy(signed(ED25519), found)


def test_a_log_may_have_a_url() -> None:
    """It is kept, and means nothing here."""
    raw = LOG_LINE.replace("\n", " https://log.example/\nquorum none\n").encode()

    assert parse_policy(raw).logs[0].url == b"https://log.example/"


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "policy: expected a quorum line, got none"),
        (b"quorum none", "a newline at its end"),
        (b"# quorum none\n", "a quorum line"),
        (b"quorum none\nquorum none\n", "line 2, policy quorum: expected exactly one"),
        (b"quorum\n", "line 1, words"),
        (b"quorum none none\n", "line 1, words"),
        (b"Quorum none\n", "line 1, words"),
        (b"quorum none # yes\n", "line 1, words"),
        (b"quorum W\n", "line 1, policy quorum: expected none, or a name"),
        (b"quorum none\r\n", "line 1, octets: expected no control"),
        (b"\x0bquorum none\n", "no control"),
        (b"#\x00\nquorum none\n", "no control"),
        (b"quorum none\x7f\n", "no control"),
        (b"log\nquorum none\n", "line 1, words"),
        (b"log x\nquorum none\n", "line 1, vkey"),
        (b"log \xff\nquorum none\n", "line 1, vkey: expected UTF-8"),
        (policy("log x y z\n"), "line 3, words"),
        (policy(LOG_LINE), "line 3, policy log: expected each public key once"),
        (policy(LINES[0]), "line 3, policy witness: expected each public key once"),
        (policy(LINES[1].replace("X2", "W")), "line 3, policy name.*not taken"),
        (policy(LINES[1].replace("X2", "none")), "line 3, policy name.*not taken"),
        (policy("witness V\n"), "line 3, words"),
        (policy(LOG_LINE.replace("log ", "witness V ")), "type 04, 06, got 01"),
        (policy("group G all\n"), "line 3, words"),
        (policy("group G W\n"), "line 3, words"),
        (policy("group W all W\n"), "policy name"),
        (policy("group none all W\n"), "policy name"),
        (policy("group G all none\n"), "members that lines above it define"),
        (policy("group G all G\n"), "members that lines above it define"),
        (policy("group G all H\n", "group H all W\n"), "line 3, policy group"),
        (policy("group G all W W\n"), "each name a member once"),
        (policy("group G all W\n", "group H any W\n"), "line 4.*member once"),
        (policy("group G 01 W\n"), "all, any or a number"),
        (policy("group G +1 W\n"), "all, any or a number"),
        (policy("group G ALL W\n"), "all, any or a number"),
        (policy("group G 0 W\n"), "all, any or a number"),
        (policy("quorum G\n", "group G all W\n"), "line 3, policy quorum"),
    ],
)
def test_what_is_no_policy_is_refused(raw: bytes, reason: str) -> None:
    """Each deviation from the grammar is named with its line."""
    with pytest.raises(Malformed, match=reason):
        parse_policy(raw)


def test_a_threshold_has_as_many_members() -> None:
    """1 <= k <= n."""
    with pytest.raises(LimitExceeded, match="line 3, policy threshold"):
        parse_policy(policy("group G 2 W\n", "quorum G\n"))


def test_one_underlying_key_is_one_witness() -> None:
    """Another name and key id do not make it a second one."""
    twin = VerifierKey.of(
        "other.example", KeyType.ED25519_COSIGNATURE, WITNESSES[0].verifier_key.public
    )
    with pytest.raises(Malformed, match="each public key once"):
        parse_policy(policy(f"witness V {twin.encode()}\n"))


def test_limits_come_first() -> None:
    """A long file is refused by its length; 256 lines of a kind are read."""
    with pytest.raises(LimitExceeded, match="policy: expected at most 524288 bytes"):
        parse_policy(b"\xff" * 600_000)
    keys = [
        VerifierKey.of(f"log{at}", KeyType.ED25519, at.to_bytes(32, "big"))
        for at in range(257)
    ]
    lines = [f"log {key.encode()}\n".encode() for key in keys]
    assert len(parse_policy(b"".join([*lines[:256], b"quorum none\n"])).logs) == 256
    with pytest.raises(LimitExceeded, match="line 257, policy: expected at most 256"):
        parse_policy(b"".join([*lines, b"quorum none\n"]))


def test_a_policy_value_can_be_written() -> None:
    """What would not be read is no policy, and its mappings cannot be changed."""
    key = PolicyKey(WITNESSES[0].verifier_key)
    with pytest.raises(Malformed, match="octets without space"):
        Policy((), {b"a name": key})
    with pytest.raises(Malformed, match="octets without space"):
        PolicyKey(WITNESSES[0].verifier_key, b"https://x\ny")
    with pytest.raises(Malformed, match="members"):
        Policy((), {b"W": key}, {b"G": PolicyGroup(1, (b"V",))})
    with pytest.raises(LimitExceeded, match="threshold"):
        Policy((), {b"W": key}, {b"G": PolicyGroup(0, (b"W",))})
    with pytest.raises(TypeError):
        Policy((), {b"W": key}).witnesses[b"V"] = key  # type: ignore[index]


# --- applying -------------------------------------------------------------------------


def test_every_subset_of_the_example_is_judged_by_its_rule() -> None:
    """Two of X and one of Y, for all 64 sets of witnesses."""
    found = parse_policy(EXAMPLE)
    for chosen in itertools.product([False, True], repeat=6):
        signers = [who for who, yes in zip(WITNESSES, chosen, strict=True) if yes]
        raw = signed(ED25519, *signers)
        if sum(chosen[:3]) >= 2 and any(chosen[3:]):
            assert verify_policy(raw, found).size == 7
        else:
            with pytest.raises(NoteUnverified, match="the quorum X-and-Y"):
                verify_policy(raw, found)


def test_a_single_witness_can_be_the_quorum() -> None:
    """Then its cosignature is needed, and nobody else's."""
    found = parse_policy(policy("quorum W\n"))

    verify_policy(signed(ED25519, WITNESSES[0]), found)
    with pytest.raises(NoteUnverified, match="quorum W"):
        verify_policy(signed(ED25519, WITNESSES[1]), found)


def test_witnesses_do_not_replace_the_log() -> None:
    """A quorum of cosignatures of what no log signed is nothing."""
    with pytest.raises(NoteUnverified, match="a signature by a log of the policy"):
        verify_policy(signed(*WITNESSES), parse_policy(EXAMPLE))


def test_any_one_of_the_logs_is_enough() -> None:
    """The specification's rule, which is why ours is made by `log_policy`."""
    two = Policy(tuple(PolicyKey(key) for key in LOG_KEYS))

    verify_policy(signed(ED25519), two)
    verify_policy(signed(MLDSA44), two)


def test_a_log_does_not_sign_for_another_origin() -> None:
    """A key's name is its log's origin; and the caller may name the log."""
    found = Policy((PolicyKey(ED25519.verifier_key), PolicyKey(STRANGER.verifier_key)))

    with pytest.raises(NoteUnverified, match="a log of the policy"):
        verify_policy(signed(STRANGER), found)
    with pytest.raises(NoteUnverified, match="checkpoint origin"):
        verify_policy(signed(ED25519), found, origin="stranger.example")
    verify_policy(signed(ED25519), found, origin=ORIGIN)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_failing_signature_of_a_known_key_rejects(at: int) -> None:
    """The log's, that of the quorum, and one that would not be needed."""
    note = parse_note(signed(ED25519, *WITNESSES[:2]))
    lines = list(note.signatures)
    blob = bytearray(lines[at].signature)
    blob[-1] ^= 1
    lines[at] = replace(lines[at], signature=bytes(blob))
    raw = encode_note(replace(note, signatures=tuple(lines)))

    with pytest.raises(NoteUnverified, match="signature of"):
        verify_policy(raw, parse_policy(policy(LINES[1], "quorum W\n")))


def test_strangers_are_ignored() -> None:
    """Signatures of keys that are not in the policy change nothing."""
    raw = signed(ED25519, WITNESSES[0], STRANGER, WITNESSES[5])

    assert len(verify_policy(raw, parse_policy(policy("quorum W\n"))).signers) == 2


def test_what_is_no_checkpoint_is_not_verified() -> None:
    """Whoever verifies is told that verification failed."""
    with pytest.raises(NoteUnverified):
        verify_policy(b"nothing", parse_policy(EXAMPLE))


# --- ours -----------------------------------------------------------------------------


@pytest.mark.parametrize("witnesses", [(), WITNESSES[:2]])
def test_both_keys_of_our_log_must_sign(witnesses: tuple[NoteSigner, ...]) -> None:
    """With and without witnesses, "both" is not "either"."""
    found = log_policy(LOG_KEYS, [each.verifier_key for each in witnesses])
    found = parse_policy(encode_policy(found))

    verify_policy(signed(*LOG_SIGNERS, *witnesses), found)
    for half in LOG_SIGNERS:
        with pytest.raises(NoteUnverified):
            verify_policy(signed(half, *witnesses), found)


@pytest.mark.parametrize("quorum", [1, 2, 3, None])
def test_as_many_witnesses_as_the_quorum_says(quorum: int | None) -> None:
    """All of them unless a number is given."""
    three = WITNESSES[:3]
    found = log_policy(LOG_KEYS, [each.verifier_key for each in three], quorum)
    for count in range(4):
        raw = signed(*LOG_SIGNERS, *three[:count])
        if count >= (quorum or 3):
            verify_policy(raw, found)
        else:
            with pytest.raises(NoteUnverified):
                verify_policy(raw, found)


def test_a_witness_with_two_keys_counts_with_both() -> None:
    """Its keys are one witness, and either of them is none."""
    quantum = NoteSigner.from_mldsa44(
        "witness.example/x1", MLDSA44PrivateKey.from_seed_bytes(bytes([77]) * 32)
    )
    pair = (WITNESSES[0], quantum)
    keys = [each.verifier_key for each in (*pair, WITNESSES[1])]
    found = log_policy(LOG_KEYS, keys, 1)

    verify_policy(signed(*LOG_SIGNERS, *pair), found)
    verify_policy(signed(*LOG_SIGNERS, WITNESSES[1]), found)
    for half in pair:
        with pytest.raises(NoteUnverified):
            verify_policy(signed(*LOG_SIGNERS, half), found)


def test_names_of_witnesses_cannot_take_the_place_of_ours() -> None:
    """A witness that calls itself like one of our groups changes nothing."""
    keys = []
    for at, name in enumerate(["log", "witnesses", "log-and-witnesses"], 40):
        private = Ed25519PrivateKey.from_private_bytes(bytes([at]) * 32)
        keys.append(NoteSigner.from_ed25519_cosigner(name, private))
    found = log_policy(LOG_KEYS, [each.verifier_key for each in keys])

    verify_policy(signed(*LOG_SIGNERS, *keys), found)
    with pytest.raises(NoteUnverified):
        verify_policy(signed(ED25519, *keys), found)


def test_a_log_of_one_key_needs_that_key() -> None:
    """Somebody else's log, without witnesses: `quorum none`."""
    found = log_policy(LOG_KEYS[:1])

    assert found.quorum == b"none"
    verify_policy(signed(ED25519), found)


def test_a_policy_that_cannot_be_met_is_not_made() -> None:
    """More witnesses than there are, fewer than one, no log key, a key twice."""
    one = WITNESSES[0].verifier_key
    for quorum in (0, 2, -1):
        with pytest.raises(LimitExceeded):
            log_policy(LOG_KEYS, [one], quorum)
    with pytest.raises(LimitExceeded):
        log_policy(LOG_KEYS, [], 1)
    with pytest.raises(Malformed, match="one Ed25519 key"):
        log_policy(LOG_KEYS[1:], [one])
    with pytest.raises(Malformed):
        log_policy(LOG_KEYS, [one, one])
