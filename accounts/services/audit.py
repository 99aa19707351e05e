"""The record: who did what, chained so that tampering shows.

The head row is locked when a line is written and stays locked until the transaction ends, so lines never fork. A
service therefore calls `record` last, after every other row it changes. A service that breaks this rule cannot damage
the chain: PostgreSQL ends one of two transactions that wait for each other, and on SQLite only one writes.
Lines are written at once rather than kept for the commit, so that a rolled back savepoint takes its lines with it.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import TextChoices
from django.utils import timezone

from accounts.models import AuditEvent, AuditHead, Organization, User
from clients.redaction import redact
from config import logs

HEAD_PK = 1
TOWPATH = "Towpath"
BATCH = 1000

address: ContextVar[str] = ContextVar("address", default="")
"""Where the current web request comes from."""


class Verb(TextChoices):
    """What people do with accounts. A value is never renamed or used again: old lines hold it."""

    FIRST_ADMINISTRATOR_CREATED = "people.first_administrator_created", "set up this installation as"
    PERSON_INVITED = "people.invited", "made the"
    INVITATION_REVOKED = "people.invitation_revoked", "revoked the"
    INVITATION_ACCEPTED = "people.invitation_accepted", "accepted the invitation as"
    PERSON_CREATED = "people.created", "created the account of"
    PERSON_DEACTIVATED = "people.deactivated", "deactivated"
    PERSON_REACTIVATED = "people.reactivated", "reactivated"
    ADMINISTRATOR_CHANGED = "people.administrator_changed", "changed the administrator right of"
    PROFILE_CHANGED = "people.profile_changed", "changed the profile of"
    PASSWORD_CHANGED = "people.password_changed", "changed the password of"
    PASSWORD_LINK_MADE = "people.password_link_made", "made a password link for"
    SIGNED_IN = "people.signed_in", "signed in as"
    SECOND_FACTOR_ADDED = "people.second_factor_added", "set up a second factor for"
    SECOND_FACTOR_REMOVED = "people.second_factor_removed", "removed the second factor of"
    RECOVERY_CODES_MADE = "people.recovery_codes_made", "made new recovery codes for"
    IDENTITY_LINKED = "people.identity_linked", "linked to the OpenID provider the account of"
    IDENTITY_UNLINKED = "people.identity_unlinked", "unlinked from the OpenID provider the account of"
    MEMBERSHIP_CHANGED = "members.changed", "changed the role of"
    MEMBERSHIP_REMOVED = "members.removed", "removed from the organization"
    ORGANIZATION_CREATED = "organization.created", "added the organization"
    ORGANIZATION_CHANGED = "organization.changed", "changed the organization"
    ORGANIZATION_DELETED = "organization.deleted", "deleted the organization"
    CREDENTIAL_ADDED = "credential.added", "added the credential"
    CREDENTIAL_CHANGED = "credential.changed", "changed the credential"
    CREDENTIAL_SECRET_REPLACED = "credential.secret_replaced", "replaced the secret of"
    CREDENTIAL_MADE_PRIMARY = "credential.made_primary", "made primary the credential"
    CREDENTIAL_DELETED = "credential.deleted", "deleted the credential"
    CREDENTIAL_TESTED = "credential.tested", "tested the credential"
    CREDENTIAL_KEYS_ROTATED = "credential.keys_rotated", "encrypted all secrets again under the newest key of"
    VALUE_ADDED = "value.added", "added the stored value"
    VALUE_CHANGED = "value.changed", "changed name or description of the stored value"
    VALUE_REPLACED = "value.replaced", "replaced the stored value"
    VALUE_REMOVED = "value.removed", "removed the stored value"
    API_TOKEN_CREATED = "api_token.created", "created the API token"
    API_TOKEN_REVOKED = "api_token.revoked", "revoked the API token"
    RECORD_EXPORTED = "record.exported", "exported"
    MAIL_SENT_AGAIN = "mail.sent_again", "had sent again"


GROUP_LABELS = {
    "people": "People",
    "members": "Members",
    "organization": "Organizations",
    "credential": "Credentials",
    "value": "Stored values",
    "api_token": "API tokens",
    "record": "The record",
    "mail": "Mail",
}

_verbs: dict[str, str] = {}


class UnknownVerbError(ValueError):
    """A verb that no app registered."""


def register_verbs(verbs: type[TextChoices], *, groups: dict[str, str] | None = None) -> None:
    """Add an app's verbs; values are `group.act`, `groups` names the groups. Raises ValueError on a duplicate."""
    taken = [value for value in verbs.values if value in _verbs]
    if taken:
        raise ValueError(f"These verbs are registered already: {', '.join(taken)}.")
    unnamed = {value.partition(".")[0] for value in verbs.values} - {*GROUP_LABELS, *(groups or {})}
    if unnamed:
        raise ValueError(f"These groups of verbs have no name: {', '.join(sorted(unnamed))}.")
    GROUP_LABELS.update(groups or {})
    _verbs.update(verbs.choices)


