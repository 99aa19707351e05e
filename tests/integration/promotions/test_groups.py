"""One package into several targets against the emulator: planned, decided and run together, each by its own rules."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import Decision, JobState
from promotions.models import Job, Plan, Promotion, PromotionGroup
from promotions.services import approvals, decisions, groups, package_plans, plans, repeats, runs
from promotions.services.errors import RefusedError
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import STORY, Platform, known_package, sandbox_of

pytestmark = pytest.mark.django_db

Drive = Callable[[Job], Job]


@pytest.fixture
def group(acme: Organization, operator: User, drive: Drive) -> PromotionGroup:
    """The story for stage, which holds conflicts, and prod, which holds none and is production."""
    targets = [sandbox_of(acme, name) for name in ("stage", "prod")]
    found = package_plans.promote_to(
        package=known_package(acme, STORY), sandboxes=targets, job_name="Loyalty", actor=operator
    )
    for promotion in found.promotions.all():
        job = plans.gathering_job(promotion.current_plan)
        assert job is not None
        drive(job)
    return found


def plan_of(group: PromotionGroup, sandbox: str) -> Plan:
    return group.promotions.get(target_sandbox__name=sandbox).current_plan


def undecided(group: PromotionGroup, sandbox: str) -> int:
    return plan_of(group, sandbox).items.filter(must_decide=True, decision=Decision.UNDECIDED).count()


def test_both_targets_are_decided_and_run_each_by_its_own_rules(
    platform: Platform, acme: Organization, operator: User, group: PromotionGroup, drive: Drive
) -> None:
    groups.decide_together(group=group, choose=decisions.exact_matches, actor=operator)
    left = undecided(group, "stage")
    groups.decide_together(group=group, choose=decisions.creations_of_undecided, actor=operator)

    outcomes = {one.promotion.target_sandbox.name: one for one in groups.run_together(group=group, actor=operator)}

    assert left == 6
    assert undecided(group, "stage") == 0
    assert outcomes["prod"].approval is not None
    assert outcomes["prod"].job is None
    job = outcomes["stage"].job
    assert job is not None
    assert drive(job).state == JobState.SUCCEEDED
    assert platform.imports_sent() == 1

    approver = MembershipFactory(user=UserFactory(), organization=acme, role=Role.APPROVER).user
    approvals.approve(approval=outcomes["prod"].approval, actor=approver)
    second = {one.promotion.target_sandbox.name: one for one in groups.run_together(group=group, actor=operator)}

    assert second["stage"].refusal == f"It was run as job {job.pk}. Plan again to run it once more."
    assert second["prod"].job is not None
    assert drive(second["prod"].job).state == JobState.SUCCEEDED
    assert platform.imports_sent() == 2


def test_an_existing_object_is_named_by_its_title_and_used_by_the_id_of_each_target(
    operator: User, group: PromotionGroup
) -> None:
    item = plan_of(group, "stage").items.get(title="Points balance")

    outcomes = groups.decide_together(
        group=group, choose=groups.for_key(item.key, Decision.REUSE, "Points balance"), actor=operator
    )

    item.refresh_from_db()
    said = {one.promotion.target_sandbox.name: one for one in outcomes}
    assert item.decision == Decision.REUSE
    assert item.target is not None
    assert item.target["title"] == "Points balance"
    assert said["stage"].changed == 1
    assert said["prod"].refusal == "Nothing to decide in this way."


def test_one_target_that_changed_holds_up_no_other(operator: User, group: PromotionGroup, drive: Drive) -> None:
    plans.abandon(promotion=plan_of(group, "prod").promotion, actor=operator)

    outcomes = groups.decide_together(group=group, choose=decisions.creations_of_undecided, actor=operator)

    said = {one.promotion.target_sandbox.name: one for one in outcomes}
    assert "was abandoned" in said["prod"].refusal
    assert undecided(group, "stage") == 0
    group.refresh_from_db()
    assert {one["target"]: one["tone"] for one in group.last_act["outcomes"]} == {"prod": "warn", "stage": "ok"}


def test_somebody_who_may_only_read_changes_nothing(acme: Organization, group: PromotionGroup) -> None:
    reader = MembershipFactory(user=UserFactory(), organization=acme, role=Role.VIEWER).user

    with pytest.raises(PermissionDenied):
        groups.decide_together(group=group, choose=decisions.exact_matches, actor=reader)
    with pytest.raises(PermissionDenied):
        groups.run_together(group=group, actor=reader)

    assert undecided(group, "stage") == 12


def test_a_stranger_sees_no_target_of_it(group: PromotionGroup) -> None:
    assert groups.current_plans(group, UserFactory()) == []


@pytest.mark.parametrize("number", [0, repeats.TARGETS_LIMIT + 1])
def test_no_target_and_too_many_are_refused(acme: Organization, operator: User, number: int) -> None:
    package = known_package(acme, STORY)
    stage = sandbox_of(acme, "stage")
    sandboxes = []
    for position in range(number):
        stage.pk, stage.name = None, f"team-{position}"
        stage.save()
        sandboxes.append(acme.sandboxes.get(name=stage.name))

    with pytest.raises(RefusedError, match=r"at least one target|at most 20 targets"):
        package_plans.promote_to(package=package, sandboxes=sandboxes, job_name="x", actor=operator)

    assert not Promotion.objects.exists()


def test_one_target_that_cannot_take_it_leaves_no_plan_behind(acme: Organization, operator: User) -> None:
    asleep = sandbox_of(acme, "prod")
    asleep.state = "inactive"
    asleep.save(update_fields=["state"])

    with pytest.raises(RefusedError, match="prod: The sandbox prod is inactive"):
        package_plans.promote_to(
            package=known_package(acme, STORY),
            sandboxes=[sandbox_of(acme, "stage"), asleep],
            job_name="Loyalty",
            actor=operator,
        )

    assert not Promotion.objects.exists()
    assert not PromotionGroup.objects.exists()


def test_a_plan_is_ready_alone_by_the_same_rules_as_together(operator: User, group: PromotionGroup) -> None:
    assert runs.reasons_not_to_run(plan_of(group, "stage")) == ["12 rows are undecided."]
    assert not groups.is_approval_wanted(plan_of(group, "stage"))
    assert groups.is_approval_wanted(plan_of(group, "prod"))
