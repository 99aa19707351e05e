"""Imports of journeys whose answer is lost: found by the mark, never made twice; in doubt a person is asked."""

import pytest
from django.conf import settings
from django.utils import timezone

from promotions.choices import JobState, PlanState, ProblemKind
from promotions.models import Job, JourneyCopy, Plan, SealedValue
from promotions.services import jobs
from promotions.views.attention import candidates
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.journeys_world import IMPORT, NAME, SETTLE, World, fresh, texts, traces_of, world

__all__ = ["world"]

# The same on every database: the engine's own tests run on both.
pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]


def lost(world: World, plan: Plan | None = None, *, fault: str = "reset", when: str = "before") -> Job:
    """A run that was sent, and got no answer that can be used."""
    job = world.requested(plan)
    world.platform.arm("POST", IMPORT, fault, when=when, count=1)
    run_due()
    assert fresh(job).state == JobState.SUBMITTING, texts(job)
    return job


def looked_for(job: Job, *, times: int = 2) -> Job:
    for _ in range(times):
        run_due(later=SETTLE)
    return fresh(job)


@pytest.mark.parametrize("fault", ["reset", "truncated", "html", "unnamed_job"])
def test_a_lost_answer_is_found_by_the_mark_and_never_sent_again(world: World, fault: str) -> None:
    job = lost(world, fault=fault, when="before" if fault == "unnamed_job" else "after")

    found = looked_for(job, times=1)

    assert found.state == JobState.RUNNING, texts(job)
    assert world.drive(job).state == JobState.SUCCEEDED, job.problem
    assert (world.imports(), world.sent()) == (1, 1)
    assert JourneyCopy.objects.get(job=job).name == f"{NAME}_copy"
    assert not SealedValue.objects.exists()
    assert traces_of(NAME), "the search for secrets finds nothing at all"


def test_an_import_that_never_arrived_is_sent_once_more_after_two_empty_look_ups(world: World) -> None:
    job = lost(world)

    assert looked_for(job, times=1).empty_look_ups == 1
    assert world.imports() == 0
    found = looked_for(job, times=1)

    assert (found.state, found.submit_count) == (JobState.RUNNING, 2), texts(job)
    assert world.drive(job).state == JobState.SUCCEEDED
    assert (world.imports(), world.sent()) == (1, 2)


def test_a_copy_that_the_target_is_slow_to_list_is_found(world: World) -> None:
    job = world.requested()
    world.platform.arm("POST", IMPORT, "unlisted_job", seconds=150)
    world.platform.arm("POST", IMPORT, "reset", when="after", count=1)

    for _ in range(3):
        run_due(later=SETTLE)
        world.platform.advance(settings.SUBMIT_SETTLE_S)

    assert fresh(job).remote_id, texts(job)
    assert (world.imports(), world.sent()) == (1, 1)


def test_a_copy_whose_description_was_stripped_is_for_a_person_who_says_that_it_is_ours(world: World) -> None:
    world.platform.switch(journey_keep_description=False)
    job = lost(world, when="after")

    found = looked_for(job)

    assert (found.state, found.problem_kind) == (JobState.NEEDS_ATTENTION, ProblemKind.OUTCOME_UNKNOWN), texts(job)
    assert found.problem.startswith("A version at the platform may be this one")
    assert SealedValue.objects.exists()  # it may have to be sent again
    jobs.adopt(job=job, remote_id=found.result["candidates"][0], actor=world.operator, reason="It is ours")
    assert world.drive(job).state == JobState.SUCCEEDED, job.problem
    assert (world.imports(), world.sent()) == (1, 1)
    assert not SealedValue.objects.exists()


