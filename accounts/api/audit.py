"""What the REST API says of the record, and by what it can be narrowed."""

from typing import Any, cast

from rest_framework import serializers
from rest_framework.request import Request

from accounts import keyset
from accounts.audit_lists import AuditFilters
from accounts.exporting import FORMATS
from accounts.models import AuditEvent
from accounts.services.audit import GROUP_LABELS
from config.inputs import odd_texts

LARGEST_ID = 2**63 - 1
PAGE_LIMIT = 200

# The classes below have no docstrings: the OpenAPI document would show them at every operation.


class AuditExportQuery(serializers.Serializer[Any]):
    # The filters of the list. A name it does not know is refused, and so is an empty value.

    group = serializers.CharField(required=False, max_length=32, help_text="Only acts of this group, such as job.")
    verb = serializers.CharField(required=False, max_length=64, help_text="Only this act, such as job.closed.")
    organization = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    person = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID, help_text="Who did it.")
    subject_type = serializers.CharField(required=False, max_length=64, help_text="For example promotions.job.")
    subject_id = serializers.CharField(required=False, max_length=64)
    at_after = serializers.DateTimeField(required=False, help_text="From this moment on.")
    at_before = serializers.DateTimeField(required=False, help_text="Before this moment.")
    q = serializers.CharField(
        required=False, max_length=200, help_text="Words, or beginnings of words, of subject, reason or person."
    )
    format = serializers.ChoiceField(required=False, choices=list(FORMATS), default="json")

    def validate_group(self, value: str) -> str:
        if value not in GROUP_LABELS:
            raise serializers.ValidationError(f"There is no such group. Known: {', '.join(sorted(GROUP_LABELS))}.")
        return value

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        sent = request.query_params.dict()
        unknown = [name for name in sent if name not in cls().fields]
        if unknown:
            known = ", ".join(cls().fields)
            raise serializers.ValidationError(
                {name[:100]: [f"There is no such filter. Known here: {known}."] for name in unknown[:20]}
            )
        if odd := odd_texts(cls().fields, request.query_params):
            raise serializers.ValidationError(odd)
        query = cls(data=sent)
        query.is_valid(raise_exception=True)
        return cast(dict[str, Any], query.validated_data)

    @staticmethod
    def filters(query: dict[str, Any]) -> AuditFilters:
        return AuditFilters(
            group=query.get("group", ""),
            verb=query.get("verb", ""),
            organization_id=query.get("organization"),
            actor_id=query.get("person"),
            subject_type=query.get("subject_type", ""),
            subject_id=query.get("subject_id", ""),
            since=query.get("at_after"),
            until=query.get("at_before"),
            text=query.get("q", ""),
        )


class AuditQuery(AuditExportQuery):
    format = None  # type: ignore[assignment]  # pages are JSON
    cursor = serializers.CharField(
        required=False, default="", help_text="Where a page starts; follow `next` and `previous`."
    )
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=PAGE_LIMIT, default=keyset.PAGE_SIZE, help_text="Lines a page."
    )


class AuditEventSerializer(serializers.ModelSerializer[AuditEvent]):
    class Meta:
        model = AuditEvent
        fields: tuple[str, ...] = (
            "sequence",
            "at",
            "verb",
            "actor_id",
            "actor_text",
            "organization_id",
            "subject_type",
            "subject_id",
            "subject_text",
            "reason",
            "details",
            "request_id",
            "address",
            "digest",
        )
        read_only_fields = fields


class AuditPageSerializer(serializers.Serializer[Any]):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = AuditEventSerializer(many=True)


class AuditRowSerializer(AuditEventSerializer):
    previous_digest = serializers.CharField(help_text="Of the line before; empty for the first line.")

    class Meta(AuditEventSerializer.Meta):
        fields = (*AuditEventSerializer.Meta.fields, "previous_digest")
        read_only_fields = fields


class FindingSerializer(serializers.Serializer[Any]):
    sequence = serializers.IntegerField(help_text="The line at which it shows.")
    text = serializers.CharField()


class ChainSerializer(serializers.Serializer[Any]):
    head = serializers.CharField(help_text="SEQUENCE:DIGEST of the last line.")
    result = serializers.ChoiceField(choices=["intact", "broken", "unverified"], help_text="Of the lines read so far.")
    verified = serializers.CharField(help_text="All lines up to this one were read, SEQUENCE:DIGEST.")
    verified_at = serializers.DateTimeField(allow_null=True)
    verified_by = serializers.CharField()
    whole_at = serializers.DateTimeField(allow_null=True, help_text="When a reading of all lines ended last.")
    is_up_to_date = serializers.BooleanField(help_text="Whether every line that there is was read.")
    findings = FindingSerializer(many=True)
    findings_total = serializers.IntegerField()
