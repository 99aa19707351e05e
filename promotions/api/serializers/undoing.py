"""Taking a run back, and what to check after one."""

from typing import Any

from rest_framework import serializers

from config.inputs import Input, example
from promotions.api.serializers.common import PersonRefSerializer
from promotions.api.serializers.jobs import JobSerializer
from promotions.api.serializers.promotions import PromotionRowSerializer
from promotions.models import RunCheck


class UndoingSerializer(serializers.Serializer[Any]):
    reason_not_to_undo = serializers.CharField(help_text="Empty if it can be taken back now.")
    promotion = PromotionRowSerializer(
        allow_null=True, help_text="What takes it back, planned or run; null if nothing does, or what did has failed."
    )
    run = JobSerializer(allow_null=True, help_text="The job that takes it back, or took it back.")


class RunCheckSerializer(serializers.ModelSerializer[RunCheck]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:run-check-detail")
    ticked_by = PersonRefSerializer(read_only=True, allow_null=True)

    class Meta:
        model = RunCheck
        fields = ["id", "url", "job", "key", "title", "explanation", "sample", "ticked_at", "ticked_by"]


@example(is_done=True)
class RunCheckInput(Input):
    is_done = serializers.BooleanField()
