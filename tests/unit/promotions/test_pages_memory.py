"""Earlier decisions on the page of a plan: shown, taken by a click, switched off."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import Decision, PlanState
from promotions.models import Plan, PlanItem
from promotions.services.verbs import Verb
from tests.factories import MembershipFactory
from tests.factories_promotions import PlanFactory, PlanItemFactory

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def viewer(signed_in: SignIn, organization: Organization) -> Client:
    return signed_in(MembershipFactory(organization=organization, role=Role.VIEWER).user)


@pytest.fixture
def plan(organization: Organization) -> Plan:
    return PlanFactory(promotion__package__organization=organization)


def before(item_id: str, title: str, **changed: Any) -> dict[str, Any]:
    """A decision of Ada Lund's to use what the factory offers."""
    target = {"id": f"target-{item_id}", "type": "REGISTRY_SCHEMA", "title": title}
    found = {"decision": "reuse", "target": target, "by": "Ada Lund", "at": timezone.now().isoformat(), "times": 4}
    return found | changed


@pytest.fixture
def item(plan: Plan) -> PlanItem:
    return PlanItemFactory(
        plan=plan, title="Loyalty member", remote_id="schema-a", remembered=before("schema-a", "Loyalty member")
    )


def page_of(browser: Client, plan: Plan) -> str:
    answer = browser.get(reverse("promotions:promotion-detail", args=[plan.promotion_id]))
    assert answer.status_code == 200
    return answer.content.decode()


def take(browser: Client, item: PlanItem, value: str = "reuse:target-schema-a") -> Any:
    sent = {
        f"item-{item.pk}-decision": value,
        f"item-{item.pk}-batch": item.batch,
        f"item-{item.pk}-remembered": "yes",
    }
    return browser.post(reverse("promotions:plan-item-decide", args=[item.pk]), sent, headers=HTMX)


def switch(browser: Client, plan: Plan, offered: str) -> Any:
    return browser.post(reverse("promotions:plan-memory", args=[plan.pk]), {"offered": offered}, headers=HTMX)


def test_a_row_says_what_was_decided_by_whom_and_how_often_and_decides_nothing(
    browser: Client, plan: Plan, item: PlanItem
) -> None:
    text = page_of(browser, plan)

    assert "Remembered: use existing “Loyalty member” — Ada Lund," in text
    assert "4 times" in text
    assert "Take remembered (1)" in text
    assert "<b>1</b> undecided" in text
    assert " checked" not in text.partition(f'id="item-{item.pk}"')[2].partition("</tbody>")[0]


def test_one_click_takes_what_was_decided_and_the_record_says_so(browser: Client, plan: Plan, item: PlanItem) -> None:
    answer = take(browser, item)

    item.refresh_from_db()
    line = AuditEvent.objects.get(verb=Verb.ITEMS_DECIDED)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert (item.decision, item.target and item.target["id"]) == (Decision.REUSE, "target-schema-a")
    assert line.details["remembered"] == [item.key]
    assert "Take it" not in text
    assert "Remembered: use existing" in text
    assert "Take remembered" not in text


def test_the_same_choice_made_by_hand_is_not_recorded_as_remembered(browser: Client, item: PlanItem) -> None:
    sent = {f"item-{item.pk}-decision": "reuse:target-schema-a", f"item-{item.pk}-batch": 0}

    browser.post(reverse("promotions:plan-item-decide", args=[item.pk]), sent, headers=HTMX)

    assert "remembered" not in AuditEvent.objects.get(verb=Verb.ITEMS_DECIDED).details


def test_what_was_not_decided_before_cannot_be_passed_off_as_remembered(browser: Client, item: PlanItem) -> None:
    answer = take(browser, item, "create")

    item.refresh_from_db()
    assert answer.status_code == 409
    assert "What was decided before on Schema Loyalty member is something else" in answer.content.decode()
    assert item.decision == Decision.UNDECIDED


