"""What people decided before, for the next plan of the same object and target."""

from django.db import models
from django.utils import timezone

from accounts.models import Sandbox, User
from promotions.choices import Decision


class RememberedDecision(models.Model):
    """The decision on one source object for one target that was last run, and how often in a row it was the same.

    `target` is the existing object that was used; of a creation, what the run made, once that is known.
    """

    target_sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="remembered_decisions")
    type = models.CharField(max_length=64)
    remote_id = models.CharField(max_length=500)
    decision = models.CharField(max_length=16, choices=Decision.choices)
    target = models.JSONField(null=True, blank=True)
    times = models.PositiveIntegerField(default=1)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["target_sandbox", "type", "remote_id"], name="one_remembered_decision_per_object_and_target"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_decision_display()} for {self.type} {self.remote_id} in {self.target_sandbox}"
