"""Every error of Rogatory, in one tree.

    RogatoryError
    ├── InputError            what came in is not acceptable as it stands
    │   ├── Malformed         bytes that are not the one accepted form
    │   │   ├── NotCanonical
    │   │   └── UnknownField
    │   ├── LimitExceeded
    │   ├── FieldInvalid      one or more named fields break a rule
    │   ├── WrongOrigin
    │   ├── Expired
    │   ├── ClockSkew
    │   └── TableInvalid      a row of a CSV file, with line and column
    ├── IdentityError         who calls is not established
    │   ├── CertificateInvalid
    │   ├── UnknownIssuer
    │   ├── SystemNotEnrolled
    │   └── InsecureTransport
    ├── NotPermitted          who calls is known and may not do this
    │   ├── PartyKindNotAllowed
    │   ├── NotAParticipant
    │   └── DevelopmentOnly
    ├── SignatureError        an envelope's signatures do not carry it
    │   ├── UnknownSigner
    │   ├── SignatureInvalid
    │   ├── SignatureNotCanonical
    │   └── SignatoriesMismatch
    ├── RuleError             a profile or the lifecycle refuses the message
    │   ├── RecipientInvalid
    │   ├── ProfileUnknown
    │   ├── ProfileUnverified
    │   ├── KindNotAllowed
    │   ├── ApprovalMissing
    │   ├── CategoryNotAllowed
    │   ├── ItemUnknown
    │   ├── TransitionNotAllowed
    │   └── PreviousUnknown
    ├── Stale                 something that bears on the message came between
    ├── MessageIdReused
    ├── NotFound
    │   ├── ExchangeUnknown
    │   └── BlobUnknown
    ├── BlobIncomplete
    ├── VerificationError     evidence does not hold: exit 3, and nothing else is
    │   ├── NoteUnverified
    │   ├── RootMismatch
    │   ├── InclusionInvalid
    │   ├── ConsistencyInvalid
    │   ├── ReceiptMismatch
    │   ├── MessageUnverified
    │   ├── OpeningMismatch
    │   ├── SealedMismatch
    │   ├── CommitmentMismatch
    │   ├── BlobMismatch
    │   └── LogDamaged
    ├── SectionUnreadable     no key we hold opens a section
    ├── Unavailable           try again later: nothing was stored
    │   ├── LogUnavailable
    │   ├── Overloaded
    │   └── Unreachable
    ├── LogStopped            the log refuses to sign until an operator acts
    ├── SetupError            this machine's files or settings are not usable
    │   ├── ContextUnknown
    │   ├── ConfigInvalid
    │   ├── StoreExists
    │   └── AddressInUse
    └── RemoteError           the other side failed without saying more

An error names the *thing*, what was *expected*, what was *got*, and what *to do*. It
never carries personal data, key material or payload bytes: `got` is a size, a name from
the schema, an identifier that the protocol makes public to the caller, or a digest.

`reason` is stable and travels in `google.rpc.ErrorInfo`; `code` is the gRPC status name
(AIP-193). `explain()` is the text for people.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar

DOMAIN = "rogatory"
"""`ErrorInfo.domain` of every error that the gateway sends."""

MAX_VIOLATIONS = 50
"""More would overflow the 16 KiB of gRPC trailers and destroy the status itself."""


class RogatoryError(Exception):
    """Base of all errors of this package."""

    reason: ClassVar[str] = "UNKNOWN"
    code: ClassVar[str] = "UNKNOWN"
    todo: ClassVar[str] = "ask the operator of the gateway, naming the reason"

    def __init__(
        self,
        thing: str,
        *,
        expected: str = "",
        got: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Describe one failure.

        Args:
            thing: What was looked at, in words of the schema ("header.origin").
            expected: What would have been right.
            got: What was there instead; never payload or personal data.
            metadata: Further machine-readable facts, sent in `ErrorInfo.metadata`.
        """
        self.thing = thing
        self.expected = expected
        self.got = got
        self.metadata = dict(metadata or {})
        text = thing
        if expected:
            text += f": expected {expected}"
            if got:
                text += f", got {got}"
        elif got:
            text += f": {got}"
        super().__init__(text)

    def explain(self) -> str:
        """Return the lines a person needs: what failed, the facts, what to do."""
        summary = (type(self).__doc__ or "").strip().splitlines()[0].rstrip(".")
        rows = [("what", self.thing), ("expected", self.expected), ("got", self.got)]
        rows += [("reason", self.reason), ("try", self.todo)]
        body = "\n".join(f"  {name:<9} {value}" for name, value in rows if value)
        return f"{summary}\n{body}"