def test_all_undecided_rows_are_taken_at_once_and_undone_at_once(browser: Client, plan: Plan, item: PlanItem) -> None:
    decided = PlanItemFactory(plan=plan, decision=Decision.CREATE, remembered=before("x", "x"))
    unknown = PlanItemFactory(plan=plan)
    browser.post(reverse("promotions:plan-take-remembered", args=[plan.pk]), headers=HTMX)
    taken = [PlanItem.objects.get(pk=one.pk).decision for one in (item, decided, unknown)]

    browser.post(reverse("promotions:plan-undo", args=[plan.pk]), headers=HTMX)

    assert taken == [Decision.REUSE, Decision.CREATE, Decision.UNDECIDED]
    assert PlanItem.objects.get(pk=item.pk).decision == Decision.UNDECIDED


def test_with_nothing_remembered_there_is_nothing_to_take(browser: Client, plan: Plan) -> None:
    PlanItemFactory(plan=plan)

    answer = browser.post(reverse("promotions:plan-take-remembered", args=[plan.pk]), headers=HTMX)

    assert answer.status_code == 422
    assert "Nothing that is undecided has an earlier decision" in answer.content.decode()
    assert "Earlier decisions" not in page_of(browser, plan)


def test_switched_off_nothing_is_shown_or_taken_after_a_reload_too(browser: Client, plan: Plan, item: PlanItem) -> None:
    switch(browser, plan, "no")

    text = page_of(browser, plan)
    refused = browser.post(reverse("promotions:plan-take-remembered", args=[plan.pk]), headers=HTMX)
    forged = take(browser, item)
    item.refresh_from_db()
    assert "Remembered:" not in text
    assert "Take remembered" not in text
    assert "Earlier decisions on 1 object are not shown." in text
    assert (refused.status_code, forged.status_code) == (422, 422)
    assert "switched off for this promotion" in refused.content.decode()
    assert item.decision == Decision.UNDECIDED
    assert AuditEvent.objects.filter(verb=Verb.MEMORY_SWITCHED).count() == 1


def test_switched_on_again_it_is_shown(browser: Client, plan: Plan, item: PlanItem) -> None:
    switch(browser, plan, "no")

    switch(browser, plan, "yes")

    assert "Remembered: use existing" in page_of(browser, plan)


@pytest.mark.parametrize("sent", ["", "maybe"])
def test_a_switch_that_says_nothing_is_refused(browser: Client, plan: Plan, item: PlanItem, sent: str) -> None:
    answer = switch(browser, plan, sent)

    plan.promotion.refresh_from_db()
    assert answer.status_code == 422
    assert plan.promotion.is_memory_offered


def test_a_viewer_reads_it_without_buttons(viewer: Client, plan: Plan, item: PlanItem) -> None:
    text = page_of(viewer, plan)

    answers = [take(viewer, item).status_code, switch(viewer, plan, "no").status_code]
    assert "Remembered: use existing “Loyalty member” — Ada Lund," in text
    assert "Earlier decisions are offered" in text
    assert not [words for words in ("Take it", "Take remembered", "Switch off") if words in text]
    assert answers == [403, 403]


def test_a_frozen_plan_shows_no_switch(browser: Client, plan: Plan, item: PlanItem) -> None:
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.READY)

    text = page_of(browser, plan)

    assert "plan-memory" not in text
    assert "Take it" not in text


def test_without_script_the_click_leads_back_to_the_page(browser: Client, plan: Plan, item: PlanItem) -> None:
    answer = browser.post(reverse("promotions:plan-take-remembered", args=[plan.pk]))

    item.refresh_from_db()
    assert answer.status_code == 302
    assert item.decision == Decision.REUSE


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ["plan-accept-exact", "plan-take-remembered"])
def test_a_bulk_act_opens_its_own_transaction(browser: Client, plan: Plan, item: PlanItem, act: str) -> None:
    """PostgreSQL locks no row outside of one."""
    answer = browser.post(reverse(f"promotions:{act}", args=[plan.pk]), headers=HTMX)

    item.refresh_from_db()
    assert answer.status_code == 200
    assert item.decision == Decision.REUSE
