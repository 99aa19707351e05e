"""Workflows whose start got no answer: never begun twice; a person finds them, since the service lists none."""

from typing import Any

import pytest

from clients.decisioning import DecisioningClient
from promotions.choices import GOOD_ENDS, JobState, PlanState, ProblemKind
from promotions.engine import claims, hooks, rechecking, slots, submissions
from promotions.models import Job
from promotions.services import jobs, plans
from promotions.services.errors import NotReadyError, RefusedError
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.decisioning_world import (
    ANALYSE,
    KINDS,
    MIGRATE,
    ROLL_BACK,
    SETTLE,
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


def asked_for(world: World, job: Job, *, fault: str = "reset", when: str = "after", **options: object) -> Job:
    """Sent, and handed to a person once the settle time has passed."""
    world.platform.arm("POST", world.calls[job.kind], fault, when=when, count=1, **options)
    run_due()
    assert fresh(job).state == JobState.SUBMITTING, texts(job)
    run_due(later=SETTLE)
    found = fresh(job)
    assert (found.state, found.problem_kind) == (JobState.NEEDS_ATTENTION, ProblemKind.OUTCOME_UNKNOWN), texts(job)
    assert "lists no workflows" in found.problem
    assert found.holds_slot
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_lost_answer_is_for_a_person_who_names_the_workflow(world: World, kind: str) -> None:
    job = asked_for(world, world.queued(kind))
    for _ in range(3):
        run_due(later=SETTLE)
    assert (world.begun(kind), job.submit_count) == (1, 1)
    [effect] = world.platform.effects_of(kind)
    [workflow] = [one for one in world.workflows() if one["id"] == effect["id"]]
    others = Job.objects.exclude(remote_id="").values_list("remote_id", flat=True).first()
    if others:
        with pytest.raises(RefusedError, match="belongs to another job"):
            jobs.adopt(job=job, remote_id=others, actor=world.operator, reason="Mistyped")

    jobs.adopt(job=job, remote_id=workflow["id"], actor=world.operator, reason="It is ours")

    assert (world.drive(job).remote_status, job.state in GOOD_ENDS) == ("Completed", True), texts(job)
    assert not job.holds_slot
    assert effect["id"] == job.remote_id
    assert (world.begun(kind), job.submit_count) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        ("html", {"when": "before", "status": 200}),
        ("truncated", {}),
        ("unnamed_job", {"when": "before"}),
        ("status", {"status": 500}),
        ("status", {"status": 504}),
        ("empty", {"when": "before"}),
    ],
)
def test_half_an_answer_is_none(world: World, fault: str, options: dict[str, Any]) -> None:
    job = asked_for(world, world.queued(MIGRATE), fault=fault, **{"when": "after", **options})

    assert job.submit_count == 1
    assert world.begun(MIGRATE) <= 1


def test_a_workflow_that_is_named_and_not_ours_frees_nothing_until_somebody_closes_it(world: World) -> None:
    job = asked_for(world, world.queued(MIGRATE), when="before")
    behind = preparing(world.planned(target="prod").current_plan)
    jobs.adopt(job=job, remote_id="11111111-1111-4111-8111-111111111111", actor=world.operator, reason="A guess")

    assert world.drive(job).state == JobState.NEEDS_ATTENTION, texts(job)
    assert "does not know it" in job.problem
    look(behind)
    assert (fresh(behind).state, slots.position(behind)) == (JobState.QUEUED, 1)

    jobs.close(job=job, actor=world.operator, reason="There is none")
    assert world.drive(behind).state == JobState.SUCCEEDED
    assert (world.begun(ANALYSE), world.begun(MIGRATE)) == (2, 0)


def test_one_that_never_arrived_is_not_sent_again_but_closed_and_planned_anew(world: World) -> None:
    job = asked_for(world, world.queued(MIGRATE), when="before")
    with pytest.raises(RefusedError, match="close it and plan anew"):
        jobs.retry_sending(job=job, actor=world.operator, reason="There is none")

    jobs.close(job=job, actor=world.operator, reason="There is none")

    assert (fresh(job).state, job.holds_slot) == (JobState.CANCELLED, False)
    assert job.plan is not None
    with pytest.raises(NotReadyError, match="It was run as job"):
        world.requested(job.plan)
    anew = world.run(world.map(world.plan()))
    assert anew.remote_status == "Completed", texts(anew)
    assert (world.begun(ANALYSE), world.begun(MIGRATE)) == (2, 1)


def test_closing_an_analysis_leaves_a_plan_that_can_be_gathered_again(world: World) -> None:
    job = asked_for(world, world.queued(ANALYSE), when="before")
    assert job.plan is not None
    assert plans.refresh(plan=job.plan, actor=world.operator) == job  # no second one beside it
    assert Job.objects.filter(kind=ANALYSE).count() == 1

    jobs.close(job=job, actor=world.operator, reason="It never arrived")
    plans.refresh(plan=job.plan, actor=world.operator)

    assert world.gathered(job.plan.promotion).state == PlanState.OPEN
    assert world.begun(ANALYSE) == 1


class Death(BaseException):
    """The end of the process: nothing after it runs."""


def until_death(job: Job) -> None:
    for _ in range(9):
        look(job)


STEPS = ("claimed", "turn", "before the call", "after the call", "answered", "accepted", "read")


@pytest.mark.parametrize(
    ("kind", "step"), [*((MIGRATE, step) for step in STEPS), (ANALYSE, "accepted"), (ROLL_BACK, "accepted")]
)
def test_a_death_at_any_step_neither_begins_a_second_one_nor_loses_it(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str, step: str
) -> None:
    job = world.queued(kind)
    deaths: list[str] = []

    def dies(owner: object, name: str, *, after: bool = False) -> None:
        whole = getattr(owner, name)

        def once(*arguments: object, **named: object) -> object:
            if deaths:
                return whole(*arguments, **named)
            deaths.append(step)
            if after:
                whole(*arguments, **named)
            raise Death

        monkeypatch.setattr(owner, name, once)

    call = {ANALYSE: "analyse", MIGRATE: "migrate", ROLL_BACK: "roll_back"}[kind]
    dies(
        *{
            "claimed": (claims, "begin"),
            "turn": (rechecking, "prepared"),
            "before the call": (DecisioningClient, call),
            "after the call": (DecisioningClient, call),
            "answered": (submissions, "accept"),
            "accepted": (hooks, "resumed"),
            "read": (DecisioningClient, "_get"),
        }[step],
        after=step == "after the call",
    )
    with pytest.raises(Death):
        until_death(job)

    for _ in range(3):
        run_due(later=SETTLE)
    if fresh(job).state == JobState.NEEDS_ATTENTION:
        assert step in ("before the call", "after the call", "answered", "accepted"), texts(job)
        assert world.begun(kind) == (step != "before the call")
        if step == "before the call":
            jobs.close(job=job, actor=world.operator, reason="There is none")
            assert not Job.objects.filter(holds_slot=True).exists()
            return
        workflow_id = world.platform.effects_of(kind)[0]["id"]
        jobs.adopt(job=job, remote_id=workflow_id, actor=world.operator, reason="It is ours")
    world.drive(job)

    assert deaths == [step]
    assert job.remote_status == "Completed", texts(job)
    assert world.begun(kind) == 1
    assert not Job.objects.filter(holds_slot=True).exists()
