"""Repairing a failed import, and one package into two sandboxes at once, in a real browser against the emulator."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People, Stack
from tests.browser.test_jobs import control
from tests.browser.test_resolution import OPERATOR, PACKAGE, PlanPage, find, undecided

pytestmark = pytest.mark.browser

APPROVER = "priya@example.com"
BROKEN = "Store visit preferences"


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words).click()


def decide_all(plan: PlanPage) -> None:
    """Take what was decided before, what fits exactly, and create the rest."""
    for words in ("Take remembered", "Accept all exact", "Create new for all undecided"):
        button = plan.button(words)
        if button.count():
            button.click()
            expect(button).to_have_count(0)
    undecided(plan, 0)


def run(page: Page) -> str:
    """Run the plan that is open; answers the number of its job."""
    page.get_by_role("link", name="Run import of").click()
    page.get_by_role("dialog").get_by_role("button", name="Run import of").click()
    page.wait_for_url("**/jobs/*/")
    return page.url.rstrip("/").rpartition("/")[2]


def has_ended(page: Page, words: str) -> None:
    expect(page.locator("#job-state")).to_contain_text(words, timeout=60_000)


def confirm(page: Page, words: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=words).click()


def target(page: Page, name: str) -> str:
    return (
        page.locator("#group-targets tbody tr").filter(has=page.get_by_role("link", name=name, exact=True)).inner_text()
    )


def test_what_failed_is_retried_and_then_all_goes_into_two_targets_together(stack: Stack, people: People) -> None:
    control(stack, "faults", method="POST", path="/packages/import", fault="partial_failure", artifact=BROKEN)
    page = people.sign_in(OPERATOR)
    plan = PlanPage.of_new_plan(page, PACKAGE, "stage")
    decide_all(plan)
    first = run(page)
    has_ended(page, "partly failed")

    page.get_by_role("link", name="Retry what failed").click()
    confirm(page, "Plan the retry")
    page.wait_for_url("**/promotions/*/")
    expect(plan.counts).to_be_visible(timeout=30_000)
    expect(page.locator("main")).to_contain_text(f"This retries job {first}")
    expect(page.locator("#resolution")).to_contain_text(f"Created by job {first}.")
    decide_all(plan)
    run(page)
    has_ended(page, "succeeded")
    page.goto(f"/jobs/{first}/")
    expect(page.locator("#job-live")).to_contain_text("Retried by")

    find(page, PACKAGE)
    page.get_by_role("link", name="Plan import").click()
    for name in ("stage", "prod"):
        page.get_by_role("checkbox", name=name).check()
    press(page, "Plan import")
    page.wait_for_url("**/promotion-groups/*/")
    group = page.url
    expect(page.locator("#group-targets")).not_to_contain_text("gathering facts", timeout=30_000)
    expect(page.get_by_role("button", name="Take remembered in all")).to_be_visible(timeout=30_000)
    for words in ("Take remembered in all", "Accept all exact in all targets", "Create new for all undecided"):
        if page.get_by_role("button", name=words).count():
            press(page, words)
            expect(page.get_by_role("button", name=words)).to_have_count(0)
    expect(page.locator("#outcome-title")).to_be_visible()
    page.get_by_role("link", name="Run all that are ready (2)").click()
    confirm(page, "Run 1, ask for 1 approval")
    expect(page.locator(".group-outcome")).to_contain_text("prod: An approval was asked for.")
    expect(page.locator(".group-outcome")).to_contain_text(re.compile(r"stage: Queued as job \d+\."))
    expect(page.locator("#group-targets tbody")).to_contain_text("succeeded", timeout=60_000)

    approver = people.sign_in(APPROVER, width=390)
    approver.goto(group)
    approver.get_by_role("link", name="Waits for an approval").click()
    press(approver, "Approve")
    expect(approver.locator("main")).to_contain_text("Approved")
    page.goto(group)
    page.get_by_role("link", name="Run all that are ready (1)").click()
    confirm(page, "Run 1")
    expect(page.locator("#group-targets tbody .badge", has_text="succeeded")).to_have_count(2, timeout=60_000)

    assert page.locator("#group-targets").get_attribute("hx-get") is None
    assert "It was run as job" in target(page, "prod")
    assert people.complaints == []
