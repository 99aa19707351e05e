"""Deleting what the Decisioning Migration Service keeps of a workflow."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.idempotency import idempotent
from promotions import access
from promotions.api.base import ApiView
from promotions.api.serializers.jobs import JobDetailSerializer
from promotions.services import decisioning_records


class JobDeleteRecordView(ApiView):
    @extend_schema(
        operation_id="jobs_delete_record",
        summary="Delete what the platform keeps of a workflow",
        description="For workflows of the Decisioning Migration Service in its first revision, with a service user's "
        "credential. What the workflow made stays; a migration without its record can no longer be taken back.",
        tags=["Jobs"],
        request=None,
        responses={202: JobDetailSerializer},
    )
    @idempotent
    def post(self, request: Request, pk: int) -> Response:
        deletion = decisioning_records.request_deletion(job=access.job_for_change(self.user, pk), actor=self.user)
        return self.answer(JobDetailSerializer, deletion, status=202, at="job-detail")
