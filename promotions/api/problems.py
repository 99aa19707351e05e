"""Refusals of promotions as problem documents."""

from typing import Any

from rest_framework.response import Response
from rest_framework.reverse import reverse

from config import problems
from promotions.models import Job
from promotions.services.errors import ConflictError, NotReadyError, RefusedError
from promotions.services.sheets import BadSheetError


class UnderWayError(ConflictError):
    """What was asked for is being done already, by this job."""

    def __init__(self, refusal: RefusedError, job: Job) -> None:
        super().__init__(refusal.message)
        self.job = job
        self.reasons = refusal.reasons if isinstance(refusal, NotReadyError) else [refusal.message]


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Whatever does not fit the present state is 409: looking again, not another body, is what helps."""
    extra: dict[str, Any] = {}
    if isinstance(error, UnderWayError):
        url = reverse("promotions_api:job-detail", args=[error.job.pk], request=context["request"])
        extra["job"] = {"id": error.job.pk, "url": url}
    if isinstance(error, NotReadyError | UnderWayError):
        extra["reasons"] = error.reasons
    if isinstance(error, BadSheetError):
        extra["lines"] = [{"number": line.number, "reason": line.reason} for line in error.bad]
        return problems.of_refusal(error, **extra)
    if isinstance(error, ConflictError | NotReadyError):
        return problems.of_refusal(error, status=409, **extra)
    return problems.exception_handler(error, context)
