"""What the page of a plan says and offers about its approval."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import ApprovalState, PlanState
from promotions.models import Approval, Job, Plan
from promotions.services import approvals, plans
from tests.factories import MembershipFactory, SandboxFactory, UserFactory
from tests.factories_promotions import ApprovalFactory, JobFactory, PlanFactory, PlanItemFactory

SignIn = Callable[[User], Client]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def approver(organization: Organization) -> User:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=organization, role=Role.APPROVER)
    return user


@pytest.fixture
def plan(organization: Organization, teammate: User) -> Plan:
    """Open, decided, into production."""
    made: Plan = PlanFactory(
        promotion__package__organization=organization,
        promotion__created_by=teammate,
        promotion__target_sandbox=SandboxFactory(organization=organization, name="prod", production=True),
    )
    PlanItemFactory(plan=made, free=True)
    return made


@pytest.fixture
def approval(plan: Plan, teammate: User, approver: User) -> Approval:
    return approvals.request_approval(plan=plan, actor=teammate, note="Release 7")


def page_of(plan: Plan) -> str:
    return reverse("promotions:promotion-detail", args=[plan.promotion_id])


def ask_url(plan: Plan) -> str:
    return reverse("promotions:plan-request-approval", args=[plan.pk])


def test_the_form_names_who_can_decide_and_why_it_is_needed(browser: Client, plan: Plan, approver: User) -> None:
    text = browser.get(ask_url(plan)).content.decode()

    assert "prod is production." in text
    assert "1 person can decide: Ada Approver." in text


def test_the_form_says_what_to_do_if_nobody_can_decide_and_still_asks(browser: Client, plan: Plan) -> None:
    text = browser.get(ask_url(plan)).content.decode()

    response = browser.post(ask_url(plan), {"note": ""})

    assert "Nobody can decide yet" in text
    assert "Ask an admin of Acme to give the role" in text
    assert response["Location"] == page_of(plan)
    assert "Nobody can decide." in browser.get(page_of(plan)).content.decode()


def test_asking_freezes_the_plan_and_shows_who_is_waited_for(browser: Client, plan: Plan, approver: User) -> None:
    browser.post(ask_url(plan), {"note": "Release 7", "runs_at_once": "on"})

    approval = Approval.objects.get()
    plan.refresh_from_db()
    text = browser.get(page_of(plan)).content.decode()
    assert (approval.note, approval.runs_at_once, plan.state) == ("Release 7", True, PlanState.READY)
    assert "1 person can decide: Ada Approver." in text
    assert "It runs at once when approved." in text
    assert ask_url(plan) not in text


def test_an_undecided_plan_is_refused_with_every_reason_and_keeps_the_note(browser: Client, plan: Plan) -> None:
    PlanItemFactory(plan=plan)

    response = browser.post(ask_url(plan), {"note": "Release 7"})

    text = response.content.decode()
    assert response.status_code == 422
    assert "1 row is undecided." in text
    assert "Release 7</textarea>" in text
    assert ask_url(plan) not in browser.get(page_of(plan)).content.decode()


def test_asking_twice_is_a_conflict_that_names_who_was_faster(
    browser: Client, plan: Plan, approval: Approval, teammate: User
) -> None:
    response = browser.post(ask_url(plan), {"note": "Again"})

    assert response.status_code == 409
    assert f"{teammate} has asked for an approval of this plan already." in response.content.decode()


def test_a_target_that_needs_no_approval_offers_none(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    PlanItemFactory(plan=plan, free=True)

    text = browser.get(page_of(plan)).content.decode()

    assert ask_url(plan) not in text
    assert reverse("promotions:plan-run", args=[plan.pk]) in text


def test_whoever_may_decide_is_led_to_the_decision(signed_in: SignIn, approver: User, approval: Approval) -> None:
    text = signed_in(approver).get(page_of(approval.frozen_plan)).content.decode()

    assert "Look and decide" in text


def test_an_approved_plan_names_the_approver_and_can_be_run(
    browser: Client, plan: Plan, approval: Approval, approver: User
) -> None:
    approvals.approve(approval=approval, actor=approver, reason="Seen.")

    text = browser.get(page_of(plan)).content.decode()

    assert "Ada Approver approved it" in text
    assert "Seen." in text
    assert "It may be used until" in text
    assert reverse("promotions:plan-run", args=[plan.pk]) in text


def test_running_what_waits_for_approval_is_refused_in_words(browser: Client, plan: Plan, approval: Approval) -> None:
    response = browser.post(reverse("promotions:plan-run", args=[plan.pk]))

    assert response.status_code == 422
    assert "It waits for an approval that Tim Teammate asked for." in response.content.decode()


def test_the_question_before_changing_a_plan_says_that_the_approval_ends(
    browser: Client, plan: Plan, approval: Approval
) -> None:
    url = reverse("promotions:plan-change", args=[plan.pk])
    question = browser.get(url).content.decode()

    browser.post(url)

    approval.refresh_from_db()
    text = browser.get(page_of(plan)).content.decode()
    assert "The approval that Tim Teammate asked for becomes void" in question
    assert approval.state == ApprovalState.VOID
    assert "The approval of revision 1 became void" in text
    assert "Tim Teammate opened the plan again." in text
    assert ask_url(plan.promotion.current_plan) in text


def test_what_changed_outside_is_told_where_it_made_the_approval_void(
    browser: Client, plan: Plan, approval: Approval, approver: User
) -> None:
    approvals.approve(approval=approval, actor=approver)
    frozen = Plan.objects.select_related("promotion__target_organization").get(pk=plan.pk)
    plans.reopen(frozen, changes=["The package's revision at the platform was 1 and is now 2."])

    text = browser.get(page_of(plan)).content.decode()

    assert "The approval of revision 1 became void" in text
    assert text.count("revision at the platform was 1 and is now 2.") == 2  # on top, and in the history below
    assert "Ada Approver had approved it" in text


def test_a_page_that_waits_hears_of_the_decision_and_of_nothing_else(
    browser: Client, plan: Plan, approval: Approval, approver: User
) -> None:
    status = reverse("promotions:plan-status", args=[plan.pk]) + "?seen=awaiting_approval"
    quiet = browser.get(status, headers=HTMX)
    approvals.approve(approval=approval, actor=approver)

    told = browser.get(status, headers=HTMX)

    assert quiet.status_code == 204
    assert "Ada Approver approved it" in told.content.decode()


def test_a_page_that_waits_is_loaded_anew_when_the_plan_opens_again(
    browser: Client, plan: Plan, approval: Approval, approver: User
) -> None:
    approvals.reject(approval=approval, actor=approver, reason="Wait.")

    told = browser.get(reverse("promotions:plan-status", args=[plan.pk]) + "?seen=awaiting_approval", headers=HTMX)

    assert told["HX-Refresh"] == "true"


def test_the_promotion_keeps_the_history_of_its_approvals(
    browser: Client, plan: Plan, approval: Approval, approver: User
) -> None:
    approvals.reject(approval=approval, actor=approver, reason="Wait for legal.")

    text = browser.get(page_of(plan)).content.decode()

    assert "Approval of revision 1" in text
    assert reverse("promotions:approval-detail", args=[approval.pk]) in text


def test_the_list_of_promotions_shows_what_waits_for_approval(browser: Client, plan: Plan, approval: Approval) -> None:
    rows = browser.get(reverse("promotions:promotion-list")).context["rows"]

    assert [row["state"] for row in rows] == ["awaiting_approval"]


def test_the_job_names_who_approved_it(browser: Client, organization: Organization) -> None:
    approval = ApprovalFactory(
        plan__promotion__package__organization=organization,
        state=ApprovalState.APPROVED,
        decided_by=UserFactory(full_name="Ada Approver"),
        decided_at=timezone.now(),
        reason="Seen.",
    )
    job = JobFactory(organization=organization, plan=approval.plan, promotion=approval.plan.promotion, succeeded=True)

    text = browser.get(reverse("promotions:job-detail", args=[job.pk]), {"tab": "decisions"}).content.decode()

    assert "Approved by Ada Approver" in text
    assert "Seen." in text
    assert approval.rule in text


def test_a_frozen_plan_that_was_not_sent_can_be_opened_again(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)

    text = browser.get(page_of(plan)).content.decode()
    browser.post(reverse("promotions:plan-change", args=[plan.pk]))

    assert "This plan is frozen and was not sent." in text
    assert plan.promotion.current_plan.revision == 2


def test_a_frozen_plan_is_compared_with_what_is_so_now_by_a_job(
    browser: Client, plan: Plan, approval: Approval
) -> None:
    page = browser.get(page_of(plan)).content.decode()

    response = browser.post(reverse("promotions:plan-refresh", args=[plan.pk]))

    job = Job.objects.get(kind=plans.PLAN_KIND)
    approval.refresh_from_db()
    assert "Compare with what is so now" in page
    assert response["Location"] == reverse("promotions:job-detail", args=[job.pk])
    assert approval.state == ApprovalState.PENDING


def test_a_plan_that_was_only_opened_again_does_not_speak_of_changed_facts(
    browser: Client, organization: Organization
) -> None:
    plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)
    browser.post(reverse("promotions:plan-change", args=[plan.pk]))

    text = browser.get(page_of(plan)).content.decode()

    assert "Why it is open again" in text
    assert "Tim Teammate opened the plan again." in text
    assert "Changed since the former facts" not in text
