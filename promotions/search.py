"""Full-text search over packages: every word must occur, as a word or the beginning of one."""

import re
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from promotions.models import Package

_WORD = re.compile(r"\w+", re.UNICODE)
WORDS_LIMIT = 8


def words_of(text: str) -> list[str]:
    """The words of a query; signs only separate them."""
    return _WORD.findall(text)[:WORDS_LIMIT]


def search(packages: QuerySet[Package], text: str) -> QuerySet[Package]:
    """Narrow a list by its search index; text without a word leaves nothing to find."""
    words = words_of(text)
    if not words:
        return packages if not text.strip() else packages.none()
    sql, params = _STATEMENTS[connection.vendor](words)
    return packages.filter(pk__in=RawSQL(sql, params))  # noqa: S611  # words are parameters, never part of the text


def _sqlite(words: list[str]) -> tuple[str, list[Any]]:
    match = " ".join(f'"{word}"*' for word in words)
    return "SELECT rowid FROM promotions_package_search WHERE promotions_package_search MATCH %s", [match]


def _postgresql(words: list[str]) -> tuple[str, list[Any]]:
    # The lexer of PostgreSQL splits at underscores, as ours does not; asking it for the lexemes keeps both alike.
    query = " & ".join(f"'{word}':*" for word in words)
    return (
        "SELECT id FROM promotions_package WHERE to_tsvector('simple', search_text) @@ to_tsquery('simple', %s)",
        [query],
    )


_STATEMENTS = {"sqlite": _sqlite, "postgresql": _postgresql}
