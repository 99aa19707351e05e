"""Lists as files: CSV and JSON, written row by row while they are read, in constant memory.

The server tells a client nothing of a stream that breaks off, so a file says itself whether it is whole: a JSON
document without its closing bracket is none, and the last line of a broken CSV file says so.
"""

import csv
import io
import json
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.core.exceptions import BadRequest
from django.http import StreamingHttpResponse
from django.utils import timezone

from accounts.choices import ExportOutcome
from accounts.models import Export, Organization, User
from accounts.services import exports

log = logging.getLogger(__name__)

SLICE = 1000
SIGN_OF_LIFE_S = 5.0
# A spreadsheet takes a cell that begins so for a formula, or skips what is before one; the wide forms of East Asian
# keyboards count like the narrow ones (OWASP, "CSV Injection").
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Row = Sequence[Any]


class Writer(ABC):
    """A file format. Columns keep their names and their order."""

    name: ClassVar[str]
    label: ClassVar[str]
    content_type: ClassVar[str]

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = columns

    @abstractmethod
    def head(self) -> bytes: ...

    @abstractmethod
    def rows(self, rows: Iterable[Row], *, is_first: bool) -> bytes: ...

    @abstractmethod
    def end(self) -> bytes: ...

    @abstractmethod
    def broken(self, rows: int) -> bytes: ...


class CsvWriter(Writer):
    """UTF-8 with a header row. What a spreadsheet could take for a formula gets an apostrophe in front."""

    name = "csv"
    label = "CSV"
    content_type = "text/csv; charset=utf-8; header=present"

    def head(self) -> bytes:
        return _csv([self.columns])

    def rows(self, rows: Iterable[Row], *, is_first: bool) -> bytes:
        return _csv([_cell(value) for value in row] for row in rows)

    def end(self) -> bytes:
        return b""

    def broken(self, rows: int) -> bytes:
        return _csv([[f"INCOMPLETE: this export broke off after {rows} rows. Export again."]])


class JsonWriter(Writer):
    """One array with one object a line."""

    name = "json"
    label = "JSON"
    content_type = "application/json"

    def head(self) -> bytes:
        return b"["

    def rows(self, rows: Iterable[Row], *, is_first: bool) -> bytes:
        lines = (
            json.dumps(
                dict(zip(self.columns, map(_plain, row), strict=True)), ensure_ascii=False, separators=(",", ":")
            )
            for row in rows
        )
        return (("\n" if is_first else ",\n") + ",\n".join(lines)).encode()

    def end(self) -> bytes:
        return b"\n]\n"

    def broken(self, rows: int) -> bytes:
        return b""


FORMATS: dict[str, type[Writer]] = {writer.name: writer for writer in (CsvWriter, JsonWriter)}


def writer_for(name: str, columns: Sequence[str]) -> Writer:
    """The format by its name; raises BadRequest (400) for one that there is not."""
    if name not in FORMATS:
        raise BadRequest(f"There is no export in this format. Ask for one of: {', '.join(FORMATS)}.")
    return FORMATS[name](columns)


class Counted(Protocol):
    """A list that knows how many rows it has, as far as they are counted, and whether there are more."""

    def count(self) -> tuple[int, bool]: ...


L = TypeVar("L", bound=Counted)


@dataclass(frozen=True)
class Exportable(Generic[L]):
    """What of a list goes into a file, and what the record says of that."""

    verb: str
    what: str
    file_name: str
    columns: Sequence[str]
    slices: Callable[[L], Iterable[Sequence[Row]]]

    def download(
        self,
        found: L,
        *,
        file_format: str,
        filter_text: str,
        organization: Organization | None = None,
        actor: User,
    ) -> StreamingHttpResponse:
        """The list as a file; raises BusyError while another export keeps the place."""
        writer = writer_for(file_format, self.columns)
        export = exports.start(
            verb=self.verb,
            what=self.what,
            file_format=writer.name,
            filter_text=filter_text,
            found=found.count(),
            organization=organization,
            actor=actor,
        )
        response = StreamingHttpResponse(stream(export, writer, self.slices(found)), content_type=writer.content_type)
        stamp = timezone.now().strftime("%Y%m%dT%H%M%SZ")
        response["Content-Disposition"] = f'attachment; filename="towpath-{self.file_name}-{stamp}.{writer.name}"'
        return response


def stream(export: Export, writer: Writer, slices: Iterable[Sequence[Row]]) -> Generator[bytes, None, None]:
    """The file, some rows at a time; closing it, as a server does when the client has gone, ends the export."""
    rows, told_at = 0, time.monotonic()
    outcome = ExportOutcome.STOPPED
    try:
        yield writer.head()
        for found in slices:
            if time.monotonic() - told_at > SIGN_OF_LIFE_S:
                if not exports.keep_alive(export, rows):
                    yield writer.broken(rows)
                    return
                told_at = time.monotonic()
            if found:
                piece = writer.rows(found, is_first=not rows)
                rows += len(found)
                yield piece
        yield writer.end()
        outcome = ExportOutcome.COMPLETE
    except Exception:
        # The answer has begun; nothing but the file itself can still tell.
        log.exception("the export %s of the %s broke off after %s rows", export.pk, export.what, rows)
        outcome = ExportOutcome.FAILED
        yield writer.broken(rows)
    finally:
        exports.finish(export, outcome, rows)


def moment(value: datetime | None) -> str | None:
    """ISO 8601 in UTC."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")


def _plain(value: Any) -> Any:
    return moment(value) if isinstance(value, datetime) else value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, datetime):
        return moment(value)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return f"'{text}" if text.startswith(FORMULA_SIGNS) or text.lstrip().startswith(FORMULA_SIGNS) else text


def _csv(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
