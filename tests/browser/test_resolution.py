"""Planning, deciding and starting an import in a real browser against the emulator."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from clients.effects import Effect, effect_of_request
from tests.browser.conftest import People, Stack

pytestmark = pytest.mark.browser

OPERATOR = "oskar@example.com"
PACKAGE = "Loyalty schemas v3"
# Objects whose first candidate is a wrong one, and the title of the right one.
WRONG_FIRST = {
    "Points balance": "Points balance",
    "Loyalty balances": "Loyalty balances",
    "Member tier rules": "Tier rules",
}
TO_CREATE = {"Store visit preferences", "Airline partner codes", "Loyalty activity"}
# Pressing a mouse button, touching and pressing a key; kept over page changes.
COUNTER = """
for (const kind of ["pointerdown", "keydown"]) {
  addEventListener(kind, (event) => {
    if (event.isTrusted) sessionStorage.acts = Number(sessionStorage.acts || 0) + 1;
  }, true);
}
"""


@dataclass
class PlanPage:
    """The page of a promotion."""

    page: Page

    @classmethod
    def of_new_plan(cls, page: Page, package: str, target: str) -> "PlanPage":
        """Find a package on the list, plan its import, wait for the facts."""
        find(page, package)
        page.get_by_role("link", name="Plan import").click()
        page.get_by_role("checkbox", name=target).check()
        page.get_by_role("button", name="Plan import").click()
        found = cls(page)
        expect(found.counts).to_be_visible(timeout=30_000)
        return found

    @property
    def counts(self) -> Locator:
        return self.page.locator("#plan-counts")

    def row(self, title: str) -> Locator:
        return self.page.locator(".resolution tbody").filter(
            has=self.page.locator(".cell-main b").get_by_text(title, exact=True)
        )

    def option(self, title: str, candidate: str) -> Locator:
        group = self.row(title).get_by_role("group")
        return (
            group.locator("label")
            .filter(has=self.page.locator(".option-label").get_by_text(f"= {candidate}", exact=True))
            .get_by_role("radio")
        )

    def button(self, words: str | re.Pattern[str]) -> Locator:
        return self.page.get_by_role("button", name=words)

    @property
    def run(self) -> Locator:
        return self.page.get_by_role("link", name="Run import of 13 objects into stage")

    @property
    def confirm(self) -> Locator:
        return self.page.get_by_role("dialog").get_by_role("button", name="Run import of 13 objects into stage")


def find(page: Page, package: str) -> None:
    """Open a package from the list; shortly after the start the list is still filling."""
    link = page.get_by_role("link", name=package, exact=True)
    for _ in range(30):
        page.goto("/packages/?status=PUBLISHED&q=" + package.replace(" ", "+"))
        if link.is_visible():
            break
        page.wait_for_timeout(500)
    link.click()


def undecided(plan: PlanPage, number: int) -> None:
    expect(plan.counts).to_contain_text(f"{number} undecided")


def test_twelve_conflicts_are_decided_and_started_in_ten_clicks(stack: Stack, people: People) -> None:
    page = people.sign_in(OPERATOR)
    page.add_init_script(COUNTER)
    plan = PlanPage.of_new_plan(page, PACKAGE, "stage")
    undecided(plan, 12)
    planned = stack.requests()
    page.evaluate("sessionStorage.acts = 0")

    plan.button("Accept all exact (6)").click()
    undecided(plan, 6)
    for number, (title, candidate) in enumerate(WRONG_FIRST.items()):
        plan.option(title, candidate).click()
        undecided(plan, 5 - number)
    plan.button("Create new for all undecided (3)").click()
    undecided(plan, 0)
    plan.run.click()
    plan.confirm.click()
    page.wait_for_url("**/jobs/*/")

    acts = int(page.evaluate("sessionStorage.acts"))
    expect(page.locator("main")).to_contain_text("succeeded", timeout=60_000)
    writes = [entry for entry in planned if effect_of_request(entry["method"], entry["path"]) is Effect.WRITE]
    imports = [entry for entry in stack.requests() if entry["path"].rstrip("/").endswith("/packages/import")]
    assert writes == []
    assert acts <= 10
    assert len(imports) == 1
    assert len(imports[0]["body"]["alternatives"]) == 9
    assert people.complaints == []


def test_a_phone_decides_twelve_conflicts_and_asks_before_it_starts(people: People) -> None:
    page = people.sign_in(OPERATOR, width=390, has_touch=True)
    plan = PlanPage.of_new_plan(page, PACKAGE, "stage")

    plan.button("Accept all exact (6)").tap()
    for title, candidate in WRONG_FIRST.items():
        plan.option(title, candidate).tap()
    plan.button("Create new for all undecided (3)").tap()
    plan.run.tap()

    expect(page.get_by_role("dialog")).to_contain_text("4 objects will be created new, and 9 objects of the target")
    expect(page.get_by_role("dialog")).to_contain_text("cannot be undone")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert people.complaints == []


def test_enter_on_a_row_decides_nothing(people: People) -> None:
    page = people.sign_in(OPERATOR)
    plan = PlanPage.of_new_plan(page, PACKAGE, "stage")

    plan.row("Loyalty members").get_by_role("checkbox").press("Enter")
    plan.option("Loyalty members", "Loyalty members").press("Enter")
    page.wait_for_load_state("networkidle")

    undecided(plan, 12)
    assert people.complaints == []


def test_one_decision_changes_one_row_and_the_numbers(people: People) -> None:
    page = people.sign_in(OPERATOR)
    plan = PlanPage.of_new_plan(page, PACKAGE, "stage")

    plan.option("Loyalty members", "Loyalty members").check()

    undecided(plan, 11)
    expect(page.locator("#run-reasons")).to_have_text("11 rows are undecided.")
    expect(page.get_by_role("link", name="Undecided (11)")).to_be_visible()
    expect(plan.option("Loyalty members", "Loyalty members")).to_be_focused()
    expect(plan.button("Run import of 13 objects into stage")).to_be_disabled()
    plan.button("Undo last").click()
    undecided(plan, 12)
    expect(plan.option("Loyalty members", "Loyalty members")).not_to_be_checked()
    assert people.complaints == []


def test_ticked_rows_are_decided_by_keyboard(people: People) -> None:
    page = people.sign_in(OPERATOR)
    plan = PlanPage.of_new_plan(page, PACKAGE, "stage")

    for title in TO_CREATE:
        plan.row(title).get_by_role("checkbox").focus()
        page.keyboard.press("Space")
    page.locator("summary", has_text="Selected (3)").focus()
    page.keyboard.press("Enter")
    plan.button("Create new for selected").focus()
    page.keyboard.press("Enter")

    undecided(plan, 9)
    for title in TO_CREATE:
        expect(plan.row(title).get_by_role("radio", name="Create new")).to_be_checked()
    assert people.complaints == []


def test_two_people_on_one_row_learn_of_each_other(people: People) -> None:
    mine = people.sign_in(OPERATOR)
    plan = PlanPage.of_new_plan(mine, PACKAGE, "stage")
    other = PlanPage(people.sign_in("priya@example.com"))
    other.page.goto(mine.url)
    other.row("Loyalty members").get_by_role("radio", name="Create new").check()
    undecided(other, 11)

    plan.option("Loyalty members", "Loyalty members").click()

    expect(plan.row("Loyalty members")).to_contain_text("was decided by Priya Nair meanwhile")
    expect(plan.row("Loyalty members").get_by_role("radio", name="Create new")).to_be_checked()


def test_without_script_the_whole_table_is_saved_by_one_button(people: People) -> None:
    page = people.sign_in(OPERATOR)
    plan = PlanPage.of_new_plan(page, PACKAGE, "stage")
    bare = PlanPage(people.sign_in(OPERATOR, java_script_enabled=False))
    bare.page.goto(page.url)

    bare.option("Loyalty members", "Loyalty members").check()
    bare.option("Points balance", "Points balance").check()
    bare.button("Save decisions").click()

    undecided(bare, 10)
    expect(bare.option("Points balance", "Points balance")).to_be_checked()
    assert plan.page.url.split("#")[0].rstrip("/") in bare.page.url


def test_synchronizing_shows_progress_on_the_list_itself(people: People) -> None:
    page = people.sign_in(OPERATOR)
    page.goto("/packages/")

    page.get_by_role("button", name="Synchronize Acme").click()

    expect(page.get_by_role("button", name="Synchronize Acme")).to_be_visible(timeout=30_000)
    expect(page.locator("#package-rows table")).to_be_visible()
    assert page.url.endswith("/packages/")
    assert people.complaints == []
