"""Known secrets are planted in a whole story; afterwards nothing that Towpath keeps or shows may hold one of them."""

import base64
import html
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
import redis
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import crypto
from accounts.models import (
    AuditEvent,
    Credential,
    IdempotentAnswer,
    Membership,
    Notice,
    NoticeDelivery,
    Organization,
    StoredValue,
)
from accounts.services import first_run, stored_values, tokens
from config import logs, sign_in
from config.celery import app as celery_app
from emulator.app import Emulator
from emulator.credentials import describe
from emulator.server import RunningServer, run_in_thread
from operations import archive, backups
from promotions.choices import ACTIVE, GOOD_ENDS, JobState, SharingState
from promotions.engine import dispatch
from promotions.models import (
    Approval,
    Job,
    Journey,
    Package,
    Partnership,
    Plan,
    PlanItem,
    PromotionGroup,
    RememberedDecision,
    SavedView,
    SharingRequest,
    Transfer,
)
from promotions.systems.packages import kinds
from tests.addresses import addresses, things
from tests.integration.accounts.mail_server import MailServer
from tests.processes import free_port

STORY = "Loyalty schemas v3"
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
MAIL_SERVER_LOG = "mail.log"  # of the mail server, which runs in this process and is not ours
QUEUES = ("tick", "interactive", "long")
# What stands encrypted in the database; everything else is searched.
CIPHERTEXTS = {
    ("accounts_credential", "secrets"),
    ("accounts_accesstoken", "ciphertext"),
    ("accounts_storedvalue", "sealed"),
    ("promotions_sealedvalue", "sealed"),
    ("promotions_remotedocument", "sealed"),
}
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
        if record.name != MAIL_SERVER_LOG:
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
    _values(story, acme)
    _second_person(story, acme)
    _second_factor(story)
    package = _promote(story, acme)
    _approve(story, package)
    _share(story, package)
    _repeat(story, package)
    _mail(story)
    _journeys(story, acme)
    _decisioning(story, acme)
    _passwords(story)
    _errors(story)


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
            "service_urls.journeys": f"{story.url}/authoring",
            "service_urls.decisioning": f"{story.url}/decisioning",
        },
        expect=(302,),
    )
    acme = Organization.objects.get()
    robot, _, legacy, *_ = described["credentials"]
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
    robot, _, legacy, *_ = described["credentials"]
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


def _values(story: Story, acme: Organization) -> None:
    """Kept and replaced by forms and over the API, refused in between."""
    add = f"/settings/organizations/{acme.pk}/values/add/"
    wish = {"name": "SMS key", "description": "Of the messaging team"}
    story.post(add, {**wish, "name": "", "value": MISTYPED_VALUE}, expect=(422,))
    story.post(add, {**wish, "value": FIRST_VALUE}, expect=(302,))
    stored = StoredValue.objects.get()
    story.post(f"/settings/values/{stored.pk}/replace/", {"value": STORED_VALUE}, expect=(302,))
    path = f"organizations/{acme.pk}/values/"
    story.api("POST", path, {"name": "Over the API", "value": [MISTYPED_VALUE]}, expect=400)
    body = {"name": "Over the API", "value": FIRST_VALUE}
    pk = story.api("POST", path, body, expect=201, key="value of the messaging team")["id"]
    story.api("POST", path, {"name": "Over the API", "value": MISTYPED_VALUE}, expect=422)
    story.api("PUT", f"values/{pk}/value/", {"value": MISTYPED_VALUE, "no": 1}, expect=400)
    story.api("PUT", f"values/{pk}/value/", {"value": STORED_VALUE}, expect=200)
    assert stored_values.read_value(StoredValue.objects.get(pk=pk)) == STORED_VALUE


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
    eve = Membership.objects.get(user__email="eve@example.com")
    story.post(f"/settings/members/{eve.pk}/", {"role": "approver"}, expect=(302,))
    story.colleague = guest


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


def _promote(story: Story, acme: Organization) -> Package:
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
    return package


