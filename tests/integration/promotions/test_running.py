"""Running imports against the emulator: the true end of each, and what happens when answers are lost."""

import os
import signal
import subprocess
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEvent, Organization, User
from promotions.choices import ACTIVE, Decision, JobState, PlanState, ProblemKind, ResultOutcome, Verification
from promotions.engine.registry import Report, Submitted
from promotions.models import Job, Promotion
from promotions.services import decisions, jobs, runs
from promotions.services.decisions import Verdict
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from promotions.systems.packages.connection import tooling
from promotions.systems.packages.importing import ImportSubmission, store_results
from tests.factories_promotions import JobFactory
from tests.integration.promotions.conftest import Platform, known_package, run_due

pytestmark = pytest.mark.django_db

SETTLE = timedelta(seconds=settings.SUBMIT_SETTLE_S + 1)
IMPORT_PATH = "*/packages/import"


def decide_all(promotion: Promotion, operator: User) -> None:
    """Exact ones are reused, the others created new."""
    plan = promotion.current_plan
    decisions.accept_exact(plan=plan, actor=operator)
    rest = plan.items.filter(must_decide=True, decision=Decision.UNDECIDED)
    decisions.decide(plan=plan, verdicts=[Verdict(item.pk, Decision.CREATE) for item in rest], actor=operator)


@pytest.fixture
def requested(planned: Callable[..., Promotion], operator: User) -> Callable[..., Job]:
    def request(name: str = "Loyalty schemas v3", sandbox: str = "stage") -> Job:
        promotion = planned(name, sandbox)
        decide_all(promotion, operator)
        return runs.request_run(plan=promotion.current_plan, actor=operator)

    return request


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


def texts(job: Job) -> str:
    return "\n".join(job.events.values_list("text", flat=True))


def test_an_import_runs_to_its_end_and_is_verified(
    platform: Platform, requested: Callable[..., Job], drive: Callable[[Job], Job]
) -> None:
    job = drive(requested())

    created = job.results.filter(outcome=ResultOutcome.CREATED)
    assert job.state == JobState.SUCCEEDED, job.problem
    assert platform.imports_sent() == 1
    assert created.exists()
    assert set(created.exclude(claim="").values_list("verification", flat=True)) == {Verification.CONFIRMED}
    assert job.result["claimed"] >= job.result["verified"] > 0


def test_the_description_at_the_platform_ends_in_the_marker(platform: Platform, requested: Callable[..., Job]) -> None:
    job = requested()

    run_due()

    sent = next(row for row in platform.requests() if row["path"].endswith("/packages/import"))
    assert sent["body"]["description"].endswith(f"[{job.marker}]")
    assert fresh(job).state == JobState.RUNNING


def test_reused_objects_are_sent_as_alternatives(platform: Platform, requested: Callable[..., Job]) -> None:
    job = requested()

    run_due()

    sent = next(row for row in platform.requests() if row["path"].endswith("/packages/import"))
    assert job.plan is not None
    reused = job.plan.items.filter(decision=Decision.REUSE)
    assert sent["body"]["alternatives"] == {
        item.remote_id: {"id": item.target["id"], "type": item.target["type"]} for item in reused if item.target
    }
    assert len(sent["body"]["alternatives"]) == 6


@pytest.mark.parametrize("fault", ["reset", "truncated", "empty", "html"])
def test_a_lost_answer_is_adopted_and_never_sent_again(
    platform: Platform, requested: Callable[..., Job], drive: Callable[[Job], Job], fault: str
) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, fault, when="after", count=1)

    run_due()
    assert fresh(job).state == JobState.SUBMITTING
    run_due()
    assert fresh(job).state == JobState.SUBMITTING  # not before the settle time
    run_due(later=SETTLE)

    assert fresh(job).state == JobState.RUNNING, texts(job)
    assert drive(job).state == JobState.SUCCEEDED
    assert platform.imports_sent() == 1


def test_a_write_that_never_arrived_is_sent_again_after_two_empty_look_ups(
    platform: Platform, requested: Callable[..., Job], drive: Callable[[Job], Job]
) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "reset", when="before", count=1)

    run_due()
    run_due(later=SETTLE)
    assert fresh(job).empty_look_ups == 1
    run_due(later=SETTLE)

    assert fresh(job).state == JobState.RUNNING, texts(job)
    assert job.submit_count == 2
    ours = [row for row in platform.state()["jobs"] if (row.get("description") or "").endswith(f"[{job.marker}]")]
    assert len(ours) == 1


