"""Lists that people took away as files."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices import ExportOutcome
from accounts.models.people import User


class Export(models.Model):
    """One file, while it is written and afterwards.

    A file is written by the web process that answers, and holds one of its threads. `slot` is one of the few places
    that exports may take at a time; the constraints keep a second process from giving it away again.
    """

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="exports")
    what = models.CharField(max_length=32)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="The last sign of life.")
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=16, choices=ExportOutcome.choices, default=ExportOutcome.RUNNING)
    rows = models.PositiveBigIntegerField(default=0)
    slot = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person"], condition=Q(ended_at=None), name="one_export_per_person"),
            models.UniqueConstraint(fields=["slot"], condition=Q(ended_at=None), name="one_export_per_slot"),
        ]

    def __str__(self) -> str:
        return self.what
