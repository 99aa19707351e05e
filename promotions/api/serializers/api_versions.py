"""API versions, and changes of their life."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input, example, examples
from promotions.api.base import IdField, ListQuery
from promotions.api.serializers.common import OrganizationRefSerializer
from promotions.api_choices import ApiVersionState, LifecycleAct
from promotions.api_facts import acts_from
from promotions.api_lists import API_VERSION_ORDERS, DEFAULT_ORDER
from promotions.models import ApiVersion
from promotions.services.api_lifecycles import MESSAGE_LIMIT, SPEC_LIMIT, VERSIONS_LIMIT
from promotions.services.api_versions import NAME_LIMIT


class ApiVersionQuery(ListQuery):
    organization = IdField(required=False)
    state = serializers.ChoiceField(required=False, choices=ApiVersionState.choices)
    q = serializers.CharField(
        required=False, max_length=200, help_text="Words, or parts of words, that must all occur in API or version."
    )
    order = serializers.ChoiceField(required=False, choices=list(API_VERSION_ORDERS), default=DEFAULT_ORDER)


class NameField(serializers.CharField):
    """A name as the platform has it: case and blanks matter."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=NAME_LIMIT, trim_whitespace=False, **kwargs)


@example(organization=3, api="orders", version="1.2")
class ApiVersionInput(Input):
    organization = IdField(help_text="An environment of SnapLogic.")
    api = NameField()
    version = NameField()


@example(state="published")
class ApiVersionStateInput(Input):
    state = serializers.ChoiceField(choices=ApiVersionState.choices)


class ApiVersionSerializer(serializers.ModelSerializer[ApiVersion]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:api-version-detail")
    organization = OrganizationRefSerializer(read_only=True)
    path = serializers.CharField(read_only=True, help_text="As the platform spells it; case matters.")

    class Meta:
        model = ApiVersion
        fields = [
            "id",
            "url",
            "organization",
            "api",
            "version",
            "path",
            "state",
            "state_at",
            "state_job",
            "known_from",
            "added_at",
            "listed_at",
        ]
        extra_kwargs = {
            "state": {"help_text": "What the last act that was seen has led to; the platform tells none."},
            "state_job": {"help_text": "What led there; null if a person noted it."},
        }


class ApiVersionDetailSerializer(ApiVersionSerializer):
    assets = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        read_only=True,
        help_text="Names by type, as listed last.",
    )
    acts = serializers.SerializerMethodField(help_text="What its state allows.")

    class Meta(ApiVersionSerializer.Meta):
        fields = [*ApiVersionSerializer.Meta.fields, "assets", "acts"]

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=LifecycleAct.choices)))
    def get_acts(self, row: ApiVersion) -> list[str]:
        return [act.value for act in acts_from(row.state)]


class NamedVersionInput(Input):
    api = NameField()
    version = NameField()


@examples(
    {
        "Deprecate": {
            "organization": 3,
            "act": "deprecate",
            "versions": [{"api": "orders", "version": "1.2"}],
            "message": "Use 2.0 from January on.",
        },
        "Publish": {
            "organization": 3,
            "act": "publish",
            "versions": [{"api": "orders", "version": "2.0"}],
            "contact_email": "apis@example.com",
            "allow_subscriptions": True,
            "is_yaml": True,
            "spec": "openapi: 3.0.3\ninfo: {title: Orders, version: '2.0'}\npaths: {}\n",
        },
    }
)
class LifeCycleInput(Input):
    organization = IdField(help_text="An environment of SnapLogic.")
    act = serializers.ChoiceField(choices=LifecycleAct.choices)
    versions = serializers.ListField(child=NamedVersionInput(), min_length=1, max_length=VERSIONS_LIMIT)
    message = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=MESSAGE_LIMIT, help_text="With “deprecate”."
    )
    contact_email = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=254, help_text="With “publish”."
    )
    allow_subscriptions = serializers.BooleanField(required=False, default=False, help_text="With “publish”.")
    auto_approve = serializers.BooleanField(required=False, default=False, help_text="With “publish”.")
    is_yaml = serializers.BooleanField(
        required=False, default=False, help_text="With “publish”: whether `spec` is YAML; JSON otherwise."
    )
    spec = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        max_length=SPEC_LIMIT,
        help_text="With “publish”: the OpenAPI document as a text.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wanted = {"message": LifecycleAct.DEPRECATE} | dict.fromkeys(
            ("contact_email", "allow_subscriptions", "auto_approve", "is_yaml", "spec"), LifecycleAct.PUBLISH
        )
        unfit = {
            name: f"It goes with “{act}” only. Leave it out."
            for name, act in wanted.items()
            if attrs[name] and attrs["act"] != act
        }
        if unfit:
            raise serializers.ValidationError(unfit)
        return attrs
