"""Private keys for signing JWTs with RS256 or ES256."""

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from clients.keys import read_private_key

SigningKey = RSAPrivateKey | EllipticCurvePrivateKey

SMALLEST_RSA_BITS = 2048
_ACCEPTED = f"RSA keys of {SMALLEST_RSA_BITS} bits or more (RS256), or keys on the curve P-256 (ES256)"


def check_signing_key(pem: str) -> None:
    """Raise ValueError, with a sentence for the person who pasted it, unless the key can sign with RS256 or ES256."""
    read_signing_key(pem)


def read_signing_key(pem: str) -> SigningKey:
    """The RSA key or the key on P-256 in the text; raises ValueError for any other text, with a sentence.

    SnapLogic, public API, "Authentication".
    """
    key = read_private_key(pem)
    if isinstance(key, RSAPrivateKey):
        if key.key_size < SMALLEST_RSA_BITS:
            raise ValueError(f"This RSA key has {key.key_size} bits. SnapLogic accepts {_ACCEPTED}.")
        return key
    if not isinstance(key, EllipticCurvePrivateKey):
        raise ValueError(f"This private key is of another kind. SnapLogic accepts {_ACCEPTED}.")
    if not isinstance(key.curve, SECP256R1):
        raise ValueError(f"This private key is on the curve {key.curve.name}. SnapLogic accepts {_ACCEPTED}.")
    return key