def _approve(story: Story, package: Package) -> None:
    """Into production: rejected, asked for again under a key, approved by somebody else, run under a key."""
    plan = _plan(story, package, "prod")
    _decide(story, plan)
    story.post(f"/plans/{plan.pk}/request-approval/", {"note": "For the launch."}, expect=(302,))
    story.work()
    _say(story, Approval.objects.latest("pk"), "reject", "Not on a Friday.", expect=302)
    plan = plan.promotion.current_plan
    for _ in range(2):
        story.api("POST", f"plans/{plan.pk}/approval/", {"note": "On a Monday."}, expect=201, key="release-7")
    approval = Approval.objects.latest("pk")
    _say(story, approval, "approve", "Then yes.", expect=302)
    _say(story, approval, "approve", "Yes again.", expect=409)
    job = story.api("POST", f"plans/{plan.pk}/run/", {}, expect=202, key="run of release-7")["id"]
    story.work()
    story.api("POST", f"plans/{plan.pk}/run/", {}, expect=202, key="run of release-7")
    assert Job.objects.get(pk=job).state == JobState.SUCCEEDED


def _share(story: Story, package: Package) -> None:
    """Refused and then sent to a partner; what another asks for is decided; all of it read over careless gateways."""
    globex = Organization.objects.get(name="Globex")
    for form in ("json", "html", "unreadable"):
        act = partial(story.api, "POST", f"organizations/{package.organization_id}/synchronize-sharing/", expect=202)
        story.broken(form, act, only="/handshake")
        story.work()
    for organization in (package.organization, globex):
        story.api("POST", f"organizations/{organization.pk}/synchronize-sharing/", expect=202)
    story.work()
    wish = {"package": package.pk, "partner_ids": [globex.remote_id], "note": "As agreed."}
    states = []
    for form in ("json", ""):
        asked = story.api("POST", "sharing-requests/share/", wish, expect=201, key=f"sharing {form}")["id"]
        approval = Approval.objects.latest("pk")
        story.broken(form, partial(_say, story, approval, "approve", "They need it.", expect=302), only="/transfer")
        story.work()
        states.append(SharingRequest.objects.get(pk=asked).state)
    assert states == [SharingState.FAILED, SharingState.DONE]
    waiting = Partnership.objects.get(organization=package.organization, direction="incoming", partner_name="Northwind")
    said = {"decision": "reject", "reason": "Not before the audit."}
    story.api("POST", f"partnerships/{waiting.pk}/decide/", said, expect=202)
    story.work()
    assert Partnership.objects.get(pk=waiting.pk).is_rejected


def _journeys(story: Story, acme: Organization) -> None:
    """Filled in by forms and over the API, refused and lost on the way, imported in the end; one plan is never run."""
    story.post(f"/journeys/synchronize/{acme.pk}/", {}, expect=(302,))
    story.work()
    journey = Journey.objects.get(organization=acme, sandbox__name="dev", name="Order confirmation")
    Journey.objects.exclude(pk=journey.pk).delete()  # one is enough to look at
    plan = _journey_plan(story, journey, "stage")
    secrets = list(plan.items.filter(input="secret").order_by("position"))
    chosen = StoredValue.objects.get(name="SMS key")
    for value in (f"INSERT_SECRET_HERE {MISTYPED_SECRET}", MISTYPED_SECRET, TYPED_SECRETS[0]):
        _fill(story, secrets[0], value)
    for number in (1, 2):
        said = {"item": secrets[number].pk, "decision": "fill", "value": TYPED_SECRETS[number]}
        for key in (f"fill {number}", f"fill {number}", ""):
            story.api("POST", f"plans/{plan.pk}/decide/", {"decisions": [said]}, expect=200, key=key)
    said = {"item": secrets[2].pk, "decision": "fill", "value": [MISTYPED_SECRET], "val": MISTYPED_SECRET}
    story.api("POST", f"plans/{plan.pk}/decide/", {"decisions": [said]}, expect=400)
    offered = next(one for one in secrets[3].choices if one["target"]["title"] == chosen.name)["target"]["id"]
    wish = {f"item-{secrets[3].pk}-decision": f"reuse:{offered}", f"item-{secrets[3].pk}-batch": 0}
    story.post(f"/plan-items/{secrets[3].pk}/decide/", wish, expect=(302,))
    _unable_to_seal(story, secrets[0])
    for item in plan.items.exclude(input="secret"):
        first = item.choices[0]
        said = {"item": item.pk, "decision": first["decision"], "target": (first["target"] or {"id": ""})["id"]}
        story.api("POST", f"plans/{plan.pk}/decide/", {"decisions": [said]}, expect=200)
    for form in ("json", "html"):
        plan = plan.promotion.current_plan
        run = f"/plans/{plan.pk}/run/"
        story.broken(form, partial(story.post, run, {}, expect=(302,)), only="/journeyVersions/import", rounds=1)
        story.work()
    runs = Job.objects.filter(promotion=plan.promotion, plan__state="ready").order_by("pk")
    assert [run.state in GOOD_ENDS for run in runs] == [True], [(run.state, run.problem) for run in runs]
    assert {run.state for run in plan.promotion.jobs.filter(kind="journeys.import")} >= {JobState.FAILED}
    assert not plan.promotion.sealed_values.exists()
    unused = _journey_plan(story, journey, "stage")
    _fill(story, unused.items.filter(input="secret")[0], UNUSED_SECRET)
    assert unused.promotion.sealed_values.count() == 1


