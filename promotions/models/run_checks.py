"""What people have to look at themselves once a run is over."""

from django.db import models

from accounts.models import User
from promotions.models.jobs import Job


class RunCheck(models.Model):
    """One thing to check by hand after a run; a person ticks it, with name and time."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="checks")
    key = models.CharField(max_length=64)
    position = models.PositiveIntegerField()
    title = models.CharField(max_length=300)
    explanation = models.TextField(blank=True)
    sample = models.TextField(blank=True, help_text="A call or a text to copy, ready to use.")
    ticked_at = models.DateTimeField(null=True, blank=True)
    ticked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["job", "position"]
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="one_check_per_job_and_key")]

    def __str__(self) -> str:
        return self.title
