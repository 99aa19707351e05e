"""The header Idempotency-Key."""

import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.utils.crypto import salted_hmac
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.http import caller
from accounts.services import idempotency

KEY_LIMIT = 255
REPLAYED = "Idempotency-Replayed"

KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": KEY_LIMIT, "pattern": r"^[!-~]([ -~]*[!-~])?$"},
    OpenApiParameter.HEADER,
    description="Any text of yours, for example a UUID. The same call with the same key within seven days is answered "
    f"as the first was, with the header {REPLAYED}, and does nothing.",
    examples=[OpenApiExample("A UUID", value="5f0c9c1e-8f6f-4b59-9d0b-0d3c5a1f7a52")],
)

V = TypeVar("V", bound=Callable[..., Response])


def idempotent(view: V) -> V:
    """Let a POST method be repeated under a key."""
    return _repeatable(view, shown_once="")


def idempotent_without(shown_once: str) -> Callable[[V], V]:
    """The same for an answer that shows a secret: this member of it is not kept, and null in a repeated answer."""
    return lambda view: _repeatable(view, shown_once=shown_once)


def _repeatable(view: V, *, shown_once: str) -> V:
    @functools.wraps(view)
    def repeatable(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            return view(self, request, *args, **kwargs)
        if not (0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable()):
            raise ParseError(f"Idempotency-Key has to be 1 to {KEY_LIMIT} printable ASCII characters.")
        return _once(request, key, lambda: view(self, request, *args, **kwargs), shown_once)

    return extend_schema(parameters=[KEY])(repeatable)  # type: ignore[return-value]


def _once(request: Request, key: str, act: Callable[[], Response], shown_once: str) -> Response:
    first: list[Response] = []

    def answered() -> idempotency.Answer:
        response = act()
        first.append(response)
        body = json.loads(JSONRenderer().render(response.data))
        if shown_once:
            body[shown_once] = None
        return idempotency.Answer(response.status_code, body, response.headers.get("Location", ""))

    answer, is_replayed = idempotency.once(
        user=caller(request), key=key, fingerprint=_fingerprint(request), act=answered
    )
    if not is_replayed:
        return first[0]
    headers = {"Location": answer.location} if answer.location else {}
    return Response(answer.body, status=answer.status, headers={**headers, REPLAYED: "true"})


def _fingerprint(request: Request) -> str:
    # Keyed: bodies may hold a password that could be guessed from a plain digest.
    body = JSONRenderer().render(_readable(request.data))
    call = b"\n".join([(request.method or "").encode(), request.path.encode(), body])
    return salted_hmac("accounts.api.idempotency", call, algorithm="sha256").hexdigest()


def _readable(data: Any) -> Any:
    """A form with files as JSON can say it: of each file its name and the digest of its content."""
    if not isinstance(data, MultiValueDict):
        return data
    return {name: [_told(one) for one in data.getlist(name)] for name in data}


def _told(value: Any) -> Any:
    if not isinstance(value, UploadedFile):
        return value
    found = hashlib.sha256()
    for chunk in value.chunks():
        found.update(chunk)
    value.seek(0)
    return [value.name or "", found.hexdigest()]
