"""A demo installation as `make demo` starts it, its emulator, and imports in it that only wait for the click on Run."""

import os
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.integration.ground.conftest import Installation
from tests.processes import descendants, end, free_port

OPERATOR = "oskar@example.com"
ORGANIZATION = "Acme"
TARGET = "stage"
PATIENCE_S = 180
_EMULATOR = b"emulator"


@dataclass(frozen=True)
class Click:
    """An import that may run: what to post, and how the platform knows its package."""

    path: str
    package_id: str


class Stack:
    """The running installation. Django in this process works on its database, as a management command would."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        self.web = httpx.Client(base_url=installation.url, timeout=60)
        port = (installation.data_dir / "emulator-port").read_text()
        self.emulator = httpx.Client(base_url=f"http://127.0.0.1:{port}/__emulator", timeout=60)

    def sign_in(self) -> None:
        from django.test import Client

        from accounts.models import User

        visitor = Client()
        visitor.force_login(User.objects.get(email=OPERATOR))
        token = secrets.token_hex(16)
        self.web.cookies.update({"sessionid": visitor.cookies["sessionid"].value, "csrftoken": token})
        self.web.headers["X-CSRFToken"] = token

    def imports(self, number: int) -> list[Click]:
        """So many decided plans, each of a package of its own; the emulator gets as many packages as that takes."""
        from accounts.models import Organization, User
        from promotions.choices import Decision
        from promotions.models import Package
        from promotions.services import decisions, package_plans, packages

        actor = User.objects.get(email=OPERATOR)
        organization = Organization.objects.get(name=ORGANIZATION, deleted_at=None)
        self.emulator.post("/load", json={"packages": number * 2}).raise_for_status()
        found = Package.objects.filter(
            organization=organization, name__startswith="Load package", status="PUBLISHED"
        ).order_by("name")
        wait_for(lambda: organization.sandboxes.filter(name=TARGET).exists(), "the sandboxes")
        while found.count() < number:
            job = packages.request_synchronization(organization=organization, actor=actor)
            wait_for(partial(_is_over, job), "the packages")
        sandbox = organization.sandboxes.get(name=TARGET)
        planned = {
            package.remote_id: package_plans.plan_promotion(
                package=package, sandbox=sandbox, job_name=f"Bench {package.pk}", actor=actor
            )
            for package in found[:number]
        }
        clicks = []
        for package_id, promotion in planned.items():
            wait_for(partial(_is_open, promotion), f"the plan of {promotion}")
            plan = promotion.current_plan
            open_items = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
            verdicts = [decisions.Verdict(item.pk, Decision.CREATE) for item in open_items]
            if verdicts:
                decisions.decide(plan=plan, verdicts=verdicts, actor=actor)
            clicks.append(Click(f"/plans/{plan.pk}/run/", package_id))
        return clicks

    def run(self, click: Click) -> int:
        """Post the form; returns the id of the job."""
        answer = self.web.post(click.path)
        assert answer.status_code == 302, (answer.status_code, answer.text[:2000])
        return int(answer.headers["location"].rstrip("/").rpartition("/")[2])

    def processes(self) -> dict[int, str]:
        """Every process of the installation with its command line, but for the emulator, which no installation has."""
        root = self.installation.process.pid
        found = {}
        for pid in sorted({root} | descendants(root)):
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except FileNotFoundError:
                continue
            if _EMULATOR not in words:
                found[pid] = b" ".join(words).decode().strip()
        return found


def _is_over(job: Any) -> bool:
    job.refresh_from_db()
    return bool(job.is_finished)


def _is_open(promotion: Any) -> bool:
    return bool(promotion.current_plan.state == "open")


def wait_for(is_true: Callable[[], object], what: str, *, within_s: float = PATIENCE_S) -> None:
    deadline = time.monotonic() + within_s
    while not is_true():
        assert time.monotonic() < deadline, f"Not within {within_s:g} s: {what}"
        time.sleep(0.05)


@contextmanager
def running(**environment: str) -> Iterator[Stack]:
    """Start an installation in a folder of its own and end it; Django must not have been set up before."""
    with TemporaryDirectory(prefix="towpath-bench-") as folder:
        installation = Installation(Path(folder) / "data")
        installation.environment.update(
            {"TOWPATH_MODE": "demo", "EMULATOR_PORT": str(free_port()), "LOG_LEVEL": "WARNING", **environment}
        )
        try:
            installation.up("--demo")
            assert "django.apps" not in sys.modules or not sys.modules["django.apps"].apps.ready
            os.environ.update(
                {**installation.environment, "DATA_DIR": str(installation.data_dir)},
                DJANGO_SETTINGS_MODULE="config.settings",
            )
            import django

            django.setup()
            stack = Stack(installation)
            stack.sign_in()
            yield stack
        finally:
            if installation._process is not None:
                end(installation._process)
