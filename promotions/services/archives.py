"""Zips of API versions and of expression files: kept as they came, for as long as something may need them."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.access import require_role
from accounts.choices import Role
from accounts.crypto import UndecryptableError
from accounts.models import Organization, User
from accounts.services import audit
from promotions.api_choices import ArchiveKind, ArchiveOrigin
from promotions.choices import UNFINISHED
from promotions.models import Archive, Job, Promotion
from promotions.services import sealed_files
from promotions.services.errors import RefusedError
from promotions.services.sealed_files import MIB, DamagedFileError, Writer, Written
from promotions.systems.snaplogic import expressions, kinds, zips
from promotions.systems.snaplogic.verbs import ApiVerb

# What a crash left behind, and what a backup kept from being removed.
ORPHANS_KEPT = timedelta(days=1)


class DamagedError(RefusedError):
    """The zip is not there any more as it came; the sentence says what to do."""


class Receiver:
    """Takes a zip as it arrives; see `receiving`."""

    def __init__(self, writer: Writer, end: Callable[[], Written]) -> None:
        self.write = writer.write
        self._end = end
        self.written: Written | None = None

    def finish(self) -> Written:
        if self.written is None:
            self.written = self._end()
        return self.written


def limit() -> int:
    """The largest zip that is taken, in bytes."""
    return int(settings.ARCHIVE_MAX_MB) * MIB


@contextmanager
def receiving() -> Iterator[Receiver]:
    """For what arrives from elsewhere, to be kept with `keep_export`; without that nothing stays."""
    with sealed_files.writing(at_most=limit()) as (writer, end):
        yield Receiver(writer, end)


def receive(
    *,
    organization: Organization,
    chunks: Iterable[bytes],
    file_name: str,
    actor: User,
    kind: ArchiveKind = ArchiveKind.VERSION,
) -> Archive:
    """Keep an uploaded zip, once it was looked through.

    Raises RefusedError with what is wrong with it, and then nothing of it stays. Expression files come as a zip here
    too; single ones go through `receive_expressions`.
    """
    with (
        arriving(organization=organization, chunks=chunks, file_name=file_name, actor=actor, kind=kind) as keep,
        transaction.atomic(),
    ):
        return keep()


@contextmanager
def arriving(
    *,
    organization: Organization,
    chunks: Iterable[bytes],
    file_name: str,
    actor: User,
    kind: ArchiveKind = ArchiveKind.VERSION,
) -> Iterator[Callable[[], Archive]]:
    """The same in two steps: what takes long is over when the row is made, so that a transaction around it is short.

    Raises what `receive` does; without the second step nothing stays.
    """
    require_role(actor, organization, Role.OPERATOR)
    if kind == ArchiveKind.EXPRESSIONS:
        flat = expressions.read([(file_name, chunks)])
        written, inventory = _sealed(flat), _expressions_found(flat)
    else:
        written = sealed_files.write(chunks, at_most=limit())
        inventory = _inventory_of(written)
    is_kept = False

    def keep() -> Archive:
        nonlocal is_kept
        with transaction.atomic():
            archive = _kept(
                written,
                inventory,
                organization=organization,
                kind=kind,
                origin=ArchiveOrigin.UPLOADED,
                name=plain_name(file_name),
                version_path=str(inventory.get("source", ""))[:600],
                person=actor,
            )
        is_kept = True
        return archive

    try:
        yield keep
    finally:
        if not is_kept:
            sealed_files.delete(written.name)


def receive_expressions(
    *, organization: Organization, files: Sequence[tuple[str, Iterable[bytes]]], actor: User
) -> Archive:
    """Keep expression files, one zip or single ones (name and content), as the flat zip that is sent.

    `inventory` then holds {"files": [names], "details": [{"name", "size", "sha256", "path"}], "warnings": [sentences]}.
    """
    require_role(actor, organization, Role.OPERATOR)
    flat = expressions.read(files)
    written = _sealed(flat)
    with _removed_on_failure(written), transaction.atomic():
        return _kept(
            written,
            _expressions_found(flat),
            organization=organization,
            kind=ArchiveKind.EXPRESSIONS,
            origin=ArchiveOrigin.UPLOADED,
            name=plain_name(files[0][0]) if len(files) == 1 else f"{len(flat.files)} expression files",
            person=actor,
        )


def keep_export(
    receiver: Receiver, *, organization: Organization, version_path: str, person: User | None = None
) -> Archive:
    """Keep what an environment exported. Raises RefusedError if that is no zip of a version; then nothing stays."""
    written = receiver.finish()
    inventory = _inventory_of(written)
    with _removed_on_failure(written), transaction.atomic():
        return _kept(
            written,
            inventory,
            organization=organization,
            kind=ArchiveKind.VERSION,
            origin=ArchiveOrigin.EXPORTED,
            name=plain_name(f"{'-'.join(version_path.split('/')[2:]) or 'export'}.zip"),
            version_path=version_path[:600],
            person=person,
        )


def open_archive(archive: Archive) -> BinaryIO:
    """The bytes as they came, seekable. Raises DamagedError; while they are read UndecryptableError may come too."""
    if archive.is_erased or not archive.file:
        raise DamagedError(f"{archive} was erased and cannot be used any more. Upload or export it again.")
    try:
        return sealed_files.open_sealed(archive.file)
    except (DamagedFileError, UndecryptableError) as exc:
        raise _damaged(archive, exc) from exc


def require_intact(archive: Archive) -> None:
    """Raises DamagedError unless every byte is as it came."""
    found = hashlib.sha256()
    try:
        with open_archive(archive) as file:
            while piece := file.read(MIB):
                found.update(piece)
    except (DamagedFileError, UndecryptableError) as exc:
        raise _damaged(archive, exc) from exc
    if found.hexdigest() != archive.sha256:
        raise DamagedError(f"{archive} is not what came here: its checksum differs. Upload or export it again.")


@transaction.atomic
def take(archive: Archive) -> None:
    """To be called where a promotion begins to need it, in that transaction: its time begins anew.

    Raises RefusedError if it was erased meanwhile.
    """
    if not Archive.objects.filter(pk=archive.pk, erased_at=None).update(used_at=timezone.now()):
        raise RefusedError(f"{archive} was erased and cannot be used any more. Upload or export it again.")


@transaction.atomic
def erase(*, archive: Archive, actor: User) -> None:
    """Erase the content; the row stays. Raises RefusedError while something needs it."""
    require_role(actor, archive.organization, Role.OPERATOR)
    row = Archive.objects.select_for_update().get(pk=archive.pk)
    if row.is_erased:
        raise RefusedError(f"{row} was erased already.")
    if why := needed_by(row, since=timezone.now() - timedelta(days=settings.ARCHIVE_DAYS)):
        raise RefusedError(f"{row} cannot be erased: {why}.")
    _erase(row)
    audit.record(ApiVerb.ARCHIVE_ERASED, actor=actor, subject=row)


def needed_by(archive: Archive, *, since: datetime) -> str:
    """What may still need it, in words; "" if nothing does. A plan that nobody ran counts if it is not older."""
    promotions = _promotions(archive)
    job = Job.objects.filter(promotion__in=promotions, state__in=UNFINISHED).order_by("pk").first()
    if job is not None:
        return f"the job “{job.title}” is not over"
    waiting = promotions.filter(abandoned_at=None).filter(Q(created_at__gte=since) | Q(plans__created_at__gte=since))
    plan = waiting.exclude(jobs__kind=kinds.IMPORT).order_by("pk").first()
    return f"the plan of “{plan.title}” may still run" if plan is not None else ""


def forget_old() -> None:
    """Erase what nothing has needed for ARCHIVE_DAYS, and files that no row knows."""
    now = timezone.now()
    before = now - timedelta(days=settings.ARCHIVE_DAYS)
    old = Archive.objects.filter(erased_at=None, used_at__lt=before).defer("inventory")
    for archive in old:
        if _is_over(archive, before):
            with transaction.atomic():
                # Whoever takes it meanwhile comes first, or finds it erased.
                row = old.select_for_update().filter(pk=archive.pk).first()
                if row is not None and _is_over(row, before):
                    _erase(row)
    sealed_files.sweep(_with_rows, before=now - ORPHANS_KEPT)


def without_files() -> list[str]:
    """What should be in the storage and is not, in words."""
    there = set(sealed_files.names())
    return [str(one) for one in Archive.objects.exclude(file="").defer("inventory") if one.file not in there]


def plain_name(text: str) -> str:
    """A file name as it may be shown and kept: its last part, without what cannot be printed."""
    last = text.replace("\\", "/").rpartition("/")[2]
    clean = "".join(sign for sign in last if sign.isprintable()).strip()
    return clean[-255:] or "unnamed.zip"


def _promotions(archive: Archive) -> QuerySet[Promotion]:
    named = Q(pick__archive=archive.pk) | Q(pick__expressions=archive.pk)
    return Promotion.objects.filter(named, system=kinds.SYSTEM)


def _is_over(archive: Archive, before: datetime) -> bool:
    """Whether nothing needs it, and no promotion that took it has ended, or was put away, since."""
    lately = Q(abandoned_at__gte=before) | Q(jobs__finished_at__gte=before)
    return not needed_by(archive, since=before) and not _promotions(archive).filter(lately).exists()


def _with_rows(names: list[str]) -> set[str]:
    return set(Archive.objects.exclude(file="").values_list("file", flat=True)) & set(names)


def _erase(row: Archive) -> None:
    name, row.file, row.erased_at = row.file, "", timezone.now()
    row.save(update_fields=["file", "erased_at"])
    # A file without a row does no harm, a row without its file would.
    transaction.on_commit(partial(sealed_files.delete, name))


def _expressions_found(flat: expressions.Flat) -> dict[str, Any]:
    return {
        "files": [file.name for file in flat.files],
        "details": [
            {"name": file.name, "size": file.size, "sha256": file.sha256, "path": file.path} for file in flat.files
        ],
        "warnings": list(flat.warnings),
    }


def _sealed(flat: expressions.Flat) -> Written:
    return sealed_files.write([expressions.pack(flat.files)], at_most=limit())


@contextmanager
def _removed_on_failure(written: Written) -> Iterator[None]:
    try:
        yield
    except BaseException:
        sealed_files.delete(written.name)
        raise


def _inventory_of(written: Written) -> dict[str, Any]:
    """What a look into it finds; what does not pass is removed."""
    with _removed_on_failure(written), sealed_files.open_sealed(written.name) as file:
        return zips.inventory(file).as_json()


def _kept(written: Written, inventory: dict[str, Any], *, person: User | None, **values: Any) -> Archive:
    """The row; a person's upload is recorded with it."""
    archive = Archive.objects.create(
        size=written.size,
        sha256=written.sha256,
        file=written.name,
        inventory=inventory,
        created_by=person,
        **values,
    )
    if archive.origin == ArchiveOrigin.UPLOADED:
        audit.record(
            ApiVerb.ARCHIVE_UPLOADED,
            actor=person,
            subject=archive,
            details={"size": archive.size, "sha256": archive.sha256},
        )
    return archive


def _damaged(archive: Archive, why: Exception) -> DamagedError:
    return DamagedError(f"{archive} cannot be read any more. {why}")
