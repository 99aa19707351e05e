"""Migrations on the pages: waiting for a turn, checks, undoing, a workflow that a person has to name."""

from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import ItemKind, JobState, PlanState, ProblemKind
from promotions.models import Job, Promotion, RunCheck
from promotions.services import jobs, undoing
from promotions.services.errors import RefusedError
from promotions.systems.decisioning import kinds
from promotions.turns import turn_of
from promotions.undo_facts import undo_of
from tests.factories import MembershipFactory
from tests.factories_decisioning import MappingFactory, MigrationPlanFactory, migrated, rollback_of
from tests.factories_promotions import ApprovalFactory, JobFactory

SignIn = Callable[[User], Client]
WORKFLOW = "7b0c1d2e-0000-4000-8000-000000000001"


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def migration(organization: Organization) -> Job:
    job: Job = migrated(organization)
    return job


def waiting(organization: Organization, **fields: Any) -> Job:
    """A migration in line."""
    plan = MigrationPlanFactory(promotion__organization=organization, state=PlanState.READY)
    values = {"kind": kinds.MIGRATE, "plan": plan, "promotion": plan.promotion, "slot": kinds.slot_of(organization)}
    job: Job = JobFactory(organization=organization, sandbox=plan.promotion.target_sandbox, **{**values, **fields})
    return job


def page_of(browser: Client, job: Job) -> str:
    return browser.get(reverse("promotions:job-detail", args=[job.pk])).content.decode()


def run_of(undo: Promotion, **fields: Any) -> Job:
    """The rollback that a plan to take something back was run as."""
    values = {"succeeded": True, "kind": kinds.ROLL_BACK, "plan": undo.current_plan, "promotion": undo}
    job: Job = JobFactory(organization=undo.target_organization, sandbox=undo.target_sandbox, **{**values, **fields})
    return job


# The line


def test_the_second_in_line_is_told_what_it_waits_for_and_until_when(
    browser: Client, organization: Organization, migration: Job
) -> None:
    begun = timezone.now() - timedelta(minutes=4)
    Job.objects.filter(pk=migration.pk).update(started_at=begun, finished_at=begun + timedelta(minutes=3))
    first = waiting(organization, running=True, holds_slot=True, started_at=timezone.now() - timedelta(minutes=1))
    second = waiting(organization)

    turn = turn_of(second)
    html = page_of(browser, second)

    assert turn is not None
    assert turn.expected_at is not None
    assert abs(turn.expected_at - timezone.now() - timedelta(minutes=2)) < timedelta(seconds=20)
    assert "Second in line" in html
    assert f"job {first.pk}</a>; expected about" in html
    assert reverse("promotions:job-cancel", args=[second.pk]) in html
    assert turn_of(first) is None


def test_an_organization_without_former_workflows_is_told_that_nothing_is_known(
    browser: Client, organization: Organization
) -> None:
    waiting(organization, running=True, holds_slot=True)

    html = page_of(browser, waiting(organization))

    assert "too little has run here before" in html


def test_one_that_waits_for_a_person_keeps_the_turn_and_the_page_says_so(
    browser: Client, organization: Organization
) -> None:
    waiting(organization, unknown_outcome=True, holds_slot=True)

    html = page_of(browser, waiting(organization))

    assert "waits for a person, and keeps its turn" in html


def test_somebody_outside_who_has_the_turn_is_shown_with_since_when_and_what(
    browser: Client, organization: Organization
) -> None:
    since = (timezone.now() - timedelta(minutes=7)).isoformat()
    noted = {"since": since, "last": timezone.now().isoformat(), "by": WORKFLOW}
    job = waiting(organization, holds_slot=True, params={"held_up": noted})

    html = page_of(browser, job)

    assert "Somebody outside has the turn" in html
    assert "7 min" in html
    assert WORKFLOW in html
    assert "Give up waiting" in html


# A start whose answer was lost


def test_a_workflow_is_named_by_its_id_and_never_sent_twice(
    browser: Client, organization: Organization, teammate: User
) -> None:
    job = waiting(organization, unknown_outcome=True, holds_slot=True, submit_at=timezone.now())

    html = page_of(browser, job)
    with pytest.raises(RefusedError):
        jobs.retry_sending(job=job, actor=teammate, reason="sure")
    answer = browser.post(
        reverse("promotions:job-adopt", args=[job.pk]), {"adopt-remote_id": WORKFLOW, "adopt-reason": "seen there"}
    )

    assert "Remote workflow id" in html
    assert "This is the workflow" in html
    assert 'id="choice-retry"' not in html
    assert answer.status_code == 302
    job.refresh_from_db()
    assert (job.remote_id, job.state) == (WORKFLOW, JobState.RUNNING)


