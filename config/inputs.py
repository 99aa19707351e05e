"""What callers of the REST API send, taken as the OpenAPI document describes it and not otherwise."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

NAMES_TOLD = 20
_FORMS = {
    "true or false": re.compile(r"true|false"),
    "a whole number": re.compile(r"-?[0-9]+"),
    "some text": re.compile(r".+", re.DOTALL),
}


C = TypeVar("C", bound=type[serializers.Serializer[Any]])


class Input(serializers.Serializer[Any]):
    # A body. A name it does not know is refused, since it may be a misspelt one; so is a number where the document says
    # text, or a text where it says number: the framework would turn one into the other.

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            wrong = self._unknown(data) or self._of_wrong_type(data)
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def _unknown(self, data: dict[Any, Any]) -> dict[str, list[str]]:
        known = ", ".join(sorted(self.fields)) or "none"
        unknown = [str(name)[:100] for name in data if name not in self.fields][:NAMES_TOLD]
        return {name: [f"There is no such field. Known here: {known}."] for name in unknown}

    def _of_wrong_type(self, data: dict[Any, Any]) -> dict[str, list[str]]:
        found = {name: _wanted(field, data[name]) for name, field in self.fields.items() if name in data}
        return {name: [f"Send {wanted}."] for name, wanted in found.items() if wanted}


class UploadInput(Input):
    # A form with files: all else in it is text, written as the document says.

    def _of_wrong_type(self, data: dict[Any, Any]) -> dict[str, list[str]]:
        if not isinstance(data, MultiValueDict):
            return super()._of_wrong_type(data)
        found = {}
        for name, field in self.fields.items():
            given, wanted = data.getlist(name), _wanted_text(field)
            if len(given) > 1 and not isinstance(field, serializers.ListField):
                found[name] = ["Send it once."]
            elif not isinstance(field, serializers.FileField | serializers.ListField) and not all(
                isinstance(text, str) and _FORMS[wanted].fullmatch(text) for text in given
            ):
                found[name] = [f"Send {wanted}."]
        return found


def _wanted(field: serializers.Field[Any, Any, Any, Any], value: Any) -> str:
    """What the field takes, in words, if this is something else; null and nested values are the field's own matter."""
    if value is None:
        return ""
    if isinstance(field, serializers.BooleanField):
        return "" if isinstance(value, bool) else "true or false"
    if isinstance(field, serializers.IntegerField):
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return "" if is_whole and not isinstance(value, bool) else "a whole number"
    if isinstance(field, serializers.CharField):
        return "" if isinstance(value, str) else "a text"
    if isinstance(field, serializers.ListField) and field.child is not None and isinstance(value, list):
        return next((f"a list of which each is {wanted}" for one in value if (wanted := _wanted(field.child, one))), "")
    if isinstance(field, serializers.DictField) and field.child is not None and isinstance(value, dict):
        found = (wanted for one in value.values() if (wanted := _wanted(field.child, one)))
        return next((f"an object of which each value is {wanted}" for wanted in found), "")
    return ""


def odd_texts(fields: Mapping[str, serializers.Field[Any, Any, Any, Any]], query: QueryDict) -> dict[str, list[str]]:
    """What of a query is not written as the document says; the framework would take "", "on" or " 7" for a value."""
    return {
        name: [f"Send {wanted}."]
        for name, texts in query.lists()
        for wanted in [_wanted_text(fields[name])]
        if not all(_FORMS[wanted].fullmatch(text) for text in texts)
    }


def _wanted_text(field: serializers.Field[Any, Any, Any, Any]) -> str:
    if isinstance(field, serializers.BooleanField):
        return "true or false"
    return "a whole number" if isinstance(field, serializers.IntegerField) else "some text"


def example(**value: Any) -> Callable[[C], C]:
    """A body as the document shows it."""
    return examples({"Example": value})


def examples(values: Mapping[str, dict[str, Any]]) -> Callable[[C], C]:
    """Bodies as the document shows them, by name."""
    found = [OpenApiExample(name, value=value, request_only=True) for name, value in values.items()]
    decorate: Callable[[C], C] = extend_schema_serializer(examples=found)
    return decorate