def test_a_new_job_of_the_same_name_without_our_mark_is_for_a_person(
    platform: Platform, acme: Organization, requested: Callable[..., Job], operator: User
) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "reset", when="before", count=1)
    run_due()
    package_id = known_package(acme, job.title).remote_id
    with tooling(acme, sandbox="stage") as client:
        client.import_package(package_id, target_sandbox="stage", name=job.title, description="", alternatives={})

    run_due(later=SETTLE)
    run_due(later=SETTLE)

    assert fresh(job).state == JobState.NEEDS_ATTENTION, texts(job)
    assert len(job.result["candidates"]) == 1
    assert platform.imports_sent() == 2  # ours, which never arrived, and the other one
    jobs.adopt(job=job, remote_id=job.result["candidates"][0], actor=operator, reason="It is ours")
    assert fresh(job).state == JobState.RUNNING


def test_a_list_without_a_job_that_we_know_of_proves_nothing(
    platform: Platform, acme: Organization, requested: Callable[..., Job]
) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "reset", when="before", count=1)
    run_due()
    JobFactory(organization=acme, succeeded=True, remote_id="left-out-of-the-list")

    for _ in range(4):
        run_due(later=SETTLE)

    assert fresh(job).state == JobState.SUBMITTING
    assert platform.imports_sent() == 1


@pytest.mark.parametrize("hours", [-1, 1], ids=["platform behind", "platform ahead"])
def test_a_lost_answer_is_found_although_the_clocks_differ(
    platform: Platform, requested: Callable[..., Job], hours: int
) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "reset", when="after", count=1)
    run_due()
    # The same difference, made on our side.
    Job.objects.filter(pk=job.pk).update(started_at=timezone.now() - timedelta(hours=hours))

    run_due(later=SETTLE)

    assert fresh(job).state == JobState.RUNNING, texts(job)


def test_a_change_in_the_target_after_a_lost_answer_is_for_a_person(
    platform: Platform, acme: Organization, requested: Callable[..., Job]
) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "reset", when="before", count=1)
    run_due()
    with tooling(acme, sandbox="stage") as client:
        package_id = known_package(acme, job.title).remote_id
        client.import_package(package_id, target_sandbox="stage", name="By hand", description="", alternatives={})
    platform.advance(120)

    run_due(later=SETTLE)
    run_due(later=SETTLE)

    assert fresh(job).state == JobState.NEEDS_ATTENTION, texts(job)
    assert "Nothing was sent" not in job.problem
    assert job.plan is not None
    assert job.promotion is not None
    assert job.promotion.current_plan == job.plan  # not reopened: the plan may have run


def test_a_look_at_a_job_that_has_not_moved_writes_no_results(
    platform: Platform, requested: Callable[..., Job], drive: Callable[[Job], Job]
) -> None:
    job = drive(requested())
    with tooling(job.organization, sandbox="stage") as client:
        remote = client.get_job(job.remote_id)

    with CaptureQueriesContext(connection) as queries:
        store_results(job, remote)

    assert not [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE"))]


def test_a_list_that_cannot_be_read_keeps_the_job_from_being_sent_again(
    platform: Platform, requested: Callable[..., Job]
) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "reset", when="before", count=1)
    run_due()
    platform.arm("GET", "*/packages/jobs", "status", status=404, probability=1)

    run_due(later=SETTLE)
    run_due(later=SETTLE)
    run_due(later=SETTLE)

    assert fresh(job).state == JobState.SUBMITTING
    assert platform.imports_sent() == 1


def test_a_clear_refusal_ends_the_job_with_the_platforms_words(
    platform: Platform, requested: Callable[..., Job]
) -> None:
    job = requested()
    body = {"status": "ERROR", "type": "ERROR", "message": "Package is locked by maintenance", "object": None}
    platform.arm("POST", IMPORT_PATH, "status", status=400, body=body, when="before", count=1)

    run_due()

    assert fresh(job).state == JobState.FAILED
    assert job.problem_kind == ProblemKind.REJECTED
    assert "Package is locked by maintenance" in job.problem


