"""Expression files that go along with an import.

The platform flattens the folders of the zip that brings them, and of several files of one name it copies only one,
without saying which (SnapLogic, public API, "Import an API version", file_expr). So they are flattened here, where
people see it, and what would get lost is refused.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from promotions.services.errors import RefusedError
from promotions.systems.snaplogic.zip_reading import Limits, SafeZip
from promotions.systems.snaplogic.zip_rules import (
    LOCAL,
    MIB,
    UnfitZipError,
    require_no_archive,
    require_plain_path,
    said,
)

__all__ = ["SUFFIX", "ExpressionFile", "Flat", "UnfitExpressionsError", "flattened", "pack", "read", "unpacked"]

SUFFIX = ".expr"
MAX_FILES = 500
MAX_BYTES = 10 * MIB
_MAX_NAME = 200
# Zips begin in 1980; the same files make the same zip, whenever they are packed.
_EPOCH = (1980, 1, 1, 0, 0, 0)
# What operating systems put beside files.
_LITTER = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


class UnfitExpressionsError(RefusedError):
    """The files cannot go along; the sentence says why and what to do."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, field="expressions")


@dataclass(frozen=True)
class ExpressionFile:
    """A file under the name that it will have. `size` in bytes; `path` is where it was."""

    name: str
    size: int
    sha256: str
    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Flat:
    """What is sent, by name; `warnings` are sentences for whoever decides."""

    files: tuple[ExpressionFile, ...]
    warnings: tuple[str, ...]


def read(files: Sequence[tuple[str, Iterable[bytes]]]) -> Flat:
    """What people chose (names with content), one zip or single files. Raises UnfitExpressionsError."""
    found: list[tuple[str, bytes]] = []
    left = MAX_BYTES
    for name, chunks in files:
        content = bytearray()
        for chunk in chunks:
            content += chunk
            if len(content) > left:
                raise _too_much()
        left -= len(content)
        found.append((name, bytes(content)))
    if len(found) == 1 and (found[0][0].lower().endswith(".zip") or found[0][1].startswith(LOCAL)):
        found = unpacked(io.BytesIO(found[0][1]))
    return flattened(found)


def unpacked(file: BinaryIO) -> list[tuple[str, bytes]]:
    """The files of a zip with their paths. Raises UnfitExpressionsError."""
    try:
        found = SafeZip(file, Limits(file=MAX_BYTES, unpacked=MAX_BYTES, entries=2 * MAX_FILES))
    except UnfitZipError as exc:
        raise UnfitExpressionsError(f"The expression files cannot be taken. {exc.message}") from exc
    return [(entry.name, found.content(entry)) for entry in found.entries if not _is_litter(entry.name)]


def flattened(files: Iterable[tuple[str, bytes]]) -> Flat:
    """The files (path and content) as they will lie in the version. Raises UnfitExpressionsError."""
    found: dict[str, ExpressionFile] = {}
    total = 0
    for path, content in files:
        name = _name(path, content)
        total += len(content)
        if total > MAX_BYTES:
            raise _too_much()
        if name in found:
            raise UnfitExpressionsError(
                f"{said(found[name].path)} and {said(path)} have the same name. The platform flattens folders and "
                "would keep only one of the two: rename one."
            )
        found[name] = ExpressionFile(name, len(content), hashlib.sha256(content).hexdigest(), path, content)
        if len(found) > MAX_FILES:
            raise UnfitExpressionsError(f"There are more than {MAX_FILES} expression files.")
    if not found:
        raise UnfitExpressionsError("There is no expression file in what was chosen.")
    in_order = tuple(sorted(found.values(), key=lambda file: file.name))
    return Flat(in_order, tuple(_warnings(in_order)))


def pack(files: Iterable[ExpressionFile]) -> bytes:
    """A zip without folders; the same files always make the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for file in sorted(files, key=lambda one: one.name):
            entry = zipfile.ZipInfo(file.name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            target.writestr(entry, file.content, compresslevel=6)
    return packed.getvalue()


def _too_much() -> UnfitExpressionsError:
    return UnfitExpressionsError(f"The expression files have more than {MAX_BYTES // MIB} MiB together.")


def _name(path: str, content: bytes) -> str:
    try:
        require_plain_path(path)
        name = path.rpartition("/")[2]
        if len(name) > _MAX_NAME:
            raise UnfitExpressionsError(f"The name of {said(path)} is longer than {_MAX_NAME} characters.")
        require_no_archive(path, content)
    except UnfitZipError as exc:
        raise UnfitExpressionsError(exc.message) from exc
    return name


def _warnings(files: Sequence[ExpressionFile]) -> Iterable[str]:
    by_folded: dict[str, ExpressionFile] = {}
    for file in files:
        other = by_folded.setdefault(file.name.casefold(), file)
        if other is not file:
            yield (
                f"{said(other.path)} and {said(file.path)} differ in upper and lower case only: they are two files for "
                "the platform, and easily taken for each other."
            )
    odd = [file for file in files if not file.name.lower().endswith(SUFFIX)]
    for file in odd[:5]:
        yield f"{said(file.path)} does not end in {SUFFIX}, as expression files usually do."
    if len(odd) > 5:
        yield f"And so do not {len(odd) - 5} more."


def _is_litter(path: str) -> bool:
    return path.startswith(_LITTER[0]) or path.rpartition("/")[2] in _LITTER[1:]
