"""Jobs: list, detail, time line, results, and what a person may do with one."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.http import ForFiles
from accounts.api.idempotency import idempotent
from config.openapi import PROBLEM_REF
from promotions import access, job_rows
from promotions.api.base import ApiView, paged
from promotions.api.filters import (
    JobCountsQuery,
    JobEventsQuery,
    JobExportQuery,
    JobQuery,
    JobResultsQuery,
    job_filters,
)
from promotions.api.serializers.jobs import (
    AdoptInput,
    JobCountsSerializer,
    JobDetailSerializer,
    JobEventSerializer,
    JobRowSerializer,
    JobSerializer,
    ReasonInput,
    TaskResultSerializer,
)
from promotions.api.serializers.promotions import PromotionDetailSerializer
from promotions.job_lists import JobList
from promotions.keyset import Order
from promotions.models import Job
from promotions.services import jobs, repeats

OLDEST_FIRST = Order("at", is_descending=False, is_time=True)
IN_JOB_ORDER = Order("position", is_descending=False, is_number=True)


class JobListView(ApiView):
    @extend_schema(
        operation_id="jobs_list",
        summary="List jobs, newest first",
        tags=["Jobs"],
        parameters=[JobQuery],
        responses=paged(JobSerializer),
    )
    def get(self, request: Request) -> Response:
        query = JobQuery.read(request)
        rows = Job.objects.select_related("organization", "sandbox__organization", "package", "requested_by")
        found = JobList(self.user, job_filters(query)).page(rows, query.get("cursor", ""), size=query["limit"])
        return self.answer_page(JobSerializer, found)


class JobExportView(ApiView):
    content_negotiation_class = ForFiles

    @extend_schema(
        operation_id="jobs_export",
        summary="All jobs that fit, as a file",
        description="Streamed, newest first, in any number. One export at a time for each caller; 409 says that one is "
        "still being written. It goes into the record.",
        tags=["Jobs"],
        parameters=[JobExportQuery],
        responses={
            (200, "application/json"): JobRowSerializer(many=True),
            (200, "text/csv"): OpenApiTypes.STR,
            (409, "application/problem+json"): PROBLEM_REF,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        query = JobExportQuery.read(request)
        return job_rows.EXPORT.download(
            JobList(self.user, job_filters(query)),
            file_format=query["format"],
            filter_text=", ".join(f"{name}={value}" for name, value in query.items() if value and name != "format"),
            actor=self.user,
        )


class JobCountsView(ApiView):
    @extend_schema(
        operation_id="jobs_counts",
        summary="How many jobs are in each state",
        description="Counted up to a thousand in each.",
        tags=["Jobs"],
        parameters=[JobCountsQuery],
        responses=JobCountsSerializer,
    )
    def get(self, request: Request) -> Response:
        found = JobList(self.user, job_filters(JobCountsQuery.read(request)))
        return self.answer(JobCountsSerializer, {"states": found.count_states()})


class JobView(ApiView):
    @extend_schema(operation_id="jobs_retrieve", summary="One job", tags=["Jobs"], responses=JobDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(JobDetailSerializer, access.job_for_read(self.user, pk))


class JobEventsView(ApiView):
    @extend_schema(
        operation_id="jobs_events",
        summary="The time line of a job, oldest first",
        tags=["Jobs"],
        parameters=[JobEventsQuery],
        responses=paged(JobEventSerializer),
    )
    def get(self, request: Request, pk: int) -> Response:
        job = access.job_for_read(self.user, pk)
        query = JobEventsQuery.read(request)
        wanted = {name: query[name] for name in ("severity",) if name in query}
        return self.page(JobEventSerializer, job.events.filter(**wanted), OLDEST_FIRST, query)


class JobResultsView(ApiView):
    @extend_schema(
        operation_id="jobs_results",
        summary="What happened to each object",
        tags=["Jobs"],
        parameters=[JobResultsQuery],
        responses=paged(TaskResultSerializer),
    )
    def get(self, request: Request, pk: int) -> Response:
        job = access.job_for_read(self.user, pk)
        query = JobResultsQuery.read(request)
        wanted = {name: query[name] for name in ("outcome", "verification") if name in query}
        return self.page(TaskResultSerializer, job.results.filter(**wanted), IN_JOB_ORDER, query)


class _ActView(ApiView):
    def done(self, pk: int, act: Callable[[Job], None]) -> Response:
        act(access.job_for_change(self.user, pk))
        return self.answer(JobDetailSerializer, access.job_for_read(self.user, pk))


class JobCancelView(_ActView):
    @extend_schema(
        operation_id="jobs_cancel",
        summary="Take a queued job back",
        tags=["Jobs"],
        request=None,
        responses=JobDetailSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        return self.done(pk, lambda job: jobs.cancel(job=job, actor=self.user))


class JobStopFollowingView(_ActView):
    @extend_schema(
        operation_id="jobs_stop_following",
        summary="Stop looking at a job that runs at the platform",
        description="It goes on there; how it ends is then not known here.",
        tags=["Jobs"],
        request=None,
        responses=JobDetailSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        return self.done(pk, lambda job: jobs.stop_following(job=job, actor=self.user))


class JobResumeView(_ActView):
    @extend_schema(
        operation_id="jobs_resume",
        summary="Follow a job again whose remote id is known",
        tags=["Jobs"],
        request=None,
        responses=JobDetailSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        return self.done(pk, lambda job: jobs.resume_following(job=job, actor=self.user))


class JobAdoptView(_ActView):
    @extend_schema(
        operation_id="jobs_adopt",
        summary="Say which remote job is ours",
        tags=["Jobs"],
        request=AdoptInput,
        responses=JobDetailSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        def adopt(job: Job) -> None:
            jobs.adopt(job=job, **self.body(AdoptInput), actor=self.user)

        return self.done(pk, adopt)


class JobRetryView(_ActView):
    @extend_schema(
        operation_id="jobs_retry",
        summary="Send again what certainly never reached the platform",
        tags=["Jobs"],
        request=ReasonInput,
        responses=JobDetailSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        return self.done(pk, lambda job: jobs.retry_sending(job=job, **self.body(ReasonInput), actor=self.user))


class JobCloseView(_ActView):
    @extend_schema(
        operation_id="jobs_close",
        summary="End a job whose outcome stays unknown",
        tags=["Jobs"],
        request=ReasonInput,
        responses=JobDetailSerializer,
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        return self.done(pk, lambda job: jobs.close(job=job, **self.body(ReasonInput), actor=self.user))


class JobRetryFailedView(ApiView):
    @extend_schema(
        operation_id="jobs_retry_failed",
        summary="Plan again what failed of an import",
        description="A new promotion of the same package and target, in which what was created is already decided.",
        tags=["Jobs"],
        request=None,
        responses={201: PromotionDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        promotion = repeats.retry_failed(job=access.job_for_change(self.user, pk), actor=self.user)
        return self.answer(PromotionDetailSerializer, promotion, status=201, at="promotion-detail")
