"""Calls that may be repeated without doing a thing twice: the header Idempotency-Key.

The key and the answer are written in the transaction of the act itself. A second call with the key waits for the first
and gets its answer; a call that was refused leaves no key behind and can be tried again.
"""

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from promotions.models import IdempotentAnswer
from promotions.services.errors import RefusedError

KEY_LIMIT = 255
REPLAYED = "Idempotency-Replayed"

KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Any text of yours, for example a UUID. The same call with the same key within seven days is answered "
    f"as the first was, with the header {REPLAYED}, and does nothing.",
)

V = TypeVar("V", bound=Callable[..., Response])


def idempotent(view: V) -> V:
    """Let a POST method of an ApiView be repeated under a key."""

    @functools.wraps(view)
    def repeatable(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(self, request, *args, **kwargs)
        if not (0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable()):
            raise ParseError(f"Idempotency-Key has to be 1 to {KEY_LIMIT} printable ASCII characters.")
        return _once(self.user, request, key, lambda: view(self, request, *args, **kwargs))

    return extend_schema(parameters=[KEY])(repeatable)  # type: ignore[return-value]


@transaction.atomic
def _once(user: User, request: Request, key: str, act: Callable[[], Response]) -> Response:
    fingerprint = _fingerprint(request)
    try:
        with transaction.atomic():
            kept = IdempotentAnswer.objects.create(user=user, key=key, fingerprint=fingerprint)
    except IntegrityError:
        first = IdempotentAnswer.objects.get(user=user, key=key)
        if first.fingerprint != fingerprint:
            raise RefusedError(
                "This Idempotency-Key was used for another call. Take a new one for every act."
            ) from None
        headers = {REPLAYED: "true"} | ({"Location": first.location} if first.location else {})
        return Response(first.body, status=first.status, headers=headers)
    response = act()
    kept.status, kept.location = response.status_code, response.headers.get("Location", "")
    kept.body = json.loads(JSONRenderer().render(response.data))
    kept.save(update_fields=["status", "location", "body"])
    return response


def _fingerprint(request: Request) -> str:
    body = JSONRenderer().render(request.data)
    return hashlib.sha256(b"\n".join([(request.method or "").encode(), request.path.encode(), body])).hexdigest()
