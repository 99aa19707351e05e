"""Somebody who plants known secrets, remembers them, and sees what comes back."""

import base64
import html
import json
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote

import redis
from django.conf import settings
from django.test import Client
from django.utils import timezone

from config.celery import app as celery_app
from emulator.app import Emulator
from emulator.server import RunningServer
from promotions.choices import ACTIVE
from promotions.engine import dispatch
from promotions.models import (
    Job,
)
from tests.integration.accounts.mail_server import MailServer

PASSWORD = "canary-password-of-the-first-1827"
SECOND_PASSWORD = "canary-password-of-the-invited-2938"
CHANGED_PASSWORD = "canary-password-after-the-change-4049"
MISTYPED_PASSWORD = "canary-password-mistyped-at-sign-in-5150"
WRONG_SECRET = "p8e-canary-wrong-secret-6261"
MAIL_PASSWORD = "canary-password-of-the-mail-server-7372"
METRICS_TOKEN = "canary-token-of-the-metrics-8483-0123456789"
FIRST_VALUE = "sk-canary-stored-value-0607"
STORED_VALUE = "sk-canary-stored-value-1718"
MISTYPED_VALUE = "sk-canary-mistyped-value-2829"
TYPED_SECRETS = tuple(f'sk-canary "typed" into a plan/{number}' for number in (3930, 4041, 5152))
MISTYPED_SECRET = "sk-canary-mistyped-into-a-plan-6263"
UNUSED_SECRET = "sk-canary-typed-and-never-run-7374"
OIDC_SECRET = "canary-secret-of-the-client-9594"
API_SECRETS = tuple(f'pw-canary "typed" for an account/{number}' for number in (8485, 9596, 1617))
UNUSED_API_SECRET = "pw-canary-typed-for-an-account-and-never-run-2728"
API_STORED_VALUE = "pw-canary-stored-for-an-account-3839"
QUEUES = ("tick", "interactive", "long")


