"""Private keys in PEM form, as people paste them."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_PROTECTED = "This private key is protected by a passphrase. Paste a copy without one (openssl pkey -in key.pem)."


def read_private_key(pem: str) -> PrivateKeyTypes:
    """The key, of whatever kind; raises ValueError, with a sentence for the person who pasted it, if there is none."""
    tidy = tidy_pem(pem)
    if "-----BEGIN" not in tidy:
        raise ValueError(
            "This is not a private key in PEM form. "
            "Paste the whole file, from -----BEGIN PRIVATE KEY----- to the END line."
        )
    if "PRIVATE KEY-----" not in tidy:
        kind = (
            "a certificate"
            if "CERTIFICATE-----" in tidy
            else "a public key"
            if "PUBLIC KEY-----" in tidy
            else "another kind of file"
        )
        raise ValueError(f"This is {kind}, not the private key. Paste the private key that belongs to the certificate.")
    if "ENCRYPTED" in tidy:
        raise ValueError(_PROTECTED)
    try:
        return load_pem_private_key(tidy.encode(), password=None)
    except TypeError as exc:
        raise ValueError(_PROTECTED) from exc
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise ValueError(
            "This private key cannot be read; part of it may be missing. Paste the whole file again."
        ) from exc


def tidy_pem(pem: str) -> str:
    """The key as it was before mail programs and environment files changed its line ends."""
    text = pem.replace("\\n", "\n").replace("\r\n", "\n").replace("\r", "\n")
    return "\n".join(line.strip() for line in text.strip().split("\n")) + "\n"
