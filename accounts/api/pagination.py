"""Pages of collections."""

from rest_framework.pagination import CursorPagination


class KeysetPagination(CursorPagination):
    """Pages by key, so that deep pages cost what the first costs and rows do not shift between pages."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "pk"


class NewestFirstPagination(KeysetPagination):
    """The newest lines of the record first."""

    ordering = "-sequence"
