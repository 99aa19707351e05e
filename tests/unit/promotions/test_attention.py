"""Every way in which a job comes to need a person, and what its page then says and offers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.errors import NoCredentialError
from accounts.models import User
from clients import errors
from promotions.choices import JobState, ProblemKind
from promotions.engine.registry import Ending, LookUp, Submitted
from promotions.models import Job
from promotions.services import jobs
from tests.factories import UserFactory
from tests.factories_promotions import JobFactory
from tests.unit.promotions.engine_doubles import KIND, Post, fresh, letter, nothing, post, running_letter, work_on

__all__ = ["post"]

pytestmark = pytest.mark.django_db

LATE = timedelta(hours=1)
CHANGED = Ending(state=JobState.CANCELLED, problem_kind=ProblemKind.PLAN_CHANGED, problem="The target has changed.")


def lose_answer(job: Job) -> None:
    raise errors.OutcomeUnknownError("The line was cut", operation="packages.import")


def refuse(job: Job) -> None:
    raise errors.ApiRejectedError("HTTP 400", operation="packages.import", status=400)


def no_credential(job: Job) -> None:
    raise NoCredentialError("Acme has no credential. Add one under Settings.")


def no_answer(job: Job) -> None:
    raise errors.ApiUnavailableError("HTTP 503", operation="jobs.list")


def not_found(job: Job) -> None:
    raise errors.ApiNotFoundError("no such job", operation="jobs.get", status=404)


def die(job: Job) -> None:
    raise KeyboardInterrupt


def make_late(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(deadline_at=timezone.now() - LATE)


def unanswered(post: Post) -> Job:
    """Sent once; its answer was lost."""
    job = letter()
    post.at_submit = lose_answer
    work_on(job)
    return job


def until_asked(job: Job, *, rounds: int = 12) -> Job:
    for _ in range(rounds):
        if fresh(job).state == JobState.NEEDS_ATTENTION:
            return job
        work_on(job)
    pytest.fail(f"nobody was asked: {job.state}, {list(job.events.values_list('text', flat=True))}")


def sent_in_vain(post: Post) -> Job:
    return until_asked(unanswered(post))


def killed_then_resembled(post: Post) -> Job:
    job = letter()
    post.at_submit = die
    with pytest.raises(KeyboardInterrupt):
        work_on(job)
    post.look_ups = [LookUp([], True, ["theirs-1"], since=timezone.now(), rows=40)] * 2
    return until_asked(job)


def fitted_twice(post: Post) -> Job:
    job = unanswered(post)
    post.look_ups = [LookUp(["ours-1", "ours-2"], True, rows=2)]
    return until_asked(job)


def untraced_until_late(post: Post) -> Job:
    job = unanswered(post)
    make_late(job)
    return until_asked(job)


def listed_in_part_until_late(post: Post) -> Job:
    job = unanswered(post)
    post.look_ups = [LookUp([], False, rows=500)] * 2
    work_on(job)
    make_late(job)
    return until_asked(job)


def not_looked_up_until_late(post: Post) -> Job:
    job = unanswered(post)
    post.at_look_up = no_answer
    make_late(job)
    return until_asked(job)


def refused_at_the_recheck(post: Post) -> Job:
    job = unanswered(post)
    post.objection = CHANGED
    return until_asked(job)


def refused_when_sent_again(post: Post) -> Job:
    job = unanswered(post)
    post.at_submit = refuse
    return until_asked(job)


def without_credential_when_sent_again(post: Post) -> Job:
    job = unanswered(post)
    post.at_submit = no_credential
    return until_asked(job)


def named_as_another(post: Post) -> Job:
    job = letter()
    running_letter("remote-9", organization=job.organization)
    post.statuses = {"remote-9": "IN_PROGRESS"}
    post.answer = Submitted("remote-9", {})
    return until_asked(job)


def accepted_without_a_name(post: Post) -> Job:
    job = letter()
    post.answer = Submitted(None, {})
    post.look_ups = [LookUp([], True, ["theirs-1"])] * 9
    return until_asked(job)


def running_until_late(post: Post) -> Job:
    job = running_letter(deadline_at=timezone.now() - LATE)
    post.statuses = {"remote-1": "IN_PROGRESS"}
    return until_asked(job)


def gone_at_the_platform(post: Post) -> Job:
    job = running_letter()
    post.at_read = not_found
    return until_asked(job)


def left_alone(post: Post) -> Job:
    job = running_letter(remote_status="IN_PROGRESS")
    jobs.stop_following(job=job, actor=UserFactory(administrator=True, full_name="Ada Lund"))
    return fresh(job)


def restored(post: Post) -> Job:
    """Whoever hands a job over says why in its sentence; the page shows it as it is."""
    job: Job = JobFactory(
        kind=KIND,
        state=JobState.NEEDS_ATTENTION,
        problem_kind=ProblemKind.OUTCOME_UNKNOWN,
        problem="It was under way when the backup was made that this installation was restored from.",
        submit_count=1,
    )
    return job


@dataclass(frozen=True)
class Way:
    """A way in: how it comes about, what the page says, and which choices it offers."""

    arrange: Callable[[Post], Job]
    says: tuple[str, ...]
    offers: str

    def __str__(self) -> str:
        return self.arrange.__name__


NAME_SEND, FOLLOW, FOLLOW_NAME = "adopt retry close", "resume close", "resume adopt close"
NOT_KNOWN = "Its job at the platform is not known yet, so there is nothing to look at."
MARK_LOST = "its description does not show our mark: somebody else may have started it."

WAYS = [
    Way(
        sent_in_vain,
        (
            "It was sent 3 times without an answer or a trace at the platform.",
            "<dd>3 times</dd>",
            "<dd>The line was cut</dd>",
            "Each time",
            "found no trace.",
            "No job that fits was found.",
            "It cannot know whether the first one arrived.",
            NOT_KNOWN,
        ),
        NAME_SEND,
    ),
    Way(
        killed_then_resembled,
        (
            "A job at the platform may be this one, but without our mark in the description.",
            "none: the worker was ended before one was read",
            "Read 40 jobs, found none with our mark, but 1 that resembles it: theirs-1.",
            "Back to",
            MARK_LOST,
            "not seen here yet",
            "The jobs that were found are then taken to be somebody else's.",
        ),
        NAME_SEND,
    ),
    Way(
        fitted_twice,
        (
            "Several jobs at the platform fit this one.",
            "Read 2 jobs, found ours-1, ours-2.",
            "It fits, and so does another one; only one of them can be this one.",
        ),
        NAME_SEND,
    ),
    Way(
        untraced_until_late,
        ("The platform shows no trace of it, and the deadline has passed.", "found no trace."),
        NAME_SEND,
    ),
    Way(
        listed_in_part_until_late,
        (
            "The platform could not list its jobs completely, and the deadline has passed.",
            "Read 500 jobs, found no trace. The list was incomplete, so this proves nothing.",
        ),
        NAME_SEND,
    ),
    Way(
        not_looked_up_until_late,
        (
            "Whether the platform has it could not be found out before the deadline: HTTP 503.",
            "Could not look: HTTP 503.",
        ),
        NAME_SEND,
    ),
    Way(
        refused_at_the_recheck,
        (
            "It was sent, no answer came, and the platform shows no trace of it. It is not sent again",
            "target has changed. Look at the platform whether it arrived.",
        ),
        NAME_SEND,
    ),
    Way(
        refused_when_sent_again,
        (
            "Whether the first one, whose answer was lost, arrived is not known.",
            "<dd>2 times</dd>",
            "<dd>refused: HTTP 400</dd>",
        ),
        NAME_SEND,
    ),
    Way(
        without_credential_when_sent_again,
        (
            "An earlier sending got no answer, and no further one was possible:",
            "Acme has no credential. Add one under Settings.",
            "<dd>1 time</dd>",
            "<dd>The line was cut</dd>",
        ),
        NAME_SEND,
    ),
    Way(
        named_as_another,
        ("The platform names its job remote-9, which belongs to another job here already.",),
        NAME_SEND,
    ),
    Way(
        accepted_without_a_name,
        (
            "without our mark in the description",
            "<dd>accepted, without naming its job</dd>",
            "The platform said that it accepted it: most likely it did arrive.",
            MARK_LOST,
        ),
        NAME_SEND,
    ),
    Way(
        running_until_late,
        (
            "The platform still says IN_PROGRESS after the deadline.",
            "<dd>it has it as job remote-1</dd>",
            "sending it again would do everything twice.",
            "Its job at the platform is known already as remote-1.",
        ),
        FOLLOW,
    ),
    Way(
        gone_at_the_platform,
        ("How it ended cannot be found out:", "If the platform no longer tells of it, it comes back here."),
        FOLLOW_NAME,
    ),
    Way(
        left_alone,
        ("Ada Lund stopped following it. It may still run at the platform", "Nothing is sent."),
        FOLLOW,
    ),
    Way(
        restored,
        ("It was under way when the backup was made that this installation was restored from.",),
        NAME_SEND,
    ),
]


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(UserFactory(administrator=True))
    return client


def page_of(browser: Client, job: Job) -> str:
    answer = browser.get(f"/jobs/{job.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_page_says_what_is_known_and_what_each_choice_does(way: Way, post: Post, browser: Client) -> None:
    job = way.arrange(post)

    page = page_of(browser, job)

    missing = [words for words in way.says if words not in page]
    offered = [act for act in ("resume", "adopt", "retry", "close") if f'action="/jobs/{job.pk}/{act}/"' in page]
    assert missing == []
    assert " ".join(offered) == way.offers
    assert "Towpath stops asking." in page


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_choice_that_is_not_offered_is_refused_to_a_forged_form_too(way: Way, post: Post, browser: Client) -> None:
    job = way.arrange(post)
    forged = {
        "resume": {},
        "retry": {"retry-is_checked": "on", "retry-reason": "I say so."},
    }

    answers = {
        act: browser.post(f"/jobs/{job.pk}/{act}/", sent).status_code
        for act, sent in forged.items()
        if act not in way.offers.split()
    }

    assert set(answers.values()) <= {422}
    assert fresh(job).state == JobState.NEEDS_ATTENTION


def test_a_job_that_was_held_not_to_be_ours_is_named_as_such_the_next_time(
    post: Post, browser: Client, owner: User
) -> None:
    job = killed_then_resembled(post)
    post.at_submit = lose_answer
    jobs.retry_sending(job=job, actor=UserFactory(administrator=True), reason="It is a colleague's.")
    post.at_submit = nothing
    post.look_ups = [LookUp(["a", "b"], True)]

    page = page_of(browser, until_asked(job))

    assert "Held not to be ours by a person: theirs-1." in page


def test_a_candidate_that_is_followed_here_leads_to_its_page(post: Post, browser: Client) -> None:
    job = fitted_twice(post)
    theirs = JobFactory(
        organization=job.organization, running=True, is_foreign=True, remote_id="ours-2", title="Somebody's import"
    )

    page = page_of(browser, job)

    assert f'href="/jobs/{theirs.pk}/"' in page
    assert "ours-2: “Somebody&#x27;s import”, IN_PROGRESS" in page


def test_of_many_searches_the_latest_are_told_with_the_number_of_all(post: Post, browser: Client) -> None:
    job = unanswered(post)
    post.look_ups = [LookUp([], False)] * 15
    for _ in range(15):
        work_on(job)
    make_late(job)

    page = page_of(browser, until_asked(job))

    assert "The latest of 16 searches." in page
    assert page.count("Looked, found no trace") == 12
