"""Retrying what failed and running again, on the pages of jobs and promotions."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import JobState, PlanState, ProblemKind, ResultOutcome
from promotions.models import Job, Package, Promotion
from promotions.services import repeats
from promotions.services.verbs import Verb
from tests.factories import MembershipFactory
from tests.factories_promotions import JobFactory, PlanFactory, TaskResultFactory

SignIn = Callable[[User], Client]


@pytest.fixture
def browser(signed_in: SignIn, teammate: User) -> Client:
    return signed_in(teammate)


@pytest.fixture
def viewer(signed_in: SignIn, organization: Organization) -> Client:
    return signed_in(MembershipFactory(organization=organization, role=Role.VIEWER).user)


def ended(organization: Organization, **fields: Any) -> Job:
    """An import that was planned here, sent, and is over."""
    plan = PlanFactory(promotion__package__organization=organization, state=PlanState.READY)
    values: dict[str, Any] = {
        "state": JobState.PARTLY_FAILED,
        "finished_at": timezone.now(),
        "submit_count": 1,
        "plan": plan,
        "promotion": plan.promotion,
    }
    job: Job = JobFactory(
        organization=organization,
        package=plan.promotion.package,
        sandbox=plan.promotion.target_sandbox,
        **{**values, **fields},
    )
    return job


@pytest.fixture
def failed(organization: Organization) -> Job:
    """Two created, one failed, one unknown."""
    job = ended(organization)
    for outcome in (ResultOutcome.CREATED, ResultOutcome.CREATED, ResultOutcome.FAILED, ResultOutcome.UNKNOWN):
        TaskResultFactory(job=job, outcome=outcome, new_id="new" if outcome == ResultOutcome.CREATED else "")
    return job


def job_page(browser: Client, job: Job) -> str:
    return browser.get(reverse("promotions:job-detail", args=[job.pk])).content.decode()


def promotion_page(browser: Client, promotion: Promotion | None) -> str:
    assert promotion is not None
    return browser.get(reverse("promotions:promotion-detail", args=[promotion.pk])).content.decode()


def retry_url(job: Job) -> str:
    return reverse("promotions:job-retry-failed", args=[job.pk])


def test_the_retry_is_offered_with_its_number_on_both_pages(browser: Client, failed: Job) -> None:
    pages = [job_page(browser, failed), promotion_page(browser, failed.promotion)]

    assert all("Retry what failed (2)" in page and retry_url(failed) in page for page in pages)


def test_the_question_says_with_numbers_what_becomes_of_each_object(browser: Client, failed: Job) -> None:
    text = browser.get(retry_url(failed)).content.decode()

    assert f"2 objects that job {failed.pk} created are used as existing, so that none comes twice." in text
    assert "1 object that failed is decided as before." in text
    assert "1 object of which nothing is known is for you to decide." in text
    assert Promotion.objects.count() == 1


def test_the_retry_leads_to_its_plan_and_both_lead_to_each_other(browser: Client, failed: Job) -> None:
    answer = browser.post(retry_url(failed))

    promotion = Promotion.objects.get(origin_job=failed)
    assert answer["Location"] == reverse("promotions:promotion-detail", args=[promotion.pk])
    assert f'This retries <a href="/jobs/{failed.pk}/">job {failed.pk}</a>' in promotion_page(browser, promotion)
    assert f'retried by <a href="/promotions/{promotion.pk}/">' in promotion_page(browser, failed.promotion)
    text = job_page(browser, failed)
    assert f'<dt>Retried by</dt><dd><a href="/promotions/{promotion.pk}/">' in text
    assert f"Promotion {promotion.pk} retries it already." in text
    assert f'href="{retry_url(failed)}"' not in text
    assert AuditEvent.objects.filter(verb=Verb.RUN_REPEATED).count() == 1


def test_a_second_click_makes_no_second_retry(browser: Client, failed: Job) -> None:
    browser.post(retry_url(failed))

    again = browser.post(retry_url(failed))

    assert again.status_code == 422
    assert "retries it already. Go on there, or put that one away first." in again.content.decode()
    assert Promotion.objects.filter(origin_job=failed).count() == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"state": JobState.SUCCEEDED}, "Nothing of it failed."),
        ({"state": JobState.FAILED, "submit_count": 0}, "Nothing of it was sent. Run its plan instead."),
        ({"state": JobState.RUNNING, "finished_at": None}, "It is not over yet."),
        ({"state": JobState.NEEDS_ATTENTION, "finished_at": None}, "It is not over yet."),
        ({"plan": None, "promotion": None}, "It was not planned here, so there is no plan to repeat."),
    ],
)
def test_what_cannot_be_retried_offers_no_button_and_says_why(
    browser: Client, organization: Organization, fields: dict[str, Any], reason: str
) -> None:
    job = ended(organization, **fields)

    text = job_page(browser, job)
    answer = browser.post(retry_url(job))

    assert retry_url(job) not in text
    assert repeats.reason_not_to_retry(job) == reason
    assert answer.status_code == 422
    assert not Promotion.objects.filter(origin_job=job).exists()


def test_an_entire_sandbox_is_not_retried_in_part(browser: Client, organization: Organization) -> None:
    job = ended(organization)
    Package.objects.update(package_type="FULL")

    text = job_page(browser, job)

    assert "An entire sandbox cannot be imported in part: all of it would be created once more." in text
    assert browser.post(retry_url(job)).status_code == 422


def test_a_retry_of_an_expired_package_is_refused_in_words(browser: Client, failed: Job) -> None:
    Package.objects.update(expires_at=timezone.now())

    answer = browser.post(retry_url(failed))

    assert answer.status_code == 422
    assert "cannot be imported: it expired on" in answer.content.decode()


def test_a_job_that_was_closed_unseen_may_be_retried(browser: Client, organization: Organization) -> None:
    job = ended(organization, state=JobState.CANCELLED, problem_kind=ProblemKind.CLOSED)

    assert "Retry what failed</a>" in job_page(browser, job)


def test_a_viewer_gets_no_button_and_no_retry(viewer: Client, failed: Job) -> None:
    text = job_page(viewer, failed)

    answers = [viewer.get(retry_url(failed)).status_code, viewer.post(retry_url(failed)).status_code]
    assert "Retry what failed" not in text
    assert answers == [403, 403]


def test_running_again_asks_first_and_decides_nothing(browser: Client, failed: Job) -> None:
    url = reverse("promotions:promotion-run-again", args=[failed.promotion_id])
    shown = promotion_page(browser, failed.promotion)
    question = browser.get(url).content.decode()

    answer = browser.post(url)

    newer = Promotion.objects.latest("pk")
    assert f'href="{url}"' in shown
    assert "every object is for you to decide" in question
    assert answer["Location"] == reverse("promotions:promotion-detail", args=[newer.pk])
    assert newer.origin_job is None
    assert newer.current_plan.state == PlanState.GATHERING


def test_what_was_never_run_offers_no_running_again(browser: Client, organization: Organization) -> None:
    promotion = PlanFactory(promotion__package__organization=organization).promotion

    assert "Run again" not in promotion_page(browser, promotion)
