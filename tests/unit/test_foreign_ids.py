"""Ids of other people's things, put into forms and bodies where one's own were expected."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from accounts.choices import Role
from accounts.models import AuditEvent, Credential, Invitation, Membership, Organization, Sandbox, User
from accounts.services import people
from promotions.choices import Decision, JobState
from promotions.models import Job, Journey, Package, Plan, PlanItem, Promotion
from tests.factories import (
    ApiTokenFactory,
    CredentialFactory,
    InvitationFactory,
    MembershipFactory,
    OrganizationFactory,
    SandboxFactory,
    UserFactory,
    api_headers,
)
from tests.factories_journeys import JourneyCopyFactory, JourneyFactory
from tests.factories_promotions import JobFactory, PackageFactory, PlanFactory, PlanItemFactory

pytestmark = pytest.mark.django_db


@dataclass
class Side:
    """An organization with one of everything."""

    organization: Organization
    credential: Credential
    sandbox: Sandbox
    package: Package
    journey: Journey
    plan: Plan
    item: PlanItem
    job: Job
    member: Membership
    invitation: Invitation

    @classmethod
    def make(cls, organization: Organization) -> "Side":
        package = PackageFactory(organization=organization)
        plan = PlanFactory(promotion__package=package)
        return cls(
            organization=organization,
            credential=CredentialFactory(organization=organization),
            sandbox=SandboxFactory(organization=organization),
            package=package,
            journey=JourneyFactory(sandbox__organization=organization),
            plan=plan,
            item=PlanItemFactory(plan=plan),
            job=JobFactory(organization=organization, unknown_outcome=True),
            member=MembershipFactory(organization=organization),
            invitation=InvitationFactory(organization=organization, role=Role.VIEWER),
        )


@pytest.fixture
def mine(organization: Organization) -> Side:
    return Side.make(organization)


@pytest.fixture
def theirs(db: None) -> Side:
    return Side.make(OrganizationFactory(name="Secret Globex"))


@pytest.fixture
def attacker(organization: Organization) -> User:
    """Admin of one organization: as much as anybody can be without being administrator."""
    user: User = UserFactory(email="mallory@example.com")
    MembershipFactory(user=user, organization=organization, role=Role.ADMIN)
    return user


def lines() -> int:
    return AuditEvent.objects.count()


def call(user: User, method: str, path: str, body: Any = None) -> Any:
    text = json.dumps(body if body is not None else {})
    return Client().generic(method, f"/api/v1/{path}", text, content_type="application/json", **api_headers(user))


def pages_of(side: Side) -> list[str]:
    pk, plan = side.organization.pk, side.plan.pk
    return [
        f"/settings/organizations/{pk}/",
        f"/settings/organizations/{pk}/edit/",
        f"/settings/organizations/{pk}/delete/",
        f"/settings/organizations/{pk}/sandboxes/",
        f"/settings/organizations/{pk}/members/add/",
        f"/settings/organizations/{pk}/credentials/add/",
        f"/settings/members/{side.member.pk}/",
        f"/settings/members/{side.member.pk}/remove/",
        f"/settings/people/{side.member.user_id}/",
        f"/settings/invitations/{side.invitation.pk}/revoke/",
        *(
            f"/settings/credentials/{side.credential.pk}/{act}"
            for act in ("", "edit/", "secret/", "primary/", "test/", "delete/")
        ),
        f"/packages/synchronization/{pk}/",
        f"/packages/synchronize/{pk}/",
        *(f"/packages/{side.package.pk}/{act}" for act in ("", "dependencies/", "publish/", "plan/")),
        *(f"/journeys/{side.journey.pk}/{act}" for act in ("", "promote/", "read/", "reading/")),
        *(f"/promotions/{side.plan.promotion_id}/{act}" for act in ("", "edit/", "abandon/")),
        *(f"/plans/{plan}/{act}/" for act in ("status", "refresh", "accept-exact", "decide", "undo", "run")),
        f"/plan-items/{side.item.pk}/decide/",
        *(
            f"/jobs/{side.job.pk}/{act}"
            for act in ("", "live/", "row/", "cancel/", "stop-following/", "resume/", "adopt/", "retry/", "close/")
        ),
    ]


def test_nothing_of_another_organization_is_there_under_any_method(
    mine: Side, theirs: Side, attacker: User, signed_in: Any
) -> None:
    browser, before = signed_in(attacker), lines()

    answers = {
        (method, path): getattr(browser, method)(path).status_code
        for path in pages_of(theirs)
        for method in ("get", "post")
    }

    assert {key: status for key, status in answers.items() if status not in (404, 405)} == {}
    assert lines() == before
    assert {browser.get(path).status_code for path in pages_of(mine)} >= {200}


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/packages/",
        "/jobs/?routine=on",
        "/promotions/",
        "/audit/",
        "/settings/people/",
        "/settings/organizations/",
    ],
)
def test_lists_and_their_filters_do_not_name_another_organization(
    mine: Side, theirs: Side, attacker: User, signed_in: Any, path: str
) -> None:
    people.set_membership(user=theirs.member.user, organization=theirs.organization, role=Role.ADMIN, actor=None)

    shown = signed_in(attacker).get(path).content.decode()

    assert "Secret Globex" not in shown
    assert theirs.package.name not in shown
    assert theirs.member.user.email not in shown


@pytest.mark.parametrize(
    "query",
    [
        "packages/?organization={0.organization.pk}",
        "jobs/?organization={0.organization.pk}",
        "jobs/?sandbox={0.sandbox.pk}&routine=true",
        "jobs/?package={0.package.pk}",
        "jobs/?promotion={0.plan.promotion_id}",
        "jobs/?requested_by={0.member.user_id}",
        "promotions/?sandbox={0.plan.promotion.target_sandbox_id}",
        "promotions/?organization={0.organization.pk}",
        "promotions/?journey={0.journey.pk}",
        "journeys/?organization={0.organization.pk}",
        "journey-copies/?journey={0.journey.pk}",
        "sandboxes/?organization={0.organization.pk}",
        "audit/?organization={0.organization.pk}",
        "audit/?person={0.member.user_id}",
    ],
)
def test_filters_of_the_api_open_no_other_organization(theirs: Side, attacker: User, query: str) -> None:
    Job.objects.update(sandbox=theirs.sandbox, package=theirs.package, requested_by=theirs.member.user)
    Promotion.objects.update(system="journeys", pick_key=theirs.journey.pick_key)
    JourneyCopyFactory(
        job=theirs.job, promotion=theirs.plan.promotion, target_sandbox=theirs.sandbox,
        source_sandbox_name=theirs.journey.sandbox.name, source_uid=theirs.journey.uid,
    )  # fmt: skip

    answer = call(attacker, "GET", query.format(theirs))

    assert answer.status_code == 200
    assert answer.json()["results"] == []


@pytest.mark.parametrize(
    ("own", "foreign"),
    [("package", "sandbox"), ("sandbox", "package"), ("journey", "sandbox"), ("sandbox", "journey")],
)
def test_a_promotion_mixes_no_organizations(mine: Side, theirs: Side, attacker: User, own: str, foreign: str) -> None:
    ids = {own: getattr(mine, own).pk, foreign: getattr(theirs, foreign).pk}
    before = Promotion.objects.count()

    answer = call(attacker, "POST", "promotions/", ids)
    absent = call(attacker, "POST", "promotions/", {**ids, foreign: 10**9})

    assert (answer.status_code, absent.status_code) == (422, 422)
    assert answer.json()["detail"] == absent.json()["detail"].replace(str(10**9), str(ids[foreign]))
    assert Promotion.objects.count() == before


def test_a_form_takes_no_sandbox_of_another_organization(
    mine: Side, theirs: Side, attacker: User, signed_in: Any
) -> None:
    MembershipFactory(user=attacker, organization=theirs.organization, role=Role.ADMIN)
    before = Promotion.objects.count()

    answer = signed_in(attacker).post(
        f"/packages/{mine.package.pk}/plan/", {"sandbox": theirs.sandbox.pk, "job_name": "x"}
    )

    assert answer.status_code == 422
    assert Promotion.objects.count() == before


def test_items_of_another_plan_are_not_decided_through_mine(
    mine: Side, theirs: Side, attacker: User, signed_in: Any
) -> None:
    sibling = PlanItemFactory(plan__promotion__package__organization=mine.organization)
    browser = signed_in(attacker)

    answers = [
        call(
            attacker,
            "POST",
            f"plans/{mine.plan.pk}/decide/",
            {"decisions": [{"item": mine.item.pk, "decision": "create"}, {"item": item.pk, "decision": "create"}]},
        ).status_code
        for item in (theirs.item, sibling)
    ]
    pages = [
        browser.post(f"/plans/{mine.plan.pk}/decide/", {"act": "create", "item": [item.pk]}, HTTP_HX_REQUEST="true")
        for item in (theirs.item, sibling)
    ]

    assert answers == [409, 409]
    assert [page.status_code for page in pages] == [422, 422]
    assert set(PlanItem.objects.values_list("decision", flat=True)) == {Decision.UNDECIDED}


def test_a_target_that_is_not_offered_is_not_chosen(mine: Side, theirs: Side, attacker: User) -> None:
    foreign = theirs.item.choices[0]["target"]["id"]

    answer = call(
        attacker,
        "POST",
        f"plans/{mine.plan.pk}/decide/",
        {"decisions": [{"item": mine.item.pk, "decision": "reuse", "target": foreign}]},
    )

    assert answer.status_code == 422
    mine.item.refresh_from_db()
    assert mine.item.decision == Decision.UNDECIDED


@pytest.mark.parametrize(
    "wish",
    [
        {"is_administrator": "on"},
        {"is_administrator": "true", "organization": "", "role": ""},
        {"organization": "theirs", "role": "admin"},
        {"role": "owner"},
        {"role": "superuser"},
    ],
)
def test_an_invitation_gives_no_more_than_its_maker_has(
    mine: Side, theirs: Side, attacker: User, signed_in: Any, wish: dict[str, str]
) -> None:
    wish = {"email": "friend@example.com", "organization": str(mine.organization.pk), "role": "viewer", **wish}
    if wish["organization"] == "theirs":
        wish["organization"] = str(theirs.organization.pk)

    signed_in(attacker).post("/settings/people/invite/", wish)

    made = Invitation.objects.filter(email="friend@example.com")
    assert not made.filter(is_administrator=True).exists()
    assert not made.exclude(organization=mine.organization).exists()
    assert not made.exclude(role__in=Role.values).exists()


def test_an_admin_brings_nobody_in_whom_they_cannot_see(
    mine: Side, theirs: Side, attacker: User, signed_in: Any
) -> None:
    path = f"/settings/organizations/{mine.organization.pk}/members/add/"

    answer = signed_in(attacker).post(path, {"user": theirs.member.user_id, "role": "viewer"})

    assert answer.status_code == 422
    assert theirs.member.user.email not in answer.content.decode()
    assert not Membership.objects.filter(user=theirs.member.user_id, organization=mine.organization).exists()


def test_nobody_raises_themselves(mine: Side, signed_in: Any) -> None:
    operator = MembershipFactory(organization=mine.organization, role=Role.OPERATOR)
    browser = signed_in(operator.user)

    answers = [
        browser.post(f"/settings/members/{operator.pk}/", {"role": "admin"}).status_code,
        browser.post(f"/settings/people/{operator.user_id}/administrator/", {"is_administrator": "true"}).status_code,
        browser.post(
            "/settings/profile/", {"full_name": "x", "time_zone": "UTC", "is_superuser": "on", "role": "admin"}
        ).status_code,
    ]

    operator.refresh_from_db()
    assert answers == [403, 403, 302]
    assert operator.role == Role.OPERATOR
    assert not User.objects.get(pk=operator.user_id).is_superuser


def test_a_role_taken_away_holds_for_the_next_click_and_the_next_call(mine: Side, signed_in: Any) -> None:
    member = MembershipFactory(organization=mine.organization, role=Role.OPERATOR)
    browser = signed_in(member.user)
    headers = api_headers(member.user)
    before = browser.get(f"/plans/{mine.plan.pk}/run/").status_code
    people.set_membership(user=member.user, organization=mine.organization, role=Role.VIEWER, actor=None)

    demoted = browser.post(f"/plans/{mine.plan.pk}/run/").status_code
    demoted_api = Client().post(f"/api/v1/plans/{mine.plan.pk}/run/", **headers).status_code
    people.remove_membership(membership=Membership.objects.get(pk=member.pk), actor=None)
    removed = browser.get(f"/plans/{mine.plan.pk}/status/").status_code
    removed_api = Client().get(f"/api/v1/plans/{mine.plan.pk}/", **headers).status_code

    assert (before, demoted, demoted_api, removed, removed_api) == (200, 403, 403, 404, 404)


def test_a_deactivated_person_is_out_at_once_everywhere(mine: Side, administrator: User, signed_in: Any) -> None:
    member = MembershipFactory(organization=mine.organization, role=Role.ADMIN)
    ApiTokenFactory(user=member.user, text="tow_of-the-one-who-left")
    browser = signed_in(member.user)
    people.deactivate(user=member.user, actor=administrator)

    page = browser.get("/jobs/")
    api = Client().get("/api/v1/jobs/", HTTP_AUTHORIZATION="Bearer tow_of-the-one-who-left")
    back = Client().post("/accounts/login/", {"login": member.user.email, "password": "a long towing rope of 1827"})

    assert page["Location"].startswith("/accounts/login/")
    assert api.status_code == 401
    assert "_auth_user_id" not in back.client.session


def test_a_remote_job_of_another_organization_may_carry_the_same_id(mine: Side, theirs: Side, attacker: User) -> None:
    Job.objects.filter(pk=theirs.job.pk).update(remote_id="r-1", state=JobState.RUNNING)

    answer = call(attacker, "POST", f"jobs/{theirs.job.pk}/adopt/", {"remote_id": "r-1", "reason": "mine"})

    assert answer.status_code == 404


def test_a_deleted_organization_is_there_for_nobody(
    mine: Side, attacker: User, administrator: User, signed_in: Any
) -> None:
    Organization.objects.filter(pk=mine.organization.pk).update(deleted_at="2026-01-01T00:00:00Z")

    kept = ("/settings/people/", "/settings/invitations/")  # these belong to people

    answers = {
        (person.email, path): browser.get(path).status_code
        for person in (attacker, administrator)
        for browser in [signed_in(person)]
        for path in pages_of(mine)
        if not path.startswith(kept)
    }

    assert {key: status for key, status in answers.items() if status not in (404, 405)} == {}


def test_people_are_not_told_apart_by_a_refused_sign_in(attacker: User) -> None:
    unknown = UserFactory.build().email

    pages = [
        Client().post("/accounts/login/", {"login": email, "password": "wrong"}).content.decode().replace(email, "…")
        for email in (attacker.email, unknown)
    ]
    resets = [
        Client().post("/accounts/password/reset/", {"email": email})["Location"] for email in (attacker.email, unknown)
    ]

    assert [page.count("not correct") for page in pages] == [1, 1]
    assert resets[0] == resets[1]
