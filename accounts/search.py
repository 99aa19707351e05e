"""Full-text search, alike on both engines: every word must occur, as a word or the beginning of one."""

import re

_WORD = re.compile(r"\w+", re.UNICODE)
WORDS_LIMIT = 8


def words_of(text: str) -> list[str]:
    """The words of a query; signs only separate them."""
    return _WORD.findall(text)[:WORDS_LIMIT]


def sqlite_match(words: list[str]) -> str:
    """The words as FTS5 wants them."""
    return " ".join(f'"{word}"*' for word in words)


def postgresql_query(words: list[str]) -> str:
    """The words as `to_tsquery` wants them.

    The lexer of PostgreSQL splits at underscores, as ours does not; asking it for the lexemes keeps both alike.
    """
    return " & ".join(f"'{word}':*" for word in words)