@pytest.mark.parametrize("tells_versions", [True, False])
def test_a_copy_that_a_person_found_not_to_be_ours_does_not_hold_it_up_again(
    world: World, tells_versions: bool
) -> None:
    world.platform.switch(journey_keep_description=False)
    journey = world.journey()
    world.platform.switch(journey_list_versions=tells_versions)
    job = lost(world, world.fill(world.plan(journey)))
    world.by_hand(journey)
    assert looked_for(job).state == JobState.NEEDS_ATTENTION, texts(job)

    jobs.retry_sending(job=fresh(job), actor=world.operator, reason="Made by hand")

    assert world.drive(job).state == JobState.SUCCEEDED, job.problem
    assert (world.imports(), world.sent()) == (2, 3)


def test_closing_what_nobody_found_erases_what_was_typed(world: World) -> None:
    world.platform.switch(journey_keep_description=False)
    job = looked_for(lost(world, when="after"))

    jobs.close(job=job, actor=world.operator, reason="I removed it")

    assert fresh(job).state == JobState.CANCELLED
    assert "whether there is a copy" in world.words(job)
    assert not SealedValue.objects.exists()


def test_without_a_place_for_the_mark_the_one_new_copy_is_taken_for_ours(world: World) -> None:
    job = lost(world, world.fill(world.plan(world.bare_journey())), when="after")
    before = world.sent()

    found = looked_for(job, times=1)

    assert found.state == JobState.RUNNING, texts(job)
    assert world.drive(job).state == JobState.SUCCEEDED, job.problem
    assert world.sent() == before


def test_without_a_place_for_the_mark_two_new_copies_are_for_a_person(world: World) -> None:
    journey = world.bare_journey()
    job = lost(world, world.fill(world.plan(journey)), when="after")
    other = world.by_hand(journey)

    found = looked_for(job)

    assert found.state == JobState.NEEDS_ATTENTION, texts(job)
    assert sorted(one.name for one in candidates(found)) == ["Parcel_copy_copy", "Parcel_copy_copy2"]
    assert f"{other}: “Parcel_copy_copy2”" in [one.label for one in candidates(found)]


def test_without_a_place_for_the_mark_any_new_journey_keeps_it_from_being_sent_again(world: World) -> None:
    other = world.bare_journey()
    Job.objects.all().delete()
    world.platform.switch(journey_keep_description=False)
    world.by_hand(world.journey("Stock"), "dev")
    job = lost(world, world.fill(world.plan(world.known("Stock_copy"))))
    sent = world.sent()
    version_uid = world.by_hand(other)

    found = looked_for(job)

    assert found.state == JobState.NEEDS_ATTENTION, texts(job)
    assert found.result["candidates"] == [version_uid]
    assert world.sent() == sent + 1  # the one by hand


@pytest.mark.parametrize("which", ["before", "after"])
def test_a_list_that_is_not_complete_proves_nothing(world: World, which: str) -> None:
    journey = world.bare_journey()
    job = world.requested(world.fill(world.plan(journey)))
    if which == "before":
        world.platform.arm("POST", "*/list/journeys", "empty_page", count=1)
    world.platform.arm("POST", IMPORT, "reset", when="after", count=1)
    run_due()
    if which == "after":
        world.platform.arm("POST", "*/list/journeys", "shifted_rows", probability=1)
        world.platform.switch(journey_page_size=2, journey_list_headers=False)
    sent = world.sent()

    assert looked_for(job, times=4).state == JobState.SUBMITTING, texts(job)
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now())
    found = looked_for(job, times=1)

    assert found.state == JobState.NEEDS_ATTENTION, texts(job)
    assert world.sent() == sent


def test_what_was_lost_and_then_changed_is_not_sent_again_and_leaves_the_plan(world: World) -> None:
    journey = world.journey()
    job = lost(world, world.fill(world.plan(journey)))
    world.platform.control(f"journeys/{journey.uid}", is_valid=False)

    found = looked_for(job)

    assert found.state == JobState.NEEDS_ATTENTION, texts(job)
    assert "Nothing was sent" not in found.problem
    assert found.plan is not None
    assert found.plan.state == PlanState.READY  # it may have run
    assert (world.imports(), world.sent()) == (0, 1)
