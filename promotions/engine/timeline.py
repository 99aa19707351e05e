"""Lines of a job's time line."""

from typing import Any

from accounts.models import User
from config import logs
from promotions.choices import Severity
from promotions.models import Job, JobEvent

REQUEST_ID = "request_id"
# The lines of a write that goes out.
SENDING, SENDING_AGAIN = "Sending it to the platform.", "Sending it again."


def asked_by(job_id: int) -> str:
    """The id of the web request that queued the job; nothing if none did."""
    data = JobEvent.objects.filter(job=job_id).order_by("at", "pk").values_list("data", flat=True).first()
    return str((data or {}).get(REQUEST_ID, ""))


def note(
    job: Job,
    text: str,
    *,
    severity: Severity = Severity.INFO,
    actor: User | None = None,
    data: dict[str, Any] | None = None,
) -> None:
    """Add a line; `data` must be redacted already.

    What a person does carries the id of their request, which the worker's log lines repeat.
    """
    if actor is not None and logs.request_id.get() != logs.NOTHING:
        data = {REQUEST_ID: logs.request_id.get(), **(data or {})}
    JobEvent.objects.create(
        job=job, text=text, severity=severity, actor_text=str(actor) if actor else "", data=data or {}
    )


def warn(job: Job, text: str, *, data: dict[str, Any] | None = None) -> None:
    """Add a warning, unless the last line says the same already: a fault that lasts is one line, not hundreds."""
    last = job.events.order_by("-pk").first()
    if last is None or last.text != text:
        note(job, text, severity=Severity.WARNING, data=data)
