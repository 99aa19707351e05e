"""Imports into production against the emulator: with consent they run, and whatever changed since voids it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Membership, Organization, User
from promotions.choices import ApprovalState, JobState, PlanState, ProblemKind
from promotions.models import Approval, Job, Promotion
from promotions.services import approvals, jobs, plans, runs
from promotions.systems.packages.connection import tooling
from tests.factories import MembershipFactory, UserFactory
from tests.integration.promotions.conftest import Platform, run_due
from tests.integration.promotions.test_running import IMPORT_PATH, decide_all

pytestmark = pytest.mark.django_db

Drive = Callable[[Job], Job]


@pytest.fixture
def approver(acme: Organization) -> User:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=acme, role=Role.APPROVER)
    return user


@pytest.fixture
def approved(planned: Callable[..., Promotion], operator: User, approver: User) -> Approval:
    """A consent to import the loyalty schemas into production."""
    promotion = planned(sandbox="prod")
    decide_all(promotion, operator)
    approval = approvals.request_approval(plan=promotion.current_plan, actor=operator)
    return approvals.approve(approval=approval, actor=approver, reason="Fine.")


def import_by_hand(platform: Platform, approval: Approval) -> None:
    """Somebody imports the same package past Towpath, so that the target holds what the plan has not seen."""
    promotion = approval.frozen_plan.promotion
    assert promotion.package is not None
    with tooling(promotion.target_organization, sandbox="prod") as client:
        client.import_package(
            promotion.package.remote_id, target_sandbox="prod", name="By hand", description="", alternatives={}
        )
    platform.advance(120)
    platform.forget_requests()


def test_an_approved_import_runs_into_production(
    platform: Platform, approved: Approval, operator: User, drive: Drive
) -> None:
    job = drive(runs.request_run(plan=approved.frozen_plan, actor=operator))

    assert job.state in (JobState.SUCCEEDED, JobState.SUCCEEDED_WITH_WARNINGS)
    assert platform.imports_sent() == 1


def test_a_consent_that_runs_out_while_the_job_waits_sends_nothing(
    platform: Platform, approved: Approval, operator: User, drive: Drive
) -> None:
    job = runs.request_run(plan=approved.frozen_plan, actor=operator)
    Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    job = drive(job)

    assert (job.state, job.problem_kind) == (JobState.CANCELLED, ProblemKind.NOT_APPROVED)
    assert job.problem.startswith("Nothing was sent: the approval does not hold.")
    assert platform.imports_sent() == 0


def test_an_approver_demoted_after_the_click_has_the_run_cancelled(
    platform: Platform, approved: Approval, approver: User, operator: User, drive: Drive
) -> None:
    job = runs.request_run(plan=approved.frozen_plan, actor=operator)
    Membership.objects.filter(user=approver).update(role=Role.VIEWER)

    job = drive(job)

    approved.refresh_from_db()
    assert (job.state, platform.imports_sent()) == (JobState.CANCELLED, 0)
    assert approved.state == ApprovalState.VOID
    assert "is no approver of Acme any more" in approved.void_changes[0]
    assert "is no approver of Acme any more" in job.problem


def test_a_word_altered_after_the_click_has_the_run_cancelled(
    platform: Platform, approved: Approval, operator: User, drive: Drive
) -> None:
    job = runs.request_run(plan=approved.frozen_plan, actor=operator)
    Promotion.objects.update(job_description="Another")

    job = drive(job)

    assert (job.state, job.problem_kind) == (JobState.CANCELLED, ProblemKind.NOT_APPROVED)
    assert platform.imports_sent() == 0


def test_facts_that_change_after_the_consent_void_it_and_say_what_changed(
    platform: Platform, approved: Approval, operator: User, drive: Drive
) -> None:
    import_by_hand(platform, approved)

    job = drive(runs.request_run(plan=approved.frozen_plan, actor=operator))

    approved.refresh_from_db()
    newer = approved.frozen_plan.promotion.current_plan
    assert (job.state, job.problem_kind) == (JobState.CANCELLED, ProblemKind.PLAN_CHANGED)
    assert platform.imports_sent() == 0
    assert approved.state == ApprovalState.VOID
    assert approved.void_changes == newer.changes != []
    assert (newer.revision, newer.state) == (2, PlanState.OPEN)
    assert runs.reasons_not_to_run(newer)
    assert AuditEvent.objects.get(verb="approval.voided").details["changes"] == newer.changes


def test_a_frozen_plan_can_be_checked_before_anybody_signs(
    platform: Platform, planned: Callable[..., Promotion], operator: User, drive: Drive
) -> None:
    promotion = planned(sandbox="prod")
    decide_all(promotion, operator)
    approval = approvals.request_approval(plan=promotion.current_plan, actor=operator)

    unchanged = drive(plans.refresh(plan=approval.frozen_plan, actor=operator))
    import_by_hand(platform, approval)
    changed = drive(plans.refresh(plan=approval.frozen_plan, actor=operator))

    approval.refresh_from_db()
    assert unchanged.result == {"is_unchanged": True}
    assert (changed.state, changed.problem_kind) == (JobState.SUCCEEDED_WITH_WARNINGS, ProblemKind.PLAN_CHANGED)
    assert approval.state == ApprovalState.VOID


def test_what_was_lost_is_not_sent_again_without_a_consent_that_holds_by_then(
    platform: Platform, approved: Approval, approver: User, operator: User, drive: Drive
) -> None:
    platform.arm("POST", IMPORT_PATH, "reset", when="before", count=1)
    job = runs.request_run(plan=approved.frozen_plan, actor=operator)
    run_due()
    assert platform.imports_sent() == 1
    Membership.objects.filter(user=approver).update(role=Role.VIEWER)

    asked = drive(job)
    words = asked.problem
    jobs.retry_sending(job=asked, actor=operator, reason="It never arrived.")
    ended = drive(Job.objects.get(pk=job.pk))

    assert "is no approver of Acme any more" in words
    assert (ended.state, ended.problem_kind) == (JobState.CANCELLED, ProblemKind.NOT_APPROVED)
    assert platform.imports_sent() == 1
