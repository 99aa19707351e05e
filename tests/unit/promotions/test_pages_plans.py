"""Deciding row by row and in bulk, undoing, running."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import Decision, ItemKind, Match, PlanState
from promotions.models import Job, Plan, PlanItem
from promotions.services.verbs import Verb
from promotions.systems.packages import kinds
from tests.factories import MembershipFactory
from tests.factories_promotions import JobFactory, PlanFactory, PlanItemFactory, offer

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


@pytest.fixture
def item(plan: Plan) -> PlanItem:
    return PlanItemFactory(plan=plan, title="Loyalty member", remote_id="schema-a")


@pytest.fixture
def confirmation(plan: Plan) -> PlanItem:
    return PlanItemFactory(
        plan=plan,
        kind=ItemKind.CONFIRMATION,
        key="confirmation",
        type="",
        remote_id="",
        match=Match.NONE,
        explanation="Every object of it is created new.",
        choices=[offer(Decision.CONFIRM)],
    )


def decide(browser: Client, item: PlanItem, decision: str, *, batch: int = 0, **extra: Any) -> Any:
    sent = {f"item-{item.pk}-batch": batch}
    if decision:
        sent[f"item-{item.pk}-decision"] = decision  # type: ignore[assignment]
    return browser.post(reverse("promotions:plan-item-decide", args=[item.pk]), sent, **{"headers": HTMX, **extra})


def act(browser: Client, plan: Plan, sent: dict[str, Any], **extra: Any) -> Any:
    return browser.post(reverse("promotions:plan-decide", args=[plan.pk]), sent, **{"headers": HTMX, **extra})


def decisions(plan: Plan) -> list[str]:
    return [item.decision for item in plan.items.order_by("pk")]


def test_a_decision_answers_the_row_and_what_changes_elsewhere(browser: Client, item: PlanItem) -> None:
    response = decide(browser, item, "reuse:target-schema-a")

    item.refresh_from_db()
    text = response.content.decode()
    assert response.status_code == 200
    assert (item.decision, item.target["id"] if item.target else None) == (Decision.REUSE, "target-schema-a")
    assert f'id="item-{item.pk}"' in text
    assert text.count("hx-swap-oob") == 4
    assert "<b>= 1</b> reuse" in text
    assert "Ready." in text
    assert AuditEvent.objects.filter(verb=Verb.ITEMS_DECIDED).count() == 1


def test_a_decision_without_script_leads_back_to_the_page(browser: Client, item: PlanItem) -> None:
    response = decide(browser, item, "create", headers={})

    item.refresh_from_db()
    assert response.status_code == 302
    assert item.decision == Decision.CREATE


@pytest.mark.parametrize("value", ["reuse:somewhere-else", "reuse:", "confirm", "reuse", "maybe", ""])
def test_what_is_not_offered_is_refused(browser: Client, item: PlanItem, value: str) -> None:
    response = decide(browser, item, value)

    item.refresh_from_db()
    assert response.status_code == 422
    assert 'class="row-problem"' in response.content.decode()
    assert item.decision == Decision.UNDECIDED
    assert not AuditEvent.objects.filter(verb=Verb.ITEMS_DECIDED).exists()


def test_a_row_that_somebody_else_decided_meanwhile_is_a_conflict(
    browser: Client, signed_in: SignIn, owner: User, item: PlanItem
) -> None:
    decide(signed_in(owner), item, "create")

    response = decide(browser, item, "reuse:target-schema-a", batch=0)

    item.refresh_from_db()
    text = response.content.decode()
    assert response.status_code == 409
    assert "was decided by Olive Owner meanwhile" in text
    assert f'id="item-{item.pk}"' in text
    assert item.decision == Decision.CREATE


def test_a_viewer_decides_nothing(viewer: Client, plan: Plan, item: PlanItem) -> None:
    answers = [
        decide(viewer, item, "create").status_code,
        act(viewer, plan, {"act": "create-undecided"}).status_code,
        viewer.post(reverse("promotions:plan-accept-exact", args=[plan.pk])).status_code,
        viewer.post(reverse("promotions:plan-run", args=[plan.pk])).status_code,
    ]

    assert answers == [403, 403, 403, 403]
    assert decisions(plan) == [Decision.UNDECIDED]


def test_a_stranger_finds_nothing(signed_in: SignIn, stranger: User, plan: Plan, item: PlanItem) -> None:
    browser = signed_in(stranger)

    answers = [
        decide(browser, item, "create").status_code,
        act(browser, plan, {"act": "create-undecided"}).status_code,
        browser.get(reverse("promotions:plan-status", args=[plan.pk])).status_code,
    ]

    assert answers == [404, 404, 404]


@pytest.mark.parametrize("state", [PlanState.GATHERING, PlanState.READY, PlanState.SUPERSEDED])
def test_a_plan_that_is_not_open_takes_no_decision(browser: Client, item: PlanItem, state: PlanState) -> None:
    Plan.objects.filter(pk=item.plan_id).update(state=state)

    response = decide(browser, item, "create")

    item.refresh_from_db()
    assert response.status_code == 409
    assert item.decision == Decision.UNDECIDED


def test_the_confirmation_is_a_box_that_can_be_ticked_and_unticked(
    browser: Client, plan: Plan, confirmation: PlanItem
) -> None:
    page = browser.get(reverse("promotions:plan-status", args=[plan.pk])).content.decode()
    ticked = decide(browser, confirmation, "confirm").content.decode()
    confirmation.refresh_from_db()
    after_tick = confirmation.decision

    decide(browser, confirmation, "", batch=confirmation.batch)

    confirmation.refresh_from_db()
    assert "Every object of it is created new." in page
    assert " checked" in ticked
    assert after_tick == Decision.CONFIRM
    assert confirmation.decision == Decision.UNDECIDED


def test_accept_all_exact_takes_the_exact_ones_only(browser: Client, plan: Plan, item: PlanItem) -> None:
    PlanItemFactory(plan=plan, match=Match.DOUBTFUL)

    response = browser.post(reverse("promotions:plan-accept-exact", args=[plan.pk]), headers=HTMX)

    assert response.status_code == 200
    assert decisions(plan) == [Decision.REUSE, Decision.UNDECIDED]


def test_create_new_for_all_undecided_leaves_what_is_decided(browser: Client, plan: Plan, item: PlanItem) -> None:
    PlanItemFactory.create_batch(2, plan=plan)
    decide(browser, item, "reuse:target-schema-a")

    act(browser, plan, {"act": "create-undecided"})

    assert decisions(plan) == [Decision.REUSE, Decision.CREATE, Decision.CREATE]


@pytest.mark.parametrize(("name", "expected"), [("first", Decision.REUSE), ("create", Decision.CREATE)])
def test_ticked_rows_are_decided_together(browser: Client, plan: Plan, name: str, expected: Decision) -> None:
    items = PlanItemFactory.create_batch(3, plan=plan)

    act(browser, plan, {"act": name, "item": [items[0].pk, items[2].pk]})

    assert decisions(plan) == [expected, Decision.UNDECIDED, expected]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"act": "first"}, "Tick the rows first."),
        ({"act": "create", "item": ["999999"]}, "Select a valid choice"),
        ({"act": "everything"}, "Select a valid choice"),
        ({}, "This field is required."),
    ],
)
def test_a_bulk_act_that_makes_no_sense_is_refused(
    browser: Client, plan: Plan, item: PlanItem, sent: dict[str, Any], message: str
) -> None:
    response = act(browser, plan, sent)

    assert response.status_code == 422
    assert message in response.content.decode()
    assert decisions(plan) == [Decision.UNDECIDED]


def test_the_whole_table_can_be_saved_without_script(
    browser: Client, plan: Plan, item: PlanItem, confirmation: PlanItem
) -> None:
    other = PlanItemFactory(plan=plan)

    response = act(
        browser,
        plan,
        {
            "act": "save",
            f"item-{item.pk}-decision": "create",
            f"item-{item.pk}-batch": "0",
            f"item-{confirmation.pk}-decision": "confirm",
            f"item-{confirmation.pk}-batch": "0",
            f"item-{other.pk}-batch": "0",
        },
        headers={},
    )

    assert response.status_code == 302
    assert decisions(plan) == [Decision.CREATE, Decision.CONFIRM, Decision.UNDECIDED]


def test_saving_an_odd_value_changes_nothing_and_says_so(browser: Client, plan: Plan, item: PlanItem) -> None:
    response = act(browser, plan, {"act": "save", f"item-{item.pk}-decision": "maybe"}, headers={}, follow=True)

    assert "choose one of what is offered" in response.content.decode()
    assert decisions(plan) == [Decision.UNDECIDED]


def test_undo_takes_back_the_latest_act(browser: Client, plan: Plan) -> None:
    PlanItemFactory.create_batch(2, plan=plan)
    act(browser, plan, {"act": "create-undecided"})

    response = browser.post(reverse("promotions:plan-undo", args=[plan.pk]), headers=HTMX)

    assert response.status_code == 200
    assert decisions(plan) == [Decision.UNDECIDED, Decision.UNDECIDED]


def test_undo_without_a_decision_is_refused(browser: Client, plan: Plan, item: PlanItem) -> None:
    response = browser.post(reverse("promotions:plan-undo", args=[plan.pk]), headers=HTMX)

    assert response.status_code == 422
    assert "There is no decision to take back." in response.content.decode()


def test_a_whole_sandbox_offers_its_confirmation_and_no_bulk_act(
    browser: Client, plan: Plan, confirmation: PlanItem
) -> None:
    text = browser.get(reverse("promotions:plan-status", args=[plan.pk])).content.decode()

    assert f'name="item-{confirmation.pk}-decision" value="confirm"' in text
    assert "create-undecided" not in text
    assert "Selected (" not in text


def test_filters_show_what_is_undecided_and_what_lacks_rights(browser: Client, plan: Plan) -> None:
    PlanItemFactory(plan=plan, title="Undecided one")
    PlanItemFactory(plan=plan, title="Blocked one", free=True, missing_right=True)
    PlanItemFactory(plan=plan, title="Easy one", free=True)
    url = reverse("promotions:plan-status", args=[plan.pk])

    found = {
        show: [row.item.title for row in browser.get(f"{url}?show={show}").context["rows"]]
        for show in ("all", "undecided", "rights", "nonsense")
    }

    assert found["undecided"] == ["Undecided one"]
    assert found["rights"] == ["Blocked one"]
    assert len(found["all"]) == len(found["nonsense"]) == 3


def test_many_candidates_come_as_a_select(browser: Client, plan: Plan) -> None:
    offers = [offer(Decision.REUSE, target_id=f"t{number}", title=f"T{number}", rank=number) for number in range(1, 7)]
    PlanItemFactory(plan=plan, choices=[*offers, offer(Decision.CREATE)])

    text = browser.get(reverse("promotions:plan-status", args=[plan.pk])).content.decode()

    assert text.count("<option") == 8
    assert 'type="radio"' not in text


def test_titles_of_the_platform_are_escaped(browser: Client, plan: Plan) -> None:
    PlanItemFactory(
        plan=plan,
        title="<script>alert(1)</script>",
        choices=[offer(Decision.REUSE, target_id='"><u>', title="<i>x</i>"), offer(Decision.CREATE)],
    )

    text = browser.get(reverse("promotions:plan-status", args=[plan.pk])).content.decode()

    assert "<script>" not in text
    assert "<i>x</i>" not in text
    assert '"><u>' not in text


def test_deciding_needs_the_same_queries_for_more_rows(browser: Client, plan: Plan, item: PlanItem) -> None:
    PlanItemFactory.create_batch(3, plan=plan)
    decide(browser, item, "create")
    item.refresh_from_db()
    with CaptureQueriesContext(connection) as few:
        decide(browser, item, "reuse:target-schema-a", batch=item.batch)
    PlanItemFactory.create_batch(40, plan=plan)
    item.refresh_from_db()
    with CaptureQueriesContext(connection) as many:
        decide(browser, item, "create", batch=item.batch)

    assert len(many) == len(few)


# Running


def test_running_asks_with_numbers_and_queues_one_job(browser: Client, plan: Plan, item: PlanItem) -> None:
    PlanItemFactory(plan=plan, free=True)
    decide(browser, item, "reuse:target-schema-a")
    url = reverse("promotions:plan-run", args=[plan.pk])

    asked = browser.get(url).content.decode()
    response = browser.post(url)

    job = Job.objects.get(kind=kinds.IMPORT)
    plan.refresh_from_db()
    assert "1 object will be created new, and 1 object of the target used as it is" in asked
    assert "cannot be undone" in asked
    assert response["Location"] == reverse("promotions:job-detail", args=[job.pk])
    assert plan.state == PlanState.READY
    assert plan.content_hash


def test_an_undecided_plan_does_not_run_and_says_why(browser: Client, plan: Plan, item: PlanItem) -> None:
    url = reverse("promotions:plan-run", args=[plan.pk])

    shown = browser.get(url).content.decode()
    response = browser.post(url)

    assert "1 row is undecided." in shown
    assert response.status_code == 422
    assert "1 row is undecided." in response.content.decode()
    assert not Job.objects.filter(kind=kinds.IMPORT).exists()


def test_a_missing_right_keeps_the_plan_from_running(browser: Client, plan: Plan) -> None:
    PlanItemFactory(plan=plan, free=True, missing_right=True)

    response = browser.post(reverse("promotions:plan-run", args=[plan.pk]))

    assert response.status_code == 422
    assert "1 object lacks a right in the target." in response.content.decode()


def test_the_same_import_is_not_started_twice(browser: Client, plan: Plan, organization: Organization) -> None:
    PlanItemFactory(plan=plan, free=True)
    JobFactory(
        organization=organization, package=plan.promotion.package, sandbox=plan.promotion.target_sandbox, running=True
    )

    response = browser.post(reverse("promotions:plan-run", args=[plan.pk]))

    assert response.status_code == 409
    assert "under way already" in response.content.decode()
    assert Job.objects.filter(kind=kinds.IMPORT).count() == 1


def test_facts_can_be_gathered_again(browser: Client, plan: Plan, item: PlanItem) -> None:
    response = browser.post(reverse("promotions:plan-refresh", args=[plan.pk]), headers=HTMX)

    plan.refresh_from_db()
    assert plan.state == PlanState.GATHERING
    assert 'hx-trigger="every 1s"' in response.content.decode()


def test_a_former_revision_is_not_gathered_again(browser: Client, plan: Plan) -> None:
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.SUPERSEDED)

    response = browser.post(reverse("promotions:plan-refresh", args=[plan.pk]), headers=HTMX)

    assert response.status_code == 409
    assert "This plan is over: there is a newer revision" in response.content.decode()
