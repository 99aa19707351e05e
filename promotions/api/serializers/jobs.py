"""Jobs, their time line and their results."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input, example
from promotions.api.serializers.common import (
    OrganizationRefSerializer,
    PackageRefSerializer,
    PersonRefSerializer,
    SandboxRefSerializer,
)
from promotions.choices import JobState
from promotions.engine import registry, slots
from promotions.models import Job, JobEvent, TaskResult
from promotions.turns import turn_of
from promotions.views.attention import attention

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


class LookUpSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    words = serializers.CharField(help_text="What was found.")
    is_certain = serializers.BooleanField(help_text="Whether it could have told that there is nothing.")


class CandidateSerializer(serializers.Serializer[Any]):
    remote_id = serializers.CharField()
    doubt = serializers.CharField(help_text="Why it is not surely ours.")
    job = serializers.IntegerField(
        source="known.pk", default=None, allow_null=True, help_text="Under which we follow it already."
    )


class AttentionSerializer(serializers.Serializer[Any]):
    sent_at = serializers.ListField(child=serializers.DateTimeField(), help_text="When it was sent, each time.")
    wanted = serializers.CharField(help_text="What was looked for at the platform.")
    look_ups = LookUpSerializer(many=True, help_text="The latest of them.")
    look_ups_count = serializers.IntegerField()
    candidates = CandidateSerializer(many=True, help_text="Remote jobs that may be this one.")
    why_no_resume = serializers.CharField(help_text="Why it cannot be resumed; empty if it can.")
    why_no_adopt = serializers.CharField(help_text="Why no remote job can be named; empty if one can.")
    why_no_retry = serializers.CharField(help_text="Why it must not be sent again; empty if it can.")


class OutsideSerializer(serializers.Serializer[Any]):
    since = serializers.DateTimeField(help_text="When it was turned away first.")
    last = serializers.DateTimeField(help_text="When it was turned away last.")
    held_by = serializers.CharField(help_text="The workflow that is in the way; empty if the platform does not tell.")


class SlotSerializer(serializers.Serializer[Any]):
    is_held = serializers.BooleanField(help_text="Whether it is its turn.")
    ahead = serializers.IntegerField(help_text="How many jobs come before it.")
    waits_for = serializers.IntegerField(allow_null=True, help_text="The job that has its turn, or comes before it.")
    expected_at = serializers.DateTimeField(
        allow_null=True, help_text="When it will begin, from how long former ones took; null if that is not known."
    )
    outside = OutsideSerializer(allow_null=True, help_text="Somebody outside who has the one place at the platform.")


class JobDetailSerializer(JobSerializer):
    slot = serializers.SerializerMethodField(
        help_text="Its place in line, where the platform does one thing at a time; null elsewhere, and at the end."
    )
    attention = serializers.SerializerMethodField(
        help_text="What is known where an outcome is not; null unless the job needs attention."
    )
    events_url = serializers.HyperlinkedIdentityField(view_name="promotions_api:job-events")
    results_url = serializers.HyperlinkedIdentityField(view_name="promotions_api:job-results")
    undo_url = serializers.HyperlinkedIdentityField(view_name="promotions_api:job-undo")
    checks_url = serializers.HyperlinkedIdentityField(view_name="promotions_api:job-checks")
    result = serializers.JSONField(read_only=True)
    remote = serializers.JSONField(source="raw", read_only=True, help_text="The platform's document, redacted.")

    class Meta(JobSerializer.Meta):
        fields = [
            *JobSerializer.Meta.fields,
            "problem_detail",
            "attention",
            "slot",
            "submit_count",
            "submit_at",
            "marker",
            "result",
            "remote",
            "events_url",
            "results_url",
            "undo_url",
            "checks_url",
        ]

    @extend_schema_field(AttentionSerializer(allow_null=True))
    def get_attention(self, job: Job) -> Any:
        found = attention(job)
        return None if found is None else AttentionSerializer(found).data

    @extend_schema_field(SlotSerializer(allow_null=True))
    def get_slot(self, job: Job) -> Any:
        if not job.slot or job.is_finished:
            return None
        turn = turn_of(job)
        found = {
            "is_held": job.holds_slot,
            "ahead": slots.position(job),
            "waits_for": turn.behind.pk if turn is not None and turn.behind is not None else None,
            "expected_at": turn.expected_at if turn is not None else None,
            "outside": turn.outside if turn is not None else None,
        }
        return SlotSerializer(found).data


class StateCountSerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=JobState.choices)
    number = serializers.IntegerField()
    is_more = serializers.BooleanField(help_text="Whether there are more than that.")


class JobCountsSerializer(serializers.Serializer[Any]):
    states = StateCountSerializer(many=True)


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


@example(reason="Not in the list there")
class ReasonInput(Input):
    reason = serializers.CharField(max_length=REASON_LIMIT, help_text="Goes into the record.")


@example(remote_id="f8c0f5f1a2", reason="Same minute, same name")
class AdoptInput(ReasonInput):
    remote_id = serializers.CharField(
        max_length=700, help_text="The platform's id of the job that is ours, or what its kind is named by instead."
    )