def _decisioning(story: Story, acme: Organization) -> None:
    """Two analyses whose starts are answered by what they sent: one is refused, of the other nobody knows."""
    ids = {sandbox.name: sandbox.pk for sandbox in acme.sandboxes.all()}
    wish = {"source": ids["dev"], "target": ids["stage"], "level": "sandbox", "hours": 1}
    for form in ("json", "html"):
        begin = partial(story.post, "/decisioning/new/", wish, expect=(302,))
        story.broken(form, begin, only="/generate-dependencies")
    states = Job.objects.filter(kind="decisioning.analyse").order_by("pk").values_list("state", flat=True)
    assert list(states) == [JobState.FAILED, JobState.NEEDS_ATTENTION]


def _journey_plan(story: Story, journey: Journey, target: str) -> Plan:
    sandbox = journey.organization.sandboxes.get(name=target)
    wish = {"version": journey.latest_version_uid, "sandbox": sandbox.pk}
    story.post(f"/journeys/{journey.pk}/promote/", wish, expect=(302,))
    story.work()
    return Plan.objects.latest("pk")


def _fill(story: Story, item: PlanItem, value: str, *, expect: int = 302) -> None:
    item.refresh_from_db()
    said = {f"item-{item.pk}-{name}": text for name, text in (("decision", "fill"), ("batch", item.batch))}
    story.post(f"/plan-items/{item.pk}/decide/", {**said, f"item-{item.pk}-value": value}, expect=(expect,))


def _unable_to_seal(story: Story, item: PlanItem) -> None:
    """A fault of our own while a secret is being kept."""
    kept, settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS, ["no key at all"]
    story.browser.raise_request_exception = False
    _fill(story, item, MISTYPED_SECRET, expect=500)
    said = {"item": item.pk, "decision": "fill", "value": MISTYPED_SECRET}
    story.api("POST", f"plans/{item.plan_id}/decide/", {"decisions": [said]}, expect=500)
    story.browser.raise_request_exception = True
    settings.CREDENTIAL_KEYS = kept


def _say(story: Story, approval: Approval, verdict: str, reason: str, *, expect: int) -> None:
    said = {"verdict": verdict, "reason": reason, "seen_hash": approval.content_hash}
    story.post(f"/approvals/{approval.pk}/", said, expect=(expect,), client=story.colleague)


def _repeat(story: Story, package: Package) -> None:
    """Again with what is remembered, then into two targets at once; the filter of what came of it is kept."""
    again = Plan.objects.latest("pk").promotion
    story.post(f"/promotions/{again.pk}/run-again/", {}, expect=(302,))
    story.work()
    plan = Plan.objects.latest("pk")
    # All that was decided before has been made by then; the refusal is searched like any answer.
    story.api("POST", f"plans/{plan.pk}/take-remembered/", expect=422)
    sandboxes = package.organization.sandboxes.filter(name__in=("stage", "prod"))
    wish = {"sandbox": [sandbox.pk for sandbox in sandboxes], "job_name": STORY, "job_description": ""}
    story.post(f"/packages/{package.pk}/plan/", wish, expect=(302,))
    story.work()
    group = PromotionGroup.objects.get()
    story.post(f"/promotion-groups/{group.pk}/decide/", {"act": "create-undecided"}, expect=(302,))
    story.broken(
        "nested",
        lambda: story.post(f"/promotion-groups/{group.pk}/run/", {"note": "Both."}, expect=(302,)),
        only="/packages/import",
    )
    story.work()
    story.post("/jobs/views/", {"view-name": "Broken", "query": "state=failed"}, expect=(302,))


