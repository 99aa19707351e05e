"""What waits for the caller, and their saved views of the job list."""

from typing import Any

from django.http import QueryDict
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.filters import Filter
from config.inputs import Input, example
from promotions.forms.jobs import JobFilterForm
from promotions.models import SavedView
from promotions.services.saved_views import QUERY_LIMIT


class NeedSerializer(serializers.Serializer[Any]):
    state = serializers.CharField(help_text="What kind of need it is, for programs.")
    word = serializers.CharField(help_text="The same for people.")
    text = serializers.CharField(help_text="What waits.")
    about = serializers.CharField(help_text="Why.")
    action = serializers.CharField(help_text="The one thing to do about it.")
    url = serializers.CharField(help_text="The page to do it on.")
    at = serializers.DateTimeField(allow_null=True)
    is_rest = serializers.BooleanField(help_text="Stands for more of the same, which the page at `url` lists.")


class NeedsSerializer(serializers.Serializer[Any]):
    results = NeedSerializer(many=True, help_text="Most pressing first.")


class SavedViewSerializer(serializers.ModelSerializer[SavedView]):
    page = serializers.SerializerMethodField(help_text="Address of the list in the browser.")

    class Meta:
        model = SavedView
        fields = ["id", "name", "query", "page", "created_at"]

    @extend_schema_field(serializers.CharField())
    def get_page(self, view: SavedView) -> str:
        return f"{reverse('promotions:job-list')}?{view.query}"


@example(name="Failed this week")
class ViewNameInput(Input):
    name = serializers.CharField(max_length=60)


@example(name="Failed this week", query="state=failed&when=7d")
class SavedViewInput(ViewNameInput):
    query = serializers.CharField(
        max_length=QUERY_LIMIT,
        help_text="The filter as the address of the list holds it in the browser, such as state=failed&when=7d.",
    )

    def validate_query(self, value: str) -> str:
        query = QueryDict(value)
        form = JobFilterForm(query, reader=self.context["request"].user)
        if not form.is_valid():
            raise serializers.ValidationError(
                [f"{name}: {error}" for name, errors in form.errors.items() for error in errors]
            )
        unknown = [name for name in query if name not in form.fields]
        if unknown:
            raise serializers.ValidationError(
                f"There is no filter {unknown[0][:100]}. Known here: {', '.join(sorted(form.fields))}."
            )
        text = Filter(form, query, "").text
        if not text:
            raise serializers.ValidationError("Set a filter first: a view without one is the whole list.")
        return text
