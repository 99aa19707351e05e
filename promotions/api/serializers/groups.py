"""Promotions of one thing into several targets."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input, example, examples
from promotions.api.base import IdField
from promotions.api.serializers.common import OrganizationRefSerializer, PackageRefSerializer, PersonRefSerializer
from promotions.api.serializers.promotions import PlanRefSerializer, PromotionSerializer, SourceInput
from promotions.choices import Decision
from promotions.models import Promotion, PromotionGroup
from promotions.services.repeats import TARGETS_LIMIT
from promotions.services.sealed_values import SECRET_LIMIT


class GroupMemberSerializer(PromotionSerializer):
    current_plan = PlanRefSerializer(read_only=True)

    class Meta(PromotionSerializer.Meta):
        fields = [*PromotionSerializer.Meta.fields, "current_plan"]


class PromotionGroupSerializer(serializers.ModelSerializer[PromotionGroup]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:group-detail")
    organization = OrganizationRefSerializer(read_only=True, help_text="The source.")
    package = PackageRefSerializer(read_only=True, allow_null=True)
    created_by = PersonRefSerializer(read_only=True)
    promotions = serializers.SerializerMethodField()

    class Meta:
        model = PromotionGroup
        fields = ["id", "url", "title", "organization", "package", "created_by", "created_at", "promotions"]

    @extend_schema_field(GroupMemberSerializer(many=True))
    def get_promotions(self, group: PromotionGroup) -> Any:
        visible = Promotion.objects.visible_to(self.context["request"].user)
        rows = visible.filter(group=group).select_related(
            "target_sandbox__organization", "target_organization", "source_organization", "package", "created_by"
        )
        ordered = rows.order_by("target_sandbox__name", "pk")
        return GroupMemberSerializer(ordered, many=True, context=self.context).data


@examples(
    {
        "A package": {"package": 11, "sandboxes": [2, 3], "job_name": "Loyalty to all"},
        "A journey": {"journey": 5, "sandboxes": [2, 3]},
    }
)
class GroupInput(SourceInput):
    sandboxes = serializers.ListField(child=IdField(), min_length=1, max_length=TARGETS_LIMIT)


@examples(
    {
        "An existing object": {
            "act": "item",
            "key": "REGISTRY_SCHEMA:loyalty",
            "decision": "reuse",
            "title": "Loyalty members",
        },
        "A value": {"act": "item", "key": "template:welcome", "decision": "fill", "value": "Welcome EN"},
    }
)
class GroupDecideInput(Input):
    act = serializers.ChoiceField(
        choices=[
            ("exact", "Use the existing object wherever exactly one fits"),
            ("remembered", "Take what was decided before"),
            ("create_undecided", "Create new wherever nothing is decided yet"),
            ("keep_undecided", "Keep as it is wherever that is offered and nothing is decided yet"),
            ("item", "Decide one object in every target"),
        ]
    )
    key = serializers.CharField(required=False, default="", max_length=600, help_text="With “item”: the item's key.")
    decision = serializers.ChoiceField(
        required=False,
        choices=[choice for choice in Decision.choices if choice[0] != Decision.UNDECIDED],
        help_text="With “item”.",
    )
    value = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        max_length=SECRET_LIMIT,
        write_only=True,
        help_text="With “item” and “fill”: what is filled in. Secrets are never shown.",
    )
    title = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=500,
        help_text="With “item” and “reuse” or “update”: the title of the existing object; the first proposed if empty.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["act"] == "item" and not (attrs["key"] and attrs.get("decision")):
            raise serializers.ValidationError("Say which key, and what to decide on it.")
        if attrs["act"] == "item" and attrs["decision"] == Decision.FILL and not attrs["value"]:
            raise serializers.ValidationError("Say which value to fill in.")
        return attrs


@example(note="Wanted by Monday")
class GroupRunInput(Input):
    note = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=2000, help_text="For approvers, where they are asked."
    )


class GroupOutcomeSerializer(serializers.Serializer[Any]):
    promotion = serializers.IntegerField(source="promotion.pk")
    sandbox = serializers.CharField(source="promotion.target_sandbox.name")
    changed = serializers.IntegerField(help_text="How many items were decided.")
    job = serializers.IntegerField(source="job.pk", default=None, allow_null=True, help_text="What was started.")
    approval = serializers.IntegerField(
        source="approval.pk", default=None, allow_null=True, help_text="The approval that was asked for."
    )
    refusal = serializers.CharField(help_text="Why nothing happened for this target; empty if something did.")


class GroupOutcomesSerializer(serializers.Serializer[Any]):
    outcomes = GroupOutcomeSerializer(many=True)