def _mail(story: Story) -> None:
    """What lay there before the mail server was careless has gone out; one mail it answers with our password."""
    assert story.mail.postman.messages
    story.mail.postman.answer_to_sender = f"451 4.3.0 nothing is relayed for {MAIL_PASSWORD}"
    plan = Plan.objects.filter(approvals=None, promotion__target_sandbox__name="prod").latest("pk")
    story.post(f"/plans/{plan.pk}/accept-exact/", {}, expect=(302,))
    story.post(f"/plans/{plan.pk}/decide/", {"act": "create-undecided"}, expect=(302,))
    story.post(f"/plans/{plan.pk}/request-approval/", {"note": "Look."}, expect=(302,))
    story.work()
    assert "relayed for" in NoticeDelivery.objects.exclude(error="").latest("pk").error
    story.mail.postman.answer_to_sender = ""
    story.post("/settings/mail/send-again/", {}, expect=(302,))
    story.work()


def _plan(story: Story, package: Package, target: str = "stage") -> Plan:
    sandbox = package.organization.sandboxes.get(name=target)
    wish = {"sandbox": sandbox.pk, "job_name": STORY, "job_description": ""}
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
    found = re.search(r"/accounts/password/reset/key/([\w-]+)/", story.mail.postman.messages[-1].get_content())
    assert found
    story.plant("reset key", found[1].partition("-")[2])
    guest.get(f"/accounts/password/reset/key/{found[1]}/", follow=True)


def _errors(story: Story) -> None:
    """Every kind of refusal, of callers who sent secrets along."""
    guest = Client(enforce_csrf_checks=True)
    mistyped = {"login": "ada@example.com", "password": MISTYPED_PASSWORD}
    secret = {"client_secret": WRONG_SECRET}
    credential = Credential.objects.filter(name="API").get()
    story.visit("/jobs/export/?format=none", expect=400)
    story.visit("/", expect=400, client=Client(headers={"host": "elsewhere.example.com"}))
    story.post("/accounts/login/", mistyped, expect=(403,), client=guest)
    story.post("/settings/people/invite/", {"password": MISTYPED_PASSWORD}, expect=(403,), client=story.colleague)
    story.visit(f"/invitations/{story.canaries['invitation']}/nowhere/", expect=404, client=Client())
    story.visit("/metrics", expect=401, client=Client(), authorization=f"Bearer {METRICS_TOKEN}-almost")
    story.visit("/metrics", expect=200, client=Client(), authorization=f"Bearer {METRICS_TOKEN}")
    story.visit("/accounts/oidc/login/", expect=502, client=Client())
    story.api("PUT", f"credentials/{credential.pk}/secret/", {"client_secret": {"is": WRONG_SECRET}}, expect=400)
    story.api("PUT", f"credentials/{credential.pk}/nowhere/", secret, expect=404)
    story.api("PUT", "organizations/", secret, expect=405)
    _fail(story, credential, secret)
    settings.ACCOUNT_RATE_LIMITS = {"login": "1/m/ip"}
    for expected in (200, 429):
        story.post("/accounts/login/", mistyped, expect=(expected,), client=Client())
    settings.ACCOUNT_RATE_LIMITS = False


def _fail(story: Story, credential: Credential, secret: dict[str, str]) -> None:
    """A fault of our own, with secrets in its hands: the key that would encrypt them is none."""
    kept, settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS, ["no key at all"]
    story.browser.raise_request_exception = False
    story.post(f"/settings/credentials/{credential.pk}/secret/", secret, expect=(500,))
    story.api("PUT", f"credentials/{credential.pk}/secret/", secret, expect=500)
    stored = StoredValue.objects.latest("pk")
    story.post(f"/settings/values/{stored.pk}/replace/", {"value": MISTYPED_VALUE}, expect=(500,))
    story.api("PUT", f"values/{stored.pk}/value/", {"value": MISTYPED_VALUE}, expect=500)
    story.browser.raise_request_exception = True
    settings.CREDENTIAL_KEYS = kept


