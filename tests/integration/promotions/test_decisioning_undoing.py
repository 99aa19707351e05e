"""Rollbacks of migrations: once, with consent by the same rule, and told apart when they do not take back all."""

import pytest
from django.core.exceptions import PermissionDenied

from accounts.choices import Role
from accounts.models import AuditEvent, User
from promotions.choices import ApprovalState, JobState, PlanState, ProblemKind, ResultOutcome
from promotions.models import Approval, Job, Plan, Promotion
from promotions.services import approvals, jobs, plans, undoing
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from promotions.undo_facts import undo_of
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import run_due
from tests.integration.promotions.decisioning_world import ROLL_BACK, SETTLE, World, fresh, look, texts, world

__all__ = ["world"]

# The same on every database: the engine's own tests run on both.
pytestmark = [pytest.mark.django_db, pytest.mark.only_on("sqlite")]


@pytest.fixture
def migration(world: World) -> Job:
    """A small one that has made something in stage."""
    return migrated(world)


def migrated(world: World, target: str = "stage") -> Job:
    job = world.run(world.map(offers(world, target)))
    assert job.state == JobState.SUCCEEDED, texts(job)
    return job


def offers(world: World, target: str) -> Plan:
    things = world.shelves()["dev"]["decision_management"]
    ids = tuple(one["id"] for one in things if one["name"] == "Gift wrap")
    return world.plan(target=target, level="offer", ids=ids)


def test_only_who_may_change_the_organization_undoes_and_says_why(world: World, migration: Job) -> None:
    viewer: User = UserFactory()
    MembershipFactory(user=viewer, organization=world.acme, role=Role.VIEWER)

    with pytest.raises(PermissionDenied):
        undoing.undo(job=migration, reason="Because", actor=viewer)
    with pytest.raises(RefusedError, match="Say why"):
        undoing.undo(job=migration, reason="  ", actor=world.operator)

    assert not Promotion.objects.filter(mode="undo").exists()


def test_what_goes_is_shown_before_and_one_plan_of_it_stands(world: World, migration: Job) -> None:
    promotion = undoing.undo(job=migration, reason="Wrong offers", actor=world.operator)
    with pytest.raises(RefusedError, match=f"Promotion {promotion.pk} takes it back already"):
        undoing.undo(job=migration, reason="Once more", actor=world.operator)
    plan = world.gathered(promotion)

    made = {row["new_id"] for row in plan.display["made"]}
    assert made == {one["id"] for one in world.shelves()["stage"]["decisioning"]}
    with pytest.raises(NotReadyError):
        world.requested(plan)
    assert (world.begun(ROLL_BACK), promotion.job_description) == (0, "Wrong offers")
    line = AuditEvent.objects.get(verb="promotion.undo_planned")
    assert (line.reason, line.details["promotion"]) == ("Wrong offers", promotion.pk)


def test_a_rollback_in_production_needs_consent_like_the_migration_before_it(world: World) -> None:
    approver: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=approver, organization=world.acme, role=Role.APPROVER)
    plan = world.map(offers(world, "prod"))
    with pytest.raises(NotReadyError, match="production"):
        world.requested(plan)
    agree(world, plan, approver)
    job = world.run(plan)
    assert job.state == JobState.SUCCEEDED, texts(job)

    promotion = world.undo(job)
    with pytest.raises(NotReadyError, match="production"):
        world.requested(promotion.current_plan)
    approval = agree(world, promotion.current_plan, approver)
    taken_back = world.run(promotion.current_plan)

    assert approval.state == ApprovalState.APPROVED
    assert taken_back.state == JobState.SUCCEEDED, texts(taken_back)
    assert world.shelves()["prod"]["decisioning"] == []


def agree(world: World, plan: Plan, approver: User) -> Approval:
    found = approvals.request_approval(plan=plan, actor=world.operator)
    approvals.approve(approval=found, actor=approver, reason="Fine.", seen_hash=found.content_hash)
    found.refresh_from_db()
    return found


def test_what_was_taken_back_in_part_is_told_and_not_taken_back_again(world: World, migration: Job) -> None:
    promotion = world.undo(migration)
    world.platform.arm("POST", world.calls[ROLL_BACK], "hidden_error", count=1)

    job = world.run(promotion.current_plan)

    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS, texts(job)
    assert "a part of it only" in job.problem
    assert "could not be removed" in job.problem
    # The service names the object of the source only, whatever became of it.
    assert job.results.filter(outcome=ResultOutcome.UNKNOWN).exists()
    assert job.result["removed"] < job.result["expected"]
    assert undoing.standing_undo(migration) == promotion
    with pytest.raises(RefusedError, match="it back"):
        undoing.undo(job=migration, reason="The rest", actor=world.operator)
    with pytest.raises(RefusedError, match="no way to take it back"):
        undoing.undo(job=job, reason="Undo the undoing", actor=world.operator)


