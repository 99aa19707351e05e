"""Who calls the REST API."""

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.models import ApiToken, User
from accounts.services import api_tokens

SCHEME = b"bearer"


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <token>`; the token acts as its owner."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != SCHEME:
            return None
        if len(parts) != 2:
            raise AuthenticationFailed("Send one token: Authorization: Bearer <token>.")
        # One sentence for every cause: a caller without a good token learns nothing about tokens or people.
        token = api_tokens.find_usable(parts[1].decode("latin-1"))
        if token is None:
            raise AuthenticationFailed("The token is unknown, revoked or expired, or its owner was deactivated.")
        api_tokens.note_use(token)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
