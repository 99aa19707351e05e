"""A real OpenID provider on this machine, as a process: `oidc-provider-mock`, which insists on PKCE besides.

Whoever may sign in is told to it with `PUT /users/<sub>`, as claims. `PUT /__answers` replaces answers by path, for
providers that do not keep to the protocol.
"""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.processes import ROOT, end, free_port, wait_until


class InsistOnPkce:
    """Remembers the challenge of each code, and refuses codes that come without the verifier."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app
        self.challenges: dict[str, str] = {}
        self.answers: dict[str, Any] = {}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], parse_qs(environ.get("QUERY_STRING", ""))
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        if path == "/__answers":
            self.answers = json.loads(body)
            return _answer(start_response, "200 OK", {})
        if path in self.answers:
            return _answer(start_response, *self.answers[path])
        if path == "/oauth2/token":
            sent = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            digest = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if self.challenges.pop(sent.get("code", ""), None) != challenge:
                return _answer(start_response, "400 Bad Request", {"error": "invalid_grant"})

        def note_code(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            location = dict(headers).get("Location", "")
            if code := parse_qs(urlsplit(location).query).get("code"):
                assert query["code_challenge_method"] == ["S256"]
                self.challenges[code[0]] = query["code_challenge"][0]
            return start_response(status, headers, *rest)

        return self.app(environ, note_code)


def _answer(start_response: Callable[..., Any], status: str, body: Any) -> Iterable[bytes]:
    start_response(status, [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]


@dataclass
class RunningProvider:
    """The provider, with Towpath as its client."""

    url: str
    client_id: str
    client_secret: str
    process: "subprocess.Popen[str]"

    def knows(self, sub: str, **claims: Any) -> None:
        httpx.put(f"{self.url}/users/{sub}", json=claims).raise_for_status()

    def answers(self, **by_path: tuple[str, Any]) -> None:
        """Answer these paths with a status line and JSON from now on; none: behave again."""
        httpx.put(f"{self.url}/__answers", json=by_path).raise_for_status()

    def approve(self, location: str, sub: str) -> str:
        """What the person does there: the address that the provider sends them back to."""
        answer = httpx.post(location, data={"sub": sub})
        assert answer.status_code == 302, answer.text
        return answer.headers["Location"]


@contextmanager
def running_provider(redirect_uri: str) -> Iterator[RunningProvider]:
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.oidc_provider", str(port)],
        cwd=ROOT,
        env={**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _is_up(url), within_s=60, what="the OpenID provider")
        answer = httpx.post(f"{url}/oauth2/clients", json={"redirect_uris": [redirect_uri]}).raise_for_status().json()
        yield RunningProvider(url, answer["client_id"], answer["client_secret"], process)
    finally:
        end(process)


def _is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/.well-known/openid-configuration").is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    import oidc_provider_mock  # type: ignore[import-untyped]
    from werkzeug.serving import make_server

    made = oidc_provider_mock.app(require_client_registration=True, require_nonce=True)
    make_server("127.0.0.1", int(sys.argv[1]), InsistOnPkce(made), threaded=True).serve_forever()