def test_a_token_rejected_in_mid_job_is_renewed_once(
    platform: Platform, requested: Callable[..., Job], drive: Callable[[Job], Job]
) -> None:
    job = requested()
    run_due()
    platform.arm("GET", "*/tools/job/*", "token_rejected", count=1)

    assert drive(job).state == JobState.SUCCEEDED


def test_a_job_goes_on_through_passing_faults(
    platform: Platform, requested: Callable[..., Job], drive: Callable[[Job], Job]
) -> None:
    job = requested()
    run_due()
    platform.arm("GET", "*/tools/job/*", "status", status=502, count=9)

    assert drive(job).state == JobState.SUCCEEDED
    assert "It goes on at the platform" in texts(job)


def test_success_that_hides_an_error_is_shown_as_a_warning(
    requested: Callable[..., Job], drive: Callable[[Job], Job]
) -> None:
    job = drive(requested("CRM identity foundation"))

    assert job.remote_status == "SUCCESS"
    assert job.state == JobState.SUCCEEDED_WITH_WARNINGS
    assert job.results.filter(outcome=ResultOutcome.HIDDEN_ERROR).count() == 1
    assert "HTTP 400" in job.problem


def test_a_partial_failure_names_the_object_and_what_stays(
    requested: Callable[..., Job], drive: Callable[[Job], Job]
) -> None:
    job = drive(requested("Store footfall sources"))

    assert job.state == JobState.PARTLY_FAILED
    assert "Footfall sensor stream" in job.problem
    assert "stays in the target" in job.problem


def test_an_unknown_remote_status_is_shown_and_followed_on(platform: Platform, requested: Callable[..., Job]) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "unknown_status", count=1)

    for _ in range(6):
        run_due(later=timedelta(minutes=1))
        platform.advance(60)

    assert fresh(job).state == JobState.RUNNING
    assert job.remote_status not in ("", "SUCCESS", "FAILED", "IN_PROGRESS")


def test_a_stuck_job_is_handed_to_a_person_at_its_deadline(platform: Platform, requested: Callable[..., Job]) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "stuck_job", count=1)
    run_due()
    Job.objects.filter(pk=job.pk).update(deadline_at=job.created_at - timedelta(hours=1))

    run_due(later=timedelta(minutes=5))

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert job.problem_kind == ProblemKind.DEADLINE


def test_a_target_that_changed_since_the_plan_stops_the_import_and_reopens_it(
    platform: Platform, acme: Organization, requested: Callable[..., Job]
) -> None:
    job = requested()
    with tooling(acme, sandbox="stage") as client:
        package_id = known_package(acme, job.title).remote_id
        client.import_package(package_id, target_sandbox="stage", name="By hand", description="", alternatives={})
    platform.advance(120)

    run_due()

    assert fresh(job).state == JobState.CANCELLED
    assert job.problem_kind == ProblemKind.PLAN_CHANGED
    assert job.plan is not None
    assert job.promotion is not None
    newer = job.promotion.current_plan
    assert newer.revision == job.plan.revision + 1
    assert newer.state == PlanState.OPEN
    assert newer.changes
    assert newer.items.filter(must_decide=True, decision=Decision.REUSE).exists()  # decisions that still fit stay
    assert platform.imports_sent() == 1  # the one by hand


def test_two_clicks_on_run_send_one_import(
    platform: Platform, planned: Callable[..., Promotion], operator: User
) -> None:
    promotion = planned()
    decide_all(promotion, operator)
    runs.request_run(plan=promotion.current_plan, actor=operator)

    with pytest.raises(NotReadyError, match="under way as job"):
        runs.request_run(plan=promotion.current_plan, actor=operator)
    run_due()
    run_due()

    assert platform.imports_sent() == 1


def test_two_plans_of_one_package_into_one_sandbox_do_not_run_side_by_side(
    planned: Callable[..., Promotion], operator: User
) -> None:
    first, second = planned(), planned()
    decide_all(first, operator)
    decide_all(second, operator)
    runs.request_run(plan=first.current_plan, actor=operator)

    with pytest.raises(ConflictError, match="under way already"):
        runs.request_run(plan=second.current_plan, actor=operator)


def test_production_does_not_run_without_an_approval(planned: Callable[..., Promotion], operator: User) -> None:
    promotion = planned(sandbox="prod")
    decide_all(promotion, operator)

    with pytest.raises(NotReadyError, match="needs an approval"):
        runs.request_run(plan=promotion.current_plan, actor=operator)


