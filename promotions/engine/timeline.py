"""Lines of a job's time line."""

from typing import Any

from accounts.models import User
from promotions.choices import Severity
from promotions.models import Job, JobEvent


def note(
    job: Job,
    text: str,
    *,
    severity: Severity = Severity.INFO,
    actor: User | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Add a line; `data` must be redacted already."""
    JobEvent.objects.create(
        job=job, text=text, severity=severity, actor_text=str(actor) if actor else "", data=data or {}
    )


def warn(job: Job, text: str, *, data: dict[str, Any] | None = None) -> None:
    """Add a warning, unless the last line says the same already: a fault that lasts is one line, not hundreds."""
    last = job.events.order_by("-pk").first()
    if last is None or last.text != text:
        note(job, text, severity=Severity.WARNING, data=data)
