"""Zips from strangers, read strictly: whatever another program could understand in another way is refused.

The zip is sent on unchanged, so what is found out about it must hold for whoever unpacks it. That is why the directory
at its end, the headers before its entries and every byte in between have to agree, which `zipfile` does not ask for; it
also reads a directory of any size at once.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from promotions.systems.snaplogic.zip_directory import (
    MAX32,
    extra_fields,
    filled,
    read_at,
    read_directory,
    require_one_name,
)
from promotions.systems.snaplogic.zip_rules import (
    DEFLATED,
    DESCRIPTOR,
    DESCRIPTOR_SIGNATURE,
    ENCRYPTED,
    LOCAL,
    MASKED,
    PATCH,
    STRONG,
    UTF8,
    Header,
    Limits,
    UnfitZipError,
    require_bounded,
    require_no_archive,
    require_plain,
    require_plain_names,
    require_zip,
    said,
    tampered,
)

__all__ = ["Entry", "Limits", "SafeZip", "UnfitZipError", "said"]

PIECE = 1 << 16
# Enough of an entry for what tells a tar.
HEAD = 512
# What both headers of an entry have to say alike.
_COMPARED = ENCRYPTED | DESCRIPTOR | PATCH | STRONG | UTF8 | MASKED
_local = struct.Struct("<4s5H3L2H")


@dataclass(frozen=True)
class Entry:
    """One file in the zip; folders are none. Sizes in bytes."""

    name: str
    size: int
    packed: int
    start: int
    """Where its packed bytes begin."""
    method: int
    crc: int

    @property
    def base_name(self) -> str:
        return self.name.rpartition("/")[2]


class SafeZip:
    """A zip of which every byte was looked at. The file stays with whoever opened it."""

    def __init__(self, file: BinaryIO, limits: Limits) -> None:
        """Read it through once; raises UnfitZipError for anything that is not plain, whole and within the limits."""
        self._file = file
        try:
            self.entries = tuple(self._read(limits))
        except (struct.error, UnicodeDecodeError, OverflowError) as exc:
            raise UnfitZipError("The zip is damaged. Download or export it again.") from exc

    @property
    def unpacked(self) -> int:
        """What its entries come to, in bytes."""
        return sum(entry.size for entry in self.entries)

    def content(self, entry: Entry) -> bytes:
        """The whole entry: look at its size first."""
        return b"".join(_unpacked(self._file, entry))

    def _read(self, limits: Limits) -> Iterator[Entry]:
        size = self._file.seek(0, 2)
        require_zip(read_at(self._file, 0, HEAD), size, limits)
        headers, end = read_directory(self._file, size, limits)
        require_plain_names(headers)
        for header in headers:
            require_plain(header)
        require_bounded(headers, size, limits)
        for entry, is_folder in _laid_out(self._file, headers, end):
            head = _read_through(self._file, entry)
            if not is_folder:
                require_no_archive(entry.name, head)
                yield entry


def _laid_out(file: BinaryIO, headers: Sequence[Header], end: int) -> Iterator[tuple[Entry, bool]]:
    """Each entry with whether it is a folder, in the order in which they lie: from byte 0 on, without gaps."""
    position = 0
    for header in sorted(headers, key=lambda one: one.offset):
        if header.offset < position:
            raise UnfitZipError(f"The entry {said(header.name)} overlaps another one, as entries do in bombs.")
        if header.offset > position:
            raise tampered("bytes lie in it that belong to no entry")
        start = position + _require_same(header, file)
        position = start + header.packed
        if position > end:
            raise UnfitZipError(f"The entry {said(header.name)} overlaps the directory of the zip.")
        yield Entry(header.name, header.size, header.packed, start, header.method, header.crc), header.is_folder
        if header.flags & DESCRIPTOR:
            position += _descriptor_length(header, read_at(file, position, 24))
    if position > end:
        raise UnfitZipError("The last entry of the zip overlaps its directory.")
    if position < end:
        raise tampered("bytes lie in it that belong to no entry")


def _require_same(header: Header, file: BinaryIO) -> int:
    """How long the header before an entry is, once it says what the directory says."""
    name = said(header.name)
    local = read_at(file, header.offset, _local.size)
    if len(local) < _local.size or not local.startswith(LOCAL):
        raise tampered(f"the entry {name} is not where the directory says")
    _, _, flags, method, _, _, crc, packed, size, names, extras = _local.unpack(local)
    if file.read(names) != header.raw_name:
        raise tampered(f"the entry {name} has another name in the directory")
    extra = extra_fields(file.read(extras))
    require_one_name(header.name, extra)
    # Whoever writes without going back knows the numbers only after the entry, and leaves them 0 before it.
    is_open = bool(flags & DESCRIPTOR)
    if not is_open:
        size, packed = filled((size, packed), extra, header.name)
    told = ((crc, header.crc), (packed, header.packed), (size, header.size))
    if (
        (flags ^ header.flags) & _COMPARED
        or method != header.method
        or any(one != other and not (is_open and one in (0, MAX32)) for one, other in told)
    ):
        raise tampered(f"the entry {name} is described differently in the directory")
    length: int = _local.size + names + extras
    return length


def _descriptor_length(header: Header, follows: bytes) -> int:
    """Of the numbers after an entry that was written without going back."""
    for layout in ("<2L", "<2Q"):
        if layout == "<2L" and max(header.packed, header.size) > MAX32:
            continue
        numbers = struct.pack("<L", header.crc) + struct.pack(layout, header.packed, header.size)
        for expected in (DESCRIPTOR_SIGNATURE + numbers, numbers):
            if follows.startswith(expected):
                return len(expected)
    raise tampered(f"the entry {said(header.name)} is described differently after it")


def _read_through(file: BinaryIO, entry: Entry) -> bytes:
    """Read an entry to its end, which shows whether it is what it says; its first bytes."""
    head = b""
    for piece in _unpacked(file, entry):
        if len(head) < HEAD:
            head += piece[: HEAD - len(head)]
    return head


def _unpacked(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """Its content in pieces, never more than it says it has, and not past its end."""
    crc = size = 0
    for piece in _inflated(file, entry) if entry.method == DEFLATED else _packed(file, entry):
        size += len(piece)
        if size > entry.size:
            raise UnfitZipError(f"The entry {said(entry.name)} holds more than it says, as entries do in bombs.")
        crc = zlib.crc32(piece, crc)
        yield piece
    if size != entry.size or crc != entry.crc:
        raise _damaged(entry)


def _packed(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """The bytes as they lie in the zip."""
    file.seek(entry.start)
    left = entry.packed
    while left:
        piece = file.read(min(PIECE, left))
        if not piece:
            raise _damaged(entry)
        left -= len(piece)
        yield piece


def _inflated(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _packed(file, entry):
            if inflating.eof:
                raise _damaged(entry)  # something lies behind its end
            while packed:
                piece = inflating.decompress(packed, PIECE)
                packed = inflating.unconsumed_tail
                yield piece
            if inflating.unused_data:
                raise _damaged(entry)
        while not inflating.eof:
            piece = inflating.decompress(b"", PIECE)  # what did not fit into the last piece
            if not piece:
                raise _damaged(entry)
            yield piece
    except zlib.error as exc:
        raise _damaged(entry) from exc


def _damaged(entry: Entry) -> UnfitZipError:
    return UnfitZipError(f"The entry {said(entry.name)} is damaged. Download or export the zip again.")
