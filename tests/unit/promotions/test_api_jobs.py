"""Jobs over the REST API."""

import pytest

from accounts.models import AuditEvent
from promotions.choices import JobState, ProblemKind
from promotions.models import Job
from promotions.systems.packages import kinds
from tests.factories import SandboxFactory
from tests.factories_promotions import JobEventFactory, JobFactory, PackageFactory, TaskResultFactory
from tests.unit.promotions.api_client import ids

pytestmark = pytest.mark.django_db


@pytest.fixture
def made(organization, teammate):
    """One job of each sort that the filters tell apart."""
    return {
        "queued": JobFactory(organization=organization),
        "running": JobFactory(organization=organization, running=True),
        "publish": JobFactory(organization=organization, succeeded=True, kind=kinds.PUBLISH),
        "foreign": JobFactory(organization=organization, running=True, is_foreign=True),
        "routine": JobFactory(organization=organization, is_quiet=True, kind=kinds.SYNCHRONIZE),
        "mine": JobFactory(organization=organization, succeeded=True, requested_by=teammate),
        "placed": JobFactory(
            organization=organization,
            succeeded=True,
            sandbox=SandboxFactory(organization=organization),
            package=PackageFactory(organization=organization),
        ),
    }


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, {"queued", "running", "publish", "foreign", "mine", "placed"}),
        ({"state": "queued"}, {"queued"}),
        ({"state": ["queued", "running"]}, {"queued", "running", "foreign"}),
        ({"kind": "packages.publish"}, {"publish"}),
        ({"foreign": "true"}, {"foreign"}),
        ({"foreign": "false", "state": "running"}, {"running"}),
        ({"routine": "true", "kind": "packages.synchronize"}, {"routine"}),
        ({"created_before": "2000-01-01"}, set()),
        ({"organization": 2**63 - 1}, set()),
    ],
)
def test_filter_keeps_what_fits(operator_api, made, query, wanted) -> None:
    response = operator_api.get("jobs/", **query)

    assert response.status_code == 200
    assert set(ids(response)) == {made[name].pk for name in wanted}


def test_jobs_of_one_person_sandbox_or_package(operator_api, made, teammate) -> None:
    placed = made["placed"]

    assert ids(operator_api.get("jobs/", requested_by=teammate.pk)) == [made["mine"].pk]
    assert ids(operator_api.get("jobs/", sandbox=placed.sandbox_id)) == [placed.pk]
    assert ids(operator_api.get("jobs/", package=placed.package_id)) == [placed.pk]


def test_unknown_state_is_refused(operator_api) -> None:
    response = operator_api.get("jobs/", state="sleeping")

    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["state"]


def test_stranger_sees_no_jobs(stranger_api, made) -> None:
    assert ids(stranger_api.get("jobs/", routine="true")) == []
    assert stranger_api.get(f"jobs/{made['queued'].pk}/").status_code == 404


def test_queries_of_the_list_do_not_grow_with_its_rows(
    operator_api, organization, teammate, django_assert_max_num_queries
) -> None:
    for _ in range(10):
        JobFactory(
            organization=organization,
            succeeded=True,
            requested_by=teammate,
            sandbox=SandboxFactory(organization=organization),
            package=PackageFactory(organization=organization),
        )

    with django_assert_max_num_queries(5):
        response = operator_api.get("jobs/")

    assert len(ids(response)) == 10


def test_detail_shows_the_platforms_words_and_where_to_read_on(operator_api, organization) -> None:
    job = JobFactory(
        organization=organization, running=True, raw={"status": "IN_PROGRESS"}, problem="", progress_done=3
    )

    found = operator_api.get(f"jobs/{job.pk}/").json()

    assert found["kind_label"] == "Import"
    assert found["remote"] == {"status": "IN_PROGRESS"}
    assert (found["remote_status"], found["progress_done"]) == ("IN_PROGRESS", 3)
    assert operator_api.get(found["events_url"]).status_code == 200
    assert operator_api.get(found["results_url"]).status_code == 200


def test_events_and_results_come_in_order_page_by_page(operator_api, organization) -> None:
    job = JobFactory(organization=organization, running=True)
    events = JobEventFactory.create_batch(3, job=job)
    results = [TaskResultFactory(job=job, position=position) for position in (1, 0)]
    JobEventFactory()
    TaskResultFactory()

    first = operator_api.get(f"jobs/{job.pk}/events/", limit=2)
    second = operator_api.get(first.json()["next"])
    found = operator_api.get(f"jobs/{job.pk}/results/")

    assert ids(first) + ids(second) == [event.pk for event in events]
    assert ids(found) == [results[1].pk, results[0].pk]


