"""A person who joins, and a person without a mouse."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import People, Stack
from tests.browser.test_resolution import PACKAGE, PlanPage, undecided
from tests.browser.test_story import follow, look, press

pytestmark = pytest.mark.browser

ADMINISTRATOR = "ada@example.com"
NEWCOMER, PASSWORD = "nils@example.com", "four unrelated calm words"
LONGEST_WAY = 80
ROLE_NEEDED = "Running needs the role operator."


def invite(page: Page) -> str:
    """The link that lets one viewer of Acme in; it is shown once."""
    page.goto("/settings/people/invite/")
    page.get_by_label("E-mail address").fill(NEWCOMER)
    page.get_by_label("Organization").select_option("Acme")
    page.get_by_label("Role in it").select_option("Viewer")
    press(page, "Make invitation link")
    return page.locator(".secret-once code").inner_text()


def accept(page: Page, link: str) -> None:
    page.goto(link)
    expect(page.locator("main")).to_contain_text("viewer of Acme")
    page.get_by_label("Your name").fill("Nils Holm")
    page.get_by_label("Password").fill(PASSWORD)
    look(page)
    press(page, "Accept invitation")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")


def change_role(page: Page, to: str) -> None:
    page.goto("/settings/organizations/")
    follow(page, "Acme")
    page.get_by_label("Role of Nils Holm").select_option(to)
    page.get_by_role("row").filter(has_text=NEWCOMER).get_by_role("button", name="Change").click()
    expect(page.get_by_label("Role of Nils Holm")).to_have_value(to.lower())


def test_an_invited_viewer_reads_and_decides_only_once_they_are_operator(people: People) -> None:
    ada = people.sign_in(ADMINISTRATOR)
    plan = PlanPage.of_new_plan(ada, PACKAGE, "stage")
    address = ada.url
    nils = people.window()

    accept(nils, invite(ada))
    nils.goto("/packages/")
    expect(nils.locator(".synchronization-name")).to_have_text(["Acme"])
    expect(nils.get_by_role("link", name="Plan import")).to_have_count(0)
    expect(nils.get_by_role("button", name="Synchronize")).to_have_count(0)
    nils.goto(address)
    seen = PlanPage(nils)
    undecided(seen, 12)
    expect(seen.button("Accept all exact")).to_have_count(0)
    expect(seen.option("Loyalty members", "Loyalty members")).to_be_disabled()
    expect(nils.locator("#plan-runbar")).to_contain_text(ROLE_NEEDED)
    look(nils)

    change_role(ada, "Operator")
    nils.reload()
    seen.option("Loyalty members", "Loyalty members").check()
    undecided(seen, 11)

    ada.goto(address)
    undecided(plan, 11)
    expect(plan.option("Loyalty members", "Loyalty members")).to_be_checked()
    assert people.complaints == []


def test_an_invitation_lets_one_person_in_once(people: People) -> None:
    ada = people.sign_in(ADMINISTRATOR)
    ada.goto("/settings/people/invite/")
    ada.get_by_label("E-mail address").fill("once@example.com")
    press(ada, "Make invitation link")
    link = ada.locator(".secret-once code").inner_text()
    first, second = people.window(), people.window()
    first.goto(link)
    first.get_by_label("Your name").fill("Only Once")
    first.get_by_label("Password").fill(PASSWORD)
    press(first, "Accept invitation")
    expect(first.get_by_role("heading", level=1)).to_have_text("Home")
    expect(first.locator("main")).to_contain_text("You belong to no organization yet")

    second.goto(link)

    expect(second.get_by_role("heading", level=1)).to_have_text("This invitation lets nobody in")


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until the wanted thing has the focus, which must be seen."""
    for _ in range(LONGEST_WAY):
        if wanted.evaluate("thing => thing === document.activeElement"):
            assert wanted.evaluate("thing => getComputedStyle(thing).outlineStyle") != "none", wanted
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{wanted} is not reached by Tab on {page.url}")


@pytest.mark.parametrize("width", [1280, 390])
def test_an_import_is_planned_decided_and_run_without_a_mouse(stack: Stack, people: People, width: int) -> None:
    page = people.window(width=width)
    page.goto("/")

    tab_to(page, page.get_by_label("E-mail address"))
    page.keyboard.type("oskar@example.com")
    tab_to(page, page.get_by_label("Password"))
    page.keyboard.type(stack.sign_ins["oskar@example.com"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Home")
    tab_to(page, page.get_by_role("link", name="Packages", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Packages")
    tab_to(page, page.get_by_label("Search", exact=True))
    page.keyboard.type(PACKAGE)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"[?&]q=Loyalty"))
    tab_to(page, page.get_by_role("link", name=PACKAGE, exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(PACKAGE)
    tab_to(page, page.get_by_role("link", name="Plan import", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Plan import")
    tab_to(page, page.get_by_role("checkbox", name="stage"))
    page.keyboard.press("Space")
    expect(page.get_by_role("checkbox", name="stage")).to_be_checked()
    tab_to(page, page.get_by_role("button", name="Plan import"))
    page.keyboard.press("Enter")

    plan = PlanPage(page)
    undecided(plan, 12)
    tab_to(page, plan.button("Accept all exact"))
    page.keyboard.press("Enter")
    undecided(plan, 6)
    tab_to(page, plan.button("Create new for all undecided"))
    page.keyboard.press("Enter")
    undecided(plan, 0)
    tab_to(page, plan.run)
    page.keyboard.press("Enter")
    expect(plan.confirm).to_be_visible()
    tab_to(page, plan.confirm)
    page.keyboard.press("Enter")
    expect(page.locator("#job-state")).to_contain_text("verified", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert people.complaints == []
