"""Promotions."""

from rest_framework import serializers

from config.inputs import Input, example
from promotions.api.base import IdField
from promotions.api.serializers.common import (
    OrganizationRefSerializer,
    PackageRefSerializer,
    PersonRefSerializer,
    SandboxRefSerializer,
)
from promotions.api.serializers.plans import PlanSerializer
from promotions.choices import PromotionMode
from promotions.models import Plan, Promotion
from promotions.services.plans import JOB_NAME_LIMIT

DESCRIPTION_LIMIT = 2000


class PromotionSerializer(serializers.ModelSerializer[Promotion]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:promotion-detail")
    source_organization = OrganizationRefSerializer(read_only=True)
    target_organization = OrganizationRefSerializer(read_only=True)
    target_sandbox = SandboxRefSerializer(read_only=True)
    package = PackageRefSerializer(read_only=True, allow_null=True)
    pick = serializers.JSONField(read_only=True, help_text="What was picked, in the words of its system.")
    created_by = PersonRefSerializer(read_only=True)

    class Meta:
        model = Promotion
        fields = [
            "id",
            "url",
            "system",
            "title",
            "source_organization",
            "target_organization",
            "target_sandbox",
            "source_place",
            "package",
            "pick",
            "mode",
            "job_name",
            "job_description",
            "group",
            "origin_job",
            "is_memory_offered",
            "created_by",
            "created_at",
            "abandoned_at",
        ]


class PromotionRowSerializer(PromotionSerializer):
    state = serializers.CharField(
        read_only=True, help_text="Of its latest plan, of the approval that was asked for, or of its run."
    )

    class Meta(PromotionSerializer.Meta):
        fields = [*PromotionSerializer.Meta.fields, "state"]


class PlanRefSerializer(serializers.ModelSerializer[Plan]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:plan-detail")

    class Meta:
        model = Plan
        fields = ["id", "url", "revision", "state"]


class PromotionDetailSerializer(PromotionSerializer):
    current_plan = PlanSerializer(read_only=True)
    plans = PlanRefSerializer(many=True, read_only=True, help_text="All revisions, latest first.")

    class Meta(PromotionSerializer.Meta):
        fields = [*PromotionSerializer.Meta.fields, "current_plan", "plans"]


@example(is_memory_offered=False)
class MemoryInput(Input):
    is_memory_offered = serializers.BooleanField()


@example(job_name="Loyalty to stage")
class JobTextInput(Input):
    job_name = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=JOB_NAME_LIMIT,
        help_text="What the platform calls the import; the package's name if empty.",
    )
    job_description = serializers.CharField(required=False, allow_blank=True, max_length=DESCRIPTION_LIMIT)


def mode_field() -> serializers.ChoiceField:
    return serializers.ChoiceField(
        choices=PromotionMode.choices,
        required=False,
        default=PromotionMode.CREATE,
        help_text="“update” writes to objects of the target; only for packages with versions.",
    )


@example(package=11, sandbox=2, job_name="Loyalty to stage")
class PromotionInput(JobTextInput):
    package = IdField()
    sandbox = IdField(help_text="The target.")
    mode = mode_field()
