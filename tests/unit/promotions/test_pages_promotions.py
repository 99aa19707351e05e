"""Planning a promotion, its page, its name, putting it away."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, Sandbox, User
from promotions.choices import JobState, PlanState
from promotions.models import Job, Package, Plan, Promotion
from promotions.services import plans
from promotions.services.verbs import Verb
from tests.factories import MembershipFactory, SandboxFactory
from tests.factories_promotions import JobFactory, PackageFactory, PlanFactory, PlanItemFactory

SignIn = Callable[[User], Client]


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def viewer(signed_in: SignIn, organization: Organization) -> Client:
    return signed_in(MembershipFactory(organization=organization, role=Role.VIEWER).user)


@pytest.fixture
def package(organization: Organization) -> Package:
    return PackageFactory(organization=organization, name="Loyalty", source_sandbox="dev")


@pytest.fixture
def stage(organization: Organization) -> Sandbox:
    return SandboxFactory(organization=organization, name="stage")


def form_of(package: Package) -> str:
    return reverse("promotions:promotion-create", args=[package.pk])


def page_of(promotion: Promotion) -> str:
    return reverse("promotions:promotion-detail", args=[promotion.pk])


def test_the_form_offers_active_sandboxes_other_than_the_source(
    browser: Client, package: Package, stage: Sandbox, organization: Organization
) -> None:
    SandboxFactory(organization=organization, name="dev")
    SandboxFactory(organization=organization, name="asleep", state="inactive")
    SandboxFactory(organization=organization, name="prod", production=True)
    SandboxFactory(name="elsewhere")

    response = browser.get(form_of(package))

    assert [target.name for target in response.context["targets"]] == ["prod", "stage"]
    assert 'value="Loyalty"' in response.content.decode()


def test_planning_makes_a_promotion_and_queues_its_gathering(browser: Client, package: Package, stage: Sandbox) -> None:
    response = browser.post(
        form_of(package), {"sandbox": stage.pk, "job_name": "Loyalty to stage", "job_description": "For the pilot"}
    )

    promotion = Promotion.objects.get()
    assert response["Location"] == page_of(promotion)
    assert (promotion.target_sandbox, promotion.job_name) == (stage, "Loyalty to stage")
    assert promotion.current_plan.state == PlanState.GATHERING
    assert Job.objects.filter(kind=plans.PLAN_KIND, state=JobState.QUEUED).count() == 1
    assert AuditEvent.objects.filter(verb=Verb.PROMOTION_PLANNED).count() == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sandbox": []}, "Choose the sandbox to import into."),
        ({"sandbox": "999999"}, "That sandbox is not offered here."),
        ({"job_name": "x" * 201}, "at most 200 characters"),
        ({"job_name": ""}, "This field is required."),
    ],
)
def test_an_incomplete_form_is_refused_and_keeps_what_was_typed(
    browser: Client, package: Package, stage: Sandbox, changed: dict[str, Any], message: str
) -> None:
    sent = {"sandbox": str(stage.pk), "job_name": "Loyalty", "job_description": "For the pilot", **changed}

    response = browser.post(form_of(package), sent)

    text = response.content.decode()
    assert response.status_code == 422
    assert message in text
    assert "For the pilot" in text
    assert not Promotion.objects.exists()


def test_an_expired_package_is_refused_in_words(browser: Client, organization: Organization, stage: Sandbox) -> None:
    package = PackageFactory(organization=organization, expired=True)

    shown = browser.get(form_of(package)).content.decode()
    response = browser.post(form_of(package), {"sandbox": stage.pk, "job_name": "Loyalty"})

    assert "It has expired" in shown
    assert response.status_code == 422
    assert "cannot be imported: it expired on" in response.content.decode()


def test_without_a_target_the_form_says_so(browser: Client, package: Package) -> None:
    response = browser.get(form_of(package))

    assert "No sandbox to import into" in response.content.decode()


def test_a_viewer_may_not_plan(viewer: Client, package: Package, stage: Sandbox) -> None:
    response = viewer.post(form_of(package), {"sandbox": stage.pk, "job_name": "Loyalty"})

    assert response.status_code == 403
    assert not Promotion.objects.exists()


# The page


def test_the_page_polls_while_facts_are_gathered(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization, gathering=True)
    JobFactory(
        organization=organization,
        kind=plans.PLAN_KIND,
        plan=plan,
        marker=None,
        state=JobState.RUNNING,
        progress_text="Reading dependencies, level 2",
    )

    text = browser.get(page_of(plan.promotion)).content.decode()

    assert "Reading dependencies, level 2" in text
    assert f'hx-get="{reverse("promotions:plan-status", args=[plan.pk])}"' in text
    assert 'id="resolution"' not in text


def test_a_plan_that_opens_while_its_page_is_made_is_not_called_failed(
    browser: Client, organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = PlanFactory(promotion__package__organization=organization, gathering=True)
    job = JobFactory(organization=organization, kind=plans.PLAN_KIND, plan=plan, marker=None, state=JobState.RUNNING)
    look = plans.gathering_job

    def look_after_the_end(asked: Plan) -> Job | None:
        Plan.objects.filter(pk=plan.pk).update(state=PlanState.OPEN, gathered_at=timezone.now())
        Job.objects.filter(pk=job.pk).update(state=JobState.SUCCEEDED)
        return look(asked)

    monkeypatch.setattr(plans, "gathering_job", look_after_the_end)

    text = browser.get(reverse("promotions:plan-status", args=[plan.pk])).content.decode()

    assert "could not be gathered" not in text
    assert 'id="plan-counts"' in text


def test_a_gathering_that_failed_names_its_reason_and_offers_another_try(
    browser: Client, organization: Organization
) -> None:
    plan = PlanFactory(promotion__package__organization=organization, gathering=True)
    JobFactory(
        organization=organization,
        kind=plans.PLAN_KIND,
        plan=plan,
        marker=None,
        state=JobState.FAILED,
        problem="The platform did not answer.",
    )

    text = browser.get(page_of(plan.promotion)).content.decode()

    assert "The platform did not answer." in text
    assert "Try again" in text
    assert "hx-trigger" not in text.partition('id="plan"')[2].partition("<form")[0]


def test_an_open_plan_does_not_poll(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)

    text = browser.get(page_of(plan.promotion)).content.decode()

    assert "hx-get" not in text.partition('id="plan"')[2].partition(">")[0]


def test_changes_and_blockers_are_told(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(
        promotion__package__organization=organization,
        changes=[
            "The package's revision at the platform was 1 and is now 2.",
            "The target now holds something like PROFILE_SEGMENT segment-1.",
        ],
        blockers=["The package is draft."],
    )
    PlanItemFactory(plan=plan, type="PROFILE_SEGMENT", remote_id="segment-1", title="Gold members")

    text = browser.get(page_of(plan.promotion)).content.decode()

    assert "revision at the platform was 1 and is now 2." in text
    assert "now holds something like Audience “Gold members”." in text
    assert "This cannot run, whatever is decided" in text
    assert "The package is draft." in text


def test_missing_rights_are_shown_with_a_text_for_the_administrator(
    browser: Client, organization: Organization
) -> None:
    plan = PlanFactory(
        promotion__package__organization=organization,
        display={
            "matrix": [
                {
                    "resource": "Segment",
                    "permissions": {"read": {"needed": 2, "missing": 0}, "write": {"needed": 2, "missing": 1}},
                }
            ]
        },
    )
    PlanItemFactory(
        plan=plan,
        title="Gold members",
        type="PROFILE_SEGMENT",
        missing_right=True,
        missing_rights=[{"resource": "Segment", "permissions": ["write"]}],
    )

    response = browser.get(page_of(plan.promotion))

    text = response.content.decode()
    assert "missing for 1 object<" in text
    assert "granted, needed by 2" in text
    assert "- Segment: write (for Audience Gold members)" in response.context["request_text"]
    assert plan.promotion.target_sandbox.name in response.context["request_text"]


def test_a_decided_plan_into_production_asks_for_an_approval_instead_of_running(
    browser: Client, organization: Organization
) -> None:
    prod = SandboxFactory(organization=organization, name="prod", production=True)
    plan = PlanFactory(promotion__package__organization=organization, promotion__target_sandbox=prod)
    PlanItemFactory(plan=plan, free=True)

    text = browser.get(page_of(plan.promotion)).content.decode()

    assert "prod is production. Somebody else has to approve it." in text
    assert reverse("promotions:plan-request-approval", args=[plan.pk]) in text
    assert reverse("promotions:plan-run", args=[plan.pk]) not in text


def test_a_plan_that_was_run_is_frozen_and_leads_to_its_job(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)
    item = PlanItemFactory(plan=plan, decision="create")
    job = JobFactory(organization=organization, plan=plan, promotion=plan.promotion, running=True)

    text = browser.get(page_of(plan.promotion)).content.decode()

    assert reverse("promotions:job-detail", args=[job.pk]) in text
    assert reverse("promotions:plan-item-decide", args=[item.pk]) not in text
    assert 'hx-trigger="every 5s"' in text


def test_an_older_revision_can_be_read_and_not_changed(browser: Client, organization: Organization) -> None:
    old = PlanFactory(promotion__package__organization=organization, state=PlanState.SUPERSEDED)
    item = PlanItemFactory(plan=old, title="From the first revision")
    PlanFactory(promotion=old.promotion, revision=2)

    newest = browser.get(page_of(old.promotion)).content.decode()
    text = browser.get(f"{page_of(old.promotion)}?revision=1").content.decode()

    assert "?revision=1" in newest
    assert "From the first revision" in text
    assert "A newer revision of this plan exists." in text
    assert reverse("promotions:plan-item-decide", args=[item.pk]) not in text


@pytest.mark.parametrize(("revision", "status"), [("7", 404), ("first", 400)])
def test_a_revision_that_does_not_exist_is_refused(
    browser: Client, organization: Organization, revision: str, status: int
) -> None:
    plan = PlanFactory(promotion__package__organization=organization)

    response = browser.get(f"{page_of(plan.promotion)}?revision={revision}")

    assert response.status_code == status


def test_a_promotion_of_others_does_not_exist(browser: Client) -> None:
    response = browser.get(page_of(PlanFactory().promotion))

    assert response.status_code == 404


def test_a_viewer_reads_the_candidates_without_deciding(viewer: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    item = PlanItemFactory(plan=plan, title="Loyalty member")

    text = viewer.get(page_of(plan.promotion)).content.decode()

    assert "exact title, proposed first" in text
    assert "disabled" in text
    assert reverse("promotions:plan-item-decide", args=[item.pk]) not in text
    assert "Running needs the role operator." in text


def test_the_number_of_queries_does_not_grow_with_the_objects(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    PlanItemFactory.create_batch(3, plan=plan)
    browser.get(page_of(plan.promotion))
    with CaptureQueriesContext(connection) as few:
        browser.get(page_of(plan.promotion))
    PlanItemFactory.create_batch(60, plan=plan)
    with CaptureQueriesContext(connection) as many:
        browser.get(page_of(plan.promotion))

    assert len(many) == len(few)


def test_a_thousand_objects_come_in_pages(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    type(plan.items.create(key="a", position=0)).objects.bulk_create(
        PlanItemFactory.build(plan=plan, position=number) for number in range(1, 1000)
    )

    first = browser.get(page_of(plan.promotion))
    last = browser.get(f"{page_of(plan.promotion)}?page=5")

    assert first.context["counts"].total == 1000
    assert len(first.context["rows"]) == 200
    assert last.context["older_url"] == ""
    assert len(last.context["rows"]) == 200


# Name, putting away, list


def test_the_job_can_be_renamed_while_the_plan_is_open(browser: Client, organization: Organization) -> None:
    promotion = PlanFactory(promotion__package__organization=organization).promotion

    response = browser.post(
        reverse("promotions:promotion-edit", args=[promotion.pk]), {"job_name": "New name", "job_description": ""}
    )

    promotion.refresh_from_db()
    assert response["Location"] == page_of(promotion)
    assert promotion.job_name == "New name"


def test_a_frozen_plan_keeps_its_name(browser: Client, organization: Organization) -> None:
    promotion = PlanFactory(promotion__package__organization=organization, state=PlanState.READY).promotion

    response = browser.post(
        reverse("promotions:promotion-edit", args=[promotion.pk]), {"job_name": "New name", "job_description": ""}
    )

    promotion.refresh_from_db()
    assert response.status_code == 409
    assert "This plan is frozen" in response.content.decode()
    assert promotion.job_name != "New name"


def test_a_promotion_can_be_put_away_with_a_reason(browser: Client, organization: Organization) -> None:
    promotion = PlanFactory(promotion__package__organization=organization).promotion

    browser.post(reverse("promotions:promotion-abandon", args=[promotion.pk]), {"reason": "Not needed"})

    promotion.refresh_from_db()
    text = browser.get(page_of(promotion)).content.decode()
    assert promotion.abandoned_at is not None
    assert "This promotion was abandoned." in text
    assert AuditEvent.objects.get(verb=Verb.PROMOTION_ABANDONED).reason == "Not needed"


def test_a_promotion_under_way_is_not_put_away(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)
    JobFactory(organization=organization, plan=plan, promotion=plan.promotion, running=True)

    response = browser.post(reverse("promotions:promotion-abandon", args=[plan.promotion.pk]), {"reason": ""})

    plan.promotion.refresh_from_db()
    assert response.status_code == 409
    assert plan.promotion.abandoned_at is None


def test_the_list_says_of_a_plan_that_was_run_how_that_ended(browser: Client, organization: Organization) -> None:
    plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)
    JobFactory(
        organization=organization,
        kind="packages.import",
        promotion=plan.promotion,
        plan=plan,
        state=JobState.PARTLY_FAILED,
    )

    page = browser.get(reverse("promotions:promotion-list")).content.decode()

    assert "partly failed" in page
    assert ">ready<" not in page


def test_the_list_holds_own_promotions_in_pages(browser: Client, organization: Organization) -> None:
    mine = [PlanFactory(promotion__package__organization=organization).promotion for _ in range(55)]
    PlanFactory()

    response = browser.get(reverse("promotions:promotion-list"))
    following = browser.get(response.context["older_url"])

    found = [row["promotion"] for page in (response, following) for row in page.context["rows"]]
    assert found == mine[::-1]


def test_the_list_needs_the_same_queries_for_more_rows(browser: Client, organization: Organization) -> None:
    url = reverse("promotions:promotion-list")
    PlanFactory(promotion__package__organization=organization)
    browser.get(url)
    with CaptureQueriesContext(connection) as few:
        browser.get(url)
    PlanFactory.create_batch(5, promotion__package__organization=organization)
    with CaptureQueriesContext(connection) as many:
        browser.get(url)

    assert len(many) == len(few)
