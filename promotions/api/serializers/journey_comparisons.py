"""Two versions of journeys beside each other."""

from typing import Any

from rest_framework import serializers

from config.inputs import Input, examples
from promotions.api.base import IdField, Query
from promotions.api.serializers.common import OrganizationRefSerializer, SandboxRefSerializer
from promotions.models import Job, Journey

UID_LIMIT = 200
_VERSION = "Uid of a version of the journey; if it is left out, the likeliest one is taken, as on the page."
_WITH_JOURNEY = "The journey of the other version; this one if left out."
_WITH_VERSION = "Uid of the other version; the latest if left out."


class JourneyCompareQuery(Query):
    version = serializers.CharField(required=False, max_length=UID_LIMIT, help_text=_VERSION)
    with_journey = IdField(required=False, help_text=_WITH_JOURNEY)
    with_version = serializers.CharField(required=False, max_length=UID_LIMIT, help_text=_WITH_VERSION)
    kept = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Compare what is kept of a side whose last reading failed; without it nothing is compared then.",
    )


@examples(
    {
        "The latest version with the one before": {},
        "A version with its copy": {"version": "0f6d3c1e", "with_journey": 12, "with_version": "7ab2c9d4"},
    }
)
class JourneyCompareInput(Input):
    version = serializers.CharField(required=False, max_length=UID_LIMIT, help_text=_VERSION)
    with_journey = IdField(required=False, help_text=_WITH_JOURNEY)
    with_version = serializers.CharField(required=False, max_length=UID_LIMIT, help_text=_WITH_VERSION)


class ComparedJourneySerializer(serializers.ModelSerializer[Journey]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:journey-detail")
    organization = OrganizationRefSerializer(read_only=True)
    sandbox = SandboxRefSerializer(read_only=True)

    class Meta:
        model = Journey
        fields = ["id", "url", "name", "uid", "organization", "sandbox"]


class JourneySideSerializer(serializers.Serializer[Any]):
    journey = ComparedJourneySerializer(source="side.journey")
    version_uid = serializers.CharField(source="side.uid")
    version = serializers.CharField(source="side.version", help_text="Its number; empty if not known.")
    is_read = serializers.BooleanField(help_text="Whether an export is kept, and the last reading did not fail.")
    read_at = serializers.DateTimeField(allow_null=True, help_text="When what is kept of it was read.")
    is_only_steps = serializers.BooleanField(
        help_text="No export is kept, only its steps as read with the journey, told in other words."
    )
    problem = serializers.CharField(help_text="Why the last reading failed; empty if it did not.")
    problem_at = serializers.DateTimeField(allow_null=True)


class JourneyReadingJobSerializer(serializers.ModelSerializer[Job]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:job-detail")

    class Meta:
        model = Job
        fields = ["id", "url", "state", "is_finished"]
        read_only_fields = fields

    is_finished = serializers.BooleanField(read_only=True)


class SettingChangeSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="added, removed or changed")
    where = serializers.CharField(help_text="Which setting, in words.")
    old = serializers.CharField()
    new = serializers.CharField()


class RewiringSerializer(serializers.Serializer[Any]):
    path = serializers.CharField(source="label", help_text="Its name; empty if it has none.")
    old = serializers.CharField(help_text="Where it led; empty if there was no such path.")
    new = serializers.CharField(help_text="Where it leads; empty if there is no such path any more.")


class JourneyDeltaSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField(help_text="added, removed, changed, rewired, both (changed and rewired) or same")
    id = serializers.CharField(help_text="Of the later side, else of the earlier one.")
    type = serializers.CharField()
    sub_type = serializers.CharField()
    title = serializers.CharField()
    old_title = serializers.CharField()
    is_system = serializers.BooleanField()
    changes = SettingChangeSerializer(many=True)
    rewirings = RewiringSerializer(many=True)
    folded = serializers.SerializerMethodField(help_text="Differences that say nothing, such as ids and times.")

    def get_folded(self, delta: Any) -> int:
        return len(delta.noise)


class JourneyDifferencesSerializer(serializers.Serializer[Any]):
    has_differences = serializers.BooleanField()
    journey = JourneyDeltaSerializer(help_text="Settings of the journey itself.")
    steps = JourneyDeltaSerializer(source="different_nodes", many=True)
    same_steps = serializers.IntegerField(source="same_nodes")
    uses = JourneyDeltaSerializer(source="different_used", many=True)
    same_uses = serializers.IntegerField(source="same_used")
    folded = serializers.IntegerField(source="noise", help_text="Differences that say nothing, over all.")


class JourneyComparisonSerializer(serializers.Serializer[Any]):
    before = JourneySideSerializer()
    after = JourneySideSerializer()
    job = JourneyReadingJobSerializer(allow_null=True, help_text="What read both last.")
    differences = JourneyDifferencesSerializer(
        allow_null=True,
        help_text="Null where a side was not read, or is no journey or too large to be compared.",
    )
