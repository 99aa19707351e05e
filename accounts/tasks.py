"""Celery entry points of accounts. What is due stands in the database."""

from celery import shared_task

from accounts.services import mail, verification


@shared_task
def deliver_notices() -> None:
    """Beat runs this every few seconds, and services after a commit that has something to mail."""
    mail.deliver_due()


@shared_task
def verify_record() -> None:
    """Beat runs this now and then; each time reads the next lines of the chain."""
    verification.step()
