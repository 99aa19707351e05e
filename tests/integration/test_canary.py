"""Known secrets are planted in a whole story; afterwards nothing that Towpath keeps or shows may hold one of them."""

import base64
import html
import json
import logging
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import (
    AuditEvent,
    IdempotentAnswer,
    Notice,
    NoticeDelivery,
)
from accounts.services import tokens
from config import logs, sign_in
from emulator.server import RunningServer, run_in_thread
from operations import archive, backups
from promotions.models import (
    PromotionGroup,
    RememberedDecision,
    SavedView,
    Transfer,
)
from tests.addresses import addresses, things
from tests.integration.accounts.mail_server import MailServer
from tests.integration.canary_acts import tell
from tests.integration.canary_story import MAIL_PASSWORD, METRICS_TOKEN, OIDC_SECRET, Echo, Story
from tests.processes import free_port

MAIL_SERVER_LOG = "mail.log"  # of the mail server, which runs in this process and is not ours
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


def stored_files() -> Iterator[tuple[str, str]]:
    """What lies in the storage that web and workers share."""
    for path in Path(default_storage.path("")).rglob("*"):
        if path.is_file():
            yield f"the stored file {path.name}", path.read_bytes().decode("latin-1")


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
    kept = (*rows_of_every_table(), *database_files(), *stored_files(), *backup_members(tmp_path))
    assert any(where.startswith("the stored file") for where, _ in kept)
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