# --- input ---------------------------------------------------------------------------


class InputError(RogatoryError):
    """The input is not acceptable."""

    reason = "INVALID_INPUT"
    code = "INVALID_ARGUMENT"
    todo = "correct the input and send it again"


class Malformed(InputError):
    """The bytes are not in the accepted form."""

    reason = "MALFORMED"
    todo = "build the bytes with the SDK, or follow docs/protocol.md"


class NotCanonical(Malformed):
    """The bytes are not their own canonical encoding."""

    reason = "NOT_CANONICAL"


class UnknownField(Malformed):
    """The message holds a field or an enum value that this version does not know."""

    reason = "UNKNOWN_FIELD"
    todo = "use a schema version that both sides know"


class LimitExceeded(InputError):
    """Something is larger than its limit."""

    reason = "LIMIT_EXCEEDED"
    todo = "split the request, or send large data as evidence files"


class FieldInvalid(InputError):
    """Fields of the message break their rules."""

    reason = "FIELD_INVALID"
    todo = "correct the fields named and sign again"

    def __init__(self, violations: Mapping[str, str]) -> None:
        """Describe violated fields.

        Args:
            violations: Field path → the rule it breaks; the first 50 are kept.
        """
        self.violations = dict(list(violations.items())[:MAX_VIOLATIONS])
        first = next(iter(self.violations.items()))
        more = len(violations) - 1
        thing = f"{first[0]}: {first[1]}" + (f" (and {more} more)" if more else "")
        super().__init__(thing)


class WrongOrigin(InputError):
    """The message is bound to another gateway's log."""

    reason = "WRONG_ORIGIN"
    todo = "send it to the gateway it was signed for, or sign a new one for this one"


class Expired(InputError):
    """The message's time to be submitted has passed."""

    reason = "EXPIRED"
    todo = "sign a new message"


class ClockSkew(InputError):
    """The message was created in the gateway's future."""

    reason = "CLOCK_SKEW"
    todo = "set this machine's clock (NTP) and sign a new message"


class TableInvalid(InputError):
    """A row of the table cannot be used; nothing was sent."""

    reason = "TABLE_INVALID"
    todo = "correct the cells named and run the same command again"

    def __init__(self, problems: list[tuple[int, str, str]], *, name: str) -> None:
        """Describe the problems of a table.

        Args:
            problems: (line from 1 with the header line, column name or "", rule).
            name: The file's name.
        """
        self.problems = problems[:MAX_VIOLATIONS]
        self.name = name
        line, column, rule = problems[0]
        where = f"{name}:{line}" + (f", column {column}" if column else "")
        more = len(problems) - 1
        super().__init__(f"{where}: {rule}" + (f" (and {more} more)" if more else ""))

    def explain(self) -> str:
        """List every problem, one a line."""
        rows = [
            f"  line {line}" + (f", column {column}" if column else "") + f": {rule}"
            for line, column, rule in self.problems
        ]
        return "\n".join([f"{self.name} cannot be used; nothing was sent", *rows])


# --- identity ------------------------------------------------------------------------


class IdentityError(RogatoryError):
    """The caller's identity is not established."""

    reason = "IDENTITY"
    code = "UNAUTHENTICATED"
    todo = "check the context's certificate, or ask the operator to enrol it"


class CertificateInvalid(IdentityError):
    """The client certificate does not meet the rules of this gateway."""

    reason = "CERTIFICATE_INVALID"
    todo = (
        "use a P-256 certificate with the client-authentication usage and exactly one "
        "URI name, still valid"
    )


class UnknownIssuer(IdentityError):
    """The client certificate was not issued by the CA enrolled for its party."""

    reason = "UNKNOWN_ISSUER"
    todo = "use a certificate of your own party's CA, or enrol that CA"


class SystemNotEnrolled(IdentityError):
    """The system named by the certificate is not active in the directory."""

    reason = "SYSTEM_NOT_ENROLLED"


class InsecureTransport(IdentityError):
    """The connection is not TLS 1.3 with a client certificate."""

    reason = "INSECURE_TRANSPORT"
    todo = "connect with TLS 1.3 and a client certificate"


class NotPermitted(RogatoryError):
    """The caller may not do this."""

    reason = "NOT_PERMITTED"
    code = "PERMISSION_DENIED"
    todo = "use a context of a party that may, or ask the operator"


