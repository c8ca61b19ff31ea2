"""Evidence files: `age` v1 files, each with its own fresh identity.

Both ways stream: memory stays flat at any size, and the SHA-256 of plaintext and
ciphertext are taken in the same pass. What a caller may rely on:

* A file appears under its name only when it is whole, verified and on disk (fsync);
  until then it is a `.rogatory-….part` file in the same folder, mode 0600. A failure
  removes it; a kill or power cut leaves it behind: it can be deleted.
* `decrypt_file` compares length and SHA-256 of the ciphertext before it decrypts, and
  those of the plaintext before the name appears. No file is ever overwritten.
* The identity is in the manifest and nowhere else; its recipient string (`age1…`) is
  written nowhere at all. An X25519 file whose recipient nobody knows is safe from a
  quantum computer too (docs/protocol.md), so there is never a second recipient.

The standard tool opens a file as well: `age -d -i identity.txt file.age`.

Trouble with this machine's own files and disks is raised as the `OSError` it is.
"""

from rogatory.evidence._age import EncryptedFile, decrypt_file, encrypt_file
from rogatory.evidence._names import safe_file_name, verify_file_name

__all__ = [
    "EncryptedFile",
    "decrypt_file",
    "encrypt_file",
    "safe_file_name",
    "verify_file_name",
]
