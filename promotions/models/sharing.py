"""Sharing across organizations: partnerships and transfers as last seen, and what people here asked for."""

from collections.abc import Sequence
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Organization, User
from promotions.choices import (
    DECIDED_PARTNERSHIPS,
    OVER_TRANSFERS,
    PENDING_PARTNERSHIPS,
    UNFINISHED_SHARINGS,
    Direction,
    LegState,
    PartnershipStatus,
    SharingKind,
    SharingState,
    TransferStatus,
    TransferType,
    label_of_status,
    status_in_sentence,
)
from promotions.models.jobs import Job
from promotions.models.packages import Package

M = TypeVar("M", bound=models.Model)

NAMED_PARTNERS = 4


class OwnedQuerySet(models.QuerySet[M]):
    def visible_to(self, user: User) -> Self:
        """One organization's side of it is for that organization's people only."""
        return self.filter(organization__in=Organization.objects.visible_to(user))


class Partnership(models.Model):
    """One organization's view of a partnership (a handshake, in the platform's word); the partner has its own.

    `history` is a list of {"action", "at", "by", "organization_id", "reason"}, oldest first, `at` in ISO 8601 or "".
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="partnerships")
    remote_id = models.CharField(max_length=64)
    linking_id = models.CharField(max_length=64, help_text="Names the partnership when it is decided on.")
    direction = models.CharField(max_length=16, choices=Direction.choices)
    partner_id = models.CharField(max_length=150)
    partner_name = models.CharField(max_length=300, blank=True)
    partner_region = models.CharField(max_length=32, blank=True)
    status = models.CharField(max_length=64, help_text="As the platform spells it.")
    history = models.JSONField(default=list)
    history_text = models.TextField(blank=True, help_text="The history as it came, where it could not be read.")
    remote_created_at = models.DateTimeField(help_text="First seen here, if the platform does not say.")
    remote_modified_at = models.DateTimeField(null=True)
    raw = models.JSONField(default=dict, help_text="The remote document, redacted.")
    first_seen_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="Last written, because something changed.")
    vanished_at = models.DateTimeField(null=True, blank=True)
    decision_job = models.ForeignKey(
        Job,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The latest one that approves or rejects it for us.",
    )

    objects = OwnedQuerySet["Partnership"].as_manager()

    class Meta:
        ordering = ["-remote_created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "remote_id"], name="one_partnership_per_organization_and_id"
            )
        ]
        indexes = [
            models.Index(fields=["organization", "-remote_created_at", "-id"], name="partnership_org_newest"),
            models.Index(fields=["organization", "partner_id"], name="partnership_partner"),
            models.Index(fields=["-remote_created_at", "-id"], name="partnership_newest"),
        ]

    def __str__(self) -> str:
        return f"partnership with {self.partner}"

    @property
    def partner(self) -> str:
        """The partner's name; some organizations are known by nothing but their id."""
        return self.partner_name or self.partner_id

    @property
    def status_label(self) -> str:
        return label_of_status(PartnershipStatus, self.status)

    @property
    def status_text(self) -> str:
        """Its words within a sentence."""
        return status_in_sentence(PartnershipStatus, self.status)

    @property
    def is_incoming(self) -> bool:
        return self.direction == Direction.INCOMING

    @property
    def is_pending(self) -> bool:
        return self.status.upper() in PENDING_PARTNERSHIPS and self.vanished_at is None

    @property
    def is_approved(self) -> bool:
        return self.status.upper() == PartnershipStatus.APPROVED and self.vanished_at is None

    @property
    def is_rejected(self) -> bool:
        return self.status.upper() == PartnershipStatus.REJECTED

    @property
    def state_slug(self) -> str:
        """The badge to show; an unknown status is unknown."""
        if self.vanished_at is not None:
            return "vanished"
        if self.is_pending:
            return "pending"
        return self.status.lower() if self.status.upper() in DECIDED_PARTNERSHIPS else "unknown"


