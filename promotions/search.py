"""Full-text search over packages: every word must occur, as a word or the beginning of one.

Rare words are found by the search index first. Common ones are tested beside the order of the list, which meets a page
of them soon: on PostgreSQL package by package, on SQLite against all matches, which it collects fastest together.
"""

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from accounts.search import postgresql_query, sqlite_match, words_of
from promotions.models import Package

FEW_MATCHES = 500

_INDEXED = {
    "sqlite": "SELECT rowid FROM promotions_package_search WHERE promotions_package_search MATCH %s LIMIT %s",
    "postgresql": (
        "SELECT id FROM promotions_package WHERE to_tsvector('simple', search_text) @@ to_tsquery('simple', %s) "
        "LIMIT %s"
    ),
}
_TESTED = {
    "sqlite": (
        "promotions_package.id IN "
        "(SELECT rowid FROM promotions_package_search WHERE promotions_package_search MATCH %s)"
    ),
    "postgresql": "to_tsvector('simple', promotions_package.search_text) @@ to_tsquery('simple', %s)",
}
# SQLite looks a whole word up in one package at once. Only if one lacks it are the longer words collected.
_MET = (
    "(EXISTS (SELECT 1 FROM promotions_package_search WHERE promotions_package_search MATCH %s "  # noqa: S608  constants
    f"AND rowid = promotions_package.id) OR {_TESTED['sqlite']})"
)


def search(packages: QuerySet[Package], text: str) -> QuerySet[Package]:
    """Narrow a list by its search index; text without a word leaves nothing to find."""
    words = words_of(text)
    if not words:
        return packages if not text.strip() else packages.none()
    query = sqlite_match(words) if connection.vendor == "sqlite" else postgresql_query(words)
    if _are_common(words):
        return packages.filter(RawSQL(_MET, [_whole(words), query], BooleanField()))  # noqa: S611  parameters
    found = _found(query)
    if len(found) <= FEW_MATCHES:
        return packages.filter(pk__in=found)
    return packages.filter(RawSQL(_TESTED[connection.vendor], [query], BooleanField()))  # noqa: S611  parameters


def _are_common(words: list[str]) -> bool:
    """Whether so many packages hold just these words that the longer ones need not be looked for to know it.

    SQLite gives whole words as it meets them, while it collects all that begin with one before it gives the first.
    """
    return connection.vendor == "sqlite" and len(_found(_whole(words))) > FEW_MATCHES


def _whole(words: list[str]) -> str:
    """The words as FTS5 wants them, and no longer ones."""
    return " ".join(f'"{word}"' for word in words)


def _found(query: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_INDEXED[connection.vendor], [query, FEW_MATCHES + 1])
        return [row[0] for row in cursor.fetchall()]