def test_one_that_failed_is_told_with_its_reason_and_another_may_be_planned(world: World, migration: Job) -> None:
    promotion = world.undo(migration)
    world.platform.arm("POST", world.calls[ROLL_BACK], "partial_failure", count=1)

    job = world.run(promotion.current_plan)

    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REMOTE_FAILURE), texts(job)
    assert "Rollback stopped at" in job.problem or "could not be removed" in job.problem
    with pytest.raises(NotReadyError, match="It was run as job"):
        world.requested(promotion.current_plan)
    assert world.run(world.undo(migration).current_plan).remote_status == "Completed"
    assert world.begun(ROLL_BACK) == 2


def test_one_that_the_service_refuses_has_done_nothing(world: World, migration: Job) -> None:
    promotion = world.undo(migration)
    said = {"status": 409, "title": "Conflict", "detail": f"Migration {migration.remote_id} was rolled back already"}
    world.platform.arm("POST", world.calls[ROLL_BACK], "status", status=409, body=said, count=1)

    job = world.run(promotion.current_plan)

    # No workflow is in the way: waiting would not help.
    assert (job.state, job.problem_kind) == (JobState.FAILED, ProblemKind.REJECTED), texts(job)
    assert "was rolled back already" in job.problem
    assert (world.begun(ROLL_BACK), job.holds_slot) == (0, False)


def test_one_that_was_never_sent_stands_and_no_second_one_is_planned_beside_it(world: World, migration: Job) -> None:
    promotion = world.undo(migration)
    job = world.requested(promotion.current_plan)
    jobs.cancel(job=job, actor=world.operator)

    assert promotion.current_plan.state == PlanState.OPEN
    assert undoing.standing_undo(migration) == promotion
    with pytest.raises(RefusedError, match="it back"):
        undoing.undo(job=migration, reason="Once more", actor=world.operator)

    plans.abandon(promotion=promotion, actor=world.operator)
    again = world.undo(migration)
    with pytest.raises(NotReadyError, match="abandoned"):
        world.requested(promotion.current_plan)
    assert world.run(again.current_plan).state == JobState.SUCCEEDED
    assert world.begun(ROLL_BACK) == 1


def test_one_whose_answer_was_lost_keeps_others_away_until_it_is_closed(world: World, migration: Job) -> None:
    promotion = world.undo(migration)
    job = world.requested(promotion.current_plan)
    world.platform.arm("POST", world.calls[ROLL_BACK], "reset", when="after", count=1)
    run_due()
    run_due(later=SETTLE)
    assert fresh(job).state == JobState.NEEDS_ATTENTION
    with pytest.raises(RefusedError, match="it back"):
        undoing.undo(job=migration, reason="Once more", actor=world.operator)
    with pytest.raises(ConflictError, match="is not over"):
        plans.abandon(promotion=promotion, actor=world.operator)

    jobs.close(job=job, actor=world.operator, reason="Nobody knows")
    second = world.requested(world.undo(migration).current_plan)
    look(second)
    world.drive(second)

    # The first one did its work; the service says so, and nothing is taken back twice.
    assert (second.state, second.problem_kind) == (JobState.FAILED, ProblemKind.REJECTED), texts(second)
    assert "rolled back already" in second.problem
    assert world.begun(ROLL_BACK) == 1
    assert world.shelves()["stage"]["decisioning"] == []


def test_putting_away_what_took_it_back_does_not_let_it_be_taken_back_twice(world: World, migration: Job) -> None:
    promotion = world.undo(migration)
    taken_back = world.run(promotion.current_plan)
    assert taken_back.state == JobState.SUCCEEDED, texts(taken_back)

    plans.abandon(promotion=promotion, actor=world.operator)

    assert "has taken it back" in undoing.reason_not_to_undo(migration)
    found = undo_of(migration)
    assert found is not None
    assert found.words == "undone"


def test_a_target_that_holds_what_a_migration_made_is_asked_about_until_that_is_taken_back(
    world: World, migration: Job
) -> None:
    again = offers(world, "stage")
    assert f"Job {migration.pk}" in again.items.get(key="migrated-before").explanation

    world.run(world.undo(migration).current_plan)

    assert not offers(world, "stage").items.filter(key="migrated-before").exists()


def test_what_was_decided_is_offered_for_the_same_pair_of_sandboxes_only(world: World, migration: Job) -> None:
    same = offers(world, "stage")
    other = world.plan(source="prod", target="stage")

    assert same.items.get(key="dataset").remembered is not None
    assert other.items.get(key="dataset").remembered is None