@pytest.mark.parametrize(
    "nonsense", ["..", ".", "a/b", "two words", "https://decisioning.example/", "https://x/workflows/.."]
)
def test_what_cannot_be_the_id_of_a_workflow_is_refused_and_still_waits_for_a_person(
    browser: Client, organization: Organization, teammate: User, nonsense: str
) -> None:
    job = waiting(organization, unknown_outcome=True, holds_slot=True, submit_at=timezone.now())

    with pytest.raises(RefusedError, match="workflow") as refusal:
        jobs.adopt(job=job, remote_id=nonsense, actor=teammate, reason="seen there")
    answer = browser.post(
        reverse("promotions:job-adopt", args=[job.pk]), {"adopt-remote_id": nonsense, "adopt-reason": "seen there"}
    )

    assert refusal.value.field == "remote_id"
    assert (answer.status_code, refusal.value.message in unescape(answer.content.decode())) == (422, True)
    job.refresh_from_db()
    assert (job.remote_id, job.state) == ("", JobState.NEEDS_ATTENTION)


@pytest.mark.parametrize(
    "pasted",
    [
        f"  {WORKFLOW} ",
        f"/workflows/migration/{WORKFLOW}",
        f"https://decisioning.example/workflows/migration/{WORKFLOW}/?limit=1",
    ],
)
def test_a_pasted_self_link_names_the_workflow_at_its_end(
    organization: Organization, teammate: User, pasted: str
) -> None:
    job = waiting(organization, unknown_outcome=True, holds_slot=True, submit_at=timezone.now())

    jobs.adopt(job=job, remote_id=pasted, actor=teammate, reason="seen there")

    job.refresh_from_db()
    assert (job.remote_id, job.state) == (WORKFLOW, JobState.RUNNING)


def test_one_that_is_followed_again_is_followed_for_the_hours_that_were_chosen(
    organization: Organization, teammate: User
) -> None:
    job = waiting(organization, unknown_outcome=True, holds_slot=True, submit_at=timezone.now(), remote_id=WORKFLOW)
    assert job.promotion is not None
    job.promotion.pick["hours"] = 1
    job.promotion.save(update_fields=["pick"])

    jobs.resume_following(job=job, actor=teammate)

    job.refresh_from_db()
    assert job.deadline_at is not None
    left = job.deadline_at - timezone.now()
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


def test_a_plan_whose_analysis_waits_for_a_person_leads_there(browser: Client, organization: Organization) -> None:
    plan = MigrationPlanFactory(promotion__organization=organization, gathering=True)
    fields = {"kind": kinds.ANALYSE, "plan": plan, "promotion": plan.promotion, "unknown_outcome": True}
    job = JobFactory(organization=organization, **fields)

    html = browser.get(reverse("promotions:promotion-detail", args=[plan.promotion_id])).content.decode()

    assert "A person has to decide first" in html
    assert reverse("promotions:job-detail", args=[job.pk]) in html
    assert "Try again" not in html


# Checks, undoing


def test_a_check_is_ticked_with_name_and_can_be_taken_back(browser: Client, migration: Job, teammate: User) -> None:
    check = RunCheck.objects.get(job=migration)
    url = reverse("promotions:run-check-tick", args=[check.pk])

    browser.post(url, {"done": "yes"})
    html = page_of(browser, migration)
    browser.post(url, {"done": "no"})

    assert f"looked at by {teammate}" in html
    check.refresh_from_db()
    assert check.ticked_at is None


def test_a_migration_is_undone_from_its_page_with_a_reason(browser: Client, migration: Job) -> None:
    url = reverse("promotions:job-undo", args=[migration.pk])

    html = page_of(browser, migration)
    refused = browser.post(url, {"reason": " "})
    planned = browser.post(url, {"reason": "Wrong sandbox"})

    assert url in html
    assert refused.status_code == 422
    undo = Promotion.objects.get(origin_job=migration)
    assert planned.headers["Location"] == reverse("promotions:promotion-detail", args=[undo.pk])
    both = page_of(browser, migration), browser.get(planned.headers["Location"]).content.decode()
    assert reverse("promotions:promotion-detail", args=[undo.pk]) in both[0]
    assert url not in both[0]
    assert f'This takes back <a href="{reverse("promotions:job-detail", args=[migration.pk])}"' in both[1]
    assert "Wrong sandbox" in both[1]
    assert "Run again" not in both[1]


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ({}, "undone"),
        ({"state": JobState.SUCCEEDED_WITH_WARNINGS}, "partly undone"),
        ({"state": JobState.FAILED, "problem_kind": ProblemKind.REJECTED}, "refused by the platform"),
        ({"state": JobState.RUNNING, "finished_at": None}, "under way"),
        ({"state": JobState.NEEDS_ATTENTION, "finished_at": None}, "not known, and waits for a person"),
    ],
)
def test_the_original_shows_how_its_undoing_went(
    browser: Client, migration: Job, ends: dict[str, Any], words: str
) -> None:
    run = run_of(rollback_of(migration).promotion, **ends)

    html = page_of(browser, migration)
    retried = page_of(browser, run)

    undo = undo_of(migration)
    assert undo is not None
    assert undo.words == words
    assert words in html
    assert "Takes back" in retried
    assert "Retry what failed" not in retried
    assert bool(undoing.reason_not_to_undo(migration)) == (ends.get("state") != JobState.FAILED)


