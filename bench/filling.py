"""A million rows in a minute: copies of one row made inside the database, with what sets them apart reckoned there."""

from typing import Any

from django.db import connection
from django.db.models import Model

BATCH = 100_000


def copy(template: Model, number: int, **columns: str) -> None:
    """So many rows like this one, which is stored already. `columns` are SQL over `n`, which counts from 1."""
    meta = type(template)._meta
    quote = connection.ops.quote_name
    fields = {field.name: str(field.column) for field in meta.concrete_fields}
    wanted = {fields[name]: sql for name, sql in columns.items()}
    own = list(fields.values())
    values = [f"({wanted[column]})" if column in wanted else f"t.{quote(column)}" for column in own]
    with connection.cursor() as cursor:
        for first in range(1, number + 1, BATCH):
            last = min(number, first + BATCH - 1)
            cursor.execute(
                f"WITH RECURSIVE series(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM series WHERE n < {last}) "  # noqa: S608
                f"INSERT INTO {quote(meta.db_table)} ({', '.join(map(quote, own))}) "
                f"SELECT {', '.join(values).replace('%', '%%')} FROM series CROSS JOIN {quote(meta.db_table)} t "
                f"WHERE t.{quote(str(meta.pk.column))} = %s",
                [template.pk],
            )


def moment(seconds_ago: str) -> str:
    """SQL of the time so many seconds before a fixed one, as Django stores it."""
    base = 1_760_000_000
    if connection.vendor == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%S', {base} - ({seconds_ago}), 'unixepoch')"
    return f"to_timestamp({base} - ({seconds_ago}))"


def one_of(values: list[Any], by: str = "n") -> str:
    """SQL that takes these values in turn."""
    whens = " ".join(f"WHEN {position} THEN {_literal(value)}" for position, value in enumerate(values))
    return f"CASE ({by}) % {len(values)} {whens} END"


def hexadecimal(number: str) -> str:
    """SQL of a number as 32 digits, like a remote id."""
    if connection.vendor == "sqlite":
        return f"printf('%032x', {number})"
    return f"lpad(to_hex({number}), 32, '0')"


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def speed_up() -> None:
    """Settings for a database that is made anew if this process dies."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            for setting in ("synchronous = OFF", "cache_size = -400000", "temp_store = MEMORY"):
                cursor.execute(f"PRAGMA {setting}")


def settle() -> None:
    """What the database does by itself sooner or later: pages written out, and on PostgreSQL statistics."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.execute("PRAGMA cache_size = -2000")
        else:
            cursor.execute("VACUUM ANALYZE")
