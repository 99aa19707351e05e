"""Known secrets are planted in a whole story; afterwards nothing that Towpath keeps or shows may hold one of them."""

import base64
import html
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
import redis
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import crypto
from accounts.models import AuditEvent, Credential, Organization
from accounts.services import first_run, tokens
from config import logs
from config.celery import app as celery_app
from emulator.app import Emulator
from emulator.credentials import describe
from emulator.server import RunningServer, run_in_thread
from promotions.choices import ACTIVE, JobState
from promotions.engine import dispatch
from promotions.models import Job, Package, Plan
from promotions.systems.packages import kinds
from tests.addresses import addresses, things

STORY = "Loyalty schemas v3"
PASSWORD = "canary-password-of-the-first-1827"
SECOND_PASSWORD = "canary-password-of-the-invited-2938"
CHANGED_PASSWORD = "canary-password-after-the-change-4049"
MISTYPED_PASSWORD = "canary-password-mistyped-at-sign-in-5150"
WRONG_SECRET = "p8e-canary-wrong-secret-6261"
QUEUES = ("tick", "interactive", "long")
# What stands encrypted in the database; everything else is searched.
CIPHERTEXTS = {("accounts_credential", "secrets"), ("accounts_accesstoken", "ciphertext")}
# Sessions lie in the database under their own keys, and allauth keeps the key of a reset in the visitor's session.
KEPT_IN_SESSIONS = ("session", "reset key")


class Echo(Emulator):
    """The emulator behind a careless gateway: while `form` is set, every call is answered by what it sent."""

    form = ""
    only = ""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not self.form or self.only not in environ["PATH_INFO"]:
            return super().__call__(environ, start_response)
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
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


