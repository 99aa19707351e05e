"""Calls of the REST API in the name of a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.test import Client

from accounts.models import User
from tests.factories import api_headers

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse


class ApiClient:
    """Sends JSON with the person's token."""

    def __init__(self, user: User) -> None:
        self._client = Client(raise_request_exception=False)
        self._headers = api_headers(user)

    def get(self, path: str, **query: Any) -> _MonkeyPatchedWSGIResponse:
        return self._client.get(self._full(path), query, **self._headers)

    def post(self, path: str, body: Any = None) -> _MonkeyPatchedWSGIResponse:
        return self._client.post(
            self._full(path), body if body is not None else {}, content_type="application/json", **self._headers
        )

    def patch(self, path: str, body: Any) -> _MonkeyPatchedWSGIResponse:
        return self._client.patch(self._full(path), body, content_type="application/json", **self._headers)

    def put(self, path: str, body: Any) -> _MonkeyPatchedWSGIResponse:
        return self._client.put(self._full(path), body, content_type="application/json", **self._headers)

    def delete(self, path: str) -> _MonkeyPatchedWSGIResponse:
        return self._client.delete(self._full(path), **self._headers)

    @staticmethod
    def _full(path: str) -> str:
        return path if path.startswith(("http://", "/")) else f"/api/v1/{path}"


def ids(response: _MonkeyPatchedWSGIResponse) -> list[int]:
    """Ids of a page's rows, in its order."""
    return [row["id"] for row in response.json()["results"]]
