"""Celery entry points. They carry ids only; what is due stands in the database."""

from contextlib import AbstractContextManager

from celery import shared_task
from django.conf import settings

from config import heartbeat, logs
from promotions.engine import activities, chores, dispatch, following, submissions, timeline
from promotions.services import expiries


@shared_task
def tick(source: str = "commit") -> None:
    """Beat runs this every second, and services after a commit that made something due."""
    dispatch.dispatch_due()
    heartbeat.note_tick(source)


@shared_task
def do_chores() -> None:
    """Beat runs this every half minute."""
    chores.do_all()


@shared_task
def warn_of_expiries() -> None:
    """Beat runs this every hour."""
    expiries.warn()


@shared_task
def follow_organization(job_ids: list[int], token: str) -> None:
    following.follow(job_ids, token)


@shared_task
def submit(job_id: int, token: str) -> None:
    with _named(job_id):
        submissions.step(job_id, token)


@shared_task(time_limit=settings.LONG_TASK_TIME_LIMIT_S)
def submit_long(job_id: int, token: str) -> None:
    with _named(job_id):
        submissions.step(job_id, token)


@shared_task
def run_interactive(job_id: int, token: str) -> None:
    with _named(job_id):
        activities.run(job_id, token)


@shared_task(time_limit=settings.LONG_TASK_TIME_LIMIT_S)
def run_long(job_id: int, token: str) -> None:
    with _named(job_id):
        activities.run(job_id, token)


def _named(job_id: int) -> AbstractContextManager[None]:
    """Log lines and audit rows of the work name the job, and the web request that asked for it."""
    return logs.working_on(job_id, asked_by=timeline.asked_by(job_id))
