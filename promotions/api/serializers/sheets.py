"""Deciding a plan by a sheet."""

from typing import Any

from rest_framework import serializers

from config.inputs import Input, example
from promotions.api.serializers.plans import DecidedSerializer
from promotions.services.sheets import CHARACTERS_LIMIT


@example(text="kind,name,target\nProfile attribute,_acme.tier,_acmeprod.tier\nContext attribute,channel,=\n")
class SheetInput(Input):
    text = serializers.CharField(
        trim_whitespace=False,
        max_length=CHARACTERS_LIMIT,
        help_text="kind, name, target, in CSV: “=” for the same name, “-” to leave it out, “+” to have one made; empty "
        "leaves it as it is.",
    )
    skips_bad = serializers.BooleanField(
        required=False, default=False, help_text="Apply the other lines without those that cannot be applied."
    )


class SheetLineSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    reason = serializers.CharField()


class SheetAppliedSerializer(DecidedSerializer):
    left_alone = serializers.IntegerField(help_text="Lines without a target.")
    bad_lines = SheetLineSerializer(many=True, help_text="Lines that could not be applied, with `skips_bad`.")
