"""Files that browsers send: larger ones go to the disk as they come, within limits, before any view is asked."""

import errno
import shutil
import tempfile
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest

MIB = 1 << 20
_NOTE = "towpath_skipped_uploads"
_COME = "towpath_bytes_uploaded"


class DiskUploadHandler(FileUploadHandler):
    """Takes what is too large for the memory, from people who have signed in, into a file that has no name.

    So nothing stays of it however the process ends. What is too large, or finds no room, is read on and thrown away;
    `skipped` then says why it is missing. Nothing here takes files larger than ARCHIVE_MAX_MB, one by one or together.
    """

    file: Any  # Django closes it, where there is one

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            raise SkipFile
        settings.DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file = tempfile.TemporaryFile(dir=settings.DATA_DIR)  # noqa: SIM115  (it lives as long as the request)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        come = self._note_come(len(raw_data))
        if come > settings.ARCHIVE_MAX_MB * MIB:
            is_alone = come == start + len(raw_data)
            self._skip(
                f"The {'file is' if is_alone else 'files are together'} larger than {settings.ARCHIVE_MAX_MB:,} MiB, "
                f"the limit here (ARCHIVE_MAX_MB). Nothing of {'it' if is_alone else 'this one'} was kept."
            )
        if shutil.disk_usage(settings.DATA_DIR).free - len(raw_data) < settings.READY_FREE_MB * MIB:
            self._skip(_no_room())
        try:
            self.file.write(raw_data)
        except OSError as exc:
            if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._skip(_no_room())

    def file_complete(self, file_size: int) -> "UploadedFile[bytes]":
        self.file.seek(0)
        return UploadedFile(
            self.file, self.file_name, self.content_type, file_size, self.charset, self.content_type_extra
        )

    def upload_interrupted(self) -> None:
        if hasattr(self, "file"):
            self.file.close()

    def _note_come(self, more: int) -> int:
        """How many bytes of files this request has brought to the disk by now."""
        if self.request is None:
            return more
        come: int = self.request.META.get(_COME, 0) + more
        self.request.META[_COME] = come
        return come

    def _skip(self, why: str) -> None:
        self.file.close()
        if self.request is not None:
            notes: dict[str, str] = self.request.META.setdefault(_NOTE, {})
            notes[str(self.field_name)] = why
        raise SkipFile


def skipped(request: HttpRequest, field: str) -> str:
    """Why a file that was sent under this name is not there; "" if none was thrown away."""
    notes: dict[str, str] = request.META.get(_NOTE, {})
    return notes.get(field, "")


def _no_room() -> str:
    return (
        f"The disk of this installation is almost full: {settings.READY_FREE_MB} MiB must stay free (READY_FREE_MB). "
        "Ask whoever runs Towpath to make room, and try again."
    )
