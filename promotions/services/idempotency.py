"""Forgetting the answers to calls that nobody repeats any more."""

from datetime import timedelta

from django.utils import timezone

from promotions.models import IdempotentAnswer

KEPT = timedelta(days=7)


def forget_old() -> None:
    """Drop the answers that are older than the seven days the API promises. The clock calls it."""
    IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