def test_queued_job_is_cancelled_once(operator_api, organization) -> None:
    job = JobFactory(organization=organization)

    first = operator_api.post(f"jobs/{job.pk}/cancel/")
    second = operator_api.post(f"jobs/{job.pk}/cancel/")

    assert (first.status_code, first.json()["state"]) == (200, JobState.CANCELLED)
    assert second.status_code == 409
    assert AuditEvent.objects.filter(verb="job.cancelled").count() == 1


def test_running_job_is_left_to_itself_and_followed_again(operator_api, organization) -> None:
    job = JobFactory(organization=organization, running=True)

    left = operator_api.post(f"jobs/{job.pk}/stop-following/")
    resumed = operator_api.post(f"jobs/{job.pk}/resume/")

    assert (left.json()["state"], left.json()["problem_kind"]) == (
        JobState.NEEDS_ATTENTION,
        ProblemKind.STOPPED_FOLLOWING,
    )
    assert resumed.json()["state"] == JobState.RUNNING


def test_reading_job_has_nothing_to_stop_following(operator_api, organization) -> None:
    job = JobFactory(organization=organization, running=True, kind=kinds.SYNCHRONIZE, marker=None)

    assert operator_api.post(f"jobs/{job.pk}/stop-following/").status_code == 422


def test_job_of_unknown_outcome_is_adopted(operator_api, organization) -> None:
    job = JobFactory(organization=organization, unknown_outcome=True)

    response = operator_api.post(f"jobs/{job.pk}/adopt/", {"remote_id": "abc", "reason": "Same minute"})

    assert response.status_code == 200
    assert (response.json()["state"], response.json()["remote_id"]) == (JobState.RUNNING, "abc")
    assert AuditEvent.objects.get(verb="job.attention_adopted").reason == "Same minute"


def test_an_id_that_is_too_long_for_one_is_not_adopted(operator_api, organization) -> None:
    job = JobFactory(organization=organization, kind=kinds.IMPORT, state=JobState.NEEDS_ATTENTION)

    response = operator_api.post(f"jobs/{job.pk}/adopt/", {"remote_id": "x" * 101, "reason": "Same minute"})

    assert response.status_code == 422
    assert "at most 100 characters" in response.content.decode()


def test_remote_job_of_another_job_is_not_adopted(operator_api, organization) -> None:
    taken = JobFactory(organization=organization, running=True)
    job = JobFactory(organization=organization, unknown_outcome=True)

    response = operator_api.post(f"jobs/{job.pk}/adopt/", {"remote_id": taken.remote_id, "reason": "?"})

    assert response.status_code == 422
    assert "belongs to another job" in response.json()["detail"]


def test_job_of_unknown_outcome_is_sent_again_or_closed(operator_api, organization) -> None:
    lost, hopeless = JobFactory.create_batch(2, organization=organization, unknown_outcome=True)

    again = operator_api.post(f"jobs/{lost.pk}/retry/", {"reason": "Not in the platform's list"})
    closed = operator_api.post(f"jobs/{hopeless.pk}/close/", {"reason": "Done by hand"})

    assert again.json()["state"] == JobState.QUEUED
    assert (closed.json()["state"], closed.json()["problem_kind"]) == (JobState.CANCELLED, ProblemKind.CLOSED)


@pytest.mark.parametrize("act", ["resume", "adopt", "retry", "close"])
def test_job_that_needs_nobody_is_left_alone(operator_api, organization, act) -> None:
    job = JobFactory(organization=organization, running=True)
    body = {"reason": "x", **({"remote_id": "abc"} if act == "adopt" else {})} if act != "resume" else None

    response = operator_api.post(f"jobs/{job.pk}/{act}/", body)

    job.refresh_from_db()
    assert response.status_code in (409, 422)
    assert job.state == JobState.RUNNING


@pytest.mark.parametrize("act", ["cancel", "stop-following", "resume", "adopt", "retry", "close"])
def test_viewer_and_stranger_may_not_act_on_a_job(viewer_api, stranger_api, organization, act) -> None:
    job = JobFactory(organization=organization)
    body = {"reason": "x", **({"remote_id": "abc"} if act == "adopt" else {})}

    assert viewer_api.post(f"jobs/{job.pk}/{act}/", body).status_code == 403
    assert stranger_api.post(f"jobs/{job.pk}/{act}/", body).status_code == 404
    assert Job.objects.get().state == JobState.QUEUED


@pytest.mark.parametrize("act", ["adopt", "retry", "close"])
def test_act_on_what_is_unknown_needs_a_reason(operator_api, organization, act) -> None:
    job = JobFactory(organization=organization, unknown_outcome=True)

    response = operator_api.post(f"jobs/{job.pk}/{act}/", {"remote_id": "abc"} if act == "adopt" else {"reason": " "})

    assert response.status_code == 400
    assert "reason" in response.json()["errors"]
    assert Job.objects.get().state == JobState.NEEDS_ATTENTION
