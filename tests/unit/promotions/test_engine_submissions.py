"""Sending once, whoever is stopped, delivered twice or answered late between any two steps."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from clients import errors
from promotions.choices import JobState, ProblemKind
from promotions.engine import accepting, submissions
from promotions.engine.registry import Ending, LookUp, Submitted
from promotions.models import Job
from promotions.services import jobs
from promotions.services.errors import ConflictError, RefusedError
from tests.unit.promotions.engine_doubles import (
    Post,
    claim,
    finders,
    fresh,
    letter,
    nothing,
    post,
    running_letter,
    texts,
    work_on,
)

__all__ = ["post"]

pytestmark = pytest.mark.django_db

CHANGED = Ending(state=JobState.CANCELLED, problem_kind=ProblemKind.PLAN_CHANGED, problem="The target has changed.")


def lose_answer(job: Job) -> None:
    raise errors.OutcomeUnknownError("cut", operation="packages.import")


def turn_away(job: Job) -> None:
    raise errors.ApiBusyError("busy", operation="packages.import")


def refuse(job: Job) -> None:
    raise errors.ApiRejectedError("no", operation="packages.import", status=400)


@pytest.fixture
def unanswered(post: Post) -> Job:
    """Sent once, its answer lost, and one search without a trace."""
    job = letter()
    post.at_submit = lose_answer
    work_on(job)
    work_on(job)
    assert fresh(job).empty_look_ups == 1
    return job


def test_a_message_delivered_twice_sends_once(post: Post) -> None:
    job = letter()
    token = claim(job)

    submissions.step(job.pk, token)
    submissions.step(job.pk, token)

    assert post.sent == [job.pk]
    assert fresh(job).state == JobState.RUNNING


def test_two_deliveries_at_once_send_once(post: Post) -> None:
    job = letter()
    token = claim(job)

    def deliver_again(_: Job) -> None:
        post.at_recheck = lambda job: None
        submissions.step(job.pk, token)

    post.at_recheck = deliver_again

    submissions.step(job.pk, token)

    assert post.sent == [job.pk]


def test_a_second_delivery_while_the_write_is_under_way_does_not_search_before_the_settle_time(post: Post) -> None:
    job = letter()
    token = claim(job)
    searched: list[int] = []
    post.at_look_up = lambda job: searched.append(job.pk)
    post.at_submit = lambda _: submissions.step(job.pk, token)

    submissions.step(job.pk, token)

    assert searched == []
    assert fresh(job).state == JobState.RUNNING


def test_a_late_delivery_does_not_count_as_the_second_search(post: Post) -> None:
    job = letter()
    post.at_submit = lose_answer
    work_on(job)
    token = claim(job)
    submissions.step(job.pk, token)

    submissions.step(job.pk, token)

    assert fresh(job).empty_look_ups == 1
    assert post.sent == [job.pk]


def test_a_worker_that_wakes_after_its_lease_does_not_send_what_another_has_sent(post: Post, unanswered: Job) -> None:
    job = unanswered
    stopped_with = claim(job)

    def be_overtaken(_: Job) -> None:
        post.at_recheck = lambda job: None
        submissions.step(job.pk, claim(job))

    post.at_recheck = be_overtaken

    submissions.step(job.pk, stopped_with)

    assert post.sent == [job.pk, job.pk]  # the first one, and one repeat by the worker that took over
    assert fresh(job).submit_count == 2


def test_a_worker_that_wakes_with_a_refused_connection_leaves_the_repeat_of_another_alone(post: Post) -> None:
    job = letter()

    def be_overtaken_and_never_sent(_: Job) -> None:
        post.at_submit = lose_answer
        for _step in range(3):
            submissions.step(job.pk, claim(job))
        turn_away(job)

    post.at_submit = be_overtaken_and_never_sent

    work_on(job)

    assert fresh(job).state == JobState.SUBMITTING
    assert job.submit_count == 2


def test_everything_between_the_intent_and_the_answer_is_under_the_deadline(post: Post) -> None:
    work_on(letter())

    assert post.time_left is not None
    assert post.time_left <= post.deadline.total_seconds()


def test_no_call_goes_out_inside_a_transaction(post: Post) -> None:
    depths: list[int] = []
    outer = len(connection.savepoint_ids)
    post.at_recheck = post.at_submit = lambda job: depths.append(len(connection.savepoint_ids))

    work_on(letter())

    assert depths == [outer, outer]


def test_a_cancelled_job_is_not_sent_by_a_worker_that_was_about_to(post: Post, administrator: User) -> None:
    job = letter()
    post.at_recheck = lambda _: jobs.cancel(job=Job.objects.get(pk=job.pk), actor=administrator)

    work_on(job)

    assert post.sent == []
    assert fresh(job).state == JobState.CANCELLED


def test_cancelling_comes_too_late_once_the_intent_stands(post: Post, administrator: User) -> None:
    job = letter()

    def cancel(_: Job) -> None:
        with pytest.raises(ConflictError):
            jobs.cancel(job=Job.objects.get(pk=job.pk), actor=administrator)

    post.at_submit = cancel

    work_on(job)

    assert fresh(job).state == JobState.RUNNING


def test_an_answer_that_comes_after_another_worker_took_over_is_kept(post: Post) -> None:
    job = letter()
    tokens: list[str] = []
    post.at_submit = lambda _: tokens.append(claim(job))

    work_on(job)

    assert fresh(job).state == JobState.RUNNING
    assert job.remote_id == "remote-1"


def test_an_acceptance_without_an_id_keeps_the_worker_that_took_over_from_sending_again(post: Post) -> None:
    job = letter()
    post.answer = Submitted(None, {})
    tokens: list[str] = []
    post.at_submit = lambda _: tokens.append(claim(job))
    work_on(job)

    submissions.step(job.pk, tokens[0])
    for _ in range(3):
        work_on(job)

    assert post.sent == [job.pk]
    assert fresh(job).state == JobState.SUBMITTING


def test_an_answer_to_a_job_that_was_closed_is_written_down(post: Post, administrator: User) -> None:
    job = letter(state=JobState.NEEDS_ATTENTION, problem_kind=ProblemKind.OUTCOME_UNKNOWN, submit_count=1)
    jobs.close(job=job, actor=administrator, reason="We looked")

    accepting.accept(job, Submitted("remote-9", {}), how="answered")

    assert fresh(job).state == JobState.CANCELLED
    assert "answered late: it has it as job remote-9" in texts(job)
    assert "We looked. How it ended" in job.problem


def test_being_turned_away_gives_the_job_back_unsent(post: Post) -> None:
    job = letter()
    post.at_submit = turn_away

    work_on(job)

    assert fresh(job).state == JobState.QUEUED
    assert job.submit_count == 0
    assert job.attempts == 1


def test_since_when_it_is_turned_away_and_by_what_stays_known_until_something_else_happens(post: Post) -> None:
    def busy(job: Job) -> None:
        raise errors.ApiBusyError("busy", operation="packages.import", held_by="theirs")

    def unreachable(job: Job) -> None:
        raise errors.ApiUnavailableError("down", operation="packages.import")

    job = letter()
    post.at_submit = busy
    work_on(job)
    first = fresh(job).params[submissions.HELD_UP]
    work_on(job)
    second = fresh(job).params[submissions.HELD_UP]

    post.at_submit = unreachable
    work_on(job)

    assert first["since"] == second["since"] < second["last"]
    assert second["by"] == "theirs"
    assert submissions.HELD_UP not in fresh(job).params


def test_a_job_that_was_only_turned_away_notes_the_state_before_anew(post: Post) -> None:
    job = letter()
    post.before = {"version": 1}
    post.at_submit = turn_away
    work_on(job)
    post.before = {"version": 2}
    post.at_submit = nothing

    work_on(job)

    assert fresh(job).params["before"] == {"version": 2}
    assert "turned_away" not in job.params
    assert post.sent == [job.pk, job.pk]


def test_a_call_that_was_turned_away_and_acted_on_all_the_same_is_not_sent_again(post: Post) -> None:
    job = letter()
    post.at_submit = turn_away
    work_on(job)
    post.look_ups = [finders(["remote-6"])]

    work_on(job)

    assert fresh(job).remote_id == "remote-6"
    assert post.sent == [job.pk]


def test_a_call_that_was_turned_away_waits_while_nobody_can_tell_what_became_of_it(post: Post) -> None:
    job = letter()
    post.at_submit = turn_away
    work_on(job)

    def be_busy(_: Job) -> None:
        raise errors.ApiUnavailableError("busy", operation="jobs.list", status=429)

    post.at_look_up = be_busy
    work_on(job)

    assert fresh(job).state == JobState.QUEUED
    assert post.sent == [job.pk]


def test_a_call_that_is_turned_away_until_the_deadline_fails_unsent_although_nothing_can_be_looked_up(
    post: Post,
) -> None:
    job = letter()
    post.at_submit = turn_away
    work_on(job)
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))

    def be_busy(_: Job) -> None:
        raise errors.ApiUnavailableError("busy", operation="jobs.list", status=429)

    post.at_look_up = be_busy
    work_on(job)

    assert fresh(job).state == JobState.FAILED
    assert job.problem.startswith("It could not be sent before the deadline.")


def stale_token(job: Job) -> None:
    raise errors.ApiAuthError(
        "Oauth token is not valid",
        operation="packages.import",
        reason=errors.AuthProblem.TOKEN,
        status=401,
        error_code="401013",
    )


def test_a_token_that_the_gateway_no_longer_knows_is_no_refusal(post: Post) -> None:
    job = letter()

    def be_stale_once(job: Job) -> None:
        post.at_submit = nothing
        stale_token(job)

    post.at_submit = be_stale_once

    work_on(job)

    assert fresh(job).state == JobState.RUNNING
    assert post.sent == [job.pk, job.pk]


def test_a_token_refused_after_the_effect_is_no_reason_to_send_again(post: Post) -> None:
    job = letter()
    post.at_submit = stale_token
    post.look_ups = [finders(["remote-2"])]

    work_on(job)

    assert fresh(job).remote_id == "remote-2"
    assert post.sent == [job.pk]


def test_a_refused_token_does_not_send_again_while_nothing_can_be_looked_up(post: Post) -> None:
    job = letter()
    post.at_submit = stale_token
    post.look_ups = [LookUp([], is_complete=False)]

    work_on(job)

    assert post.sent == [job.pk]
    assert fresh(job).state == JobState.QUEUED
    assert "turned it away: Oauth token is not valid" in texts(job)


def test_a_new_token_that_is_refused_as_well_ends_the_job(post: Post) -> None:
    job = letter()
    post.at_submit = stale_token

    work_on(job)

    assert fresh(job).state == JobState.FAILED
    assert job.problem_kind == ProblemKind.CREDENTIALS
    assert post.sent == [job.pk, job.pk]


def test_a_refusal_is_not_believed_when_the_effect_is_there(post: Post) -> None:
    job = letter()
    post.at_submit = refuse
    post.look_ups = [finders(["remote-8"])]

    work_on(job)

    assert fresh(job).state == JobState.RUNNING
    assert job.remote_id == "remote-8"
    assert "refused it (no), yet shows it" in texts(job)


@pytest.mark.parametrize(
    "failure",
    [errors.ApiUnavailableError("resting", operation="jobs.list", status=503), KeyError("a fault of ours")],
    ids=["unavailable", "broken"],
)
def test_a_refusal_stands_when_nothing_can_be_looked_up(post: Post, failure: Exception) -> None:
    job = letter()
    post.at_submit = refuse

    def fail(_: Job) -> None:
        raise failure

    post.at_look_up = fail

    work_on(job)

    assert fresh(job).state == JobState.FAILED
    assert job.problem_kind == ProblemKind.REJECTED


def test_waits_grow_while_the_platform_keeps_turning_it_away(post: Post) -> None:
    job = letter()
    post.at_submit = turn_away

    for _ in range(5):
        work_on(job)

    assert fresh(job).attempts == 5
    assert job.due_at > timezone.now() + timedelta(seconds=20)


def test_a_platform_that_turns_it_away_until_the_deadline_fails_the_job(post: Post) -> None:
    job = letter(deadline_at=timezone.now() - timedelta(seconds=1))
    post.at_submit = turn_away

    work_on(job)

    assert fresh(job).state == JobState.FAILED
    assert job.problem_kind == ProblemKind.UNAVAILABLE


def test_a_repeat_that_is_turned_away_is_searched_for_before_the_next(post: Post, unanswered: Job) -> None:
    job = unanswered
    post.at_submit = turn_away

    work_on(job)
    assert fresh(job).state == JobState.SUBMITTING
    post.look_ups = [finders(["remote-7"])]
    work_on(job)

    assert fresh(job).remote_id == "remote-7"


def test_a_change_after_a_lost_answer_asks_a_person_and_is_not_called_unsent(post: Post, unanswered: Job) -> None:
    job = unanswered
    post.objection = CHANGED

    work_on(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert job.problem_kind == ProblemKind.OUTCOME_UNKNOWN
    assert "The target has changed." in job.problem
    assert "Nothing was sent" not in job.problem


def test_a_change_before_anything_was_sent_cancels(post: Post) -> None:
    job = letter()
    post.objection = CHANGED

    work_on(job)

    assert fresh(job).state == JobState.CANCELLED
    assert post.sent == []


def test_an_effect_that_shows_during_the_last_check_is_adopted(post: Post, unanswered: Job) -> None:
    job = unanswered
    post.look_ups = [finders([]), finders(["remote-5"])]

    work_on(job)

    assert fresh(job).remote_id == "remote-5"
    assert post.sent == [job.pk]


def test_a_job_that_resembles_ours_is_shown_to_a_person_rather_than_sent_over(post: Post, unanswered: Job) -> None:
    job = unanswered
    post.look_ups = [LookUp([], is_complete=True, similar=["remote-3"])]

    work_on(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert job.result["candidates"] == ["remote-3"]
    assert post.sent == [job.pk]


def test_a_refused_repeat_leaves_open_whether_the_first_one_arrived(post: Post, unanswered: Job) -> None:
    job = unanswered
    post.at_submit = refuse

    work_on(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert "not known" in job.problem


def test_a_list_that_stays_unreadable_is_handed_to_a_person_at_the_deadline(post: Post, unanswered: Job) -> None:
    job = unanswered
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() - timedelta(seconds=1))
    post.look_ups = [LookUp([], is_complete=False)]

    work_on(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert "could not list its jobs completely" in job.problem


def test_several_hits_are_for_a_person(post: Post, unanswered: Job) -> None:
    job = unanswered
    post.look_ups = [finders(["a", "b"])]

    work_on(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert job.result["candidates"] == ["a", "b"]


def test_sending_ends_after_three_times_without_a_trace(post: Post) -> None:
    job = letter()
    post.at_submit = lose_answer

    for _ in range(20):
        work_on(job)

    assert post.sent == [job.pk] * submissions.SENDS_LIMIT
    assert fresh(job).state == JobState.NEEDS_ATTENTION


def test_a_fault_of_ours_before_sending_ends_the_job_unsent(post: Post) -> None:
    job = letter()

    def break_off(_: Job) -> None:
        raise ZeroDivisionError

    post.at_recheck = break_off

    work_on(job)

    assert fresh(job).state == JobState.FAILED
    assert job.problem_kind == ProblemKind.INTERNAL
    assert post.sent == []


def test_a_fault_of_ours_while_searching_sends_nothing(post: Post, unanswered: Job) -> None:
    job = unanswered

    def break_off(_: Job) -> None:
        raise ZeroDivisionError

    post.at_look_up = break_off

    for _ in range(4):
        work_on(job)

    assert post.sent == [job.pk]
    assert fresh(job).state == JobState.SUBMITTING


def test_a_remote_id_of_another_job_of_ours_is_for_a_person(post: Post) -> None:
    other = running_letter("remote-1", title="The other one")
    job = letter(organization=other.organization)

    work_on(job)

    assert fresh(job).state == JobState.NEEDS_ATTENTION
    assert "belongs to another job here already" in job.problem
    assert fresh(other).state == JobState.RUNNING


def test_a_remote_job_taken_for_foreign_becomes_ours(post: Post) -> None:
    job = letter()
    foreign = running_letter("remote-1", organization=job.organization, is_foreign=True, marker=None)

    work_on(job)

    assert fresh(job).remote_id == "remote-1"
    assert not Job.objects.filter(pk=foreign.pk).exists()


def test_a_person_who_sends_again_gets_a_late_effect_rather_than_a_second_one(
    post: Post, unanswered: Job, administrator: User
) -> None:
    job = unanswered
    post.look_ups = [LookUp([], is_complete=True, similar=["remote-3"])]
    work_on(job)
    jobs.retry_sending(job=fresh(job), actor=administrator, reason="Not there")
    post.look_ups = [finders(["remote-4"])]

    work_on(job)

    assert fresh(job).remote_id == "remote-4"
    assert post.sent == [job.pk]


def test_jobs_that_a_person_has_dismissed_are_remembered(post: Post, unanswered: Job, administrator: User) -> None:
    job = unanswered
    post.look_ups = [LookUp([], is_complete=True, similar=["remote-3"])]
    work_on(job)

    jobs.retry_sending(job=fresh(job), actor=administrator, reason="Not ours")

    assert fresh(job).params["dismissed"] == ["remote-3"]
    assert "candidates" not in job.result


def test_a_late_answer_meets_a_person_who_was_about_to_send_again(
    post: Post, unanswered: Job, administrator: User
) -> None:
    job = unanswered
    post.look_ups = [finders(["a", "b"])]
    work_on(job)
    stale = Job.objects.get(pk=job.pk)
    accepting.accept(fresh(job), Submitted("a", {}), how="answered")

    with pytest.raises(ConflictError):
        jobs.retry_sending(job=stale, actor=administrator, reason="Lost")

    assert fresh(job).state == JobState.RUNNING


def test_a_publishing_without_a_remote_id_that_was_left_alone_can_be_followed_again(
    post: Post, administrator: User
) -> None:
    job = running_letter("", remote_status="PUBLISH_IN_PROGRESS")
    jobs.stop_following(job=job, actor=administrator)

    with pytest.raises(RefusedError, match="reached the platform; sending"):
        jobs.retry_sending(job=fresh(job), actor=administrator, reason="Lost")
    jobs.resume_following(job=fresh(job), actor=administrator)

    assert fresh(job).state == JobState.RUNNING


def test_naming_another_remote_job_forgets_what_the_first_one_said(post: Post, administrator: User) -> None:
    job = running_letter("wrong", state=JobState.NEEDS_ATTENTION, problem_kind=ProblemKind.OUTCOME_UNKNOWN)
    job.results.create(position=0, type="REGISTRY_SCHEMA", remote_id="a", outcome="failed")

    jobs.adopt(job=job, remote_id="right", actor=administrator, reason="Compared")

    assert fresh(job).remote_id == "right"
    assert not job.results.exists()
