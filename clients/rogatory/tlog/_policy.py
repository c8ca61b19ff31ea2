r"""Trust policies: whose signatures make a checkpoint good enough (C2SP tlog-policy).

    log <vkey> [<url>]                    any one of the logs must have signed
    witness <name> <vkey> [<url>]         a name for use below
    group <name> all|any|<k> <member>...  at least k of the members, groups included
    quorum <name>|none                    exactly one

The file is octets: names are compared as bytes, white space is space and tab, `#`
begins a line that is a comment. A group and the quorum refer to names of lines above
them; each name is a member at most once. An error names the line.

The specification accepts a checkpoint that any *one* of the listed logs signed. A log
of ours signs with two keys, of which the second must not become optional: `log_policy`
lists the Ed25519 key as the log and puts the ML-DSA-44 key, as a witness of its own
log, into an `all` group with the quorum, so that every reader of policies demands both.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from rogatory.errors import InputError, LimitExceeded, Malformed, NoteUnverified
from rogatory.tlog._checkpoint import parse_checkpoint_text
from rogatory.tlog._codec import as_verification, refuse_longer, refuse_outside
from rogatory.tlog._keys import KeyType, VerifierKey
from rogatory.tlog._note import parse_note
from rogatory.tlog._signing import VerifiedCheckpoint, verify_checkpoint

MAX_POLICY = 512 * 1024
"""250 ML-DSA-44 witnesses with their URLs fit; the next limit is rarely met first."""

MAX_OF_A_KIND = 256
"""Logs, witnesses and groups, each; the specification asks for at least 32."""

NO_QUORUM = b"none"
"""The predefined name of the quorum that nobody needs to cosign for."""

_WITNESS_TYPES = frozenset({KeyType.ED25519_COSIGNATURE, KeyType.MLDSA44})
"""tlog-cosignature; tlog-checkpoint lets a log sign with any type."""

_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_WORD = re.compile(rb"[\x21-\x7e\x80-\xff]+")
_SPACE = re.compile(rb"[ \t]+")
_NUMBER = re.compile(rb"[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class PolicyKey:
    """A log or a witness: its key, and where it can be reached, if that is said."""

    key: VerifierKey
    url: bytes = b""

    def __post_init__(self) -> None:
        """Refuse what has no encoding."""
        if self.url:
            _refuse_no_word(self.url, "policy url")


@dataclass(frozen=True, slots=True)
class PolicyGroup:
    """Witnesses and groups of which `threshold` must have cosigned."""

    threshold: int
    members: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy; `verify_policy` applies it."""

    logs: tuple[PolicyKey, ...]
    """Any one of them must have signed."""
    witnesses: Mapping[bytes, PolicyKey] = field(default_factory=dict)
    """By name."""
    groups: Mapping[bytes, PolicyGroup] = field(default_factory=dict)
    """By name; a group's members stand before it."""
    quorum: bytes = NO_QUORUM
    """Name of a witness or group, or `none`."""

    def __post_init__(self) -> None:
        """Refuse what has no encoding, or one that would not be read."""
        reading = _Reading()
        for log in self.logs:
            reading.add_log(log)
        for name, witness in self.witnesses.items():
            reading.add_witness(name, witness)
        for name, group in self.groups.items():
            reading.add_group(name, group)
        reading.set_quorum(self.quorum)
        # Copies that nobody can write to: what was refused above stays out.
        object.__setattr__(self, "witnesses", MappingProxyType(reading.witnesses))
        object.__setattr__(self, "groups", MappingProxyType(reading.groups))


class _Reading:
    """What the lines so far define; refuses a line that does not fit to them."""

    def __init__(self) -> None:
        self.logs: list[PolicyKey] = []
        self.witnesses: dict[bytes, PolicyKey] = {}
        self.groups: dict[bytes, PolicyGroup] = {}
        self.members: set[bytes] = set()
        self.quorum: bytes | None = None

    def add_log(self, log: PolicyKey) -> None:
        _refuse_too_many(self.logs, "logs")
        if any(log.key.public == other.key.public for other in self.logs):
            raise Malformed("policy log", expected="each public key once")
        self.logs.append(log)

    def add_witness(self, name: bytes, witness: PolicyKey) -> None:
        _refuse_too_many(self.witnesses, "witnesses")
        self._refuse_taken(name)
        if witness.key.type not in _WITNESS_TYPES:
            got = f"{witness.key.type:02x}"
            raise Malformed("policy witness", expected="a key of type 04, 06", got=got)
        keys = (other.key.public for other in self.witnesses.values())
        if witness.key.public in keys:
            raise Malformed("policy witness", expected="each public key once")
        self.witnesses[name] = witness

    def add_group(self, name: bytes, group: PolicyGroup) -> None:
        _refuse_too_many(self.groups, "groups")
        self._refuse_taken(name)
        for member in group.members:
            if not self._defines(member):
                expected = "members that lines above it define"
                raise Malformed("policy group", expected=expected)
            if member in self.members:
                raise Malformed("policy group", expected="each name a member once")
            self.members.add(member)
        refuse_outside(group.threshold, 1, len(group.members), "policy threshold")
        self.groups[name] = group

    def set_quorum(self, name: bytes) -> None:
        if self.quorum is not None:
            raise Malformed("policy quorum", expected="exactly one", got="another")
        if name != NO_QUORUM and not self._defines(name):
            expected = "none, or a name that a line above it defines"
            raise Malformed("policy quorum", expected=expected)
        self.quorum = name

    def _defines(self, name: bytes) -> bool:
        return name in self.witnesses or name in self.groups

    def _refuse_taken(self, name: bytes) -> None:
        _refuse_no_word(name, "policy name")
        if name == NO_QUORUM or self._defines(name):
            raise Malformed("policy name", expected="one that is not taken")


