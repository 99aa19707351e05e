"""Full-text search over packages: every word must occur, as a word or the beginning of one."""

from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from accounts.search import postgresql_query, sqlite_match, words_of
from promotions.models import Package


def search(packages: QuerySet[Package], text: str) -> QuerySet[Package]:
    """Narrow a list by its search index; text without a word leaves nothing to find."""
    words = words_of(text)
    if not words:
        return packages if not text.strip() else packages.none()
    sql, params = _STATEMENTS[connection.vendor](words)
    return packages.filter(pk__in=RawSQL(sql, params))  # noqa: S611  # words are parameters, never part of the text


def _sqlite(words: list[str]) -> tuple[str, list[Any]]:
    return (
        "SELECT rowid FROM promotions_package_search WHERE promotions_package_search MATCH %s",
        [sqlite_match(words)],
    )


def _postgresql(words: list[str]) -> tuple[str, list[Any]]:
    return (
        "SELECT id FROM promotions_package WHERE to_tsvector('simple', search_text) @@ to_tsquery('simple', %s)",
        [postgresql_query(words)],
    )


_STATEMENTS = {"sqlite": _sqlite, "postgresql": _postgresql}
