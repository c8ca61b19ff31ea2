"""Make the known answers in `tests/vectors/sealing/`.

    python tests/vectors/make_sealing_vectors.py [FOLDER]

Nothing of Rogatory is imported. Padding, commitment and info are written again from
docs/protocol.md; HPKE is written again from RFC 9180, X-Wing and FIPS 203, with the
ephemeral key from a given seed, so that every ciphertext is the same on every run. Only
SHA-2, SHA-3, X25519, AES-GCM and the ML-KEM-768 public key of a seed are a library's.

Before it writes anything, the script checks itself against the X-Wing draft's first
test vector (draft-connolly-cfrg-xwing-kem-10, appendix C).
"""

import base64
import hashlib
import hmac
import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

Poly = list[int]
Cases = dict[str, tuple[str, dict[str, object]]]

# --- ML-KEM-768 encapsulation with given randomness (FIPS 203, numbers as there) ------

Q, N, K = 3329, 256, 3
ZETAS = [pow(17, int(f"{i:07b}"[::-1], 2), Q) for i in range(128)]
GAMMAS = [pow(17, 2 * int(f"{i:07b}"[::-1], 2) + 1, Q) for i in range(128)]


def ntt(poly: Poly) -> Poly:
    """Algorithm 9."""
    f, i, length = list(poly), 1, 128
    while length >= 2:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i + 1
            for j in range(start, start + length):
                t = zeta * f[j + length] % Q
                f[j], f[j + length] = (f[j] + t) % Q, (f[j] - t) % Q
        length //= 2
    return f


def inverse_ntt(poly: Poly) -> Poly:
    """Algorithm 10."""
    f, i, length = list(poly), 127, 2
    while length <= 128:
        for start in range(0, N, 2 * length):
            zeta, i = ZETAS[i], i - 1
            for j in range(start, start + length):
                t = f[j]
                f[j] = (t + f[j + length]) % Q
                f[j + length] = zeta * (f[j + length] - t) % Q
        length *= 2
    return [x * 3303 % Q for x in f]


def multiply(f: Poly, g: Poly) -> Poly:
    """Algorithms 11 and 12."""
    h = []
    for i, gamma in enumerate(GAMMAS):
        a0, a1, b0, b1 = f[2 * i], f[2 * i + 1], g[2 * i], g[2 * i + 1]
        h += [(a0 * b0 + a1 * b1 * gamma) % Q, (a0 * b1 + a1 * b0) % Q]
    return h


def add(*polys: Poly) -> Poly:
    """Add coefficient by coefficient."""
    return [sum(column) % Q for column in zip(*polys, strict=True)]


