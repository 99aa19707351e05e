"""Zips of API versions and of expression files."""

from typing import Any

from rest_framework import serializers

from config.inputs import UploadInput
from promotions.api.base import IdField, ListQuery
from promotions.api.serializers.common import OrganizationRefSerializer, PersonRefSerializer
from promotions.api_choices import ArchiveKind
from promotions.models import Archive


class ArchiveQuery(ListQuery):
    organization = IdField(required=False)
    kind = serializers.ChoiceField(required=False, choices=ArchiveKind.choices)
    erased = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="Only those whose content was erased, or none of them."
    )


class ArchiveInput(UploadInput):
    organization = IdField(help_text="An environment of SnapLogic, whose members may then use it.")
    kind = serializers.ChoiceField(required=False, choices=ArchiveKind.choices, default=ArchiveKind.VERSION)
    file = serializers.FileField(
        help_text="The zip of an exported version, unchanged; or expression files: a zip of them, or a single one."
    )


class ExpressionsInput(UploadInput):
    expressions = serializers.ListField(
        child=serializers.FileField(),
        min_length=1,
        help_text="A zip of them, or the files one by one; folders are flattened, and two of one name refused.",
    )


class ArchiveSerializer(serializers.ModelSerializer[Archive]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:archive-detail")
    organization = OrganizationRefSerializer(read_only=True)
    created_by = PersonRefSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Archive
        fields = [
            "id",
            "url",
            "organization",
            "kind",
            "origin",
            "name",
            "version_path",
            "size",
            "sha256",
            "created_by",
            "created_at",
            "used_at",
            "erased_at",
        ]


class ArchiveDetailSerializer(ArchiveSerializer):
    inventory: Any = serializers.JSONField(
        read_only=True,
        help_text="What a look into it found: of a version its `assets`, `accounts` and `expressions`, of expression "
        "files their `files` and `warnings`. No value of an account.",
    )

    class Meta(ArchiveSerializer.Meta):
        fields = [*ArchiveSerializer.Meta.fields, "inventory"]
