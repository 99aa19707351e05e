"""Values that an organization keeps to fill in where an export leaves a secret out."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models.organizations import Organization
from accounts.models.people import User


class StoredValueQuerySet(models.QuerySet["StoredValue"]):
    def present(self) -> "StoredValueQuerySet":
        """Without the removed ones, which only history still names."""
        return self.filter(deleted_at=None, organization__deleted_at=None)

    def visible_to(self, user: User) -> "StoredValueQuerySet":
        """Those the user may know of by name; the value leaves by no face."""
        return self.present().filter(organization__in=Organization.objects.visible_to(user).values("pk"))


class StoredValue(models.Model):
    """A secret of an organization under a name. The value lies encrypted and is shown to nobody.

    A removed one keeps its row, without the value, so that decisions go on naming it.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="stored_values")
    name = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    sealed = models.TextField(blank=True, help_text="The ciphertext; empty once the value was erased.")
    digest = models.CharField(
        max_length=64, blank=True, help_text="Tells whether the value is still the one somebody chose."
    )
    created_at = models.DateTimeField(default=timezone.now)
    set_at = models.DateTimeField(null=True, blank=True)
    set_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects = StoredValueQuerySet.as_manager()

    class Meta:
        ordering = ["organization", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                condition=Q(deleted_at=None),
                name="one_present_value_per_organization_and_name",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.organization}"

    @property
    def has_value(self) -> bool:
        return bool(self.sealed)