def test_cancelling_a_queued_import_sends_nothing(
    platform: Platform, requested: Callable[..., Job], operator: User
) -> None:
    job = requested()

    jobs.cancel(job=job, actor=operator)
    run_due(later=SETTLE)

    assert fresh(job).state == JobState.CANCELLED
    assert platform.imports_sent() == 0
    assert job.plan is not None
    job.plan.refresh_from_db()
    assert job.plan.state == PlanState.OPEN


def test_a_running_import_cannot_be_cancelled_only_left_alone(
    platform: Platform, requested: Callable[..., Job], operator: User, drive: Callable[[Job], Job]
) -> None:
    job = requested()
    run_due()

    with pytest.raises(ConflictError, match="cannot be cancelled"):
        jobs.cancel(job=fresh(job), actor=operator)
    jobs.stop_following(job=fresh(job), actor=operator)
    assert fresh(job).state == JobState.NEEDS_ATTENTION
    jobs.resume_following(job=job, actor=operator)

    assert drive(job).state == JobState.SUCCEEDED


def test_a_job_that_reached_the_platform_cannot_be_sent_again_by_hand(
    requested: Callable[..., Job], operator: User
) -> None:
    job = requested()
    run_due()
    jobs.stop_following(job=fresh(job), actor=operator)

    with pytest.raises(RefusedError, match="would repeat it"):
        jobs.retry_sending(job=fresh(job), actor=operator, reason="I think it got lost")


def test_the_record_tells_who_asked_and_how_it_ended(
    acme: Organization, requested: Callable[..., Job], drive: Callable[[Job], Job]
) -> None:
    drive(requested())

    verbs = list(AuditEvent.objects.order_by("sequence").values_list("verb", flat=True))
    assert [verb for verb in verbs if verb.startswith("job.")] == [
        "job.import_requested",
        "job.import_accepted",
        "job.import_ended",
    ]
    assert "promotion.items_decided" in verbs


def test_nothing_is_left_active_after_the_end(requested: Callable[..., Job], drive: Callable[[Job], Job]) -> None:
    job = drive(requested())

    assert job.finished_at is not None
    assert not Job.objects.filter(state__in=ACTIVE).exists()


def test_a_worker_that_wakes_too_late_to_send_sends_nothing(
    platform: Platform, requested: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = requested()
    monkeypatch.setattr(ImportSubmission, "deadline", timedelta(0))  # all of it went by between intent and call

    run_due()

    assert platform.imports_sent() == 0
    assert fresh(job).state == JobState.QUEUED
    assert job.submit_count == 0


def test_a_worker_that_is_stopped_between_intent_and_call_sends_nothing_when_it_wakes_too_late(
    platform: Platform,
    requested: Callable[..., Job],
    drive: Callable[[Job], Job],
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.SUBMIT_DEADLINE_S = 1
    job = requested()
    send = ImportSubmission.submit

    def be_stopped(self: ImportSubmission, job: Job, report: Report) -> Submitted:
        monkeypatch.setattr(ImportSubmission, "submit", send)
        with subprocess.Popen(["sh", "-c", f"sleep 1.5; kill -CONT {os.getpid()}"]):
            os.kill(os.getpid(), signal.SIGSTOP)
        return send(self, job, report)

    monkeypatch.setattr(ImportSubmission, "submit", be_stopped)

    run_due()

    assert platform.imports_sent() == 0
    assert fresh(job).submit_count == 0
    assert drive(job).state == JobState.SUCCEEDED
    assert platform.imports_sent() == 1


@pytest.mark.parametrize("seconds", [20, 150])
def test_an_import_that_the_platform_is_slow_to_list_is_found_within_two_settle_times(
    platform: Platform, requested: Callable[..., Job], seconds: int
) -> None:
    job = requested()
    platform.arm("POST", IMPORT_PATH, "unlisted_job", seconds=seconds)
    platform.arm("POST", IMPORT_PATH, "reset", when="after", count=1)

    for _ in range(3):
        run_due(later=SETTLE)
        platform.advance(settings.SUBMIT_SETTLE_S)

    assert fresh(job).remote_id, texts(job)
    assert platform.imports_sent() == 1
