"""What the REST API says of people, of what they may do, and of what is theirs."""

from zoneinfo import available_timezones

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.serializers import LARGEST_ID, PersonSerializer
from accounts.choices import Role
from accounts.models import ApiToken, Invitation, Membership, NoticeDelivery, User
from accounts.services import notices
from config.inputs import Input, example

REASON_LIMIT = 500

# The inputs have no docstrings: the OpenAPI document would show them.


class MeSerializer(PersonSerializer):
    unread_notices = serializers.SerializerMethodField()

    class Meta(PersonSerializer.Meta):
        fields = (*PersonSerializer.Meta.fields, "time_zone", "unread_notices")
        read_only_fields = fields

    def get_unread_notices(self, person: User) -> int:
        return notices.unread_count(person)


@example(full_name="Ada Ahmadi", time_zone="Europe/Berlin")
class ProfileSerializer(Input):
    full_name = serializers.CharField(max_length=150)
    time_zone = serializers.CharField(max_length=64, help_text="A name of the IANA data base, such as Europe/Berlin.")

    def validate_time_zone(self, value: str) -> str:
        if value not in available_timezones():
            raise serializers.ValidationError("There is no such time zone here. Example: Europe/Berlin.")
        return value


@example(is_administrator=True)
class AdministratorSerializer(Input):
    is_administrator = serializers.BooleanField(
        help_text="Adds organizations, invites people, and is admin everywhere."
    )


class MemberSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="get_full_name", read_only=True)

    class Meta:
        model = User
        fields = ("id", "name", "email", "is_active")
        read_only_fields = fields


class MembershipSerializer(serializers.ModelSerializer[Membership]):
    person = MemberSerializer(source="user", read_only=True)

    class Meta:
        model = Membership
        fields = ("id", "organization", "person", "role")
        read_only_fields = fields


@example(role="approver")
class RoleSerializer(Input):
    role = serializers.ChoiceField(choices=Role.choices)

    def validate_role(self, value: str) -> Role:
        return Role(value)


@example(person=4, role="operator")
class NewMembershipSerializer(RoleSerializer):
    person = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    role = serializers.SerializerMethodField(help_text="In the organization; null if neither is given yet.")
    created_by = MemberSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Invitation
        fields: tuple[str, ...] = (
            "id",
            "email",
            "full_name",
            "organization",
            "role",
            "is_administrator",
            "created_by",
            "created_at",
            "expires_at",
        )
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(choices=Role.choices, allow_null=True))
    def get_role(self, invitation: Invitation) -> str | None:
        return invitation.role or None


@example(email="new@example.com", full_name="Nora New", organization=1, role="viewer")
class NewInvitationSerializer(Input):
    email = serializers.EmailField(max_length=254)
    full_name = serializers.CharField(max_length=150, default="", allow_blank=True)
    organization = serializers.IntegerField(
        min_value=1,
        max_value=LARGEST_ID,
        default=None,
        allow_null=True,
        help_text="Together with a role; administrators may leave out both.",
    )
    role = serializers.ChoiceField(choices=Role.choices, default=None, allow_null=True)
    is_administrator = serializers.BooleanField(default=False, help_text="Of this installation.")

    def validate_role(self, value: str | None) -> Role | None:
        return Role(value) if value else None


class MadeInvitationSerializer(InvitationSerializer):
    link = serializers.SerializerMethodField(help_text="Lets the person in; shown once, and null in a repeated answer.")

    class Meta(InvitationSerializer.Meta):
        fields = (*InvitationSerializer.Meta.fields, "link")
        read_only_fields = fields

    @extend_schema_field(serializers.URLField(allow_null=True))
    def get_link(self, invitation: Invitation) -> str:
        return str(self.context["link"])


class ApiTokenSerializer(serializers.ModelSerializer[ApiToken]):
    is_this = serializers.SerializerMethodField(help_text="Whether it is the one you call with.")

    class Meta:
        model = ApiToken
        fields = ("id", "name", "prefix", "created_at", "expires_at", "last_used_at", "is_this")
        read_only_fields = fields

    def get_is_this(self, token: ApiToken) -> bool:
        return bool(token == self.context["request"].auth)


class DeliverySerializer(serializers.ModelSerializer[NoticeDelivery]):
    person = MemberSerializer(source="notice.person", read_only=True)
    kind = serializers.CharField(source="notice.kind", read_only=True)
    text = serializers.CharField(source="notice.text", read_only=True)

    class Meta:
        model = NoticeDelivery
        fields = ("id", "state", "person", "kind", "text", "created_at", "due_at", "attempts", "error", "ended_at")
        read_only_fields = fields
