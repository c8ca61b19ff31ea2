"""One entry of a log's folder and the proof that it is in the log. Never imports grpc.

The folder is not believed: the checkpoint must be signed by the log's keys, and the
proof that its tiles give must hold for the entry, by the rules of whoever verifies it
later (`verify_receipt_files`). The rest of the folder is neither read nor verified.
"""

from dataclasses import dataclass
from pathlib import Path

from rogatory._log_files import LogFiles, keep, with_keys
from rogatory._story import parse_logged
from rogatory.errors import NotFound, VerificationError
from rogatory.offline import Keys, load_vkeys
from rogatory.tlog import (
    Entry,
    TlogProof,
    VerifiedCheckpoint,
    encode_proof,
    inclusion_path,
    verify_checkpoint,
    verify_proof,
)


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """An entry that was proved to be in the log; `prove_entry` makes it.

    Attributes:
        index: Its place.
        raw: Its bytes.
        entry: What they say.
        proof: The proof's bytes (C2SP tlog-proof).
        checkpoint: What the log signed.
    """

    index: int
    raw: bytes
    entry: Entry
    proof: bytes
    checkpoint: VerifiedCheckpoint


def prove_entry(
    folder: Path, index: int, vkeys: Keys, *, evidence: Path | None = None
) -> ProvenEntry:
    """Prove that an entry of a log's folder is in the log, or raise.

    Args:
        folder: What holds `checkpoint` and `tile/`.
        index: Which entry.
        vkeys: The log's keys, each of which must have signed, or their file.
        evidence: Folder for the evidence of a failure.

    Raises:
        NotFound: The log has no such entry.
        VerificationError: Checkpoint, tiles and entry do not hold together, or the
            entry has no form; `metadata["kept"]` is where evidence is.
        ConfigInvalid: The keys cannot be read.
    """
    keys = load_vkeys(vkeys) if isinstance(vkeys, Path) else vkeys
    files = LogFiles(folder)
    found: dict[str, bytes] = {}
    try:
        head = verify_checkpoint(files.checkpoint(), keys)
        if not 0 <= index < head.size:
            there = f"0 to {head.size - 1}" if head.size else "none: the log is empty"
            raise NotFound(f"entry {index}", expected=there)
        raw = found[f"{index}.entry"] = files.entry(index, head.size)
        path = tuple(inclusion_path(files.tile, index, head.size))
        proof = encode_proof(TlogProof(index, path, head.raw))
        found[f"{index}.tlog-proof"] = proof
        verify_proof(proof, raw, keys)
        entry = parse_logged(raw, index)
    except VerificationError as error:
        keep(error, evidence, folder, with_keys({**files.seen, **found}, keys))
        raise
    return ProvenEntry(index, raw, entry, proof, head)
