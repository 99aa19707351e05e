"""Migrations to Decisioning, as they are asked for."""

from rest_framework import serializers

from config.inputs import Input
from promotions.api.base import IdField
from promotions.services.decisioning_plans import HOURS_LIMIT, IDS_LIMIT
from promotions.systems.decisioning.picks import LEVELS


class DecisioningInput(Input):
    # What is migrated, from where; no docstring, as with all inputs.
    source = IdField(  # type: ignore[assignment]  # a field of that name, not the attribute of fields
        help_text="The sandbox with the objects of Decision management; it may be the target."
    )
    level = serializers.ChoiceField(
        choices=list(LEVELS.items()),
        required=False,
        default="sandbox",
        help_text="The platform advises to begin with the whole sandbox.",
    )
    ids = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        default=list,
        max_length=IDS_LIMIT,
        help_text="With “offer” or “decision”: the platform's ids of them.",
    )
    hours = serializers.IntegerField(
        required=False,
        default=24,
        min_value=1,
        max_value=HOURS_LIMIT,
        help_text="A workflow that is not over by then is handed to a person; it goes on at the platform.",
    )
