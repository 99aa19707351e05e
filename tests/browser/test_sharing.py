"""Sharing between two organizations of one installation, by the people of both."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import People, Stack, running_stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

PACKAGE, OTHER_PACKAGE, GLOBEX = "Loyalty schemas v3", "CRM identity foundation", "7D41B0C2A6E85F130A49423C@AdobeOrg"
OPERATOR, APPROVER, VIEWER = "oskar@example.com", "priya@example.com", "vera@example.com"
PARTNER = "noor@example.com"
NOTE = "The spring campaign needs the loyalty schemas."
# A worker, the platform's pace and the next look of the page add up.
SOON = 60_000
# Nothing is known of a partnership, as on the first day.
FIRST_DAY = f"""
import time
from accounts.models import Organization, User
from promotions.models import Partnership
from promotions.services import sharing
oskar = User.objects.get(email="{OPERATOR}")
for organization in Organization.objects.filter(name__in=["Acme", "Globex"]):
    sharing.request_synchronization(organization=organization, actor=oskar)
for _ in range(300):
    if not Partnership.objects.filter(vanished_at=None).exists():
        break
    time.sleep(0.1)
else:
    raise SystemExit("Partnerships are still known.")
"""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("sharing")) as found:
        yield found


@pytest.fixture
def first_day(people: People) -> People:
    httpx.delete(f"{people.stack.emulator_url}/__emulator/handshakes", timeout=30).raise_for_status()
    done = people.stack.manage("shell", "-c", FIRST_DAY)
    assert done.returncode == 0, done.stdout + done.stderr
    return people


@dataclass
class Actions:
    """Counts what people press; what they type counts as part of the press that sends it."""

    number: int = 0

    def follow(self, page: Page, words: str | re.Pattern[str]) -> None:
        self.number += 1
        page.get_by_role("link", name=words, exact=isinstance(words, str)).first.click(timeout=SOON)

    def press(self, page: Page, words: str) -> None:
        self.number += 1
        page.get_by_role("button", name=words, exact=True).click()


def open_package(page: Page, name: str) -> None:
    """The one of Acme; what arrived at Globex is called the same."""
    page.get_by_label("Search packages").fill(name)
    page.get_by_label("Search packages").press("Enter")
    own = page.locator("#package-rows tbody tr").filter(has_text="Acme")
    own.get_by_role("link", name=name, exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def ask(page: Page, actions: Actions) -> None:
    """From the package's page to the request for approval."""
    actions.follow(page, "Share")
    page.get_by_label("Organization ids").fill(GLOBEX)
    page.get_by_label("Note").fill(NOTE)
    expect(page.locator("#outlook")).to_contain_text("sks for a partnership first")
    actions.press(page, "Ask for approval")
    expect(page.locator("#sharing-live")).to_contain_text("Waits for an approver of Acme.")


def consent(page: Page, actions: Actions, *, verb: str = "Approve", reason: str) -> None:
    """From Home to a decision."""
    page.goto("/")
    actions.follow(page, re.compile("^Look and decide: "))
    page.get_by_label("Reason").fill(reason)
    actions.press(page, verb)


def fits(page: Page) -> None:
    """No need to scroll to the side, on a phone or on a desk."""
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        widest = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert widest[0] <= widest[1] == width, page.url


def test_sharing_takes_seven_actions_and_two_hand_overs(first_day: People) -> None:
    actions = Actions()
    operator = first_day.sign_in(OPERATOR)
    open_package(operator, PACKAGE)

    ask(operator, actions)
    fits(operator)

    approver = first_day.sign_in(APPROVER)
    consent(approver, actions, reason="They need it before May.")
    chain = operator.locator("#sharing-live")
    expect(chain).to_contain_text("Globex decides", timeout=SOON)
    expect(chain).to_contain_text("They need it before May.")

    partner = first_day.sign_in(PARTNER)
    expect(partner.get_by_role("link", name=re.compile("^Look and decide: Acme asks"))).to_be_visible(timeout=SOON)
    expect(partner.locator("main")).not_to_contain_text(PACKAGE)
    consent(partner, actions, reason="We have worked together for years.")
    expect(partner.locator("#decision")).to_contain_text(NOTE)
    expect(partner.locator("#partnership-state")).to_contain_text("approved", timeout=SOON)

    actions.follow(partner, f"Plan import of {PACKAGE}")
    expect(partner.get_by_role("heading", level=1)).to_contain_text("Plan")
    expect(partner.locator("main")).to_contain_text(PACKAGE)
    assert actions.number == 7

    # The page of the first hour told all of it by itself.
    expect(operator.locator("#sharing-state")).to_have_text("done", timeout=SOON)
    expect(chain).to_contain_text("We have worked together for years.")
    expect(chain).to_contain_text("In Globex.", timeout=SOON)
    fits(operator)
    assert first_day.complaints == []


