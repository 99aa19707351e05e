"""Pages of collections."""

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

LARGEST_KEY = 2**63 - 1


class KeysetPagination(CursorPagination):
    """Pages by key, so that deep pages cost what the first costs and rows do not shift between pages."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "pk"

    def get_page_size(self, request: Request) -> int:
        """A size that is none is refused rather than taken for the usual one."""
        asked = request.query_params.get(self.page_size_query_param)
        if asked is None:
            return self.page_size
        if not (asked.isascii() and asked.isdecimal() and len(asked) < 10 and 0 < int(asked) <= self.max_page_size):
            raise ValidationError({"limit": [f"Send a whole number from 1 to {self.max_page_size}."]})
        return int(asked)

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Our keys are numbers; a made-up cursor with anything else would reach the database."""
        try:
            cursor = super().decode_cursor(request)
        except NotFound as exc:
            raise _invalid_cursor() from exc
        if cursor is not None and cursor.position is not None:
            position = str(cursor.position)
            if not (
                position.isascii() and position.isdecimal() and len(position) < 20 and int(position) <= LARGEST_KEY
            ):
                raise _invalid_cursor()
        return cursor


def _invalid_cursor() -> ValidationError:
    return ValidationError({"cursor": ["This cursor is not one of ours. Follow `next` and `previous`."]})


class NewestRowFirstPagination(KeysetPagination):
    """Rows that are numbered as they come, the latest first."""

    ordering = "-pk"
