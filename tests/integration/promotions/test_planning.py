"""Planning against the emulator: what it finds out, and that it changes nothing."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from clients.effects import Effect, effect_of_request
from promotions.choices import Decision, JobState, Match, PlanState
from promotions.models import Job, Package, Promotion
from promotions.services import decisions, freezing, package_plans, plans, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import Platform, known_package, sandbox_of

pytestmark = pytest.mark.django_db


def test_planning_sends_no_write(platform: Platform, planned: Callable[..., Promotion], operator: User) -> None:
    promotion = planned()
    decisions.accept_exact(plan=promotion.current_plan, actor=operator)

    effects = {effect_of_request(row["method"], row["path"]) for row in platform.requests()}

    assert effects == {Effect.READ}


def test_the_loyalty_plan_finds_twelve_conflicts(planned: Callable[..., Promotion]) -> None:
    plan = planned().current_plan

    decided_by_people = plan.items.filter(must_decide=True)

    assert plan.state == PlanState.OPEN
    assert decided_by_people.count() == 12
    assert decided_by_people.filter(match=Match.EXACT).count() == 6
    assert not decided_by_people.exclude(decision=Decision.UNDECIDED).exists()


def test_an_undecided_plan_does_not_run(planned: Callable[..., Promotion], operator: User) -> None:
    plan = planned().current_plan

    with pytest.raises(NotReadyError, match="12 rows are undecided"):
        runs.request_run(plan=plan, actor=operator)

    assert not plan.jobs.exclude(kind=plans.PLAN_KIND).exists()


def test_a_platform_that_stays_away_leaves_the_plan_to_be_gathered_again(
    platform: Platform, planned: Callable[..., Promotion]
) -> None:
    platform.arm("GET", "*/packages/preflight/*", "status", status=503, probability=1)

    plan = planned().current_plan

    job = plans.gathering_job(plan)
    assert job is not None
    assert job.state == JobState.FAILED
    assert "try once more when the platform answers" in job.problem
    assert plan.state == PlanState.GATHERING


def test_a_package_that_was_withdrawn_meanwhile_blocks_the_plan_and_keeps_decisions(
    platform: Platform, planned: Callable[..., Promotion], operator: User, drive: Callable[[Job], Job]
) -> None:
    promotion = planned()
    decisions.accept_exact(plan=promotion.current_plan, actor=operator)
    platform.arm("GET", "*/exim/packages/*", "unknown_status", value="WITHDRAWN", count=1)

    drive(plans.refresh(plan=promotion.current_plan, actor=operator))

    plan = promotion.current_plan
    assert "The package is withdrawn" in plan.blockers[0]
    assert "The package's status was PUBLISHED and is now WITHDRAWN." in plan.changes
    assert plan.items.filter(decision=Decision.REUSE).count() == 6


def test_facts_gathered_again_keep_decisions_that_still_fit(
    planned: Callable[..., Promotion], operator: User, drive: Callable[[Job], Job]
) -> None:
    promotion = planned()
    decisions.accept_exact(plan=promotion.current_plan, actor=operator)

    drive(plans.refresh(plan=promotion.current_plan, actor=operator))

    assert promotion.current_plan.items.filter(decision=Decision.REUSE).count() == 6
    assert promotion.current_plan.changes == []


def test_an_entire_sandbox_needs_one_confirmation_that_says_what_it_covers(
    planned: Callable[..., Promotion], operator: User, acme: Organization
) -> None:
    known_package(acme, "Loyalty schemas v3")
    full = Package.objects.filter(organization=acme, package_type="FULL").importable(timezone.now())[0]
    plan = planned(full.name).current_plan

    item = plan.items.get()
    assert "Journeys are left out" in item.explanation
    with pytest.raises(NotReadyError, match="not confirmed yet"):
        runs.request_run(plan=plan, actor=operator)
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.CONFIRM)], actor=operator)

    assert runs.request_run(plan=plan, actor=operator).state == JobState.QUEUED


def test_missing_permissions_keep_a_plan_from_running(limited_acme: Organization, drive: Callable[[Job], Job]) -> None:
    operator = UserFactory()
    MembershipFactory(user=operator, organization=limited_acme, role=Role.OPERATOR)
    package = known_package(limited_acme, "Consent audiences autumn")
    promotion = package_plans.plan_promotion(
        package=package, sandbox=sandbox_of(limited_acme, "stage"), job_name="", actor=operator
    )

    job = plans.gathering_job(promotion.current_plan)
    assert job is not None
    drive(job)

    plan = promotion.current_plan
    assert plan.items.filter(is_creation_allowed=False).count() == 3
    assert any("lack a right" in reason for reason in runs.reasons_not_to_run(plan))
    assert any(cell["missing"] for row in plan.display["matrix"] for cell in row["permissions"].values())


def test_a_decision_that_somebody_else_made_meanwhile_is_not_overwritten(
    planned: Callable[..., Promotion], operator: User
) -> None:
    plan = planned().current_plan
    item = plan.items.filter(match=Match.EXACT).first()
    assert item is not None
    decisions.accept_exact(plan=plan, actor=operator)

    with pytest.raises(ConflictError, match="was decided by Oscar Operator meanwhile"):
        decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.CREATE, seen_batch=0)], actor=operator)


def test_a_choice_that_is_not_offered_is_refused(planned: Callable[..., Promotion], operator: User) -> None:
    plan = planned().current_plan
    item = plan.items.filter(match=Match.EXACT).first()
    assert item is not None

    with pytest.raises(RefusedError, match="not offered"):
        decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.REUSE, "made-up")], actor=operator)


def test_the_last_decision_can_be_taken_back(planned: Callable[..., Promotion], operator: User) -> None:
    plan = planned().current_plan
    decisions.accept_exact(plan=plan, actor=operator)

    decisions.undo(plan=plan, actor=operator)

    assert not plan.items.filter(decision=Decision.REUSE).exists()
    with pytest.raises(RefusedError, match="no decision to take back"):
        decisions.undo(plan=plan, actor=operator)


def test_another_decision_changes_the_content_hash(planned: Callable[..., Promotion], operator: User) -> None:
    plan = planned().current_plan
    before = freezing.content_hash(plan)

    decisions.accept_exact(plan=plan, actor=operator)

    assert freezing.content_hash(plan) != before


def test_a_viewer_decides_nothing(planned: Callable[..., Promotion], acme: Organization) -> None:
    plan = planned().current_plan
    viewer = UserFactory()
    MembershipFactory(user=viewer, organization=acme, role=Role.VIEWER)

    with pytest.raises(PermissionDenied):
        decisions.accept_exact(plan=plan, actor=viewer)
