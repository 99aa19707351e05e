"""One package into several targets: choosing them, their page, deciding and running together."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, Sandbox, User
from promotions.choices import Decision, JobState, PlanState
from promotions.models import Approval, Job, Package, Plan, PlanItem, Promotion, PromotionGroup
from promotions.services.verbs import Verb
from tests.factories import MembershipFactory, SandboxFactory
from tests.factories_promotions import (
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    PromotionGroupFactory,
    offer,
)

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def viewer(signed_in: SignIn, organization: Organization) -> Client:
    return signed_in(MembershipFactory(organization=organization, role=Role.VIEWER).user)


@pytest.fixture
def package(organization: Organization) -> Package:
    return PackageFactory(organization=organization, name="Loyalty", source_sandbox="dev")


def sandbox(organization: Organization, name: str, **options: Any) -> Sandbox:
    return SandboxFactory(organization=organization, name=name, **options)


@pytest.fixture
def group(organization: Organization, package: Package) -> PromotionGroup:
    """One package for stage and test, each with the same two objects to decide."""
    found: PromotionGroup = PromotionGroupFactory(package=package)
    first = found.promotions.get().target_sandbox
    first.name = "stage"
    first.save(update_fields=["name"])
    PlanFactory(
        promotion__package=package, promotion__group=found, promotion__target_sandbox=sandbox(organization, "test")
    )
    for plan in plans_of(found):
        PlanItemFactory(plan=plan, remote_id="schema-a", title="Loyalty member")
        PlanItemFactory(plan=plan, remote_id="schema-b", title="Points balance", match="likely")
    return found


def plans_of(group: PromotionGroup) -> list[Plan]:
    return list(Plan.objects.filter(promotion__group=group).order_by("promotion__target_sandbox__name"))


def page_of(browser: Client, group: PromotionGroup, **query: Any) -> str:
    answer = browser.get(reverse("promotions:group-detail", args=[group.pk]), query)
    assert answer.status_code == 200
    return answer.content.decode()


def decide(browser: Client, group: PromotionGroup, **sent: str) -> Any:
    return browser.post(reverse("promotions:group-decide", args=[group.pk]), sent, headers=HTMX)


def run_all(browser: Client, group: PromotionGroup, **sent: str) -> Any:
    return browser.post(reverse("promotions:group-run", args=[group.pk]), sent)


def decisions(group: PromotionGroup, title: str) -> list[str]:
    items = PlanItem.objects.filter(plan__promotion__group=group, title=title)
    return list(items.order_by("plan__promotion__target_sandbox__name").values_list("decision", flat=True))


# Choosing


def test_several_targets_get_a_plan_each_and_a_page_together(
    browser: Client, organization: Organization, package: Package
) -> None:
    targets = [sandbox(organization, "stage"), sandbox(organization, "prod", production=True)]

    answer = browser.post(
        reverse("promotions:promotion-create", args=[package.pk]),
        {"sandbox": [target.pk for target in targets], "job_name": "Loyalty", "job_description": ""},
    )

    group = PromotionGroup.objects.get()
    assert answer["Location"] == reverse("promotions:group-detail", args=[group.pk])
    assert {promotion.target_sandbox.name for promotion in group.promotions.all()} == {"stage", "prod"}
    assert {plan.state for plan in plans_of(group)} == {PlanState.GATHERING}
    assert AuditEvent.objects.filter(verb=Verb.TARGETS_CHOSEN).count() == 1
    assert AuditEvent.objects.filter(verb=Verb.PROMOTION_PLANNED).count() == 2


def test_one_target_is_planned_without_a_group(browser: Client, organization: Organization, package: Package) -> None:
    stage = sandbox(organization, "stage")

    browser.post(
        reverse("promotions:promotion-create", args=[package.pk]), {"sandbox": [stage.pk], "job_name": "Loyalty"}
    )

    assert Promotion.objects.get().group is None


def test_many_targets_come_with_a_field_to_find_one(
    browser: Client, organization: Organization, package: Package
) -> None:
    for number in range(9):
        sandbox(organization, f"team-{number}")

    text = browser.get(reverse("promotions:promotion-create", args=[package.pk])).content.decode()

    assert 'data-filters="targets"' in text
    assert text.count('type="checkbox" name="sandbox"') == 9


def test_a_target_that_is_not_offered_leaves_nothing_behind(
    browser: Client, organization: Organization, package: Package
) -> None:
    stage = sandbox(organization, "stage")

    answer = browser.post(
        reverse("promotions:promotion-create", args=[package.pk]),
        {"sandbox": [stage.pk, SandboxFactory().pk], "job_name": "Loyalty"},
    )

    assert answer.status_code == 422
    assert not Promotion.objects.exists()


# The page


def test_each_target_is_a_row_with_what_it_lacks(browser: Client, group: PromotionGroup) -> None:
    text = page_of(browser, group)

    for plan in plans_of(group):
        assert reverse("promotions:promotion-detail", args=[plan.promotion_id]) in text
    assert text.count("2 rows are undecided.") == 2
    assert "No target is ready to run." in text
    assert "Accept all exact in all targets (2)" in text
    assert "Create new for all undecided (4)" in text
    assert "Take remembered" not in text


def test_every_promotion_of_it_says_so(browser: Client, group: PromotionGroup) -> None:
    text = browser.get(reverse("promotions:promotion-detail", args=[plans_of(group)[0].promotion_id])).content.decode()

    assert "2 targets planned together" in text
    assert reverse("promotions:group-detail", args=[group.pk]) in text


def test_the_queries_do_not_grow_with_targets_and_objects(
    browser: Client, organization: Organization, group: PromotionGroup
) -> None:
    with CaptureQueriesContext(
        connection,
    ) as before:
        page_of(browser, group, show="all")
    for number in range(4):
        plan = PlanFactory(
            promotion__package=group.package,
            promotion__group=group,
            promotion__target_sandbox=sandbox(organization, f"team-{number}"),
        )
        PlanItemFactory.create_batch(15, plan=plan)
        JobFactory(organization=organization, plan=plan, promotion=plan.promotion, succeeded=True)

    with CaptureQueriesContext(connection) as after:
        page_of(browser, group, show="all")

    assert len(after) <= len(before) + 1  # the jobs themselves


def test_objects_come_in_pages_and_may_be_narrowed(browser: Client, group: PromotionGroup) -> None:
    stage = plans_of(group)[0]
    PlanItemFactory.create_batch(205, plan=stage, free=True)

    every = page_of(browser, group, show="all")
    second = page_of(browser, group, show="all", page=2)
    to_decide = page_of(browser, group)

    assert "1 to 200 of 207" in every
    assert second.count('<td class="cell-main"><div><span class="thing-type">') == 7
    assert to_decide.count('<td class="cell-main"><div><span class="thing-type">') == 2


def test_while_something_goes_on_the_targets_ask_for_themselves_and_then_stop(
    browser: Client, organization: Organization, group: PromotionGroup
) -> None:
    stage = plans_of(group)[0]
    Plan.objects.filter(pk=stage.pk).update(state=PlanState.READY)
    job = JobFactory(organization=organization, plan=stage, promotion=stage.promotion, running=True)
    live = browser.get(reverse("promotions:group-targets", args=[group.pk]), headers=HTMX).content.decode()

    Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED, finished_at=timezone.now())

    over = browser.get(reverse("promotions:group-targets", args=[group.pk]), headers=HTMX).content.decode()
    assert 'hx-trigger="every 2s"' in live
    assert "hx-trigger" not in over
    assert f"It was run as job {job.pk}." in over


def test_new_facts_have_the_whole_page_read_again(browser: Client, group: PromotionGroup) -> None:
    url = reverse("promotions:group-targets", args=[group.pk])

    answer = browser.get(url, {"gathering": 1}, headers=HTMX)

    assert answer["HX-Refresh"] == "true"


# Deciding together


def test_all_exact_ones_are_accepted_in_all_targets_and_the_outcome_stays(
    browser: Client, group: PromotionGroup
) -> None:
    answer = decide(browser, group, act="exact")

    text = page_of(browser, group)
    assert answer.status_code == 200
    assert decisions(group, "Loyalty member") == [Decision.REUSE] * 2
    assert decisions(group, "Points balance") == [Decision.UNDECIDED] * 2
    assert "Accepted all exact matches" in text
    assert text.count("1 object decided.") == 2


def test_one_object_is_created_new_in_all(browser: Client, group: PromotionGroup) -> None:
    decide(browser, group, act="create", key="REGISTRY_SCHEMA:schema-b", name="Schema Points balance")

    assert decisions(group, "Points balance") == [Decision.CREATE] * 2
    assert decisions(group, "Loyalty member") == [Decision.UNDECIDED] * 2
    assert "Create Schema Points balance new in all" in page_of(browser, group)


def test_the_existing_one_of_a_title_is_used_where_it_is_offered(browser: Client, group: PromotionGroup) -> None:
    stage, _ = plans_of(group)
    other = [offer(Decision.REUSE, target_id="x", title="Points, old"), offer(Decision.CREATE)]
    stage.items.filter(title="Points balance").update(choices=other)

    decide(browser, group, act="use", key="REGISTRY_SCHEMA:schema-b", title="Points balance")

    text = page_of(browser, group)
    assert decisions(group, "Points balance") == [Decision.UNDECIDED, Decision.REUSE]
    assert "<b>stage</b>: Nothing to decide in this way." in text


def test_two_existing_ones_of_one_title_are_for_a_person(browser: Client, group: PromotionGroup) -> None:
    twice = [
        offer(Decision.REUSE, target_id="x", title="Points balance"),
        offer(Decision.REUSE, target_id="y", title="Points balance"),
        offer(Decision.CREATE),
    ]
    PlanItem.objects.filter(plan=plans_of(group)[0], title="Points balance").update(choices=twice)

    decide(browser, group, act="use", key="REGISTRY_SCHEMA:schema-b", title="Points balance")

    assert decisions(group, "Points balance") == [Decision.UNDECIDED, Decision.REUSE]
    assert "Several existing objects are called “Points balance” here." in page_of(browser, group)


def test_what_was_decided_before_is_taken_where_it_is_offered(browser: Client, group: PromotionGroup) -> None:
    before = {"decision": "create", "target": None, "by": "Ada", "at": timezone.now().isoformat(), "times": 1}
    PlanItem.objects.filter(plan__promotion__group=group, title="Points balance").update(remembered=before)
    stage, test = plans_of(group)
    Promotion.objects.filter(pk=stage.promotion_id).update(is_memory_offered=False)

    shown = page_of(browser, group)
    decide(browser, group, act="remembered")

    assert "Take remembered in all (1)" in shown
    assert decisions(group, "Points balance") == [Decision.UNDECIDED, Decision.CREATE]
    assert "Earlier decisions are switched off for this promotion." in page_of(browser, group)
    line = AuditEvent.objects.get(verb=Verb.ITEMS_DECIDED)
    assert line.details["remembered"] == [test.items.get(title="Points balance").key]


def test_a_frozen_target_says_why_and_the_other_is_decided(browser: Client, group: PromotionGroup) -> None:
    Plan.objects.filter(pk=plans_of(group)[0].pk).update(state=PlanState.READY)

    decide(browser, group, act="create-undecided")

    assert decisions(group, "Points balance") == [Decision.UNDECIDED, Decision.CREATE]
    assert "<b>stage</b>: This plan is frozen." in page_of(browser, group)


@pytest.mark.parametrize(
    "sent", [{}, {"act": "everything"}, {"act": "create"}, {"act": "use", "key": "REGISTRY_SCHEMA:schema-b"}]
)
def test_an_act_that_says_too_little_is_refused(browser: Client, group: PromotionGroup, sent: dict[str, str]) -> None:
    answer = decide(browser, group, **sent)

    assert answer.status_code == 422
    assert decisions(group, "Points balance") == [Decision.UNDECIDED] * 2


def test_a_viewer_reads_and_decides_nothing(viewer: Client, group: PromotionGroup) -> None:
    text = page_of(viewer, group)

    answers = [decide(viewer, group, act="exact").status_code, run_all(viewer, group).status_code]
    assert "Deciding and running need the role operator." in text
    assert 'name="act"' not in text
    assert answers == [403, 403]


# Running together


def test_running_all_asks_target_by_target_first(browser: Client, group: PromotionGroup) -> None:
    stage = plans_of(group)[0]
    stage.items.update(decision=Decision.CREATE)

    text = browser.get(reverse("promotions:group-run", args=[group.pk])).content.decode()

    assert "Runs now: 2 created new, 0 used as they are." in text
    assert "Stays as it is: 2 rows are undecided." in text
    assert not Job.objects.filter(kind="packages.import").exists()


def test_running_all_runs_asks_and_leaves_each_by_its_own_rules(
    browser: Client, organization: Organization, group: PromotionGroup
) -> None:
    production = sandbox(organization, "prod", production=True)
    PlanFactory(promotion__package=group.package, promotion__group=group, promotion__target_sandbox=production)
    PlanItem.objects.filter(plan__promotion__target_sandbox__name="stage").update(decision=Decision.CREATE)

    question = browser.get(reverse("promotions:group-run", args=[group.pk])).content.decode()
    run_all(browser, group, note="For the pilot")

    text = page_of(browser, group)
    job = Job.objects.exclude(marker=None).get()
    assert "Run 1, ask for 1 approval" in question
    assert job.sandbox is not None
    assert job.sandbox.name == "stage"
    assert Approval.objects.get().note == "For the pilot"
    assert "<b>prod</b>: An approval was asked for." in text
    assert f"Queued as job {job.pk}." in text
    assert "<b>test</b>: 2 rows are undecided." in text


def test_with_nothing_ready_there_is_nothing_to_confirm(browser: Client, group: PromotionGroup) -> None:
    text = browser.get(reverse("promotions:group-run", args=[group.pk])).content.decode()

    assert "No target is ready to run." in text
    assert "<textarea" not in text
