"""Pages of collections."""

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

LARGEST_KEY = 2**63 - 1


class KeysetPagination(CursorPagination):
    """Pages by key, so that deep pages cost what the first costs and rows do not shift between pages."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "pk"

    def decode_cursor(self, request: Request) -> Cursor | None:
        """Our keys are numbers; a made-up cursor with anything else would reach the database."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None:
            position = str(cursor.position)
            if not (
                position.isascii() and position.isdecimal() and len(position) < 20 and int(position) <= LARGEST_KEY
            ):
                raise NotFound(self.invalid_cursor_message)
        return cursor


class NewestRowFirstPagination(KeysetPagination):
    """Rows that are numbered as they come, the latest first."""

    ordering = "-pk"
