"""Building a package by clicking: ten objects made and published, a copy, and every change of a draft."""

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import People, Stack, running_stack
from tests.browser.test_accessibility import in_words, note_findings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

OPERATOR, VIEWER = "oskar@example.com", "vera@example.com"
TAKEN, PUBLISHED = "Loyalty schemas v3", "Ten objects of release 7"
MOST_ACTIONS = 16
NAMED_BY_FORM = ("REGISTRY_SCHEMA", "REGISTRY_MIXIN", "CATALOG_DATASET", "PROFILE_SEGMENT")
# What Chromium notes of a form that comes back; the one complaint that belongs to the story.
REFUSED_FORM = "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("building")) as found:
        assert found.manage("sync_packages").returncode == 0
        yield found


class Hands:
    """What a person does with mouse and keyboard, counted one by one."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0

    def field(self, label: str) -> Locator:
        return self.page.get_by_label(re.compile(rf"^\s*{label}( optional)?\s*$"))

    def follow(self, words: str) -> None:
        self.actions += 1
        self.page.get_by_role("link", name=words, exact=True).first.click()

    def press(self, words: str | re.Pattern[str]) -> None:
        self.actions += 1
        self.page.get_by_role("button", name=words).first.click()

    def fill(self, label: str, words: str) -> None:
        self.actions += 1
        self.field(label).fill(words)

    def choose(self, label: str, words: str) -> None:
        self.actions += 1
        self.field(label).select_option(label=words)

    def tick(self, label: str) -> None:
        self.actions += 1
        self.field(label).check()

    def open_menu(self) -> None:
        self.actions += 1
        self.page.locator(".page-actions summary").click()


def objects_of(stack: Stack, sandbox: str) -> list[dict[str, Any]]:
    """What a sandbox of Acme holds, of types that the form of an id tells."""
    state = httpx.get(f"{stack.emulator_url}/__emulator/state", timeout=30).json()
    acme = next(one for one in state["organizations"] if one["name"] == "Acme")
    found = next(one for one in acme["sandboxes"] if one["name"] == sandbox)
    return [one for one in found["objects"] if one["type"] in NAMED_BY_FORM]


def end_of_job(page: Page, state: str = "succeeded") -> None:
    """Wait for the job that the last act led to, and go on to its package."""
    expect(page.locator("#job-state")).to_have_text(state, timeout=30_000)
    page.get_by_role("link", name="Open the package").click()


def count(page: Page, words: str) -> None:
    """What is gathered so far; a fragment that is still settling does not hear what is chosen in it."""
    expect(page.locator(".gathered-count")).to_contain_text(words)
    expect(page.locator("#gathered")).not_to_have_class(re.compile("htmx-"))


def look(page: Page, findings: dict[str, list[str]]) -> None:
    """Nothing to object to, and no scrolling to the side, on a desk and on a phone."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        widest = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widest[0] <= widest[1] == width, page.url
        note_findings(page, f"{page.url} at {width}", findings)


def test_ten_objects_are_built_and_published_by_few_actions(stack: Stack, people: People) -> None:
    page = people.sign_in(OPERATOR)
    page.goto("/packages/")
    hands = Hands(page)

    hands.follow("New package")
    hands.fill("Name", PUBLISHED)
    hands.choose("Sandbox", "Acme · dev (Development)")
    hands.fill("Paste objects", "\n".join(one["id"] for one in objects_of(stack, "dev")[:10]))
    count(page, "10 objects")
    hands.tick("Publish when it is made")
    hands.press("Create package")
    expect(page.locator("#job-state")).to_have_text("succeeded", timeout=30_000)
    hands.follow("Open the package")
    expect(page.locator(".page-title")).to_contain_text("published", timeout=30_000)

    assert hands.actions <= MOST_ACTIONS, hands.actions
    expect(page.locator("main")).to_contain_text("Frozen since it was published")
    expect(page.get_by_role("region", name="Objects").locator("tbody tr")).to_have_count(10)
    expect(page.get_by_role("button", name=re.compile("Remove chosen"))).to_have_count(0)
    assert people.complaints == []


