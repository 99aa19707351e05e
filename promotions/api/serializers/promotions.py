"""Promotions."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input, example, examples
from promotions.api.base import IdField
from promotions.api.serializers.common import (
    OrganizationRefSerializer,
    PackageRefSerializer,
    PersonRefSerializer,
    SandboxRefSerializer,
)
from promotions.api.serializers.decisioning import DecisioningInput
from promotions.api.serializers.plans import PlanSerializer
from promotions.choices import PLANNED_MODES, PromotionMode
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

    def to_representation(self, instance: Promotion) -> Any:
        row = super().to_representation(instance)
        # Of API versions to be published; it may be as large as all other rows together.
        row["pick"] = {name: value for name, value in row["pick"].items() if name != "spec"}
        return row


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
        help_text="What the platform calls the import of a package; the package's name if empty. That of a journey has "
        "no name.",
    )
    job_description = serializers.CharField(required=False, allow_blank=True, max_length=DESCRIPTION_LIMIT)


# Told as a pattern: an enumeration would have to share its name with that of the modes a promotion can have.
@extend_schema_field({"type": "string", "pattern": f"^({'|'.join(value for value, _ in PLANNED_MODES)})$"})
class PlannedModeField(serializers.ChoiceField):
    """How something can be asked to be brought to its target."""


class SourceInput(JobTextInput):
    # What is promoted: a package, or a version of a journey.
    package = IdField(required=False, help_text="Either this or `journey`.")
    journey = IdField(required=False, help_text="Either this or `package`.")
    version = serializers.CharField(
        required=False,
        max_length=200,
        help_text="Of the journey: the `uid` of a version, or its number; the latest if left out.",
    )
    mode = PlannedModeField(
        choices=PLANNED_MODES,
        required=False,
        default=PromotionMode.CREATE,
        help_text="“update” writes to objects of the target; only for packages with versions.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        self._require_one_source(attrs, "package", "journey")
        if "package" in attrs and "version" in attrs:
            raise serializers.ValidationError({"version": "A package goes as it is published. Leave it out."})
        if "journey" in attrs:
            self._require_no_job(attrs)
        return attrs

    @staticmethod
    def _require_one_source(attrs: dict[str, Any], *known: str) -> None:
        if sum(name in attrs for name in known) != 1:
            raise serializers.ValidationError("Name what is promoted, and only one thing.")

    @staticmethod
    def _require_no_job(attrs: dict[str, Any]) -> None:
        unfit = {
            name: "The import of a journey has no name and no text. Leave it out."
            for name in ("job_name", "job_description")
            if attrs.get(name)
        }
        if attrs["mode"] == PromotionMode.UPDATE:
            unfit["mode"] = "The import of a journey always makes a new copy. Leave it out."
        if unfit:
            raise serializers.ValidationError(unfit)


@examples(
    {
        "A package": {"package": 11, "sandbox": 2, "job_name": "Loyalty to stage"},
        "A journey": {"journey": 5, "version": "2.0", "sandbox": 2},
        "Decisioning, everything": {"decisioning": {"source": 1}, "sandbox": 2},
        "Decisioning, single offers": {
            "decisioning": {"source": 1, "level": "offer", "ids": ["xcore:personalized-offer:1652d6b5a3a1c1d0"]},
            "sandbox": 2,
        },
    }
)
class PromotionInput(SourceInput):
    sandbox = IdField(help_text="The target.")
    decisioning = DecisioningInput(
        required=False, help_text="Instead of `package` and `journey`: a migration to Decisioning, and nothing else."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "decisioning" not in attrs and ("package" in attrs) != ("journey" in attrs):
            return super().validate(attrs)
        self._require_one_source(attrs, "package", "journey", "decisioning")
        is_update = attrs["mode"] != PromotionMode.CREATE
        unfit = [
            name
            for name in ("version", "job_name", "job_description", "mode")
            if (is_update if name == "mode" else name in attrs)
        ]
        if unfit:
            raise serializers.ValidationError(dict.fromkeys(unfit, "A migration has none. Leave it out."))
        return attrs
