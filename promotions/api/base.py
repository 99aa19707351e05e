"""What all views of this API share: who asks, reading input, answering pages."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from django.db.models import Model, QuerySet
from django.utils.http import urlencode
from drf_spectacular.utils import inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.models import User
from config.inputs import Input, odd_texts
from config.uploads import skipped
from promotions import keyset
from promotions.api import problems
from promotions.keyset import Order
from promotions.services.errors import RefusedError

LARGEST_ID = 2**63 - 1
PAGE_LIMIT = 200

M = TypeVar("M", bound=Model)


# The classes below have no docstrings: the OpenAPI document would show them at every operation.


class Query(serializers.Serializer[Any]):
    # What follows the address; as in a body, a name it does not know is refused.

    @classmethod
    def read(cls, request: Request) -> dict[str, Any]:
        fields = cls().fields
        unknown = [name for name in request.query_params if name not in fields]
        if unknown:
            known = ", ".join(sorted(fields))
            raise serializers.ValidationError(
                {name[:100]: [f"There is no such field. Known here: {known}."] for name in unknown[:20]}
            )
        if odd := odd_texts(fields, request.query_params):
            raise serializers.ValidationError(odd)
        data = {
            name: values if isinstance(fields[name], serializers.ListField) else values[-1]
            for name, values in request.query_params.lists()
        }
        query = cls(data=data)
        query.is_valid(raise_exception=True)
        return cast(dict[str, Any], query.validated_data)


class ListQuery(Query):
    cursor = serializers.CharField(required=False, help_text="Where a page starts; follow `next` and `previous`.")
    limit = serializers.IntegerField(
        required=False, min_value=1, max_value=PAGE_LIMIT, default=keyset.PAGE_SIZE, help_text="Rows a page."
    )


class IdField(serializers.IntegerField):
    """The id of one of our rows."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=LARGEST_ID, **kwargs)


def paged(serializer: type[serializers.BaseSerializer[Any]]) -> serializers.BaseSerializer[Any]:
    """How the OpenAPI document describes a page of these."""
    name = serializer.__name__.removesuffix("Serializer")
    return inline_serializer(
        f"{name}Page",
        {
            "next": serializers.URLField(allow_null=True),
            "previous": serializers.URLField(allow_null=True),
            "results": serializer(many=True),
        },
    )


class ApiView(APIView):
    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return problems.exception_handler

    @property
    def user(self) -> User:
        return cast(User, self.request.user)

    def body(self, input_class: type[Input]) -> dict[str, Any]:
        read = input_class(data=self.request.data, context={"request": self.request})
        read.is_valid(raise_exception=True)
        return cast(dict[str, Any], read.validated_data)

    def form(self, input_class: type[Input], file_field: str) -> dict[str, Any]:
        """A body with files; one of them that was thrown away on its way in is refused with the reason."""
        data = self.request.data  # read first: only then it is known
        if why := skipped(self.request._request, file_field):
            raise RefusedError(why, field=file_field)
        read = input_class(data=data, context={"request": self.request})
        read.is_valid(raise_exception=True)
        return cast(dict[str, Any], read.validated_data)

    def answer(
        self, serializer: type[serializers.BaseSerializer[Any]], found: Any, *, status: int = 200, at: str = ""
    ) -> Response:
        """`at` names the view where the thing lives from now on."""
        headers = {"Location": self.url(at, found)} if at else None
        return Response(
            serializer(found, context={"request": self.request}).data,
            status=status,
            headers=headers,
        )

    def page(
        self,
        serializer: type[serializers.BaseSerializer[Any]],
        rows: QuerySet[M],
        order: Order,
        query: dict[str, Any],
    ) -> Response:
        return self.answer_page(serializer, keyset.page(rows, order, query.get("cursor", ""), size=query["limit"]))

    def answer_page(self, serializer: type[serializers.BaseSerializer[Any]], found: keyset.KeysetPage[Any]) -> Response:
        return Response(
            {
                "next": self._link(found.older),
                "previous": self._link(found.newer),
                "results": serializer(found.rows, many=True, context={"request": self.request}).data,
            }
        )

    def url(self, name: str, found: Model) -> str:
        return reverse(f"promotions_api:{name}", args=[found.pk], request=self.request)

    def _link(self, cursor: str) -> str | None:
        if not cursor:
            return None
        kept = [(name, values) for name, values in self.request.query_params.lists() if name != "cursor"]
        query = urlencode([*kept, ("cursor", [cursor])], doseq=True)
        return self.request.build_absolute_uri(f"{self.request.path}?{query}")
