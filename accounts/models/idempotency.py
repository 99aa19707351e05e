"""Answers to calls that carried an idempotency key, so that the same call again changes nothing."""

from django.db import models
from django.utils import timezone

from accounts.models.people import User


class IdempotentAnswer(models.Model):
    """The answer that one person's key stands for; written in the transaction of what was done."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="Keyed digest of method, path and body.")
    status = models.PositiveSmallIntegerField(default=0)
    body = models.JSONField(default=dict)
    location = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)  # the chore that forgets old ones

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_answer_per_user_and_key")]

    def __str__(self) -> str:
        return self.key
