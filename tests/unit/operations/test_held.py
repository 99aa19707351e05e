"""What a restored database must not go on with by itself."""

import pytest

from accounts.choices import Role
from accounts.models import AuditEvent
from operations.held import hold_back
from promotions.choices import JobState, ProblemKind
from promotions.engine import inline
from promotions.services import jobs
from tests.factories import MembershipFactory
from tests.unit.promotions.engine_doubles import Post, finders, fresh, letter, post, running_letter, work_on

__all__ = ["post"]

MADE_AT = "2026-01-02T03:04:05+00:00"


@pytest.mark.django_db
def test_a_queued_write_is_not_sent_and_says_why(post: Post) -> None:
    job = letter()

    held = hold_back(MADE_AT)
    inline.run_due()

    job = fresh(job)
    assert (held.jobs, post.sent) == (1, [])
    assert (job.state, job.problem_kind) == (JobState.NEEDS_ATTENTION, ProblemKind.OUTCOME_UNKNOWN)
    assert f"was restored from a backup of {MADE_AT}" in job.problem
    line = AuditEvent.objects.get(verb="installation.job_held")
    assert (line.subject_id, line.reason) == (str(job.pk), job.problem)


@pytest.mark.django_db
@pytest.mark.parametrize(("found", "sent"), [([], 1), (["remote-9"], 0)], ids=["not there", "there"])
def test_having_it_sent_again_begins_with_a_search_for_its_mark(found: list[str], sent: int, post: Post) -> None:
    job = letter()
    operator = MembershipFactory(organization=job.organization, role=Role.OPERATOR).user
    hold_back(MADE_AT)
    post.look_ups = [finders(found)]

    jobs.retry_sending(job=fresh(job), actor=operator, reason="It is not at the platform.")
    work_on(job)

    assert len(post.sent) == sent
    assert fresh(job).state == JobState.RUNNING
    assert fresh(job).remote_id == (found[0] if found else "remote-1")


@pytest.mark.django_db
def test_what_the_platform_has_is_followed_on_to_its_end(post: Post) -> None:
    job = running_letter("remote-5", lease_token="of-a-worker-of-that-time")
    post.statuses["remote-5"] = "SUCCESS"

    held = hold_back(MADE_AT)
    inline.run_due()

    assert (held.jobs, held.followed) == (0, 1)
    assert fresh(job).state == JobState.SUCCEEDED
    assert post.sent == []


@pytest.mark.django_db
def test_what_a_person_was_asked_before_the_backup_stays_asked(post: Post) -> None:
    job = letter(state=JobState.NEEDS_ATTENTION, problem="Several fit.", problem_kind=ProblemKind.OUTCOME_UNKNOWN)

    held = hold_back(MADE_AT)

    assert held.jobs == 0
    assert fresh(job).problem == "Several fit."
