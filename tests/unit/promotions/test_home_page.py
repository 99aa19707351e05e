"""The home page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.choices import Role
from accounts.models import Organization, User
from promotions.choices import ApprovalState, Decision, JobState, PlanState, ProblemKind
from promotions.models import Plan
from promotions.views import needs
from tests.factories import (
    CredentialFactory,
    MembershipFactory,
    OrganizationFactory,
    SandboxFactory,
    SnapLogicOrganizationFactory,
    UserFactory,
)
from tests.factories_promotions import (
    ApprovalFactory,
    JobFactory,
    PackageFactory,
    PlanFactory,
    PlanItemFactory,
    TaskResultFactory,
)

SignIn = Callable[[User], Client]


def text_of(client: Client, url: str = "/", **headers: str) -> str:
    return client.get(url, **headers).content.decode()  # type: ignore[arg-type]


@pytest.fixture
def viewer(organization: Organization) -> User:
    user = UserFactory()
    MembershipFactory(user=user, organization=organization, role=Role.VIEWER)
    return user


def test_a_job_that_needs_a_decision_is_shown_to_operators_with_its_reason(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    job = JobFactory(organization=organization, title="Loyalty v3", unknown_outcome=True)

    page = text_of(signed_in(teammate))

    assert f'href="/jobs/{job.pk}/"' in page
    assert "Several jobs at the platform fit this one." in page


def test_a_viewer_is_not_asked_to_decide(organization: Organization, viewer: User, signed_in: SignIn) -> None:
    JobFactory(organization=organization, unknown_outcome=True)

    page = text_of(signed_in(viewer))

    assert "Several jobs at the platform fit this one." not in page


def test_nothing_of_other_organizations_is_shown(organization: Organization, stranger: User, signed_in: SignIn) -> None:
    JobFactory(organization=organization, title="Secret import", unknown_outcome=True)
    JobFactory(organization=organization, title="Secret running", running=True)
    JobFactory(organization=organization, title="Secret ended", succeeded=True)
    PackageFactory(organization=organization, name="Secret package", expires_at=timezone.now() + timedelta(days=2))
    CredentialFactory(organization=organization, name="Secret credential", problem="refused")
    PlanFactory(promotion__package__organization=organization, promotion__package__name="Secret plan")

    page = text_of(signed_in(stranger))

    assert "Secret" not in page


def test_an_open_plan_says_how_many_objects_wait(organization: Organization, teammate: User, signed_in: SignIn) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    PlanItemFactory.create_batch(2, plan=plan)
    PlanItemFactory(plan=plan, decision=Decision.CREATE)
    PlanItemFactory(plan=plan, free=True)

    page = text_of(signed_in(teammate))

    assert f'href="/promotions/{plan.promotion.pk}/"' in page
    assert "2 objects wait for a decision." in page


def test_a_decided_plan_into_production_is_to_be_approved_not_run(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    PlanFactory(
        promotion__package__organization=organization,
        promotion__target_sandbox=SandboxFactory(organization=organization, production=True),
    )

    page = text_of(signed_in(teammate))

    assert "is production. Somebody else has to approve it." in page
    assert ">Ask for approval</a>" in page
    assert ">Run</a>" not in page


def test_an_abandoned_plan_waits_for_nobody(organization: Organization, teammate: User, signed_in: SignIn) -> None:
    PlanFactory(promotion__package__organization=organization, promotion__abandoned_at=timezone.now())

    assert "Everything is decided." not in text_of(signed_in(teammate))


@pytest.mark.parametrize(("days", "words"), [(0.5, "Within a day"), (5, "Within 7 days"), (12, "Within 14 days")])
def test_a_package_that_expires_says_how_soon(
    organization: Organization, teammate: User, signed_in: SignIn, days: float, words: str
) -> None:
    PackageFactory(organization=organization, name="Consent", expires_at=timezone.now() + timedelta(days=days))

    page = text_of(signed_in(teammate))

    assert "Package “Consent” of Acme expires" in page
    assert words in page


def test_packages_that_nobody_can_import_any_more_are_left_out(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    soon = timezone.now() + timedelta(days=2)
    PackageFactory(organization=organization, name="Later one", expires_at=timezone.now() + timedelta(days=15))
    PackageFactory(organization=organization, name="Expired one", expired=True)
    PackageFactory(organization=organization, name="Draft one", draft=True, expires_at=soon)
    PackageFactory(organization=organization, name="Vanished one", vanished=True, expires_at=soon)

    page = text_of(signed_in(teammate))

    assert " one”" not in page


def test_a_refused_credential_leads_its_admin_to_it(organization: Organization, owner: User, signed_in: SignIn) -> None:
    credential = CredentialFactory(organization=organization, problem="invalid_client: wrong secret")

    page = text_of(signed_in(owner))

    assert f'href="/settings/credentials/{credential.pk}/"' in page
    assert "invalid_client: wrong secret" in page


def test_an_operator_is_not_led_to_a_credential_that_only_admins_may_open(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    credential = CredentialFactory(organization=organization, expires_at=timezone.now() + timedelta(days=3))

    page = text_of(signed_in(teammate))

    assert f'href="/settings/credentials/{credential.pk}/"' not in page
    assert f'href="/settings/organizations/{organization.pk}/"' in page
    assert "Ask an admin to replace its secret before." in page


def test_a_running_import_shows_what_is_done_and_what_is_not_yet(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    job = JobFactory(organization=organization, running=True, progress_total=5)
    TaskResultFactory.create_batch(2, job=job)

    page = text_of(signed_in(teammate))

    assert "2 created, 3 not yet" in page


def test_what_just_ended_is_there_without_routine_reads(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    ended = JobFactory(organization=organization, succeeded=True)
    routine = JobFactory(organization=organization, succeeded=True, is_quiet=True)

    page = text_of(signed_in(teammate))

    assert f'href="/jobs/{ended.pk}/"' in page
    assert f'href="/jobs/{routine.pk}/"' not in page


def test_only_the_last_ten_ends_are_shown_latest_first(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    now = timezone.now()
    jobs = [
        JobFactory(organization=organization, succeeded=True, finished_at=now - timedelta(minutes=number))
        for number in range(12)
    ]

    rows = signed_in(teammate).get("/").context["ended"]

    assert [row.job.pk for row in rows] == [job.pk for job in jobs[:10]]


def test_a_job_elsewhere_stands_where_it_began_since_its_end_is_not_known(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    now = timezone.now()
    foreign = JobFactory(
        organization=organization, succeeded=True, is_foreign=True, marker=None, created_at=now - timedelta(days=9)
    )
    ours = JobFactory(organization=organization, succeeded=True, finished_at=now - timedelta(days=1))

    rows = signed_in(teammate).get("/").context["ended"]

    assert [row.job.pk for row in rows] == [ours.pk, foreign.pk]
    assert rows[1].took is None


def test_the_page_asks_for_itself_more_seldom_once_nothing_runs(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    client = signed_in(teammate)
    job = JobFactory(organization=organization, running=True)
    live = text_of(client)
    job.advance(JobState.SUCCEEDED, only_from=[JobState.RUNNING], finished_at=timezone.now())

    still = text_of(client, "/home/live/", HTTP_HX_REQUEST="true")

    assert 'hx-trigger="every 4s"' in live
    assert 'hx-trigger="every 20s"' in still


def test_a_poll_that_has_seen_the_present_state_gets_nothing(
    organization: Organization, teammate: User, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promotions.views.job_pages.STALE_AFTER_S", 10**9)
    JobFactory(organization=organization, running=True)
    client = signed_in(teammate)
    seen = client.get("/").context["version"]

    answer = client.get(f"/home/live/?seen={seen}", HTTP_HX_REQUEST="true")

    assert answer.status_code == 204


def test_the_first_step_of_an_administrator_is_an_organization(administrator: User, signed_in: SignIn) -> None:
    page = text_of(signed_in(administrator))

    assert "Add your first organization" in page
    assert 'href="/settings/organizations/add/"' in page


def test_somebody_without_a_role_learns_whom_to_ask(db: None, signed_in: SignIn) -> None:
    assert "Ask an administrator of this installation" in text_of(signed_in(UserFactory()))


def test_the_step_after_an_organization_is_its_credential(
    organization: Organization, owner: User, signed_in: SignIn
) -> None:
    assert f'href="/settings/organizations/{organization.pk}/credentials/add/"' in text_of(signed_in(owner))


def test_an_operator_learns_that_an_admin_has_to_enter_the_credential(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    assert "One of its admins has to enter a credential" in text_of(signed_in(teammate))


def test_the_step_after_a_credential_is_reading_packages(
    organization: Organization, owner: User, signed_in: SignIn
) -> None:
    CredentialFactory(organization=organization)

    assert "No packages read yet" in text_of(signed_in(owner))


def test_whoever_works_in_environments_alone_is_not_sent_to_packages(db: None, signed_in: SignIn) -> None:
    organization = SnapLogicOrganizationFactory(name="Flows")
    person = MembershipFactory(organization=organization, role=Role.ADMIN).user

    without = text_of(signed_in(person))
    CredentialFactory(snaplogic=True, organization=organization)

    assert "Flows has no credential yet" in without
    assert "in the name of a user" in without
    assert "No packages read yet" not in text_of(signed_in(person))


def test_the_last_step_is_to_pick_a_package(organization: Organization, owner: User, signed_in: SignIn) -> None:
    CredentialFactory(organization=organization)
    PackageFactory(organization=organization)

    assert "Pick a published package" in text_of(signed_in(owner))


def fill(organization: Organization, number: int) -> None:
    for _ in range(number):
        TaskResultFactory(job=JobFactory(organization=organization, running=True))
        JobFactory(organization=organization, succeeded=True)
        JobFactory(organization=organization, unknown_outcome=True)
        PlanItemFactory(plan=PlanFactory(promotion__package__organization=organization))
        PackageFactory(organization=organization, expires_at=timezone.now() + timedelta(days=2))
        CredentialFactory(organization=organization, problem="refused", is_primary=False)
        ApprovalFactory(plan__promotion__package__organization=organization)
        ApprovalFactory(
            plan__promotion__package__organization=organization,
            state=ApprovalState.APPROVED,
            decided_by=UserFactory(),
            decided_at=timezone.now(),
        )
        rejected(organization, requested_by=UserFactory())


def rejected(organization: Organization, *, requested_by: User) -> Plan:
    """The open revision after one that was rejected."""
    former = PlanFactory(promotion__package__organization=organization, state=PlanState.SUPERSEDED)
    ApprovalFactory(
        plan=former,
        requested_by=requested_by,
        state=ApprovalState.REJECTED,
        decided_by=UserFactory(full_name="Ada Approver"),
        decided_at=timezone.now(),
        ended_at=timezone.now(),
        reason="Wait for legal.",
    )
    newer: Plan = PlanFactory(promotion=former.promotion, revision=2)
    return newer


def test_the_number_of_queries_does_not_grow_with_what_is_shown(
    organization: Organization,
    owner: User,
    signed_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = signed_in(owner)
    fill(organization, 1)
    with django_assert_max_num_queries(100) as few:
        client.get("/")
    fill(organization, 5)
    fill(OrganizationFactory(), 2)

    with django_assert_max_num_queries(100) as many:
        client.get("/")

    assert len(many) == len(few) <= 24


def test_a_plan_with_a_blocker_says_so(organization: Organization, teammate: User, signed_in: SignIn) -> None:
    PlanFactory(promotion__package__organization=organization, blockers=["The package has expired."])

    assert "The package has expired." in text_of(signed_in(teammate))


def test_a_closed_job_no_longer_needs_anybody(organization: Organization, teammate: User, signed_in: SignIn) -> None:
    JobFactory(
        organization=organization,
        state=JobState.CANCELLED,
        problem_kind=ProblemKind.CLOSED,
        finished_at=timezone.now(),
    )

    assert signed_in(teammate).get("/").context["needs"] == []


@pytest.fixture
def approver(organization: Organization) -> User:
    user: User = UserFactory(full_name="Ada Approver")
    MembershipFactory(user=user, organization=organization, role=Role.APPROVER)
    return user


def words_of(client: Client) -> list[str]:
    return [need.word for need in client.get("/").context["needs"]]


def test_an_approval_stands_first_for_whoever_may_decide(
    organization: Organization, approver: User, signed_in: SignIn
) -> None:
    approval = ApprovalFactory(plan__promotion__package__organization=organization, note="Release 7")
    JobFactory(organization=organization, unknown_outcome=True)

    first = signed_in(approver).get("/").context["needs"][0]

    assert (first.word, first.url) == ("Approve", f"/approvals/{approval.pk}/")
    assert first.about.endswith("asked: Release 7")


def test_whoever_asked_and_viewers_are_not_asked_to_approve(
    organization: Organization, approver: User, viewer: User, signed_in: SignIn
) -> None:
    ApprovalFactory(plan__promotion__package__organization=organization, requested_by=approver)

    assert words_of(signed_in(approver)) == words_of(signed_in(viewer)) == []


def test_what_is_approved_waits_to_be_run_until_it_is(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    approval = ApprovalFactory(
        plan__promotion__package__organization=organization,
        state=ApprovalState.APPROVED,
        decided_by=UserFactory(full_name="Ada Approver"),
        decided_at=timezone.now(),
    )
    client = signed_in(teammate)
    before = words_of(client)
    JobFactory(organization=organization, plan=approval.plan, promotion=approval.plan.promotion, running=True)

    after = words_of(client)

    assert (before, after) == (["Approved"], [])


def test_a_rejected_plan_says_who_rejected_it_and_why(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    plan = rejected(organization, requested_by=teammate)

    need = signed_in(teammate).get("/").context["needs"][0]

    assert (need.word, need.url) == ("Rejected", f"/promotions/{plan.promotion.pk}/")
    assert need.about.startswith("Ada Approver rejected it: Wait for legal.")


def test_a_frozen_plan_whose_run_was_cancelled_before_it_was_sent_is_not_forgotten(
    organization: Organization, teammate: User, signed_in: SignIn
) -> None:
    plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)
    JobFactory(organization=organization, plan=plan, promotion=plan.promotion, state=JobState.CANCELLED)

    assert words_of(signed_in(teammate)) == ["Not sent"]


def test_a_viewer_hears_of_packages_only_where_they_have_a_plan(
    organization: Organization, viewer: User, signed_in: SignIn
) -> None:
    soon = timezone.now() + timedelta(days=2)
    planned = PackageFactory(organization=organization, name="Planned", expires_at=soon)
    PackageFactory(organization=organization, name="Somebody else’s", expires_at=soon)
    PlanFactory(promotion__package=planned, promotion__created_by=viewer)

    texts = [need.text for need in signed_in(viewer).get("/").context["needs"]]

    assert "Package “Planned” of Acme expires" in texts
    assert not any("Somebody" in text for text in texts)


def test_what_is_not_shown_is_counted_and_led_to(
    organization: Organization, approver: User, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(needs, "APPROVALS_SHOWN", 2)
    ApprovalFactory.create_batch(3, plan__promotion__package__organization=organization)

    response = signed_in(approver).get("/")

    assert response.context["needs_count"] == "2+"
    assert response.context["needs"][-1].url == "/approvals/"


def test_a_running_count_stops_at_ninety_nine(
    organization: Organization, teammate: User, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promotions.views.home.COUNT_LIMIT", 2)
    JobFactory.create_batch(3, organization=organization, running=True)

    assert signed_in(teammate).get("/").context["running_count"] == "2+"
