"""Approvals."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input
from promotions.api.base import IdField, ListQuery
from promotions.api.serializers.common import PersonRefSerializer
from promotions.choices import ApprovalState
from promotions.models import Approval
from promotions.services import consent

TEXT_LIMIT = 2000


class ApprovalSerializer(serializers.ModelSerializer[Approval]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:approval-detail")
    promotion = serializers.IntegerField(source="plan.promotion_id", read_only=True)
    revision = serializers.IntegerField(source="plan.revision", read_only=True)
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
            "promotion",
            "plan",
            "revision",
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

    @extend_schema_field({"type": "string"})
    def get_reason_not_to_decide(self, approval: Approval) -> str:
        return consent.reason_not_to_decide(approval, self.context["request"].user)


class ApprovalQuery(ListQuery):
    state = serializers.ChoiceField(required=False, choices=ApprovalState.choices)
    organization = IdField(required=False, help_text="Of the target.")
    promotion = IdField(required=False)
    waiting_for_me = serializers.BooleanField(
        required=False, default=False, help_text="Only those that you may decide on now."
    )


class ApprovalInput(Input):
    note = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=TEXT_LIMIT, help_text="What the approvers should know."
    )
    runs_at_once = serializers.BooleanField(required=False, default=False, help_text="Consent starts the run.")


class WithdrawalInput(Input):
    reason = serializers.CharField(required=False, default="", allow_blank=True, max_length=TEXT_LIMIT)


class ConsentInput(WithdrawalInput):
    content_hash = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=64,
        help_text="The hash of what you looked at: refused with 409 if that is not what you would decide on.",
    )


class RefusalInput(ConsentInput):
    reason = serializers.CharField(max_length=TEXT_LIMIT, help_text="What has to change.")
