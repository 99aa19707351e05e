"""Approvals."""

from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input, example
from promotions import approval_facts, sharing_facts
from promotions.api.base import IdField, ListQuery
from promotions.api.serializers.common import OrganizationRefSerializer, PersonRefSerializer
from promotions.choices import ApprovalState, ItemKind
from promotions.models import Approval, SharingRequest
from promotions.services import consent, subjects

TEXT_LIMIT = 2000


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:approval-detail")
    about = serializers.SerializerMethodField(help_text="What it is about, in words.")
    organization = OrganizationRefSerializer(read_only=True, help_text="Whose approvers decide.")
    promotion = serializers.IntegerField(
        source="plan.promotion_id", read_only=True, allow_null=True, help_text="Null where it is about sharing."
    )
    revision = serializers.IntegerField(source="plan.revision", read_only=True, allow_null=True)
    sharing_request = serializers.IntegerField(
        source="sharing_id", read_only=True, allow_null=True, help_text="Null where it is about a plan."
    )
    rule = serializers.CharField(read_only=True, help_text="Why it is needed.")
    requested_by = PersonRefSerializer(read_only=True)
    decided_by = PersonRefSerializer(read_only=True, allow_null=True)
    void_changes = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What ended it, where nobody rejected it."
    )
    reason_not_to_decide = serializers.SerializerMethodField(
        help_text="Why you may not decide on it; empty if you may, while it is pending."
    )

    class Meta:
        model = Approval
        fields = [
            "id",
            "url",
            "about",
            "organization",
            "promotion",
            "plan",
            "revision",
            "sharing_request",
            "state",
            "content_hash",
            "rule",
            "note",
            "runs_at_once",
            "requested_by",
            "requested_at",
            "expires_at",
            "decided_by",
            "decided_at",
            "reason",
            "ended_at",
            "void_changes",
            "reason_not_to_decide",
        ]

    def get_about(self, approval: Approval) -> str:
        return subjects.of(approval.subject).title(approval.subject)

    @extend_schema_field({"type": "string"})
    def get_reason_not_to_decide(self, approval: Approval) -> str:
        return consent.reason_not_to_decide(approval, self.context["request"].user)


class TypeCountSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    number = serializers.IntegerField()


class ImpactSerializer(serializers.Serializer[Any]):
    dependencies = serializers.IntegerField(help_text="Objects that come along because others need them.")
    needed = serializers.IntegerField(help_text="Objects that others of the plan need.")
    types = TypeCountSerializer(many=True)
    earlier_runs = serializers.IntegerField(source="earlier_number", help_text="Into this target, counted to a limit.")
    are_more_runs = serializers.BooleanField(source="earlier_is_more")
    last_run = serializers.IntegerField(source="last.pk", default=None, allow_null=True, help_text="Id of its job.")


class FinalitySerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="Objects that are created and cannot be taken back.")
    objects = serializers.ListField(child=serializers.CharField(), help_text="The first of them.")
    confirmations = serializers.ListField(child=serializers.CharField())
    sentences = serializers.ListField(child=serializers.CharField(), help_text="The same in words.")


class MomentSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    state = serializers.CharField()
    text = serializers.CharField()
    detail = serializers.CharField()
    sentences = serializers.ListField(child=serializers.CharField())


class ApprovalDetailSerializer(ApprovalSerializer):
    items_url: Any = serializers.HyperlinkedRelatedField(
        source="plan",
        view_name="promotions_api:plan-items",
        read_only=True,
        allow_null=True,
        help_text="What is decided. Null where it is about sharing.",
    )
    sharing_request_url = serializers.HyperlinkedRelatedField[SharingRequest](
        source="sharing",
        view_name="promotions_api:sharing-request-detail",
        read_only=True,
        allow_null=True,
        help_text="What is shared, with whom. Null where it is about a plan.",
    )
    impact = serializers.SerializerMethodField(help_text="What the run touches. Null where it is about sharing.")
    cannot_be_undone = serializers.SerializerMethodField()
    time_line = serializers.SerializerMethodField(help_text="Who did what, oldest first.")

    class Meta(ApprovalSerializer.Meta):
        fields = [
            *ApprovalSerializer.Meta.fields,
            "items_url",
            "sharing_request_url",
            "impact",
            "cannot_be_undone",
            "time_line",
        ]

    def to_representation(self, approval: Approval) -> Any:
        self._items = [] if approval.plan is None else list(approval.plan.items.select_related("decided_by"))
        return super().to_representation(approval)

    @extend_schema_field(ImpactSerializer(allow_null=True))
    def get_impact(self, approval: Approval) -> Any:
        if approval.plan is None:
            return None
        found = approval_facts.impact_of(approval.plan, self._items)
        types = [{"type": type_label, "number": number} for type_label, number in found.types]
        return ImpactSerializer(replace(found, types=types)).data  # type: ignore[arg-type]  # pairs become rows

    @extend_schema_field(FinalitySerializer)
    def get_cannot_be_undone(self, approval: Approval) -> Any:
        if approval.sharing is not None:
            sentences = sharing_facts.finality_of(approval.sharing)
            return {"number": 0, "objects": [], "confirmations": [], "sentences": sentences}
        found = approval_facts.finality_of(approval.frozen_plan, self._items)
        return {
            "number": len(found.things),
            "objects": found.named,
            "confirmations": [str(item) for item in self._items if item.kind == ItemKind.CONFIRMATION],
            "sentences": [found.sentence] if found.sentence else [],
        }

    @extend_schema_field(MomentSerializer(many=True))
    def get_time_line(self, approval: Approval) -> Any:
        if approval.sharing is not None:
            return MomentSerializer(sharing_facts.time_line(approval.sharing), many=True).data
        plan = approval.frozen_plan
        asked = Approval.objects.filter(plan__promotion=plan.promotion_id, plan__revision__lte=plan.revision)
        rows = asked.select_related("plan", "requested_by", "decided_by")
        return MomentSerializer(approval_facts.time_line(plan, self._items, rows), many=True).data


class ApprovalQuery(ListQuery):
    state = serializers.ChoiceField(required=False, choices=ApprovalState.choices)
    organization = IdField(required=False, help_text="Whose approvers decide.")
    promotion = IdField(required=False)
    sharing_request = IdField(required=False)
    waiting_for_me = serializers.BooleanField(
        required=False, default=False, help_text="Only those that you may decide on now."
    )


@example(note="Wanted by Monday", runs_at_once=True)
class ApprovalInput(Input):
    note = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=TEXT_LIMIT, help_text="What the approvers should know."
    )
    runs_at_once = serializers.BooleanField(required=False, default=False, help_text="Consent starts the run.")


@example(reason="Not needed any more")
class WithdrawalInput(Input):
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=TEXT_LIMIT)


@example(reason="Looked at every conflict")
class ConsentInput(WithdrawalInput):
    content_hash = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=64,
        help_text="The hash of what you looked at: refused with 409 if that is not what you would decide on.",
    )


@example(reason="Reuse the existing namespace")
class RefusalInput(ConsentInput):
    reason = serializers.CharField(max_length=TEXT_LIMIT, help_text="What has to change.")
