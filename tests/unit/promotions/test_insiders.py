"""What somebody with an account and bad intentions tries on the way to production, and how far they get."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.choices import Role
from accounts.models import AuditEvent, IdempotentAnswer, Membership, Organization, User
from accounts.services import idempotency, organizations, people
from accounts.services.idempotency import Answer
from promotions.choices import ApprovalState, Decision, JobState, PlanState
from promotions.models import Approval, Job, Plan
from promotions.services import approvals, decisions, groups, jobs, package_plans, plans, repeats, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from tests.factories import MembershipFactory, SandboxFactory, UserFactory
from tests.factories_promotions import PackageFactory, PlanFactory, PlanItemFactory, PromotionFactory
from tests.unit.accounts.races import at_once
from tests.unit.promotions.api_client import ApiClient

pytestmark = pytest.mark.django_db


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


def decided_plan(organization: Organization, person: User, **sandbox: object) -> Plan:
    promotion = PromotionFactory(
        package=PackageFactory(organization=organization),
        target_sandbox=SandboxFactory(organization=organization, **sandbox),
        created_by=person,
    )
    plan: Plan = PlanFactory(promotion=promotion)
    PlanItemFactory(plan=plan)
    decisions.accept_exact(plan=plan, actor=person)
    return plan


@pytest.fixture
def plan(organization: Organization, operator: User) -> Plan:
    return decided_plan(organization, operator, production=True)


@pytest.fixture
def approved(plan: Plan, operator: User, approver: User) -> Approval:
    asked = approvals.request_approval(plan=plan, actor=operator)
    return approvals.approve(approval=asked, actor=approver, reason="Fine.")


def mark(organization: Organization, *, is_production: bool) -> None:
    Organization.objects.filter(pk=organization.pk).update(is_production=is_production)


def refuses_to_run(plan: Plan, person: User) -> str:
    with pytest.raises(NotReadyError) as refusal:
        runs.request_run(plan=Plan.objects.get(pk=plan.pk), actor=person)
    assert not Job.objects.exclude(kind=plans.PLAN_KIND).filter(state__in=[JobState.QUEUED]).exists()
    return str(refusal.value)


# Taking the rule away


def test_an_admin_who_runs_promotions_does_not_take_the_production_mark_away(
    organization: Organization, owner: User
) -> None:
    mark(organization, is_production=True)
    values: dict[str, Any] = {
        "name": "Acme",
        "region": "",
        "ims_url": organization.ims_url,
        "platform_url": organization.platform_url,
    }

    with pytest.raises(RefusedError, match="Only an administrator of this installation") as refusal:
        organizations.update_organization(organization=organization, is_production=False, actor=owner, **values)

    organization.refresh_from_db()
    assert (refusal.value.field, organization.is_production) == ("is_production", True)


def test_an_admin_sets_the_mark_and_changes_the_rest_beside_it(organization: Organization, owner: User) -> None:
    values: dict[str, Any] = {"region": "", "ims_url": organization.ims_url, "platform_url": organization.platform_url}

    for name in ("Acme Europe", "Acme World"):
        organizations.update_organization(
            organization=organization, name=name, is_production=True, actor=owner, **values
        )

    organization.refresh_from_db()
    assert (organization.is_production, organization.name) == (True, "Acme World")


def test_the_page_says_why_the_mark_stays(
    organization: Organization, owner: User, signed_in: Callable[[User], object]
) -> None:
    mark(organization, is_production=True)
    sent = {"name": "Acme", "region": "", "ims_url": organization.ims_url, "platform_url": organization.platform_url}

    answer = signed_in(owner).post(f"/settings/organizations/{organization.pk}/edit/", sent)  # type: ignore[attr-defined]

    assert answer.status_code == 422
    assert "Only an administrator of this installation takes that away." in answer.content.decode()
    assert ApiClient(owner).patch(f"organizations/{organization.pk}/", {"is_production": False}).status_code == 422


@pytest.mark.parametrize("end", ["rejected", "withdrawn", "pending", "expired"])
def test_what_was_put_under_consent_stays_under_it_when_its_reason_goes(
    organization: Organization, operator: User, approver: User, end: str
) -> None:
    mark(organization, is_production=True)
    organization.refresh_from_db()
    plan = decided_plan(organization, operator)
    asked = approvals.request_approval(plan=plan, actor=operator)
    if end == "rejected":
        approvals.reject(approval=asked, actor=approver, reason="Not on a Friday.")
    elif end == "withdrawn":
        approvals.withdraw(approval=asked, actor=operator)
    elif end == "expired":
        Approval.objects.update(expires_at=asked.requested_at)
        approvals.expire_late()

    mark(organization, is_production=False)

    words = refuses_to_run(plan.promotion.current_plan, operator)
    assert "All of Acme counts as production" in words or "waits for an approval" in words


def test_one_that_was_never_put_under_consent_runs_by_the_rules_of_today(
    organization: Organization, operator: User
) -> None:
    plan = decided_plan(organization, operator)

    job = runs.request_run(plan=plan, actor=operator)

    assert job.state == JobState.QUEUED


# Becoming a second person


@pytest.mark.parametrize("role", [Role.APPROVER, Role.ADMIN])
def test_a_higher_role_makes_nobody_their_own_approver(plan: Plan, operator: User, role: Role) -> None:
    asked = approvals.request_approval(plan=plan, actor=operator)
    Membership.objects.filter(user=operator).update(role=role)

    with pytest.raises(PermissionDenied, match="You asked for this approval"):
        approvals.approve(approval=asked, actor=operator, reason="Mine.")


def test_whoever_takes_over_the_asking_does_not_free_the_planner_to_approve(
    plan: Plan, operator: User, organization: Organization
) -> None:
    helper = member(organization, Role.OPERATOR, "Helga Helper")
    Membership.objects.filter(user=operator).update(role=Role.APPROVER)
    asked = approvals.request_approval(plan=plan, actor=helper)

    with pytest.raises(PermissionDenied, match="You planned this promotion"):
        approvals.approve(approval=asked, actor=operator, reason="Mine.")


def test_decisions_carried_into_a_newer_revision_still_count_as_theirs(
    organization: Organization, operator: User, approver: User
) -> None:
    plan = decided_plan(organization, operator, production=True)
    item = plan.items.get()
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.CREATE)], actor=approver)
    approvals.withdraw(approval=approvals.request_approval(plan=plan, actor=operator), actor=operator)

    asked = approvals.request_approval(plan=plan.promotion.current_plan, actor=operator)

    assert asked.frozen_plan.revision == 2
    with pytest.raises(PermissionDenied, match="You made decisions in this plan"):
        approvals.approve(approval=asked, actor=approver, reason="Mine.")


def test_a_decision_that_stands_again_is_still_its_maker_s(
    organization: Organization, operator: User, approver: User
) -> None:
    plan = decided_plan(organization, operator, production=True)
    item = plan.items.get()
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.CREATE)], actor=approver)
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.UNDECIDED)], actor=operator)

    decisions.undo(plan=plan, actor=operator)

    item.refresh_from_db()
    assert (item.decision, item.decided_by) == (Decision.CREATE, approver)
    asked = approvals.request_approval(plan=plan, actor=operator)
    with pytest.raises(PermissionDenied, match="You made decisions in this plan"):
        approvals.approve(approval=asked, actor=approver, reason="Mine.")


def test_a_repeated_promotion_is_planned_by_whoever_repeats_it(
    plan: Plan, operator: User, organization: Organization
) -> None:
    approver = member(organization, Role.APPROVER, "Ada Approver")

    again = repeats.run_again(promotion=plan.promotion, actor=approver)

    Plan.objects.filter(promotion=again).update(state=PlanState.OPEN)
    asked = approvals.request_approval(plan=again.current_plan, actor=operator)
    with pytest.raises(PermissionDenied, match="You planned this promotion"):
        approvals.approve(approval=asked, actor=approver, reason="Mine.")


def test_the_record_says_what_the_approver_owes_to_whoever_asked(organization: Organization, owner: User) -> None:
    invitation, token = people.invite(
        email="second@example.com", organization=organization, role=Role.VIEWER, actor=owner
    )
    second = people.accept_invitation(token=token, full_name="Sid Second", password="a-long-one-8273", time_zone="UTC")
    people.set_membership(user=second, organization=organization, role=Role.APPROVER, actor=owner)
    plan = decided_plan(organization, owner, production=True)
    asked = approvals.request_approval(plan=plan, actor=owner)

    approvals.approve(approval=asked, actor=second, reason="Of course.")

    told = AuditEvent.objects.get(verb="approval.given").details["ties"]
    invitation.refresh_from_db()
    assert [words.partition(" (")[0] for words in told] == [
        "Olive Owner invited Sid Second",
        "Olive Owner gave a role to Sid Second",
    ]


def test_the_record_is_silent_where_they_owe_each_other_nothing(approved: Approval) -> None:
    assert "ties" not in AuditEvent.objects.get(verb="approval.given").details


def test_a_deactivated_approver_s_token_approves_nothing(plan: Plan, operator: User, approver: User) -> None:
    asked = approvals.request_approval(plan=plan, actor=operator)
    api = ApiClient(approver)
    people.deactivate(user=approver, actor=None)

    answer = api.post(f"approvals/{asked.pk}/approve/", {"reason": "Late."})

    assert answer.status_code == 401
    assert Approval.objects.get(pk=asked.pk).state == ApprovalState.PENDING


# Using a consent for something else


def test_a_consent_does_not_cover_what_is_decided_after_its_run_was_taken_back(
    approved: Approval, operator: User
) -> None:
    jobs.cancel(job=runs.request_run(plan=approved.frozen_plan, actor=operator), actor=operator)
    plan = approved.frozen_plan.promotion.current_plan
    item = plan.items.get()

    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.CREATE)], actor=operator)

    assert "not what was approved" in refuses_to_run(plan, operator)


def test_a_consent_does_not_cover_another_name_either(approved: Approval, operator: User) -> None:
    jobs.cancel(job=runs.request_run(plan=approved.frozen_plan, actor=operator), actor=operator)

    plans.edit_job(
        promotion=approved.frozen_plan.promotion, job_name="Nothing to see here", job_description="", actor=operator
    )

    assert "not what was approved" in refuses_to_run(approved.frozen_plan, operator)


def test_a_request_does_not_cover_what_was_decided_while_its_reason_was_away(
    organization: Organization, operator: User, approver: User, plan: Plan
) -> None:
    asked = approvals.request_approval(plan=plan, actor=operator)
    Plan.objects.filter(pk=plan.pk).update(state=PlanState.OPEN)
    item = plan.items.get()
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.CREATE)], actor=operator)

    with pytest.raises(ConflictError, match="not what the approval was asked for"):
        approvals.approve(approval=asked, actor=approver, reason="Fine.", seen_hash=asked.content_hash)


def test_consent_that_should_start_a_run_starts_none_for_somebody_who_lost_the_role(
    plan: Plan, operator: User, approver: User
) -> None:
    asked = approvals.request_approval(plan=plan, actor=operator, runs_at_once=True)
    Membership.objects.filter(user=operator).update(role=Role.VIEWER)

    approvals.approve(approval=asked, actor=approver, reason="Fine.")

    assert not Job.objects.exclude(kind=plans.PLAN_KIND).exists()
    assert asked.frozen_plan.approvals.get().state == ApprovalState.APPROVED


def test_running_together_asks_where_it_must_and_runs_nothing_without(
    organization: Organization, operator: User
) -> None:
    package = PackageFactory(organization=organization)
    targets = [SandboxFactory(organization=organization, production=True), SandboxFactory(organization=organization)]
    group = package_plans.promote_to(package=package, sandboxes=targets, job_name="", actor=operator)
    Plan.objects.update(state=PlanState.OPEN)

    outcomes = groups.run_together(group=group, actor=operator)
    again = groups.run_together(group=group, actor=operator)

    by_target = {outcome.promotion.target_sandbox_id: outcome for outcome in outcomes}
    assert by_target[targets[0].pk].approval is not None
    assert by_target[targets[1].pk].job is not None
    assert [bool(outcome.refusal) for outcome in again] == [True, True]
    assert Job.objects.exclude(kind=plans.PLAN_KIND).count() == 1


@pytest.mark.parametrize("path", ["decide", "run"])
def test_a_reader_does_not_overwrite_what_came_of_an_act_on_a_group(
    organization: Organization, operator: User, path: str
) -> None:
    targets = [SandboxFactory(organization=organization)]
    package = PackageFactory(organization=organization)
    group = package_plans.promote_to(package=package, sandboxes=targets, job_name="", actor=operator)
    Plan.objects.update(state=PlanState.OPEN)
    groups.run_together(group=group, actor=operator, words="Ran all that were ready")
    group.refresh_from_db()
    before = group.last_act
    reader = member(organization, Role.VIEWER, "Vera Viewer")

    answer = ApiClient(reader).post(
        f"promotion-groups/{group.pk}/{path}/", {"act": "exact"} if path == "decide" else {}
    )

    group.refresh_from_db()
    assert answer.status_code == 403
    assert group.last_act == before != {}


# Keys of repeatable calls


def keyed(api: ApiClient, path: str, body: dict[str, object], key: str) -> object:
    return api._client.post(
        api._full(path), body, content_type="application/json", headers={"Idempotency-Key": key}, **api._headers
    )


def test_another_person_s_key_opens_nothing(plan: Plan, operator: User, approver: User) -> None:
    asked = approvals.request_approval(plan=plan, actor=operator)
    path = f"approvals/{asked.pk}/approve/"
    keyed(ApiClient(approver), path, {"reason": "Fine."}, "release-7")

    answer = keyed(ApiClient(operator), path, {"reason": "Fine."}, "release-7")

    assert answer.status_code == 403  # type: ignore[attr-defined]
    assert IdempotentAnswer.objects.count() == 1


def test_a_key_of_better_days_repeats_the_words_and_not_the_act(plan: Plan, operator: User, approver: User) -> None:
    asked = approvals.request_approval(plan=plan, actor=operator)
    api, path = ApiClient(approver), f"approvals/{asked.pk}/approve/"
    keyed(api, path, {"reason": "Fine."}, "release-7")
    approvals.withdraw(approval=Approval.objects.get(pk=asked.pk), actor=approver)
    Membership.objects.filter(user=approver).update(role=Role.VIEWER)

    keyed(api, path, {"reason": "Fine."}, "release-7")

    assert Approval.objects.get(pk=asked.pk).state == ApprovalState.WITHDRAWN


@pytest.mark.django_db(transaction=True)
def test_of_calls_with_one_key_at_one_moment_one_acts_and_all_get_its_answer(administrator: User) -> None:
    done = []

    def act() -> Answer:
        done.append(1)
        return Answer(201, {"id": len(done)})

    def call() -> tuple[Answer, bool]:
        with transaction.atomic():
            return idempotency.once(user=administrator, key="release-7", fingerprint="f", act=act)

    answers = at_once(call, call, call, call)

    assert [answer for answer, _ in answers] == [Answer(201, {"id": 1})] * 4
    assert sorted(is_kept for _, is_kept in answers) == [False, True, True, True]
    assert len(done) == 1
