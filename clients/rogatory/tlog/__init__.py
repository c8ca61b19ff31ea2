"""Transparency logs: trees, notes, checkpoints, tiles, proofs, entries. Pure.

Bytes in, values out: nothing here reads a file, a clock or the network, and nothing
here needs grpc. `parse_x` reads strictly and proves nothing; `verify_x` returns what is
verified or raises; `encode_x` writes the one encoding.

The formats are those of C2SP (signed-note, tlog-checkpoint, tlog-cosignature,
tlog-tiles, tlog-proof, tlog-policy, tlog-witness) over RFC 6962 trees, and the entries
of docs/protocol.md.
"""

from rogatory.tlog._add_checkpoint import (
    MAX_ADD_CHECKPOINT,
    SIZE_TYPE,
    AddCheckpoint,
    encode_add_checkpoint,
    encode_cosignatures,
    encode_size_body,
    parse_add_checkpoint,
    parse_cosignatures,
    parse_size_body,
)
from rogatory.tlog._checkpoint import (
    Checkpoint,
    encode_checkpoint_text,
    parse_checkpoint_text,
)
from rogatory.tlog._commitments import (
    FromOpening,
    InboxOpening,
    ToOpening,
    from_commitment,
    inbox_commitment,
    sealed_digest,
    to_commitment,
)
from rogatory.tlog._entry import (
    AccessEntry,
    Delivery,
    DirectoryEntry,
    EndEntry,
    Entry,
    ErasureEntry,
    IndexRange,
    MessageEntry,
    PreviousLog,
    ProfilesEntry,
    StartEntry,
    encode_entry,
)
from rogatory.tlog._entry_parsing import parse_entry
from rogatory.tlog._growing import Edge, Growth, StreamingRoot, Tile, edge_of
from rogatory.tlog._keys import KeyType, NoteSigner, Signature, VerifierKey
from rogatory.tlog._note import (
    Note,
    VerifiedNote,
    encode_note,
    encode_signature,
    parse_note,
    verify_note,
)
from rogatory.tlog._openings import (
    OpenedDelivery,
    verify_delivery_opening,
    verify_from_opening,
    verify_inbox_opening,
    verify_sealed,
    verify_to_opening,
)
from rogatory.tlog._policy import (
    Policy,
    PolicyGroup,
    PolicyKey,
    encode_policy,
    log_policy,
    parse_policy,
    verify_policy,
)
from rogatory.tlog._proof import (
    TlogProof,
    VerifiedProof,
    encode_proof,
    parse_proof,
    verify_proof,
)
from rogatory.tlog._proving import (
    TileReader,
    consistency_path,
    inclusion_path,
    root_of,
)
from rogatory.tlog._signing import (
    VerifiedCheckpoint,
    sign_checkpoint,
    verify_checkpoint,
)
from rogatory.tlog._tiles import (
    TilePath,
    all_tiles,
    encode_bundle,
    entries_path,
    parse_bundle,
    parse_tile_path,
    partial_tiles,
    tile_path,
)
from rogatory.tlog._tree import (
    EMPTY_ROOT,
    leaf_hash,
    node_hash,
    root_of_hashes,
    verify_consistency,
    verify_inclusion,
)
from rogatory.tlog._verifying import VerifiedLog, verify_log

__all__ = [
    "EMPTY_ROOT",
    "MAX_ADD_CHECKPOINT",
    "SIZE_TYPE",
    "AccessEntry",
    "AddCheckpoint",
    "Checkpoint",
    "Delivery",
    "DirectoryEntry",
    "Edge",
    "EndEntry",
    "Entry",
    "ErasureEntry",
    "FromOpening",
    "Growth",
    "InboxOpening",
    "IndexRange",
    "KeyType",
    "MessageEntry",
    "Note",
    "NoteSigner",
    "OpenedDelivery",
    "Policy",
    "PolicyGroup",
    "PolicyKey",
    "PreviousLog",
    "ProfilesEntry",
    "Signature",
    "StartEntry",
    "StreamingRoot",
    "Tile",
    "TilePath",
    "TileReader",
    "TlogProof",
    "ToOpening",
    "VerifiedCheckpoint",
    "VerifiedLog",
    "VerifiedNote",
    "VerifiedProof",
    "VerifierKey",
    "all_tiles",
    "consistency_path",
    "edge_of",
    "encode_add_checkpoint",
    "encode_bundle",
    "encode_checkpoint_text",
    "encode_cosignatures",
    "encode_entry",
    "encode_note",
    "encode_policy",
    "encode_proof",
    "encode_signature",
    "encode_size_body",
    "entries_path",
    "from_commitment",
    "inbox_commitment",
    "inclusion_path",
    "leaf_hash",
    "log_policy",
    "node_hash",
    "parse_add_checkpoint",
    "parse_bundle",
    "parse_checkpoint_text",
    "parse_cosignatures",
    "parse_entry",
    "parse_note",
    "parse_policy",
    "parse_proof",
    "parse_size_body",
    "parse_tile_path",
    "partial_tiles",
    "root_of",
    "root_of_hashes",
    "sealed_digest",
    "sign_checkpoint",
    "tile_path",
    "to_commitment",
    "verify_checkpoint",
    "verify_consistency",
    "verify_delivery_opening",
    "verify_from_opening",
    "verify_inbox_opening",
    "verify_inclusion",
    "verify_log",
    "verify_note",
    "verify_policy",
    "verify_proof",
    "verify_sealed",
    "verify_to_opening",
]
