"""Short forms of what other things name."""

from rest_framework import serializers

from accounts.models import Organization, Sandbox, User
from promotions.models import Package


class OrganizationRefSerializer(serializers.ModelSerializer[Organization]):
    class Meta:
        model = Organization
        fields = ["id", "name", "remote_id"]


class SandboxRefSerializer(serializers.ModelSerializer[Sandbox]):
    is_production = serializers.BooleanField(read_only=True, help_text="Unknown types count as production.")

    class Meta:
        model = Sandbox
        fields = ["id", "name", "title", "type", "state", "is_production"]


class PersonRefSerializer(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="get_full_name", read_only=True)

    class Meta:
        model = User
        fields = ["id", "name"]


class PackageRefSerializer(serializers.ModelSerializer[Package]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:package-detail")

    class Meta:
        model = Package
        fields = ["id", "url", "name", "remote_id"]
