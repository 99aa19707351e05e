"""Organizations, who works in them, with which keys, and the sandboxes they hold."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import remote_services
from accounts.choices import IMPORTABLE_STATES, CredentialKind, OrganizationKind, Role, SandboxType
from accounts.models.people import User
from accounts.vendors import DEFAULT_IMS_URL, DEFAULT_PLATFORM_URL, CredentialParts, Vendor, parts_of, vendor_of

EXPIRY_WARNING = timedelta(days=14)


class OrganizationQuerySet(models.QuerySet["Organization"]):
    def present(self) -> "OrganizationQuerySet":
        """Without the deleted ones, which only history still names."""
        return self.filter(deleted_at=None)

    def visible_to(self, user: User) -> "OrganizationQuerySet":
        """Those the user may know of."""
        if user.is_superuser:
            return self.present()
        return self.present().filter(memberships__user=user)


class Organization(models.Model):
    """A remote organization. A deleted one keeps its row, so that promotions and jobs go on naming it.

    Of SnapLogic it is one environment, named by `remote_id`; `platform_url` is then its control plane, and there is no
    `ims_url`.
    """

    name = models.CharField(max_length=150)
    remote_id = models.CharField("organization id", max_length=150)
    kind = models.CharField(max_length=16, choices=OrganizationKind.choices, default=OrganizationKind.ADOBE)
    is_production = models.BooleanField(
        default=False, help_text="Every promotion into this organization then needs an approval."
    )
    region = models.CharField(max_length=16, blank=True)
    ims_url = models.URLField(
        max_length=300, default=DEFAULT_IMS_URL, blank=True, help_text="Empty where there is no sign-in service."
    )
    platform_url = models.URLField(max_length=300, default=DEFAULT_PLATFORM_URL)
    service_urls = models.JSONField(
        default=dict, blank=True, help_text="By name of a further service, only where it differs from its default."
    )
    service_dialects = models.JSONField(
        default=dict, blank=True, help_text="By name of a further service, only where it is not the first."
    )
    created_at = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(null=True, blank=True)
    members = models.ManyToManyField(User, through="Membership", related_name="organizations")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "remote_id"],
                condition=Q(deleted_at=None),
                name="one_present_organization_per_remote_id",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def vendor(self) -> Vendor:
        """What holds for organizations of this kind."""
        return vendor_of(self.kind)

    @property
    def environment(self) -> "Sandbox":
        """The one row that stands for a SnapLogic organization; raises Sandbox.DoesNotExist for any other."""
        return self.sandboxes.get(type=SandboxType.ENVIRONMENT, organization__kind=OrganizationKind.SNAPLOGIC)

    def service_url(self, name: str) -> str:
        """Where a further service of the organization is; raises KeyError for one that nobody registered."""
        url: str = self.service_urls.get(name) or remote_services.named(name).default_in(self.service_dialect(name))
        return url

    def service_dialect(self, name: str) -> str:
        """Which revision of its contract a further service speaks, "" if there is only one.

        Raises KeyError for a service that nobody registered.
        """
        spoken = remote_services.named(name).spoken(self.service_dialects.get(name, ""))
        return spoken.name if spoken else ""


class Membership(models.Model):
    """One person's role in one organization."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.VIEWER)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organization"], name="one_membership_per_user_and_organization")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} of {self.organization}"


