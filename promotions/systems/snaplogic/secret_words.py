"""What in an account is taken for a secret, where nothing in the export says so.

More is taken for one rather than less: a wrong guess costs somebody the typing of a value, a missed one sends the
platform a ciphertext in place of a password, or shows a password to whoever looks.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

from clients.redaction import MARKER, redact_text
from promotions.systems.snaplogic.json_reading import unstorable

HIDDEN = "••••••"

_SECRET = re.compile(
    "passwords?|passwd|pwd|passphrase|passcode|pass|pin|secrets?|tokens?|credentials?|creds?|keys?|jwt|bearer|apikey"
    "|secretkey|privatekey|authkey|assertion|signature|pem|pfx|certificate|salt"
)
# A key or a token has names, places and limits that are no secrets. The last word of the name tells.
_HARMLESS_ENDING = re.compile(
    "endpoints?|ur[li]s?|hosts?|hostname|port|paths?|file|filename|folder|names?|types?|alias|aliases|expiry|expires"
    "|expiration|expired|ttl|lifetime|timeout|size|length|algorithm|method|format|headers?|scheme|version|fields?|label"
    "|notes|audience|issuer|scopes?|realm|location|provider|region|database|schema|user|username|login|domain|email"
    "|enabled|required|policy|usage|interval|count|limit|mode|class|store|keystore|truststore|keyspace|auth|refresh"
    "|grant|style|placement|prefix"
)
# A key of these kinds is no secret, a password with such a name would be.
_HARMLESS_KEY = re.compile("public|primary|foreign|partition|sort|cache|message|routing|row|unique|index")
_word = re.compile("[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# How ciphertext gives itself away. The platform's own marker is not documented.
_MARKER = re.compile(
    r"\s*(?:ENC\(|\{(?:cipher|enc|aes|des|pbe|encrypted)[^}]{0,20}\}|\$\{?enc|enc:|encrypted:|vault:v|AES:|SLENC)",
    re.IGNORECASE,
)
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]*(?:KEY|CERTIFICATE)-----")
_SIGNED = re.compile(r"eyJ[\w-]{12,}\.")
_CODE = re.compile(r"(?:[A-Za-z0-9+/]{32,}={0,2}|[A-Za-z0-9_-]{32,}={0,2})")
_HEX = re.compile(r"[0-9a-fA-F]{64,}")
# Bits a character: texts of words stay below, random base64 of 32 characters lies above.
_RANDOM_FROM = 4.0


def words_of(name: str) -> list[str]:
    """clientSecret, client_secret and Client-Secret are the same two words."""
    return [found.lower() for found in _word.findall(name)]


def is_secret_key(steps: Sequence[str]) -> bool:
    """Whether the names on the way to a value, the nearest last, suggest that it is a secret."""
    for distance, name in enumerate(reversed(steps)):
        words = words_of(name)
        if not words:
            continue
        if _suggests(words, is_own=distance == 0):
            return True
        if distance == 0 and _HARMLESS_ENDING.fullmatch(words[-1]):
            return False
    return False


def _suggests(words: list[str], *, is_own: bool) -> bool:
    if _HARMLESS_ENDING.fullmatch(words[-1]) or (words[-1] == "id" and {"key", "keys"} & set(words)):
        return False
    # What holds a secret is named after it; but tokenSettings holds many things.
    found = {word for word in (words if is_own else words[-1:]) if _SECRET.fullmatch(word)}
    if found <= {"key", "keys"} and any(_HARMLESS_KEY.fullmatch(word) for word in words):
        return False
    return bool(found) or words[-1].endswith(("password", "passphrase", "secret", "apikey", "privatekey", "token"))


def is_encrypted(value: str) -> bool:
    """Whether a text is certainly ciphertext, as far as its beginning tells."""
    return bool(_MARKER.match(value))


def looks_secret(value: str) -> bool:
    """Whether a text is ciphertext, a key, a signed token, or random as only these are."""
    if is_encrypted(value) or _KEY_BLOCK.search(value) or _SIGNED.match(value):
        return True
    text = value.strip()
    if _HEX.fullmatch(text):
        return True
    return bool(
        _CODE.fullmatch(text)
        and re.search("[a-z]", text)
        and re.search("[A-Z]", text)
        and re.search("[0-9]", text)
        and _bits(text) >= _RANDOM_FROM
    )


def holds_secret(value: str) -> bool:
    """Whether a text is a secret or has one in it, such as an address with a password."""
    return looks_secret(value) or holds_secret_within(value)


def holds_secret_within(value: str) -> bool:
    """Whether a text has a secret in it, whatever stands around that: by its form, and not because it is random."""
    return MARKER in redact_text(value)


def shown(value: str) -> str:
    """A value as it may be shown: nothing of a secret is left."""
    return HIDDEN if looks_secret(value) else redact_text(unstorable.sub("\N{REPLACEMENT CHARACTER}", value))


def shown_name(text: str) -> str:
    """A name as it may stand in a sentence or a label, whatever it is made of."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in shown(text))


def _bits(text: str) -> float:
    return -sum(share * math.log2(share) for share in (number / len(text) for number in Counter(text).values()))
