"""One request of a call, with all that it takes to send it."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from clients.deadlines import remaining
from clients.downloads import Download
from clients.effects import Effect
from clients.multipart import Multipart

SILENCE_S = 30.0
_CONNECT_S, _POOL_S = 10.0, 15.0


@dataclass(frozen=True)
class Request:
    """What is sent, and where a file that is answered goes. It may be sent several times."""

    operation: str
    effect: Effect
    method: str
    url: str
    silence_s: float
    params: tuple[tuple[str, str], ...]
    scheme: str
    headers: Mapping[str, str] | None
    secrets: tuple[str, ...] = field(repr=False)
    body: Any = field(default=None, repr=False)
    content: bytes | None = field(default=None, repr=False)
    form: Mapping[str, str] | None = field(default=None, repr=False)
    multipart: Multipart | None = None
    download: Download | None = None

    @contextlib.contextmanager
    def opened(self, http: httpx.Client, token: str | None) -> Iterator[httpx.Request]:
        """The request, with its files open; raises BodyError if there is one that cannot be read."""
        if self.multipart is None:
            yield self._built(http, token, self.content)
            return
        with self.multipart.opened() as body:
            yield self._built(http, token, body)

    def _built(self, http: httpx.Client, token: str | None, content: Any) -> httpx.Request:
        headers = dict(self.headers or {})
        if token is not None:
            headers["Authorization"] = f"{self.scheme} {token}"
        if self.multipart is not None:
            headers["Content-Type"] = self.multipart.content_type
            headers["Content-Length"] = str(self.multipart.length)
        elif self.body is not None:
            content = json.dumps(self.body, ensure_ascii=False).encode()
        if self.multipart is None and content is not None:
            headers["Content-Type"] = "application/json"
        return http.build_request(
            self.method,
            self.url,
            params=list(self.params) or None,
            content=content,
            data=dict(self.form) if self.form is not None else None,
            headers=headers,
            timeout=self._timeouts(),
        )

    def _timeouts(self) -> httpx.Timeout:
        left = remaining()
        # Only the wait for a free connection of the pool: the deadline clamps what happens on the connection itself.
        pool = _POOL_S if left is None else min(_POOL_S, left)
        return httpx.Timeout(connect=_CONNECT_S, read=self.silence_s, write=self.silence_s, pool=pool)
