"""A consistent copy of the database, out and in, on either engine."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, connections

from clients.redaction import redact_text
from operations.errors import OperationError

SQLITE_MEMBER = "database.sqlite3"
POSTGRESQL_MEMBER = "database.sql"
_HEAD = "SELECT sequence, digest FROM accounts_audithead"
_MIGRATIONS = "SELECT app, name FROM django_migrations ORDER BY app, name"
# A row that may have been sent after the backup must not be claimed before somebody has looked at it (operations.held).
FAR_AWAY = "9999-01-01 00:00:00+00:00"
_FREEZE = f"UPDATE promotions_job SET due_at = '{FAR_AWAY}' WHERE state IN ('queued', 'submitting')"
BUSY_S = 60
_FUNCTIONS = ("accounts_auditevent_refuse",)


@dataclass(frozen=True)
class Dump:
    """A copy of the database in a file, and what it says of itself."""

    path: Path
    member: str
    vendor: str
    audit_head: str
    migrations: list[str]


def make(folder: Path) -> Dump:
    """Copy the database into the folder as it is at one moment; everything may run meanwhile."""
    return _from_postgresql(folder) if connection.vendor == "postgresql" else _from_sqlite(folder)


def load(path: Path, *, aside: Path) -> None:
    """Put a copy in the place of the database, all or nothing, with unfinished writes frozen.

    What was there before is moved to `aside` where it is a file. Nobody else may use the database.
    """
    if connection.vendor == "postgresql":
        _into_postgresql(path)
    else:
        _into_sqlite(path, aside)


# SQLite


def _from_sqlite(folder: Path) -> Dump:
    target = folder / SQLITE_MEMBER
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    # Read through a connection of its own: one that is at a transaction of ours could not be copied.
    source = f"{Path(connection.settings_dict['NAME']).absolute().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(source, uri=True, timeout=BUSY_S)) as original,
        closing(sqlite3.connect(target, isolation_level=None)) as copy,
    ):
        original.backup(copy)  # also takes what still stands in the WAL file
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without companions
        problem = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise OperationError(
                f"The database is damaged ({problem}), and so would be its backup. Keep your older backups, and see "
                "https://sqlite.org/recovery.html."
            )
        head = _first(copy.execute(_HEAD).fetchall() if _has_table(copy, "accounts_audithead") else [])
        migrations = copy.execute(_MIGRATIONS).fetchall() if _has_table(copy, "django_migrations") else []
    return Dump(target, SQLITE_MEMBER, "sqlite", head, [f"{app}.{name}" for app, name in migrations])


def _has_table(copy: sqlite3.Connection, name: str) -> bool:
    return bool(copy.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [name]).fetchone())


def _first(rows: Sequence[Any]) -> str:
    return f"{rows[0][0]}:{rows[0][1]}" if rows else "0:"


def _into_sqlite(path: Path, aside: Path) -> None:
    database = Path(connection.settings_dict["NAME"])
    connections.close_all()
    draft = database.with_name(f".{database.name}.restoring")
    shutil.copyfile(path, draft)
    draft.chmod(0o600)
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        if _has_table(copy, "promotions_job"):
            copy.execute(_FREEZE)
    _sync(draft)
    if database.exists():
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        with closing(sqlite3.connect(database)) as old:
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # then its companions hold nothing
        shutil.copyfile(database, aside / database.name)
        (aside / database.name).chmod(0o600)
        for companion in ("-wal", "-shm"):
            database.with_name(f"{database.name}{companion}").unlink(missing_ok=True)
    draft.replace(database)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


# PostgreSQL


def _from_postgresql(folder: Path) -> Dump:
    target = folder / POSTGRESQL_MEMBER
    program = find_program("pg_dump")
    with _one_moment() as (snapshot, head, migrations):
        run(
            [
                *(program, "--format=plain", "--no-owner", "--no-privileges", "--no-comments", "--encoding=UTF8"),
                *("--no-password", f"--snapshot={snapshot}", f"--file={target}"),
            ],
            what="The database could not be copied",
        )
    target.chmod(0o600)
    return Dump(target, POSTGRESQL_MEMBER, "postgresql", head, migrations)


@contextmanager
def _one_moment() -> Iterator[tuple[str, str, list[str]]]:
    """A snapshot that stays the same while others write, with the head of the record and the migrations in it."""
    apart = connection.copy("backup")
    try:
        with apart.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            (snapshot,) = cursor.fetchone()
            tables = set(apart.introspection.table_names(cursor))
            head, migrations = "0:", []
            if "accounts_audithead" in tables:
                cursor.execute(_HEAD)
                head = _first(cursor.fetchall())
            if "django_migrations" in tables:
                cursor.execute(_MIGRATIONS)
                migrations = [f"{app}.{name}" for app, name in cursor.fetchall()]
            yield str(snapshot), head, migrations
            cursor.execute("ROLLBACK")
    finally:
        apart.close()


def _into_postgresql(path: Path) -> None:
    before, after = path.with_name("before.sql"), path.with_name("after.sql")
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
    drops = [f"DROP TABLE IF EXISTS {connection.ops.quote_name(name)} CASCADE;" for name in tables]
    drops += [f"DROP FUNCTION IF EXISTS {name}() CASCADE;" for name in _FUNCTIONS]
    before.write_text("\n".join(["SET client_min_messages = warning;", *drops]) + "\n", encoding="utf-8")
    after.write_text(
        "SET search_path = public;\n"
        "DO $$ BEGIN IF to_regclass('promotions_job') IS NOT NULL THEN\n"
        f"{_FREEZE};\n"
        "END IF; END $$;\n",
        encoding="utf-8",
    )
    connections.close_all()
    run(
        [
            *(find_program("psql"), "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1"),
            *("--single-transaction", "--output=/dev/null"),
            *(f"--file={file}" for file in (before, path, after)),
        ],
        what="The database could not be filled, and is as it was",
    )


def find_program(name: str) -> str:
    """Raises OperationError with what to install."""
    found = shutil.which(name)
    if found is None:
        raise OperationError(
            f"{name} is not on this machine. Install PostgreSQL's client programs, not older than the server "
            "(Debian: apt install postgresql-client), or use the backup of the database server itself."
        )
    return found


_ENVIRONMENT = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "options": "PGOPTIONS",
    "service": "PGSERVICE",
}


def run(command: Sequence[str], *, what: str) -> None:
    """Run one of PostgreSQL's programs on our database; the password is in no argument that others could list."""
    values = connection.settings_dict
    known = {
        "PGHOST": values["HOST"],
        "PGPORT": values["PORT"],
        "PGUSER": values["USER"],
        "PGPASSWORD": values["PASSWORD"],
        "PGDATABASE": values["NAME"],
        **{name: values["OPTIONS"].get(option) for option, name in _ENVIRONMENT.items()},
    }
    environment = {**os.environ, **{name: str(value) for name, value in known.items() if value}}
    done = subprocess.run(  # noqa: S603  (put together by us, never from a request)
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        says = redact_text(" ".join(lines[-3:])) or f"exit status {done.returncode}"
        raise OperationError(f"{what}: {Path(command[0]).name} says: {says}")