def test_it_can_be_refused_stopped_and_gone_round(first_day: People) -> None:
    """Rejected by the partner; stopped half-way; public instead; and a viewer, who may do nothing of it."""
    operator, approver, partner = (first_day.sign_in(email) for email in (OPERATOR, APPROVER, PARTNER))
    viewer = first_day.sign_in(VIEWER)
    chain = operator.locator("#sharing-live")

    # Rejected with a reason, which the other side reads.
    open_package(operator, OTHER_PACKAGE)
    ask(operator, Actions())
    consent(approver, Actions(), reason="For Globex.")
    expect(chain).to_contain_text("Globex decides", timeout=SOON)
    expect(partner.get_by_role("link", name=re.compile("^Look and decide: Acme asks"))).to_be_visible(timeout=SOON)
    consent(partner, Actions(), verb="Reject", reason="Not before our release.")
    expect(operator.locator("#sharing-state")).to_have_text("failed", timeout=SOON)
    expect(chain).to_contain_text("Rejected by Globex")
    expect(chain).to_contain_text("Not before our release.")

    # Asked again, and stopped while the partner thinks: what they were asked stays with them.
    open_package(operator, OTHER_PACKAGE)
    ask(operator, Actions())
    consent(approver, Actions(), reason="Once more.")
    expect(chain).to_contain_text("Globex decides", timeout=SOON)
    viewer.goto(operator.url)
    expect(viewer.locator("#sharing-live")).to_contain_text("Globex decides")
    expect(viewer.get_by_role("link", name="Stop…")).to_have_count(0)
    expect(viewer.get_by_role("button", name=re.compile("Approve|Reject"))).to_have_count(0)
    token = viewer.context.cookies()
    forged = viewer.context.request.post(
        f"{operator.url}stop/",
        form={"reason": "Mine."},
        headers={"x-csrftoken": next(one["value"] for one in token if "csrf" in one["name"]), "referer": operator.url},
    )
    assert forged.status == 403
    operator.get_by_role("link", name="Stop…").click()
    expect(operator.get_by_role("dialog")).to_contain_text("stays with Globex")
    operator.get_by_label("Reason").fill("They are not ready.")
    operator.get_by_role("button", name="Stop it").click()
    expect(operator.locator("#sharing-state")).to_have_text("stopped")
    expect(chain).to_contain_text("no way to withdraw it")

    # Public instead: by its payload, without a partnership.
    open_package(operator, OTHER_PACKAGE)
    operator.get_by_role("link", name="Make public…").click()
    operator.get_by_label("Name of the package").fill(OTHER_PACKAGE)
    operator.get_by_role("button", name="Ask for approval").click()
    consent(approver, Actions(), reason="Nothing in it is secret.")
    expect(operator.locator("#sharing-state")).to_have_text("done", timeout=SOON)
    open_package(operator, OTHER_PACKAGE)
    payload = operator.get_by_role("region", name="Payload to hand over").inner_text()

    operator.goto("/sharing/pull/")
    operator.get_by_label("Into").select_option(label="Globex")
    operator.get_by_label("Payloads or ids").fill(payload)
    expect(operator.locator("#sources")).to_contain_text("Understood as 1 package")
    operator.get_by_role("button", name="Ask for approval").click()
    partner.goto("/approvals/")
    # By keys: to the line, then to its card with the reason ready to be typed.
    line = partner.get_by_role("link", name=re.compile("^Pulling of package"))
    expect(line).to_be_visible()
    while not line.evaluate("link => link === document.activeElement"):
        partner.keyboard.press("j")
    partner.keyboard.press("a")
    expect(partner.get_by_label("Reason")).to_be_focused()
    partner.keyboard.type("Acme offers it to all.")
    partner.get_by_role("button", name="Approve").click()
    expect(partner.get_by_role("link", name="Plan import")).to_be_visible(timeout=SOON)
    fits(partner)
    assert first_day.complaints == []
