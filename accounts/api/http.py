"""What the views of the REST API share."""

from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from accounts.models import User


def caller(request: Request) -> User:
    """The person in whose name the call is made; permissions let nobody else in."""
    if not isinstance(request.user, User):
        raise TypeError("This view is open to people without a token.")
    return request.user


def checked(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    """The values of a valid request; an invalid one becomes a 400 with the list of errors."""
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values