def test_a_package_is_cloned_changed_and_deleted(stack: Stack, people: People) -> None:
    page, findings = people.sign_in(OPERATOR), dict[str, list[str]]()
    hands = Hands(page)
    elsewhere, unclear = objects_of(stack, "stage")[0]["id"], "99887766"
    page.goto("/packages/?q=Loyalty+schemas+v3")
    hands.follow(TAKEN)
    hands.press("Read dependencies")
    expect(page.locator(".graph")).to_be_visible(timeout=30_000)

    # A copy, under a name that is taken at first, with a pasted object of another sandbox and one of unknown type.
    hands.open_menu()
    hands.follow("Clone")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Loyalty schemas v4")
    count(page, "2 objects")
    expect(page.locator("#gathered")).to_contain_text("These objects need")
    hands.fill("Name", TAKEN)
    address = f"https://experience.adobe.com/#/@acme/sname:stage/platform/schema/{elsewhere.replace('/', '%2F')}"
    hands.fill("Paste objects", f"{address}\n{unclear}")
    count(page, "2 cannot be taken as named")
    expect(page.locator("#gathered")).to_contain_text("It is of the sandbox “stage”")
    look(page, findings)
    hands.press("Create package")
    expect(page.locator("main")).to_contain_text("2 objects cannot be taken as named")
    hands.tick("Leave out line 1")
    count(page, "1 cannot be taken as named")
    hands.choose("Type of line 2", "Mapping set")
    count(page, "3 objects.")
    hands.press("Create package")
    expect(page.locator("main")).to_contain_text("Free is, for example, “Loyalty schemas v4”")
    hands.fill("Name", "Loyalty schemas v4")
    hands.press("Create package")
    end_of_job(page)

    # What is missing comes in by one press, and goes again by ticks.
    objects = page.get_by_role("region", name="Objects").locator("tbody tr")
    expect(objects).to_have_count(3)
    look(page, findings)
    hands.press(re.compile(r"Add \d+ missing object"))
    end_of_job(page)
    expect(page.locator("main")).to_contain_text("nothing that they need is missing")
    number = objects.count()
    objects.filter(has_text=unclear).get_by_role("checkbox").check()
    hands.press("Remove chosen (1)")
    end_of_job(page)
    expect(objects).to_have_count(number - 1)

    # From the platform's own list.
    hands.follow("Add objects")
    page.locator("#from-list > summary").click()
    hands.choose("Type of the objects", "Journey")
    hands.press("List objects")
    expect(page.locator("#listed tr")).to_have_count(3, timeout=30_000)
    page.get_by_label("Find an object").fill("order")
    expect(page.locator("#listed tr:visible")).to_have_count(1)
    page.locator("#listed tr:visible").get_by_role("checkbox").check()
    look(page, findings)
    page.locator("form.building").get_by_role("button", name="Add objects").click()
    end_of_job(page)
    expect(objects).to_have_count(number)

    hands.open_menu()
    hands.follow("Edit name and expiry")
    look(page, findings)
    hands.fill("Description", "For the spring release")
    hands.press("Save")
    end_of_job(page)
    expect(page.locator(".page-lead")).to_have_text("For the spring release")

    hands.open_menu()
    hands.follow("Delete…")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name of the package").fill("Loyalty")
    dialog.get_by_role("button", name="Delete package").click()
    expect(page.locator("main")).to_contain_text("Type the name of the package, “Loyalty schemas v4”")
    look(page, findings)
    hands.fill("Name of the package", "Loyalty schemas v4")
    hands.press("Delete package")
    end_of_job(page)
    expect(page.locator("main")).to_contain_text("No longer at the platform")

    assert not findings, in_words(findings)
    assert set(people.complaints) == {REFUSED_FORM}


def test_a_viewer_is_offered_no_change_and_refused_a_forged_one(stack: Stack, people: People) -> None:
    page = people.sign_in(VIEWER)
    page.goto("/packages/?status=DRAFT")
    expect(page.get_by_role("link", name="New package")).to_have_count(0)

    page.get_by_role("link", name="Web visits dataset rework").click()
    token = page.evaluate("JSON.parse(document.body.getAttribute('hx-headers'))['x-csrftoken']")
    acts = ("clone", "artifacts/add", "artifacts/remove", "edit", "delete")
    forged = [
        page.request.post(address, form={"name": "x", "artifact": "1"}, headers={"x-csrftoken": token}).status
        for address in ("/packages/new/", *(f"{page.url}{act}/" for act in acts))
    ]

    assert forged == [403] * 6
    expect(page.locator("main")).to_contain_text("Changing and publishing need the role operator")
    expect(page.locator(".page-actions").get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("region", name="Objects").get_by_role("checkbox")).to_have_count(0)
