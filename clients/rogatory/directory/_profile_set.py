"""The profiles in force, from logged, signed statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rogatory.directory._directory import Directory
from rogatory.envelope import (
    PROFILES_TYPE,
    SigningKey,
    parse_envelope,
    parse_payload,
    sign_payload,
    verify_signatories,
)
from rogatory.errors import (
    ApprovalMissing,
    ConsistencyInvalid,
    Malformed,
    ProfileUnknown,
    WrongOrigin,
)
from rogatory.profiles import Profile, parse_profile
from rogatory.v1 import directory_pb2, message_pb2


@dataclass(frozen=True, slots=True)
class ProfileSet:
    """The profiles after one statement.

    Attributes:
        origin: Origin of the log they belong to.
        sequence: Number of the newest statement; -1 before the first.
        digest: SHA-256 of the newest statement's envelope; empty before the first.
        index: Log index of the newest statement; None before the first.
        profiles: Profile by id.
    """

    origin: str
    sequence: int = -1
    digest: bytes = b""
    index: int | None = None
    profiles: Mapping[str, Profile] = field(default_factory=dict)

    def get(self, reference: message_pb2.ProfileReference) -> Profile:
        """Return the profile in force that a message pins.

        Raises:
            ProfileUnknown: There is none of that id, or in another version.
        """
        profile = self.profiles.get(reference.id)
        if profile is None:
            raise ProfileUnknown("header.profile", expected="a profile in force")
        if profile.digest != reference.digest:
            raise ProfileUnknown(
                f"profile {profile.id}",
                expected=f"version {profile.digest.hex()[:16]}",
                got=f"version {reference.digest.hex()[:16]}",
            )
        return profile


def apply_profiles(
    before: ProfileSet, directory: Directory, raw: bytes, index: int
) -> ProfileSet:
    """Verify a profiles statement and return the set after it, or raise.

    Args:
        before: The set before.
        directory: The directory at the statement's place in the log.
        raw: The statement's envelope, exact bytes.
        index: Its log index.

    Raises:
        Malformed: Envelope, statement or a profile is not in its form.
        WrongOrigin: It is for another log.
        ConsistencyInvalid: It does not follow on the set before.
        SignatureError: A signature does not hold.
        ApprovalMissing: Not the operator and another party signed it.
    """
    envelope = parse_envelope(raw, payload_type=PROFILES_TYPE)
    statement = parse_payload(
        envelope.payload, directory_pb2.ProfilesStatement, thing="profiles statement"
    )
    if statement.origin != before.origin:
        raise WrongOrigin(
            "profiles statement", expected=before.origin, got=statement.origin
        )
    follows = (statement.sequence, statement.previous)
    if follows != (before.sequence + 1, before.digest):
        raise ConsistencyInvalid(
            "profiles statement", expected="sequence and digest of the one before"
        )
    verify_signatories(envelope, statement.signatories, directory.keys_of)
    _require_operator_and_other(directory, statement.signatories)
    profiles = [parse_profile(content) for content in statement.profiles]
    ids = [profile.id for profile in profiles]
    if ids != sorted(set(ids)):
        raise Malformed("profiles statement", expected="profiles sorted, each once")
    return ProfileSet(
        before.origin,
        statement.sequence,
        envelope.digest,
        index,
        dict(zip(ids, profiles, strict=True)),
    )


def build_profiles(
    before: ProfileSet,
    profiles: Iterable[bytes],
    *,
    create_time: datetime,
    signatories: Sequence[message_pb2.Signatory],
    keys: Sequence[SigningKey],
) -> bytes:
    """Build and sign the statement that follows on `before`.

    Returns:
        The envelope's bytes.
    """
    by_id = {parse_profile(raw).id: raw for raw in profiles}
    statement = directory_pb2.ProfilesStatement(
        origin=before.origin,
        sequence=before.sequence + 1,
        previous=before.digest,
        profiles=[by_id[profile_id] for profile_id in sorted(by_id)],
        signatories=signatories,
    )
    statement.create_time.FromDatetime(create_time)
    payload = statement.SerializeToString(deterministic=True)
    return sign_payload(payload, keys, payload_type=PROFILES_TYPE)


def _require_operator_and_other(
    directory: Directory, signatories: Iterable[message_pb2.Signatory]
) -> None:
    parties = {
        s.party for s in signatories if s.capacity == message_pb2.CAPACITY_REGISTRAR
    }
    operators = set()
    for party in parties:
        record = directory.party(party)
        if record and record.kind == directory_pb2.PARTY_KIND_OPERATOR:
            operators.add(party)
    if not operators or parties == operators:
        raise ApprovalMissing(
            "profiles statement",
            expected="registrars of the operator and of another party",
        )
