"""Jobs: one row for each piece of work, its time line, and what happened to every object."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Credential, Organization, Sandbox, User
from promotions.choices import (
    ACTIVE,
    UNFINISHED,
    ArtifactType,
    JobState,
    ProblemKind,
    ResultOutcome,
    Severity,
    Verification,
    label,
)
from promotions.models.packages import Package
from promotions.models.plans import Plan, Promotion


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: User) -> "JobQuerySet":
        return self.filter(organization__in=Organization.objects.visible_to(user))

    def due(self, now: datetime) -> "JobQuerySet":
        """What the next tick has to look at, most overdue first."""
        return self.filter(state__in=ACTIVE, due_at__lte=now).order_by("due_at")


class Job(models.Model):
    """One piece of work, ours or seen at the platform.

    queued -> submitting -> running -> succeeded | succeeded_with_warnings | partly_failed | failed
    queued -> running -> ...                    (work that reads only, and jobs that were started elsewhere)
    queued -> cancelled
    submitting | running -> needs_attention -> running | queued | cancelled   (a person decides)

    `due_at` is when a worker has to look at the row next; claiming moves it ahead before any call goes out, so a dead
    worker's row falls due again. `lease_token` names the claim: a worker that lost it may not write any more.
    """

    kind = models.CharField(max_length=64, help_text="Name under which its job type is registered.")
    title = models.CharField(max_length=500)
    state = models.CharField(max_length=32, choices=JobState.choices, default=JobState.QUEUED)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="jobs")
    sandbox = models.ForeignKey(Sandbox, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    promotion = models.ForeignKey(Promotion, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    package = models.ForeignKey(Package, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    credential = models.ForeignKey(Credential, on_delete=models.SET_NULL, null=True, blank=True, related_name="jobs")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="jobs")
    is_foreign = models.BooleanField("started elsewhere", default=False)
    is_quiet = models.BooleanField(
        "routine", default=False, help_text="Scheduled reads, left out of the list by default."
    )
    params = models.JSONField(default=dict, blank=True)

    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    due_at = models.DateTimeField(default=timezone.now)
    interval_s = models.PositiveIntegerField(default=0, help_text="Time between the last two looks, which grows.")
    attempts = models.PositiveIntegerField(default=0, help_text="Tries in a row that ended in an error.")
    lease_token = models.CharField(max_length=32, blank=True)
    deadline_at = models.DateTimeField(null=True, blank=True, help_text="After this we stop waiting and ask a person.")
    watched_until = models.DateTimeField(
        null=True, blank=True, help_text="Somebody has the page open until about then."
    )

    marker = models.CharField(max_length=32, null=True, blank=True, unique=True)  # unique, often absent
    scope = models.CharField(
        max_length=400, blank=True, help_text="What only one unfinished write at a time may concern."
    )
    slot = models.CharField(
        max_length=100,
        blank=True,
        help_text="What only one job at a time may have; others wait.",
    )
    holds_slot = models.BooleanField(default=False, help_text="It is this one's turn, until it is over.")
    submit_at = models.DateTimeField(null=True, blank=True, help_text="When the write was last sent.")
    submit_count = models.PositiveIntegerField(default=0)
    empty_look_ups = models.PositiveIntegerField(default=0)
    remote_id = models.CharField(max_length=100, blank=True)
    remote_status = models.CharField(max_length=64, blank=True)
    remote_finished_at = models.DateTimeField(null=True, blank=True, help_text="When we saw the platform's own end.")

    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True, blank=True)
    progress_text = models.CharField(max_length=300, blank=True)
    problem_kind = models.CharField(max_length=32, choices=ProblemKind.choices, blank=True)
    problem = models.TextField(blank=True, help_text="A sentence for people.")
    problem_detail = models.TextField(blank=True, help_text="The platform's answer, redacted.")
    result = models.JSONField(default=dict, blank=True)
    raw = models.JSONField(default=dict, blank=True, help_text="The last remote document, redacted.")

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "remote_id"], condition=~Q(remote_id=""), name="one_job_per_remote_id"
            ),
            # What keeps two clicks, or two people, from sending one thing twice.
            models.UniqueConstraint(
                fields=["scope"],
                condition=Q(state__in=UNFINISHED) & ~Q(scope=""),
                name="one_unfinished_per_scope",
            ),
            # One job at a time, whatever its kind and whoever works on it.
            models.UniqueConstraint(fields=["slot"], condition=Q(holds_slot=True), name="one_holder_per_slot"),
        ]
        indexes = [
            # The line of those that wait for a slot.
            models.Index(fields=["slot", "id"], condition=Q(state__in=UNFINISHED) & ~Q(slot=""), name="job_slot"),
            # The tick: what is due among the few jobs that are not over.
            models.Index(fields=["due_at"], condition=Q(state__in=ACTIVE), name="job_due"),
            # The list, newest first, by whatever it is narrowed (job_lists.py). A trailing column is one that is only
            # looked at in passing, so that jobs can be counted without being read.
            models.Index(fields=["-created_at", "-id"], name="job_newest"),
            models.Index(fields=["organization", "-created_at", "-id", "is_quiet"], name="job_organization"),
            models.Index(fields=["state", "-created_at", "-id", "organization", "is_quiet"], name="job_state"),
            models.Index(
                fields=["organization", "state", "-created_at", "-id", "is_quiet"], name="job_organization_state"
            ),
            models.Index(fields=["kind", "-created_at", "-id"], name="job_kind_newest"),
            models.Index(fields=["organization", "kind", "-created_at", "-id"], name="job_organization_kind"),
            models.Index(fields=["sandbox", "-created_at", "-id", "organization", "is_quiet"], name="job_sandbox"),
            models.Index(
                fields=["sandbox", "state", "-created_at", "-id", "organization", "is_quiet"], name="job_sandbox_state"
            ),
            models.Index(fields=["requested_by", "-created_at", "-id", "organization", "is_quiet"], name="job_person"),
            models.Index(
                fields=["requested_by", "state", "-created_at", "-id", "organization", "is_quiet"],
                name="job_person_state",
            ),
            # The list of what was started elsewhere, and of what was started here.
            models.Index(
                fields=["organization", "-created_at", "-id"], condition=Q(is_foreign=True), name="job_elsewhere"
            ),
            models.Index(
                fields=["organization", "state", "-created_at", "-id"],
                condition=Q(is_foreign=True),
                name="job_elsewhere_state",
            ),
            models.Index(
                fields=["organization", "-created_at", "-id"],
                condition=Q(is_foreign=False, is_quiet=False),
                name="job_here",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} ({self.get_state_display().lower()})"

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def is_live(self) -> bool:
        """Whether the page has something to wait for."""
        return self.state in ACTIVE

    def advance(self, to: JobState, *, only_from: Iterable[JobState], **changes: Any) -> bool:
        """Move to `to` if still in one of `only_from`; True for the one caller that won."""
        rows = type(self).objects.filter(pk=self.pk, state__in=list(only_from))
        if not rows.update(state=to, **changes):
            return False
        self.refresh_from_db()
        return True


class JobEvent(models.Model):
    """One line of a job's time line; only ever added."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    severity = models.CharField(max_length=16, choices=Severity.choices, default=Severity.INFO)
    text = models.TextField()
    actor_text = models.CharField(max_length=200, blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["job", "at"], name="event_by_job")]  # the time line of one job

    def __str__(self) -> str:
        return self.text


