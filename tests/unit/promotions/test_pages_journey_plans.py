"""Filling in what a journey leaves open: the rows, what is refused, and the words of these pages."""

import html
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.approval_facts import changes_of
from promotions.choices import Decision, ItemInput, ItemKind, Match
from promotions.models import Plan, PlanItem
from promotions.systems.base import Choice
from promotions.systems.journeys.telling import ITEM_TYPES
from promotions.systems.stored import nearest
from tests.factories import MembershipFactory, OrganizationFactory
from tests.factories_promotions import PlanFactory, PlanItemFactory, PromotionGroupFactory, offer

HTMX = {"HX-Request": "true"}
WARNING = "The target has no schema of this id."


@pytest.fixture
def browser(signed_in: Callable[[User], Client], teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def plan(organization: Organization) -> Plan:
    found: Plan = PlanFactory(
        promotion__package__organization=organization,
        promotion__system="journeys",
        promotion__pick={"version_uid": "v1", "uid": "j1", "version": "3.0", "sandbox": "dev"},
    )
    return found


def value(plan: Plan, kind: str, **options: Any) -> PlanItem:
    found: PlanItem = PlanItemFactory(
        plan=plan,
        kind=ItemKind.VALUE,
        type=ITEM_TYPES[kind],
        match=Match.NONE,
        input=ItemInput.SECRET if kind == "secret" else ItemInput.TEXT,
        details={"what": kind, "pointers": ["/a"], "where": f"step of {kind}", "current": "Order confirmation EN"},
        **{"choices": [], **options},
    )
    return found


def fill(browser: Client, item: PlanItem, typed: str, **options: Any) -> Any:
    sent = {f"item-{item.pk}-decision": "fill", f"item-{item.pk}-value": typed}
    return browser.post(reverse("promotions:plan-item-decide", args=[item.pk]), sent, **{"headers": HTMX, **options})


def page_of(browser: Client, plan: Plan, name: str = "promotions:promotion-detail") -> str:
    answer = browser.get(reverse(name, args=[plan.promotion_id]))
    assert answer.status_code == 200
    return html.unescape(answer.content.decode())


def test_a_refused_text_stays_in_its_field_with_the_reason_tied_to_it(browser: Client, plan: Plan) -> None:
    item = value(plan, "schema")

    answer = fill(browser, item, "no schema id")

    assert answer.status_code == 422
    text = html.unescape(answer.content.decode())
    assert 'value="no schema id"' in text
    assert f'aria-invalid="true" aria-describedby="item-{item.pk}-problem"' in text
    assert "A schema id holds no space." in text


@pytest.mark.parametrize("typed", ["Bearer INSERT_SECRET_HERE", "sk-" + "x" * 20_001])
def test_a_refused_secret_comes_back_in_no_answer(browser: Client, plan: Plan, typed: str) -> None:
    item = value(plan, "secret")

    answer = fill(browser, item, typed)

    assert answer.status_code == 422
    assert typed[:20] not in answer.content.decode()
    assert "row-problem" in answer.content.decode()


def test_a_filled_secret_is_told_without_its_value(browser: Client, plan: Plan) -> None:
    item = value(plan, "secret")

    answer = fill(browser, item, "open sesame")

    assert "kept encrypted until the import ends" in answer.content.decode()
    assert "1 of 1" in html.unescape(answer.content.decode()).replace("</b>", "")
    assert "sesame" not in page_of(browser, plan)


def test_filling_in_works_without_script(browser: Client, plan: Plan) -> None:
    item = value(plan, "template")

    answer = fill(browser, item, "Order confirmation EN (test)", headers={})

    assert answer.status_code == 302
    assert "Order confirmation EN (test)" in page_of(browser, plan)


def test_keeping_all_leaves_out_what_would_go_wrong(browser: Client, plan: Plan) -> None:
    name = value(plan, "template", choices=[offer(Decision.KEEP)])
    schema = value(plan, "schema", choices=[offer(Decision.KEEP) | {"consequence": WARNING}])
    assert "Keep all that can stay (1)" in page_of(browser, plan)

    browser.post(reverse("promotions:plan-decide", args=[plan.pk]), {"act": "keep-undecided"}, headers=HTMX)

    name.refresh_from_db()
    schema.refresh_from_db()
    assert (name.decision, schema.decision) == (Decision.KEEP, Decision.UNDECIDED)


def test_the_page_speaks_of_values_of_a_version_and_stands_at_the_place_of_journeys(
    browser: Client, plan: Plan
) -> None:
    value(plan, "template")

    text = page_of(browser, plan)

    assert "version 3.0" in text
    assert "Not filled in (1)" in text
    assert "Missing rights" not in text
    assert f'href="{reverse("promotions:journey-list")}" aria-current="page"' in text
    assert f'href="{reverse("promotions:package-list")}" aria-current="page"' not in text


def test_a_version_that_leaves_nothing_open_is_confirmed(browser: Client, plan: Plan) -> None:
    item = PlanItemFactory(
        plan=plan, kind=ItemKind.CONFIRMATION, type="", remote_id="", choices=[offer(Decision.CONFIRM)]
    )
    assert "to be confirmed" in page_of(browser, plan)

    sent = {f"item-{item.pk}-decision": "confirm"}
    answer = browser.post(reverse("promotions:plan-item-decide", args=[item.pk]), sent, headers=HTMX)

    text = html.unescape(answer.content.decode())
    assert "nothing to fill in" in text
    assert "to be confirmed" not in text
    assert "One new copy to make" in text


def test_a_plan_that_found_nothing_says_only_why(browser: Client, plan: Plan) -> None:
    plan.blockers = ["Version 3.0 has errors."]
    plan.save()

    text = page_of(browser, plan)

    assert "Version 3.0 has errors." in text
    assert 'id="plan-counts"' not in text
    assert 'id="resolution"' not in text


def test_a_group_is_decided_by_an_operator_of_a_target_who_only_reads_the_source(
    signed_in: Callable[[User], Client], plan: Plan, organization: Organization
) -> None:
    across: Plan = PlanFactory(
        promotion__package__organization=organization,
        promotion__system="journeys",
        promotion__pick=plan.promotion.pick,
        promotion__group=PromotionGroupFactory(package=plan.promotion.package),
        promotion__target_organization=OrganizationFactory(name="Globex"),
    )
    item = value(across, "template", choices=[offer(Decision.KEEP)])
    person = MembershipFactory(organization=organization, role=Role.VIEWER).user
    MembershipFactory(user=person, organization=across.promotion.target_organization, role=Role.OPERATOR)
    browser, group = signed_in(person), across.promotion.group
    assert group is not None

    answer = browser.post(reverse("promotions:group-decide", args=[group.pk]), {"act": "keep-undecided"})

    assert answer.status_code == 302
    item.refresh_from_db()
    assert item.decision == Decision.KEEP
    page = browser.get(reverse("promotions:group-detail", args=[group.pk])).content.decode()
    assert f"Globex · {across.promotion.target_sandbox.name}</b>: 1 value decided." in page


def test_a_stored_value_stands_with_what_is_filled_in(plan: Plan) -> None:
    typed = {"id": "d1gest", "type": "secret", "title": "typed secret"}
    schema = {"id": "s", "type": "schema", "title": "Orders"}
    stored = {"id": "stored-3-d1gest", "type": "stored_value", "title": "SMS provider"}
    items = [
        value(plan, "secret", key="a", decision=Decision.REUSE, target=stored),
        value(plan, "schema", key="b", decision=Decision.REUSE, target=schema),
        value(plan, "secret", key="c", decision=Decision.FILL, target=typed),
    ]

    groups = [change.group for change in changes_of(items)]

    assert groups == ["Used as they are in the target", "Filled in by a person", "Filled in by a person"]


def test_promotions_are_listed_by_what_is_promoted(browser: Client, plan: Plan, organization: Organization) -> None:
    PlanFactory(promotion__package__organization=organization, promotion__package__name="Loyalty schemas")

    page = browser.get(reverse("promotions:promotion-list"), {"system": "journeys"}).content.decode()

    assert "Journey, version 3.0, from" in page
    assert "Loyalty schemas" not in page
    assert "Loyalty schemas" in browser.get(reverse("promotions:promotion-list"), {"system": "?"}).content.decode()


def test_stored_values_that_speak_of_the_owner_come_first() -> None:
    stored = [
        Choice(Decision.REUSE, {"id": name, "type": "stored_value", "title": name}, reason, "", rank)
        for rank, (name, reason) in enumerate([("CRM", "Of notifyCrm"), ("SMS", "Of the action sendSms")], start=1)
    ]

    found = nearest(stored, "SendSMS")

    assert [(choice.target or {})["title"] for choice in found] == ["SMS", "CRM"]
    assert [choice.rank for choice in found] == [1, 2]
