"""Archives: taken only if safe, erased once nothing needs them, and never missing from a backup."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from accounts.models import AuditEvent, Organization, User
from accounts.services import rotation
from operations import backups, dumps
from promotions.api_choices import ArchiveKind, ArchiveOrigin
from promotions.choices import JobState
from promotions.engine import chores
from promotions.models import Archive, Promotion
from promotions.services import archives, sealed_files
from promotions.services.archives import DamagedError
from promotions.services.errors import RefusedError
from promotions.systems.snaplogic import kinds
from tests.factories_promotions import JobFactory, PlanFactory, PromotionFactory
from tests.unit.promotions.zip_making import exported

pytestmark = pytest.mark.django_db
MIB = 1 << 20
CONTENT = exported()


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    """The folder of the files of this test."""
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
    }
    settings.ARCHIVE_DAYS = 30
    return tmp_path / "files" / "archives"


@pytest.fixture
def upload(organization: Organization, teammate: User) -> Any:
    def take(content: bytes = CONTENT, file_name: str = "orders.zip", **values: Any) -> Archive:
        pieces = [content[start : start + 1000] for start in range(0, len(content), 1000)]
        wanted = {"organization": organization, "actor": teammate, **values}
        return archives.receive(chunks=pieces, file_name=file_name, **wanted)

    return take


def promotion_with(archive: Archive, *, days: int = 0, member: str = "archive", **values: Any) -> Promotion:
    """One that carries the archive, planned some days ago."""
    then = timezone.now() - timedelta(days=days)
    plan = PlanFactory(
        promotion=PromotionFactory(system=kinds.SYSTEM, pick={member: archive.pk}, created_at=then, **values),
        created_at=then,
    )
    promotion: Promotion = plan.promotion
    return promotion


def grow_old(days: int = 31) -> None:
    Archive.objects.update(used_at=timezone.now() - timedelta(days=days))


def is_erased(archive: Archive) -> bool:
    archive.refresh_from_db()
    return archive.is_erased


def test_an_uploaded_export_is_kept_byte_for_byte_and_told_of(upload: Any, teammate: User) -> None:
    archive = upload(file_name="C:\\exports\\orders\u202e.zip")

    with archives.open_archive(archive) as file:
        assert file.read() == CONTENT
    assert (archive.name, archive.size, archive.origin) == ("orders.zip", len(CONTENT), ArchiveOrigin.UPLOADED)
    assert archive.version_path == "acme/apim/orders/1.2"
    assert [asset["name"] for asset in archive.inventory["assets"]][:2] == ["orders_get", "orders_db_account"]
    archives.require_intact(archive)
    line = AuditEvent.objects.get(verb="api.archive_uploaded")
    assert (line.actor_id, line.subject_text, line.details["sha256"]) == (teammate.pk, "orders.zip", archive.sha256)


def test_an_unfit_file_is_refused_and_nothing_of_it_stays(upload: Any, folder: Path) -> None:
    with pytest.raises(RefusedError, match="is a web page and no zip"):
        upload(b"<html>sign in</html>")

    assert list(folder.iterdir()) == []
    assert not Archive.objects.exists()
    assert not AuditEvent.objects.filter(verb="api.archive_uploaded").exists()


def test_an_upload_whose_second_step_does_not_come_leaves_nothing(
    organization: Organization, teammate: User, folder: Path
) -> None:
    with archives.arriving(organization=organization, chunks=[CONTENT], file_name="orders.zip", actor=teammate):
        assert len(list(folder.iterdir())) == 1

    assert list(folder.iterdir()) == []
    assert not Archive.objects.exists()


def test_a_file_beyond_the_limit_is_refused_while_it_arrives(upload: Any, settings: Any, folder: Path) -> None:
    settings.ARCHIVE_MAX_MB = 1

    with pytest.raises(RefusedError, match=r"larger than 1 MiB, the limit here \(ARCHIVE_MAX_MB\)"):
        upload(bytes(MIB + 1))

    assert list(folder.iterdir()) == []


def test_only_operators_upload_and_erase(upload: Any, organization: Organization, stranger: User) -> None:
    with pytest.raises(PermissionDenied):
        upload(actor=stranger)
    archive = upload()

    with pytest.raises(PermissionDenied):
        archives.erase(archive=archive, actor=stranger)

    assert not is_erased(archive)


def test_expression_files_are_kept_as_the_flat_zip_that_is_sent(upload: Any) -> None:
    zipped = exported({"lib/b.expr": b"{}", "a.txt": b"{}"})

    archive = upload(zipped, "lib.zip", kind=ArchiveKind.EXPRESSIONS)

    assert archive.inventory["files"] == ["a.txt", "b.expr"]
    assert archive.inventory["details"][1]["path"] == "lib/b.expr"
    assert archive.inventory["warnings"] == ["“a.txt” does not end in .expr, as expression files usually do."]
    archives.require_intact(archive)
    with pytest.raises(RefusedError, match="have the same name"):
        upload(exported({"x/b.expr": b"1", "y/b.expr": b"2"}), "lib.zip", kind=ArchiveKind.EXPRESSIONS)


def test_single_expression_files_are_kept_together(organization: Organization, teammate: User) -> None:
    files: list[tuple[str, Iterator[bytes]]] = [("b.expr", iter([b"{", b"}"])), ("a.expr", iter([b"1"]))]

    archive = archives.receive_expressions(organization=organization, files=files, actor=teammate)

    assert (archive.name, archive.kind) == ("2 expression files", ArchiveKind.EXPRESSIONS)
    assert archive.inventory["files"] == ["a.expr", "b.expr"]


def test_what_an_environment_exports_is_kept_as_it_arrives(organization: Organization, folder: Path) -> None:
    with archives.receiving() as receiver:
        for start in range(0, len(CONTENT), 100):
            receiver.write(CONTENT[start : start + 100])
        archive = archives.keep_export(receiver, organization=organization, version_path="acme/apim/orders/1.2")

    archives.require_intact(archive)
    assert (archive.name, archive.origin) == ("orders-1.2.zip", ArchiveOrigin.EXPORTED)
    assert not AuditEvent.objects.filter(verb="api.archive_uploaded").exists()
    assert len(list(folder.iterdir())) == 1


def test_an_export_that_breaks_off_or_is_no_zip_leaves_nothing(organization: Organization, folder: Path) -> None:
    def broken() -> None:
        with archives.receiving() as receiver:
            receiver.write(CONTENT[:100])
            raise ConnectionError("gone")

    def unfit() -> None:
        with archives.receiving() as receiver:
            receiver.write(b'{"response_map": {}}')
            archives.keep_export(receiver, organization=organization, version_path="acme/apim/orders/1.2")

    with pytest.raises(ConnectionError):
        broken()
    with pytest.raises(RefusedError, match="is JSON and no zip"):
        unfit()

    assert list(folder.iterdir()) == []
    assert not Archive.objects.exists()


def test_a_file_that_is_not_what_came_is_never_called_intact(upload: Any, folder: Path, settings: Any) -> None:
    changed, lost, cut = upload(), upload(), upload()
    Archive.objects.filter(pk=changed.pk).update(sha256="0" * 64)
    changed.refresh_from_db()
    (folder.parent / lost.file).unlink()
    path = folder.parent / cut.file
    path.write_bytes(path.read_bytes()[:-4])

    for archive, words in ((changed, "its checksum differs"), (lost, "missing from the storage"), (cut, "cannot be")):
        with pytest.raises(DamagedError, match=words):
            archives.require_intact(archive)
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(DamagedError, match="CREDENTIAL_KEYS"):
        archives.require_intact(changed)


def test_erasing_removes_the_file_and_keeps_the_row(
    upload: Any, teammate: User, folder: Path, django_capture_on_commit_callbacks: Any
) -> None:
    archive = upload()

    with django_capture_on_commit_callbacks(execute=True):
        archives.erase(archive=archive, actor=teammate)

    assert is_erased(archive)
    assert (archive.file, list(folder.iterdir())) == ("", [])
    assert AuditEvent.objects.filter(verb="api.archive_erased", actor_id=teammate.pk).count() == 1
    with pytest.raises(DamagedError, match="was erased and cannot be used any more"):
        archives.open_archive(archive)
    with pytest.raises(RefusedError, match="was erased already"):
        archives.erase(archive=archive, actor=teammate)
    with pytest.raises(RefusedError, match="was erased and cannot be used"):
        archives.take(archive)


@pytest.mark.parametrize("member", ["archive", "expressions"])
def test_what_a_plan_may_still_send_is_not_erased(upload: Any, teammate: User, member: str) -> None:
    archive = upload()
    promotion = promotion_with(archive, member=member)

    with pytest.raises(RefusedError, match=r"the plan of “.+” may still run"):
        archives.erase(archive=archive, actor=teammate)
    Promotion.objects.filter(pk=promotion.pk).update(abandoned_at=timezone.now())
    archives.erase(archive=archive, actor=teammate)

    assert is_erased(archive)


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.RUNNING, JobState.NEEDS_ATTENTION])
def test_what_an_unfinished_job_needs_is_kept_however_old(upload: Any, teammate: User, state: JobState) -> None:
    archive = upload()
    promotion = promotion_with(archive, days=400, abandoned_at=timezone.now() - timedelta(days=300))
    job = JobFactory(kind=kinds.IMPORT, state=state, promotion=promotion, title="orders 1.2")
    grow_old(400)

    archives.forget_old()
    with pytest.raises(RefusedError, match=r"the job “orders 1\.2” is not over"):
        archives.erase(archive=archive, actor=teammate)
    assert not is_erased(archive)

    type(job).objects.update(state=JobState.FAILED, finished_at=timezone.now() - timedelta(days=40))
    archives.forget_old()
    assert is_erased(archive)


def test_what_was_never_used_goes_after_its_time(upload: Any, settings: Any) -> None:
    archive = upload()
    settings.ARCHIVE_DAYS = 3
    grow_old(2)
    archives.forget_old()
    assert not is_erased(archive)
    archives.take(archive)
    grow_old(4)

    archives.forget_old()

    assert is_erased(archive)


def test_the_chores_erase_what_is_over(upload: Any) -> None:
    archive = upload()
    grow_old()

    chores.do_all()

    assert is_erased(archive)


def test_taking_it_again_begins_its_time_anew(upload: Any) -> None:
    archive = upload()
    grow_old()

    archives.take(archive)
    archives.forget_old()

    assert not is_erased(archive)


def test_the_time_counts_from_the_end_of_the_last_promotion_that_took_it(upload: Any) -> None:
    ended_lately, put_away_lately, planned_lately, over = (upload() for _ in range(4))
    lately, long_ago = timezone.now() - timedelta(days=5), timezone.now() - timedelta(days=40)
    ran = promotion_with(ended_lately, days=50)
    JobFactory(kind=kinds.IMPORT, state=JobState.SUCCEEDED, promotion=ran, finished_at=lately)
    promotion_with(put_away_lately, days=50, abandoned_at=lately)
    PlanFactory(promotion=promotion_with(planned_lately, days=50), revision=2, state="superseded")
    ran_long_ago = promotion_with(over, days=50)
    JobFactory(kind=kinds.IMPORT, state=JobState.PARTLY_FAILED, promotion=ran_long_ago, finished_at=long_ago)
    promotion_with(over, days=60)
    grow_old(50)

    archives.forget_old()

    assert [is_erased(one) for one in (ended_lately, put_away_lately, planned_lately, over)] == [False] * 3 + [True]


def test_files_without_a_row_are_swept_after_a_day_and_others_stay(upload: Any, folder: Path) -> None:
    kept, orphan = upload(), sealed_files.write([b"orphan"], at_most=MIB)
    old = (timezone.now() - timedelta(days=2)).timestamp()
    archives.forget_old()
    assert orphan.name in sealed_files.names()
    for path in folder.iterdir():
        os.utime(path, (old, old))

    archives.forget_old()

    assert sealed_files.names() == [kept.file]
    assert archives.without_files() == []


def test_new_keys_reach_archives_and_a_damaged_one_is_named(upload: Any, folder: Path, settings: Any) -> None:
    archive, damaged = upload(), upload()
    path = folder.parent / damaged.file
    path.write_bytes(path.read_bytes()[:-4])
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode(), *settings.CREDENTIAL_KEYS]

    result = rotation.rotate_keys(actor=None)
    settings.CREDENTIAL_KEYS = settings.CREDENTIAL_KEYS[:1]

    archives.require_intact(archive)
    assert damaged.file in result.undecryptable
    assert archive.file not in result.undecryptable


def test_new_keys_for_which_the_disk_has_no_room_are_said_to_be_unfinished(upload: Any, settings: Any) -> None:
    archive = upload()
    settings.READY_FREE_MB = 1_000_000_000

    with pytest.raises(CommandError, match="Not everything is encrypted under the newest key yet"):
        call_command("rotate_credential_keys")

    archives.require_intact(archive)


def test_a_missing_file_is_named(upload: Any, folder: Path) -> None:
    archive = upload()
    (folder.parent / archive.file).unlink()

    assert archives.without_files() == ["orders.zip"]


def test_what_is_erased_during_a_backup_is_still_in_it(
    upload: Any, teammate: User, tmp_path: Path, monkeypatch: Any, django_capture_on_commit_callbacks: Any
) -> None:
    archive = upload()
    file = archive.file
    copy_database = dumps.make

    def copy_then_erase(folder: Path) -> Any:
        copied = copy_database(folder)
        with django_capture_on_commit_callbacks(execute=True):
            archives.erase(archive=archive, actor=teammate)
        archives.forget_old()
        return copied

    monkeypatch.setattr(dumps, "make", copy_then_erase)

    made = backups.make(tmp_path / "kept")

    assert f"files/{file}" in made.manifest.members
    assert is_erased(archive)
    old = (timezone.now() - timedelta(days=2)).timestamp()
    os.utime(tmp_path / "files" / file, (old, old))
    archives.forget_old()
    assert sealed_files.names() == []
