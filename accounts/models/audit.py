"""The record: one row for each act of a person and each remote write, chained so that tampering shows."""

from datetime import UTC
from typing import Any

from django.db import models
from django.utils import timezone


class AuditEvent(models.Model):
    """One line of the record. The database refuses to change or remove it.

    Actor and subject are ids and text, not links: the line outlives both. `digest` covers the line and the
    digest of the line before it (accounts.services.audit).
    """

    sequence = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    verb = models.CharField(max_length=64)
    actor_id = models.BigIntegerField(null=True)
    actor_text = models.CharField(max_length=200)
    organization_id = models.BigIntegerField(null=True)
    subject_type = models.CharField(max_length=64)
    subject_id = models.CharField(max_length=64)
    subject_text = models.CharField(max_length=300)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["-sequence"]
        indexes = [
            # The audit list of one organization, newest first.
            models.Index(fields=["organization_id", "-sequence"], name="audit_by_organization"),
            # The audit list of one person's acts.
            models.Index(fields=["actor_id", "-sequence"], name="audit_by_actor"),
            # The audit list from or until a time.
            models.Index(fields=["at"], name="audit_by_time"),
            # The audit list narrowed by verbs, alone and beside who may see it.
            models.Index(fields=["verb", "-sequence"], name="audit_by_verb"),
            models.Index(fields=["organization_id", "verb", "-sequence"], name="audit_by_organization_verb"),
            models.Index(fields=["actor_id", "verb", "-sequence"], name="audit_by_actor_verb"),
            # The record of one thing on its own page.
            models.Index(fields=["subject_type", "subject_id", "-sequence"], name="audit_by_subject"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.verb} {self.subject_text}"

    def content(self) -> dict[str, Any]:
        """What the digest covers, in plain values."""
        return {
            "sequence": self.sequence,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "verb": self.verb,
            "actor_id": self.actor_id,
            "actor_text": self.actor_text,
            "organization_id": self.organization_id,
            "subject_type": self.subject_type,
            "subject_id": self.subject_id,
            "subject_text": self.subject_text,
            "reason": self.reason,
            "details": self.details,
            "request_id": self.request_id,
            "address": self.address,
        }


class AuditHead(models.Model):
    """The end of the chain. Its one row is locked last in a transaction, so the chain never forks."""

    sequence = models.PositiveBigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"audit head {self.sequence}"


class AuditCheck(models.Model):
    """What is known of the chain; its one row is kept by the verification in the background and by `verify_audit`.

    A round reads the record from its first line. What has been read in one go stands in `verified_…`; a later round
    that is under way has its own place in `round_…`. Every moment is one at which lines were really read.
    """

    verified_sequence = models.PositiveBigIntegerField(default=0, help_text="All lines up to this one were read.")
    verified_digest = models.CharField(max_length=64, blank=True)
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = models.CharField(max_length=64, blank=True)
    whole_at = models.DateTimeField(null=True, blank=True, help_text="When a reading of all lines ended last.")
    round_sequence = models.PositiveBigIntegerField(default=0)
    round_digest = models.CharField(max_length=64, blank=True)
    round_began_at = models.DateTimeField(null=True, blank=True)
    round_findings = models.JSONField(default=list, blank=True)
    findings = models.JSONField(default=list, blank=True, help_text="Of the last reading, the first ones.")
    findings_total = models.PositiveBigIntegerField(default=0)
    found_at = models.DateTimeField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)
    head_told_at = models.DateTimeField(null=True, blank=True, help_text="When the head was last written to the log.")

    def __str__(self) -> str:
        return f"record verified up to line {self.verified_sequence}"