class Transfer(models.Model):
    """One organization's view of a package on its way; the other side has its own.

    `steps` are the platform's messages in their order. `package` is ours at the source, and at the target what arrived,
    once it is found among the packages there.
    """

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="transfers")
    remote_id = models.CharField(max_length=64)
    direction = models.CharField(max_length=16, choices=Direction.choices)
    type = models.CharField(max_length=16, blank=True, help_text="As the platform spells it: private or public.")
    partner_id = models.CharField(max_length=150)
    partner_name = models.CharField(max_length=300, blank=True)
    package_remote_id = models.CharField(max_length=64, help_text="The package at its source.")
    package_name = models.CharField(max_length=500, blank=True)
    package = models.ForeignKey(Package, on_delete=models.PROTECT, null=True, blank=True, related_name="transfers")
    status = models.CharField(max_length=64, help_text="As the platform spells it.")
    steps = models.JSONField(default=list)
    initiated_by = models.CharField(max_length=200, blank=True)
    remote_created_at = models.DateTimeField(help_text="First seen here, if the platform does not say.")
    completed_at = models.DateTimeField(null=True, blank=True, help_text="When the platform says that it ended.")
    over_seen_at = models.DateTimeField(null=True, blank=True, help_text="When we first saw it over.")
    slow_noted_at = models.DateTimeField(null=True, blank=True)
    raw = models.JSONField(default=dict, help_text="The remote document, redacted.")
    first_seen_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="Last written, because something changed.")
    again_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeats", help_text="The failed one."
    )

    objects = OwnedQuerySet["Transfer"].as_manager()

    class Meta:
        ordering = ["-remote_created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "remote_id"], name="one_transfer_per_organization_and_id")
        ]
        indexes = [
            models.Index(fields=["organization", "-remote_created_at", "-id"], name="transfer_org_newest"),
            models.Index(fields=["-remote_created_at", "-id"], name="transfer_newest"),
            # What is awaited: arrivals, and what is slow.
            models.Index(fields=["organization", "over_seen_at"], name="transfer_over"),
        ]

    def __str__(self) -> str:
        arrow = "to" if self.direction == Direction.OUTGOING else "from"
        return f"“{self.package_title}” {arrow} {self.partner}"

    @property
    def partner(self) -> str:
        return self.partner_name or self.partner_id

    @property
    def package_title(self) -> str:
        return self.package_name or self.package_remote_id

    @property
    def status_label(self) -> str:
        return label_of_status(TransferStatus, self.status)

    @property
    def status_text(self) -> str:
        """Its words within a sentence."""
        return status_in_sentence(TransferStatus, self.status)

    @property
    def type_label(self) -> str:
        return label_of_status(TransferType, self.type)

    @property
    def is_incoming(self) -> bool:
        return self.direction == Direction.INCOMING

    @property
    def is_over(self) -> bool:
        return self.status.upper() in OVER_TRANSFERS

    @property
    def is_failed(self) -> bool:
        return self.status.upper() == TransferStatus.FAILED

    @property
    def is_completed(self) -> bool:
        return self.status.upper() == TransferStatus.COMPLETED

    @property
    def has_arrived(self) -> bool:
        """Whether the package was found among the target's own; the platform's word alone does not count."""
        return self.is_incoming and self.is_completed and self.package_id is not None

    @property
    def state_slug(self) -> str:
        """The badge to show; an unknown status is unknown."""
        return self.status.lower() if self.status.upper() in TransferStatus.values else "unknown"


