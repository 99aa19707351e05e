"""Lists by key that refuse what they do not know, and what is empty."""

from typing import Any, TypeVar

from django.db.models import Model
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request

from accounts.api.pagination import KeysetPagination
from config.inputs import NAMES_TOLD

M = TypeVar("M", bound=Model)


class ListView(ListAPIView[M]):
    pagination_class = KeysetPagination
    filters: frozenset[str] = frozenset()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        known = {"cursor", "limit", *self.filters}
        unknown = [name for name in request.query_params if name not in known]
        if unknown:
            words = f"There is no such field. Known here: {', '.join(sorted(known))}."
            raise ValidationError({name[:100]: [words] for name in unknown[:NAMES_TOLD]})
        empty = [name for name, value in request.query_params.items() if not value]
        if empty:
            raise ValidationError({name: ["This field may not be blank."] for name in empty})
        return super().list(request, *args, **kwargs)
