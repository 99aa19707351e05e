"""Who takes a list away as a file: one at a time for each person, few at a time in all."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.choices import ExportOutcome
from accounts.errors import BusyError
from accounts.models import Export, Organization, User
from accounts.services import audit
from accounts.services.audit import SubjectText

# A process that was killed ends nothing; after this its place is given away.
STALE_AFTER = timedelta(minutes=2)
KEPT = timedelta(days=30)


@transaction.atomic
def start(
    *,
    verb: str,
    what: str,
    file_format: str,
    filter_text: str,
    found: tuple[int, bool],
    organization: Organization | None = None,
    actor: User,
) -> Export:
    """Take a place for an export and record it, before the first row leaves.

    `found` is how many rows there are as far as they were counted, and whether there are more. Raises BusyError.
    """
    now = timezone.now()
    Export.objects.filter(ended_at=None, seen_at__lt=now - STALE_AFTER).update(ended_at=now, outcome=ExportOutcome.LOST)
    Export.objects.filter(ended_at__lt=now - KEPT).delete()
    running = list(Export.objects.filter(ended_at=None))
    if mine := next((export for export in running if export.person_id == actor.pk), None):
        seconds = int((now - mine.started_at).total_seconds())
        raise BusyError(
            f"Your export of the {mine.what}, begun {seconds} s ago, is still being written. Wait for it or stop it in "
            "your browser, then ask again."
        )
    free = set(range(1, settings.EXPORTS_AT_ONCE + 1)) - {export.slot for export in running}
    if not free:
        raise BusyError("Others are exporting just now, and every place is taken. Try again in a minute.")
    try:
        with transaction.atomic():
            export = Export.objects.create(person=actor, what=what, slot=min(free))
    except IntegrityError as exc:
        raise BusyError("Another export began at this very moment. Try again.") from exc
    number, is_more = found
    details: dict[str, Any] = {
        "filter": filter_text or "none",
        "format": file_format,
        ("rows_at_least" if is_more else "rows"): number,
    }
    subject = SubjectText("export", str(export.pk), f"the {what}")
    audit.record(verb, actor=actor, subject=subject, organization=organization, details=details)
    return export


def keep_alive(export: Export, rows: int) -> bool:
    """Tell that the export goes on; False if its place was given away or its person may no longer sign in."""
    return bool(
        Export.objects.filter(pk=export.pk, ended_at=None, person__is_active=True).update(
            seen_at=timezone.now(), rows=rows
        )
    )


def finish(export: Export, outcome: ExportOutcome, rows: int) -> None:
    """Give the place back."""
    Export.objects.filter(pk=export.pk, ended_at=None).update(ended_at=timezone.now(), outcome=outcome, rows=rows)