# Searching


@cache
def forms_of(value: str) -> frozenset[str]:
    """The value as it is, and as it would look inside JSON, URLs, pages and base64."""
    inner = base64.b64encode(value.encode()).decode().rstrip("=")
    return frozenset({value, json.dumps(value)[1:-1], quote(value, safe=""), html.escape(value), inner[:-2]})


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
    caller = Client()
    extra = [f"/jobs/{pk}/?tab={tab}" for pk in things()["job"] for tab in ("objects", "timeline", "decisions", "raw")]
    extra += [f"{face}/{what}/export/?format=json" for face in ("", "/api/v1") for what in ("jobs", "audit")]
    extra += ["/api/v1/jobs/export/?format=csv", "/api/v1/audit/export/?format=csv", "/approvals/?tab=decided"]
    for address in (*addresses(), *extra):
        if address == reverse("account_logout"):
            continue
        client = caller if address.startswith("/api/") else story.browser
        answer = client.get(address, **(headers if address.startswith("/api/") else {}))  # type: ignore[arg-type]
        # Without a beat the installation is not ready, and says so.
        assert answer.status_code < 500 or address == reverse("readyz"), address
        content = answer.getvalue() if answer.streaming else answer.content
        yield f"GET {address} ({answer.status_code})", content.decode("utf-8", "replace") + str(answer.headers)


def backup_members(folder: Path) -> Iterator[tuple[str, str]]:
    """A backup without keys, unpacked."""
    made = backups.make(folder)
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    archive.unpack(made.path, unpacked)
    for path in unpacked.rglob("*"):
        if path.is_file():
            yield f"{path.name} of the backup", path.read_bytes().decode("latin-1")


def database_files() -> Iterator[tuple[str, str]]:
    if connection.vendor != "sqlite":
        return
    name = Path(str(connection.settings_dict["NAME"]))
    for path in (name, name.with_name(f"{name.name}-wal")):
        if path.exists():
            yield path.name, path.read_bytes().decode("latin-1")


@pytest.fixture
def mail(settings: Any) -> Iterator[MailServer]:
    made = MailServer(free_port())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
    settings.EMAIL_USE_TLS, settings.EMAIL_TIMEOUT = False, 5
    settings.EMAIL_HOST_PASSWORD = MAIL_PASSWORD
    made.start()
    yield made
    made.stop()


@pytest.mark.django_db(transaction=True)
def test_no_planted_secret_is_found_anywhere(
    echo: Echo, server: RunningServer, mail: MailServer, log: KeepAll, settings: Any, tmp_path: Path
) -> None:
    settings.ACCOUNT_RATE_LIMITS = False
    settings.METRICS_TOKEN = METRICS_TOKEN
    settings.OIDC = sign_in.Oidc(
        issuer=f"http://127.0.0.1:{free_port()}",
        client_id="towpath",
        client_secret=OIDC_SECRET,
        name="Keycloak",
        scopes=("openid", "email"),
        is_only=False,
        is_loopback_allowed=True,
    )
    tokens.forget()
    story = Story(echo, server, mail)

    tell(story)

    looked_at = list(pages(story))
    logged = "\n".join(log.lines)
    mails = [message.as_string() + message.get_content() for message in mail.postman.messages]
    assert len(looked_at) > 250
    assert len([value for name, value in story.canaries.items() if name.startswith("access token")]) >= 3
    assert AuditEvent.objects.count() > 40
    assert story.messages
    assert len(mails) > 3
    for model in (IdempotentAnswer, SavedView, RememberedDecision, Notice, NoticeDelivery, Transfer):
        assert model._default_manager.exists(), model
    assert PromotionGroup.objects.get().last_act["outcomes"]
    assert "ims.token" in logged
    assert "Traceback" in logged
    at_rest = {name: value for name, value in story.canaries.items() if not name.startswith(KEPT_IN_SESSIONS)}
    kept = (*rows_of_every_table(), *database_files(), *backup_members(tmp_path))
    leaks = [leak for where, text in kept for leak in find(at_rest, where, text)]
    # The mail with the key of a reset is its only way to its person.
    leaks += [leak for text in mails for leak in find(at_rest, "a mail", text)]
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
