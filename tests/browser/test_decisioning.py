"""A migration in a real browser: mapped, kept waiting, run, checked, rolled back; and one that fails."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from clients.effects import Effect, effect_of_request
from tests.browser.conftest import People, Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

OPERATOR = "oskar@example.com"
SLOW = 60_000


def emulated(stack: Stack, organization: str, sandbox: str) -> dict[str, Any]:
    query = {"organization": organization, "sandbox": sandbox}
    answer = httpx.get(f"{stack.emulator_url}/__emulator/decisioning", params=query, timeout=30).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def outside(stack: Stack, path: str = "", **body: Any) -> str:
    """Somebody outside starts a workflow of Acme, or ends it."""
    url = f"{stack.emulator_url}/__emulator/workflows{path}"
    answer = httpx.post(url, json=body, timeout=30).raise_for_status()
    return str(answer.json()["id"])


def planned(page: Page, source: str, target: str, *, ids: str = "") -> None:
    option = page.get_by_label("Source sandbox").get_by_role("option", name=source, exact=True)
    for _ in range(60):  # sandboxes are still being read shortly after the start
        page.goto("/decisioning/new/")
        if option.count():
            break
        page.wait_for_timeout(500)
    page.get_by_label("Source sandbox").select_option(label=source)
    page.get_by_label("Target sandbox").select_option(label=target)
    if ids:
        page.get_by_label("Chosen decisions").check()
        page.get_by_label("Ids of offers or decisions").fill(ids)
    page.get_by_role("button", name="Analyse").click()
    expect(page.locator("#plan-counts")).to_be_visible(timeout=SLOW)


def sheet(page: Page, lines: list[str]) -> None:
    page.get_by_role("link", name="Paste or upload a sheet…").click()
    page.get_by_label("Lines").fill("\n".join(["kind,name,target", *lines]))
    page.get_by_role("button", name="Apply").click()


def confirmed(page: Page) -> None:
    """Say of each confirmation that it was read; a row answers before the next is ticked."""
    boxes = page.get_by_label("I have read this, and it is so")
    for number in range(boxes.count()):
        with page.expect_response(lambda answer: "/decide/" in answer.url):
            boxes.nth(number).check()


def run(page: Page, words: str) -> None:
    page.get_by_role("link", name=words).click()
    page.get_by_role("dialog").get_by_role("button", name=words).click()
    page.wait_for_url("**/jobs/*/")


def test_a_sandbox_is_mapped_waits_for_others_is_migrated_checked_and_rolled_back(stack: Stack, people: People) -> None:
    page = people.sign_in(OPERATOR)
    page.goto("/")
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Decisioning").click()
    page.get_by_role("link", name="New migration").first.click()
    planned(page, "Acme · dev", "Acme · stage")
    counts = page.locator("#plan-counts")
    expect(counts).to_contain_text("0 of 18")

    page.get_by_role("link", name="Rename by a rule…").click()
    page.get_by_label("Names that begin with").fill("_acmetenant.loyalty.")
    page.get_by_label("Begin in the target with").fill("_acmestage.loyalty.")
    page.get_by_role("button", name="Show what it does").click()
    page.get_by_role("button", name="Map 2 names").click()
    expect(counts).to_contain_text("2 of 18")
    there = {name: key for key, name in emulated(stack, "Acme", "stage")["segments"].items()}
    segments = emulated(stack, "Acme", "dev")["segments"]
    lines = [f"Segment,{key},{there[name]}" for key, name in segments.items()]
    lines += ["Profile attribute,_acmetenant.favouriteStore,_acmetenant.favouritestore"]
    lines += ["Dataset,Experience Event dataset,Decisioning events", "Datastream,Datastream,+"]
    sheet(page, [*lines, "Segment,nowhere,ups:1"])
    expect(page.get_by_role("alert")).to_contain_text("Line 9: The plan has no segment “nowhere”.")
    page.get_by_label("Apply the other lines").check()
    page.get_by_role("button", name="Apply").click()
    expect(counts).to_contain_text("9 of 18")
    page.get_by_role("button", name="Same name for all undecided (5)").click()
    expect(counts).to_contain_text("14 of 18")
    confirmed(page)

    theirs = outside(stack, organization="Acme", is_endless=True)
    run(page, "Run migration of everything into stage")
    turn = page.locator("#turn")
    expect(turn).to_contain_text("Somebody outside has the turn", timeout=SLOW)
    expect(turn).to_contain_text(theirs[:8])
    outside(stack, f"/{theirs}", status="Completed")
    state = page.locator("#job-state")
    expect(state).to_contain_text("succeeded with warnings", timeout=SLOW)
    expect(page.locator("#warnings")).to_contain_text("not migrated")
    migration = page.url
    page.get_by_role("button", name="Looks right: Segments resolve").click()
    expect(page.locator("#checks")).to_contain_text("looked at by Oskar Lind")

    page.get_by_role("link", name="Undo…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Wrong sandbox")
    dialog.get_by_role("button", name="Plan the undoing").click()
    expect(counts).to_contain_text("things to remove", timeout=SLOW)
    confirmed(page)
    run(page, "Run rollback in stage")
    expect(state).to_contain_text("succeeded", timeout=SLOW)
    page.goto(migration)

    expect(page.locator("#job-live")).to_contain_text("undone")
    expect(page.get_by_role("link", name="Undo…")).to_have_count(0)
    assert emulated(stack, "Acme", "stage")["decisioning"] == []
    sent = [one["path"] for one in stack.requests() if effect_of_request(one["method"], one["path"]) is Effect.WRITE]
    assert not [path for path in sent if "/workflows/" not in path]
    assert people.complaints == [one for one in people.complaints if "422" in one]


def test_a_migration_that_fails_on_the_way_is_read_and_explained_on_a_phone(stack: Stack, people: People) -> None:
    shelf = emulated(stack, "Globex", "dev")
    fleet = next(one["id"] for one in shelf["decision_management"] if one["name"] == "Fleet offers")
    there = {name: key for key, name in emulated(stack, "Globex", "stage")["segments"].items()}
    page = people.sign_in(OPERATOR, width=390)
    planned(page, "Globex · dev", "Globex · stage", ids=fleet)

    lines = [f"Segment,{key},{there[name]}" for key, name in shelf["segments"].items()]
    lines += ["Profile attribute,_globextenant.fleet.size,_globextenant.fleet.vehicles"]
    lines += ["Dataset,Experience Event dataset,Trade events", "Datastream,Datastream,="]
    sheet(page, lines)
    page.get_by_role("button", name="Same name for all undecided").click()
    confirmed(page)
    run(page, "Run migration of 1 decision into stage")

    expect(page.locator("#job-state")).to_contain_text("failed", timeout=SLOW)
    expect(page.locator("#job-state")).not_to_contain_text("claimed")
    said = page.locator(".job-problem")
    expect(said).to_contain_text("The migration failed at the platform.")
    expect(said).to_contain_text("fleetSize")
    expect(page.locator(".job-outcome")).to_contain_text("Look there for names that begin with ExD_")
    expect(page.get_by_role("link", name="Undo…")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert people.complaints == []
