"""The whole story, from an installation that nobody has set up to an import that everybody can read about."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from clients.effects import Effect, effect_of_request
from emulator.credentials import describe
from tests.browser.conftest import People, Stack, running_stack
from tests.browser.test_resolution import PACKAGE, WRONG_FIRST, PlanPage, undecided

pytestmark = pytest.mark.browser

EMAIL, PASSWORD = "nora@example.com", "four unrelated calm words"
WIDTHS = (390, 1280)
WRONG_CODE = "AAAA-AAAA-AAAA-AAAA"
# What Chromium notes of a form that comes back; the one complaint that belongs to the story.
REFUSED_FORM = "Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Nobody is set up here; the emulator runs beside it."""
    with running_stack(tmp_path_factory.mktemp("story"), "--empty") as found:
        yield found


def acme(stack: Stack) -> dict[str, Any]:
    """What an operations person would copy from the platform's console."""
    organizations = describe("demo", stack.emulator_url)["organizations"]
    return next(one for one in organizations if one["name"] == "Acme")


def look(page: Page) -> None:
    """No page of the story needs scrolling to the side, on a phone or on a desk."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        widest = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widest[0] <= widest[1] == width, page.url


def press(page: Page, words: str) -> None:
    page.get_by_role("button", name=words, exact=True).click()


def follow(page: Page, words: str) -> None:
    page.get_by_role("link", name=words, exact=True).first.click()


def set_up(page: Page, stack: Stack) -> None:
    """The first administrator; a code that was not printed lets nobody in."""
    page.goto("/")
    page.get_by_label("Your name").fill("Nora Berg")
    page.get_by_label("E-mail address").fill(EMAIL)
    for code in (WRONG_CODE, stack.set_up_code):
        page.get_by_label("Set-up code").fill(code)
        page.get_by_label("Password").fill(PASSWORD)
        look(page)
        press(page, "Create the first administrator")
        if code == WRONG_CODE:
            expect(page.locator("main")).to_contain_text("This is not the code that was printed last")
    expect(page.get_by_role("heading", level=1)).to_have_text("Settings")
    look(page)


def add_organization(page: Page, stack: Stack) -> None:
    follow(page, "Add organization")
    page.get_by_label("Name", exact=True).fill("Acme")
    page.get_by_label("Organization id").fill(acme(stack)["ims_org_id"])
    page.get_by_label("Platform URL").fill(stack.emulator_url)
    page.get_by_label("Sign-in service URL").fill(stack.emulator_url)
    look(page)
    press(page, "Add organization")
    expect(page.get_by_role("heading", level=1)).to_have_text("Add credential")


def add_credential(page: Page, stack: Stack) -> None:
    """A secret with a slip in it, refused by the platform when it is tested; then the right one."""
    robot = acme(stack)["credentials"][0]
    page.get_by_label("Name", exact=True).fill("Release robot")
    page.get_by_label("Client id").fill(robot["client_id"])
    page.get_by_label("Client secret").fill(robot["client_secret"] + "x")
    look(page)
    press(page, "Add credential")
    look(page)

    press(page, "Test")
    expect(page.locator("#job-state")).to_contain_text("failed", timeout=30_000)
    expect(page.locator(".job-problem")).to_contain_text("invalid client_secret parameter")
    look(page)

    follow(page, "Release robot")
    expect(page.locator("main")).to_contain_text("Calls with this credential are refused")
    look(page)
    follow(page, "Replace secret")
    page.get_by_label("Client secret").fill(robot["client_secret"])
    look(page)
    press(page, "Replace secret")
    press(page, "Test")
    expect(page.locator("#job-state")).to_contain_text("succeeded", timeout=30_000)
    expect(page.locator("main")).to_contain_text("Works: 3 sandboxes seen.")
    look(page)


def read_sandboxes(page: Page) -> None:
    follow(page, "Acme")
    press(page, "Synchronize")
    expect(page.locator("#job-state")).to_contain_text("succeeded", timeout=30_000)
    look(page)
    follow(page, "Acme")
    sandboxes = page.get_by_role("region", name="Sandboxes").locator("tbody tr")
    expect(sandboxes).to_have_count(3)
    expect(sandboxes.filter(has_text="prod").filter(has_text="counts as production")).to_have_count(1)
    look(page)


def read_packages(page: Page) -> None:
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Packages").click()
    button = page.get_by_role("button", name="Synchronize Acme")
    # The clock may have begun by itself; the button is away while packages are being read.
    expect(button).to_be_visible(timeout=30_000)
    button.click()
    expect(page.locator(".synchronization")).to_contain_text("synchronized", timeout=30_000)
    expect(button).to_be_visible()
    expect(page.locator("#package-rows tbody tr").first).to_be_visible()
    look(page)


def plan(page: Page) -> PlanPage:
    """From the search at the top of every page to the facts of a plan."""
    page.get_by_label("Search packages").fill(PACKAGE)
    page.get_by_label("Search packages").press("Enter")
    expect(page.locator("#package-rows tbody tr")).to_have_count(1)
    look(page)
    follow(page, PACKAGE)
    look(page)
    follow(page, "Plan import")
    page.get_by_role("checkbox", name="stage").check()
    look(page)
    press(page, "Plan import")
    found = PlanPage(page)
    undecided(found, 12)
    look(page)
    return found


def decide(found: PlanPage) -> None:
    found.button("Accept all exact (6)").click()
    undecided(found, 6)
    for number, (title, candidate) in enumerate(WRONG_FIRST.items()):
        found.option(title, candidate).click()
        undecided(found, 5 - number)
    found.button("Create new for all undecided (3)").click()
    undecided(found, 0)
    look(found.page)


def watch(page: Page) -> None:
    """The page of the job follows it by itself, to the end."""
    page.wait_for_url("**/jobs/*/")
    page.evaluate("window.isKept = true")
    expect(page.locator("#job-state")).to_contain_text("succeeded", timeout=60_000)
    assert page.evaluate("window.isKept") is True
    assert page.locator("#job-live").get_attribute("hx-get") is None
    look(page)


def read_job(page: Page) -> None:
    """What the platform claims against what was found there: 13 objects, and a helper that moves along with them."""
    expect(page.locator("#job-state")).to_contain_text("claimed 14, verified 12")
    expect(page.locator(".job-outcome")).to_contain_text("a second look at stage found 12 there")
    rows = page.locator("#job-live table tbody tr")
    expect(page.locator("#job-live .segment")).to_have_count(14)
    expect(rows).to_have_count(14)
    expect(page.locator("#job-live .legend")).to_have_text(re.compile(r"9 reused.*4 created.*1 unchanged", re.DOTALL))
    expect(rows.filter(has_text="The target holds it under its new id.")).to_have_count(12)
    for tab, words in (("Time line", "Nora Berg"), ("Decisions", "Loyalty members"), ("Raw", "SUCCESS")):
        page.get_by_role("navigation", name="Parts of this job").get_by_role("link", name=tab).click()
        expect(page.locator("#job-live")).to_contain_text(words)
        look(page)


def read_audit(page: Page) -> None:
    """Every act of the story in its order, and nothing else."""
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Audit").click()
    look(page)
    lines = page.locator("main table .cell-main .audit-what").all_inner_texts()
    promotion = f"{PACKAGE} → Acme · stage"
    assert list(reversed(lines)) == [
        f"set up this installation as Nora Berg <{EMAIL}>",
        "added the organization Acme",
        "added the credential Release robot of Acme",
        "tested the credential Release robot of Acme",
        "replaced the secret of Release robot of Acme",
        "tested the credential Release robot of Acme",
        "asked to synchronize Acme",
        f"planned the promotion {promotion}",
        *([f"took decisions in the plan of {promotion}"] * 5),
        f"asked to run the import {PACKAGE} (queued)",
        f"had the platform import {PACKAGE} (running)",
        f"saw the end of the import {PACKAGE} (succeeded)",
    ]


def sign_out_and_in(page: Page) -> None:
    page.locator(".person summary").click()
    press(page, "Sign out")
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    look(page)
    press(page, "Sign in")
    expect(page.get_by_role("region", name="Just ended")).to_contain_text(PACKAGE)
    look(page)


def writes_of(stack: Stack) -> list[dict[str, Any]]:
    return [one for one in stack.requests() if effect_of_request(one["method"], one["path"]) is Effect.WRITE]


def test_an_empty_installation_imports_a_package_and_proves_it(stack: Stack, people: People) -> None:
    page = people.window()

    set_up(page, stack)
    add_organization(page, stack)
    add_credential(page, stack)
    read_sandboxes(page)
    read_packages(page)
    found = plan(page)
    decide(found)
    before_run = writes_of(stack)
    found.run.click()
    found.confirm.click()
    watch(page)
    read_job(page)
    read_audit(page)
    chain = stack.manage("verify_audit")
    sign_out_and_in(page)

    writes = writes_of(stack)
    assert before_run == []
    assert [one["path"].rpartition("/packages/")[2] for one in writes] == ["import"]
    assert len(writes[0]["body"]["alternatives"]) == 9
    assert (chain.returncode, chain.stderr) == (0, "Intact: 16 lines.\n")
    assert people.complaints == [REFUSED_FORM]
