"""What every log line carries and what none may."""

import logging
import re
from contextvars import ContextVar

from clients.redaction import MARKER, redact_text

request_id: ContextVar[str] = ContextVar("request_id", default="-")

# Addresses that let whoever knows them in: Django logs the path of every refused request.
_SECRET_PATHS = re.compile(r"(/invitations/|/password/reset/key/)[^/\s]+")


class RequestIdFilter(logging.Filter):
    """Adds the id of the web request or task that is at work."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class RedactFilter(logging.Filter):
    """Takes tokens, secrets and one-time links out of the finished message and its traceback, whoever wrote it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = _clean(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = _clean(_FORMATTER.formatException(record.exc_info))
        return True


_FORMATTER = logging.Formatter()


def _clean(text: str) -> str:
    return _SECRET_PATHS.sub(rf"\1{MARKER}", redact_text(text))
