"""What every log line carries, how it is written, and what none may hold."""

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from clients.redaction import MARKER, redact, redact_text

NOTHING = "-"

request_id: ContextVar[str] = ContextVar("request_id", default=NOTHING)
"""The web request at work, or the one that asked for the job at work."""
job_id: ContextVar[int | None] = ContextVar("job_id", default=None)
task: ContextVar[tuple[str, str]] = ContextVar("task", default=("", ""))
"""Name and id of the Celery task at work."""

# Addresses that let whoever knows them in: Django logs the path of every refused request.
_SECRET_PATHS = re.compile(r"(/invitations/|/password/reset/key/)[^/\s]+")


@contextmanager
def working_on(job: int, *, asked_by: str = "") -> Iterator[None]:
    """Put the job, and the request that asked for it, on every line and audit row written inside."""
    job_token = job_id.set(job)
    request_token = request_id.set(asked_by) if asked_by else None
    try:
        yield
    finally:
        job_id.reset(job_token)
        if request_token is not None:
            request_id.reset(request_token)


class ContextFilter(logging.Filter):
    """Adds the ids of the web request, job and task that are at work."""

    def filter(self, record: logging.LogRecord) -> bool:
        current = request_id.get()
        if current == NOTHING:
            # Django speaks of refused requests when the middleware that knows the id has already ended.
            current = getattr(getattr(record, "request", None), "request_id", NOTHING)
        record.request_id = current
        job = job_id.get()
        record.job_id = job
        record.task, record.task_id = task.get()
        record.context = current if job is None else f"{current} job {job}"
        return True


class RedactFilter(logging.Filter):
    """Takes tokens, secrets and one-time links out of the finished message and its traceback, whoever wrote it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _clean(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = _clean(_FORMATTER.formatException(record.exc_info))
        remote = getattr(record, "remote", None)
        if isinstance(remote, dict):
            record.remote = {name: _clean(v) if isinstance(v, str) else v for name, v in redact(remote).items()}
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line; what does not apply is left out."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name in ("request_id", "job_id", "task", "task_id", "remote"):
            value = getattr(record, name, None)
            if value not in (None, "", NOTHING):
                line[name] = value
        if record.exc_info and not record.exc_text:
            record.exc_text = self.formatException(record.exc_info)
        if record.exc_text:
            line["exception"] = record.exc_text
        return json.dumps(line, ensure_ascii=False, default=str)


def as_json(process: str, line: str) -> str:
    """A line of a process that `manage.py up` runs: its own JSON with the process named, or its text as JSON.

    A line that names its process already keeps that name.
    """
    try:
        said = json.loads(line)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        said = {"time": at, "level": "INFO", "logger": process, "message": _clean(line)}
    return json.dumps({"process": process, **said}, ensure_ascii=False)


_FORMATTER = logging.Formatter()


def _clean(text: str) -> str:
    return _SECRET_PATHS.sub(rf"\1{MARKER}", redact_text(text))
