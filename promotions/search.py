"""Full-text search over packages: every word must occur, as a word or the beginning of one.

Rare words are found by the search index first. Common ones are tested beside the order of the list, which meets a page
of them soon. On SQLite that needs the words that begin with those asked for: FTS5 meets the matches of a whole word one
by one, while it collects all matches of a beginning before it gives the first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL

from accounts.search import postgresql_query, sqlite_match, words_of
from promotions import keyset
from promotions.models import Package

FEW_MATCHES = 500
# How many matches are counted before the others are looked at.
COUNTED_FIRST = 5000
# Testing a package by itself takes time for each word; with more of them, all matches are collected at once.
TERMS_LIMIT = 8
# How many packages from the place of a page on are tested alone; where they do not fill it, all matches are collected.
NEAR = 200

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
_TESTED_ALONE = (
    "EXISTS (SELECT 1 FROM promotions_package_search WHERE promotions_package_search MATCH %s "
    "AND rowid = promotions_package.id)"
)
# The index as a list of its words; in the connection's own schema, since it holds nothing and FTS5 keeps it right.
_LIST_WORDS = (
    "CREATE VIRTUAL TABLE IF NOT EXISTS temp.promotions_package_words "
    "USING fts5vocab(main, promotions_package_search, instance)"
)
# From each word to the next, past all the packages that hold it. No sign in a word sorts before char(1).
_BEGINNING = """
    WITH RECURSIVE met(term) AS (
        SELECT (SELECT term FROM temp.promotions_package_words WHERE term >= %s ORDER BY term LIMIT 1)
        UNION ALL
        SELECT (
            SELECT words.term FROM temp.promotions_package_words words
            WHERE words.term >= met.term || char(1) ORDER BY words.term LIMIT 1
        ) FROM met WHERE met.term GLOB %s
    )
    SELECT term FROM met WHERE term GLOB %s LIMIT %s
"""


@dataclass(frozen=True)
class _Match:
    """What the search index is asked for."""

    query: str
    is_lazy: bool
    """Whether the index gives one match after the other, and tells of one package without collecting all."""


def search(
    packages: QuerySet[Package], text: str, *, near: Callable[[int], list[int]] | None = None, wanted: int = 0
) -> QuerySet[Package]:
    """Narrow a list by its search index; text without a word leaves nothing to find.

    For a page, `near` gives so many of the packages that it would show without the search, in its order. Where that
    yields as many as are `wanted`, the list is narrowed to those.
    """
    words = words_of(text)
    if not words:
        return packages if not text.strip() else packages.none()
    match = _match(words)
    found = _found(match, FEW_MATCHES + 1)
    if len(found) <= FEW_MATCHES:
        return packages.filter(pk__in=found)
    if match.is_lazy and near is not None:
        met = _met(match, near(NEAR))
        if len(met) >= wanted:
            return packages.filter(pk__in=met)
    return packages.filter(RawSQL(_TESTED[connection.vendor], [match.query], BooleanField()))  # noqa: S611  parameters


def capped_count(packages: QuerySet[Package], text: str) -> tuple[int, bool]:
    """How many packages a search leaves, as `keyset.capped_count` tells it; `packages` are those before the search.

    On SQLite the matches lead, as far as some thousand of them suffice: packages looked up one by one cost more.
    """
    words = words_of(text)
    if connection.vendor == "sqlite" and words:
        match = _match(words)
        first = RawSQL(_INDEXED["sqlite"], [match.query, COUNTED_FIRST])  # noqa: S611  parameters
        is_whole = len(_found(match, COUNTED_FIRST + 1)) <= COUNTED_FIRST
        number, is_more = keyset.capped_count(packages.filter(pk__in=first))
        if is_whole or is_more:
            return number, is_more
    return keyset.capped_count(search(packages, text))


def _match(words: list[str]) -> _Match:
    if connection.vendor != "sqlite":
        return _Match(postgresql_query(words), is_lazy=False)
    query = _whole_words(words)
    return _Match(query, is_lazy=True) if query else _Match(sqlite_match(words), is_lazy=False)


def _whole_words(words: list[str]) -> str:
    """The same search for whole words, as FTS5 wants it; empty if it needs too many, or words that FTS5 changes."""
    parts = []
    number = 0
    for word in words:
        if not (word.isascii() and word.isalnum()):
            return ""
        terms = _terms(word.lower())
        number += len(terms)
        if not terms or number > TERMS_LIMIT or not all(term.isascii() and term.isalnum() for term in terms):
            return ""
        parts.append("(" + " OR ".join(f'"{term}"' for term in terms) + ")")
    return " AND ".join(parts)


def _terms(beginning: str) -> list[str]:
    """The words in the index that begin so, up to one more than are of use."""
    with connection.cursor() as cursor:
        cursor.execute(_LIST_WORDS)
        cursor.execute(_BEGINNING, [beginning, f"{beginning}*", f"{beginning}*", TERMS_LIMIT + 1])
        return [row[0] for row in cursor.fetchall()]


def _met(match: _Match, pks: list[int]) -> list[int]:
    """Which of these packages match, each looked up by itself."""
    test = RawSQL(_TESTED_ALONE, [match.query], BooleanField())  # noqa: S611  parameters
    return list(Package.objects.filter(pk__in=pks).filter(test).values_list("pk", flat=True))


def _found(match: _Match, number: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_INDEXED[connection.vendor], [match.query, number])
        return [row[0] for row in cursor.fetchall()]
