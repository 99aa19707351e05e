"""Plans, their items and the decisions on them."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.inputs import Input, example, examples
from promotions.api.base import LARGEST_ID, IdField
from promotions.api.serializers.common import PersonRefSerializer
from promotions.choices import Decision
from promotions.models import Job, Plan, PlanItem
from promotions.services import consent, plans, runs
from promotions.services.sealed_values import SECRET_LIMIT
from promotions.systems.base import system

VERDICTS_LIMIT = 5000


class ObjectSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    type = serializers.CharField()
    title = serializers.CharField(required=False)


class ChoiceSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=Decision.choices)
    target = ObjectSerializer(allow_null=True)
    reason = serializers.CharField(help_text="Why it is offered.")
    consequence = serializers.CharField(help_text="What the platform will probably do, where that differs.")
    rank = serializers.IntegerField(help_text="Place in the platform's own order; 0 if it has none.")


class MissingRightSerializer(serializers.Serializer[Any]):
    resource = serializers.CharField()
    permissions = serializers.ListField(child=serializers.CharField())


class RememberedSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=Decision.choices)
    target = ObjectSerializer(allow_null=True)
    by = serializers.CharField(help_text="Who decided it last.")
    at = serializers.DateTimeField()
    times = serializers.IntegerField(help_text="How often in a row it was decided so and run.")


class EarlierSerializer(serializers.Serializer[Any]):
    job = serializers.IntegerField()
    outcome = serializers.CharField()
    text = serializers.CharField()
    target = ObjectSerializer(allow_null=True, default=None, help_text="What it created, where that is known.")


class PlanItemSerializer(serializers.ModelSerializer[PlanItem]):
    needed_by = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Keys of other items.")
    choices = ChoiceSerializer(many=True, read_only=True)
    target = ObjectSerializer(read_only=True, allow_null=True)
    missing_rights = MissingRightSerializer(many=True, read_only=True)
    remembered = RememberedSerializer(
        read_only=True, allow_null=True, help_text="What was decided before on this object and target; never applied."
    )
    earlier = EarlierSerializer(
        read_only=True, allow_null=True, help_text="What became of it in the run that this plan retries."
    )
    details = serializers.JSONField(read_only=True, help_text="Where it stands, and what its system knows of it.")
    decided_by = PersonRefSerializer(read_only=True, allow_null=True)
    is_undecided = serializers.BooleanField(read_only=True)

    class Meta:
        model = PlanItem
        fields = [
            "id",
            "key",
            "kind",
            "type",
            "remote_id",
            "title",
            "explanation",
            "depth",
            "needed_by",
            "match",
            "choices",
            "missing_rights",
            "is_creation_allowed",
            "input",
            "details",
            "must_decide",
            "is_undecided",
            "decision",
            "target",
            "remembered",
            "earlier",
            "batch",
            "decided_by",
            "decided_at",
        ]


class PlanSerializer(serializers.ModelSerializer[Plan]):
    url = serializers.HyperlinkedIdentityField(view_name="promotions_api:plan-detail")
    items_url = serializers.HyperlinkedIdentityField(view_name="promotions_api:plan-items")
    blockers = serializers.ListField(child=serializers.CharField(), read_only=True)
    changes = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="What differs from the facts before."
    )
    frozen_by = PersonRefSerializer(read_only=True, allow_null=True)
    item_count = serializers.SerializerMethodField()
    undecided_count = serializers.SerializerMethodField()
    reasons_not_to_run = serializers.SerializerMethodField(help_text="Empty if it may run now.")
    run_title = serializers.SerializerMethodField(help_text="What running it will do, in words; empty until gathered.")
    approval_rule = serializers.SerializerMethodField(help_text="Why running needs an approval; empty if it does not.")
    approval = serializers.SerializerMethodField(help_text="Id of the latest approval of this revision.")
    gathering_job = serializers.SerializerMethodField(help_text="Id of the job that finds out the facts.")
    run_job = serializers.SerializerMethodField(help_text="Id of the job that runs, or ran, this revision.")
    facts = serializers.JSONField(read_only=True, help_text="All that the hash covers besides the decisions.")

    class Meta:
        model = Plan
        fields = [
            "id",
            "url",
            "items_url",
            "promotion",
            "revision",
            "state",
            "blockers",
            "changes",
            "item_count",
            "undecided_count",
            "reasons_not_to_run",
            "run_title",
            "approval_rule",
            "approval",
            "content_hash",
            "created_at",
            "gathered_at",
            "frozen_at",
            "frozen_by",
            "gathering_job",
            "run_job",
            "facts",
        ]

    def to_representation(self, plan: Plan) -> Any:
        self._items = list(plan.items.all())
        return super().to_representation(plan)

    def get_item_count(self, plan: Plan) -> int:
        return len(self._items)

    def get_undecided_count(self, plan: Plan) -> int:
        return sum(item.is_undecided for item in self._items)

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_reasons_not_to_run(self, plan: Plan) -> list[str]:
        return runs.reasons_not_to_run(plan)

    def get_run_title(self, plan: Plan) -> str:
        return system(plan.promotion.system).run_title(plan.promotion, self._items) if plan.gathered_at else ""

    def get_approval_rule(self, plan: Plan) -> str:
        return consent.binding_rule(plan.promotion)

    def get_approval(self, plan: Plan) -> int | None:
        latest = consent.latest(plan)
        return latest.pk if latest else None

    def get_gathering_job(self, plan: Plan) -> int | None:
        return _pk(plans.gathering_job(plan))

    def get_run_job(self, plan: Plan) -> int | None:
        return _pk(plans.run_job(plan))


def _pk(job: Job | None) -> int | None:
    return job.pk if job else None


class VerdictInput(Input):
    item = IdField()
    decision = serializers.ChoiceField(choices=Decision.choices)
    target = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=500,
        help_text="With “reuse” or “update”: id of the existing object, or of the stored value, as `choices` offer it.",
    )
    value = serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        trim_whitespace=False,
        max_length=SECRET_LIMIT,
        write_only=True,
        help_text="With “fill”: what is filled in, for an item whose `input` is not empty. Secrets are never shown.",
    )
    seen_batch = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=0,
        max_value=LARGEST_ID,
        help_text="The item's `batch` as you read it: the decision is then refused if somebody else was faster.",
    )
    is_remembered = serializers.BooleanField(
        required=False, default=False, help_text="Taken from `remembered`; refused if that says something else."
    )


@example(items=[7, 9])
class TakeRememberedInput(Input):
    items = serializers.ListField(
        child=IdField(),
        required=False,
        allow_null=True,
        default=None,
        min_length=1,
        max_length=VERDICTS_LIMIT,
        help_text="Only these; all undecided ones if left out.",
    )


@examples(
    {
        "Objects": {
            "decisions": [
                {"item": 7, "decision": "create"},
                {"item": 9, "decision": "reuse", "target": "the id of an offered object", "seen_batch": 0},
            ]
        },
        "Values": {
            "decisions": [
                {"item": 21, "decision": "fill", "value": "a secret, or a name in the target"},
                {"item": 22, "decision": "reuse", "target": "the id of an offered stored value"},
                {"item": 23, "decision": "keep"},
            ]
        },
    }
)
class DecideInput(Input):
    decisions = serializers.ListField(child=VerdictInput(), min_length=1, max_length=VERDICTS_LIMIT)

    def validate_decisions(self, decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({verdict["item"] for verdict in decisions}) < len(decisions):
            raise serializers.ValidationError("An item is named twice. Decide each once.")
        return decisions


class DecidedSerializer(serializers.Serializer[Any]):
    changed = PlanItemSerializer(many=True)
    undecided_count = serializers.IntegerField()
    reasons_not_to_run = serializers.ListField(child=serializers.CharField())
