"""Sharing across organizations: requests, partnerships, transfers."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from config.inputs import Input, example
from promotions import sharing_facts, sharing_steps
from promotions.api.base import IdField, ListQuery
from promotions.api.serializers.approvals import ApprovalSerializer
from promotions.api.serializers.common import OrganizationRefSerializer, PackageRefSerializer, PersonRefSerializer
from promotions.choices import Direction, SharingKind, SharingState
from promotions.models import Partnership, SharingLeg, SharingRequest, Transfer
from promotions.services import arrivals, consent, partnership_decisions, sending_again, transfers
from promotions.services.sharing import NOTE_LIMIT, ORGANIZATION_ID_LIMIT, PARTNERS_LIMIT

PACKAGE_ID_LIMIT = 64
PAYLOAD_LIMIT = 5000

_PARTNER_ID = "7D41B0C2A6E85F130A49423C@AdobeOrg"


class SharingRequestSerializer(serializers.ModelSerializer[SharingRequest]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:sharing-request-detail")
    title = serializers.CharField(read_only=True, help_text="What was asked for, as a thing.")
    organization = OrganizationRefSerializer(read_only=True)
    package = PackageRefSerializer(read_only=True, allow_null=True)
    is_over = serializers.BooleanField(read_only=True)
    created_by = PersonRefSerializer(read_only=True)
    ended_by = PersonRefSerializer(read_only=True, allow_null=True, help_text="Who stopped it.")

    class Meta:
        model = SharingRequest
        fields = [
            "id",
            "url",
            "kind",
            "title",
            "organization",
            "package",
            "note",
            "state",
            "is_over",
            "problem",
            "again_of",
            "created_by",
            "created_at",
            "started_at",
            "ended_at",
            "ended_by",
        ]


class SharingLegSerializer(serializers.ModelSerializer[SharingLeg]):
    partnership_url = serializers.HyperlinkedRelatedField[Partnership](
        source="partnership", view_name="promotions_api:partnership-detail", read_only=True, allow_null=True
    )
    transfer_url = serializers.HyperlinkedRelatedField[Transfer](
        source="transfer", view_name="promotions_api:transfer-detail", read_only=True, allow_null=True
    )
    asking_job_url: Any = serializers.HyperlinkedRelatedField(
        source="asking_job",
        view_name="promotions_api:job-detail",
        read_only=True,
        allow_null=True,
        help_text="The job that asks for the partnership.",
    )
    sending_job_url: Any = serializers.HyperlinkedRelatedField(
        source="sending_job",
        view_name="promotions_api:job-detail",
        read_only=True,
        allow_null=True,
        help_text="The job that shares, makes public or pulls.",
    )

    class Meta:
        model = SharingLeg
        fields = [
            "partner_id",
            "partner_name",
            "package_remote_id",
            "state",
            "problem",
            "partnership",
            "partnership_url",
            "transfer",
            "transfer_url",
            "asking_job",
            "asking_job_url",
            "sending_job",
            "sending_job_url",
            "changed_at",
        ]


class SharingRequestDetailSerializer(SharingRequestSerializer):
    legs = SharingLegSerializer(many=True, read_only=True, help_text="What became of it, for each partner or package.")
    facts = serializers.JSONField(read_only=True, help_text="What the consent rests on.")
    cannot_be_undone = serializers.SerializerMethodField(help_text="Once somebody consents, in sentences.")
    approval = serializers.SerializerMethodField(help_text="The latest request for consent to it.")

    class Meta(SharingRequestSerializer.Meta):
        fields = [
            *SharingRequestSerializer.Meta.fields,
            "legs",
            "facts",
            "content_hash",
            "cannot_be_undone",
            "approval",
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_cannot_be_undone(self, request: SharingRequest) -> list[str]:
        return sharing_facts.finality_of(request)

    @extend_schema_field(ApprovalSerializer(allow_null=True))
    def get_approval(self, request: SharingRequest) -> Any:
        found = consent.latest(request)
        return None if found is None else ApprovalSerializer(found, context=self.context).data


class SharingRequestQuery(ListQuery):
    organization = IdField(required=False, help_text="The one that acts.")
    kind = serializers.ChoiceField(required=False, choices=SharingKind.choices)
    state = serializers.ChoiceField(required=False, choices=SharingState.choices)
    package = IdField(required=False)


class _NoteInput(Input):
    note = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=NOTE_LIMIT,
        help_text="For those who decide, here and, if the partner lives here too, there.",
    )


class _PartnersInput(_NoteInput):
    partner_ids = serializers.ListField(
        child=serializers.CharField(max_length=ORGANIZATION_ID_LIMIT),
        allow_empty=False,
        max_length=PARTNERS_LIMIT,
        help_text="Organization ids, as the platform spells them.",
    )


@example(organization=1, partner_ids=[_PARTNER_ID], note="For the shared loyalty program")
class PartnershipRequestInput(_PartnersInput):
    organization = IdField(help_text="The one that asks.")


@example(package=11, partner_ids=[_PARTNER_ID], note="For the shared loyalty program")
class ShareInput(_PartnersInput):
    package = IdField()


class PullSourceInput(Input):
    organization_id = serializers.CharField(max_length=ORGANIZATION_ID_LIMIT)
    package_id = serializers.CharField(max_length=PACKAGE_ID_LIMIT, help_text="As the platform spells it.")


@example(
    organization=1,
    sources=[{"organization_id": _PARTNER_ID, "package_id": "5a3c1f0e7f6b4d2c9a8b7c6d5e4f3a2b"}],
    note="The schemas that they publish",
)
class PullInput(_NoteInput):
    organization = IdField(help_text="The one that receives.")
    sources = serializers.ListField(
        child=PullSourceInput(), required=False, default=list, max_length=PARTNERS_LIMIT, help_text="Packages by ids."
    )
    payloads = serializers.ListField(
        child=serializers.CharField(max_length=PAYLOAD_LIMIT),
        required=False,
        default=list,
        max_length=PARTNERS_LIMIT,
        help_text="Packages by their payloads, each the text that its organization handed over.",
    )


@example(typed_name="Loyalty schemas v3", note="Agreed with legal")
class PublicityInput(_NoteInput):
    typed_name = serializers.CharField(
        max_length=500, help_text="The package's name, since nobody can make it private again."
    )


@example(note="They have raised their limit")
class SendAgainInput(_NoteInput):
    pass


class PayloadSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(source="as_text", help_text="To hand over; the other organization pulls with it.")
    organization_id = serializers.CharField()
    package_id = serializers.CharField()


class PartnershipMomentSerializer(serializers.Serializer[Any]):
    action = serializers.CharField(help_text="As the platform spells it.")
    at = serializers.CharField(help_text="ISO 8601; empty where the platform does not say.")
    by = serializers.CharField()
    organization_id = serializers.CharField()
    reason = serializers.CharField()


class PartnerNoteSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(help_text="What was asked for.")
    note = serializers.CharField(source="request.note")
    by = serializers.CharField(source="request.created_by")


class PartnershipSerializer(serializers.ModelSerializer[Partnership]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:partnership-detail")
    organization = OrganizationRefSerializer(read_only=True)
    is_pending = serializers.BooleanField(read_only=True, help_text="Whether one side still has to decide.")
    is_approved = serializers.BooleanField(read_only=True, help_text="Whether packages can be shared.")
    created_at = serializers.DateTimeField(source="remote_created_at", read_only=True)
    modified_at = serializers.DateTimeField(source="remote_modified_at", read_only=True, allow_null=True)

    class Meta:
        model = Partnership
        fields = [
            "id",
            "url",
            "organization",
            "direction",
            "partner_id",
            "partner_name",
            "partner_region",
            "status",
            "is_pending",
            "is_approved",
            "remote_id",
            "created_at",
            "modified_at",
            "vanished_at",
            "decision_job",
        ]


class PartnershipDetailSerializer(PartnershipSerializer):
    reason_not_to_decide = serializers.SerializerMethodField(
        help_text="Why you may not decide on it; empty if you may."
    )
    history = PartnershipMomentSerializer(many=True, read_only=True, help_text="Who did what, oldest first.")
    asked_with = serializers.SerializerMethodField(
        help_text="What the partner's people wrote to it, where the partner lives in this installation too."
    )
    history_text = serializers.CharField(
        read_only=True, help_text="The history as it came, where it could not be read."
    )
    decision_job_url: Any = serializers.HyperlinkedRelatedField(
        source="decision_job",
        view_name="promotions_api:job-detail",
        read_only=True,
        allow_null=True,
        help_text="The latest job that tells the platform of a decision made here.",
    )
    remote = serializers.JSONField(source="raw", read_only=True, help_text="The platform's document, redacted.")

    class Meta(PartnershipSerializer.Meta):
        fields = [
            *PartnershipSerializer.Meta.fields,
            "reason_not_to_decide",
            "asked_with",
            "history",
            "history_text",
            "decision_job_url",
            "remote",
        ]

    def get_reason_not_to_decide(self, partnership: Partnership) -> str:
        return partnership_decisions.reason_not_to_decide_partnership(partnership, self.context["request"].user)

    @extend_schema_field(PartnerNoteSerializer(many=True))
    def get_asked_with(self, partnership: Partnership) -> Any:
        found = sharing_steps.why_asked(partnership) if partnership.is_incoming else []
        return PartnerNoteSerializer(found, many=True).data


class PartnershipQuery(ListQuery):
    organization = IdField(required=False, help_text="The one whose view it is.")
    direction = serializers.ChoiceField(required=False, choices=Direction.choices)
    status = serializers.CharField(
        required=False, max_length=64, help_text="As the platform spells it, for example APPROVED."
    )
    partner = serializers.CharField(required=False, max_length=ORGANIZATION_ID_LIMIT, help_text="An organization id.")
    pending = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Only those not decided, or none of them."
    )
    waiting_for_me = serializers.BooleanField(
        required=False, default=False, help_text="Only those that you may decide on now."
    )
    vanished = serializers.BooleanField(
        required=False, default=False, help_text="Also those that the platform no longer lists."
    )


@example(decision="approve", reason="Agreed in the steering group")
class PartnershipDecisionInput(Input):
    decision = serializers.ChoiceField(choices=["approve", "reject"])
    reason = serializers.CharField(max_length=NOTE_LIMIT, help_text="The partner reads it.")


class TransferSerializer(serializers.ModelSerializer[Transfer]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:transfer-detail")
    organization = OrganizationRefSerializer(read_only=True)
    package = PackageRefSerializer(
        read_only=True, allow_null=True, help_text="Ours: what is sent, or what has arrived once it is found."
    )
    is_over = serializers.BooleanField(read_only=True)
    has_arrived = serializers.BooleanField(
        read_only=True, help_text="Whether the package is there; that the platform calls it completed is not enough."
    )
    created_at = serializers.DateTimeField(source="remote_created_at", read_only=True)

    class Meta:
        model = Transfer
        fields = [
            "id",
            "url",
            "organization",
            "direction",
            "type",
            "partner_id",
            "partner_name",
            "package",
            "package_remote_id",
            "package_name",
            "status",
            "is_over",
            "has_arrived",
            "remote_id",
            "created_at",
            "completed_at",
            "again_of",
        ]


class TransferDetailSerializer(TransferSerializer):
    steps = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="The platform's messages in their order."
    )
    slowness = serializers.SerializerMethodField(
        help_text="Why it counts as slow, against this organization's own past; empty if it does not."
    )
    arrival = serializers.SerializerMethodField(
        help_text="What is known of a package that came in and is not found yet; empty otherwise."
    )
    why_no_again = serializers.SerializerMethodField(help_text="Why it cannot be sent again; empty if it can.")
    sharing_request_urls = serializers.SerializerMethodField(help_text="What was asked for here that led to it.")
    remote = serializers.JSONField(source="raw", read_only=True, help_text="The platform's document, redacted.")

    class Meta(TransferSerializer.Meta):
        fields = [
            *TransferSerializer.Meta.fields,
            "steps",
            "initiated_by",
            "slowness",
            "arrival",
            "why_no_again",
            "sharing_request_urls",
            "remote",
        ]

    def get_slowness(self, transfer: Transfer) -> str:
        return transfers.slowness(transfer)

    def get_arrival(self, transfer: Transfer) -> str:
        return arrivals.words(transfer)

    def get_why_no_again(self, transfer: Transfer) -> str:
        return sending_again.reason_not_to_send_again(transfer)

    @extend_schema_field(serializers.ListField(child=serializers.URLField()))
    def get_sharing_request_urls(self, transfer: Transfer) -> list[str]:
        ids = transfer.legs.order_by("request_id").values_list("request_id", flat=True).distinct()
        view = "promotions_api:sharing-request-detail"
        return [reverse(view, args=[pk], request=self.context["request"]) for pk in ids]


class TransferQuery(ListQuery):
    organization = IdField(required=False, help_text="The one whose view it is.")
    direction = serializers.ChoiceField(required=False, choices=Direction.choices)
    status = serializers.CharField(
        required=False, max_length=64, help_text="As the platform spells it, for example IN_PROGRESS."
    )
    type = serializers.CharField(required=False, max_length=16, help_text="PRIVATE or PUBLIC.")
    partner = serializers.CharField(required=False, max_length=ORGANIZATION_ID_LIMIT, help_text="An organization id.")
    package = IdField(required=False)
