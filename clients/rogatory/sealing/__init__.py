"""Sealed sections: the parts of a message that only their audience can read.

Pure: bytes in, values out. Salts and seeds are passed in; the one randomness made here
is HPKE's own. The bytes are those of docs/protocol.md:

* content is padded, and the signed message commits to it (`commitment_of`);
* one HPKE ciphertext travels for each active key of each party of the audience
  (`seal_section`, `open_section`);
* the gateway checks the set without opening anything (`verify_sealed_set`);
* the receiver checks what the log entry covers (`verify_delivered`);
* a holder shows a section to a court with salt and content (`verify_opening`).
"""

from rogatory.sealing._commitment import (
    OpenedSection,
    SectionContext,
    commitment_of,
    section_info,
    verify_opening,
)
from rogatory.sealing._delivery import (
    SealedSlot,
    sealed_line_of,
    sealed_slots,
    verify_delivered,
    verify_sealed_set,
)
from rogatory.sealing._keys import (
    EncryptionPrivateKey,
    encode_private_key,
    key_id_of,
    parse_private_key,
)
from rogatory.sealing._open import open_section
from rogatory.sealing._padding import pad, padded_size, unpad
from rogatory.sealing._seal import SealedResult, seal_section

__all__ = [
    "EncryptionPrivateKey",
    "OpenedSection",
    "SealedResult",
    "SealedSlot",
    "SectionContext",
    "commitment_of",
    "encode_private_key",
    "key_id_of",
    "open_section",
    "pad",
    "padded_size",
    "parse_private_key",
    "seal_section",
    "sealed_line_of",
    "sealed_slots",
    "section_info",
    "unpad",
    "verify_delivered",
    "verify_opening",
    "verify_sealed_set",
]