def _refuse_too_many(lines: Collection[object], kind: str) -> None:
    if len(lines) >= MAX_OF_A_KIND:
        raise LimitExceeded("policy", expected=f"at most {MAX_OF_A_KIND} {kind}")


def _refuse_no_word(word: bytes, thing: str) -> None:
    if not _WORD.fullmatch(word):
        raise Malformed(thing, expected="octets without space and control characters")


# --- reading and writing -------------------------------------------------------------


def parse_policy(raw: bytes) -> Policy:
    """Read a policy file.

    Raises:
        Malformed: A line breaks the grammar, or there is no quorum line.
        LimitExceeded: The file is too long, has too many lines of a kind, or a
            threshold that its group cannot reach.
    """
    refuse_longer(raw, MAX_POLICY, "policy")
    if raw and not raw.endswith(b"\n"):
        raise Malformed("policy", expected="a newline at its end")
    reading = _Reading()
    for number, line in enumerate(raw.split(b"\n")[:-1], start=1):
        try:
            _read_line(reading, line)
        except InputError as error:
            thing = f"policy line {number}, {error.thing}"
            raise type(error)(thing, expected=error.expected, got=error.got) from error
    if reading.quorum is None:
        raise Malformed("policy", expected="a quorum line", got="none")
    return Policy(
        tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum
    )


def _read_line(reading: _Reading, line: bytes) -> None:
    if _FORBIDDEN.search(line):
        raise Malformed("octets", expected="no control characters but tab and newline")
    stripped = line.strip(b" \t")
    if not stripped or stripped.startswith(b"#"):
        return
    match _SPACE.split(stripped):
        case [b"log", vkey]:
            reading.add_log(PolicyKey(_parse_key(vkey)))
        case [b"log", vkey, url]:
            reading.add_log(PolicyKey(_parse_key(vkey), url))
        case [b"witness", name, vkey]:
            reading.add_witness(name, PolicyKey(_parse_key(vkey)))
        case [b"witness", name, vkey, url]:
            reading.add_witness(name, PolicyKey(_parse_key(vkey), url))
        case [b"group", name, count, member, *more]:
            members = (member, *more)
            threshold = _parse_threshold(count, len(members))
            reading.add_group(name, PolicyGroup(threshold, members))
        case [b"quorum", name]:
            reading.set_quorum(name)
        case _:
            raise Malformed("words", expected="those of log, witness, group or quorum")


def _parse_threshold(count: bytes, members: int) -> int:
    if count == b"all":
        return members
    if count == b"any":
        return 1
    if not _NUMBER.fullmatch(count):
        raise Malformed("policy threshold", expected="all, any or a number")
    return int(count)


def _parse_key(text: bytes) -> VerifierKey:
    try:
        return VerifierKey.parse(text.decode())
    except UnicodeDecodeError:
        raise Malformed("vkey", expected="UTF-8") from None


def encode_policy(policy: Policy) -> bytes:
    """Write a policy; what is read back is equal.

    Raises:
        LimitExceeded: It would be longer than 512 KiB.
    """
    lines = [_line(b"log", _vkey(log), log.url) for log in policy.logs]
    for name, witness in policy.witnesses.items():
        lines.append(_line(b"witness", name, _vkey(witness), witness.url))
    for name, group in policy.groups.items():
        lines.append(_line(b"group", name, _count(group), *group.members))
    lines.append(_line(b"quorum", policy.quorum))
    raw = b"".join(lines)
    refuse_longer(raw, MAX_POLICY, "policy")
    return raw


def _line(*words: bytes) -> bytes:
    return b" ".join(word for word in words if word) + b"\n"


def _vkey(who: PolicyKey) -> bytes:
    return who.key.encode().encode()


def _count(group: PolicyGroup) -> bytes:
    if group.threshold == len(group.members):
        return b"all"
    return b"any" if group.threshold == 1 else b"%d" % group.threshold


