"""A witness without its network: requests in, answers out."""

import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rogatory.errors import InputError
from rogatory.tlog import (
    KeyType,
    NoteSigner,
    Signature,
    VerifierKey,
    encode_cosignatures,
    parse_add_checkpoint,
    parse_checkpoint_text,
    parse_note,
)
from rogatory.witness._deciding import PLAIN, Offer, Refuse, verify_offer
from rogatory.witness._state import WitnessState

_log = logging.getLogger("rogatory.witness")


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: bytes
    content_type: str = PLAIN


class Witness:
    """Cosigns with its keys what its state allows; usable by any number of threads."""

    def __init__(
        self,
        state: WitnessState,
        signers: Sequence[NoteSigner],
        *,
        clock: Callable[[], float] = time.time,
        on_evidence: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what it is made of.

        Args:
            state: What it remembers.
            signers: Its keys, one of each type of cosignature.
            clock: The time, in seconds since 1970.
            on_evidence: Told after evidence was kept.
        """
        self.state = state
        self.on_evidence = on_evidence
        self._signers = tuple(signers)
        self._clock = clock
        self._telling = threading.Lock()

    @property
    def verifier_keys(self) -> tuple[VerifierKey, ...]:
        """Its public keys."""
        return tuple(signer.verifier_key for signer in self._signers)

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer an add-checkpoint request."""
        try:
            request = parse_add_checkpoint(body)
        except InputError as error:
            return Answer(400, f"{error}\n".encode(errors="backslashreplace"))
        origin = parse_checkpoint_text(parse_note(request.checkpoint).text).origin
        try:
            offer = verify_offer(self.state.log(origin), request)
            if isinstance(offer, Refuse):
                return _answer(offer)
            lines = self.state.advance(offer, self._clock, self._sign)
        except sqlite3.Error as error:
            _log.error("the state cannot be used: %s", error)
            return Answer(503, b"the witness cannot write; try again later\n")
        if not isinstance(lines, Refuse):
            _log.info("cosigned %s at size %d", origin, offer.checkpoint.size)
            return Answer(200, encode_cosignatures(lines))
        if lines.evidence:
            _log.warning(
                "%s: refused size %d as %s; kept as evidence",
                origin,
                offer.checkpoint.size,
                lines.evidence,
            )
            self._tell_of_evidence()
        return _answer(lines)

    def checkpoint(self, origin_hash: str) -> Answer:
        """Answer a monitor: the last cosigned checkpoint of a log."""
        for log in self.state.logs():
            if hashlib.sha256(log.origin.encode()).hexdigest() == origin_hash:
                stored = self.state.stored(log.origin)
                if stored:
                    return Answer(200, stored.note)
        return Answer(404, b"nothing was cosigned of a log with this origin\n")

    def vkeys(self) -> Answer:
        """Answer who this is."""
        lines = [f"{key.encode()}\n" for key in self.verifier_keys]
        return Answer(200, "".join(lines).encode())

    def _tell_of_evidence(self) -> None:
        with self._telling:
            try:
                self.on_evidence()
            except OSError as error:  # the rows are there; the refusal must go out
                _log.error("evidence cannot be written as files: %s", error)

    def _sign(self, offer: Offer, now: int) -> list[Signature]:
        """Cosign with every key that can: ML-DSA-44 does not cover extension lines."""
        return [
            signer.sign(offer.note.text, now)
            for signer in self._signers
            if not offer.checkpoint.extensions
            or signer.verifier_key.type != KeyType.MLDSA44
        ]


def _answer(refused: Refuse) -> Answer:
    return Answer(refused.status, refused.body, refused.content_type)
