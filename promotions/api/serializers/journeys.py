"""Journeys."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input, example
from promotions import access
from promotions.api.base import IdField, ListQuery
from promotions.api.serializers.common import OrganizationRefSerializer, PersonRefSerializer, SandboxRefSerializer
from promotions.choices import JourneyState
from promotions.journey_facts import copies_of, origins_of, outline_of, used_by, why_no_promotion
from promotions.journey_lists import DEFAULT_ORDER, JOURNEY_ORDERS, JourneyFilters
from promotions.models import Journey, JourneyCopy, JourneyVersion


class JourneyQuery(ListQuery):
    organization = IdField(required=False)
    sandbox = IdField(required=False)
    sandbox_name = serializers.CharField(required=False, max_length=256, help_text="In whichever organization.")
    state = serializers.ChoiceField(required=False, choices=JourneyState.choices)
    problem = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Only those with a problem, or none of them."
    )
    modified_after = serializers.DateTimeField(required=False, help_text="From this moment on.")
    modified_before = serializers.DateTimeField(required=False, help_text="Before this moment.")
    q = serializers.CharField(
        required=False, max_length=200, help_text="Words, or parts of words, that must all occur in name, text or id."
    )
    vanished = serializers.BooleanField(
        required=False, default=False, help_text="Also those that the platform no longer lists."
    )
    order = serializers.ChoiceField(required=False, choices=list(JOURNEY_ORDERS), default=DEFAULT_ORDER)


def journey_filters(query: dict[str, Any]) -> JourneyFilters:
    return JourneyFilters(
        organization_id=query.get("organization"),
        sandbox_id=query.get("sandbox"),
        sandbox=query.get("sandbox_name", ""),
        state=query.get("state", ""),
        has_problem=query["problem"],
        is_vanished=None if query["vanished"] else False,
        modified_from=query.get("modified_after"),
        modified_to=query.get("modified_before"),
        text=query.get("q", ""),
    )


class JourneySerializer(serializers.ModelSerializer[Journey]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:journey-detail")
    organization = OrganizationRefSerializer(read_only=True)
    sandbox = SandboxRefSerializer(read_only=True)
    created_at = serializers.DateTimeField(source="remote_created_at", read_only=True, allow_null=True)
    modified_at = serializers.DateTimeField(source="remote_modified_at", read_only=True, allow_null=True)
    has_problem = serializers.BooleanField(read_only=True)

    class Meta:
        model = Journey
        fields = [
            "id",
            "url",
            "organization",
            "sandbox",
            "uid",
            "name",
            "state",
            "raw_state",
            "latest_version",
            "latest_version_uid",
            "version_count",
            "source",
            "created_at",
            "created_by",
            "modified_at",
            "modified_by",
            "vanished_at",
            "has_problem",
        ]
        extra_kwargs = {"source": {"help_text": "Which of the platform's APIs names it; only authoring ones export."}}


class JourneyVersionSerializer(serializers.ModelSerializer[JourneyVersion]):
    is_latest = serializers.SerializerMethodField()

    class Meta:
        model = JourneyVersion
        fields = [
            "uid",
            "version",
            "is_latest",
            "name",
            "state",
            "raw_state",
            "created_at",
            "modified_at",
            "modified_by",
        ]

    def get_is_latest(self, version: JourneyVersion) -> bool:
        return version.uid == version.journey.latest_version_uid


class JourneyFindingSerializer(serializers.Serializer[Any]):
    severity = serializers.ChoiceField(choices=["error", "warning"])
    text = serializers.CharField()


class UsedSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(help_text="In words: event, data source, field group, custom action.")
    uid = serializers.CharField()
    name = serializers.CharField()
    is_system = serializers.BooleanField(help_text="Made with every sandbox: exported, never imported.")


class ObjectMadeSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    name = serializers.CharField()
    uid = serializers.CharField()
    new_uid = serializers.CharField(help_text="The same as `uid` where the target shows it under its old id.")
    new_name = serializers.CharField()


class JourneyCopyQuery(ListQuery):
    organization = IdField(required=False, help_text="The target organization.")
    sandbox = IdField(required=False, help_text="The target sandbox.")
    journey = IdField(required=False, help_text="What it is a copy of.")
    promotion = IdField(required=False)
    job = IdField(required=False)
    published = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Only those noted as published, or none of them."
    )


@example(is_published=True)
class PublishedInput(Input):
    is_published = serializers.BooleanField()


class JourneyCopySerializer(serializers.ModelSerializer[JourneyCopy]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:journey-copy-detail")
    objects_made = ObjectMadeSerializer(many=True, read_only=True, help_text="Empty if it could not be looked at.")
    problems = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Errors that its designer shows."
    )
    published_by = PersonRefSerializer(read_only=True, allow_null=True)
    job = serializers.IntegerField(source="job_id", read_only=True)
    promotion = serializers.IntegerField(source="promotion_id", read_only=True)
    source_organization = OrganizationRefSerializer(read_only=True)
    target_organization = OrganizationRefSerializer(read_only=True)
    target_sandbox = SandboxRefSerializer(read_only=True)

    class Meta:
        model = JourneyCopy
        fields = [
            "id",
            "url",
            "job",
            "promotion",
            "source_organization",
            "source_sandbox_name",
            "source_uid",
            "source_version_uid",
            "source_version",
            "target_organization",
            "target_sandbox",
            "uid",
            "version_uid",
            "name",
            "objects_made",
            "problems",
            "made_at",
            "published_at",
            "published_by",
        ]
        extra_kwargs = {"published_at": {"help_text": "When somebody noted that it was published in the target."}}


class JourneyDetailSerializer(JourneySerializer):
    problem = serializers.CharField(read_only=True, help_text="Why its latest version could not be read.")
    findings = JourneyFindingSerializer(
        many=True, read_only=True, help_text="What the designer says of the latest version."
    )
    read_at = serializers.DateTimeField(
        source="outline_read_at", read_only=True, allow_null=True, help_text="When its latest version was read."
    )
    uses = serializers.SerializerMethodField(help_text="Of its export if one was read, else as far as its steps tell.")
    is_use_complete = serializers.SerializerMethodField(help_text="Whether an export told it.")
    why_no_promotion = serializers.SerializerMethodField(help_text="Empty if a version of it can be promoted.")
    target_sandboxes = serializers.SerializerMethodField(help_text="Where you may bring it.")
    copies = serializers.SerializerMethodField(help_text="What imports by Towpath made of it.")
    origins = serializers.SerializerMethodField(help_text="The imports by Towpath that made it.")
    remote = serializers.JSONField(source="raw", read_only=True, help_text="The platform's documents, redacted.")

    class Meta(JourneySerializer.Meta):
        fields = [
            *JourneySerializer.Meta.fields,
            "description",
            "problem",
            "findings",
            "read_at",
            "uses",
            "is_use_complete",
            "why_no_promotion",
            "target_sandboxes",
            "copies",
            "origins",
            "remote",
        ]

    @extend_schema_field(UsedSerializer(many=True))
    def get_uses(self, journey: Journey) -> object:
        return UsedSerializer(used_by(journey, outline_of(journey)), many=True).data

    def get_is_use_complete(self, journey: Journey) -> bool:
        return journey.uses is not None

    def get_why_no_promotion(self, journey: Journey) -> str:
        return why_no_promotion(journey)

    @extend_schema_field(SandboxRefSerializer(many=True))
    def get_target_sandboxes(self, journey: Journey) -> object:
        return SandboxRefSerializer(access.journey_targets(self.context["request"].user, journey), many=True).data

    @extend_schema_field(JourneyCopySerializer(many=True))
    def get_copies(self, journey: Journey) -> object:
        rows = [row.copy for row in copies_of(journey, self.context["request"].user)]
        return JourneyCopySerializer(rows, many=True, context=self.context).data

    @extend_schema_field(JourneyCopySerializer(many=True))
    def get_origins(self, journey: Journey) -> object:
        rows = [row.copy for row in origins_of(journey, self.context["request"].user)]
        return JourneyCopySerializer(rows, many=True, context=self.context).data