def sample_ntt(seed: bytes) -> Poly:
    """Algorithm 7; 3 blocks of SHAKE128 are too few about once in 2**39."""
    stream, out = hashlib.shake_128(seed).digest(168 * 6), list[int]()
    for i in range(0, len(stream), 3):
        a, b, c = stream[i : i + 3]
        out += [d for d in (a + 256 * (b % 16), b // 16 + 16 * c) if d < Q]
    return out[:N]


def sample_cbd(seed: bytes, nonce: int) -> Poly:
    """Algorithm 8 with eta 2, of the PRF of section 4.1."""
    stream = hashlib.shake_256(seed + bytes([nonce])).digest(128)
    bits = [byte >> i & 1 for byte in stream for i in range(8)]
    return [
        (bits[i] + bits[i + 1] - bits[i + 2] - bits[i + 3]) % Q
        for i in range(0, 4 * N, 4)
    ]


def encode(poly: Poly, width: int) -> bytes:
    """Algorithm 5."""
    number = sum(x << (i * width) for i, x in enumerate(poly))
    return number.to_bytes(32 * width, "little")


def decode(data: bytes, width: int) -> Poly:
    """Algorithm 6."""
    number = int.from_bytes(data, "little")
    return [number >> (i * width) & ((1 << width) - 1) for i in range(N)]


def compress(poly: Poly, width: int) -> bytes:
    """Section 4.2.1, with the encoding."""
    return encode([((x << width) + Q // 2) // Q % (1 << width) for x in poly], width)


def mlkem_encapsulate(ek: bytes, m: bytes) -> tuple[bytes, bytes]:
    """Algorithms 14 and 17: the shared secret and the ciphertext."""
    g = hashlib.sha3_512(m + hashlib.sha3_256(ek).digest()).digest()
    secret, r, rho = g[:32], g[32:], ek[384 * K :]
    t = [decode(ek[384 * i : 384 * (i + 1)], 12) for i in range(K)]
    y = [ntt(sample_cbd(r, i)) for i in range(K)]
    ciphertext = b""
    for i in range(K):
        row = [multiply(sample_ntt(rho + bytes([i, j])), y[j]) for j in range(K)]
        u = add(inverse_ntt(add(*row)), sample_cbd(r, K + i))
        ciphertext += compress(u, 10)
    inner = inverse_ntt(add(*(multiply(t[i], y[i]) for i in range(K))))
    message = [bit * ((Q + 1) // 2) for bit in decode(m, 1)]
    v = add(inner, sample_cbd(r, 2 * K), message)
    return secret, ciphertext + compress(v, 4)


# --- X-Wing = MLKEM768-X25519, and HPKE base mode (RFC 9180 section 5.1) --------------


def key_pair(seed: bytes) -> tuple[bytes, bytes]:
    """Return public key and key id."""
    expanded = hashlib.shake_256(seed).digest(96)
    mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:64]).public_key()
    x25519 = X25519PrivateKey.from_private_bytes(expanded[64:]).public_key()
    public = mlkem.public_bytes_raw() + x25519.public_bytes_raw()
    return public, hashlib.sha256(b"rogatory/v1/hpke\n" + public).digest()


def encapsulate(public: bytes, eseed: bytes) -> tuple[bytes, bytes]:
    """Return the shared secret and `enc`."""
    secret_m, ct_m = mlkem_encapsulate(public[:1184], eseed[:32])
    ephemeral = X25519PrivateKey.from_private_bytes(eseed[32:])
    ct_x, pk_x = ephemeral.public_key().public_bytes_raw(), public[1184:]
    secret_x = ephemeral.exchange(X25519PublicKey.from_public_bytes(pk_x))
    label = rb"\.//^" + b"\\"
    secret = hashlib.sha3_256(secret_m + secret_x + ct_x + pk_x + label).digest()
    return secret, ct_m + ct_x


SUITE = b"HPKE" + bytes.fromhex("647a 0001 0002")  # MLKEM768-X25519, SHA-256, AES-256


def extract(salt: bytes, label: bytes, ikm: bytes) -> bytes:
    """LabeledExtract."""
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + SUITE + label + ikm, "sha256")


def expand(prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand, for at most one block of SHA-256."""
    text = length.to_bytes(2, "big") + b"HPKE-v1" + SUITE + label + info
    return hmac.digest(prk, text + b"\x01", "sha256")[:length]


def hpke_seal(public: bytes, eseed: bytes, info: bytes, plaintext: bytes) -> bytes:
    """Return `enc ‖ ciphertext` in base mode, without aad."""
    secret, enc = encapsulate(public, eseed)
    ids = extract(b"", b"psk_id_hash", b""), extract(b"", b"info_hash", info)
    context = b"\0" + b"".join(ids)
    prk = extract(secret, b"secret", b"")
    key, nonce = (
        expand(prk, b"key", context, 32),
        expand(prk, b"base_nonce", context, 12),
    )
    return enc + AESGCM(key).encrypt(nonce, plaintext, b"")


def check_draft_vector() -> None:
    """Refuse to make anything with a wrong X-Wing."""
    stream = hashlib.shake_128(b"").digest(96)  # the draft's seed and eseed
    public, _ = key_pair(stream[:32])
    secret, enc = encapsulate(public, stream[32:])
    found = hashlib.sha3_256(public).digest(), secret, hashlib.sha256(enc).digest()
    expected = (
        "5121745904643ad9dfacca7869292c19a8a69533b53e60666b7db910b4ad6367",
        "d2df0522128f09dd8e2c92b1e905c793d8f57a54c3da25861f10bf4ca613e384",
        "17cd532d657e44c897ca6583e548a5424fc70bf54f99515a4d2bcf99e3469f33",
    )
    if tuple(value.hex() for value in found) != expected:
        raise SystemExit("X-Wing is not the draft's: nothing was written")


# --- Rogatory's own bytes -------------------------------------------------------------

PREFIX = b"rogatory/v1/section\n"


def pad(content: bytes) -> bytes:
    """Pad to the next of 1, 2, 4 … 1024 KiB."""
    size = 1024
    while size < 4 + len(content):
        size *= 2
    return (len(content).to_bytes(4, "big") + content).ljust(size, b"\0")


def chance(label: str, length: int = 32) -> bytes:
    """Return bytes that look random and are the same on every run."""
    return hashlib.shake_256(b"rogatory test vector " + label.encode()).digest(length)


@dataclass(frozen=True)
class Section:
    """A section sealed to one key, and what its receiver believes of it."""

    case: str
    why: str
    result: str = "OK"
    origin: str = "vectors.example/log"
    exchange_id: str = "01939a3c-7c00-7000-8000-000000000001"
    message_id: str = "01939a3c-7c00-7000-8000-000000000002"
    name: str = "targets"
    party: str = "xx-platform"
    audience: tuple[str, ...] = ("xx-platform", "xx-regulator")
    content: bytes = "계정 xx-user-0001".encode()
    padded: bytes | None = None
    commitment: bytes | None = None
    size: int | None = None
    believed: tuple[str, str, str] | None = None
    flip: int | None = None
    cut: int = 0

    def info(self, key_id: bytes) -> bytes:
        """Return the HPKE info."""
        texts = (self.origin, self.exchange_id, self.message_id, self.name, self.party)
        fields = [*(text.encode() for text in texts), key_id]
        return PREFIX + b"".join(len(f).to_bytes(2, "big") + f for f in fields)

    def row(self) -> dict[str, object]:
        """Return the case as it is written."""
        seed, salt = chance(f"seed {self.party}"), chance(f"salt {self.case}")
        public, key_id = key_pair(seed)
        padded = pad(self.content) if self.padded is None else self.padded
        digest = hashlib.sha256(PREFIX + salt + padded).digest()
        eseed, info = chance(f"eseed {self.case}", 64), self.info(key_id)
        box = bytearray(hpke_seal(public, eseed, info, salt + padded))
        if self.flip is not None:
            box[self.flip] ^= 1
        sealed = bytes(box[: len(box) - self.cut])
        here = (self.origin, self.exchange_id, self.message_id)
        origin, exchange_id, message_id = self.believed or here
        return {
            "case": self.case,
            "why": self.why,
            "result": self.result,
            "origin": origin,
            "exchange_id": exchange_id,
            "message_id": message_id,
            "commitment": {
                "name": self.name,
                "audience": list(self.audience),
                "size": self.size or len(padded),
                "commitment": (self.commitment or digest).hex(),
            },
            "party": self.party,
            "seed": seed.hex(),
            "key_id": key_id.hex(),
            "hpke_eseed": eseed.hex(),
            "hpke_info": info.hex(),
            "salt": salt.hex(),
            "content": self.content.hex(),
            "ciphertext": base64.b64encode(sealed).decode(),
            "ciphertext_sha256": hashlib.sha256(sealed).hexdigest(),
        }


def section_rows() -> list[dict[str, object]]:
    """Return sections that open, and sections that must not."""
    plain = Section("plain", "a short content, 1 KiB padded")
    o, e, m = plain.origin, plain.exchange_id, plain.message_id
    here = {"origin": "ab", "exchange_id": "c", "message_id": "d"}
    shape = len(plain.content).to_bytes(4, "big") + plain.content
    good = [
        plain,
        Section("empty", "no content at all", content=b""),
        Section("full", "fills 1 KiB to the last byte", content=chance("full", 1020)),
        Section("next", "one byte more: 2 KiB", content=chance("next", 1021)),
        Section("sender", "the sender reads its own copy", party="xx-regulator"),
        Section("short_names", "tiny fields", "OK", "ab", "c", "d"),
    ]
    there = ("other.example/log", e, m)
    unreadable: Cases = {
        "other_origin": ("replayed at another gateway", {"believed": there}),
        "other_exchange": ("replayed in another exchange", {"believed": (o, m, m)}),
        "other_message": ("replayed in another message", {"believed": (o, e, e)}),
        "shifted": ("a byte moved", {**here, "believed": ("a", "bc", "d")}),
        "not_in_audience": ("not for us", {"audience": ("xx-regulator",)}),
        "flip_mlkem": ("a bit of the ML-KEM part", {"flip": 0}),
        "flip_x25519": ("a bit of the X25519 part", {"flip": 1088}),
        "flip_salt": ("a bit of the sealed salt", {"flip": 1120}),
        "flip_padding": ("a bit of the sealed padding", {"flip": 2175}),
        "flip_tag": ("a bit of the tag", {"flip": -1}),
        "cut": ("the last byte is missing", {"cut": 1}),
        "cut_enc": ("shorter than the encapsulation", {"cut": 1100}),
    }
    mismatch: Cases = {
        "other_commitment": ("other content signed", {"commitment": chance("x")}),
        "other_size": ("another size was signed", {"size": 2048}),
    }
    malformed: Cases = {
        "dirty_padding": ("not zeros", {"padded": shape.ljust(1024, b"\1")}),
        "wide_padding": ("1 KiB is enough", {"padded": shape.ljust(2048, b"\0")}),
        "odd_size": ("1,000 bytes", {"padded": shape.ljust(1000, b"\0")}),
        "long_length": ("too long inside", {"padded": b"\0\0\4\0".ljust(1024, b"\0")}),
    }
    failing = {
        "SECTION_UNREADABLE": unreadable,
        "COMMITMENT_MISMATCH": mismatch,
        "MALFORMED": malformed,
    }
    bad = [
        replace(plain, case=f"{case}_fail", why=why, result=result, **changes)  # type: ignore[arg-type]
        for result, cases in failing.items()
        for case, (why, changes) in cases.items()
    ]
    return [case.row() for case in good + bad]


def key_rows() -> list[dict[str, str]]:
    """Return seeds with what follows from them."""
    seeds = {
        "x_wing_draft": hashlib.shake_128(b"").digest(32),
        "zeros": bytes(32),
        "counting": bytes(range(32)),
    }
    rows = []
    for case, seed in seeds.items():
        public, key_id = key_pair(seed)
        text = base64.b64encode(seed).decode()
        label = "ROGATORY HPKE PRIVATE KEY"
        rows.append(
            {
                "case": case,
                "seed": seed.hex(),
                "public_key": public.hex(),
                "key_id": key_id.hex(),
                "file": f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n",
            }
        )
    return rows


def padding_rows() -> list[dict[str, object]]:
    """Return contents of `length` times `a`, with size and digest when padded."""
    lengths = [0, 1, 1019, 1020, 1021, 2044, 2045, 65532, 65533, 524285, 1048572]
    padded = [(length, pad(b"a" * length)) for length in lengths]
    return [
        {
            "length": length,
            "size": len(form),
            "sha256": hashlib.sha256(form).hexdigest(),
        }
        for length, form in padded
    ]


def sealed_rows() -> list[dict[str, object]]:
    """Return digests of ciphertexts with the entry's `sealed` value."""
    rows: list[dict[str, object]] = [{"digests": [], "sealed": None}]
    for count in (1, 2, 5):
        digests = [hashlib.sha256(bytes([i])).digest() for i in range(count)]
        line = hashlib.sha256(b"rogatory/v1/sealed\n" + b"".join(digests)).digest()
        rows.append(
            {"digests": [d.hex() for d in digests], "sealed": line.hex()},
        )
    return rows


def main(folder: Path) -> None:
    """Write all files."""
    check_draft_vector()
    files = {
        "keys.json": key_rows(),
        "padding.json": padding_rows(),
        "sealed.json": sealed_rows(),
        "sections.json": section_rows(),
    }
    for name, rows in files.items():
        text = json.dumps(rows, indent=1, ensure_ascii=True)
        (folder / name).write_text(text + "\n", encoding="ascii")


if __name__ == "__main__":
    default = Path(__file__).parent / "sealing"
    main(Path(sys.argv[1]) if sys.argv[1:] else default)