class KeepAll(logging.Handler):
    """Every line as it would be written: through the filters of settings.LOGGING, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter(settings.LOGGING["formatters"]["line"]["format"]))
        self.addFilter(logs.ContextFilter())
        self.addFilter(logs.RedactFilter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def echo() -> Echo:
    return Echo(seed="demo", speed=0, clock=None)


@pytest.fixture
def server(echo: Echo) -> Iterator[RunningServer]:
    running = run_in_thread(echo)
    yield running
    running.stop()


@pytest.fixture
def log() -> Iterator[KeepAll]:
    """All loggers at the level of an installation that looks for a fault."""
    handler = KeepAll()
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(before)


class Story:
    """An installation from its first visitor on, driven through its faces only."""

    def __init__(self, echo: Echo, server: RunningServer) -> None:
        self.echo = echo
        self.url = server.url
        self.browser = Client()
        self.canaries: dict[str, str] = {
            "password": PASSWORD,
            "invited password": SECOND_PASSWORD,
            "changed password": CHANGED_PASSWORD,
            "mistyped password": MISTYPED_PASSWORD,
            "wrong secret": WRONG_SECRET,
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

    def api(self, method: str, path: str, body: Any = None, *, expect: int) -> Any:
        headers = {"HTTP_AUTHORIZATION": f"Bearer {self.canaries['API token']}"}
        text = "" if body is None else json.dumps(body)
        answer = Client().generic(method, f"/api/v1/{path}", text, content_type="application/json", **headers)  # type: ignore[arg-type]
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
            for token in list(self.echo.world.tokens):
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


def tell(story: Story) -> None:
    described = {found["name"]: found for found in describe("demo", story.url)["organizations"]}
    _come_in(story)
    acme = _acme_by_forms(story, described["Acme"])
    _globex_by_api(story, described["Globex"])
    _second_person(story, acme)
    _second_factor(story)
    _promote(story, acme)
    _passwords(story)


def _come_in(story: Story) -> None:
    code = first_run.issue_code()
    assert code is not None
    story.plant("set-up code", code)
    wish = {"full_name": "Ada", "email": "ada@example.com", "time_zone": "UTC", "password": PASSWORD}
    story.post("/setup/", {**wish, "code": "AAAA-BBBB-CCCC-DDDD"}, expect=(422,))
    story.post("/setup/", {**wish, "code": code}, expect=(302,))
    story.plant("session", story.browser.cookies["sessionid"].value)
    answer = story.browser.post("/settings/api-tokens/add/", {"name": "Export"})
    found = re.search(r"tow_[\w-]{40,}", answer.content.decode())
    assert found
    story.plant("API token", found[0])


def _acme_by_forms(story: Story, described: dict[str, Any]) -> Organization:
    story.post(
        "/settings/organizations/add/",
        {
            "name": "Acme",
            "remote_id": described["ims_org_id"],
            "platform_url": story.url,
            "ims_url": story.url,
        },
        expect=(302,),
    )
    acme = Organization.objects.get()
    robot, _, legacy = described["credentials"]
    story.plant("client secret", robot["client_secret"])
    story.plant("client secret of the JWT", legacy["client_secret"])
    lines = legacy["private_key"].strip().splitlines()
    story.plant("private key", lines[len(lines) // 2])
    add = f"/settings/organizations/{acme.pk}/credentials/add/"
    wish = {"name": "Robot", "kind": "oauth_server_to_server", "client_id": robot["client_id"]}
    scopes = ",".join(robot["scopes"])
    story.post(add, {**wish, "client_secret": WRONG_SECRET, "name": ""}, expect=(422,))
    story.post(add, {**wish, "client_secret": WRONG_SECRET, "scopes": scopes}, expect=(302,))
    credential = Credential.objects.get()
    test = f"/settings/credentials/{credential.pk}/test/"
    story.post(test, {}, expect=(302,))
    story.work()
    for form in ("json", "nested", "html", "plain", "unreadable"):
        story.broken(form, lambda: story.post(test, {}, expect=(302,)), only="/ims/", rounds=1)
        story.work()
    story.post(
        f"/settings/credentials/{credential.pk}/secret/", {"client_secret": robot["client_secret"]}, expect=(302,)
    )
    story.post(test, {}, expect=(302,))
    story.work()
    credential.refresh_from_db()
    assert credential.is_last_test_ok, credential.last_test_message
    jwt = {
        "name": "Legacy",
        "kind": "jwt",
        "client_id": legacy["client_id"],
        "client_secret": legacy["client_secret"],
        "technical_account_id": legacy["technical_account_id"],
        "metascopes": ",".join(legacy["metascopes"]),
    }
    story.post(add, {**jwt, "private_key": "\n".join(lines[:-2])}, expect=(422,))
    story.post(add, {**jwt, "private_key": legacy["private_key"]}, expect=(302,))
    second = Credential.objects.get(name="Legacy")
    for form in ("json", "nested", "html", "plain"):
        story.broken(form, lambda: story.post(f"/settings/credentials/{second.pk}/test/", {}, expect=(302,)), rounds=1)
        story.work()
    story.post(f"/settings/credentials/{second.pk}/test/", {}, expect=(302,))
    story.work()
    second.refresh_from_db()
    assert second.is_last_test_ok, second.last_test_message
    return acme


def _globex_by_api(story: Story, described: dict[str, Any]) -> None:
    body = {
        "name": "Globex",
        "remote_id": described["ims_org_id"],
        "platform_url": story.url,
        "ims_url": story.url,
    }
    globex = story.api("POST", "organizations/", body, expect=201)["id"]
    robot, _, legacy = described["credentials"]
    story.plant("client secret of Globex", robot["client_secret"])
    lines = legacy["private_key"].strip().splitlines()
    story.plant("private key of Globex", lines[len(lines) // 2])
    wish = {"name": "API", "kind": "oauth_server_to_server", "client_id": robot["client_id"], "scopes": robot["scopes"]}
    story.api(
        "POST", f"organizations/{globex}/credentials/", {**wish, "client_secret": WRONG_SECRET, "no": 1}, expect=400
    )
    story.api("POST", f"organizations/{globex}/credentials/", {**wish, "client_secret": [WRONG_SECRET]}, expect=400)
    pk = story.api("POST", f"organizations/{globex}/credentials/", {**wish, "client_secret": WRONG_SECRET}, expect=201)[
        "id"
    ]
    story.api("POST", f"credentials/{pk}/test/", {}, expect=202)
    story.work()
    story.api("PUT", f"credentials/{pk}/secret/", {"client_secret": robot["client_secret"]}, expect=200)
    story.api(
        "POST",
        f"organizations/{globex}/credentials/",
        {
            "name": "JWT",
            "kind": "jwt",
            "client_id": legacy["client_id"],
            "client_secret": WRONG_SECRET,
            "technical_account_id": legacy["technical_account_id"],
            "metascopes": legacy["metascopes"],
            "private_key": legacy["private_key"],
        },
        expect=201,
    )
    second = Credential.objects.get(name="JWT")
    story.api("POST", f"credentials/{second.pk}/test/", {}, expect=202)
    story.work()


def _second_person(story: Story, acme: Organization) -> None:
    answer = story.browser.post(
        "/settings/people/invite/", {"email": "eve@example.com", "organization": acme.pk, "role": "operator"}
    )
    found = re.search(r"/invitations/([\w-]+)/", answer.content.decode())
    assert found
    link = f"/invitations/{story.plant('invitation', found[1])}/"
    guest = Client()
    wish = {"full_name": "Eve", "time_zone": "UTC"}
    assert guest.get(link).status_code == 200
    # The page of the open invitation carries its own address; it is the guest's, and not searched.
    assert guest.post(link, {**wish, "password": "short"}).status_code == 422
    assert guest.get(f"{link}nowhere/").status_code == 404
    assert guest.post(link, {**wish, "password": SECOND_PASSWORD}).status_code == 302
    story.plant("session of the invited", guest.cookies["sessionid"].value)
    assert Client().get(link).status_code == 404


def _second_factor(story: Story) -> None:
    path = "/settings/profile/second-factor/"
    story.browser.post(f"/accounts/reauthenticate/?next={path}", {"password": PASSWORD})
    found = re.search(r'data-copy="([A-Z2-7 ]{32,})"', story.browser.get(path).content.decode())
    assert found
    secret = story.plant("secret of the second factor", found[1].replace(" ", ""))
    story.plant("secret in groups", found[1])
    counter = list(totp.yield_hotp_counters_from_time())[1]
    code = totp.format_hotp_value(totp.hotp_value(secret, counter))
    # The answer shows the recovery codes, once; it is the person's own, and not searched.
    assert story.browser.post(path, {"code": code}).status_code == 201
    row = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES)
    story.plant("seed of the recovery codes", crypto.decrypt(row.data["seed"]))


def _promote(story: Story, acme: Organization) -> None:
    story.post(f"/settings/organizations/{acme.pk}/sandboxes/", {}, expect=(302,))
    story.work()
    synchronize = f"/packages/synchronize/{acme.pk}/"
    story.post(synchronize, {}, expect=(302,))
    story.work()
    for form in ("json", "nested", "html", "plain", "unreadable"):
        tokens.forget()
        story.broken(form, lambda: story.post(synchronize, {}, expect=(302,)), only="/exim/")
        story.work()
    package = Package.objects.get(organization=acme, name=STORY)
    story.post(f"/packages/{package.pk}/dependencies/", {}, expect=(302,))
    story.work()
    plan = _plan(story, package)
    for form in ("json", "html", "unreadable"):
        story.broken(form, lambda: story.post(f"/plans/{plan.pk}/refresh/", {}, expect=(302,)))
        story.work()
        story.post(f"/plans/{plan.pk}/refresh/", {}, expect=(302,))
        story.work()
    _decide(story, plan)
    run = f"/plans/{plan.pk}/run/"
    story.broken("json", lambda: story.post(run, {}, expect=(302,)), only="/packages/import", rounds=1)
    story.work()
    assert _imports() == [JobState.FAILED]
    second = _plan(story, package)
    _decide(story, second)
    story.post(f"/plans/{second.pk}/run/", {}, expect=(302,))
    story.work()
    assert _imports() == [JobState.FAILED, JobState.SUCCEEDED]


def _plan(story: Story, package: Package) -> Plan:
    stage = package.organization.sandboxes.get(name="stage")
    wish = {"sandbox": stage.pk, "job_name": STORY, "job_description": ""}
    story.post(f"/packages/{package.pk}/plan/", wish, expect=(302,))
    story.work()
    return Plan.objects.latest("pk")


def _decide(story: Story, plan: Plan) -> None:
    story.post(f"/plans/{plan.pk}/accept-exact/", {}, expect=(302,))
    story.post(f"/plans/{plan.pk}/decide/", {"act": "create-undecided"}, expect=(302,))


def _imports() -> list[str]:
    return list(Job.objects.filter(kind=kinds.IMPORT, is_foreign=False).order_by("pk").values_list("state", flat=True))


def _passwords(story: Story) -> None:
    guest = Client()
    story.post(
        "/accounts/login/", {"login": "ada@example.com", "password": MISTYPED_PASSWORD}, expect=(200,), client=guest
    )
    change = {"oldpassword": PASSWORD, "password1": CHANGED_PASSWORD, "password2": CHANGED_PASSWORD}
    story.post("/accounts/password/change/", {**change, "oldpassword": MISTYPED_PASSWORD}, expect=(200,))
    story.post("/accounts/password/change/", change, expect=(302,))
    story.plant("session after the change", story.browser.cookies["sessionid"].value)
    story.post("/accounts/password/reset/", {"email": "eve@example.com"}, expect=(302,), client=guest)
    found = re.search(r"/accounts/password/reset/key/([\w-]+)/", str(mail.outbox[-1].body))
    assert found
    story.plant("reset key", found[1].partition("-")[2])
    guest.get(f"/accounts/password/reset/key/{found[1]}/", follow=True)


# Searching


def forms_of(value: str) -> set[str]:
    """The value as it is, and as it would look inside JSON, URLs, pages and base64."""
    inner = base64.b64encode(value.encode()).decode().rstrip("=")
    return {value, json.dumps(value)[1:-1], quote(value, safe=""), html.escape(value), inner[:-2]}


def find(canaries: dict[str, str], where: str, text: str) -> list[str]:
    return [
        f"{name} in {where}: …{text[max(0, text.index(form) - 80) : text.index(form) + 20]}…"
        for name, value in canaries.items()
        for form in forms_of(value)
        if form in text
    ]


def rows_of_every_table() -> Iterator[tuple[str, str]]:
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608  names from the database
            names = [column[0] for column in cursor.description or ()]
            for row in cursor.fetchall():
                for name, value in zip(names, row, strict=True):
                    if (table, name) not in CIPHERTEXTS:
                        yield f"{table}.{name}", value if isinstance(value, str) else repr(value)


def pages(story: Story) -> Iterator[tuple[str, str]]:
    """Everything an administrator can look at, in the browser and over the API."""
    headers = {"HTTP_AUTHORIZATION": f"Bearer {story.canaries['API token']}"}
    extra = [f"/jobs/{pk}/?tab={tab}" for pk in things()["job"] for tab in ("objects", "timeline", "decisions", "raw")]
    for address in (*addresses(), *extra):
        if address == reverse("account_logout"):
            continue
        client = Client() if address.startswith("/api/") else story.browser
        answer = client.get(address, **(headers if address.startswith("/api/") else {}))  # type: ignore[arg-type]
        # Without a beat the installation is not ready, and says so.
        assert answer.status_code < 500 or address == reverse("readyz"), address
        content = answer.getvalue() if answer.streaming else answer.content
        yield f"GET {address} ({answer.status_code})", content.decode("utf-8", "replace") + str(answer.headers)


def database_files() -> Iterator[tuple[str, str]]:
    if connection.vendor != "sqlite":
        return
    name = Path(str(connection.settings_dict["NAME"]))
    for path in (name, name.with_name(f"{name.name}-wal")):
        if path.exists():
            yield path.name, path.read_bytes().decode("latin-1")


@pytest.mark.django_db(transaction=True)
def test_no_planted_secret_is_found_anywhere(echo: Echo, server: RunningServer, log: KeepAll, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    tokens.forget()
    story = Story(echo, server)

    tell(story)

    looked_at = list(pages(story))
    logged = "\n".join(log.lines)
    assert len(looked_at) > 150
    assert len([value for name, value in story.canaries.items() if name.startswith("access token")]) >= 3
    assert AuditEvent.objects.count() > 20
    assert story.messages
    assert "ims.token" in logged
    at_rest = {name: value for name, value in story.canaries.items() if not name.startswith(KEPT_IN_SESSIONS)}
    leaks = [leak for where, text in (*rows_of_every_table(), *database_files()) for leak in find(at_rest, where, text)]
    for where, text in (
        *looked_at,
        *story.seen,
        *(("a message", text) for text in story.messages),
        ("the log", logged),
    ):
        leaks += find(story.canaries, where, text)
    assert leaks == [], "\n".join(leaks[:40])
    # The search itself works: what is looked for is found where it is known to be.
    assert find(story.canaries, "a probe", f"Bearer {story.canaries['API token']}")
