"""Consent to a frozen plan: who may give it, what ends it, and that nothing runs without it."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from accounts.choices import Role, SandboxType
from accounts.models import AuditEvent, Membership, Notice, Organization, User
from promotions.choices import ApprovalState, Decision, JobState, PlanState, ProblemKind
from promotions.models import Approval, Job, Plan, PlanItem
from promotions.services import approvals, consent, decisions, plans, runs
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from tests.factories import MembershipFactory, OrganizationFactory, SandboxFactory, UserFactory
from tests.factories_promotions import PackageFactory, PlanFactory, PlanItemFactory, PromotionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def organization(db: None) -> Organization:
    return OrganizationFactory(name="Acme")


def member(organization: Organization, role: Role, name: str) -> User:
    user: User = UserFactory(full_name=name)
    MembershipFactory(user=user, organization=organization, role=role)
    return user


@pytest.fixture
def operator(organization: Organization) -> User:
    return member(organization, Role.OPERATOR, "Oscar Operator")


@pytest.fixture
def approver(organization: Organization) -> User:
    return member(organization, Role.APPROVER, "Ada Approver")


@pytest.fixture
def plan(organization: Organization, operator: User) -> Plan:
    """A decided plan into production."""
    return decided_plan(organization, operator)


def decided_plan(organization: Organization, operator: User) -> Plan:
    promotion = PromotionFactory(
        package=PackageFactory(organization=organization),
        target_sandbox=SandboxFactory(organization=organization, production=True),
        created_by=operator,
    )
    plan: Plan = PlanFactory(promotion=promotion)
    PlanItemFactory(plan=plan)
    decisions.accept_exact(plan=plan, actor=operator)
    return plan


def asked(plan: Plan, operator: User, **options: bool) -> Approval:
    return approvals.request_approval(plan=plan, actor=operator, note="Please look.", **options)


def fresh(approval: Approval) -> Approval:
    return Approval.objects.get(pk=approval.pk)


def pass_time(approval: Approval) -> None:
    Approval.objects.filter(pk=approval.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


# When one is needed


@pytest.mark.parametrize(
    ("sandbox_type", "is_marked", "words"),
    [
        (SandboxType.PRODUCTION, False, "is production"),
        ("staging", False, "unknown type “staging”"),
        ("", False, "unknown type"),
        (SandboxType.DEVELOPMENT, True, "All of Acme counts as production"),
    ],
)
def test_production_needs_an_approval_and_what_is_unknown_counts_as_production(
    organization: Organization, sandbox_type: str, is_marked: bool, words: str
) -> None:
    organization.is_production = is_marked
    sandbox = SandboxFactory(organization=organization, type=sandbox_type)

    rule = consent.rule_for(PromotionFactory.build(target_sandbox=sandbox, **among(organization)))

    assert words in rule


def among(organization: Organization) -> dict[str, object]:
    return {
        "package": PackageFactory(organization=organization),
        "source_organization": organization,
        "target_organization": organization,
        "created_by": UserFactory(),
    }


def test_another_organization_needs_an_approval_also_for_development(organization: Organization) -> None:
    sandbox = SandboxFactory(organization=organization)
    promotion = PromotionFactory.build(
        target_sandbox=sandbox, **{**among(organization), "source_organization": OrganizationFactory(name="Globex")}
    )

    assert consent.rule_for(promotion) == "It brings content of Globex into Acme."


def test_development_needs_none_and_none_can_be_asked_for(organization: Organization, operator: User) -> None:
    promotion = PromotionFactory(
        package=PackageFactory(organization=organization), target_sandbox=SandboxFactory(organization=organization)
    )
    plan = PlanFactory(promotion=promotion)

    with pytest.raises(RefusedError, match="needs no approval"):
        asked(plan, operator)

    assert runs.reasons_not_to_run(plan) == []


# Asking


def test_asking_freezes_the_plan_and_tells_those_who_may_decide(
    plan: Plan, operator: User, approver: User, organization: Organization
) -> None:
    second = member(organization, Role.ADMIN, "Bo Admin")
    member(organization, Role.VIEWER, "Vera Viewer")

    approval = asked(plan, operator)

    plan.refresh_from_db()
    assert plan.state == PlanState.READY
    assert approval.content_hash == plan.content_hash
    told = set(Notice.objects.filter(kind="approval_wanted").values_list("person", flat=True))
    assert told == {approver.pk, second.pk}
    assert AuditEvent.objects.get(verb="approval.requested").reason == "Please look."


def test_an_undecided_plan_cannot_be_put_before_anybody(plan: Plan, operator: User) -> None:
    PlanItemFactory(plan=plan)

    with pytest.raises(NotReadyError, match="1 row is undecided"):
        asked(plan, operator)


def test_it_is_asked_for_once(plan: Plan, operator: User) -> None:
    asked(plan, operator)

    with pytest.raises(ConflictError, match="Oscar Operator has asked"):
        asked(plan, operator)


def test_a_viewer_asks_for_nothing(plan: Plan, organization: Organization) -> None:
    with pytest.raises(PermissionDenied):
        asked(plan, member(organization, Role.VIEWER, "Vera"))


# Who decides


def test_whoever_asked_does_not_decide_whatever_their_role(plan: Plan, organization: Organization) -> None:
    for person in (member(organization, Role.ADMIN, "Ann Admin"), UserFactory(is_superuser=True)):
        approval = asked(plan, person)

        with pytest.raises(PermissionDenied, match="You asked for this approval"):
            approvals.approve(approval=approval, actor=person)

        assert fresh(approval).state == ApprovalState.PENDING
        plan = approvals.withdraw(approval=approval, actor=person).frozen_plan.promotion.current_plan


def test_whoever_planned_it_does_not_decide(plan: Plan, operator: User, organization: Organization) -> None:
    Membership.objects.filter(user=operator).update(role=Role.ADMIN)
    approval = asked(plan, member(organization, Role.OPERATOR, "Olga"))

    with pytest.raises(PermissionDenied, match="You planned this promotion"):
        approvals.approve(approval=approval, actor=operator)


def test_whoever_decided_on_its_objects_does_not_consent_to_them(plan: Plan, operator: User, approver: User) -> None:
    item = PlanItemFactory(plan=plan)
    decisions.decide(plan=plan, verdicts=[decisions.Verdict(item.pk, Decision.CREATE)], actor=approver)
    approval = asked(plan, operator)

    with pytest.raises(PermissionDenied, match="You made decisions in this plan"):
        approvals.approve(approval=approval, actor=approver)

    assert consent.deciders(approval.subject, requested_by=approval.requested_by) == []


def test_operators_and_strangers_do_not_decide(plan: Plan, operator: User, organization: Organization) -> None:
    approval = asked(plan, operator)

    for person in (member(organization, Role.OPERATOR, "Olga"), UserFactory()):
        with pytest.raises(PermissionDenied):
            approvals.approve(approval=approval, actor=person)
        with pytest.raises(PermissionDenied):
            approvals.reject(approval=approval, actor=person, reason="No.")

    assert fresh(approval).state == ApprovalState.PENDING


# Consent


def test_with_consent_the_plan_runs_once(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)
    approvals.approve(approval=approval, actor=approver, reason="Looks right.", seen_hash=approval.content_hash)

    job = runs.request_run(plan=plan, actor=operator)

    assert job.state == JobState.QUEUED
    assert fresh(approval).reason == "Looks right."
    assert AuditEvent.objects.get(verb="approval.given").reason == "Looks right."
    with pytest.raises(NotReadyError, match="under way"):
        runs.request_run(plan=plan, actor=operator)


def test_without_a_decision_nothing_runs(plan: Plan, operator: User) -> None:
    with pytest.raises(NotReadyError, match="needs an approval"):
        runs.request_run(plan=plan, actor=operator)
    asked(plan, operator)
    with pytest.raises(NotReadyError, match="waits for an approval that Oscar Operator asked for"):
        runs.request_run(plan=plan, actor=operator)

    assert not Job.objects.exclude(kind=plans.PLAN_KIND).exists()


def test_it_runs_with_the_consent_where_that_was_asked_for(plan: Plan, operator: User, approver: User) -> None:
    approvals.approve(approval=asked(plan, operator, runs_at_once=True), actor=approver)

    job = plans.run_job(plan)
    assert job is not None
    assert job.requested_by == operator


def test_consent_stands_where_the_run_cannot_start_with_it(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator, runs_at_once=True)
    Job.objects.create(
        kind="import",
        title="Another",
        organization=plan.promotion.target_organization,
        package=plan.promotion.package,
        sandbox=plan.promotion.target_sandbox,
        marker="towpath-other",
        scope=f"package:{plan.promotion.package_id}:sandbox:{plan.promotion.target_sandbox_id}",
    )

    approvals.approve(approval=approval, actor=approver)

    assert fresh(approval).state == ApprovalState.APPROVED
    assert plans.run_job(plan) is None
    assert Notice.objects.filter(person=operator, text__contains="did not start by itself").exists()


def test_a_refusal_needs_a_reason_and_opens_the_plan_again(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)
    with pytest.raises(RefusedError, match="Say why"):
        approvals.reject(approval=approval, actor=approver, reason="  ")

    approvals.reject(approval=approval, actor=approver, reason="Wrong week.")

    newer = plan.promotion.current_plan
    assert (newer.revision, newer.state, newer.changes) == (
        2,
        PlanState.OPEN,
        ["Ada Approver rejected it: Wrong week."],
    )
    assert newer.items.get().decision == Decision.REUSE
    assert fresh(approval).state == ApprovalState.REJECTED
    with pytest.raises(NotReadyError, match="newer revision"):
        runs.request_run(plan=plan, actor=operator)
    with pytest.raises(NotReadyError, match="needs an approval"):
        runs.request_run(plan=newer, actor=operator)


def test_whoever_comes_second_is_told_who_was_first(
    plan: Plan, operator: User, approver: User, organization: Organization
) -> None:
    approval = asked(plan, operator)
    approvals.approve(approval=approval, actor=approver)

    with pytest.raises(ConflictError, match="Ada Approver has approved it already"):
        approvals.reject(approval=approval, actor=member(organization, Role.APPROVER, "Bo"), reason="No.")

    assert fresh(approval).state == ApprovalState.APPROVED


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_wins() -> None:
    organization = OrganizationFactory()
    operator = member(organization, Role.OPERATOR, "Oscar")
    approval = asked(decided_plan(organization, operator), operator)
    deciders = [member(organization, Role.APPROVER, name) for name in ("Ada", "Bo", "Cleo")]
    barrier = threading.Barrier(len(deciders))
    outcomes: list[str] = []

    def decide(person: User) -> None:
        try:
            barrier.wait(timeout=30)
            if person.full_name == "Ada":
                approvals.reject(approval=Approval.objects.get(pk=approval.pk), actor=person, reason="No.")
            else:
                approvals.approve(approval=Approval.objects.get(pk=approval.pk), actor=person)
            outcomes.append("won")
        except ConflictError:
            outcomes.append("told")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[person]) for person in deciders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["told", "told", "won"]
    assert AuditEvent.objects.filter(verb__in=["approval.given", "approval.rejected"]).count() == 1


# What ends it


def test_an_altered_decision_is_not_what_was_approved(plan: Plan, operator: User, approver: User) -> None:
    approvals.approve(approval=asked(plan, operator), actor=approver)
    PlanItem.objects.filter(plan=plan).update(decision=Decision.CREATE, target=None)

    with pytest.raises(NotReadyError, match="not what was approved"):
        runs.request_run(plan=plan, actor=operator)


def test_what_was_altered_while_it_waited_is_not_approved(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)
    Plan.objects.filter(pk=plan.pk).update(facts={"package": {"version": 2}})

    with pytest.raises(ConflictError, match="not what the approval was asked for"):
        approvals.approve(approval=approval, actor=approver)


def test_another_revision_than_the_one_shown_is_not_approved(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)

    with pytest.raises(ConflictError, match="not the revision you were shown"):
        approvals.approve(approval=approval, actor=approver, seen_hash="0" * 64)


def test_opening_the_plan_again_makes_the_consent_void(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)
    approvals.approve(approval=approval, actor=approver)

    newer = plans.change(plan=plan, actor=operator)

    ended = fresh(approval)
    assert ended.state == ApprovalState.VOID
    assert ended.void_changes == ["Oscar Operator opened the plan again."]
    with pytest.raises(NotReadyError, match="needs an approval"):
        runs.request_run(plan=newer, actor=operator)


def test_a_plan_put_away_takes_its_consent_along(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)

    plans.abandon(promotion=plan.promotion, actor=operator)

    assert fresh(approval).state == ApprovalState.VOID
    with pytest.raises(ConflictError, match="became void: Oscar Operator put the promotion away"):
        approvals.approve(approval=approval, actor=approver)


@pytest.mark.parametrize("loss", ["role", "membership", "account"])
def test_an_approver_who_is_none_any_more_has_not_approved(
    plan: Plan, operator: User, approver: User, loss: str
) -> None:
    approvals.approve(approval=asked(plan, operator), actor=approver)
    if loss == "role":
        Membership.objects.filter(user=approver).update(role=Role.OPERATOR)
    elif loss == "membership":
        Membership.objects.filter(user=approver).delete()
    else:
        User.objects.filter(pk=approver.pk).update(is_active=False)

    with pytest.raises(NotReadyError, match="Ada Approver approved it, and is no approver of Acme any more"):
        runs.request_run(plan=plan, actor=operator)

    ending = consent.lost(plan)
    assert ending is not None
    assert (ending.state, ending.problem_kind) == (JobState.CANCELLED, ProblemKind.NOT_APPROVED)


def test_after_its_time_nobody_decides_and_nothing_runs(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)
    pass_time(approval)
    with pytest.raises(ConflictError, match="time for this approval is over"):
        approvals.approve(approval=approval, actor=approver)

    again = asked(plan, operator)
    approvals.approve(approval=again, actor=approver)
    pass_time(again)

    with pytest.raises(NotReadyError, match="needs an approval"):
        runs.request_run(plan=plan, actor=operator)
    assert fresh(approval).state == ApprovalState.EXPIRED


def test_the_clock_ends_what_is_late_and_opens_the_plan_again(plan: Plan, operator: User) -> None:
    approval = asked(plan, operator)
    assert approvals.expire_late() == 0
    pass_time(approval)

    assert approvals.expire_late() == 1
    assert approvals.expire_late() == 0

    assert fresh(approval).state == ApprovalState.EXPIRED
    assert plan.promotion.current_plan.changes == ["The time for its approval was over."]
    assert Notice.objects.filter(person=operator, text__endswith="is expired").exists()


def test_a_consent_that_a_run_uses_does_not_expire_under_it(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)
    approvals.approve(approval=approval, actor=approver)
    runs.request_run(plan=plan, actor=operator)
    Job.objects.update(state=JobState.RUNNING, submit_count=1)
    pass_time(approval)

    assert approvals.expire_late() == 0


def test_a_request_can_be_withdrawn_until_its_run_starts(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)
    approvals.withdraw(approval=approval, actor=operator, reason="Too early")
    assert fresh(approval).void_changes == ["Oscar Operator withdrew it: Too early"]
    newer = plan.promotion.current_plan
    second = asked(newer, operator)
    approvals.approve(approval=second, actor=approver)
    runs.request_run(plan=newer, actor=operator)

    with pytest.raises(ConflictError, match="has used this approval"):
        approvals.withdraw(approval=second, actor=approver)
    with pytest.raises(ConflictError, match="in use by job"):
        plans.change(plan=newer, actor=operator)


def test_once_decided_nobody_is_asked_any_more(plan: Plan, operator: User, approver: User) -> None:
    approval = asked(plan, operator)

    approvals.approve(approval=approval, actor=approver)

    assert not Notice.objects.filter(kind="approval_wanted", settled_at=None).exists()
    assert Notice.objects.get(person=operator).text.startswith("Ada Approver approved")
