"""Packages of an organization as last seen at the platform."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, User
from promotions.choices import PUBLISHABLE, ArtifactType, PackageStatus, PackageType, label

EXPIRY_WARNING = timedelta(days=14)


class PackageQuerySet(models.QuerySet["Package"]):
    def visible_to(self, user: User) -> "PackageQuerySet":
        return self.filter(organization__in=Organization.objects.visible_to(user))

    def importable(self, now: datetime) -> "PackageQuerySet":
        """Published, unexpired and still there."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), status=PackageStatus.PUBLISHED, vanished_at=None)


class Package(models.Model):
    """A package of sandbox tooling. Remote enumerations are kept as the platform spells them."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="packages")
    remote_id = models.CharField(max_length=64)
    name = models.CharField(max_length=500)
    sort_name = models.CharField(max_length=500, help_text="Lower case, for ordering by name.")
    description = models.TextField(blank=True)
    status = models.CharField(max_length=64)
    package_type = models.CharField(max_length=32)
    visibility = models.CharField(max_length=32)
    source_sandbox = models.CharField(max_length=256, blank=True)
    version = models.IntegerField(null=True)
    artifact_count = models.PositiveIntegerField(default=0)
    search_text = models.TextField(blank=True, help_text="What full-text search reads.")
    remote_created_at = models.DateTimeField(help_text="First seen here, if the platform does not say.")
    remote_modified_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    raw = models.JSONField(default=dict, help_text="The remote document, redacted.")
    dependencies = models.JSONField(
        null=True,
        blank=True,
        help_text='{"nodes": [{"key", "type", "id", "title", "depth"}], "children": {key: [...]}, "is_cut"}',
    )
    dependencies_read_at = models.DateTimeField(null=True, blank=True)
    capabilities = models.JSONField(
        null=True, blank=True, help_text="The platform's words for what can be done with it; null until asked."
    )
    package_version = models.CharField(max_length=32, blank=True, help_text="Of its content, where it has versions.")
    versions = models.JSONField(
        null=True, blank=True, help_text='[{"id", "version", "at", "by"}], newest first; null until asked.'
    )
    comparison = models.JSONField(
        null=True,
        blank=True,
        help_text='{"at", "target", "version", "objects": [{"type", "id", "title", "changes"}]} as last compared.',
    )
    asked_expires_at = models.DateTimeField(
        null=True, blank=True, help_text="The expiry we last asked for; the platform may have set another."
    )
    first_seen_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="Last written, because something changed.")
    vanished_at = models.DateTimeField(null=True, blank=True)

    objects = PackageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "remote_id"], name="one_package_per_organization_and_id")
        ]
        indexes = [
            # The list, newest first, over all organizations and in one of them, with and without a status.
            models.Index(fields=["-remote_created_at", "-id"], name="package_newest"),
            models.Index(fields=["organization", "-remote_created_at", "-id"], name="package_org_newest"),
            models.Index(fields=["status", "-remote_created_at", "-id"], name="package_status_newest"),
            models.Index(
                fields=["organization", "status", "-remote_created_at", "-id"], name="package_org_status_newest"
            ),
            # The list ordered by name.
            models.Index(fields=["sort_name", "id"], name="package_name"),
            models.Index(fields=["organization", "sort_name", "id"], name="package_org_name"),
            # Home and the expiry filter: what runs out next.
            models.Index(fields=["expires_at"], name="package_expiry"),
            models.Index(fields=["status", "expires_at", "id"], name="package_status_expiry"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def status_label(self) -> str:
        return label(PackageStatus, self.status)

    @property
    def type_label(self) -> str:
        return label(PackageType, self.package_type)

    @property
    def is_full(self) -> bool:
        return self.package_type == PackageType.FULL

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def expires_soon(self) -> bool:
        return (
            self.expires_at is not None and not self.is_expired and self.expires_at <= timezone.now() + EXPIRY_WARNING
        )

    @property
    def is_importable(self) -> bool:
        return self.status == PackageStatus.PUBLISHED and not self.is_expired and self.vanished_at is None

    @property
    def is_publishable(self) -> bool:
        return self.status in PUBLISHABLE and self.vanished_at is None

    @property
    def shown_status(self) -> str:
        """The word on the badge, if its look has none that fits: an unknown status speaks for itself."""
        is_known = self.vanished_at is not None or self.is_expired or self.status in PackageStatus.values
        return "" if is_known else self.status

    @property
    def state_slug(self) -> str:
        """The badge to show: what outlives or overrides the platform's status comes first."""
        if self.vanished_at is not None:
            return "vanished"
        return "expired" if self.is_expired else self.status.lower()


class Artifact(models.Model):
    """One object named by a package."""

    package = models.ForeignKey(Package, on_delete=models.CASCADE, related_name="artifacts")
    position = models.PositiveIntegerField()
    type = models.CharField(max_length=64)
    remote_id = models.CharField(max_length=500)
    title = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["package", "type", "remote_id"], name="one_artifact_per_package_type_and_id"
            )
        ]
        indexes = [
            # "Packages that hold a schema": the type filter of the list.
            models.Index(fields=["type", "package"], name="artifact_type")
        ]

    def __str__(self) -> str:
        return self.title or self.remote_id

    @property
    def type_label(self) -> str:
        return label(ArtifactType, self.type)
