"""The whole stack as a person meets it: `manage.py up --demo`, with workers, Valkey and emulator; and a Chromium."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, sync_playwright

from config import embedded
from tests import prepared
from tests.processes import ROOT, end, free_port, wait_until

SCREENSHOTS = ROOT / "test-results"
_failed = pytest.StashKey[bool]()


@dataclass
class Stack:
    """A running demo installation; one without demo data has a set-up code in place of sign-ins."""

    url: str
    emulator_url: str
    sign_ins: dict[str, str]
    set_up_code: str
    environment: dict[str, str]

    def reset_emulator(self) -> None:
        """The seed as it was at the start, and an empty log of requests."""
        httpx.post(f"{self.emulator_url}/__emulator/reset", timeout=30).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """What the emulator was asked since its last reset."""
        answer = httpx.get(f"{self.emulator_url}/__emulator/requests", timeout=30).raise_for_status()
        found: list[dict[str, Any]] = answer.json()["requests"]
        return found

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command of `manage.py` on the data of this installation."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@contextmanager
def running_stack(folder: Path, *options: str, port: int | None = None, **variables: str) -> Iterator[Stack]:
    """`manage.py up --demo` with a data folder and ports of its own; `variables` are more of its environment."""
    data_dir, output, port = folder / "data", folder / "output", port or free_port()
    prepared.copy_to(data_dir, prepared.migrated_folder())
    ours = {"DATABASE_URL", "REDIS_URL", "TOWPATH_MODE", *embedded.KEY_NAMES}
    environment = {
        **{name: value for name, value in os.environ.items() if name not in ours},
        "TOWPATH_MODE": "demo",
        "DATA_DIR": str(data_dir),
        "PORT": str(port),
        "EMULATOR_PORT": str(free_port()),
        **variables,
    }
    with output.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--demo", *options],
            cwd=ROOT,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        wait_until(
            lambda: _has_greeted(output.read_text()) or process.poll() is not None,
            within_s=90,
            what="manage.py up --demo",
        )
        text = output.read_text()
        assert process.poll() is None, text
        emulator = re.search(r"Emulator of the remote platforms: (http://\S+)", text)
        assert emulator, text
        kept = data_dir / "demo-sign-ins.json"
        sign_ins = json.loads(kept.read_text()) if kept.exists() else {}
        code = re.search(r"\b(?:[A-Z0-9]{4}-){3}[A-Z0-9]{4}\b", text)
        yield Stack(f"http://127.0.0.1:{port}", emulator[1], sign_ins, code[0] if code else "", environment)
    finally:
        end(process)


def _has_greeted(text: str) -> bool:
    """The emulator speaks through a pipe of its own, and may come second."""
    return "Towpath is ready" in text and "Emulator of the remote platforms" in text


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack")) as found:
        yield found


@dataclass
class People:
    """Opens a browser window for a person, and gathers what the pages complain of."""

    stack: Stack
    new_context: Callable[..., BrowserContext]
    complaints: list[str] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)

    def window(self, *, width: int = 1280, **options: Any) -> Page:
        """A browser of its own, where nobody is signed in."""
        context = self.new_context(
            base_url=self.stack.url, viewport={"width": width, "height": 900 if width > 600 else 844}, **options
        )
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.pages.append(page)
        return page

    def sign_in(self, email: str, *, width: int = 1280, **options: Any) -> Page:
        page = self.window(width=width, **options)
        page.goto("/accounts/login/")
        page.get_by_label("E-mail address").fill(email)
        page.locator("[name=password]").fill(self.stack.sign_ins[email])
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda url: "/accounts/login/" not in url)
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture
def people(stack: Stack, chromium: dict[str, Any], request: pytest.FixtureRequest) -> Iterator[People]:
    """Browsers of this test alone; a failure leaves a picture of every open page."""
    stack.reset_emulator()
    # Playwright keeps an event loop in this thread while it runs, so it must not outlive the test.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium)
        found = People(stack, browser.new_context)
        yield found
        if request.node.stash.get(_failed, False):
            SCREENSHOTS.mkdir(exist_ok=True)
            for number, page in enumerate(found.pages):
                name = re.sub(r"\W+", "-", request.node.name)
                page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{number}.png", full_page=True)
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    report = yield
    if report.when == "call":
        item.stash[_failed] = report.failed
    return report
