"""The rule of a witness, case by case, without disk and network."""

from dataclasses import replace

import pytest

from rogatory.tlog import (
    AddCheckpoint,
    Checkpoint,
    encode_note,
    encode_signature,
    parse_add_checkpoint,
    parse_checkpoint_text,
    parse_note,
    sign_checkpoint,
)
from rogatory.witness import Cosign, KnownLog, Offer, Refuse, Stored, decide
from rogatory.witness import verify_offer as verify
from tests.support.witnessed import NOW, ORIGIN, WitnessedLog, signers_of

LOG = WitnessedLog()
FORK = LOG.forked(3)
KNOWN = LOG.known


def stored(size: int, log: WitnessedLog = LOG, time: int = NOW) -> Stored:
    """Return what a witness that cosigned this size remembers."""
    note = log.checkpoint(size)
    head = parse_checkpoint_text(parse_note(note).text)
    return Stored(head.size, head.root, time, note)


def offer(body: bytes, known: KnownLog = KNOWN) -> Offer:
    """Return a request's verified checkpoint."""
    found = verify(known, parse_add_checkpoint(body))
    assert isinstance(found, Offer)
    return found


def decided(before: Stored | None, body: bytes, now: int = NOW) -> Refuse | Cosign:
    """Decide on a request."""
    return decide(before, offer(body), now)


def refused(found: object) -> Refuse:
    """Return a refusal."""
    assert isinstance(found, Refuse)
    return found


# --- whose it is ----------------------------------------------------------------------


def test_a_log_that_is_not_watched_is_404() -> None:
    """Also one whose keys are another log's."""
    request = parse_add_checkpoint(LOG.request(0, 3))
    other = KnownLog("other.example", KNOWN.keys)

    assert refused(verify(None, request)).status == 404
    assert refused(verify(other, request)).status == 404


def test_one_key_of_the_log_is_enough_and_strangers_are_dropped() -> None:
    """What is kept and cosigned has the verified signatures only."""
    stranger = signers_of(ORIGIN, 50)
    for mine in LOG.signers:
        found = offer(LOG.request(0, 3, stranger[0], mine, stranger[1]))
        note = parse_note(found.raw)
        assert [each.label for each in note.signatures] == [mine.verifier_key.label]
        assert note.text == parse_note(LOG.checkpoint(3)).text


def test_all_keys_must_sign_where_that_is_asked_for() -> None:
    """A thief of one key gets no cosignature."""
    strict = replace(KNOWN, require_all=True)

    offer(LOG.request(0, 3), strict)
    for mine in LOG.signers:
        request = parse_add_checkpoint(LOG.request(0, 3, mine))
        assert refused(verify(strict, request)).status == 403


def test_no_trusted_signature_is_403() -> None:
    """Of strangers only, or of strangers under the log's name."""
    request = parse_add_checkpoint(LOG.request(0, 3, *signers_of(ORIGIN, 50)))

    assert refused(verify(KNOWN, request)).status == 403


def test_a_failing_signature_of_a_trusted_key_is_403() -> None:
    """Even beside one that holds; and so is a second one of the same key."""
    note = parse_note(LOG.checkpoint(3))
    first, second = note.signatures
    broken = replace(first, signature=bytes(64))
    for lines in ((broken, second), (broken,), (first, first)):
        raw = encode_note(replace(note, signatures=lines))
        request = AddCheckpoint(0, (), raw)
        assert refused(verify(KNOWN, request)).status == 403


def test_a_log_with_extension_lines_is_watched_by_its_ed25519_key() -> None:
    """ML-DSA-44 does not cover such lines."""
    log = replace(LOG, extensions=("more",))

    assert offer(log.request(0, 3, LOG.signers[0])).checkpoint.extensions == ("more",)


# --- what was before ------------------------------------------------------------------

GOOD = [(None, 0, 0), (None, 0, 1), (None, 0, 9), (0, 0, 0), (0, 0, 4)]
GOOD += [(old, old, new) for old in range(1, 9) for new in range(old, 17)]


@pytest.mark.parametrize(("before", "old", "new"), GOOD)
def test_what_continues_is_cosigned(before: int | None, old: int, new: int) -> None:
    """First contact, the empty tree, the same again, and every small step."""
    held = None if before is None else stored(before)

    assert isinstance(decided(held, LOG.request(old, new)), Cosign)