class SharingRequest(models.Model):
    """One act across organizations that somebody here asked for; one consent covers all that follows from it.

    waiting -> under_way -> done | partly_done | failed
    waiting -> turned_down                       (nobody agreed: rejected, withdrawn, void or expired)
    waiting | under_way -> stopped               (a person ends it; what is at the platform already stays there)

    `facts` are what the consent rests on: {"package": {"id", "name", "version", "status", "artifacts"}} and, for a
    pull, {"packages": [{"organization_id", "id"}]}.
    """

    kind = models.CharField(max_length=16, choices=SharingKind.choices)
    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="sharing_requests")
    package = models.ForeignKey(
        Package, on_delete=models.PROTECT, null=True, blank=True, related_name="sharing_requests"
    )
    note = models.TextField(blank=True, help_text="For those who decide, on both sides.")
    facts = models.JSONField(default=dict)
    content_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=16, choices=SharingState.choices, default=SharingState.WAITING)
    problem = models.TextField(blank=True, help_text="Why it ended otherwise than wished, in sentences.")
    again_of = models.ForeignKey(
        Transfer, on_delete=models.PROTECT, null=True, blank=True, related_name="sharing_requests"
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="sharing_requests")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True, help_text="When the consent was put to use.")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = OwnedQuerySet["SharingRequest"].as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["organization", "-created_at", "-id"], name="sharing_org_newest"),
            models.Index(fields=["-created_at", "-id"], name="sharing_newest"),
            models.Index(fields=["state"], condition=Q(state__in=UNFINISHED_SHARINGS), name="sharing_unfinished"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """What was asked for, as a thing: "sharing of “Loyalty” with Globex"."""
        return self._titled(list(self.legs.all()))

    def title_for(self, partner_id: str) -> str:
        """The same for one of several partners, whom the others do not concern."""
        return self._titled([leg for leg in self.legs.all() if leg.partner_id.upper() == partner_id.upper()])

    def _titled(self, legs: Sequence["SharingLeg"]) -> str:
        named = self.facts.get("package", {}).get("name", "")
        names = list(dict.fromkeys(leg.partner for leg in legs))
        others = len(names) - NAMED_PARTNERS
        partners = ", ".join(names) if others < 2 else f"{', '.join(names[:NAMED_PARTNERS])} and {others} others"
        packages = f"package {legs[0].package_remote_id}" if len(legs) == 1 else f"{len(legs)} packages"
        return {
            SharingKind.PARTNERSHIP: f"partnership with {partners}",
            SharingKind.SHARE: f"sharing of “{named}” with {partners}",
            SharingKind.PUBLICITY: f"making “{named}” public",
            SharingKind.PULL: f"pulling of {packages} from {partners}",
        }[SharingKind(self.kind)]

    @property
    def is_over(self) -> bool:
        return self.state not in UNFINISHED_SHARINGS


class SharingLeg(models.Model):
    """The part of a request that concerns one partner (of a pull: one package); it goes on by itself.

    waiting -> asking -> waiting_partner -> sending -> done          (a step that is not needed is left out)
    any of them -> failed | refused | stopped

    In `asking` and `sending` the job of that name does the work, and says more than the state.
    """

    request = models.ForeignKey(SharingRequest, on_delete=models.CASCADE, related_name="legs")
    position = models.PositiveIntegerField(default=0)
    partner_id = models.CharField(max_length=150, blank=True, help_text="Empty where everybody is meant.")
    partner_name = models.CharField(max_length=300, blank=True)
    package_remote_id = models.CharField(max_length=64, blank=True, help_text="The package to pull.")
    state = models.CharField(max_length=16, choices=LegState.choices, default=LegState.WAITING)
    problem = models.TextField(blank=True)
    partnership = models.ForeignKey(Partnership, on_delete=models.PROTECT, null=True, blank=True, related_name="legs")
    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, null=True, blank=True, related_name="legs")
    asking_job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, blank=True, related_name="asking_legs")
    sending_job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, blank=True, related_name="sending_legs")
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["request", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "partner_id", "package_remote_id"], name="one_leg_per_request_and_partner"
            )
        ]
        indexes = [
            models.Index(fields=["state", "partner_id"], name="leg_state_partner")  # what a changed partnership moves
        ]

    def __str__(self) -> str:
        return f"{self.request}: {self.partner}"

    @property
    def title(self) -> str:
        """What was asked for of this partner alone."""
        return self.request.title_for(self.partner_id)

    @property
    def partner(self) -> str:
        return self.partner_name or self.partner_id
