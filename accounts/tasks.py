"""Celery entry points of accounts. What is due stands in the database."""

from celery import shared_task

from accounts.services import mail


@shared_task
def deliver_notices() -> None:
    """Beat runs this every few seconds, and services after a commit that has something to mail."""
    mail.deliver_due()