class Echo(Emulator):
    """The emulator behind a careless gateway: while `form` is set, every call is answered by what it sent."""

    form = ""
    only = ""
    bearers: frozenset[str] = frozenset()
    """Tokens that clients of SnapLogic made out themselves."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme == "Bearer" and "/rest/public/" in environ["PATH_INFO"]:
            self.bearers |= {token}
        if not self.form or self.only not in environ["PATH_INFO"]:
            return super().__call__(environ, start_response)
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode(errors="replace")
        said = f"{environ.get('HTTP_AUTHORIZATION', '')} {sent} {unquote(sent)}"
        status, kind, text = {
            "json": (
                "400 Bad Request",
                "application/json",
                json.dumps({"title": "Refused", "detail": f"cannot use {said}", "debug": {"said": said}}),
            ),
            "nested": (
                "500 Internal Server Error",
                "application/json",
                json.dumps({"message": json.dumps({"request": {"headers": said, "list": [said]}})}),
            ),
            "html": (
                "502 Bad Gateway",
                "text/html",
                f"<html><head><title>{html.escape(said)}</title></head><body><pre>{html.escape(said)}</pre></body>",
            ),
            "plain": ("403 Forbidden", "text/plain", f"no entry for {said}"),
            "unreadable": ("200 OK", "application/json", f'{{"data": [{json.dumps(said)}'),
        }[self.form]
        start_response(status, [("Content-Type", kind), ("x-request-id", "echo-1")])
        return [text.encode()]


class Story:
    """An installation from its first visitor on, driven through its faces only."""

    def __init__(self, echo: Echo, server: RunningServer, mail: MailServer) -> None:
        self.echo = echo
        self.url = server.url
        self.mail = mail
        self.browser = Client()
        self.colleague = Client()
        self.canaries: dict[str, str] = {
            "password": PASSWORD,
            "invited password": SECOND_PASSWORD,
            "changed password": CHANGED_PASSWORD,
            "mistyped password": MISTYPED_PASSWORD,
            "wrong secret": WRONG_SECRET,
            "mail password": MAIL_PASSWORD,
            "metrics token": METRICS_TOKEN,
            "first stored value": FIRST_VALUE,
            "stored value": STORED_VALUE,
            "mistyped stored value": MISTYPED_VALUE,
            "secret mistyped into a plan": MISTYPED_SECRET,
            "secret of a plan that nobody ran": UNUSED_SECRET,
            **{f"typed secret {number}": secret for number, secret in enumerate(TYPED_SECRETS)},
            **{f"secret of an account {number}": secret for number, secret in enumerate(API_SECRETS)},
            "secret of an account that nobody sent": UNUSED_API_SECRET,
            "stored value of an account": API_STORED_VALUE,
            "OIDC client secret": OIDC_SECRET,
            "secret key": settings.SECRET_KEY,
            "audit key": settings.AUDIT_KEY,
            **{f"credential key {number}": key for number, key in enumerate(settings.CREDENTIAL_KEYS)},
        }
        self.seen: list[tuple[str, str]] = []
        self.messages: list[str] = []
        self.broker = redis.Redis.from_url(settings.REDIS_URL)

    def plant(self, name: str, value: str) -> str:
        assert value, name
        self.canaries[name] = value
        return value

    def post(self, path: str, data: dict[str, Any], *, expect: tuple[int, ...], client: Client | None = None) -> Any:
        """Send a form; what answers it is searched like every page."""
        answer = (client or self.browser).post(path, data)
        assert answer.status_code in expect, (path, answer.status_code, answer.content.decode()[:2000])
        self.seen.append((f"POST {path}", answer.content.decode()))
        return answer

    def visit(self, path: str, *, expect: int, client: Client | None = None, **headers: str) -> None:
        answer = (client or self.browser).get(path, headers=headers)
        assert answer.status_code == expect, (path, answer.status_code)
        self.seen.append((f"GET {path}", answer.getvalue().decode() + str(answer.headers)))

    def api(self, method: str, path: str, body: Any = None, *, expect: int, key: str = "") -> Any:
        headers = {"Authorization": f"Bearer {self.canaries['API token']}"}
        headers |= {"Idempotency-Key": key} if key else {}
        text = "" if body is None else json.dumps(body)
        client = Client(raise_request_exception=False)
        answer = client.generic(method, f"/api/v1/{path}", text, content_type="application/json", headers=headers)
        assert answer.status_code == expect, (path, answer.content)
        self.seen.append((f"{method} {path}", answer.content.decode()))
        return answer.json() if answer.content else None

    def work(self, *, rounds: int = 60) -> None:
        """Let the dispatcher queue what is due, and do what then lies in the broker, as workers would."""
        for _ in range(rounds):
            due = timezone.now()
            Job.objects.filter(state__in=ACTIVE, due_at__gt=due).update(due_at=due)
            dispatch.dispatch_due()
            self._deliver()
            for token in (*self.echo.world.tokens, *self.echo.bearers):
                self.plant(f"access token {token[-8:]}", token)
            if not Job.objects.filter(state__in=ACTIVE).exists():
                return
            self.echo.world.clock.advance(1)
            self.echo.world.settle()
        raise AssertionError(list(Job.objects.filter(state__in=ACTIVE).values_list("kind", "state", "problem")))

    def _deliver(self) -> None:
        for queue in QUEUES:
            while (message := self.broker.rpop(queue)) is not None:
                text = message.decode()  # type: ignore[union-attr]
                envelope = json.loads(text)
                body = base64.b64decode(envelope["body"]).decode()
                self.messages += [text, body]
                name = envelope["headers"]["task"]
                if name != "promotions.tasks.tick":
                    arguments, named, _ = json.loads(body)
                    celery_app.tasks[name](*arguments, **named)

    def broken(self, form: str, act: Callable[[], Any], *, only: str = "", rounds: int = 2) -> None:
        """Do something while the platform answers with what it was sent."""
        self.echo.form, self.echo.only = form, only
        try:
            act()
            for _ in range(rounds):
                Job.objects.filter(state__in=ACTIVE).update(due_at=timezone.now())
                dispatch.dispatch_due()
                self._deliver()
        finally:
            self.echo.form = ""
