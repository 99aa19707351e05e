"""Versions of packages, and how a package differs from a sandbox."""

from typing import Any

from rest_framework import serializers

from config.inputs import Input, example
from promotions.api.base import IdField


class VersionSerializer(serializers.Serializer[Any]):
    version = serializers.CharField(help_text="Its number.")
    at = serializers.DateTimeField(allow_null=True, help_text="When it was saved; null if the platform does not say.")
    by = serializers.CharField(help_text="Who saved it: a name, or an id of the platform.")


class VersionsSerializer(serializers.Serializer[Any]):
    is_offered = serializers.BooleanField(help_text="Whether versions of this package can be worked with now.")
    reason_not_offered = serializers.CharField(help_text="Why not; empty if they can.")
    latest_version = serializers.CharField(help_text="Empty if not known.")
    versions = VersionSerializer(
        many=True, allow_null=True, help_text="Newest first, as last read; null if they never were."
    )


class FieldChangeSerializer(serializers.Serializer[Any]):
    op = serializers.CharField(help_text="The platform's word, as in a JSON patch.")
    path = serializers.CharField(help_text="A JSON pointer.")
    old = serializers.JSONField(allow_null=True)
    new = serializers.JSONField(allow_null=True)


class DifferenceSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    id = serializers.CharField()
    title = serializers.CharField()
    target = serializers.DictField(
        child=serializers.CharField(), allow_null=True, help_text="Id and title of its counterpart in the sandbox."
    )
    changes = FieldChangeSerializer(many=True)


class ComparisonSerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField(
        allow_null=True, help_text="When it was asked for: nothing in it is newer. Null if it was never compared."
    )
    target = serializers.CharField(help_text="Name of the sandbox.")
    version = serializers.CharField(help_text="Version of the package that was compared, if known.")
    left_out = serializers.IntegerField(help_text="Differences beyond those that are kept.")
    objects = DifferenceSerializer(many=True)


@example(sandbox=2)
class CompareInput(Input):
    sandbox = IdField(
        required=False, allow_null=True, default=None, help_text="The sandbox the package comes from, if left out."
    )
