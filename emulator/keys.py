"""Key pairs of the emulator's JWT credentials, derived from a label so that every process has the same ones.

They prove nothing to anybody: whoever knows the label has the key. That is what lets `--credentials` print the
key of an emulator that runs elsewhere, without a private key lying in the repository.
"""

import random
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PUBLIC_EXPONENT = 65537
_SMALL_PRIMES = [n for n in range(3, 4000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


@lru_cache(maxsize=16)
def private_key(label: str) -> rsa.RSAPrivateKey:
    """The RSA 2048 key of this label; the first call takes about a second."""
    source = random.Random(f"emulator-only key: {label}")
    p, q = _prime(source), _prime(source)
    d = pow(PUBLIC_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(e=PUBLIC_EXPONENT, n=p * q),
    ).private_key()


@lru_cache(maxsize=16)
def private_key_pem(label: str) -> str:
    """The same key as an unencrypted PKCS #8 PEM."""
    pem = private_key(label).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode("ascii")


def _prime(source: random.Random) -> int:
    while True:
        # The two top bits are set so that the product of two such primes has 2,048 bits.
        candidate = source.getrandbits(1024) | (3 << 1022) | 1
        if any(candidate % small == 0 for small in _SMALL_PRIMES):
            continue
        if candidate % PUBLIC_EXPONENT != 1 and _is_probable_prime(candidate, source):
            return candidate


def _is_probable_prime(n: int, source: random.Random) -> bool:
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(12):
        x = pow(source.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
