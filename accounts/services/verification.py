"""The chain read again and again in the background, some lines at a time, and what is known of it.

`manage.py verify_audit` reads all of it at once. Both keep what they found in one row, so that pages can say up to
which line the record was read, and when, and never more than that.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db.models import Q
from django.utils import timezone

from accounts.models import AuditCheck, AuditEvent
from accounts.services.audit import Finding, Head, Reading, VerificationResult, current_head, rows_after

log = logging.getLogger(__name__)

CHECK_PK = 1
CLOCK = "Towpath, by the clock"
COMMAND = "verify_audit"
LINES_PER_STEP = 5_000
ROUND_EVERY = timedelta(days=1)
HEAD_EVERY = timedelta(days=1)
# A step takes about a second; one that was killed gives its turn back after this.
LEASE = timedelta(minutes=5)
FINDINGS_KEPT = 20


@dataclass(frozen=True)
class ChainState:
    """What pages may say of the chain."""

    head: Head
    verified: Head
    verified_at: datetime | None
    verified_by: str
    whole_at: datetime | None
    round_sequence: int
    findings: Sequence[Finding]
    findings_total: int
    found_at: datetime | None

    @property
    def is_broken(self) -> bool:
        return self.findings_total > 0

    @property
    def is_up_to_date(self) -> bool:
        """Whether every line that there is was read."""
        return self.verified_at is not None and self.verified.sequence >= self.head.sequence

    @property
    def result(self) -> str:
        """In one word, for programs."""
        if self.is_broken:
            return "broken"
        return "intact" if self.verified_at else "unverified"


def chain_state() -> ChainState:
    """What is known now; two rows are read, however long the record is."""
    row = AuditCheck.objects.filter(pk=CHECK_PK).first() or AuditCheck()
    return ChainState(
        head=current_head(),
        verified=Head(row.verified_sequence, row.verified_digest),
        verified_at=row.verified_at,
        verified_by=row.verified_by,
        whole_at=row.whole_at,
        round_sequence=row.round_sequence,
        findings=tuple(Finding(found["sequence"], found["text"]) for found in row.findings),
        findings_total=row.findings_total,
        found_at=row.found_at,
    )


def known_head() -> Head | None:
    """The furthest line that was ever read here, which must still be there."""
    row = AuditCheck.objects.filter(pk=CHECK_PK).first()
    return Head(row.verified_sequence, row.verified_digest) if row and row.verified_digest else None


def step(*, lines: int = LINES_PER_STEP) -> bool:
    """Read what is new, and the next lines of a round through the whole record; False if another does it just now."""
    row = _claim()
    if row is None:
        return False
    now = timezone.now()
    fresh = _what_is_new(row, lines)
    head = current_head()
    if row.round_began_at is None and (row.whole_at is None or row.whole_at < now - ROUND_EVERY):
        row.round_began_at, row.round_sequence, row.round_digest, row.round_findings = now, 0, "", []
    if row.round_began_at is not None:
        found, is_over = _read_on(Head(row.round_sequence, row.round_digest), head, lines)
        row.round_sequence, row.round_digest = found.last.sequence, found.last.digest
        row.round_findings = _merged(row.round_findings, found.findings.kept)
        fresh = [*fresh, *found.findings.kept]
        if found.last.sequence > row.verified_sequence:
            row.verified_sequence, row.verified_digest, row.verified_at = (*_pair(found.last), timezone.now())
            row.verified_by = CLOCK
        if is_over:
            _end_round(row, _known_to_be_gone(row, head))
    if fresh:
        row.findings = _merged(row.findings, fresh)
        row.findings_total = max(row.findings_total, len(row.findings))
        row.found_at = row.found_at or timezone.now()
        log.error("the record is broken: %s", fresh[0].text)
    _tell_head(row, head)
    row.leased_until = None
    row.save()
    return True


def keep_result(result: VerificationResult) -> None:
    """Keep what one reading of all lines found, as `verify_audit` does."""
    row, _ = AuditCheck.objects.get_or_create(pk=CHECK_PK)
    now = timezone.now()
    if result.is_intact or result.head.sequence > row.verified_sequence:
        row.verified_sequence, row.verified_digest = _pair(result.head)
        row.verified_at, row.verified_by = now, COMMAND
    row.whole_at, row.round_began_at, row.round_sequence, row.round_digest, row.round_findings = now, None, 0, "", []
    row.findings = _merged([], result.findings)
    row.findings_total = result.findings_total
    row.found_at = (row.found_at or now) if result.findings_total else None
    row.save()


def _claim() -> AuditCheck | None:
    """The row, for the one caller that gets it."""
    AuditCheck.objects.get_or_create(pk=CHECK_PK)
    now = timezone.now()
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    if not AuditCheck.objects.filter(free, pk=CHECK_PK).update(leased_until=now + LEASE):
        return None
    return AuditCheck.objects.get(pk=CHECK_PK)


def _what_is_new(row: AuditCheck, lines: int) -> list[Finding]:
    """Read on behind the last verified line, which must still be the one that was read."""
    if not row.verified_sequence:
        return []
    head = current_head()
    if gone := _known_to_be_gone(row, head):
        return gone
    found, _ = _read_on(Head(row.verified_sequence, row.verified_digest), head, lines)
    row.verified_sequence, row.verified_digest = _pair(found.last)
    row.verified_at, row.verified_by = timezone.now(), CLOCK
    return found.findings.kept


def _known_to_be_gone(row: AuditCheck, head: Head) -> list[Finding]:
    """What was verified once must still stand there: so rows cut off together with the head are noticed too."""
    if not row.verified_sequence or not row.verified_digest:
        return []
    digests = AuditEvent.objects.filter(sequence=row.verified_sequence).values_list("digest", flat=True)
    if list(digests) == [row.verified_digest] and head.sequence >= row.verified_sequence:
        return []
    number = row.verified_sequence
    return [Finding(number, f"Row {number} is no longer the one that was verified: rows were cut off or rewritten.")]


def _read_on(after: Head, head: Head, lines: int) -> tuple[Reading, bool]:
    """The next lines up to the head, and whether the end was reached; lines written meanwhile wait for their turn."""
    reading = Reading(after)
    taken = 0
    for sequence, event in islice(rows_after(after.sequence or None), lines):
        taken += 1
        if sequence < 1:
            reading.findings.add(sequence, f"Row {sequence} stands before the first of the chain: it was inserted.")
        elif sequence <= head.sequence:
            reading.take(sequence, event)
        elif sequence > current_head().sequence:
            reading.findings.add(sequence, f"Row {sequence} lies behind the head of the chain: it was inserted.")
    is_over = taken < lines
    last = reading.last
    if is_over and last.sequence < head.sequence:
        reading.findings.add(last.sequence + 1, f"Rows {last.sequence + 1} to {head.sequence} are missing: cut off.")
    if last.sequence == head.sequence and last.digest != head.digest:
        reading.findings.add(last.sequence, f"The head of the chain does not fit row {last.sequence}.")
    return reading, is_over


def _end_round(row: AuditCheck, gone: list[Finding]) -> None:
    """A whole reading replaces what earlier ones found, so that a record put right is shown as such."""
    row.findings = _merged(row.round_findings, gone)
    row.findings_total = len(row.findings)
    row.found_at = row.found_at if row.findings else None
    row.whole_at = timezone.now()
    row.round_began_at, row.round_sequence, row.round_digest, row.round_findings = None, 0, "", []


def _tell_head(row: AuditCheck, head: Head) -> None:
    """Write the head to the log now and then: outside the database, it is what proves a later cut."""
    now = timezone.now()
    if head.sequence and (row.head_told_at is None or row.head_told_at < now - HEAD_EVERY):
        log.info("audit head %s verified_to=%s", head, row.verified_sequence)
        row.head_told_at = now


def _merged(kept: list[dict[str, object]], found: Sequence[Finding]) -> list[dict[str, object]]:
    texts = {entry["text"] for entry in kept}
    fresh = [{"sequence": one.sequence, "text": one.text} for one in found if one.text not in texts]
    return [*kept, *fresh][:FINDINGS_KEPT]


def _pair(head: Head) -> tuple[int, str]:
    return head.sequence, head.digest
