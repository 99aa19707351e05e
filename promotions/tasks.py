"""Celery entry points. They carry ids only; what is due stands in the database."""

from celery import shared_task

from promotions.engine import activities, chores, dispatch, following, submissions
from promotions.services import expiries


@shared_task
def tick() -> None:
    """Beat runs this every second, and services after a commit that made something due."""
    dispatch.dispatch_due()


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
    submissions.step(job_id, token)


@shared_task
def run_interactive(job_id: int, token: str) -> None:
    activities.run(job_id, token)


@shared_task
def run_long(job_id: int, token: str) -> None:
    activities.run(job_id, token)
