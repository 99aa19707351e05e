"""The header Idempotency-Key."""

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from promotions.services import idempotency

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


def _once(user: User, request: Request, key: str, act: Callable[[], Response]) -> Response:
    def answered() -> idempotency.Answer:
        response = act()
        body = json.loads(JSONRenderer().render(response.data))
        return idempotency.Answer(response.status_code, body, response.headers.get("Location", ""))

    answer, is_replayed = idempotency.once(user=user, key=key, fingerprint=_fingerprint(request), act=answered)
    headers = {"Location": answer.location} if answer.location else {}
    if is_replayed:
        headers[REPLAYED] = "true"
    return Response(answer.body, status=answer.status, headers=headers)


def _fingerprint(request: Request) -> str:
    body = JSONRenderer().render(request.data)
    return hashlib.sha256(b"\n".join([(request.method or "").encode(), request.path.encode(), body])).hexdigest()
