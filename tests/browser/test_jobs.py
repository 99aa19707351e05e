"""Watching jobs in a real browser against the emulator."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People, Stack
from tests.browser.test_resolution import OPERATOR, PlanPage, undecided

pytestmark = pytest.mark.browser


def control(stack: Stack, call: str, /, **body: object) -> None:
    httpx.post(f"{stack.emulator_url}/__emulator/{call}", json=body, timeout=30).raise_for_status()


def run_import(page: Page, package: str) -> None:
    """Plan an import into stage, take every exact match, create the rest, run it; ends on the page of the job."""
    plan = PlanPage.of_new_plan(page, package, "stage")
    rest = page.get_by_role("button", name="Create new for all undecided")
    if rest.count() and rest.is_enabled():
        rest.click()
        undecided(plan, 0)
    page.get_by_role("link", name="Run import of").click()
    page.get_by_role("dialog").get_by_role("button", name="Run import of").click()
    page.wait_for_url("**/jobs/*/")


def test_an_import_is_watched_object_by_object_without_a_reload(stack: Stack, people: People) -> None:
    control(stack, "clock", speed=1)
    page = people.sign_in(OPERATOR)
    run_import(page, "Store footfall sources")
    page.evaluate("window.isKept = true")

    expect(page.locator("#job-live .legend")).to_contain_text("created", timeout=30_000)
    fold = page.locator("#job-live details", has_text="The platform's message").first
    fold.locator("summary").click()
    expect(page.locator("#job-state")).to_contain_text("partly failed", timeout=60_000)

    live = page.locator("#job-live")
    expect(live).to_contain_text("Source dataflow uses a streaming connector")
    expect(page.locator("#job-state")).to_contain_text("claimed 5, verified 5")
    expect(live.locator(".segment")).to_have_count(6)
    assert live.get_attribute("hx-get") is None
    assert page.get_by_role("link", name="Stop following").count() == 0
    assert live.locator("details[open]").count() == 1
    assert page.evaluate("window.isKept") is True
    control(stack, "clock", speed=20)
    assert people.complaints == []


def test_a_phone_stops_following_a_job_and_goes_on(stack: Stack, people: People) -> None:
    control(stack, "faults", method="POST", path="/packages/import", fault="stuck_job")
    page = people.sign_in(OPERATOR, width=390)
    run_import(page, "CRM identity foundation")

    page.get_by_role("link", name="Stop following").focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Stop following").press("Enter")
    expect(page.locator("#job-state")).to_contain_text("needs attention")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("link", name="Home").click()
    expect(page.locator("#home-live")).to_contain_text("stopped following it")
    page.get_by_role("link", name="Import of “CRM identity foundation” into stage").first.click()
    page.get_by_role("button", name="Go on following").press("Enter")

    expect(page.locator("#job-state")).to_contain_text("running")
    assert people.complaints == []


def test_the_list_of_jobs_follows_a_job_to_its_end(stack: Stack, people: People) -> None:
    control(stack, "clock", speed=1)
    page = people.sign_in(OPERATOR)
    run_import(page, "Consent audiences autumn")
    job = page.url.rstrip("/").rpartition("/")[2]

    page.goto("/jobs/")
    row = page.locator(f"#job-{job}")
    expect(row.locator(".badge")).to_contain_text("succeeded", timeout=60_000)

    assert row.get_attribute("hx-get") is None
    control(stack, "clock", speed=20)
    assert people.complaints == []


def test_the_bell_follows_a_new_notice_and_leads_a_phone_to_what_it_is_about(stack: Stack, people: People) -> None:
    page = people.sign_in(OPERATOR, width=390)
    page.goto("/notices/")
    if page.get_by_role("button", name="Mark all read").count():
        page.get_by_role("button", name="Mark all read").press("Enter")
    page.clock.install()
    page.goto("/packages/")
    bell = page.locator("#notice-bell")
    expect(bell).to_have_text("No unread notices")

    told = stack.manage(
        "shell",
        "-v0",
        "-c",
        "from django.db import transaction; from accounts.models import User; from accounts.services import notices\n"
        "with transaction.atomic(): notices.notify(kind='job_ended', text='A job <b>of</b> mine', "
        f"url='/settings/profile/', people=User.objects.filter(email='{OPERATOR}'))",
    )
    page.clock.fast_forward(21_000)
    expect(bell).to_contain_text("1 unread notice")
    bell.press("Enter")
    page.get_by_role("button", name="A job <b>of</b> mine", exact=True).press("Enter")

    page.wait_for_url("**/settings/profile/")
    expect(bell).to_have_text("No unread notices")
    assert told.returncode == 0, told.stderr
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert people.complaints == []
