"""What a witness answers to a checkpoint: pure, no clock, no disk, no network.

`verify_offer` says whose checkpoint it is; `decide` compares it with what was cosigned
last. Both follow C2SP tlog-witness in its order, and refuse with its statuses:

| status | when |
|---|---|
| 404 | the origin is not one of this witness's logs |
| 403 | no key trusted for the log signed, or a trusted key's signature fails |
| 400 | the old size is greater than the checkpoint's |
| 409 | the old size is not the last cosigned one; the body names that one |
| 422 | size 0 with another root than the empty tree's; a proof where none belongs; |
|     | the last cosigned size with another root; a proof that fails |
| 503 | this machine's clock is behind the last cosignature |

tlog-witness v1.0.0 answers the last cosigned size with another root by 409; v1.1.0 by
422, which is what this does: a client that knows 409 as "try again from there" would
otherwise try for ever. A client must take both for the end.
"""

from dataclasses import dataclass

from rogatory.errors import VerificationError
from rogatory.tlog import (
    EMPTY_ROOT,
    SIZE_TYPE,
    AddCheckpoint,
    Checkpoint,
    Note,
    VerifierKey,
    encode_note,
    encode_size_body,
    parse_checkpoint_text,
    parse_note,
    verify_consistency,
    verify_note,
)

PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log that the witness watches."""

    origin: str
    keys: tuple[VerifierKey, ...]
    require_all: bool = False
    """Whether every key must have signed; otherwise one of them is enough."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What the witness cosigned last of a log."""

    size: int
    root: bytes
    time: int
    """Of the cosignature, in seconds since 1970."""
    note: bytes
    """The checkpoint with the log's verified signatures and the witness's own."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A checkpoint that its log signed; made by `verify_offer` only."""

    checkpoint: Checkpoint
    note: Note
    """The text, with those signatures only that were verified."""
    old_size: int
    proof: tuple[bytes, ...]

    @property
    def raw(self) -> bytes:
        """The signed checkpoint, without the signatures of strangers."""
        return encode_note(self.note)


@dataclass(frozen=True, slots=True)
class Cosign:
    """The checkpoint continues what was cosigned before."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Refuse:
    """The checkpoint is not cosigned."""

    status: int
    body: bytes
    content_type: str = PLAIN
    evidence: str = ""
    """What it is evidence of: `fork` (two roots of one size, both signed by the log),
    `unproven` (a proof that fails, which a stranger may have sent), or nothing."""


def refuse(status: int, why: str, *, evidence: str = "") -> Refuse:
    """Refuse with a line of text."""
    return Refuse(status, f"{why}\n".encode(), evidence=evidence)


def verify_offer(log: KnownLog | None, request: AddCheckpoint) -> Offer | Refuse:
    """Verify that a request's checkpoint is signed by its log, or refuse it."""
    note = parse_note(request.checkpoint)
    checkpoint = parse_checkpoint_text(note.text)
    if log is None or log.origin != checkpoint.origin:
        return refuse(404, "unknown log")
    claimed = {signature.label for signature in note.signatures}
    signing = [key for key in log.keys if key.label in claimed]
    if not signing or (log.require_all and len(signing) < len(log.keys)):
        return refuse(403, "not signed by the keys that are trusted for this log")
    try:
        verify_note(request.checkpoint, log.keys, require=signing)
    except VerificationError:
        return refuse(403, "a signature of a trusted key does not verify")
    kept = {key.label for key in signing}
    verified = tuple(each for each in note.signatures if each.label in kept)
    return Offer(checkpoint, Note(note.text, verified), request.old_size, request.proof)


def decide(stored: Stored | None, offer: Offer, now: int) -> Cosign | Refuse:
    """Decide what to do with a checkpoint, given what was cosigned before it.

    Args:
        stored: What was cosigned last of this log; None: nothing yet.
        offer: The checkpoint, signed by its log.
        now: The time that a cosignature would state, in seconds since 1970.
    """
    head, old = offer.checkpoint, stored.size if stored else 0
    forked = stored is not None and head.size == old and head.root != stored.root
    if offer.old_size > head.size:
        return refuse(400, "the old size is greater than the checkpoint's")
    if offer.old_size != old:
        evidence = "fork" if forked else ""
        return Refuse(409, encode_size_body(old), SIZE_TYPE, evidence)
    if wrong := _inconsistency(stored, offer):
        return wrong
    if now <= 0 or (stored and now < stored.time):
        # A cosignature states its time: it must not lie, nor go back.
        return refuse(503, "the clock of this witness is behind; try again later")
    return Cosign(offer)


def _inconsistency(stored: Stored | None, offer: Offer) -> Refuse | None:
    """Return why a checkpoint does not continue what was cosigned, if it does not."""
    head = offer.checkpoint
    if head.size == 0 and head.root != EMPTY_ROOT:
        return refuse(422, "the tree of size 0 has another root")
    if stored is None or stored.size in {0, head.size}:
        if stored and stored.size == head.size and stored.root != head.root:
            why = "another root was cosigned at this size"
            return refuse(422, why, evidence="fork")
        return refuse(422, "a proof where none belongs") if offer.proof else None
    try:
        verify_consistency(stored.size, head.size, offer.proof, stored.root, head.root)
    except VerificationError:
        why = "the consistency proof does not hold"
        return refuse(422, why, evidence="unproven")
    return None