@pytest.mark.parametrize(
    ("is_undo", "words", "others"),
    [
        (True, "This cannot be undone", "is removed, and cannot be brought back"),
        (False, "can be rolled back from here", "Left out: not sent"),
    ],
)
def test_an_approver_is_told_what_can_be_taken_back_and_what_not(
    signed_in: SignIn, organization: Organization, migration: Job, is_undo: bool, words: str, others: str
) -> None:
    plan = rollback_of(migration) if is_undo else MigrationPlanFactory(promotion__organization=organization)
    MappingFactory(plan=plan, decision="leave")
    MappingFactory(plan=plan, kind=ItemKind.CONFIRMATION, type="", name="read", explanation="The account may.")
    approval = ApprovalFactory(plan=plan)
    approver = MembershipFactory(organization=organization, role=Role.APPROVER).user

    html = signed_in(approver).get(reverse("promotions:approval-detail", args=[approval.pk])).content.decode()

    assert words in html
    assert others in html
    assert "The account may." in html


# The plan


def test_a_plan_of_a_thousand_attributes_shows_two_hundred_and_acts_on_all(
    browser: Client, organization: Organization
) -> None:
    plan = MigrationPlanFactory(promotion__organization=organization)
    for number in range(205):
        MappingFactory(plan=plan, name=f"_dev.attribute{number}")

    html = browser.get(reverse("promotions:promotion-detail", args=[plan.promotion_id])).content.decode()
    answer = browser.post(reverse("promotions:plan-decide", args=[plan.pk]), {"act": "keep-undecided"})

    assert html.count("<tbody id=") == 200
    assert "1 to 200 of 205" in html
    assert "Same name for all undecided (205)" in html
    assert answer.status_code == 302
    assert set(plan.items.values_list("decision", flat=True)) == {"keep"}


def test_ticked_rows_are_left_out_and_lead_to_a_rule(browser: Client, organization: Organization) -> None:
    item = MappingFactory(plan__promotion__organization=organization)
    url = reverse("promotions:plan-decide", args=[item.plan_id])

    ruled = browser.post(url, {"act": "rule", "item": item.pk})
    browser.post(url, {"act": "leave", "item": item.pk})

    assert ruled.headers["Location"] == f"{reverse('promotions:plan-rule', args=[item.plan_id])}?item={item.pk}"
    item.refresh_from_db()
    assert item.decision == "leave"


def test_a_sheet_with_a_bad_line_names_it_and_keeps_what_was_pasted(
    browser: Client, organization: Organization
) -> None:
    item = MappingFactory(plan__promotion__organization=organization)
    url = reverse("promotions:plan-sheet", args=[item.plan_id])
    text = f"Profile attribute,{item.title},x\nProfile attribute,<b>nobody</b>,y"

    refused = browser.post(url, {"text": text})
    taken = browser.post(url, {"text": text, "skips_bad": "on"})

    html = refused.content.decode()
    assert refused.status_code == 422
    assert "Line 2: The plan has no profile attribute “&lt;b&gt;nobody&lt;/b&gt;”." in html
    assert item.title in html
    assert taken.status_code == 302
    item.refresh_from_db()
    assert item.target["id"] == "x"


def test_a_rule_shows_what_it_does_and_is_then_applied(browser: Client, organization: Organization) -> None:
    item = MappingFactory(plan__promotion__organization=organization, name="_dev.Tier")
    url = reverse("promotions:plan-rule", args=[item.plan_id])
    rule = {"old": "_dev.", "new": "_stage.", "case": "lower"}

    shown = browser.get(url, rule)
    stale = browser.post(url, {**rule, "seen": "somethingelse"})
    applied = browser.post(url, {**rule, "seen": shown.context["preview"].digest})

    assert "_stage.tier" in shown.content.decode()
    assert stale.status_code == 409
    assert applied.status_code == 302
    item.refresh_from_db()
    assert item.target["id"] == "_stage.tier"
