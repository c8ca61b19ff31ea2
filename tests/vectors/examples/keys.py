"""Keys, signatures, and what is signed."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from rogatory.envelope import MESSAGE_TYPE, SigningKey, pae, possession_statement
from rogatory.sealing import EncryptionPrivateKey
from rogatory.v1 import directory_pb2 as pb
from tests.vectors.examples.common import ANSWERS, ASKS, ORIGIN, Json, chance, holds

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def ed25519_key(label: str) -> SigningKey:
    """Return an Ed25519 signing key."""
    return SigningKey.of(ed25519.Ed25519PrivateKey.from_private_bytes(chance(label)))


def p256_key(label: str) -> ec.EllipticCurvePrivateKey:
    """Return a P-256 private key."""
    number = int.from_bytes(chance(label), "big") % (P256_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


REGISTRAR_1 = ed25519_key("registrar of the operator")
REGISTRAR_2 = ed25519_key("registrar of the regulator")
CLERK = ed25519_key("clerk of the regulator")
COUNSEL = ed25519_key("counsel of the messenger")
P256 = p256_key("p256")
ML_DSA_65 = mldsa.MLDSA65PrivateKey.from_seed_bytes(chance("ml-dsa-65"))
SEALING = {
    party: EncryptionPrivateKey.from_seed(chance(f"sealing {party}"))
    for party in (ASKS, ANSWERS)
}


def possession(party: str, signer_id: str, key: SigningKey) -> bytes:
    """Return the proof of possession of a key."""
    return key.sign(possession_statement(ORIGIN, party, signer_id, key.public.spki))


def make_keys() -> Json:
    """Return one key of each algorithm, and a proof of possession."""
    private = {
        "ed25519": chance("clerk of the regulator"),
        "p256": P256.private_numbers().private_value.to_bytes(32, "big"),
        "ml_dsa_65": chance("ml-dsa-65"),
    }
    keys = {"ed25519": CLERK, "p256": SigningKey.of(P256)}
    keys["ml_dsa_65"] = SigningKey.of(ML_DSA_65)
    rows = [
        {
            "case": case,
            "algorithm": pb.SignatureAlgorithm.Name(key.public.algorithm),
            "private": private[case].hex(),
            "spki": key.public.spki.hex(),
            "key_id": key.public.key_id.hex(),
        }
        for case, key in keys.items()
    ]
    statement = possession_statement(ORIGIN, ASKS, "clerk-1", CLERK.public.spki)
    return {
        "signing": rows,
        "possession": {
            "origin": ORIGIN,
            "party": ASKS,
            "signer_id": "clerk-1",
            "statement": statement.hex(),
            "signature": possession(ASKS, "clerk-1", CLERK).hex(),
        },
        "encryption": [
            {
                "party": party,
                "seed": key.seed.hex(),
                "public_key": key.public_key.hex(),
                "key_id": key.key_id.hex(),
            }
            for party, key in SEALING.items()
        ],
    }


def make_pae() -> Json:
    """Return pre-authentication encodings."""
    rows = {
        "hello": (MESSAGE_TYPE, b"hello"),
        "empty": ("", b""),
        "length_in_bytes": ("é/한", "é".encode()),
    }
    return [
        {
            "case": case,
            "payload_type": kind,
            "payload": payload.hex(),
            "pae": pae(kind, payload).hex(),
        }
        for case, (kind, payload) in rows.items()
    ]


def make_signatures(kept: Json) -> Json:
    """Return signatures over one statement: right, wrong, and right in a wrong form."""
    message = pae(MESSAGE_TYPE, b"hello")
    signer = SigningKey.of(P256)
    plain = P256.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(plain)
    low, high = min(s, P256_ORDER - s), max(s, P256_ORDER - s)
    ecdsa = encode_dss_signature(r, low)
    quantum = SigningKey.of(ML_DSA_65)
    before = {row["case"]: bytes.fromhex(row["signature"]) for row in kept or []}
    ml_dsa = before.get("ml_dsa_65", b"")
    if not holds(lambda: quantum.public.verify(message, ml_dsa, thing="kept")):
        ml_dsa = quantum.sign(message)
    classical = CLERK.sign(message)
    invalid, form = "SIGNATURE_INVALID", "SIGNATURE_NOT_CANONICAL"
    rows = [
        ("ed25519", CLERK, classical, "OK", "RFC 8032"),
        ("p256", signer, ecdsa, "OK", "DER, low s"),
        ("ml_dsa_65", quantum, ml_dsa, "OK", "FIPS 204, empty context"),
        ("ed25519_bit_fail", CLERK, flip(classical), invalid, "one bit"),
        ("ed25519_short_fail", CLERK, classical[:-1], invalid, "63 bytes"),
        (
            "p256_high_s_fail",
            signer,
            encode_dss_signature(r, high),
            form,
            "the other s: s and n - s both verify, so one is refused",
        ),
        ("p256_ber_fail", signer, ber(ecdsa), form, "a length in the long form"),
        ("p256_raw_fail", signer, raw_rs(r, low), form, "r and s of 32 bytes each"),
        ("p256_bit_fail", signer, ecdsa_of(r + 1, low), invalid, "another r"),
        ("ml_dsa_65_bit_fail", quantum, flip(ml_dsa), invalid, "one bit"),
    ]
    return [
        {
            "case": case,
            "why": why,
            "spki": key.public.spki.hex(),
            "message": message.hex(),
            "signature": signature.hex(),
            "result": result,
        }
        for case, key, signature, result, why in rows
    ]


def flip(raw: bytes) -> bytes:
    """Return the bytes with the last bit of the first byte changed."""
    return bytes([raw[0] ^ 1]) + raw[1:]


def ber(der: bytes) -> bytes:
    """Return the same SEQUENCE with its length in the long form."""
    return der[:1] + b"\x81" + der[1:]


def raw_rs(r: int, s: int) -> bytes:
    """Return r and s without any structure."""
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def ecdsa_of(r: int, s: int) -> bytes:
    """Return r and s in DER."""
    return encode_dss_signature(r, s)
