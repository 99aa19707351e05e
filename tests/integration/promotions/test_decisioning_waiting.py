"""One workflow at a time: ours in line, those of somebody outside, and every way in which the turn passes on."""

from itertools import pairwise

import pytest
from django.utils import timezone

from accounts.choices import Role
from promotions.choices import JobState, PlanState, ProblemKind
from promotions.engine import slots
from promotions.models import Job
from promotions.services import jobs, plans
from promotions.services.errors import ConflictError
from tests.factories import MembershipFactory
from tests.integration.promotions.conftest import Platform, connect_organization
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

pytestmark = pytest.mark.django_db
sqlite = pytest.mark.only_on("sqlite")


@pytest.mark.parametrize("kind", KINDS)
def test_a_workflow_of_somebody_outside_is_waited_for_and_the_turn_is_kept(world: World, kind: str) -> None:
    job = world.queued(kind)
    other = world.outsider()
    behind = preparing(world.planned(target="prod").current_plan)
    before = world.begun(kind), world.begun(ANALYSE)

    for _ in range(4):
        look()

    assert (fresh(job).state, job.submit_count) == (JobState.QUEUED, 0), texts(job)
    assert job.holds_slot
    assert job.params["turned_away"]
    assert "A workflow is already in progress" in texts(job)
    assert (slots.position(behind), fresh(behind).attempts) == (1, 0)
    assert f"Waiting for job {job.pk}" in behind.progress_text
    assert (world.begun(kind), world.begun(ANALYSE)) == before

    world.finish(other)

    assert world.drive(job).remote_status == "Completed", texts(job)
    assert world.begun(kind) == before[0] + 1
    assert world.drive(behind).state == JobState.SUCCEEDED


@sqlite
def test_who_does_not_want_to_wait_gives_up_and_the_next_one_has_its_turn(world: World) -> None:
    plan = world.map(world.plan())
    world.outsider(is_endless=True)
    job, behind = world.requested(plan), preparing(world.planned(target="prod").current_plan)
    look()
    assert fresh(job).holds_slot

    jobs.cancel(job=job, actor=world.operator)

    look()
    assert (fresh(job).state, job.holds_slot) == (JobState.CANCELLED, False)
    assert fresh(behind).holds_slot
    assert plan.promotion.current_plan.state == PlanState.OPEN
    assert "Nothing changed in stage" in world.words(job)
    assert (world.begun(MIGRATE), world.begun(ANALYSE)) == (0, 1)


@sqlite
def test_a_storm_of_refusals_begins_one_workflow_and_counts_no_sending(world: World) -> None:
    first, second = world.requested(), preparing(world.planned(target="prod").current_plan)
    world.platform.arm("POST", "*/workflows/*", "status", status=409, body={"title": "Conflict"}, count=7)

    world.drive(first)
    world.drive(second)

    assert first.remote_status == second.remote_status == "Completed"
    assert (first.submit_count, second.submit_count) == (1, 1)
    assert (world.begun(MIGRATE), world.begun(ANALYSE)) == (1, 2)


@sqlite
def test_an_endless_workflow_outside_ends_the_waiting_at_the_deadline_and_nothing_was_sent(world: World) -> None:
    job = world.requested()
    world.outsider(is_endless=True)
    look()
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now())

    look()

    assert (fresh(job).state, job.problem_kind) == (JobState.FAILED, ProblemKind.UNAVAILABLE), texts(job)
    assert not job.holds_slot
    assert job.promotion is not None
    assert job.promotion.current_plan.state == PlanState.OPEN
    assert world.begun(MIGRATE) == 0


def test_two_promotions_of_one_organization_take_turns_and_another_organization_does_not_wait(
    world: World, platform: Platform
) -> None:
    globex = connect_organization(platform, "Globex")
    MembershipFactory(user=world.operator, organization=globex, role=Role.OPERATOR)
    plans_of_acme = [world.map(world.plan(source)) for source in ("dev", "prod")]
    plan = world.map(world.gathered(world.planned(organization=globex)))

    found = [world.requested(one) for one in [*plans_of_acme, plan]]
    look()
    look()

    assert [fresh(job).state for job in found] == [JobState.RUNNING, JobState.QUEUED, JobState.RUNNING]
    with pytest.raises(ConflictError, match="is not over"):
        plans.abandon(promotion=plans_of_acme[1].promotion, actor=world.operator)
    for job in found:
        world.drive(job)
        assert job.remote_status in ("Completed", "Failed"), texts(job)
    assert_in_turn(world)
    assert world.begun(MIGRATE) == 3
    assert not Job.objects.filter(holds_slot=True).exists()


@sqlite
def test_an_analysis_that_nobody_wants_any_more_is_not_begun(world: World) -> None:
    world.outsider()
    promotion = world.planned()
    look()
    plans.abandon(promotion=promotion, actor=world.operator)

    job = world.drive(preparing(promotion.current_plan))

    assert (job.state, job.holds_slot) == (JobState.CANCELLED, False)
    assert world.begun(ANALYSE) == 0


def assert_in_turn(world: World) -> None:
    """No workflow of an organization began before the one before it was over."""
    for org in {one["ims_org_id"] for one in world.workflows()}:
        rows = sorted(
            (one for one in world.workflows() if one["ims_org_id"] == org), key=lambda one: int(one["created"])
        )
        for former, later in pairwise(rows):
            assert former["finished"] is not None
            assert former["finished"] <= later["created"], (former, later)
