"""Errors of the REST API as problem documents (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import exception_handler as default_handler

from accounts.errors import BusyError, InUseError, RefusedError
from config import logs
from config.parsers import BodyTooLargeError

CONTENT_TYPE = "application/problem+json"
API = "/api/"


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Refusals of services become 409 (in use) or 422 with the sentence; None leaves a bug to Django's 500."""
    if isinstance(error, RefusedError):
        return of_refusal(error)
    if isinstance(error, RequestDataTooBig):
        error = BodyTooLargeError()
    elif isinstance(error, BadRequest | SuspiciousOperation):
        error = exceptions.ParseError(str(error))
    response = default_handler(error, context)
    if response is None:
        return None
    extra: dict[str, Any] = {}
    if isinstance(error, exceptions.ValidationError):
        # Fields first, whatever shape the serializer gave: {"name": ["This field is required."]}.
        extra["errors"] = as_serializer_error(error)
        detail = "The request has errors; see the list."
    elif isinstance(error, Http404 | PermissionDenied):
        detail = str(error) or str(response.data.get("detail", ""))
    else:
        detail = str(getattr(error, "detail", error))
    response.data = _problem(response.status_code, detail, **extra)
    response.content_type = CONTENT_TYPE
    return response


def of_refusal(refusal: RefusedError, *, status: int = 422, **extra: Any) -> Response:
    """The refusal's sentence, with what belongs to its kind."""
    if isinstance(refusal, BusyError):
        status = 409
    if isinstance(refusal, InUseError):
        status = 409
        extra["usages"] = [{"text": usage.text, "url": usage.url} for usage in refusal.usages]
    if refusal.field:
        extra["errors"] = {refusal.field: [refusal.message]}
    return Response(_problem(status, refusal.message, **extra), status=status, content_type=CONTENT_TYPE)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What is refused before any view is asked, such as a wrong host."""
    if not request.path.startswith(API):
        return defaults.bad_request(request, exception)
    return plain(400, "The request could not be understood.")


def server_error(request: HttpRequest) -> HttpResponse:
    """A bug of ours; also of the API, whose callers can read nothing but problems."""
    if not request.path.startswith(API):
        return defaults.server_error(request)
    return plain(500, "Something went wrong on our side. The log has it under this request_id.")


def plain(status: int, detail: str) -> HttpResponse:
    """A problem outside the framework's own views."""
    return JsonResponse(_problem(status, detail), status=status, content_type=CONTENT_TYPE)


def _problem(status: int, detail: str, **extra: Any) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "request_id": logs.request_id.get(),
        **extra,
    }
