"""The list of jobs."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Organization, User
from promotions import keyset
from promotions.choices import JobState
from promotions.job_lists import JobList
from promotions.models import Job
from promotions.queries import JobFilters
from promotions.systems.packages import kinds
from promotions.views.job_pages import FEW_LIVE_ROWS
from tests.factories import MembershipFactory, SandboxFactory
from tests.factories_promotions import JobFactory, TaskResultFactory

SignIn = Callable[[User], Client]


@pytest.fixture
def browser(teammate: User, signed_in: SignIn) -> Client:
    return signed_in(teammate)


def listed(browser: Client, **query: Any) -> set[int]:
    answer = browser.get("/jobs/", query)
    assert answer.status_code == 200
    return {row.job.pk for row in answer.context["rows"]}


@pytest.mark.parametrize(
    ("wanted", "states"),
    [
        ("active", {"queued", "submitting", "running"}),
        ("attention", {"needs_attention"}),
        ("finished", {"succeeded", "succeeded_with_warnings", "partly_failed", "failed", "cancelled"}),
        ("failed", {"failed"}),
    ],
)
def test_a_state_or_a_group_of_states_narrows_the_list(
    organization: Organization, browser: Client, wanted: str, states: set[str]
) -> None:
    by_state = {state: JobFactory(organization=organization, state=state).pk for state in JobState.values}

    assert listed(browser, state=wanted) == {by_state[state] for state in states}


def test_jobs_can_be_narrowed_by_sandbox_person_and_origin(
    organization: Organization, teammate: User, owner: User, browser: Client
) -> None:
    sandbox = SandboxFactory(organization=organization)
    there = JobFactory(organization=organization, sandbox=sandbox)
    asked = JobFactory(organization=organization, requested_by=owner)
    foreign = JobFactory(organization=organization, is_foreign=True, marker=None)

    assert listed(browser, sandbox=sandbox.pk) == {there.pk}
    assert listed(browser, person=owner.pk) == {asked.pk}
    assert listed(browser, origin="elsewhere") == {foreign.pk}
    assert listed(browser, origin="here") == {there.pk, asked.pk}


def test_routine_reads_are_left_out_unless_they_or_their_kind_are_asked_for(
    organization: Organization, browser: Client
) -> None:
    routine = JobFactory(organization=organization, kind=kinds.SYNCHRONIZE, marker=None, is_quiet=True)
    wanted = JobFactory(organization=organization)

    assert listed(browser) == {wanted.pk}
    assert listed(browser, routine="on") == {wanted.pk, routine.pk}
    assert listed(browser, kind=kinds.SYNCHRONIZE) == {routine.pk}


def test_both_days_of_a_range_are_included(organization: Organization, browser: Client) -> None:
    now = timezone.now().replace(hour=23, minute=30)
    today = JobFactory(organization=organization, created_at=now)
    JobFactory(organization=organization, created_at=now - timedelta(days=2))
    day = now.date().isoformat()

    assert listed(browser, since=day, until=day) == {today.pk}


def test_jobs_of_other_organizations_are_not_listed(
    organization: Organization, stranger: User, signed_in: SignIn
) -> None:
    JobFactory(organization=organization)

    assert listed(signed_in(stranger)) == set()


@pytest.mark.parametrize(
    "query",
    [{"state": "wrong"}, {"since": "yesterday"}, {"organization": "999"}, {"package": "x"}, {"person": "-1"}],
)
def test_a_filter_that_makes_no_sense_is_answered_with_422_and_no_rows(
    organization: Organization, browser: Client, query: dict[str, str]
) -> None:
    JobFactory(organization=organization)

    answer = browser.get("/jobs/", query)

    assert answer.status_code == 422
    assert answer.context["rows"] == []


def test_a_folded_filter_that_is_set_stays_in_sight(browser: Client) -> None:
    folded = browser.get("/jobs/", {"state": "failed"}).content.decode()
    unfolded = browser.get("/jobs/", {"origin": "here"}).content.decode()

    assert '<details class="filters-more">' in folded
    assert '<details class="filters-more" open>' in unfolded


def test_a_filter_by_another_organizations_sandbox_is_refused(browser: Client) -> None:
    foreign = SandboxFactory()

    assert browser.get("/jobs/", {"sandbox": foreign.pk}).status_code == 422


def test_a_cursor_that_is_none_of_ours_is_refused(browser: Client) -> None:
    assert browser.get("/jobs/", {"cursor": "nonsense"}).status_code == 400


def test_pages_lead_to_older_and_newer_jobs_and_keep_the_filter(
    organization: Organization, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(JobList.page, "__kwdefaults__", {"size": 2})
    jobs = [
        JobFactory(organization=organization, created_at=timezone.now() - timedelta(hours=number))
        for number in range(3)
    ]

    first = browser.get("/jobs/", {"state": "queued"})
    second = browser.get(first.context["older_url"])
    back = browser.get(second.context["newer_url"])

    assert [row.job.pk for row in first.context["rows"]] == [jobs[0].pk, jobs[1].pk]
    assert [row.job.pk for row in second.context["rows"]] == [jobs[2].pk]
    assert [row.job.pk for row in back.context["rows"]] == [jobs[0].pk, jobs[1].pk]
    assert "state=queued" in first.context["older_url"]
    assert first.context["newer_url"] == second.context["older_url"] == ""


def test_a_page_over_several_organizations_is_in_order(
    organization: Organization, teammate: User, browser: Client
) -> None:
    other = MembershipFactory(user=teammate).organization
    now = timezone.now()
    jobs = [
        JobFactory(organization=(organization, other)[number % 3 == 0], created_at=now - timedelta(hours=number))
        for number in range(9)
    ]
    found = JobList(teammate, JobFilters())

    first = found.page(Job.objects.all(), size=4)
    second = found.page(Job.objects.all(), first.older, size=4)
    back = found.page(Job.objects.all(), second.newer, size=4)

    assert [job.pk for job in first.rows] == [job.pk for job in jobs[:4]]
    assert [job.pk for job in second.rows] == [job.pk for job in jobs[4:8]]
    assert [job.pk for job in back.rows] == [job.pk for job in jobs[:4]]
    assert [row.job.pk for row in browser.get("/jobs/").context["rows"]] == [job.pk for job in jobs]


def test_the_count_stops_at_a_thousand(organization: Organization, browser: Client) -> None:
    template = JobFactory.build(organization=organization)
    Job.objects.bulk_create(
        Job(kind=template.kind, title="Many", organization=organization, state=JobState.SUCCEEDED)
        for _ in range(keyset.COUNT_LIMIT + 5)
    )

    assert browser.get("/jobs/").context["shown"] == "1,000+ jobs"


def test_a_live_row_asks_for_itself_and_a_finished_one_does_not(organization: Organization, browser: Client) -> None:
    live = JobFactory(organization=organization, running=True)
    over = JobFactory(organization=organization, succeeded=True)

    page = browser.get("/jobs/").content.decode()

    assert f'hx-get="/jobs/{live.pk}/row/?every=5"' in page
    assert f'hx-get="/jobs/{over.pk}/row/' not in page


def test_many_live_rows_ask_less_often(organization: Organization, browser: Client) -> None:
    JobFactory.create_batch(FEW_LIVE_ROWS + 1, organization=organization, running=True)

    page = browser.get("/jobs/").content.decode()

    assert page.count('row/?every=20"') == FEW_LIVE_ROWS + 1


def test_the_row_of_a_job_that_has_ended_stops_asking(organization: Organization, browser: Client) -> None:
    job = JobFactory(organization=organization, succeeded=True, result={"outcomes": {"created": 2, "failed": 1}})

    row = browser.get(f"/jobs/{job.pk}/row/?every=20").content.decode()

    assert row.lstrip().startswith(f'<tr id="job-{job.pk}"')
    assert "hx-get" not in row
    assert "2 created, 1 failed" in row


def test_a_job_from_elsewhere_carries_a_mark_and_its_author(organization: Organization, browser: Client) -> None:
    JobFactory(
        organization=organization, is_foreign=True, marker=None, running=True, result={"created_by": "somebody@adobe"}
    )

    page = browser.get("/jobs/").content.decode()

    assert "started elsewhere</span>" in page
    assert "somebody@adobe" in page


def test_an_empty_list_teaches_and_an_empty_result_says_what_to_drop(browser: Client) -> None:
    assert "No jobs yet" in browser.get("/jobs/").content.decode()
    assert "No job fits the filter" in browser.get("/jobs/?state=failed").content.decode()


def test_the_number_of_queries_does_not_grow_with_the_rows(
    organization: Organization, owner: User, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def fill(number: int) -> None:
        for _ in range(number):
            sandbox = SandboxFactory(organization=organization)
            TaskResultFactory(job=JobFactory(organization=organization, sandbox=sandbox, running=True))
            JobFactory(
                organization=organization, succeeded=True, requested_by=owner, result={"outcomes": {"created": 1}}
            )

    fill(1)
    with django_assert_max_num_queries(100) as few:
        browser.get("/jobs/")
    fill(15)

    with django_assert_max_num_queries(100) as many:
        browser.get("/jobs/")

    assert len(many) == len(few) <= 17
