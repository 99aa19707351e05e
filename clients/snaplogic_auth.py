"""How SnapLogic knows who calls: Basic, or a JWT that is signed here.

SnapLogic, public API, "Authentication".
"""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from clients.authorizers import TokenAuthorizer
from clients.signing_keys import read_signing_key
from clients.tokens import MemoryTokenStore, Token

JWT_LIFE = timedelta(hours=1)
# A server whose clock is behind ours would refuse a token that comes from its future.
_SKEW = timedelta(seconds=60)


class BasicAuth:
    """A user name and a password; raises ValueError for ones that cannot be sent. Nothing replaces a refused one."""

    scheme = "Basic"

    def __init__(self, username: str, password: str) -> None:
        if not username or not password:
            raise ValueError("Basic needs a user name and a password.")
        if ":" in username:
            raise ValueError("A user name for Basic must not hold a colon, which ends it.")
        self._password = password
        self._value = base64.b64encode(f"{username}:{password}".encode()).decode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown."""
        return (self._password, self._value)

    def current(self) -> str:
        return self._value

    def reject(self, value: str) -> None:
        pass


class SignedJwt:
    """Tokens for `username` in one environment, good for an hour and signed anew before that is over, or when refused.

    `audience` is the public API of the control plane, as `clients.snaplogic.public_api_url` gives it. Signed with RS256
    or ES256, as the key is; raises ValueError, with a sentence, for a key that cannot do either. Safe between threads.
    """

    scheme = "Bearer"

    def __init__(
        self,
        username: str,
        issuer: str,
        private_key_pem: str,
        environment: str,
        audience: str,
        key_id: str = "",
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._claims = {"sub": username, "aud": audience, "iss": issuer, "org": environment}
        self._key = read_signing_key(private_key_pem)
        self._algorithm = "RS256" if isinstance(self._key, RSAPrivateKey) else "ES256"
        self._headers = {"kid": key_id} if key_id else None
        self._pem = private_key_pem
        self._now = now
        self._tokens = TokenAuthorizer(MemoryTokenStore(now=now), self._sign)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown; the tokens are known to the connection."""
        return (self._pem,)

    def current(self) -> str:
        return self._tokens.current()

    def reject(self, value: str) -> None:
        self._tokens.reject(value)

    def _sign(self) -> Token:
        issued_at = self._now() - _SKEW
        expires_at = issued_at + JWT_LIFE
        claims = {**self._claims, "iat": int(issued_at.timestamp()), "exp": int(expires_at.timestamp())}
        value = jwt.encode(claims, self._key, algorithm=self._algorithm, headers=self._headers)
        return Token(value, expires_at)
