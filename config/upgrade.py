"""Brings the database up to date, and keeps a copy of what was there before."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


def migrate(*, backups: Path, write: Callable[[str], None]) -> None:
    """Run the migrations that wait, if any; an existing SQLite database is copied to `backups` first.

    A PostgreSQL server is shared and has backups of its own (docs/running.md).
    """
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not waiting:
        return
    is_upgrade = bool(executor.loader.applied_migrations)
    if is_upgrade and connection.vendor == "sqlite":
        write(f"The database as it was before the upgrade is kept in {_copy(backups)}.")
    write(f"{'Upgrading' if is_upgrade else 'Setting up'} the database ({len(waiting)} steps).")
    call_command("migrate", interactive=False, verbosity=0)


def _copy(folder: Path) -> Path:
    """Copy the SQLite database through its own backup call, which also takes what still stands in the WAL file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target = folder / f"towpath-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.sqlite3"
    target.touch(mode=0o600)
    connection.ensure_connection()
    copy = sqlite3.connect(target)
    try:
        connection.connection.backup(copy)
    finally:
        copy.close()
    return target
