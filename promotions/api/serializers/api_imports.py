"""Imports of API versions: what is asked for, accounts, and ways to go on."""

from typing import Any

from rest_framework import serializers

from config.inputs import Input, example, examples
from promotions.api.base import IdField
from promotions.api.serializers.api_versions import NameField
from promotions.api.serializers.plans import ChoiceSerializer, ObjectSerializer
from promotions.api_choices import DuplicateRule
from promotions.choices import Decision
from promotions.services.sealed_values import SECRET_LIMIT
from promotions.systems.snaplogic.asset_types import OVERWRITABLE

POINTER_LIMIT = 500


class RuleInput(Input):
    rule = serializers.ChoiceField(
        required=False,
        choices=DuplicateRule.choices,
        default=DuplicateRule.SKIP,
        help_text="What happens where the target has the version, or an asset of it, already.",
    )
    types = serializers.ListField(
        child=serializers.CharField(max_length=50),
        required=False,
        default=list,
        max_length=len(OVERWRITABLE),
        help_text=f"With “overwrite”, some of {', '.join(OVERWRITABLE)}. Policies are overwritten by “skip” as well.",
    )


@examples(
    {
        "Of a zip": {"archive": 8, "organization": 4, "api": "orders", "version": "2.0"},
        "Of a version": {
            "api_version": 5,
            "organization": 4,
            "api": "orders",
            "version": "2.0",
            "rule": "overwrite",
            "types": ["Pipeline", "File"],
            "expressions": 9,
        },
    }
)
class ApiImportInput(RuleInput):
    archive = IdField(required=False, help_text="Either this or `api_version`: a zip that is kept here.")
    api_version = IdField(required=False, help_text="Either this or `archive`: a version, which is exported first.")
    organization = IdField(help_text="The target, an environment of SnapLogic.")
    api = NameField(help_text="In the target.")
    version = NameField(help_text="In the target.")
    expressions = IdField(required=False, help_text="An archive of expression files that go along.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("archive" in attrs) == ("api_version" in attrs):
            raise serializers.ValidationError("Name `archive` or `api_version`, and only one of them.")
        return attrs


@example(rule="overwrite", types=["Pipeline"])
class ImportRuleInput(RuleInput):
    rule = serializers.ChoiceField(choices=DuplicateRule.choices)


class PointedField(serializers.DictField):
    """Values by JSON pointer."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and any(len(str(pointer)) > POINTER_LIMIT for pointer in data):
            raise serializers.ValidationError(f"A pointer has at most {POINTER_LIMIT} characters.")
        return super().to_internal_value(data)


@example(
    values={"/property_map/settings/username/value": "orders_prod"},
    stored={"/property_map/settings/password/value": "the id of an offered stored value"},
)
class AccountInput(Input):
    values = PointedField(
        child=serializers.CharField(allow_blank=True, trim_whitespace=False, max_length=SECRET_LIMIT),
        required=False,
        default=dict,
        write_only=True,
        help_text="Typed values by the pointers of `leaves`. Secrets are never shown.",
    )
    stored = PointedField(
        child=serializers.CharField(max_length=POINTER_LIMIT),
        required=False,
        default=dict,
        help_text="Ids of stored values of the target, as `choices` offer them, by pointer.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if both := sorted(set(attrs["values"]) & set(attrs["stored"])):
            raise serializers.ValidationError({"stored": f"{both[0]} is typed as well. Say it once."})
        return attrs


class LeafSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="Names it within the account.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the attribute of fields
    kind = serializers.CharField(help_text="text, number, flag or nothing.")
    is_secret = serializers.BooleanField()
    must_be_typed = serializers.BooleanField(
        help_text="Exported encrypted: has to be given in clear if the account is edited, even unchanged."
    )
    current = serializers.CharField(help_text="As exported; empty for secrets.")
    item = serializers.IntegerField(allow_null=True, help_text="Its item in the plan, once the account is edited.")
    decision = serializers.ChoiceField(choices=Decision.choices, allow_null=True)
    target = ObjectSerializer(allow_null=True, help_text="What was chosen or typed; of secrets never the value.")
    choices = ChoiceSerializer(many=True)


class AccountSerializer(serializers.Serializer[Any]):
    uuid = serializers.CharField()
    name = serializers.CharField()
    class_id = serializers.CharField()
    item = serializers.IntegerField(help_text="Its item in the plan.")
    is_edited = serializers.BooleanField(help_text="Whether it goes along with values, and not as exported.")
    leaves = LeafSerializer(many=True)


class FileAccountSerializer(serializers.Serializer[Any]):
    text = serializers.CharField(
        help_text="What goes along with the zip as file_account, in JSON, with secrets masked; empty if every account "
        "goes as exported."
    )


class TargetVersionSerializer(serializers.Serializer[Any]):
    api = serializers.CharField()
    version = serializers.CharField()


class RemedySerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # as above
    reason = serializers.CharField()
    rule = serializers.ChoiceField(choices=DuplicateRule.choices)
    types = serializers.ListField(child=serializers.CharField())
    version = TargetVersionSerializer(allow_null=True, help_text="Where it goes, if not where the import went.")


@example(key="add")
class RemedyInput(Input):
    key = serializers.CharField(max_length=50, help_text="Of a way that is offered.")
