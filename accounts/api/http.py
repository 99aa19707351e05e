"""What the views of the REST API share."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.http import Http404
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from accounts.errors import RefusedError
from accounts.models import User

T = TypeVar("T")


def caller(request: Request) -> User:
    """The person in whose name the call is made; permissions let nobody else in."""
    if not isinstance(request.user, User):
        raise TypeError("This view is open to people without a token.")
    return request.user


class ForFiles(DefaultContentNegotiation):
    """For views that answer with a file: a caller who accepts nothing but its type is not turned away.

    The framework knows only of the forms in which it writes itself.
    """

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, str(first.media_type)


def checked(serializer: BaseSerializer[Any]) -> dict[str, Any]:
    """The values of a valid request; an invalid one becomes a 400 with the list of errors."""
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values


def named(field: str, find: Callable[[User, int], T], user: User, pk: int) -> T:
    """What a field of the body names; that it is not there is the field's fault, not the address's."""
    try:
        return find(user, pk)
    except Http404 as exc:
        raise RefusedError(f"There is no {field} {pk}, or you may not see it.", field=field) from exc