@pytest.mark.parametrize(("before", "old"), [(None, 1), (5, 0), (5, 4), (5, 6), (0, 1)])
def test_a_stale_old_size_is_409_with_the_size(before: int | None, old: int) -> None:
    """The log learns from where to prove."""
    held = None if before is None else stored(before)

    found = refused(decided(held, LOG.request(old, 9)))

    assert (found.status, found.content_type) == (409, "text/x.tlog.size")
    assert found.body == b"%d\n" % (before or 0)
    assert not found.evidence


def test_an_old_size_above_the_new_one_is_400() -> None:
    """Whatever the witness holds."""
    for held in (None, stored(5), stored(9)):
        assert refused(decided(held, LOG.request(9, 5))).status == 400


def test_a_smaller_tree_is_never_cosigned() -> None:
    """With an honest old size it is 400, with a false one 409."""
    held = stored(9)

    assert refused(decided(held, LOG.request(9, 5))).status == 400
    assert refused(decided(held, LOG.request(5, 5))).status == 409
    assert refused(decided(held, LOG.request(0, 5))).status == 409


def test_the_empty_tree_has_one_root() -> None:
    """Size 0 with any other is 422."""
    text = "\n".join([ORIGIN, "0", "A" * 43 + "=", ""])
    line = encode_signature(LOG.signers[0].sign(text, NOW))
    found = offer(f"old 0\n\n{text}\n{line}".encode())

    assert refused(decide(None, found, NOW)).status == 422


@pytest.mark.parametrize("before", [None, 0])
def test_a_proof_from_nothing_is_422(before: int | None) -> None:
    """It proves nothing, and is no evidence."""
    held = None if before is None else stored(before)
    request = replace(offer(LOG.request(0, 5)), proof=(bytes(32),))

    found = refused(decide(held, request, NOW))

    assert (found.status, found.evidence) == (422, "")


def test_a_proof_between_equal_sizes_is_422() -> None:
    """The same checkpoint needs none."""
    request = replace(offer(LOG.request(5, 5)), proof=(bytes(32),))

    found = refused(decide(stored(5), request, NOW))

    assert (found.status, found.evidence) == (422, "")


def test_another_root_at_the_cosigned_size_is_422_and_a_fork() -> None:
    """tlog-witness v1.1.0; before, it was 409."""
    found = refused(decided(stored(5), FORK.request(5, 5)))

    assert (found.status, found.evidence) == (422, "fork")
    assert found.content_type.startswith("text/plain")


def test_another_root_at_the_cosigned_size_is_a_fork_whatever_the_old_size() -> None:
    """The answer is 409, as the old size is stale; the evidence is the same."""
    found = refused(decided(stored(5), FORK.request(0, 5)))

    assert (found.status, found.evidence) == (409, "fork")
    assert found.body == b"5\n"


@pytest.mark.parametrize("old", range(4, 9))
@pytest.mark.parametrize("new", range(9, 12))
def test_a_fork_that_grew_is_422(old: int, new: int) -> None:
    """The proof leads from the fork's own past, not from what was cosigned."""
    found = refused(decided(stored(old), FORK.request(old, new)))

    assert (found.status, found.evidence) == (422, "unproven")


def test_every_changed_hash_of_a_proof_is_422() -> None:
    """One bit is enough, and so is a hash more or less."""
    good = offer(LOG.request(5, 13))
    for at, value in enumerate(good.proof):
        wrong = bytes([value[0] ^ 1]) + value[1:]
        changed = (*good.proof[:at], wrong, *good.proof[at + 1 :])
        assert (
            refused(decide(stored(5), replace(good, proof=changed), NOW)).status == 422
        )
    for changed in (good.proof[:-1], (*good.proof, bytes(32)), ()):
        assert (
            refused(decide(stored(5), replace(good, proof=changed), NOW)).status == 422
        )


def test_the_time_of_cosignatures_never_goes_back() -> None:
    """A witness whose clock is behind waits; the same second is not behind."""
    held = stored(5, time=NOW)

    assert isinstance(decided(held, LOG.request(5, 6), NOW), Cosign)
    assert refused(decided(held, LOG.request(5, 6), NOW - 1)).status == 503
    assert refused(decided(None, LOG.request(0, 6), 0)).status == 503


def test_an_offer_says_what_was_signed() -> None:
    """The values are those of the note, not of the request around it."""
    head = Checkpoint(ORIGIN, 2, bytes(32))
    raw = sign_checkpoint(head, LOG.signers, NOW)
    found = verify(KNOWN, AddCheckpoint(1, (), raw))

    assert isinstance(found, Offer)
    assert (found.checkpoint, found.old_size) == (head, 1)
