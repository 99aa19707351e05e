"""Shapes of the REST API. Secrets go in and never come out."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from accounts.choices import CredentialKind, OrganizationKind
from accounts.models import (
    Credential,
    Membership,
    Notice,
    Organization,
    Sandbox,
    User,
)
from accounts.remote_services import services_of
from accounts.services.notices import kinds
from accounts.vendors import DEFAULT_CONTROL_PLANE_URL, DEFAULT_IMS_URL, DEFAULT_PLATFORM_URL, parts_of
from config.inputs import Input, example, examples

YEARS = range(1900, 3000)
LARGEST_ID = 2**63 - 1


class OrganizationSerializer(serializers.ModelSerializer[Organization]):
    ims_url = serializers.CharField(read_only=True, help_text="A URL; empty where there is no sign-in service.")
    service_urls = serializers.SerializerMethodField(help_text="Further services by name, such as journeys.")
    service_dialects = serializers.SerializerMethodField(
        help_text="By name of a further service that has several, the revision of its contract that it speaks."
    )

    class Meta:
        model = Organization
        fields: tuple[str, ...] = (
            "id",
            "name",
            "remote_id",
            "kind",
            "is_production",
            "region",
            "ims_url",
            "platform_url",
            "service_urls",
            "service_dialects",
            "created_at",
        )
        read_only_fields = fields

    def get_service_urls(self, organization: Organization) -> dict[str, str]:
        return {service.name: organization.service_url(service.name) for service in services_of(organization.kind)}

    def get_service_dialects(self, organization: Organization) -> dict[str, str]:
        return {
            service.name: organization.service_dialect(service.name)
            for service in services_of(organization.kind)
            if service.dialects
        }


def _service_urls() -> serializers.DictField:
    return serializers.DictField(
        child=serializers.CharField(max_length=300, allow_blank=True),
        required=False,
        help_text="Further services by name, such as journeys. An empty URL stands for the default, which may hang on "
        "the dialect.",
    )


def _service_dialects() -> serializers.DictField:
    return serializers.DictField(
        child=serializers.CharField(max_length=50, allow_blank=True),
        required=False,
        help_text="By name of a further service that has several, the revision of its contract that it speaks. An "
        "empty one stands for the first. Without a URL of its own the service moves with it.",
    )


@examples(
    {
        "Adobe": {
            "name": "Acme",
            "remote_id": "5C1328435BF324E90A49402A@AdobeOrg",
            "kind": "adobe",
            "region": "va7",
        },
        "SnapLogic": {
            "name": "Acme integrations",
            "remote_id": "acme-prod",
            "kind": "snaplogic",
            "is_production": True,
            "platform_url": "https://emea.snaplogic.com",
        },
    }
)
class NewOrganizationSerializer(Input):
    name = serializers.CharField(max_length=150)
    remote_id = serializers.CharField(
        max_length=150,
        help_text="The organization id of Adobe, or the environment name of SnapLogic, letter for letter.",
    )
    kind = serializers.ChoiceField(choices=OrganizationKind.choices, default=OrganizationKind.ADOBE)
    is_production = serializers.BooleanField(default=False)
    region = serializers.CharField(max_length=16, allow_blank=True, default="")
    ims_url = serializers.CharField(
        max_length=300,
        required=False,
        help_text=f"Only of Adobe: the sign-in service. Left out, it is {DEFAULT_IMS_URL}.",
    )
    platform_url = serializers.CharField(
        max_length=300,
        required=False,
        help_text=f"Left out, it is {DEFAULT_PLATFORM_URL}; of SnapLogic it is the control plane, and left out "
        f"{DEFAULT_CONTROL_PLANE_URL}.",
    )
    service_urls = _service_urls()
    service_dialects = _service_dialects()

    def validate_kind(self, value: str) -> OrganizationKind:
        return OrganizationKind(value)


@example(name="Acme", is_production=True)
class OrganizationChangeSerializer(Input):
    """Id and kind of an organization stay."""

    name = serializers.CharField(max_length=150)
    is_production = serializers.BooleanField()
    region = serializers.CharField(max_length=16, allow_blank=True)
    ims_url = serializers.CharField(max_length=300)
    platform_url = serializers.CharField(max_length=300)
    service_urls = _service_urls()
    service_dialects = _service_dialects()
    is_erasure_confirmed = serializers.BooleanField(
        default=False,
        write_only=True,
        help_text="Another service URL erases the stored secrets; without this it is refused.",
    )


class CredentialSerializer(serializers.ModelSerializer[Credential]):
    class Meta:
        model = Credential
        fields = (
            "id",
            "organization",
            "name",
            "kind",
            "client_id",
            "scopes",
            "technical_account_id",
            "metascopes",
            "issuer",
            "key_id",
            "has_secret",
            "is_primary",
            "expires_at",
            "created_at",
            "secret_set_at",
            "last_test_at",
            "is_last_test_ok",
            "last_test_latency_ms",
            "last_test_message",
            "problem",
        )
        read_only_fields = fields


class MomentField(serializers.DateTimeField):
    """A moment of our times: those at the ends of the calendar have no local time in every zone."""

    def enforce_timezone(self, value: datetime) -> datetime:
        found = super().enforce_timezone(value)
        if found.year not in YEARS:
            raise serializers.ValidationError(f"Choose a moment between {YEARS[0]} and {YEARS[-1]}.")
        return found


def _words() -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=200), max_length=100, default=list)


def _client_secret() -> serializers.CharField:
    return serializers.CharField(
        max_length=2000,
        write_only=True,
        required=False,
        trim_whitespace=False,
        help_text="The client secret, or the password of a user of SnapLogic.",
    )


def _private_key() -> serializers.CharField:
    return serializers.CharField(
        max_length=20000, write_only=True, default="", allow_blank=True, trim_whitespace=False, help_text="As PEM."
    )


def _issuer(**options: Any) -> serializers.CharField:
    return serializers.CharField(
        max_length=200, allow_blank=True, help_text="Of a JWT bearer of SnapLogic: the claim iss.", **options
    )


def _key_id(**options: Any) -> serializers.CharField:
    return serializers.CharField(
        max_length=200, allow_blank=True, help_text="Of a JWT bearer of SnapLogic: the header kid.", **options
    )


@examples(
    {
        "Adobe": {
            "name": "CI",
            "kind": "oauth_server_to_server",
            "client_id": "f2460d530848948266e0c6d558555175",
            "client_secret": "p8e-...",
            "scopes": ["openid", "AdobeID", "additional_info.projectedProductContext"],
        },
        "SnapLogic, password": {
            "name": "Towpath",
            "kind": "snaplogic_basic",
            "client_id": "towpath@acme.example",
            "client_secret": "...",
        },
        "SnapLogic, signed JWT": {
            "name": "Towpath",
            "kind": "snaplogic_bearer",
            "client_id": "towpath@acme.example",
            "issuer": "https://towpath.acme.example",
            "key_id": "2027-01",
            "private_key": "-----BEGIN PRIVATE KEY-----\n...",
        },
    }
)
class NewCredentialSerializer(Input):
    """Of the parts, send those that the kind has."""

    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=CredentialKind.choices)
    client_id = serializers.CharField(max_length=200, help_text="The client id, or the name of a user of SnapLogic.")
    client_secret = _client_secret()
    private_key = _private_key()
    scopes = _words()
    technical_account_id = serializers.CharField(max_length=200, default="", allow_blank=True)
    metascopes = _words()
    issuer = _issuer(default="")
    key_id = _key_id(default="")
    expires_at = MomentField(default=None, allow_null=True)

    def validate_kind(self, value: str) -> CredentialKind:
        return CredentialKind(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return with_needed_secret(attrs["kind"], attrs)


def with_needed_secret(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    """The values of a body; raises ValidationError if the kind has a client secret and none was sent."""
    if "client_secret" in parts_of(kind).secrets and "client_secret" not in values:
        raise serializers.ValidationError({"client_secret": ["This field is required."]})
    return values


@example(name="CI", expires_at="2027-03-01T00:00:00Z")
class CredentialChangeSerializer(Input):
    name = serializers.CharField(max_length=100)
    scopes = _words()
    metascopes = _words()
    issuer = _issuer()
    key_id = _key_id()
    expires_at = MomentField(allow_null=True)


@example(client_secret="p8e-...")  # noqa: S106  the same
class SecretSerializer(Input):
    """Of the parts, send those that the kind has."""

    client_secret = _client_secret()
    private_key = _private_key()

    def __init__(self, *args: Any, kind: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kind = kind

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return with_needed_secret(self._kind, attrs)


@example(reason="Left the team")
class ReasonSerializer(Input):
    reason = serializers.CharField(max_length=500, default="", allow_blank=True)


class StartedSerializer(serializers.Serializer[Any]):
    """A job that was started."""

    url = serializers.CharField(help_text="The page on which its progress can be watched.")


class SandboxSerializer(serializers.ModelSerializer[Sandbox]):
    is_production = serializers.BooleanField(read_only=True)

    class Meta:
        model = Sandbox
        fields = (
            "id",
            "organization",
            "name",
            "title",
            "type",
            "state",
            "region",
            "is_default",
            "is_production",
            "seen_at",
            "vanished_at",
        )
        read_only_fields = fields


class PersonSerializer(serializers.ModelSerializer[User]):
    is_administrator = serializers.BooleanField(source="is_superuser", read_only=True)
    memberships = serializers.SerializerMethodField(help_text="Only in organizations that the caller may know of.")

    class Meta:
        model = User
        fields: tuple[str, ...] = ("id", "email", "full_name", "is_active", "is_administrator", "memberships")
        read_only_fields = fields

    def get_memberships(self, person: User) -> list[dict[str, Any]]:
        shown: list[Membership] = getattr(person, "shown_memberships", [])
        return [{"organization": found.organization_id, "role": found.role} for found in shown]


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    is_unread = serializers.BooleanField(
        read_only=True, help_text="Whether it still asks to be looked at: neither read nor settled."
    )

    class Meta:
        model = Notice
        fields = (
            "id",
            "kind",
            "text",
            "detail",
            "url",
            "organization",
            "created_at",
            "read_at",
            "settled_at",
            "is_unread",
        )
        read_only_fields = fields


class MarkedSerializer(serializers.Serializer[Any]):
    """How many were marked."""

    marked = serializers.IntegerField()


class NoticePreferenceSerializer(serializers.Serializer[Any]):
    """How one is told of one kind."""

    kind = serializers.CharField(source="kind.name")
    label = serializers.CharField(source="kind.label")  # type: ignore[assignment]  # a field that happens to be named so
    explanation = serializers.CharField(source="kind.explanation")
    in_app = serializers.BooleanField(help_text="On the page of notices, with the count in the top bar.")
    mail = serializers.BooleanField(help_text="By mail, where this installation sends any.")


class NoticeChoiceSerializer(Input):
    kind = serializers.CharField(max_length=32)
    in_app = serializers.BooleanField()
    mail = serializers.BooleanField()

    def validate_kind(self, value: str) -> str:
        known = [kind.name for kind in kinds()]
        if value not in known:
            raise serializers.ValidationError(f"There is no such kind of notice. Known here: {', '.join(known)}.")
        return value


@example(choices=[{"kind": "job_ended", "in_app": True, "mail": False}])
class NoticeChoicesSerializer(Input):
    choices = NoticeChoiceSerializer(many=True)

    def validate_choices(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        names = [one["kind"] for one in value]
        if len(names) != len(set(names)):
            raise serializers.ValidationError("Name each kind of notice once.")
        return value
