"""Putting a backup in the place of an installation, in an order in which every failure leaves one of the two whole."""

import hmac
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import redis
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader

from accounts import crypto
from accounts.models import User
from accounts.services import audit, rotation
from accounts.services.audit import Head, SubjectText
from config import embedded, heartbeat
from config.supervisor import AlreadyRunningError, hold
from config.version import VERSION
from operations import archive, backups, dumps, held
from operations.archive import Manifest
from operations.errors import OperationError
from operations.held import Held
from operations.verbs import Verb
from promotions.services import archives

Say = Callable[[str], None]
_KEYS_IN_WORDS = ", ".join(embedded.KEY_NAMES)


@dataclass(frozen=True)
class Restored:
    """What came of it.

    `findings` says what is wrong with the record, `undecryptable` which secrets fit no key, `lost` which files are not
    there.
    """

    manifest: Manifest
    held: Held
    lines: int
    findings: list[str]
    undecryptable: list[str]
    lost: list[str]

    @property
    def is_sound(self) -> bool:
        return not self.findings and not self.undecryptable and not self.lost


@contextmanager
def stopped_installation() -> Iterator[None]:
    """Keep the installation from starting meanwhile; raises OperationError if it runs."""
    settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with hold(settings.DATA_DIR / "lock", holder={"pid": os.getpid(), "url": "manage.py restore"}):
            _refuse_living_children()
            _refuse_recent_tick()
            _refuse_other_sessions()
            yield
    except AlreadyRunningError as exc:
        raise OperationError(
            f"Towpath runs on the data in {settings.DATA_DIR} ({_holder(str(exc))}). Stop it first."
        ) from exc


def _holder(said: str) -> str:
    try:
        return f"process {json.loads(said)['pid']}"
    except (ValueError, KeyError, TypeError):
        return "by which process is not known"


def _refuse_living_children() -> None:
    descriptor = os.open(settings.DATA_DIR / "children.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise OperationError("The processes of the last start are still ending. Try again in a minute.") from None
    finally:
        os.close(descriptor)


def _refuse_recent_tick() -> None:
    """Where no supervisor holds a lock, the scheduler gives itself away."""
    try:
        last = heartbeat.last_tick()
    except (redis.RedisError, OSError):
        return  # the broker of a stopped installation on one machine is stopped as well
    age = None if last is None else time.time() - last
    if age is not None and age < heartbeat.LATE_AFTER_S:
        raise OperationError(
            f"Beat and workers run: their last tick was {round(age)} seconds ago. Stop web, workers and beat, wait "
            f"{round(heartbeat.LATE_AFTER_S)} seconds, and try again."
        )


def _refuse_other_sessions() -> None:
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        (others,) = cursor.fetchone()
    if others:
        raise OperationError(f"Other sessions use the database: {others}. Stop web, workers and beat first.")


def is_empty() -> bool:
    """Whether nobody has set this installation up yet."""
    try:
        return not User.objects.exists() and not any(_files_folder().glob("*"))
    except DatabaseError:
        return True  # not even tables


def _files_folder() -> Path:
    folder: Path = settings.DATA_DIR / archive.FILES
    return folder


def restore(source: Path, *, may_replace: bool, say: Say) -> Restored:
    """Restore an archive into this installation, which must be stopped (`stopped_installation`).

    Nothing is touched before every byte of the archive was checked. Raises OperationError.
    """
    has_content = not is_empty()
    if has_content and not may_replace:
        raise OperationError("This installation is not empty. To lose what is in it, say --replace.")
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR, prefix=".restore-") as scratch:
        folder = Path(scratch)
        manifest, signature = archive.unpack(source, folder)
        _refuse_unfitting(manifest)
        keys = _check_keys(manifest, signature, folder, has_content=has_content)
        say(f"{source.name} is whole: made at {manifest.made_at} by Towpath {manifest.version}.")
        aside = backups.default_folder() / f"{backups.REPLACED}-{stamp}"
        if has_content and connection.vendor == "postgresql":
            kept = backups.make(backups.default_folder(), kind=backups.REPLACED)
            say(f"What was here before is kept in {kept.path}.")
        dumps.load(folder / manifest.database, aside=aside)
        _put_files(folder / archive.FILES, aside)
        if has_content and aside.exists():
            say(f"What was here before is kept in {aside}.")
    if keys:
        _put_keys(keys)
        say("The keys of the archive are the keys of this installation now.")
    return _bring_to_life(manifest, source, say)