class TaskResult(models.Model):
    """What happened to one object, as the platform claims it and as a second look found it."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="results")
    position = models.PositiveIntegerField()
    type = models.CharField(max_length=64)
    remote_id = models.CharField(max_length=500)
    title = models.CharField(max_length=500, blank=True)
    new_id = models.CharField(max_length=500, blank=True)
    claim = models.CharField(max_length=64, blank=True, help_text="The platform's own word for the task.")
    outcome = models.CharField(max_length=16, choices=ResultOutcome.choices)
    explanation = models.TextField(blank=True, help_text="In words, where the message is understood.")
    messages = models.JSONField(default=list, help_text="The platform's messages, verbatim.")
    verification = models.CharField(max_length=16, choices=Verification.choices, default=Verification.UNCHECKED)
    verification_text = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["job", "position"]
        constraints = [
            models.UniqueConstraint(fields=["job", "type", "remote_id"], name="one_result_per_job_and_object")
        ]

    def __str__(self) -> str:
        return f"{self.type_label} {self.title or self.remote_id}: {self.outcome}"

    @property
    def type_label(self) -> str:
        return label(ArtifactType, self.type)


class Schedule(models.Model):
    """When a routine read of one organization is due next."""

    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="schedules")
    kind = models.CharField(max_length=64)
    next_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind"], name="one_schedule_per_organization_and_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.organization}"
