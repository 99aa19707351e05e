"""What Towpath tells people by itself: on the page of notices, and by mail."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.choices import DeliveryState
from accounts.models.organizations import Organization
from accounts.models.people import User


class NoticeQuerySet(models.QuerySet["Notice"]):
    def listed_for(self, person: User) -> "NoticeQuerySet":
        """Those on the person's page: nothing about an organization that they may no longer know of."""
        visible = Organization.objects.visible_to(person).values("pk")
        return self.filter(person=person, is_listed=True).filter(Q(organization=None) | Q(organization__in=visible))

    def unread(self) -> "NoticeQuerySet":
        """What still asks to be looked at; a thing that was settled meanwhile does not."""
        return self.filter(read_at=None, settled_at=None)

    def looked_at(self) -> "NoticeQuerySet":
        """What asks for nothing any more: read, or settled."""
        return self.filter(Q(read_at__isnull=False) | Q(settled_at__isnull=False))


class Notice(models.Model):
    """One thing told to one person.

    Open until it is settled: while it is, the same thing (kind and key) is not told to the person again, read or not.
    """

    # The index of the page begins with the person.
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notices", db_index=False)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="notices",
        help_text="Whoever may not know of it is told nothing.",
    )
    kind = models.CharField(max_length=32, help_text="Name under which its kind is registered.")
    key = models.CharField(max_length=200, blank=True, help_text="What it is about; empty if it is told every time.")
    text = models.CharField(max_length=500)
    detail = models.TextField(blank=True)
    url = models.CharField(max_length=500, help_text="The path of a page of this installation.")
    is_listed = models.BooleanField(default=True, help_text="No for a person who wants this kind by mail only.")
    created_at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "kind", "key"],
                condition=Q(settled_at=None) & ~Q(key=""),
                name="one_open_notice_per_person_kind_and_key",
            )
        ]
        indexes = [
            # The page of one person, newest first, and the API's list.
            models.Index(fields=["person", "-id"], name="notice_newest"),
            # The count in the top bar, asked again and again by every open page.
            models.Index(
                fields=["person", "-id"],
                condition=Q(read_at=None, settled_at=None, is_listed=True),
                name="notice_unread",
            ),
            # Settling, and what was told already. Not partial: SQLite could not see that the key is not empty.
            models.Index(fields=["key"], name="notice_key"),
            # The hourly look at what is told of expiry.
            models.Index(fields=["kind"], condition=Q(settled_at=None), name="notice_open_kind"),
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def is_unread(self) -> bool:
        return self.read_at is None and self.settled_at is None


class NoticeDelivery(models.Model):
    """One mail that tells of a notice.

    waiting -> sent | given_up | dropped     given_up -> waiting (an administrator has it sent again)

    `due_at` is when a worker tries next; a claim moves it ahead and commits before the mail server is called, so that
    a dead worker's mail falls due again. `lease_token` names the claim.
    """

    notice = models.OneToOneField(Notice, on_delete=models.CASCADE, related_name="delivery")
    reference = models.UUIDField(
        default=uuid.uuid4, help_text="Names the message: a repeat after a crash carries the same Message-ID."
    )
    state = models.CharField(max_length=16, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    give_up_at = models.DateTimeField(help_text="A try that fails after this is the last one.")
    attempts = models.PositiveIntegerField(default=0)
    lease_token = models.CharField(max_length=32, blank=True)
    error = models.CharField(max_length=500, blank=True, help_text="What the last try met, redacted.")
    sent_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it was given up or dropped.")

    class Meta:
        indexes = [
            # The worker: what is due.
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="delivery_due"),
            # The administrators' page: what was given up, latest first.
            models.Index(fields=["-id"], condition=Q(state="given_up"), name="delivery_given_up"),
        ]

    def __str__(self) -> str:
        return f"mail of notice {self.notice_id} ({self.get_state_display().lower()})"


class NoticePreference(models.Model):
    """How one person wants to be told of one kind; without a row the kind's own defaults hold."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notice_preferences")
    kind = models.CharField(max_length=32)
    in_app = models.BooleanField()
    mail = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "kind"], name="one_notice_preference_per_person_and_kind")
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.kind}"
