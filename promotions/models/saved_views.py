"""A person's own names for filters."""

from django.db import models
from django.utils import timezone

from accounts.models import User


class SavedView(models.Model):
    """A filter of the job list under a name. Its address says all of it, so whoever gets the link sees the same."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000, help_text="The filter as the address of the list holds it.")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name", "pk"]
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="one_saved_view_per_person_and_name")]

    def __str__(self) -> str:
        return self.name