def _refuse_unfitting(manifest: Manifest) -> None:
    if manifest.vendor != connection.vendor:
        raise OperationError(
            f"The backup was made from {manifest.vendor}, and this installation uses {connection.vendor}. Set "
            "DATABASE_URL to a database of that kind. Nothing was changed."
        )
    known = {f"{app}.{name}" for app, name in MigrationLoader(None, ignore_no_migrations=True).disk_migrations}
    unknown = sorted(set(manifest.migrations) - known)
    if unknown or _numbers(manifest.version) > _numbers(VERSION):
        because = f" (it knows {unknown[0]})" if unknown else ""
        raise OperationError(
            f"The backup was made by Towpath {manifest.version}, which is newer than this one, {VERSION}{because}. "
            "Restore it with that version. Nothing was changed."
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _check_keys(manifest: Manifest, signature: str, folder: Path, *, has_content: bool) -> dict[str, str]:
    """The keys to take over from the archive; none if ours are the same, or it brings none."""
    if manifest.has_keys:
        brought = _brought_keys(folder)
        if brought == _own_keys():
            brought = {}
        elif manifest.vendor == "postgresql":
            # psql runs what the dump holds, commands of the shell too, and these keys vouch for nothing but themselves.
            raise OperationError(
                f"The archive brings keys of its own. If you trust where it comes from, set {_KEYS_IN_WORDS} to those "
                f"in its {archive.KEYS}, and restore again. Nothing was changed."
            )
        elif not settings.IS_EMBEDDED or any(os.environ.get(f"{name}_FILE") for name in embedded.KEY_NAMES):
            raise OperationError(
                "The archive brings keys, and this installation is given others by its environment. Set SECRET_KEY, "
                f"AUDIT_KEY and CREDENTIAL_KEYS to those in the archive's {archive.KEYS}. Nothing was changed."
            )
    else:
        brought = {}
    audit_key = brought.get("AUDIT_KEY", settings.AUDIT_KEY)
    if not hmac.compare_digest(manifest.signature(audit_key), signature):
        raise OperationError(
            "The backup was made with another AUDIT_KEY than this installation has, or somebody has changed it. Put "
            f"the keys of the time of the backup in place ({_where_keys_go()}). Nothing was changed."
        )
    if brought and has_content:
        raise OperationError(
            "The archive brings other keys than this installation has, and would lock out what is in it. Move "
            f"{settings.DATA_DIR} away and restore into an empty folder. Nothing was changed."
        )
    return brought


def _brought_keys(folder: Path) -> dict[str, str]:
    try:
        text = (folder / archive.KEYS).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    brought = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    if set(brought) != set(embedded.KEY_NAMES) or not all(brought.values()):
        raise OperationError(
            f"The archive says that it brings keys, and its {archive.KEYS} does not hold just {_KEYS_IN_WORDS}. "
            "Nothing was changed. Take another backup."
        )
    return brought


def _own_keys() -> dict[str, str]:
    return dict(line.split("=", 1) for line in backups.keys_text().splitlines())


def _where_keys_go() -> str:
    if settings.IS_EMBEDDED:
        return str(settings.DATA_DIR / embedded.KEYS_FILE)
    return "SECRET_KEY, AUDIT_KEY, CREDENTIAL_KEYS"


def _put_keys(keys: dict[str, str]) -> None:
    """In the file for the next start, and in this process for what follows."""
    path: Path = settings.DATA_DIR / embedded.KEYS_FILE
    draft = path.with_name(f".{path.name}.restoring")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write("".join(f"{name}={value}\n" for name, value in keys.items()))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    settings.SECRET_KEY, settings.AUDIT_KEY = keys["SECRET_KEY"], keys["AUDIT_KEY"]
    settings.CREDENTIAL_KEYS = keys["CREDENTIAL_KEYS"].split(",")


def _put_files(brought: Path, aside: Path) -> None:
    folder = _files_folder()
    if folder.exists() and any(folder.iterdir()):
        aside.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.rename(aside / archive.FILES)
    if brought.exists():
        shutil.rmtree(folder, ignore_errors=True)  # empty by now
        brought.rename(folder)


def _bring_to_life(manifest: Manifest, source: Path, say: Say) -> Restored:
    """Bring the old data up to date, hold back what must not go on, and check that it is whole."""
    connections.close_all()
    call_command("migrate", interactive=False, verbosity=0)
    found = held.hold_back(manifest.made_at)
    signed_out, _ = Session.objects.all().delete()
    with transaction.atomic():
        audit.record(
            Verb.RESTORED,
            actor=None,
            subject=SubjectText("installation", "", "this installation"),
            details={
                "made_at": manifest.made_at,
                "version": manifest.version,
                "audit_head": manifest.audit_head,
                "archive": source.name,
                "jobs_held": found.jobs,
                "approvals_void": found.approvals,
                "sharings_held": found.sharings,
                "sessions_ended": signed_out,
            },
        )
    say(f"Everybody is signed out ({signed_out} sessions).")
    sequence, _, digest = manifest.audit_head.partition(":")
    result = audit.verify(Head(int(sequence), digest) if digest else None)
    return Restored(
        manifest=manifest,
        held=found,
        lines=result.rows,
        findings=[finding.text for finding in result.findings],
        undecryptable=list(_undecryptable()),
        lost=archives.without_files(),
    )


def _undecryptable() -> Iterator[str]:
    """Stored secrets that the keys of this installation do not open."""
    for model, column in rotation.COLUMNS:
        for row in model.objects.exclude(**{column: ""}).order_by("pk").iterator(chunk_size=100):
            try:
                crypto.decrypt(getattr(row, column))
            except crypto.UndecryptableError:
                yield str(row)
    for store in rotation.STORES:
        for name in store.names():
            try:
                store.check(name)
            except crypto.UndecryptableError:
                yield f"the file {name}"