# --- applying ------------------------------------------------------------------------


def verify_policy(
    raw_checkpoint: bytes, policy: Policy, *, origin: str | None = None
) -> VerifiedCheckpoint:
    """Verify that a checkpoint is good enough for a policy, or raise.

    Args:
        raw_checkpoint: The signed note.
        policy: Whose signatures make it good enough.
        origin: The log it must be of; unless given, any log of the policy.

    Raises:
        NoteUnverified: The bytes are no signed checkpoint, or another log's; no log of
            the policy signed; a signature by a key of the policy fails; or those who
            cosigned are no quorum.
        RootMismatch: Size 0 with another root than that of the empty tree.
        ConfigInvalid: Two different keys share one name and key id.
    """
    try:
        note = parse_note(raw_checkpoint)
        found = parse_checkpoint_text(note.text).origin
    except InputError as error:
        raise as_verification(NoteUnverified, error) from error
    claimed = {signature.label for signature in note.signatures}
    logs = [log.key for log in policy.logs]
    # A log's key name is its origin: no log can sign for another one.
    signing = [key for key in logs if key.name == found and key.label in claimed]
    if not signing:
        expected = "a signature by a log of the policy"
        raise NoteUnverified("checkpoint", expected=expected, got="none")
    others = [*logs, *(witness.key for witness in policy.witnesses.values())]
    verified = verify_checkpoint(
        raw_checkpoint,
        signing,
        origin=origin,
        witnesses=[key for key in others if key not in signing],
    )
    _refuse_no_quorum(policy, verified.signers)
    return verified


def _refuse_no_quorum(policy: Policy, signers: Iterable[VerifierKey]) -> None:
    if policy.quorum == NO_QUORUM:
        return
    given = set(signers)
    met = {name for name, who in policy.witnesses.items() if who.key in given}
    cosigned = len(met)
    for name, group in policy.groups.items():
        if sum(member in met for member in group.members) >= group.threshold:
            met.add(name)
    if policy.quorum not in met:
        raise NoteUnverified(
            "checkpoint",
            expected=f"the quorum {policy.quorum.decode(errors='backslashreplace')}",
            got=f"cosignatures of {cosigned} of {len(policy.witnesses)} witnesses",
        )


# --- ours ----------------------------------------------------------------------------


def log_policy(
    log_keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey] = (),
    quorum: int | None = None,
) -> Policy:
    """Return the policy of a log of ours: both of its keys, and so many witnesses.

    Args:
        log_keys: The log's keys: one of type Ed25519, and ML-DSA-44 keys.
        witnesses: Keys of witnesses; those of one name are one witness, which counts
            when it has signed with each of them.
        quorum: How many witnesses must have cosigned; all of them unless given.

    Raises:
        Malformed: The log has no Ed25519 key, or more than one; a key is there twice.
        LimitExceeded: A quorum of more witnesses than there are, or of less than 1.
    """
    classical = [key for key in log_keys if key.type == KeyType.ED25519]
    if len(classical) != 1:
        got = str(len(classical))
        raise Malformed("log keys", expected="one Ed25519 key", got=got)
    lines: dict[bytes, PolicyKey] = {}
    groups: dict[bytes, PolicyGroup] = {}
    others = [key for key in log_keys if key not in classical]
    required = [_add_cosigner(lines, groups, b"log", others)] if others else []
    cosigners = []
    for name in dict.fromkeys(key.name for key in witnesses):
        keys = [key for key in witnesses if key.name == name]
        # The prefix keeps names that others chose apart from those of this function.
        label = f"witness/{name}".encode()
        cosigners.append(_add_cosigner(lines, groups, label, keys))
    if cosigners:
        count = len(cosigners) if quorum is None else quorum
        groups[b"witnesses"] = PolicyGroup(count, tuple(cosigners))
        required.append(b"witnesses")
    elif quorum:
        refuse_outside(quorum, 0, 0, "quorum without witnesses")
    if not required:
        return Policy((PolicyKey(classical[0]),))
    groups[b"log-and-witnesses"] = PolicyGroup(len(required), tuple(required))
    return Policy((PolicyKey(classical[0]),), lines, groups, b"log-and-witnesses")


def _add_cosigner(
    lines: dict[bytes, PolicyKey],
    groups: dict[bytes, PolicyGroup],
    name: bytes,
    keys: Sequence[VerifierKey],
) -> bytes:
    """Add a line for each key, and an `all` group if there is more than one."""
    members = tuple(b"%s:%s" % (name, key.type.name.lower().encode()) for key in keys)
    for member, key in zip(members, keys, strict=True):
        if member in lines:
            raise Malformed("policy keys", expected="one key of each type and name")
        lines[member] = PolicyKey(key)
    if len(members) == 1:
        return members[0]
    groups[name] = PolicyGroup(len(members), members)
    return name
