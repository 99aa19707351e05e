"""Journeys of a sandbox as last seen at the platform, and the copies that imports made of them."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, Sandbox, User
from promotions.choices import JourneySource, JourneyState, SourceState
from promotions.models.jobs import Job
from promotions.models.plans import Promotion


class JourneyQuerySet(models.QuerySet["Journey"]):
    def visible_to(self, user: User) -> "JourneyQuerySet":
        return self.filter(organization__in=Organization.objects.visible_to(user))


class Journey(models.Model):
    """One journey of a sandbox; its versions stand beside it.

    `findings` is [{"severity": "error" | "warning", "text"}], what the platform says of the latest version. `outline`
    is what its picture is drawn from, and `uses` [{"type", "uid", "name", "is_system", "facts"}].
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="journeys")
    sandbox = models.ForeignKey(Sandbox, on_delete=models.CASCADE, related_name="journeys")
    uid = models.CharField(max_length=200)
    name = models.CharField(max_length=500)
    sort_name = models.CharField(max_length=500, help_text="Lower case, for ordering by name.")
    search_text = models.TextField(blank=True, help_text="Lower case; what the list's search looks through.")
    state = models.CharField(max_length=16, choices=JourneyState.choices, default=JourneyState.UNKNOWN)
    raw_state = models.CharField(max_length=64, blank=True, help_text="As the platform spells it.")
    description = models.TextField(blank=True)
    latest_version_uid = models.CharField(max_length=200, blank=True)
    latest_version = models.CharField(max_length=32, blank=True)
    version_count = models.PositiveIntegerField(default=0)
    remote_created_at = models.DateTimeField(null=True, blank=True)
    remote_modified_at = models.DateTimeField(null=True, blank=True)
    sort_at = models.DateTimeField(help_text="Modified, else created, else first seen here; orders the list.")
    created_by = models.CharField(max_length=200, blank=True)
    modified_by = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=16, choices=JourneySource.choices, default=JourneySource.AUTHORING)
    problem = models.TextField(blank=True, help_text="Why its latest version could not be read, in a sentence.")
    findings = models.JSONField(default=list, blank=True)
    outline = models.JSONField(null=True, blank=True)
    uses = models.JSONField(null=True, blank=True, help_text="Null until an export of it was read.")
    outline_read_at = models.DateTimeField(null=True, blank=True)
    raw = models.JSONField(default=dict, blank=True, help_text="The remote documents by source, redacted.")
    first_seen_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="Last written, because something changed.")
    vanished_at = models.DateTimeField(null=True, blank=True)

    objects = JourneyQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sandbox", "uid"], name="one_journey_per_sandbox_and_uid")]
        indexes = [
            # The list by time and by name, over all organizations and in one of them.
            models.Index(fields=["-sort_at", "-id"], name="journey_newest"),
            models.Index(fields=["organization", "-sort_at", "-id"], name="journey_org_newest"),
            models.Index(fields=["sort_name", "id"], name="journey_name"),
            models.Index(fields=["organization", "sort_name", "id"], name="journey_org_name"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def state_slug(self) -> str:
        """The badge to show: that it is gone overrides what it was."""
        return "vanished" if self.vanished_at is not None else self.state

    @property
    def has_problem(self) -> bool:
        return bool(self.problem or self.findings)

    @property
    def has_errors(self) -> bool:
        """Whether the platform would refuse to export or publish its latest version."""
        return any(found["severity"] == "error" for found in self.findings)

    @property
    def is_exportable(self) -> bool:
        """Whether a version of it can be promoted: only the authoring API exports."""
        return self.source != JourneySource.RETRIEVE and self.vanished_at is None

    @property
    def pick_key(self) -> str:
        """Names it in promotions, whatever becomes of this row."""
        return f"{self.organization_id}:{self.sandbox.name}:{self.uid}"


class JourneyVersion(models.Model):
    """One version of a journey; each has a uid of its own, by which it is exported."""

    journey = models.ForeignKey(Journey, on_delete=models.CASCADE, related_name="versions")
    uid = models.CharField(max_length=200)
    version = models.CharField(max_length=32, blank=True)
    sort_key = models.CharField(max_length=100, blank=True, help_text="The version's numbers, made to sort as text.")
    state = models.CharField(max_length=16, choices=JourneyState.choices, default=JourneyState.UNKNOWN)
    raw_state = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(null=True, blank=True)
    modified_at = models.DateTimeField(null=True, blank=True)
    modified_by = models.CharField(max_length=200, blank=True)
    raw = models.JSONField(default=dict, blank=True, help_text="The remote row, redacted.")

    class Meta:
        ordering = ["journey", "-sort_key", "-pk"]
        constraints = [models.UniqueConstraint(fields=["journey", "uid"], name="one_version_per_journey_and_uid")]
        indexes = [models.Index(fields=["uid"], name="journey_version_uid")]  # which journey a copy was made from

    def __str__(self) -> str:
        return f"{self.name or self.journey} {self.version}".strip()


class JourneyReading(models.Model):
    """How the journeys of one sandbox were last read: which source answered, and what the other one said."""

    sandbox = models.OneToOneField(Sandbox, on_delete=models.CASCADE, related_name="journey_reading")
    authoring = models.CharField(max_length=16, choices=SourceState.choices, default=SourceState.UNASKED)
    authoring_said = models.TextField(blank=True)
    retrieve = models.CharField(max_length=16, choices=SourceState.choices, default=SourceState.UNASKED)
    retrieve_said = models.TextField(blank=True)
    listed = models.PositiveIntegerField(default=0, help_text="Journeys that the lists named.")
    is_complete = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True, blank=True, help_text="When a source last answered.")

    def __str__(self) -> str:
        return f"journeys of {self.sandbox}"


class JourneyCopyQuerySet(models.QuerySet["JourneyCopy"]):
    def visible_to(self, user: User) -> "JourneyCopyQuerySet":
        """Reading needs a role in the source and in the target, as for the promotion that made it."""
        organizations = Organization.objects.visible_to(user)
        return self.filter(source_organization__in=organizations, target_organization__in=organizations)


class JourneyCopy(models.Model):
    """What one import made: a journey, and the objects it uses, each with its old and its new name.

    `objects_made` is [{"type", "name", "uid", "new_uid", "new_name"}]; `problems` are sentences. That it was published
    in the target a person says, since the platform's API does not publish.
    """

    job = models.OneToOneField(Job, on_delete=models.PROTECT, related_name="journey_copy")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, related_name="journey_copies")
    source_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    source_sandbox_name = models.CharField(max_length=256)
    source_uid = models.CharField(max_length=200, blank=True)
    source_version_uid = models.CharField(max_length=200)
    source_version = models.CharField(max_length=32, blank=True)
    target_organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="+")
    target_sandbox = models.ForeignKey(Sandbox, on_delete=models.PROTECT, related_name="journey_copies")
    uid = models.CharField(max_length=200, blank=True, help_text="Of the journey made; empty until it is known.")
    version_uid = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=500, blank=True)
    objects_made = models.JSONField(default=list, blank=True)
    problems = models.JSONField(default=list, blank=True)
    made_at = models.DateTimeField(default=timezone.now)
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = JourneyCopyQuerySet.as_manager()

    class Meta:
        ordering = ["-made_at", "-pk"]
        indexes = [
            # "Where its copies live", and "what it is a copy of".
            models.Index(fields=["source_organization", "source_uid"], name="journey_copies_of"),
            models.Index(fields=["target_sandbox", "uid"], condition=~Q(uid=""), name="journey_copy_made"),
            models.Index(fields=["target_sandbox", "version_uid"], name="journey_copy_version"),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.version_uid} in {self.target_sandbox}"
