"""Packages."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input, example
from promotions import access
from promotions.api.base import IdField
from promotions.api.serializers.common import OrganizationRefSerializer, SandboxRefSerializer
from promotions.models import Artifact, Package
from promotions.services import asked_expiries, package_refusals
from promotions.services.asked_expiries import EXPIRY_DAYS_LIMIT


class ArtifactSerializer(serializers.ModelSerializer[Artifact]):
    class Meta:
        model = Artifact
        fields = ["type", "remote_id", "title"]


class PackageSerializer(serializers.ModelSerializer[Package]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:package-detail")
    organization = OrganizationRefSerializer(read_only=True)
    created_at = serializers.DateTimeField(source="remote_created_at", read_only=True)
    modified_at = serializers.DateTimeField(source="remote_modified_at", read_only=True, allow_null=True)
    is_importable = serializers.BooleanField(
        read_only=True, help_text="Published, unexpired and still at the platform."
    )

    class Meta:
        model = Package
        fields = [
            "id",
            "url",
            "organization",
            "remote_id",
            "name",
            "description",
            "status",
            "package_type",
            "visibility",
            "source_sandbox",
            "version",
            "artifact_count",
            "created_at",
            "modified_at",
            "published_at",
            "expires_at",
            "vanished_at",
            "is_importable",
        ]
        extra_kwargs = {
            "version": {
                "help_text": "The revision at the platform, which counts every write; no version of the content."
            }
        }


class PackageDetailSerializer(PackageSerializer):
    artifacts = ArtifactSerializer(many=True, read_only=True)
    target_sandboxes = serializers.SerializerMethodField(help_text="Where you may bring it.")
    asked_expires_at = serializers.DateTimeField(
        read_only=True, allow_null=True, help_text="The expiry last asked for; the platform may have set another."
    )
    expiry_difference = serializers.SerializerMethodField(help_text="That it did, in words; empty if it did not.")
    why_no_change = serializers.SerializerMethodField(help_text="Why its content is frozen; empty if it is not.")
    capabilities = serializers.ListField(
        child=serializers.CharField(),
        read_only=True,
        allow_null=True,
        help_text="What the platform offers for it; null until asked.",
    )
    remote = serializers.JSONField(source="raw", read_only=True, help_text="The platform's document, redacted.")

    class Meta(PackageSerializer.Meta):
        fields = [
            *PackageSerializer.Meta.fields,
            "artifacts",
            "target_sandboxes",
            "asked_expires_at",
            "expiry_difference",
            "why_no_change",
            "capabilities",
            "package_version",
            "remote",
        ]
        extra_kwargs = {
            **PackageSerializer.Meta.extra_kwargs,
            "package_version": {"help_text": "The latest version of its content, where it has versions."},
        }

    def get_expiry_difference(self, package: Package) -> str:
        return asked_expiries.expiry_difference(package)

    def get_why_no_change(self, package: Package) -> str:
        return package_refusals.reason_not_to_change(package)

    @extend_schema_field(SandboxRefSerializer(many=True))
    def get_target_sandboxes(self, package: Package) -> object:
        user = self.context["request"].user
        return SandboxRefSerializer(access.target_sandboxes(user, package), many=True).data


class DependencySerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    type = serializers.CharField()
    id = serializers.CharField()
    title = serializers.CharField()
    depth = serializers.IntegerField(help_text="0 for what the package names itself.")


class DependenciesSerializer(serializers.Serializer[Any]):
    read_at = serializers.DateTimeField(allow_null=True, help_text="Null if they were never read; POST reads them.")
    is_old = serializers.BooleanField(help_text="Whether the package changed since.")
    is_cut = serializers.BooleanField(help_text="Whether there is more than was read.")
    nodes = DependencySerializer(many=True)
    children = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="What each key needs, by key."
    )


@example(expiry_days=90)
class PublishInput(Input):
    expiry_days = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=EXPIRY_DAYS_LIMIT,
        help_text="When it expires, counted from now; left out, the date asked for before, or the platform's default.",
    )


@example(packages=[11, 12], expiry_days=90)
class PublishManyInput(PublishInput):
    packages = serializers.ListField(child=IdField(), min_length=1, max_length=50)


class PublishOutcomeSerializer(serializers.Serializer[Any]):
    package = serializers.IntegerField(source="package.pk")
    job = serializers.IntegerField(
        source="job.pk", default=None, allow_null=True, help_text="The job that publishes it."
    )
    refusal = serializers.CharField(help_text="Why it is not published; empty if it is.")


class PublishOutcomesSerializer(serializers.Serializer[Any]):
    outcomes = PublishOutcomeSerializer(many=True)
