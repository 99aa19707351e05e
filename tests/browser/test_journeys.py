"""A journey carried into another sandbox: filled in by keyboard, imported, verified and compared, in a real browser."""

import hashlib
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from clients.effects import Effect, effect_of_request
from tests.browser.conftest import People, Stack
from tests.browser.test_resolution import COUNTER, OPERATOR

pytestmark = pytest.mark.browser

JOURNEY = "Order confirmation"
TEMPLATE_IN_STAGE = "Order confirmation EN (test)"
STORED = "Carrier, client secret"
PASSWORD, TOKEN, KEY = "pw-Sluice-gate-41", "tk-Lock-keeper-52", "ak-Barge-pole-63"
# Opening the journey, its version, the target and the plan; two schemas and a stored value chosen; a name and three
# secrets put in and sent; the run begun and confirmed. A text put in, as from the clipboard, is no act of its own.
ACTS = 4 + 3 + 5 + 2


class Values:
    """The values of a plan, by their titles."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def row(self, title: str) -> Locator:
        return self.page.locator(".resolution tbody").filter(
            has=self.page.locator(".cell-main b").get_by_text(title, exact=True)
        )

    def field(self, title: str) -> Locator:
        return self.row(title).locator("input[data-fill]")

    def choose(self, title: str, choice: str) -> None:
        self.row(title).get_by_role("radio", name=choice).click()

    def put_in(self, text: str) -> None:
        """Into the field that has the focus, and send it."""
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Enter")

    def has_filled(self, number: int) -> None:
        expect(self.page.locator("#plan-counts")).to_contain_text(f"{number} of 7 filled")


def open_journey(page: Page) -> None:
    """From the list, which is still filling shortly after the start."""
    link = page.get_by_role("link", name=JOURNEY, exact=True)
    for _ in range(60):
        page.goto("/journeys/?sandbox=dev&q=" + JOURNEY.replace(" ", "+"))
        if link.is_visible():
            break
        page.wait_for_timeout(500)
    page.evaluate("sessionStorage.acts = 0")
    link.click()


def filled_in_at_the_platform(stack: Stack) -> dict[str, Any]:
    """The one import that took effect: what was filled in for its secrets, as the platform got it."""
    answer = httpx.get(f"{stack.emulator_url}/__emulator/effects", params={"operation": "journeys.import"}, timeout=30)
    (effect,) = answer.raise_for_status().json()["effects"]
    found: dict[str, Any] = effect
    return found


def test_a_journey_is_filled_in_by_keyboard_imported_verified_and_compared(stack: Stack, people: People) -> None:
    page = people.sign_in(OPERATOR)
    page.add_init_script(COUNTER)
    open_journey(page)
    page.get_by_role("link", name="Promote version 3.0").click()
    page.get_by_role("checkbox", name=re.compile("^stage Acme")).click()
    page.get_by_role("button", name="Plan the import").click()
    values = Values(page)
    expect(page.locator("#run-reasons")).to_have_text("7 values are not filled in yet.", timeout=30_000)
    expect(page.get_by_role("button", name="Run import of")).to_be_disabled()
    planned = stack.requests()

    values.choose("Order confirmed events", "Order confirmed events")
    values.has_filled(1)
    values.choose("Parcel shipped events", "Parcel shipped events")
    values.field("header X-Api-Key of sendSms").fill(KEY)
    values.choose("body parameter client_secret of carrierTracking", STORED)
    values.has_filled(3)
    values.field("Order confirmation EN").click()
    values.put_in(TEMPLATE_IN_STAGE)
    expect(values.field("password of stockService")).to_be_focused()
    values.put_in(PASSWORD)
    expect(values.field("header Authorization of notifyCrm")).to_be_focused()
    values.put_in(TOKEN)
    last = values.field("header X-Api-Key of sendSms")
    expect(last).to_be_focused()
    expect(last).to_have_value(KEY)  # put in before other rows were decided
    page.keyboard.press("Enter")
    values.has_filled(7)
    expect(page.get_by_role("link", name="Run import of")).to_be_focused()
    plan_url, plan_page = page.url, page.content()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Run import of")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/jobs/*/")
    acts = int(page.evaluate("sessionStorage.acts"))

    expect(page.locator("#job-state")).to_contain_text("succeeded", timeout=60_000)
    expect(page.locator("#job-state")).to_contain_text("claimed 9, verified 9")
    page.get_by_role("button", name="Mark as published").click()
    expect(page.locator("#copy")).to_contain_text("Published in stage")
    shown = [plan_page, page.content()]
    job_url = page.url.partition("?")[0]
    for address in (plan_url, f"{job_url}?tab=timeline", f"{job_url}?tab=decisions", f"{job_url}?tab=raw"):
        page.goto(address)
        shown.append(page.content())
    page.get_by_role("link", name="Compare with the source").click()
    page.get_by_role("button", name="Read both").click()
    raw = page.locator("details[data-raw-json]")
    expect(raw).to_be_visible(timeout=30_000)
    page.keyboard.press("r")
    expect(raw).to_have_attribute("open", "")
    shown.append(page.content())

    effect = filled_in_at_the_platform(stack)
    digests = {one["digest"] for one in effect["secrets"]}
    assert {hashlib.sha256(secret.encode()).hexdigest() for secret in (PASSWORD, TOKEN, KEY)} <= digests
    assert [entry for entry in planned if effect_of_request(entry["method"], entry["path"]) is Effect.WRITE] == []
    assert [secret for secret in (PASSWORD, TOKEN, KEY) for text in shown if secret in text] == []
    assert acts == ACTS
    assert people.complaints == []
