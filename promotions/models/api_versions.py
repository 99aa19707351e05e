"""API versions that are known here, and the zips in which they travel."""

from django.db import models
from django.utils import timezone

from accounts.models import Organization, User
from promotions.api_choices import ApiVersionState, ArchiveKind, ArchiveOrigin


class ApiVersion(models.Model):
    """A version of an API in a SnapLogic environment, as far as Towpath knows.

    The platform lists neither APIs nor versions and tells no state, so rows come from what people name and from what
    runs have shown; `state` is what the last act that was seen has led to.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="api_versions")
    api = models.CharField(max_length=200)
    version = models.CharField(max_length=200)
    state = models.CharField(max_length=16, choices=ApiVersionState.choices, default=ApiVersionState.UNKNOWN)
    state_at = models.DateTimeField(null=True, blank=True)
    state_job = models.ForeignKey(
        "promotions.Job",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="What led there.",
    )
    known_from = models.CharField(max_length=200, help_text='How it became known, in words: "named by Ada Wong".')
    assets = models.JSONField(default=dict, help_text="Names by type, as last listed.")
    listed_at = models.DateTimeField(null=True, blank=True)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["organization", "api", "version"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "api", "version"], name="one_row_per_api_version")
        ]

    def __str__(self) -> str:
        return f"{self.api} {self.version}"

    @property
    def path(self) -> str:
        """Case matters in it."""
        return f"{self.organization.remote_id}/apim/{self.api}/{self.version}"

    @property
    def pick_key(self) -> str:
        """What promotions into it have in common."""
        return api_pick_key(self.organization_id, self.api, self.version)


def api_pick_key(organization_id: int, api: str, version: str) -> str:
    """Names a version as the target of promotions; no name of the platform's holds a slash."""
    return f"{organization_id}:{api}/{version}"


class Archive(models.Model):
    """A zip as somebody uploaded it or an environment exported it: byte for byte, encrypted in the shared storage.

    It is erased after a while; the row stays, so that runs go on telling what they sent.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="archives", help_text="Whose members may use it."
    )
    kind = models.CharField(max_length=16, choices=ArchiveKind.choices, default=ArchiveKind.VERSION)
    origin = models.CharField(max_length=16, choices=ArchiveOrigin.choices)
    name = models.CharField(max_length=255, help_text="Of the file.")
    version_path = models.CharField(max_length=600, blank=True, help_text="Where it was exported, if that is known.")
    size = models.PositiveBigIntegerField(help_text="In bytes, as it came.")
    sha256 = models.CharField(max_length=64, help_text="Of the bytes as they came.")
    file = models.CharField(max_length=200, blank=True, help_text="Within the storage; empty once erased.")
    inventory = models.JSONField(default=dict, help_text="What a look into it found, without secrets.")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now, help_text="When a promotion last took it.")
    erased_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["used_at"], condition=models.Q(erased_at=None), name="archive_age")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_erased(self) -> bool:
        return self.erased_at is not None
