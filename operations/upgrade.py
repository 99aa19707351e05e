"""Bringing the database up to date: one backup and one migration, however many processes start at once."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor

from config import embedded, metrics
from operations import backups
from operations.errors import OperationError

Say = Callable[[str], None]

# A process that starts again and again on a migration that fails must not fill the disk.
BACKUPS_KEPT = 5
LOCK_FILE = "upgrade.lock"
# An arbitrary number of our own among the advisory locks of the database.
ADVISORY_LOCK = 7_420_181_827


class UpgradeError(embedded.EmbeddedError):
    """The database could not be brought up to date; the text says what it is like now, and where the backup is."""


def migrate(*, folder: Path, write: Say) -> None:
    """Run the migrations that wait, if any, after a backup; whoever comes meanwhile waits, and finds nothing to do.

    Raises UpgradeError if a migration fails: what was done by then has been taken back where that is possible.
    """
    if connection.vendor == "sqlite":
        Path(connection.settings_dict["NAME"]).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _waiting():
        return
    with _one_at_a_time(folder, write):
        waiting = _waiting()
        if not waiting:
            write("Another process has brought the database up to date.")
            return
        before = set(_executor().loader.applied_migrations)
        kept = _back_up(folder, write) if before else None
        write(f"{'Upgrading' if before else 'Setting up'} the database ({waiting} steps).")
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except Exception as exc:  # a migration may raise anything
            raise UpgradeError(_after_failure(exc, before, kept)) from exc
        metrics.clear()


def _executor() -> MigrationExecutor:
    return MigrationExecutor(connection)


def _waiting() -> int:
    executor = _executor()
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


@contextmanager
def _one_at_a_time(folder: Path, write: Say) -> Iterator[None]:
    """Wait for whoever upgrades already. Both locks end with their holder, however it ends."""
    if connection.vendor == "postgresql":
        apart = connection.copy("upgrade-lock")  # migrations open and close transactions of their own
        try:
            with apart.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [ADVISORY_LOCK])
                if not cursor.fetchone()[0]:
                    write("Another process upgrades the database; waiting for it.")
                    cursor.execute("SELECT pg_advisory_lock(%s)", [ADVISORY_LOCK])
                yield
        finally:
            apart.close()
        return
    database = Path(connection.settings_dict["NAME"])
    descriptor = os.open(database.with_name(LOCK_FILE), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            write("Another process upgrades the database; waiting for it.")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _back_up(folder: Path, write: Say) -> Path | None:
    try:
        kept = backups.make(folder, kind=backups.BEFORE_UPGRADE, keep=BACKUPS_KEPT).path
    except OperationError as exc:
        if connection.vendor != "postgresql":
            raise UpgradeError(f"Nothing was upgraded, since no backup could be made first. {exc}") from exc
        # Its migrations are transactions, and the server has backups of its own.
        write(f"No backup was made before the upgrade. {exc}")
        return None
    write(f"The database as it was before the upgrade is kept in {kept}.")
    return kept


def _after_failure(exc: Exception, before: set[tuple[str, str]], kept: Path | None) -> str:
    """Take back what this upgrade did before it failed, without losing what others have written meanwhile."""
    connections.close_all()
    try:
        _take_back(before)
    except Exception as second:  # as above; the first failure is the one to tell of
        now = f"Some of its steps could not be taken back ({_words(second)}), so neither version fits the database."
        cure = f" Restore {kept} with the version that made it: manage.py restore --replace {kept}" if kept else ""
    else:
        now = "Every step was taken back: the database is as it was, and the version before goes on with it."
        cure = f" A backup is in {kept}." if kept else ""
    return f"The database could not be upgraded: {_words(exc)} {now}{cure}"


def _take_back(before: set[tuple[str, str]]) -> None:
    executor = _executor()
    done = set(executor.loader.applied_migrations) - before
    for app in sorted({app for app, _ in done}):
        stay = [name for label, name in before if label == app]
        executor.loader.build_graph()
        executor.migrate([(app, max(stay) if stay else None)])


def _words(exc: Exception) -> str:
    kind = "the database says" if isinstance(exc, DatabaseError) else type(exc).__name__
    return f"{kind}: {str(exc).strip().rstrip('.')}."
