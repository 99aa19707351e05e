"""Asking for an approval and giving it, in real browsers: at a desk, on a phone, by keyboard alone, without script."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People
from tests.browser.test_resolution import COUNTER, PlanPage

pytestmark = pytest.mark.browser

OPERATOR, APPROVER, ADMINISTRATOR = "oskar@example.com", "priya@example.com", "ada@example.com"
PACKAGE = "Loyalty schemas v3"
DECISION = f"Look and decide: “{PACKAGE}” into"
PHONE = 390


def ask(page: Page, *, runs_at_once: bool) -> None:
    """Ask for the approval of a decided plan that is open in front of us."""
    page.get_by_role("link", name="Ask for approval").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Note to those who decide").fill("Release 7, tested in stage.")
    if runs_at_once:
        dialog.get_by_label("Run as soon as it is approved").check()
    dialog.get_by_role("button", name="Ask for approval").click()
    expect(page.locator("#plan-approval")).to_contain_text("Waiting for approval")


def tab_to(page: Page, name: str, *, back: bool = False) -> None:
    """Move the focus by the tab key alone to what a screen reader calls by this name."""
    for _ in range(80):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        focused = page.locator(":focus")
        if focused.count() and name in (focused.get_attribute("aria-label") or focused.inner_text()):
            return
    raise AssertionError(f"The tab key does not lead to “{name}”.")


def width_of(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth")
    return found


def test_an_approval_is_asked_for_refused_asked_again_and_given_on_a_phone_by_keyboard(people: People) -> None:
    operator = people.sign_in(OPERATOR)
    PlanPage.of_new_plan(operator, PACKAGE, "prod")
    promotion = operator.url
    ask(operator, runs_at_once=False)

    # Without script, on the first page that a notice leads to: a refusal of the form, and then the rejection.
    bare = people.sign_in(APPROVER, java_script_enabled=False)
    bare.goto("/approvals/")
    bare.get_by_role("link", name=DECISION).click()
    decision = bare.url
    bare.get_by_role("button", name="Reject").click()
    expect(bare.get_by_label("Reason")).to_be_focused()
    expect(bare.locator("#decision")).to_contain_text("Say why you reject it")
    bare.get_by_label("Reason").fill("Not before legal has agreed.")
    bare.get_by_role("button", name="Reject").click()
    expect(bare.get_by_role("heading", name="Rejected")).to_be_visible()

    # The page of the plan hears of it by itself and shows the newer revision; it is asked again.
    expect(operator.locator("#former-approval")).to_contain_text("Not before legal has agreed.", timeout=15_000)
    ask(operator, runs_at_once=True)

    # Somebody else has the same page open and is about to decide.
    second = people.sign_in(ADMINISTRATOR)
    second.goto("/approvals/")
    second.get_by_role("link", name=DECISION).click()
    second.get_by_label("Reason").fill("Fine with me, too.")

    # From the list: open the card, approve. Two actions, each the enter key.
    phone = people.sign_in(APPROVER, width=PHONE)
    phone.goto("/approvals/")
    assert width_of(phone) <= PHONE
    tab_to(phone, DECISION)
    phone.keyboard.press("Enter")
    phone.wait_for_url(lambda url: "/approvals/" in url and not url.endswith("/approvals/"))
    assert phone.url != decision
    expect(phone.get_by_role("link", name="Approve or reject").first).to_be_in_viewport()
    assert width_of(phone) <= PHONE
    tab_to(phone, "Approve and run")
    expect(phone.get_by_role("button", name="Approve and run")).to_be_in_viewport()
    phone.keyboard.press("Enter")
    expect(phone.get_by_role("main")).to_contain_text("Approved. The import runs as job")

    # The second one is told, and loses nothing.
    second.get_by_role("button", name="Approve").click()
    expect(second.locator("#conflict")).to_be_focused()
    expect(second.locator("#conflict")).to_be_in_viewport()
    expect(second.locator("#conflict")).to_contain_text("Priya Nair has approved it already")
    expect(second.locator("#conflict")).to_contain_text("Fine with me, too.")

    expect(operator.locator("#plan")).to_contain_text("Priya Nair approved it", timeout=15_000)
    operator.goto(promotion)
    operator.locator(".plan-run a").click()
    expect(operator.get_by_role("main")).to_contain_text("succeeded", timeout=60_000)
    operator.get_by_role("link", name="Decisions and approval").click()
    expect(operator.get_by_role("main")).to_contain_text("Approved by Priya Nair")
    # Browsers note the two refusals; nothing else went wrong.
    assert [complaint for complaint in people.complaints if "(Unprocessable" not in complaint] == [
        "Failed to load resource: the server responded with a status of 409 (Conflict)"
    ]


def test_two_clicks_lead_from_the_list_to_the_consent(people: People) -> None:
    operator = people.sign_in(OPERATOR)
    PlanPage.of_new_plan(operator, PACKAGE, "prod")
    approver = people.sign_in(APPROVER)
    approver.add_init_script(COUNTER)
    approver.clock.install()
    approver.goto("/approvals/")
    partners = approver.locator("[data-item]").count()  # they wait for an answer from the first day on
    ask(operator, runs_at_once=False)
    approver.clock.run_for(21_000)  # the number in the rail asks for itself every 20 seconds
    expect(approver.locator("#approvals-badge .place-count")).to_have_text(str(partners + 1))
    approver.reload()
    approver.evaluate("sessionStorage.acts = 0")

    approver.get_by_role("link", name=DECISION).click()
    approver.get_by_role("button", name="Approve").click()

    expect(approver.get_by_role("heading", name="Approved")).to_be_visible()
    assert int(approver.evaluate("sessionStorage.acts")) == 2
    approver.goto("/approvals/")
    expect(approver.locator("[data-item]")).to_have_count(partners)
    assert people.complaints == []