class PartyKindNotAllowed(NotPermitted):
    """Parties of this kind may not make this call."""

    reason = "PARTY_KIND_NOT_ALLOWED"


class NotAParticipant(NotPermitted):
    """The calling party has no part in the exchange."""

    reason = "NOT_A_PARTICIPANT"


class DevelopmentOnly(NotPermitted):
    """Throw-away keys or stores are refused outside development mode."""

    reason = "DEVELOPMENT_ONLY"
    code = "FAILED_PRECONDITION"
    todo = "run with --dev, or set up a store and certificates of your own"


# --- signatures ----------------------------------------------------------------------


class SignatureError(RogatoryError):
    """The signatures do not carry the message."""

    reason = "SIGNATURE"
    code = "UNAUTHENTICATED"
    todo = "sign again with the enrolled keys of exactly the named signatories"


class UnknownSigner(SignatureError):
    """A signer is not active in the directory with that key or capacity."""

    reason = "UNKNOWN_SIGNER"


class SignatureInvalid(SignatureError):
    """A signature does not verify over the received bytes."""

    reason = "SIGNATURE_INVALID"


class SignatureNotCanonical(SignatureError):
    """A signature is not in its one accepted form."""

    reason = "SIGNATURE_NOT_CANONICAL"
    todo = "normalise ECDSA signatures to low s and strict DER"


class SignatoriesMismatch(SignatureError):
    """The signatures are not exactly those of the named signatories."""

    reason = "SIGNATORIES_MISMATCH"


# --- rules ---------------------------------------------------------------------------


class RuleError(RogatoryError):
    """A rule refuses the message."""

    reason = "RULE"
    code = "FAILED_PRECONDITION"
    todo = "read the rule named, and send a message that meets it"


class RecipientInvalid(RuleError):
    """A recipient cannot receive this message."""

    reason = "RECIPIENT_INVALID"


class ProfileUnknown(RuleError):
    """The profile is not in force at this gateway in that version."""

    reason = "PROFILE_UNKNOWN"
    todo = "use a profile that `rogatory profile list` shows"


class ProfileUnverified(RuleError):
    """The profile has values that nobody has checked; it is for tests only."""

    reason = "PROFILE_UNVERIFIED"
    todo = "flag the exchange as a test, or use a checked profile"


class KindNotAllowed(RuleError):
    """The profile does not allow messages of this kind from this party."""

    reason = "KIND_NOT_ALLOWED"


class ApprovalMissing(RuleError):
    """An approval that the profile demands is missing."""

    reason = "APPROVAL_MISSING"
    todo = "have the people named by the profile sign the same message"


class CategoryNotAllowed(RuleError):
    """The profile does not cover this category of data or content."""

    reason = "CATEGORY_NOT_ALLOWED"


class ItemUnknown(RuleError):
    """The exchange has no such item or task."""

    reason = "ITEM_UNKNOWN"
    todo = "use the ids that the request names"


class TransitionNotAllowed(RuleError):
    """The exchange's state does not allow this message."""

    reason = "TRANSITION_NOT_ALLOWED"
    todo = "read the exchange's state and answer that"


class PreviousUnknown(RuleError):
    """`previous` names no message of this exchange."""

    reason = "PREVIOUS_UNKNOWN"
    todo = "fetch the exchange and sign on its newest message"


class Stale(RogatoryError):
    """Something that bears on this message was logged after what its author saw."""

    reason = "STALE"
    code = "ABORTED"
    todo = "read what came between, then sign a new message"


class MessageIdReused(RogatoryError):
    """The message id already belongs to another payload."""

    reason = "MESSAGE_ID_REUSED"
    code = "ALREADY_EXISTS"
    todo = "give every message an id of its own (UUIDv7)"


class NotFound(RogatoryError):
    """There is no such thing here."""

    reason = "NOT_FOUND"
    code = "NOT_FOUND"
    todo = "check the id"


class ExchangeUnknown(NotFound):
    """There is no such exchange, or the caller has no part in it."""

    reason = "EXCHANGE_UNKNOWN"


class BlobUnknown(NotFound):
    """There is no such evidence file, or the caller has no part in it."""

    reason = "BLOB_UNKNOWN"


class BlobIncomplete(RogatoryError):
    """The message names evidence files that are not wholly uploaded."""

    reason = "BLOB_INCOMPLETE"
    code = "FAILED_PRECONDITION"
    todo = "finish the upload, then send the same message again"


