"""The page of one job, and what people may do with it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.choices import Role
from accounts.models import AuditEvent, Organization, User
from promotions.choices import (
    Decision,
    JobState,
    ProblemKind,
    ResultOutcome,
    Severity,
    Verification,
)
from promotions.models import Job
from promotions.systems import accounts_jobs
from promotions.systems.packages import kinds
from promotions.views import job_pages
from tests.factories import CredentialFactory, MembershipFactory, SandboxFactory, UserFactory
from tests.factories_promotions import (
    JobEventFactory,
    JobFactory,
    PlanFactory,
    PlanItemFactory,
    TaskResultFactory,
)

SignIn = Callable[[User], Client]


@pytest.fixture
def browser(teammate: User, signed_in: SignIn) -> Client:
    return signed_in(teammate)


@pytest.fixture
def running(organization: Organization) -> Job:
    job: Job = JobFactory(organization=organization, running=True)
    return job


@pytest.fixture
def unsure(organization: Organization) -> Job:
    """Sent, without an answer or a trace."""
    sandbox = SandboxFactory(organization=organization, name="stage")
    job: Job = JobFactory(
        organization=organization,
        sandbox=sandbox,
        unknown_outcome=True,
        submit_at=timezone.now() - timedelta(minutes=10),
        deadline_at=timezone.now() + timedelta(hours=3),
        empty_look_ups=1,
    )
    return job


@pytest.fixture
def stopped(organization: Organization) -> Job:
    job: Job = JobFactory(
        organization=organization,
        running=True,
        state=JobState.NEEDS_ATTENTION,
        problem_kind=ProblemKind.STOPPED_FOLLOWING,
        problem="Tim Teammate stopped following it.",
    )
    return job


def page_of(browser: Client, job: Job, **query: Any) -> str:
    answer = browser.get(f"/jobs/{job.pk}/", query)
    assert answer.status_code == 200
    return answer.content.decode()


def live(browser: Client, job: Job, **query: Any) -> Any:
    return browser.get(f"/jobs/{job.pk}/live/", query, HTTP_HX_REQUEST="true")


# What it shows


def test_an_import_is_named_after_its_job_and_its_target(organization: Organization, browser: Client) -> None:
    sandbox = SandboxFactory(organization=organization, name="stage")
    job = JobFactory(organization=organization, title="Loyalty v3", sandbox=sandbox)

    assert "<h1>Import of “Loyalty v3” into stage</h1>" in page_of(browser, job)


def test_each_object_is_a_segment_and_planned_ones_wait(organization: Organization, browser: Client) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    done = PlanItemFactory(plan=plan, decision=Decision.CREATE, title="Done one")
    PlanItemFactory(plan=plan, decision=Decision.REUSE, title="Waiting one")
    job = JobFactory(organization=organization, plan=plan, running=True)
    TaskResultFactory(job=job, type=done.type, remote_id=done.remote_id, title=done.title)

    segments = browser.get(f"/jobs/{job.pk}/").context["segments"]

    assert [(segment.state, segment.label) for segment in segments] == [
        ("created", "Schema Done one: created"),
        ("pending", "Schema Waiting one: not yet"),
    ]


def test_an_object_the_platform_still_works_on_is_under_way_and_not_unknown(browser: Client, running: Job) -> None:
    TaskResultFactory(job=running, claim="IN_PROGRESS", outcome=ResultOutcome.UNKNOWN)

    context = browser.get(f"/jobs/{running.pk}/").context

    assert [segment.state for segment in context["segments"]] == ["running"]
    assert context["counts"] == {"running": 1}


def test_a_finished_job_waits_for_nothing_and_says_what_was_claimed_and_verified(
    organization: Organization, browser: Client
) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    PlanItemFactory(plan=plan, decision=Decision.REUSE)
    job = JobFactory(organization=organization, plan=plan, succeeded=True, result={"claimed": 17, "verified": 16})
    TaskResultFactory(job=job)

    page = page_of(browser, job)

    assert "claimed 17, verified 16" in page
    assert "not yet" not in page


def test_a_hidden_error_shows_its_cause_the_raw_message_and_stands_on_top(
    organization: Organization, browser: Client
) -> None:
    job = JobFactory(organization=organization, succeeded=True, state=JobState.SUCCEEDED_WITH_WARNINGS)
    TaskResultFactory(job=job, title="Good object")
    TaskResultFactory(
        job=job,
        title="Bad object",
        outcome=ResultOutcome.HIDDEN_ERROR,
        explanation="The platform reports SUCCESS, yet says: HTTP 400, Identity field missing.",
        messages=[{"status": "CREATED", "attempt": 1, "message": '{"status": 400, "title": "<b>raw</b>"}'}],
        verification=Verification.NOT_CONFIRMED,
    )

    page = page_of(browser, job)

    assert "HTTP 400, Identity field missing." in page
    assert "{&quot;status&quot;: 400, &quot;title&quot;: &quot;&lt;b&gt;raw&lt;/b&gt;&quot;}" in page
    assert page.index("Bad object", page.index("<tbody>")) < page.index("Good object", page.index("<tbody>"))
    assert "1 with problems" in page


def test_the_time_line_names_the_actor_and_leads_to_the_first_problem(browser: Client, running: Job) -> None:
    JobEventFactory(job=running, text="Queued.", actor_text="Tim Teammate")
    warning = JobEventFactory(job=running, text="Could not look at it.", severity=Severity.WARNING)

    page = page_of(browser, running, tab="timeline")

    assert "Tim Teammate" in page
    assert f'href="#event-{warning.pk}"' in page


def test_the_decisions_of_the_plan_are_shown_with_who_decided(
    organization: Organization, owner: User, browser: Client
) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    PlanItemFactory(
        plan=plan,
        title="Members",
        decision=Decision.REUSE,
        target={"id": "target-1", "type": "REGISTRY_SCHEMA", "title": "Members there"},
        decided_by=owner,
        decided_at=timezone.now(),
    )
    job = JobFactory(organization=organization, plan=plan, succeeded=True)

    page = page_of(browser, job, tab="decisions")

    assert "Members there" in page
    assert "Olive Owner" in page


def test_the_raw_document_is_shown_escaped(organization: Organization, browser: Client) -> None:
    job = JobFactory(organization=organization, succeeded=True, raw={"name": "</script><script>alert(1)</script>"})

    page = page_of(browser, job, tab="raw")

    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("kind", "result", "words"),
    [
        (accounts_jobs.TEST_CREDENTIAL, {"latency_ms": 812, "message": "3 sandboxes listed"}, "Answered after 812 ms"),
        (
            kinds.SYNCHRONIZE,
            {"read": 36, "changed": 2, "vanished": 1},
            "36 packages read, 2 changed, 1 no longer there.",
        ),
        (accounts_jobs.READ_SANDBOXES, {"created": ["dev"], "updated": [], "vanished": []}, "New: dev."),
        (kinds.DISCOVER_JOBS, {"found": 1}, "1 job found that had been unknown here."),
    ],
)
def test_a_reading_job_says_in_words_what_came_of_it(
    organization: Organization, browser: Client, kind: str, result: dict[str, Any], words: str
) -> None:
    job = JobFactory(organization=organization, kind=kind, marker=None, succeeded=True, remote_id="", result=result)

    page = page_of(browser, job)

    assert words in page
    assert 'aria-label="Parts of this job"' not in page


def test_the_job_that_makes_a_plan_counts_what_it_looked_at(organization: Organization, browser: Client) -> None:
    promotion = PlanFactory(promotion__package__organization=organization).promotion
    job = JobFactory(
        organization=organization, kind="plan", marker=None, succeeded=True, promotion=promotion, result={"objects": 13}
    )

    assert "13 objects looked at in the target." in page_of(browser, job)


def test_a_reading_job_shows_how_far_it_is(organization: Organization, browser: Client) -> None:
    job = JobFactory(
        organization=organization,
        kind=kinds.SYNCHRONIZE,
        marker=None,
        state=JobState.RUNNING,
        progress_text="Reading packages",
        progress_done=100,
        progress_total=400,
    )

    page = page_of(browser, job)

    assert 'max="400" value="100"' in page
    assert "100 of 400" in page


@pytest.mark.parametrize("tab", ["", "objects", "timeline", "decisions", "raw", "nonsense"])
def test_every_tab_answers_for_a_job_with_next_to_nothing(
    organization: Organization, browser: Client, tab: str
) -> None:
    job = JobFactory(organization=organization, is_foreign=True, marker=None, running=True)

    assert "job-live" in page_of(browser, job, tab=tab)


def test_a_long_list_of_objects_is_shown_in_parts(
    organization: Organization, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "OBJECTS_SHOWN", 2)
    job = JobFactory(organization=organization, succeeded=True)
    results = TaskResultFactory.create_batch(3, job=job)

    first = browser.get(f"/jobs/{job.pk}/").context
    second = browser.get(f"/jobs/{job.pk}/", {"tab": "objects", "from": first["after_from"]}).context

    assert [row.result.pk for row in first["objects"]] == [results[0].pk, results[1].pk]
    assert [row.result.pk for row in second["objects"]] == [results[2].pk]
    assert second["after_from"] is None


def test_a_start_that_is_no_number_is_refused(browser: Client, running: Job) -> None:
    assert browser.get(f"/jobs/{running.pk}/", {"from": "x"}).status_code == 400


def test_a_stranger_does_not_learn_that_the_job_exists(running: Job, stranger: User, signed_in: SignIn) -> None:
    assert signed_in(stranger).get(f"/jobs/{running.pk}/").status_code == 404


def test_only_admins_get_a_link_to_the_credential(
    organization: Organization, owner: User, browser: Client, signed_in: SignIn
) -> None:
    credential = CredentialFactory(organization=organization)
    job = JobFactory(organization=organization, kind=accounts_jobs.TEST_CREDENTIAL, marker=None, credential=credential)
    url = f'href="/settings/credentials/{job.credential_id}/"'

    assert url in page_of(signed_in(owner), job)
    assert url not in page_of(browser, job)


def test_the_number_of_queries_does_not_grow_with_the_objects(
    organization: Organization, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    plan = PlanFactory(promotion__package__organization=organization)
    job = JobFactory(
        organization=organization, plan=plan, running=True, watched_until=timezone.now() + timedelta(hours=1)
    )

    def fill(number: int) -> None:
        PlanItemFactory.create_batch(number, plan=plan, decision=Decision.CREATE)
        TaskResultFactory.create_batch(number, job=job)
        JobEventFactory.create_batch(number, job=job)

    for tab in ("objects", "timeline", "decisions", "raw"):
        fill(2)
        with django_assert_max_num_queries(100) as few:
            browser.get(f"/jobs/{job.pk}/", {"tab": tab})
        fill(20)
        with django_assert_max_num_queries(100) as many:
            browser.get(f"/jobs/{job.pk}/", {"tab": tab})

        assert len(many) == len(few) <= 18


# Live


def test_the_page_of_a_live_job_asks_for_itself_and_is_followed_closely(browser: Client, running: Job) -> None:
    page = page_of(browser, running)

    running.refresh_from_db()
    assert 'hx-trigger="every 2s"' in page
    assert running.watched_until is not None
    assert running.watched_until > timezone.now()


def test_a_poll_that_has_seen_the_present_state_gets_nothing(
    browser: Client, running: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "STALE_AFTER_S", 10**9)
    seen = browser.get(f"/jobs/{running.pk}/").context["version"]

    assert live(browser, running, seen=seen).status_code == 204


@pytest.mark.parametrize("change", ["result", "event", "progress", "verification", "end"])
def test_a_poll_after_any_change_gets_the_new_state(
    browser: Client, running: Job, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "STALE_AFTER_S", 10**9)
    first = TaskResultFactory(job=running)
    seen = browser.get(f"/jobs/{running.pk}/").context["version"]
    if change == "result":
        TaskResultFactory(job=running)
    elif change == "event":
        JobEventFactory(job=running)
    elif change == "progress":
        Job.objects.filter(pk=running.pk).update(progress_done=3)
    elif change == "verification":
        type(first).objects.filter(pk=first.pk).update(verification=Verification.CONFIRMED)
    else:
        running.advance(JobState.FAILED, only_from=[JobState.RUNNING], finished_at=timezone.now())

    answer = live(browser, running, seen=seen)

    assert answer.status_code == 200
    assert 'id="job-live"' in answer.content.decode()


def test_the_fragment_of_a_job_that_is_over_stops_asking_and_takes_the_actions_away(
    browser: Client, running: Job
) -> None:
    before = live(browser, running).content.decode()
    running.advance(JobState.SUCCEEDED, only_from=[JobState.RUNNING], finished_at=timezone.now())

    after = live(browser, running).content.decode()

    assert "Stop following" in before
    assert "hx-trigger" not in after
    assert "Stop following" not in after
    assert after.count('hx-swap-oob="true"') == 2
    assert "<!doctype" not in after


def test_the_fragment_opened_as_a_page_leads_to_the_page(browser: Client, running: Job) -> None:
    answer = browser.get(f"/jobs/{running.pk}/live/")

    assert answer["Location"] == f"/jobs/{running.pk}/"


# Cancelling and stopping


def test_a_queued_job_is_cancelled_after_a_question(organization: Organization, browser: Client) -> None:
    job = JobFactory(organization=organization)
    question = browser.get(f"/jobs/{job.pk}/cancel/").content.decode()

    answer = browser.post(f"/jobs/{job.pk}/cancel/", follow=True)

    job.refresh_from_db()
    assert "Nothing will happen at the platform." in question
    assert job.state == JobState.CANCELLED
    assert "It was cancelled." in answer.content.decode()
    assert AuditEvent.objects.filter(verb="job.cancelled", subject_id=str(job.pk)).count() == 1


def test_a_job_that_was_sent_cannot_be_cancelled_and_the_page_says_why(browser: Client, running: Job) -> None:
    answer = browser.post(f"/jobs/{running.pk}/cancel/")

    running.refresh_from_db()
    assert answer.status_code == 409
    assert "has started and cannot be cancelled" in answer.content.decode()
    assert running.state == JobState.RUNNING


def test_stopping_leaves_a_job_that_needs_attention(browser: Client, running: Job) -> None:
    browser.post(f"/jobs/{running.pk}/stop-following/")

    running.refresh_from_db()
    assert running.state == JobState.NEEDS_ATTENTION
    assert running.problem_kind == ProblemKind.STOPPED_FOLLOWING


def test_a_reading_job_cannot_be_left_alone(organization: Organization, browser: Client) -> None:
    job = JobFactory(organization=organization, kind=kinds.SYNCHRONIZE, marker=None, state=JobState.RUNNING)

    answer = browser.post(f"/jobs/{job.pk}/stop-following/")

    assert answer.status_code == 422
    assert "there is nothing to stop following" in answer.content.decode()


@pytest.mark.parametrize("act", ["cancel", "stop-following", "resume", "adopt", "retry", "close"])
def test_a_viewer_may_read_but_do_nothing(
    organization: Organization, stopped: Job, signed_in: SignIn, act: str
) -> None:
    viewer = UserFactory()
    MembershipFactory(user=viewer, organization=organization, role=Role.VIEWER)
    browser = signed_in(viewer)

    answer = browser.post(f"/jobs/{stopped.pk}/{act}/", {f"{act}-reason": "because"})

    page = page_of(browser, stopped)
    assert answer.status_code == 403
    assert "An operator of Acme has to decide" in page
    assert f"/jobs/{stopped.pk}/{act}/" not in page


# A job that needs a decision


def test_what_is_known_of_a_lost_job_is_laid_out(browser: Client, unsure: Job) -> None:
    page = page_of(browser, unsure)

    assert f"a job whose description ends in [{unsure.marker}]" in page
    assert "It was not looked for yet." in page
    assert "No job that fits was found." in page


def test_a_lost_job_may_be_named_sent_again_or_closed_but_not_followed(browser: Client, unsure: Job) -> None:
    page = page_of(browser, unsure)

    offered = {act: f'action="/jobs/{unsure.pk}/{act}/"' in page for act in ("resume", "adopt", "retry", "close")}
    assert offered == {"resume": False, "adopt": True, "retry": True, "close": True}


def test_a_job_that_was_left_alone_may_be_followed_or_closed_but_never_sent_again(
    browser: Client, stopped: Job
) -> None:
    page = page_of(browser, stopped)

    offered = {act: f'action="/jobs/{stopped.pk}/{act}/"' in page for act in ("resume", "adopt", "retry", "close")}
    assert offered == {"resume": True, "adopt": False, "retry": False, "close": True}


def test_a_publish_without_a_remote_id_that_was_followed_may_be_followed_again(
    organization: Organization, browser: Client
) -> None:
    job = JobFactory(
        organization=organization,
        kind=kinds.PUBLISH,
        state=JobState.NEEDS_ATTENTION,
        problem_kind=ProblemKind.STOPPED_FOLLOWING,
        remote_status="PUBLISH_IN_PROGRESS",
        submit_count=1,
    )
    page = page_of(browser, job)

    browser.post(f"/jobs/{job.pk}/resume/")

    job.refresh_from_db()
    assert f'action="/jobs/{job.pk}/resume/"' in page
    assert job.state == JobState.RUNNING


def test_going_on_following_makes_it_run(browser: Client, stopped: Job) -> None:
    browser.post(f"/jobs/{stopped.pk}/resume/")

    stopped.refresh_from_db()
    assert stopped.state == JobState.RUNNING
    assert stopped.problem == ""


def test_a_job_without_a_remote_id_cannot_be_followed(browser: Client, unsure: Job) -> None:
    answer = browser.post(f"/jobs/{unsure.pk}/resume/")

    assert answer.status_code == 422
    assert "Name it, send it again or close it." in answer.content.decode()


def test_a_candidate_can_be_named_as_ours(organization: Organization, browser: Client, unsure: Job) -> None:
    Job.objects.filter(pk=unsure.pk).update(result={"candidates": ["remote-a", "remote-b"]})
    JobFactory(
        organization=organization, title="Seen there", is_foreign=True, marker=None, running=True, remote_id="remote-b"
    )
    page = page_of(browser, unsure)

    browser.post(f"/jobs/{unsure.pk}/adopt/", {"adopt-candidate": "remote-b", "adopt-reason": "Times fit"})

    unsure.refresh_from_db()
    assert "remote-b: “Seen there”, IN_PROGRESS" in page
    assert (unsure.state, unsure.remote_id) == (JobState.RUNNING, "remote-b")
    assert AuditEvent.objects.get(verb="job.attention_adopted").reason == "Times fit"


def test_a_pasted_id_can_be_named_as_ours(browser: Client, unsure: Job) -> None:
    browser.post(f"/jobs/{unsure.pk}/adopt/", {"adopt-remote_id": " remote-x ", "adopt-reason": "Found it"})

    unsure.refresh_from_db()
    assert (unsure.state, unsure.remote_id) == (JobState.RUNNING, "remote-x")


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ({"adopt-reason": "because"}, "Say which remote job it is."),
        ({"adopt-remote_id": "remote-x"}, "Say why; it goes into the record."),
        ({"adopt-remote_id": "x" * 101, "adopt-reason": "because"}, "at most 100 characters"),
        ({"adopt-remote_id": "a\0b", "adopt-reason": "because"}, "Null characters are not allowed."),
        (
            {"adopt-candidate": "remote-a", "adopt-remote_id": "remote-x", "adopt-reason": "because"},
            "Choose one of the jobs or enter an id, not both.",
        ),
        ({"adopt-candidate": "remote-z", "adopt-reason": "because"}, "not one of the available choices"),
    ],
)
def test_naming_a_job_needs_one_id_and_a_reason(
    browser: Client, unsure: Job, sent: dict[str, str], complaint: str
) -> None:
    Job.objects.filter(pk=unsure.pk).update(result={"candidates": ["remote-a", "remote-b"]})

    answer = browser.post(f"/jobs/{unsure.pk}/adopt/", sent)

    unsure.refresh_from_db()
    assert answer.status_code == 422
    assert complaint in answer.content.decode()
    assert unsure.state == JobState.NEEDS_ATTENTION


def test_a_remote_job_that_is_another_one_of_ours_is_refused_beside_the_form(
    organization: Organization, browser: Client, unsure: Job
) -> None:
    JobFactory(organization=organization, running=True, remote_id="remote-taken")

    answer = browser.post(f"/jobs/{unsure.pk}/adopt/", {"adopt-remote_id": "remote-taken", "adopt-reason": "I guess"})

    assert answer.status_code == 422
    assert "belongs to another job here already" in answer.content.decode()
    assert 'value="I guess"' in answer.content.decode()
    assert f'href="/jobs/{unsure.pk}/?tab=timeline"' in answer.content.decode()


def test_sending_again_needs_somebody_who_looked(browser: Client, unsure: Job) -> None:
    answer = browser.post(f"/jobs/{unsure.pk}/retry/", {"retry-reason": "Surely lost"})

    unsure.refresh_from_db()
    assert answer.status_code == 422
    assert "Look at the job list of the platform first" in answer.content.decode()
    assert unsure.state == JobState.NEEDS_ATTENTION


def test_sending_again_queues_the_same_job(browser: Client, unsure: Job) -> None:
    marker = unsure.marker

    browser.post(f"/jobs/{unsure.pk}/retry/", {"retry-is_checked": "on", "retry-reason": "Surely lost"})

    unsure.refresh_from_db()
    assert (unsure.state, unsure.submit_count, unsure.marker) == (JobState.QUEUED, 0, marker)


def test_a_job_that_reached_the_platform_is_not_sent_again_by_a_forged_form(browser: Client, stopped: Job) -> None:
    answer = browser.post(f"/jobs/{stopped.pk}/retry/", {"retry-is_checked": "on", "retry-reason": "Once more"})

    stopped.refresh_from_db()
    assert answer.status_code == 422
    assert "sending it again would repeat it" in answer.content.decode()
    assert stopped.state == JobState.NEEDS_ATTENTION


def test_closing_needs_a_reason_and_keeps_it(browser: Client, unsure: Job) -> None:
    without = browser.post(f"/jobs/{unsure.pk}/close/", {"close-reason": "  "})

    browser.post(f"/jobs/{unsure.pk}/close/", {"close-reason": "The target was reset."})

    unsure.refresh_from_db()
    assert without.status_code == 422
    assert (unsure.state, unsure.problem_kind) == (JobState.CANCELLED, ProblemKind.CLOSED)
    assert "The target was reset." in unsure.problem


@pytest.mark.parametrize(
    ("act", "sent"),
    [
        ("resume", {}),
        ("adopt", {"adopt-remote_id": "remote-x", "adopt-reason": "because"}),
        ("retry", {"retry-is_checked": "on", "retry-reason": "because"}),
        ("close", {"close-reason": "because"}),
        ("close", {}),
    ],
)
def test_a_decision_that_comes_too_late_is_a_conflict(
    browser: Client, stopped: Job, act: str, sent: dict[str, str]
) -> None:
    Job.objects.filter(pk=stopped.pk).update(state=JobState.RUNNING, problem_kind=ProblemKind.OUTCOME_UNKNOWN)
    if act == "retry":
        Job.objects.filter(pk=stopped.pk).update(remote_id="")

    answer = browser.post(f"/jobs/{stopped.pk}/{act}/", sent)

    stopped.refresh_from_db()
    assert answer.status_code == 409
    assert "is no longer waiting for a decision" in answer.content.decode()
    assert stopped.state == JobState.RUNNING
