"""Further texts of an export that somebody wants to decide."""

from typing import Any

from rest_framework import serializers

from config.inputs import Input, example
from promotions.api.base import Query
from promotions.forms.journey_texts import POINTER_LIMIT, WORDS_LIMIT


class TextQuery(Query):
    q = serializers.CharField(
        max_length=WORDS_LIMIT, help_text="Words that must all occur in the text or in the names of where it stands."
    )


class TextSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="JSON pointer into the export; what cannot be stored is ~u and digits.")
    pointers = serializers.ListField(
        child=serializers.CharField(), help_text="Of all copies of it, which change alike."
    )
    where = serializers.CharField(help_text="Where it stands, in words.")
    current = serializers.CharField(help_text="What it says in the source.")


class FoundTextsSerializer(serializers.Serializer[Any]):
    texts = TextSerializer(many=True)
    is_cut = serializers.BooleanField(help_text="Whether there are more than these.")


@example(pointer="/journey/steps/3/action/subject")
class TextInput(Input):
    pointer = serializers.CharField(
        max_length=POINTER_LIMIT, trim_whitespace=False, help_text="Of a text that a search has found."
    )