class Credential(models.Model):
    """A technical account's keys. The secret parts lie encrypted in one column and leave by no face.

    `secrets` is the ciphertext of a JSON object with those parts that its kind has: client_secret, private_key. Of
    SnapLogic `client_id` is the name of a user, and client_secret their password.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="credentials")
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=32, choices=CredentialKind.choices)
    client_id = models.CharField(max_length=200)
    scopes = models.JSONField(default=list, blank=True, help_text="Names of OAuth scopes.")
    technical_account_id = models.CharField(max_length=200, blank=True)
    metascopes = models.JSONField(default=list, blank=True)
    issuer = models.CharField(max_length=200, blank=True, help_text="Of a signed JWT, as SnapLogic was told it.")
    key_id = models.CharField(max_length=200, blank=True, help_text="Which published key proves a signed JWT.")
    secrets = models.TextField(blank=True)
    is_primary = models.BooleanField(default=False, help_text="The one that jobs of this organization use.")
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    secret_set_at = models.DateTimeField(null=True, blank=True)
    last_test_at = models.DateTimeField(null=True, blank=True)
    is_last_test_ok = models.BooleanField(null=True, blank=True)
    last_test_latency_ms = models.PositiveIntegerField(null=True, blank=True)
    last_test_message = models.CharField(max_length=500, blank=True)
    problem = models.CharField(
        max_length=500,
        blank=True,
        help_text="Why calls with this credential are refused; empty while it works.",
    )

    class Meta:
        ordering = ["organization", "name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="one_credential_per_organization_and_name"),
            models.UniqueConstraint(
                fields=["organization"],
                condition=Q(is_primary=True),
                name="one_primary_credential_per_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.organization}"

    @property
    def parts(self) -> CredentialParts:
        """What credentials of this kind are made of."""
        return parts_of(self.kind)

    @property
    def has_secret(self) -> bool:
        return bool(self.secrets)

    @property
    def is_expired(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def expires_soon(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now() + EXPIRY_WARNING


class AccessToken(models.Model):
    """The one token of a credential, shared by every process: this row is both store and lock."""

    credential = models.OneToOneField(Credential, on_delete=models.CASCADE, related_name="access_token")
    ciphertext = models.TextField(blank=True)
    value_digest = models.CharField(max_length=64, blank=True, help_text="Tells which value a caller was refused with.")
    expires_at = models.DateTimeField(default=timezone.now)
    refresh_at = models.DateTimeField(default=timezone.now, help_text="From then on one caller renews it early.")
    is_rejected = models.BooleanField(default=True)
    locked_until = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"token of {self.credential_id}"


class SandboxQuerySet(models.QuerySet["Sandbox"]):
    def present(self) -> "SandboxQuerySet":
        return self.filter(vanished_at=None, organization__deleted_at=None)

    def of_adobe(self) -> "SandboxQuerySet":
        """Sandboxes proper: without the environments that SnapLogic organizations are."""
        return self.filter(organization__kind=OrganizationKind.ADOBE)


class Sandbox(models.Model):
    """Where a promotion can start or end.

    Of an Adobe organization it is a sandbox as last seen; type and state keep the platform's own words. A SnapLogic
    organization is one environment, and has one row for it: named as its remote id, of the type `environment`, always
    active, made and renamed with the organization and never read from a platform.
    """

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="sandboxes")
    name = models.CharField(max_length=256)
    title = models.CharField(max_length=256, blank=True)
    type = models.CharField(max_length=32)
    state = models.CharField(max_length=32)
    region = models.CharField(max_length=32, blank=True)
    is_default = models.BooleanField(default=False)
    seen_at = models.DateTimeField(default=timezone.now)
    vanished_at = models.DateTimeField(null=True, blank=True)

    objects = SandboxQuerySet.as_manager()

    class Meta:
        ordering = ["organization", "name"]
        verbose_name_plural = "sandboxes"
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="one_sandbox_per_organization_and_name")
        ]

    def __str__(self) -> str:
        return f"{self.organization} · {self.name}"

    @property
    def noun(self) -> str:
        """What its platform calls it."""
        is_environment = self.type == SandboxType.ENVIRONMENT and self.organization.kind == OrganizationKind.SNAPLOGIC
        return "environment" if is_environment else "sandbox"

    @property
    def is_production(self) -> bool:
        """Unknown types count as production: the safe mistake. SnapLogic has no types, so there the mark decides."""
        if self.type == SandboxType.ENVIRONMENT and self.organization.kind == OrganizationKind.SNAPLOGIC:
            return self.organization.is_production
        return self.type != SandboxType.DEVELOPMENT or self.organization.is_production

    @property
    def is_active(self) -> bool:
        return self.state in IMPORTABLE_STATES and self.vanished_at is None