register_verbs(Verb)


def verb_label(verb: str) -> str:
    """The verb in words; itself if it is no longer known."""
    return str(_verbs.get(verb, verb))


def verbs_of_group(group: str) -> list[str]:
    return [verb for verb in _verbs if verb.partition(".")[0] == group]


@dataclass(frozen=True)
class SubjectText:
    """A subject that is no row of ours."""

    type: str
    id: str
    text: str


def record(
    verb: str,
    *,
    actor: User | None,
    subject: models.Model | SubjectText,
    organization: Organization | None = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add a line within the running transaction, after every other change in it.

    No actor means Towpath itself. The organization is taken from the subject where it has one.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("Audit lines are written in the transaction of the change they record.")
    if verb not in _verbs:
        raise UnknownVerbError(f"{verb!r} is not a registered verb.")
    event = AuditEvent(
        at=timezone.now(),
        verb=str(verb),
        actor_id=None if actor is None else actor.pk,
        actor_text=_cut(TOWPATH if actor is None else describe_person(actor), 200),
        organization_id=_organization_id(subject, organization),
        reason=_clean(redact(reason)),
        details=canonical(redact(details or {})),
        request_id="" if logs.request_id.get() == "-" else _cut(logs.request_id.get(), 64),
        address=_cut(address.get(), 64),
    )
    if isinstance(subject, SubjectText):
        event.subject_type, event.subject_id = _cut(subject.type, 64), _cut(subject.id, 64)
        event.subject_text = _cut(redact(subject.text), 300)
    else:
        event.subject_type, event.subject_id = subject._meta.label_lower, str(subject.pk)
        text = describe_person(subject) if isinstance(subject, User) else str(subject)
        event.subject_text = _cut(redact(text), 300)
    head = _lock_head()
    event.sequence = head.sequence + 1
    event.digest = _digest(head.digest, event)
    event.save(force_insert=True)
    AuditHead.objects.filter(pk=HEAD_PK).update(sequence=event.sequence, digest=event.digest)
    return event


def describe_person(user: User) -> str:
    """Name and address: names alone are not unique, and the row may be gone when the line is read."""
    return f"{user.full_name} <{user.email}>" if user.full_name else user.email


def canonical(value: Any) -> Any:
    """A JSON value that both engines give back as it went in.

    PostgreSQL rewrites numbers with a fraction and refuses NUL and half surrogate pairs.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return canonical(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, dict):
        return {_clean(str(key)): canonical(member) for key, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [canonical(member) for member in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    return _clean(str(value))


def _clean(text: str) -> str:
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def _cut(text: str, limit: int) -> str:
    text = _clean(text)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _organization_id(subject: models.Model | SubjectText, organization: Organization | None) -> int | None:
    if organization is not None:
        return organization.pk
    if isinstance(subject, Organization):
        return subject.pk
    found = getattr(subject, "organization_id", None)
    return found if isinstance(found, int) else None


def _lock_head() -> AuditHead:
    locked = AuditHead.objects.select_for_update()
    head = locked.filter(pk=HEAD_PK).first()
    if head is None:
        AuditHead.objects.bulk_create([AuditHead(pk=HEAD_PK)], ignore_conflicts=True)
        head = locked.get(pk=HEAD_PK)
    return head


def _digest(previous: str, event: AuditEvent) -> str:
    text = json.dumps(event.content(), sort_keys=True, separators=(",", ":"))
    return hmac.new(settings.AUDIT_KEY.encode(), f"{previous}{text}".encode(), hashlib.sha256).hexdigest()


# Verification


@dataclass(frozen=True)
class Head:
    """An end of the chain, written as SEQUENCE:DIGEST where it is exported."""

    sequence: int
    digest: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.digest}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Raises ValueError for anything but SEQUENCE:DIGEST."""
        number, _, digest = text.strip().partition(":")
        if not number.isdecimal() or (len(digest) != 64 and number != "0"):
            raise ValueError("Write the head as verify_audit prints it: SEQUENCE:DIGEST.")
        return cls(int(number), digest)


@dataclass(frozen=True)
class Finding:
    """One sign of tampering; `sequence` is the row it shows at."""

    sequence: int
    text: str


@dataclass(frozen=True)
class VerificationResult:
    head: Head
    rows: int
    findings: tuple[Finding, ...]
    findings_total: int

    @property
    def is_intact(self) -> bool:
        return not self.findings_total


MAX_FINDINGS = 100


class _Findings:
    """Counts all findings and keeps the first ones, so that memory stays small whatever happened to the table."""

    def __init__(self) -> None:
        self.kept: list[Finding] = []
        self.total = 0

    def add(self, sequence: int, text: str) -> None:
        self.total += 1
        if len(self.kept) < MAX_FINDINGS:
            self.kept.append(Finding(sequence, text))


def current_head() -> Head:
    """The end of the chain as the database has it; 0 and an empty digest before the first line."""
    row = AuditHead.objects.filter(pk=HEAD_PK).first()
    return Head(row.sequence, row.digest) if row else Head(0, "")


class Reading:
    """Reads lines in their order and notes what does not fit; it can be left after any line and taken up again."""

    def __init__(self, after: Head) -> None:
        self.last = after
        self.rows = 0
        self.findings = _Findings()

    def take(self, sequence: int, event: AuditEvent | None) -> None:
        """The next line; None stands for one that no longer parses."""
        self.rows += 1
        # The line after an unreadable or missing one cannot be checked, since its digest covers what is gone.
        can_check = self.last.sequence == 0 or bool(self.last.digest)
        if sequence != self.last.sequence + 1:
            first, end = self.last.sequence + 1, sequence - 1
            span = f"Row {first} is" if first == end else f"Rows {first} to {end} are"
            self.findings.add(first, f"{span} missing: removed, or never part of this chain.")
            can_check = False
        if event is None:
            self.findings.add(sequence, f"Row {sequence} cannot be read: it was changed.")
        elif can_check and not hmac.compare_digest(_digest(self.last.digest, event), event.digest):
            self.findings.add(sequence, f"Row {sequence} does not fit its digest: it was changed or inserted.")
        self.last = Head(sequence, event.digest if event else "")


def verify(*expected_heads: Head | None) -> VerificationResult:
    """Read the whole record in constant memory and name every row that is changed, missing or inserted.

    Rows cut off at the end together with the head cannot be told from rows that never were, unless an exported
    head is given.
    """
    expected = {head.sequence: head.digest for head in expected_heads if head is not None}
    reading = Reading(Head(0, ""))
    findings = reading.findings
    head = current_head()
    for sequence, event in rows_after(None):
        if sequence < 1:
            findings.add(sequence, f"Row {sequence} stands before the first of the chain: it was inserted.")
            continue
        if sequence > head.sequence and sequence > current_head().sequence:
            findings.add(sequence, f"Row {sequence} lies behind the head of the chain: it was inserted.")
            continue
        reading.take(sequence, event)
        last = reading.last
        if expected.get(sequence, last.digest) != last.digest:
            findings.add(sequence, f"Row {sequence} is not the one of the expected head: the chain was rewritten.")
        if sequence == head.sequence and last.digest != head.digest:
            findings.add(sequence, f"The head of the chain does not fit row {sequence}: one of them was changed.")
    last = reading.last
    if last.sequence < head.sequence:
        findings.add(last.sequence + 1, f"Rows {last.sequence + 1} to {head.sequence} are missing: they were cut off.")
    furthest = max(expected, default=0)
    if max(last.sequence, head.sequence) < furthest:
        findings.add(
            last.sequence + 1,
            f"The chain ends at row {last.sequence}, before the expected head {furthest}: rows were cut off.",
        )
    return VerificationResult(last, reading.rows, tuple(findings.kept), findings.total)


def rows_after(sequence: int | None) -> Iterator[tuple[int, AuditEvent | None]]:
    """All rows behind this one in order, in batches; None for one whose columns no longer parse."""
    events = AuditEvent.objects.order_by("sequence")
    rest = events if sequence is None else events.filter(sequence__gt=sequence)
    while numbers := list(rest.values_list("sequence", flat=True)[:BATCH]):
        batch = rest.filter(sequence__lte=numbers[-1])
        try:
            yield from [(event.sequence, event) for event in batch if event.content()]
        except (ValueError, TypeError, AttributeError):
            yield from [(number, _readable(number)) for number in numbers]
        rest = events.filter(sequence__gt=numbers[-1])


def _readable(sequence: int) -> AuditEvent | None:
    try:
        event = AuditEvent.objects.get(pk=sequence)
        event.content()
    except (ValueError, TypeError, AttributeError):
        return None
    return event
