"""The directory at the end of a zip, read strictly and within bounds. After APPNOTE.TXT, version 6.3."""

import struct
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from promotions.systems.snaplogic.zip_rules import (
    END,
    MIB,
    UTF8,
    Header,
    Limits,
    UnfitZipError,
    encrypted,
    said,
    tampered,
)

MAX16, MAX32 = 0xFFFF, 0xFFFFFFFF
_CENTRAL, _END64, _LOCATOR64 = b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07"
_central = struct.Struct("<4s6H3L5H2L")
_end = struct.Struct("<4s4H2LH")
_end64 = struct.Struct("<4sQ2H2L4Q")
_locator64 = struct.Struct("<4sLQL")
_MAX_LENGTH = 16 * MIB
_ZIP64, _UNICODE_NAME, _AES = 0x0001, 0x7075, 0x9901


def read_at(file: BinaryIO, offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def read_directory(file: BinaryIO, size: int, limits: Limits) -> tuple[Sequence[Header], int]:
    """What the directory says, in its order, and where it begins, which is where the last entry has to end."""
    count, length, offset, end = _end_record(file, size)
    if not count:
        raise UnfitZipError("The zip holds nothing. Export the version again.")
    if count > limits.entries:
        raise UnfitZipError(f"The zip holds {count:,} entries; the limit is {limits.entries:,}.")
    if offset + length != end:
        if offset + length > end:
            raise tampered("its directory does not lie where it should")
        raise tampered("bytes lie in it that belong to no entry")
    if length > _MAX_LENGTH or length < count * _central.size:
        raise tampered("its directory has an impossible size")
    directory = read_at(file, offset, length)
    headers, position = [], 0
    for _ in range(count):
        header, position = _header(directory, position)
        headers.append(header)
    if position != length:
        raise tampered("its directory lists another number of entries than it says")
    return headers, offset


def _end_record(file: BinaryIO, size: int) -> tuple[int, int, int, int]:
    """Number of entries, length and offset of the directory, and where it must have ended."""
    tail_start = max(0, size - _end.size - MAX16)
    tail = read_at(file, tail_start, size - tail_start)
    position = tail.rfind(END)
    while position >= 0 and position + _end.size + _comment_length(tail, position) != len(tail):
        position = tail.rfind(END, 0, position)
    if position < 0:
        raise UnfitZipError("The zip is not whole: its end is missing. Download or export it again.")
    if END in tail[position + _end.size :]:
        raise tampered("its comment holds the end of another zip")
    where = tail_start + position
    _, disk, first_disk, here, count, length, offset, _ = _end.unpack_from(tail, position)
    long = _long_end_record(file, where)
    if long is not None:
        for short, told, most in zip((here, count, length, offset), long[:4], (MAX16,) * 2 + (MAX32,) * 2, strict=True):
            if short not in (told, most):
                raise tampered("its two ends tell different things")
        here, count, length, offset, where = long
    if disk not in (0, MAX16 if long else 0) or first_disk not in (0, MAX16 if long else 0) or here != count:
        raise UnfitZipError("The file is one part of a zip that was split. Upload the zip in one piece.")
    return count, length, offset, where


def _comment_length(tail: bytes, position: int) -> int:
    return int.from_bytes(tail[position + 20 : position + 22], "little") if position + _end.size <= len(tail) else -1


def _long_end_record(file: BinaryIO, where: int) -> tuple[int, int, int, int, int] | None:
    """The numbers of a large zip (zip64), and where its end record begins; None for an ordinary one."""
    if where < _locator64.size:
        return None
    locator = read_at(file, where - _locator64.size, _locator64.size)
    if not locator.startswith(_LOCATOR64):
        return None
    _, disk, offset, disks = _locator64.unpack(locator)
    if offset > where - _locator64.size - _end64.size:
        raise tampered("its end does not lie where it should")
    record = _end64.unpack(read_at(file, offset, _end64.size))
    signature, length, _, _, this_disk, first_disk, here, count, directory_length, directory_offset = record
    if signature != _END64 or offset + 12 + length != where - _locator64.size:
        raise tampered("its end does not lie where it should")
    if disk or this_disk or first_disk or disks > 1:
        raise UnfitZipError("The file is one part of a zip that was split. Upload the zip in one piece.")
    return here, count, directory_length, directory_offset, offset


def _header(directory: bytes, position: int) -> tuple[Header, int]:
    fields = _central.unpack_from(directory, position)
    signature, _, _, flags, method, _, _, crc, packed, size, names, extras, comments, disk, _, attributes, offset = (
        fields
    )
    if signature != _CENTRAL:
        raise tampered("its directory cannot be read")
    position += _central.size
    if position + names + extras + comments > len(directory):
        raise tampered("its directory cannot be read")
    raw = directory[position : position + names]
    name = _decoded(raw, flags)
    extra = extra_fields(directory[position + names : position + names + extras])
    if method == 99 or _AES in extra:
        raise encrypted(name)
    require_one_name(name, extra)
    size, packed, offset = filled((size, packed, offset), extra, name)
    if disk not in (0, MAX16):
        raise UnfitZipError("The file is one part of a zip that was split. Upload the zip in one piece.")
    header = Header(raw, name, flags, method, crc, packed, size, offset, attributes)
    return header, position + names + extras + comments


def _decoded(raw: bytes, flags: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        if flags & UTF8:
            raise UnfitZipError("The name of an entry in the zip is not the UTF-8 text it says it is.") from None
        return raw.decode("cp437")


def extra_fields(extra: bytes) -> Mapping[int, bytes]:
    """By id, the first of each; what is cut off at the end is left out, as writers pad it with anything."""
    found: dict[int, bytes] = {}
    position = 0
    while position + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, position)
        position += 4
        if position + length > len(extra):
            break
        if kind in found and kind in (_ZIP64, _UNICODE_NAME):
            raise tampered("an entry says its size or name twice")
        found.setdefault(kind, extra[position : position + length])
        position += length
    return found


def filled(values: Sequence[int], extra: Mapping[int, bytes], name: str) -> Sequence[int]:
    """The numbers of an entry; those too large for their place stand in an extra field, in the same order."""
    field = extra.get(_ZIP64, b"")
    numbers = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
    found = [next(numbers, None) if value == MAX32 else value for value in values]
    if None in found:
        raise tampered(f"the size of {said(name)} is missing")
    return [value for value in found if value is not None]


def require_one_name(name: str, extra: Mapping[int, bytes]) -> None:
    other = extra.get(_UNICODE_NAME)
    if other is not None and other[5:] != name.encode():
        raise tampered(f"the entry {said(name)} has a second name")
