"""Jobs: list, detail, time line, results, and what a person may do with one."""

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from promotions import access
from promotions.api.base import ApiView, ListQuery, paged
from promotions.api.filters import JobQuery, job_filters
from promotions.api.serializers.jobs import (
    AdoptInput,
    JobDetailSerializer,
    JobEventSerializer,
    JobSerializer,
    ReasonInput,
    TaskResultSerializer,
)
from promotions.keyset import Order
from promotions.models import Job
from promotions.queries import NEWEST_FIRST, filtered_jobs
from promotions.services import jobs

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
        rows = Job.objects.visible_to(self.user).select_related(
            "organization", "sandbox__organization", "package", "requested_by"
        )
        return self.page(JobSerializer, filtered_jobs(rows, job_filters(query)), NEWEST_FIRST, query)


class JobView(ApiView):
    @extend_schema(operation_id="jobs_retrieve", summary="One job", tags=["Jobs"], responses=JobDetailSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(JobDetailSerializer, access.job_for_read(self.user, pk))


class JobEventsView(ApiView):
    @extend_schema(
        operation_id="jobs_events",
        summary="The time line of a job, oldest first",
        tags=["Jobs"],
        parameters=[ListQuery],
        responses=paged(JobEventSerializer),
    )
    def get(self, request: Request, pk: int) -> Response:
        job = access.job_for_read(self.user, pk)
        return self.page(JobEventSerializer, job.events.all(), OLDEST_FIRST, ListQuery.read(request))


class JobResultsView(ApiView):
    @extend_schema(
        operation_id="jobs_results",
        summary="What happened to each object",
        tags=["Jobs"],
        parameters=[ListQuery],
        responses=paged(TaskResultSerializer),
    )
    def get(self, request: Request, pk: int) -> Response:
        job = access.job_for_read(self.user, pk)
        return self.page(TaskResultSerializer, job.results.all(), IN_JOB_ORDER, ListQuery.read(request))


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
    def post(self, request: Request, pk: int) -> Response:
        return self.done(pk, lambda job: jobs.close(job=job, **self.body(ReasonInput), actor=self.user))
