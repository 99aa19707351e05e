"""Workflows that are refused, fail, never end, or must not be started any more."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from clients.decisioning import Workflow
from promotions.choices import Decision, JobState, PlanState, ProblemKind, ResultOutcome
from promotions.engine.registry import Snapshot
from promotions.models import Job
from promotions.services import jobs, plans, undoing
from promotions.services.errors import NotReadyError, RefusedError
from promotions.systems.decisioning.analysing import Analyse
from promotions.systems.decisioning.items import PROFILE
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import Platform
from tests.integration.promotions.decisioning_world import (
    ANALYSE,
    KINDS,
    MIGRATE,
    World,
    fresh,
    look,
    preparing,
    texts,
    world,
)

__all__ = ["world"]

# The same on every database: the engine's own tests run on both.
pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]


def test_a_right_that_is_missing_is_named_and_the_turn_passes_on(
    platform: Platform, limited_acme: Organization, drive: Callable[[Job], Job]
) -> None:
    operator: User = UserFactory()
    MembershipFactory(user=operator, organization=limited_acme, role=Role.OPERATOR)
    limited = World(platform, limited_acme, operator, drive)
    promotion = limited.planned("prod")

    job = drive(preparing(promotion.current_plan))

    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.CREDENTIALS), texts(job)
    assert "Missing permission read on DecisionManagement in sandbox prod" in job.problem
    assert (job.holds_slot, limited.begun(ANALYSE)) == (False, 0)
    assert promotion.current_plan.state == PlanState.GATHERING
    again = plans.refresh(plan=promotion.current_plan, actor=operator)
    assert (again.kind, again.pk != job.pk) == (ANALYSE, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_workflow_that_fails_without_a_reason_says_so_and_frees_the_slot(world: World, kind: str) -> None:
    job = world.queued(kind)
    world.platform.arm("POST", world.calls[kind], "job_failure", count=1)

    world.drive(job)

    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REMOTE_FAILURE), texts(job)
    assert job.problem.endswith("failed at the platform. The service gives no reason.")
    assert (job.holds_slot, world.begun(kind)) == (False, 1)


@pytest.mark.parametrize("as_text", [False, True])
def test_a_migration_that_fails_half_way_tells_why_and_is_not_offered_to_be_undone(world: World, as_text: bool) -> None:
    world.platform.switch(decisioning_errors_as_text=as_text)
    job = world.requested()
    world.platform.arm("POST", world.calls[MIGRATE], "partial_failure", count=1)

    world.drive(job)

    assert job.state == JobState.FAILED, texts(job)
    assert "could not process" in job.problem
    assert "names that begin with ExD_" in world.words(job)
    assert undoing.reason_not_to_undo(job) == "The service takes back completed migrations only."
    with pytest.raises(RefusedError, match="completed migrations only"):
        undoing.undo(job=job, reason="It failed", actor=world.operator)


@pytest.mark.parametrize("kind", [ANALYSE, MIGRATE])
def test_a_workflow_that_was_cancelled_at_the_platform_is_cancelled_here(world: World, kind: str) -> None:
    world.speak("r1")
    job = world.queued(kind)
    world.platform.arm("POST", world.calls[kind], "job_cancelled", count=1)

    world.drive(job)

    assert (job.state, job.problem_kind) == (JobState.CANCELLED, ProblemKind.REMOTE_FAILURE), texts(job)
    assert "was cancelled at the platform" in job.problem
    assert not job.holds_slot


def test_a_status_that_nobody_has_documented_is_work_that_goes_on_and_is_shown(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", world.calls[MIGRATE], "unknown_status", value="Validating", count=1)
    for _ in range(4):
        look(job)
        world.platform.advance(1)

    assert (fresh(job).state, job.remote_status) == (JobState.RUNNING, "Validating"), texts(job)


def test_one_that_never_ends_is_for_a_person_after_the_hours_that_were_set(world: World) -> None:
    plan = world.map(world.plan(hours=3))
    world.platform.arm("POST", world.calls[MIGRATE], "stuck_job", after_tasks=1, count=1)
    job, behind = world.requested(plan), preparing(world.planned(target="prod").current_plan)
    look(job)
    look(job)
    left = (fresh(job).deadline_at or timezone.now()) - timezone.now()
    assert timedelta(hours=2, minutes=59) < left <= timedelta(hours=3)
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now(), started_at=timezone.now() - timedelta(hours=3))

    world.platform.advance(9)
    look(job)

    assert (fresh(job).state, job.problem_kind) == (JobState.NEEDS_ATTENTION, ProblemKind.DEADLINE), texts(job)
    assert "still says Running after 3 hours" in job.problem
    look(behind)
    assert fresh(behind).state == JobState.QUEUED
    jobs.resume_following(job=job, actor=world.operator)
    assert fresh(job).state == JobState.RUNNING
    world.platform.control(f"workflows/{job.remote_id}", status="Failed", error="Stopped by support")
    world.drive(job)
    assert "Stopped by support" in job.problem
    assert world.drive(behind).state == JobState.SUCCEEDED
    assert world.begun(MIGRATE) == 1


def test_a_migration_that_names_nothing_it_made_is_no_plain_success(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", world.calls[MIGRATE], "stuck_job", after_tasks=1, count=1)
    look(job)
    world.platform.control(f"workflows/{fresh(job).remote_id}", status="Completed")

    world.drive(job)

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, texts(job)
    assert "names nothing that it made" in job.problem
    assert not job.results.exists()


def test_an_object_that_is_passed_over_is_a_warning(world: World) -> None:
    things = world.shelves()["dev"]["decision_management"]
    ids = tuple(one["id"] for one in things if one["name"] in ("Gift wrap", "Rain jacket tip"))
    plan = world.map(world.plan(level="offer", ids=ids))
    world.platform.arm("POST", world.calls[MIGRATE], "hidden_error", count=1)

    job = world.run(plan)

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, texts(job)
    assert "1 object stays behind" in job.problem
    assert job.results.filter(outcome=ResultOutcome.CREATED).exists()


def test_a_rejected_token_is_renewed_and_one_workflow_begins(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", world.calls[MIGRATE], "token_rejected", count=1)

    world.drive(job)

    assert job.remote_status == "Completed", texts(job)
    assert (world.begun(MIGRATE), job.submit_count) == (1, 1)


# What the plan rests on


def reopened(world: World, job: Job) -> str:
    """Nothing was sent; what the newer revision says of it."""
    assert (job.state, job.problem_kind) == (JobState.CANCELLED, ProblemKind.PLAN_CHANGED), texts(job)
    assert (job.submit_count, job.holds_slot, world.begun(MIGRATE)) == (0, False, 0)
    assert job.promotion is not None
    plan = job.promotion.current_plan
    assert (plan.state, plan.revision) == (PlanState.OPEN, 2)
    return " ".join([*plan.changes, *plan.blockers])


def test_an_analysis_that_is_too_old_has_to_be_made_anew(world: World) -> None:
    job = world.requested()
    Job.objects.filter(kind=ANALYSE).update(remote_finished_at=timezone.now() - timedelta(hours=30))

    world.drive(job)

    assert "The analysis is 30 hours old" in reopened(world, job)
    assert job.promotion is not None
    newer = job.promotion.current_plan
    with pytest.raises(NotReadyError, match="30 hours old"):
        world.requested(newer)
    plans.refresh(plan=newer, actor=world.operator)
    plan = world.gathered(job.promotion)
    assert not plan.blockers
    assert not plan.items.filter(must_decide=True, decision=Decision.UNDECIDED).exists()  # what was decided stays
    assert world.run(plan).remote_status == "Completed"
    assert (world.begun(ANALYSE), world.begun(MIGRATE)) == (2, 1)


def test_dependencies_that_changed_since_have_to_be_mapped_and_the_rest_stays_decided(world: World) -> None:
    plan = world.map(world.plan())
    world.platform.control("decisioning", organization="Acme", sandbox="dev", offers=1, attributes=1)

    plans.refresh(plan=plan, actor=world.operator)
    newer = world.gathered(plan.promotion)

    [added] = newer.items.filter(decision=Decision.UNDECIDED, must_decide=True)
    assert added.type == PROFILE
    assert f"More profile attributes are needed now: {added.title}." in newer.changes
    with pytest.raises(NotReadyError, match="1 row is not decided yet"):
        world.requested(newer)


@pytest.mark.parametrize("which", ["source", "target"])
def test_a_sandbox_that_changed_since_is_not_migrated(world: World, which: str) -> None:
    plan = world.map(world.plan())
    plan.facts = {**plan.facts, which: {**plan.facts[which], "type": "production"}}
    plan.save(update_fields=["facts"])

    job = world.run(plan)

    assert "is now development and active" in reopened(world, job)


def test_a_sandbox_that_is_gone_is_named_and_nothing_is_asked_of_the_service(world: World) -> None:
    promotion = world.planned()
    promotion.pick = {**promotion.pick, "source": "retired"}
    promotion.save(update_fields=["pick"])

    world.drive(preparing(promotion.current_plan))

    # The service itself refuses it.
    job = preparing(promotion.current_plan)
    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REJECTED), texts(job)
    assert "Sandbox retired does not exist" in job.problem
    assert (world.begun(ANALYSE), job.holds_slot) == (0, False)


def test_an_analysis_that_names_no_dependencies_at_all_is_asked_about(world: World) -> None:
    promotion = world.gathered(world.planned()).promotion
    analysis = Job.objects.get(kind=ANALYSE)
    silent = Workflow(analysis.remote_id, "Completed", "", "", {}, None, mappings=(), warnings=(), errors=(), raw={})
    Analyse().record(analysis, Snapshot("Completed", is_over=True, done=0, total=None, raw={}, detail=silent))
    plan = promotion.current_plan
    plan.state = PlanState.GATHERING
    plan.save(update_fields=["state"])

    world.drive(plans.queue_gathering(plan, world.operator))

    plan = promotion.current_plan
    confirmation = plan.items.get(key="nothing-named")
    assert (confirmation.must_decide, confirmation.decision) == (True, Decision.UNDECIDED)
    assert not plan.items.filter(type=PROFILE).exists()
    with pytest.raises(NotReadyError):
        world.requested(plan)
