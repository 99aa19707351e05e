"""SnapLogic as the emulator has it, and the pages that bring zips of API versions into it."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

import httpx
from playwright.sync_api import Locator, Page, expect

from emulator.credentials import describe
from tests.browser.conftest import Stack

OPERATOR = "oskar@example.com"
ENVIRONMENT, ORG = "Acme integration dev", "acme-dev"
SLOW = 60_000


def sha256(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def tab_to(page: Page, control: Locator) -> None:
    """Move the focus by the tab key alone."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if control.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"The tab key does not lead to {control}.")


@dataclass
class SnapLogic:
    """The platform of a stack, seen from outside Towpath."""

    stack: Stack

    def exported(self, api: str, version: str) -> bytes:
        """The zip as the platform's own console would give it."""
        organizations = describe("demo", self.stack.emulator_url)["organizations"]
        robot = next(one for one in organizations if one.get("remote_id") == ORG)["credentials"][0]
        answer = httpx.get(
            f"{self.stack.emulator_url}/api/1/rest/public/apim/export_version/{ORG}/apim/{api}/{version}",
            auth=(robot["username"], robot["password"]),
            timeout=30,
        )
        return answer.raise_for_status().content

    def make(self, api: str, version: str, *, size: int) -> None:
        """A version of that many bytes."""
        body = {"org": ORG, "api": api, "version": version, "pipelines": 1, "accounts": 0, "bytes": size}
        url = f"{self.stack.emulator_url}/__emulator/snaplogic/versions"
        httpx.post(url, json=body, timeout=30).raise_for_status()

    def versions(self) -> dict[str, dict[str, Any]]:
        """What is there, by `{api}/{version}`."""
        found = httpx.get(f"{self.stack.emulator_url}/__emulator/snaplogic", timeout=30).raise_for_status().json()
        return {f"{one['api']}/{one['version']}": one for one in found["versions"] if one["org"] == ORG}

    def assets(self, api: str, version: str) -> dict[tuple[str, str], dict[str, Any]]:
        return {(one["type"], one["name"]): one for one in self.versions()[f"{api}/{version}"]["assets"]}

    def values(self, api: str, version: str, account: str) -> dict[str, dict[str, Any]]:
        """Each value of an account by the last part of its place that is a name; secrets as digests."""
        found = self.assets(api, version)["Account", account]["values"]
        return {one["path"].removesuffix(".value").rpartition(".")[2]: one for one in found}

    def effects(self, operation: str) -> list[dict[str, Any]]:
        """The writes that took effect since the start of the test."""
        query = {"operation": f"snaplogic.{operation}"}
        answer = httpx.get(f"{self.stack.emulator_url}/__emulator/effects", params=query, timeout=30)
        found: list[dict[str, Any]] = answer.raise_for_status().json()["effects"]
        return found


@dataclass
class ImportPages:
    """From the form, over the plan, to the job."""

    page: Page

    def open(self) -> None:
        self.page.goto("/")
        self.page.get_by_role("navigation", name="Places").get_by_role("link", name="APIs").click()
        self.page.get_by_role("link", name="Import an API version").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Import an API version")

    def fill(self, *, api: str, version: str, rule: str) -> None:
        self.page.get_by_label("Target environment").select_option(label=ENVIRONMENT)
        self.page.get_by_role("textbox", name="API").fill(api)
        self.page.get_by_role("textbox", name="Version").fill(version)
        self.page.get_by_role("radio", name=rule).check()

    def choose(self, content: bytes, name: str) -> None:
        self.page.get_by_label("Zip file").set_input_files(
            {"name": name, "mimeType": "application/zip", "buffer": content}
        )

    def plan(self, content: bytes, *, api: str, version: str, rule: str) -> None:
        """Upload and wait for the facts."""
        self.open()
        self.choose(content, f"{api}.zip")
        self.fill(api=api, version=version, rule=rule)
        self.page.get_by_role("button", name="Plan import").click()
        self.is_planned()

    def is_planned(self) -> None:
        self.page.wait_for_url("**/promotions/*/")
        expect(self.counts).to_be_visible(timeout=SLOW)

    @property
    def counts(self) -> Locator:
        return self.page.locator("#plan-counts")

    @property
    def state(self) -> Locator:
        return self.page.locator("#job-state")

    def row(self, name: str) -> Locator:
        """Of the plan or of the job, by what it begins with."""
        return self.page.get_by_role("row", name=re.compile(f"^{re.escape(name)} "))

    def keep_accounts(self) -> None:
        self.page.get_by_role("button", name="Leave all undecided accounts as exported").click()

    def confirm(self) -> None:
        """Say of each confirmation that it was read; a row answers before the next is ticked."""
        boxes = self.page.get_by_role("checkbox", name=re.compile("^I have read this"))
        for number in range(boxes.count()):
            with self.page.expect_response(lambda answer: "/decide/" in answer.url):
                boxes.nth(number).check()

    def run(self, words: str) -> None:
        self.page.get_by_role("link", name=words).click()
        self.page.get_by_role("dialog").get_by_role("button", name=words).click()
        self.page.wait_for_url("**/jobs/*/")

    def ends(self, state: str) -> None:
        expect(self.state.get_by_text(state, exact=True)).to_be_visible(timeout=SLOW)

    def texts(self) -> str:
        """All that the browser has got of this page, and what was put into its fields."""
        typed = self.page.locator("input, textarea").evaluate_all("all => all.map(one => one.value)")
        return self.page.content() + json.dumps(typed)