# --- verification --------------------------------------------------------------------


class VerificationError(RogatoryError):
    """Evidence does not hold."""

    reason = "VERIFICATION_FAILED"
    code = "DATA_LOSS"
    todo = "keep the files named: they are evidence; tell the operator and the auditor"


class NoteUnverified(VerificationError):
    """A checkpoint is not signed by the keys that must sign it."""

    reason = "NOTE_UNVERIFIED"


class RootMismatch(VerificationError):
    """The entries do not hash to the root that was signed."""

    reason = "ROOT_MISMATCH"


class InclusionInvalid(VerificationError):
    """An entry is not in the log that was signed."""

    reason = "INCLUSION_INVALID"


class ConsistencyInvalid(VerificationError):
    """A later log does not contain an earlier one."""

    reason = "CONSISTENCY_INVALID"


class ReceiptMismatch(VerificationError):
    """A receipt speaks of other bytes than those submitted or delivered."""

    reason = "RECEIPT_MISMATCH"


class MessageUnverified(VerificationError):
    """The log holds a message or statement that its signers or rules do not carry."""

    reason = "MESSAGE_UNVERIFIED"


class OpeningMismatch(VerificationError):
    """An opening does not open the entry's commitment."""

    reason = "OPENING_MISMATCH"


class SealedMismatch(VerificationError):
    """The ciphertexts are not those that the entry covers: the gateway's fault."""

    reason = "SEALED_MISMATCH"


class CommitmentMismatch(VerificationError):
    """A section opens to other content than was signed: the sender's fault."""

    reason = "COMMITMENT_MISMATCH"


class BlobMismatch(VerificationError):
    """An evidence file is not the one that was announced."""

    reason = "BLOB_MISMATCH"


class LogDamaged(VerificationError):
    """The log's files or rows contradict each other."""

    reason = "LOG_DAMAGED"


class SectionUnreadable(RogatoryError):
    """None of our keys opens this section."""

    reason = "SECTION_UNREADABLE"
    code = "FAILED_PRECONDITION"
    todo = "ask the sender to seal it to the keys in the directory"


# --- availability --------------------------------------------------------------------


class Unavailable(RogatoryError):
    """The service cannot do this now; nothing was stored."""

    reason = "UNAVAILABLE"
    code = "UNAVAILABLE"
    todo = "send the same message again later: it is safe to repeat"


class LogUnavailable(Unavailable):
    """The log cannot be written, so nothing is accepted."""

    reason = "LOG_UNAVAILABLE"


class Overloaded(Unavailable):
    """Too much is waiting already."""

    reason = "OVERLOADED"
    code = "RESOURCE_EXHAUSTED"


class Unreachable(Unavailable):
    """The gateway cannot be reached, or refused the connection."""

    reason = "UNREACHABLE"
    todo = "check address, network and certificates (`rogatory doctor`)"


class LogStopped(RogatoryError):
    """The log has stopped signing: its state contradicts what was released."""

    reason = "LOG_STOPPED"
    code = "UNAVAILABLE"
    todo = "the operator must compare the store with exports, witnesses and receipts"


# --- this machine --------------------------------------------------------------------


class SetupError(RogatoryError):
    """This machine is not set up for the command."""

    reason = "SETUP"
    code = "FAILED_PRECONDITION"
    todo = "correct the file or setting named"


class ContextUnknown(SetupError):
    """There is no such context."""

    reason = "CONTEXT_UNKNOWN"
    todo = "list them with `rogatory context list`, or name one with --as"


class ConfigInvalid(SetupError):
    """A configuration file is not usable."""

    reason = "CONFIG_INVALID"


class StoreExists(SetupError):
    """There is already a log in this place."""

    reason = "STORE_EXISTS"
    todo = "choose an empty place: a log is created once"


class AddressInUse(SetupError):
    """The address is already in use."""

    reason = "ADDRESS_IN_USE"
    todo = "stop the other process or choose another port"


class RemoteError(RogatoryError):
    """The gateway failed without a reason that this version knows."""

    reason = "REMOTE"


def all_errors() -> Iterator[type[RogatoryError]]:
    """Yield every class of the tree, base first."""
    pending: list[type[RogatoryError]] = [RogatoryError]
    while pending:
        kind = pending.pop()
        yield kind
        pending.extend(kind.__subclasses__())
