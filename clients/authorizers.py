"""What puts the proof of a credential on requests."""

from collections.abc import Callable
from typing import Protocol

from clients.answers import one_line
from clients.errors import ApiUnavailableError
from clients.tokens import Token, TokenStore


class Authorizer(Protocol):
    """Puts a credential's proof on requests and replaces it when it was refused."""

    @property
    def scheme(self) -> str:
        """The word before the proof in the Authorization header."""

    def current(self) -> str:
        """The token to send now."""

    def reject(self, value: str) -> None:
        """The given token was refused."""


class TokenAuthorizer:
    """Bearer tokens from a store, fetched when the store asks for one."""

    scheme = "Bearer"

    def __init__(self, store: TokenStore, fetch: Callable[[], Token]) -> None:
        self._store = store
        self._fetch = fetch

    def current(self) -> str:
        try:
            return self._store.get(self._fetch).value
        except TimeoutError as exc:
            raise ApiUnavailableError(one_line(str(exc)), operation="ims.token") from exc

    def reject(self, value: str) -> None:
        self._store.reject(value)


class FixedToken:
    """A token that was fetched already. Whoever has only this can neither ask for another nor tell of a refusal."""

    def __init__(self, value: str, scheme: str) -> None:
        self.scheme = scheme
        self._value = value

    def current(self) -> str:
        return self._value

    def reject(self, value: str) -> None:
        pass
