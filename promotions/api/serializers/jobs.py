"""Jobs, their time line and their results."""

from typing import Any

from rest_framework import serializers

from config.inputs import Input
from promotions.api.serializers.common import (
    OrganizationRefSerializer,
    PackageRefSerializer,
    PersonRefSerializer,
    SandboxRefSerializer,
)
from promotions.choices import JobState
from promotions.engine import registry
from promotions.models import Job, JobEvent, TaskResult

REASON_LIMIT = 500


class JobSerializer(serializers.ModelSerializer[Job]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:job-detail")
    kind_label = serializers.SerializerMethodField()
    is_finished = serializers.BooleanField(read_only=True)
    is_routine = serializers.BooleanField(source="is_quiet", read_only=True)
    organization = OrganizationRefSerializer(read_only=True)
    sandbox = SandboxRefSerializer(read_only=True, allow_null=True)
    package = PackageRefSerializer(read_only=True, allow_null=True)
    requested_by = PersonRefSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Job
        fields = [
            "id",
            "url",
            "kind",
            "kind_label",
            "title",
            "state",
            "is_finished",
            "is_foreign",
            "is_routine",
            "organization",
            "sandbox",
            "package",
            "promotion",
            "plan",
            "requested_by",
            "created_at",
            "started_at",
            "finished_at",
            "remote_id",
            "remote_status",
            "progress_done",
            "progress_total",
            "progress_text",
            "problem_kind",
            "problem",
        ]

    def get_kind_label(self, job: Job) -> str:
        return registry.label(job.kind)


class JobDetailSerializer(JobSerializer):
    events_url = serializers.HyperlinkedIdentityField(view_name="promotions_api:job-events")
    results_url = serializers.HyperlinkedIdentityField(view_name="promotions_api:job-results")
    result = serializers.JSONField(read_only=True)
    remote = serializers.JSONField(source="raw", read_only=True, help_text="The platform's document, redacted.")

    class Meta(JobSerializer.Meta):
        fields = [
            *JobSerializer.Meta.fields,
            "problem_detail",
            "submit_count",
            "submit_at",
            "marker",
            "result",
            "remote",
            "events_url",
            "results_url",
        ]


class JobRowSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    state = serializers.ChoiceField(choices=JobState.choices)
    kind = serializers.CharField()
    title = serializers.CharField()
    organization_id = serializers.IntegerField()
    organization = serializers.CharField()
    sandbox_id = serializers.IntegerField(allow_null=True)
    sandbox = serializers.CharField(allow_null=True)
    package_id = serializers.IntegerField(allow_null=True)
    package = serializers.CharField(allow_null=True)
    promotion_id = serializers.IntegerField(allow_null=True)
    plan_id = serializers.IntegerField(allow_null=True)
    requested_by_id = serializers.IntegerField(allow_null=True)
    requested_by = serializers.CharField(allow_null=True)
    is_foreign = serializers.BooleanField()
    is_routine = serializers.BooleanField()
    remote_id = serializers.CharField()
    remote_status = serializers.CharField()
    progress_done = serializers.IntegerField()
    progress_total = serializers.IntegerField(allow_null=True)
    problem_kind = serializers.CharField()
    problem = serializers.CharField()
    kind_label = serializers.CharField()


class JobEventSerializer(serializers.ModelSerializer[JobEvent]):
    details = serializers.JSONField(source="data", read_only=True)

    class Meta:
        model = JobEvent
        fields = ["id", "at", "severity", "text", "actor_text", "details"]


class TaskResultSerializer(serializers.ModelSerializer[TaskResult]):
    messages = serializers.JSONField(read_only=True, help_text="The platform's messages, verbatim.")

    class Meta:
        model = TaskResult
        fields = [
            "id",
            "position",
            "type",
            "remote_id",
            "title",
            "new_id",
            "claim",
            "outcome",
            "explanation",
            "messages",
            "verification",
            "verification_text",
        ]


class ReasonInput(Input):
    reason = serializers.CharField(max_length=REASON_LIMIT, help_text="Goes into the record.")


class AdoptInput(ReasonInput):
    remote_id = serializers.CharField(max_length=100, help_text="The platform's id of the job that is ours.")
