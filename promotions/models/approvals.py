"""Approvals: who agreed to which frozen plan, or to which act across organizations."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, User
from promotions.choices import OPEN_APPROVALS, ApprovalState
from promotions.models.plans import Plan, Promotion
from promotions.models.sharing import SharingRequest


class ApprovalQuerySet(models.QuerySet["Approval"]):
    def visible_to(self, user: User) -> "ApprovalQuerySet":
        """Whoever may read what it is about may read what was said on it."""
        return self.filter(
            Q(plan__promotion__in=Promotion.objects.visible_to(user))
            | Q(sharing__isnull=False, organization__in=Organization.objects.visible_to(user))
        )


class Approval(models.Model):
    """One request for consent to one frozen revision of a plan, or to one sharing request, and what became of it.

    pending -> approved | rejected | withdrawn | void | expired
    approved -> withdrawn | void | expired

    It holds only while its subject still has `content_hash`. `void_changes` says what differed, one sentence each.
    """

    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", help_text="Whose approvers decide."
    )
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, null=True, blank=True, related_name="approvals")
    sharing = models.ForeignKey(
        SharingRequest, on_delete=models.PROTECT, null=True, blank=True, related_name="approvals"
    )
    state = models.CharField(max_length=16, choices=ApprovalState.choices, default=ApprovalState.PENDING)
    content_hash = models.CharField(max_length=64)
    rule = models.CharField(max_length=500, help_text="Why it was needed, in a sentence.")
    note = models.TextField(blank=True, help_text="What the requester told the approvers.")
    runs_at_once = models.BooleanField(default=False, help_text="Consent starts the run.")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(help_text="Until then somebody must decide; once approved, it must be run.")
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it stopped holding, unless by being used.")
    void_changes = models.JSONField(default=list)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["plan"], condition=Q(state__in=OPEN_APPROVALS), name="one_open_approval_per_plan"
            ),
            models.UniqueConstraint(
                fields=["sharing"], condition=Q(state__in=OPEN_APPROVALS), name="one_open_approval_per_sharing"
            ),
            models.CheckConstraint(
                condition=Q(plan__isnull=False, sharing__isnull=True) | Q(plan__isnull=True, sharing__isnull=False),
                name="approval_has_one_subject",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "expires_at"], name="approval_state_expiry"),  # the inbox, and what expires
            models.Index(fields=["-requested_at", "-id"], name="approval_newest"),  # the list
        ]

    def __str__(self) -> str:
        if self.plan is None:
            return f"approval of {self.sharing}"
        return f"approval of {self.plan.promotion}, revision {self.plan.revision}"

    @property
    def subject(self) -> Plan | SharingRequest:
        """What it is about."""
        found = self.plan or self.sharing
        if found is None:
            raise TypeError("an approval has a subject")
        return found

    @property
    def frozen_plan(self) -> Plan:
        """The plan of an approval that is about one."""
        if self.plan is None:
            raise TypeError("this approval is about no plan")
        return self.plan

    @property
    def is_late(self) -> bool:
        """Whether its time has passed, also before the clock has noted it."""
        return self.expires_at <= timezone.now()

    @property
    def is_pending(self) -> bool:
        return self.state == ApprovalState.PENDING and not self.is_late
