"""Comparing a package, saving a version of it, and importing it as an update, in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import People, Stack
from tests.browser.test_resolution import OPERATOR, PACKAGE, PlanPage, find

pytestmark = pytest.mark.browser


def test_a_package_is_compared_saved_and_brought_as_an_update(stack: Stack, people: People) -> None:
    page = people.sign_in(OPERATOR)
    find(page, PACKAGE)
    versions = page.locator("#versions")

    # What the platform offers, asked where it is shown.
    versions.get_by_role("button", name="Ask what the platform offers").click()
    expect(versions.get_by_role("link", name="Save a new version")).to_be_visible(timeout=30_000)

    # What an update would bring to stage, read field by field.
    versions.get_by_role("link", name="Compare with another sandbox").click()
    page.get_by_label("Compare with").select_option(label="stage")
    page.get_by_role("button", name="Check for updates").click()
    comparison = page.locator("#comparison")
    expect(comparison.locator(".difference").first).to_be_visible(timeout=30_000)
    expect(comparison.locator(".differences tbody tr").first.locator(".change")).to_have_text(
        re.compile("added|removed|changed")
    )
    expect(comparison).to_contain_text("new is what an import as update would bring there")

    # A new version, and the list that shows it.
    page.get_by_role("link", name=PACKAGE, exact=True).click()
    page.get_by_role("link", name="Save a new version").click()
    page.get_by_role("dialog").get_by_role("button", name="Save a new version").click()
    page.wait_for_url("**/jobs/*/")
    expect(page.locator("main")).to_contain_text(re.compile(r"Saved as version \d+"), timeout=60_000)
    page.go_back()
    versions.get_by_role("button", name=re.compile("Read")).click()
    expect(versions.locator("tbody tr").first).to_contain_text("Version", timeout=30_000)

    # The update itself, planned, decided and run.
    versions.get_by_role("link", name="Import as update").click()
    expect(page.get_by_role("radio", name="Update existing objects")).to_be_checked()
    page.get_by_role("checkbox", name="stage").check()
    page.get_by_role("button", name="Plan import").click()
    plan = PlanPage(page)
    expect(plan.counts).to_contain_text("~ 0 update", timeout=30_000)
    plan.button(re.compile("Accept all exact")).click()
    expect(plan.counts).not_to_contain_text("~ 0 update")
    create = plan.button(re.compile("Create new for all undecided"))
    if create.is_visible():
        create.click()
    expect(plan.counts).to_contain_text("0 undecided")
    page.get_by_role("link", name=re.compile("Run update: ")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("will be overwritten")
    dialog.get_by_role("button", name=re.compile("Run update: ")).click()
    page.wait_for_url("**/jobs/*/")
    main = page.locator("main")
    expect(main).to_contain_text("succeeded", timeout=60_000)
    expect(main).to_contain_text("updated")

    updates = [row for row in stack.requests() if row["method"] == "PATCH" and row["path"].endswith("/import")]
    assert len(updates) == 1
    assert updates[0]["body"]["overwriteMappings"]
    assert people.complaints == []
