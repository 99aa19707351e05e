"""What callers send to make packages and to change drafts."""

from rest_framework import serializers

from config.inputs import Input, example
from promotions.api.base import IdField, Query
from promotions.artifact_text import ID_LIMIT, OBJECTS_LIMIT, TITLE_LIMIT
from promotions.choices import ArtifactType, PackageType
from promotions.services.building import DESCRIPTION_LIMIT
from promotions.services.package_names import NAME_LIMIT

_SCHEMA = {
    "type": "REGISTRY_SCHEMA",
    "id": "https://ns.adobe.com/acme/schemas/5a3c1f0e",
    "title": "Loyalty member",
}


class NewArtifactInput(Input):
    type = serializers.CharField(max_length=64, help_text="As the platform spells it, for example REGISTRY_SCHEMA.")
    id = serializers.CharField(max_length=ID_LIMIT)
    title = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=TITLE_LIMIT,
        help_text="Shown where the platform has none.",
    )
    sandbox = serializers.CharField(
        required=False,
        allow_blank=True,
        default="",
        max_length=256,
        help_text="The name of the sandbox it is in, if known; another than the package's is refused.",
    )


@example(artifacts=[_SCHEMA])
class ArtifactsInput(Input):
    artifacts = serializers.ListField(child=NewArtifactInput(), allow_empty=False, max_length=OBJECTS_LIMIT)


@example(
    sandbox=2,
    name="Loyalty schemas v4",
    package_type="PARTIAL",
    description="For the autumn release",
    expires_at="2027-01-31T00:00:00Z",
    artifacts=[_SCHEMA],
    publishes=True,
)
class PackageInput(Input):
    sandbox = IdField(help_text="Where its objects come from; also tells the organization.")
    name = serializers.CharField(max_length=NAME_LIMIT)
    package_type = serializers.ChoiceField(
        choices=PackageType.choices, help_text="PARTIAL for chosen objects, FULL for the entire sandbox."
    )
    description = serializers.CharField(required=False, allow_blank=True, default="", max_length=DESCRIPTION_LIMIT)
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="The platform's own default, 90 days, if left out."
    )
    artifacts = serializers.ListField(
        child=NewArtifactInput(),
        required=False,
        default=list,
        max_length=OBJECTS_LIMIT,
        help_text="None for an entire sandbox.",
    )
    publishes = serializers.BooleanField(
        required=False, default=False, help_text="Publish it when it was made and holds all that was asked for."
    )


@example(name="Loyalty schemas v4", expires_at="2027-01-31T00:00:00Z")
class PackageChangeInput(Input):
    name = serializers.CharField(required=False, max_length=NAME_LIMIT)
    description = serializers.CharField(required=False, allow_blank=True, max_length=DESCRIPTION_LIMIT)
    expires_at = serializers.DateTimeField(
        required=False,
        allow_null=True,
        help_text="Left out, the one that was asked for before is sent again; null lets the platform set its own.",
    )


class PackageDeleteQuery(Query):
    name = serializers.CharField(max_length=500, help_text="The package's name, so that none is deleted by mistake.")


@example(sandbox=2, type="REGISTRY_SCHEMA")
class ObjectsInput(Input):
    sandbox = IdField()
    type = serializers.ChoiceField(choices=ArtifactType.choices)
